"""Comparison of classifiers on the same folds."""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._folds import (
    check_X_y,
    fold_stage,
    labels_of,
    make_folds,
    paired_ratio,
    run_folds,
)
from skmultimodal.model_selection._intervals import (
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
)
from skmultimodal.model_selection._scoring import Scoring

__all__ = ["compare_classifiers", "compare_pair", "score_table", "summarise"]


def compare_classifiers(
    estimators,
    X,
    y,
    *,
    cv,
    scoring=None,
    positive=None,
    groups=None,
    confidence_level=0.95,
    n_jobs=None,
    verbose=0,
):
    """Cross-validate several classifiers on the same folds, and test their differences.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        Classifiers that take `X`. They are cloned.
    X : Cohort, or anything the estimators take
        The patients.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row, which is never tested.
        Estimators see unlabelled rows in ``fit``; those of scikit-learn refuse them.
    cv : splitter, iterable of (train, test), or int
        Its splits are drawn once and used for all. An int is the number of folds of
        ``PairedStratifiedKFold``.
    scoring : str, callable, list, tuple, set or dict, default=None
        One or several metrics as in scikit-learn's ``cross_validate``; None is the
        estimators' ``score``.
    positive : class label, default=None
        Class that metrics such as ``"f1"`` are about: one of the classes, or its name
        as text. None is the class that is named yes, positive or responder (in any
        case), or of two classes 1 or true, where exactly one is; else the last.
    groups : array-like of shape (n_rows,), default=None
        Passed to `cv`, and to the ``fit`` of estimators that request it with
        ``set_fit_request(groups=True)``. To do only the latter, give `cv` as splits.
    confidence_level : float, default=0.95
        Of the intervals.
    n_jobs : int, default=None
        Folds fitted at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    comparison : Bunch
        - ``scores``: DataFrame with a row per model, repeat, fold and metric: columns
          ``model``, ``repeat``, ``fold``, ``metric``, ``score``.
        - ``summary``: DataFrame with a row per model and metric: ``model``, ``metric``,
          ``mean`` of the folds, its interval from ``low`` to ``high``, ``std`` of the
          folds, ``n_folds``.
        - ``differences``: DataFrame with a row per metric and pair: ``metric``,
          ``model_a``, ``model_b``, ``difference`` (a - b) from ``low`` to ``high``,
          ``t``, ``p``, and ``p_holm``, adjusted for the number of pairs.
        - ``predictions``: DataFrame of out-of-fold predictions with a row per model,
          repeat and tested row: ``model``, ``repeat``, ``fold``, ``row`` (its number),
          ``id``, ``y_true``, ``y_pred`` and a column ``proba_<class>`` per class, NaN
          where the model has no ``predict_proba``.
        - ``folds``: list of named tuples ``(repeat, fold, train, test)``.
        - ``classes``: ndarray of the classes; ``positive``: which is the positive one.
        - ``test_to_train``: the ratio of paired rows in the corrected variance.
        - ``confidence_level``: as given.

    Raises
    ------
    ValueError
        If `positive` is no class, or a metric cannot be computed for as many classes.
    RuntimeError
        If a model fails; the message names the model and the fold.

    See Also
    --------
    corrected_t_test : The test of the differences, which is also the interval's source.
    patient_bootstrap_interval : Another interval, from ``predictions``.

    Notes
    -----
    Intervals and tests are Nadeau and Bengio's, in which only paired rows count as
    training rows; scores that lie between 0 and 1 on all folds are taken to be bounded
    there. ``benchmarks/statistics/results`` shows their coverage and false-positive
    rates next to those of others at 50 paired rows, which is why they are used here.
    The intervals are each for one mean, not adjusted for the number of models. One
    hold-out has no intervals or tests of this kind; see `wilson_interval`.

    With two classes, metrics that are named, and scorers of scikit-learn's metrics that
    were made without ``pos_label`` and ``labels``, are computed on whether a label is
    `positive`. Any other scorer sees the labels; one whose metric takes a ``pos_label``
    that was not given gets `positive`. More classes are as scikit-learn has them.

    A metric that is undefined on a fold (the AUC of test rows of one class) is averaged
    over the other folds, with a warning.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.model_selection import compare_classifiers
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> X, y = make_classification(n_samples=60, random_state=0)
    >>> models = {"majority": DummyClassifier(), "logistic": LogisticRegression()}
    >>> cv = PairedStratifiedKFold(3, n_repeats=10, random_state=0)
    >>> result = compare_classifiers(models, X, y, cv=cv, scoring=["roc_auc"])
    >>> result.summary[["model", "metric", "mean", "low", "high"]].round(2)
          model   metric  mean   low  high
    0  majority  roc_auc  0.50  0.50   0.5
    1  logistic  roc_auc  0.81  0.65   0.9
    """
    models = _check_estimators(estimators)
    X, y = check_X_y(X, y)
    scoring = Scoring(scoring, y, positive)
    folds = make_folds(cv, X, y, groups)
    arms = [(name, model, folds) for name, model in models]
    with fold_stage("compare_classifiers", arms, verbose) as stage:
        results = run_folds(
            arms,
            X,
            y,
            scoring,
            stage=stage,
            groups=groups,
            inspect=_Predictions(scoring.classes),
            n_jobs=n_jobs,
        )
    scores = score_table(results)
    ratio = paired_ratio(folds, X, y)
    return Bunch(
        scores=scores,
        summary=summarise(scores, ratio, confidence_level),
        differences=_differences(scores, ratio, confidence_level),
        predictions=_prediction_table(results, X, y, scoring.classes),
        folds=folds,
        classes=scoring.classes,
        positive=scoring.positive,
        test_to_train=ratio,
        confidence_level=confidence_level,
    )


def score_table(results):
    """Long table of the scores of `run_folds`."""
    rows = [
        (name, fold.repeat, fold.fold, metric, score)
        for name, fold, scores, _ in results
        for metric, score in scores.items()
    ]
    table = pd.DataFrame(rows, columns=["model", "repeat", "fold", "metric", "score"])
    undefined = table[table["score"].isna()]
    for metric, lacking in undefined.groupby("metric", sort=False):
        n_folds = len(table[["repeat", "fold"]].drop_duplicates())
        n_lacking = len(lacking[["repeat", "fold"]].drop_duplicates())
        first = lacking.iloc[0]
        warnings.warn(
            f"{metric} is undefined on {n_lacking} of {n_folds} folds, such as fold "
            f"{first['fold']} of repeat {first['repeat']}, which are left out of its "
            "mean: their test rows may be of one class.",
            stacklevel=3,
        )
    return table


def summarise(scores, ratio, confidence_level):
    """Mean and interval of each model and metric of a score table."""
    rows = []
    for (model, metric), part in scores.groupby(["model", "metric"], sort=False):
        values = part["score"].dropna().to_numpy()
        low, high = np.nan, np.nan
        if len(values) > 1:
            low, high = corrected_t_interval(
                values,
                ratio,
                bounded=bool(values.min() >= 0 and values.max() <= 1),
                confidence_level=confidence_level,
            )
        std = np.std(values, ddof=1) if len(values) > 1 else np.nan
        mean = np.mean(values) if len(values) else np.nan
        rows.append((model, metric, mean, low, high, std, len(values)))
    columns = ["model", "metric", "mean", "low", "high", "std", "n_folds"]
    return pd.DataFrame(rows, columns=columns)


def compare_pair(scores, metric, model_a, model_b, ratio, confidence_level):
    """Difference of two models' scores on one metric, as a dict."""
    chosen = scores[scores["metric"] == metric]
    by_fold = chosen.pivot(index=["repeat", "fold"], columns="model", values="score")
    values = (by_fold[model_a] - by_fold[model_b]).dropna().to_numpy()
    if not len(values):
        values = np.array([np.nan])
    test = corrected_t_test(values, ratio)
    low, high = corrected_t_interval(values, ratio, confidence_level=confidence_level)
    return {
        "metric": metric,
        "model_a": model_a,
        "model_b": model_b,
        "difference": test.mean,
        "low": low,
        "high": high,
        "t": test.statistic,
        "p": test.pvalue,
    }


def _differences(scores, ratio, confidence_level):
    tables = []
    for metric in scores["metric"].unique():
        pairs = combinations(scores["model"].unique(), 2)
        table = pd.DataFrame(
            [compare_pair(scores, metric, *p, ratio, confidence_level) for p in pairs]
        )
        if len(table):
            tables.append(table.assign(p_holm=holm_adjust(table["p"])))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


class _Predictions:
    """Predictions of a fitted model, its probabilities in the order of `classes`."""

    def __init__(self, classes):
        self.classes = classes

    def __call__(self, model, X):
        predicted = model.predict(X)
        proba = np.full((len(predicted), len(self.classes)), np.nan)
        if hasattr(model, "predict_proba"):
            # A class that a model was not trained on has probability 0.
            known = np.searchsorted(self.classes, model.classes_)
            proba[:] = 0.0
            proba[:, known] = model.predict_proba(X)
        return predicted, proba


def _prediction_table(results, X, y, classes):
    ids = as_cohort(X).index
    tables = []
    for name, fold, _, (predicted, proba) in results:
        columns = {
            "model": name,
            "repeat": fold.repeat,
            "fold": fold.fold,
            "row": fold.test,
            "id": ids[fold.test],
            "y_true": labels_of(y, fold.test),
            "y_pred": predicted,
        }
        for label, column in zip(classes, proba.T, strict=True):
            columns[f"proba_{label}"] = column
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _check_estimators(estimators):
    models = list(estimators.items() if hasattr(estimators, "items") else estimators)
    names = [name for name, _ in models]
    if not models:
        raise ValueError("estimators is empty.")
    if len(set(names)) < len(names):
        raise ValueError(f"each model needs a name of its own, got {names}.")
    return models
