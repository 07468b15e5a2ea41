"""Metrics of the positive class, for labels of any type."""

import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.utils.metaestimators import available_if

from skmultimodal.utils._labels import class_name, encode_labels, find_positive
from skmultimodal.utils._probability import align_classes
from skmultimodal.utils._sklearn import (
    is_scorer,
    names_class,
    scorer_name,
    uses_own_metric,
    with_pos_label,
)

__all__ = ["PredictsOnce", "Scoring", "by_name"]

RESPONSES = ("predict", "predict_proba", "decision_function", "predict_interval")


class PredictsOnce:
    """A fitted model that predicts some rows once, however many metrics need it.

    Parameters
    ----------
    fitted : estimator
    X : Cohort or array
        The rows; predictions of others are not kept.
    """

    def __init__(self, fitted: Any, X: Any) -> None:
        self.fitted = fitted
        self._X = X
        self._predictions: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.fitted, name)
        if name not in RESPONSES:
            return found

        @wraps(found)
        def predict(X: Any) -> Any:
            if X is not self._X:
                return found(X)
            if name not in self._predictions:
                self._predictions[name] = found(X)
            return self._predictions[name]

        return predict


class Scoring:
    """Metrics of a fitted classifier on its test rows.

    With two classes, a metric that is named, or a scorer made of a metric of
    scikit-learn without ``pos_label`` and ``labels``, is computed on 1 for the positive
    class and 0 for the other, whatever the type of the labels. Other metrics and
    callables are given the labels, with the positive class as ``pos_label`` where they
    take one and have none.

    Parameters
    ----------
    scoring : str, callable, list, tuple, set, dict or None
        As in ``cross_validate``.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row.
    positive : class label, default=None
        See `find_positive`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
    positive : class label
        Among the classes.
    known_as : dict of str to str
        Name in scikit-learn of each metric.

    Raises
    ------
    ValueError
        If `positive` is no class, or a metric is unknown or cannot be computed for as
        many classes.
    """

    def __init__(self, scoring: Any, y: Any, positive: Any = None) -> None:
        self.classes, _ = encode_labels(y, allow_unlabelled=True)
        place = find_positive(self.classes, positive, of="y")
        self.positive = self.classes.tolist()[place]
        self.metrics, self.known_as = {}, {}
        for name, metric in by_name(scoring).items():
            self.metrics[name] = self._read(metric)
            self._rehearse(name, metric)
            self.known_as[name] = _known_name(metric) or name

    def given(self, y: Any, fold: Any) -> Self:
        """The metrics after training on a fold: the same."""
        return self

    def __call__(
        self, model: Any, X: Any, y: NDArray, sample_weight: NDArray | None = None
    ) -> dict[str, Any]:
        """Scores on some rows.

        Parameters
        ----------
        model : PredictsOnce
        X : Cohort or array of rows
        y : ndarray of shape (n_rows,)
            Labels, none missing.
        sample_weight : ndarray of shape (n_rows,), default=None
            Weights of the rows, which scorers of scikit-learn take.

        Returns
        -------
        scores : dict of str to float
        """
        scores: dict[str, Any] = {}
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        for name, (scorer, on_hits) in self.metrics.items():
            score = self._score(scorer, on_hits, model, X, y, **weights)
            scores.update(score if isinstance(score, Mapping) else {name: score})
        return {name: float(score) for name, score in scores.items()}

    def _read(self, metric: Any) -> tuple[Any, Any]:
        """The scorer, and whether it is given 1 and 0 in place of the labels."""
        if metric is None:
            return _own_score, False
        if isinstance(metric, str):
            scorer = get_scorer(metric)
        elif callable(metric):
            scorer = check_scoring(scoring=metric)
        else:
            raise ValueError(
                "scoring must be names of metrics, scorers or callables, got "
                f"{metric!r}."
            )
        if len(self.classes) != 2 or not is_scorer(scorer) or names_class(scorer):
            return scorer, False
        if uses_own_metric(scorer):
            return scorer, True
        return with_pos_label(scorer, self.positive), False

    def _score(
        self, scorer: Any, on_hits: Any, model: Any, X: Any, y: Any, **weights: Any
    ) -> Any:
        if on_hits:
            hits = (y == self.positive).astype(int)
            return scorer(_OnHits(model, self.positive), X, hits, **weights)
        # A callable may read attributes of the model, not only its predictions.
        return scorer(model if is_scorer(scorer) else model.fitted, X, y, **weights)

    def _rehearse(self, name: str, metric: Any) -> None:
        """Refuse, before any fit, a metric that is undefined for these classes."""
        error = self._try(*self.metrics[name])
        if error is None:
            return
        classes = ", ".join(map(class_name, self.classes.tolist()))
        message = f"scoring {name!r} cannot be computed for {len(self.classes)} classes"
        variants = [n for n in get_scorer_names() if n.startswith(f"{metric}_")]
        variants = [n for n in variants if self._try(*self._read(n)) is None]
        if variants:
            raise ValueError(
                f"{message} ({classes}): choose one of {', '.join(variants)}."
            ) from error
        raise ValueError(f"{message} ({classes}): {error}") from error

    def _try(self, scorer: Any, on_hits: Any) -> Any:
        """Why a metric of scikit-learn fails for perfect predictions, or None."""
        if not is_scorer(scorer) or not uses_own_metric(scorer):
            return None
        y = np.repeat(self.classes, 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._score(scorer, on_hits, _Perfect(self.classes), y, y)
        except ValueError as error:
            return error
        return None


def by_name(scoring: Any) -> dict[str, Any]:
    """Metrics by name: dict."""
    if isinstance(scoring, Mapping):
        found = dict(scoring)
    elif isinstance(scoring, list | tuple | set):
        if not all(isinstance(name, str) for name in scoring):
            raise ValueError(
                "a list of metrics must hold their names: pass scorers as a dict of "
                f"name to scorer, got {scoring!r}."
            )
        found = {name: name for name in scoring}
        if len(found) < len(scoring):
            raise ValueError(f"scoring names a metric twice: {scoring!r}.")
    else:
        found = {scoring if isinstance(scoring, str) else "score": scoring}
    if not found:
        raise ValueError("scoring is empty.")
    return found


def _known_name(metric: Any) -> str | None:
    """Name in scikit-learn of a metric, or None."""
    if isinstance(metric, str):
        return metric
    if metric is None:  # of classifiers
        return "accuracy"
    return scorer_name(metric) if is_scorer(metric) else None


def _own_score(fitted: Any, X: Any, y: Any) -> Any:
    return fitted.score(X, y)


def _has(method: str) -> Callable[..., Any]:
    return lambda self: hasattr(self.model, method)


class _OnHits(ClassifierMixin, BaseEstimator):
    """A fitted classifier of two classes, with labels 1 (the positive class) and 0."""

    def __init__(self, model: Any, positive: Any) -> None:
        self.model = model
        self.positive = positive
        self.classes_ = np.array([0, 1])

    def predict(self, X: Any) -> NDArray:
        return (np.asarray(self.model.predict(X)) == self.positive).astype(int)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray:
        hits = (np.asarray(self.model.classes_) == self.positive).astype(int)
        order = np.argsort(hits)
        proba = np.asarray(self.model.predict_proba(X))[:, order]
        return align_classes(proba, hits[order], self.classes_)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray:
        scores = self.model.decision_function(X)
        return -scores if self.model.classes_[0] == self.positive else scores


class _Perfect(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are their true classes."""

    def __init__(self, classes: Any) -> None:
        self.classes_ = classes

    def predict(self, X: Any) -> Any:
        return X

    def predict_proba(self, X: Any) -> NDArray:
        return (X[:, None] == self.classes_).astype(float)

    def decision_function(self, X: Any) -> NDArray:
        scores = self.predict_proba(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores
