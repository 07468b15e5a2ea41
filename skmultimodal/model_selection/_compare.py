"""Comparison of classifiers on the same folds."""

from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from skmultimodal.cohort import as_cohort
from skmultimodal.exceptions import FewPatientsWarning
from skmultimodal.model_selection._comparison import Comparison
from skmultimodal.model_selection._draws import UnpairedDraws
from skmultimodal.model_selection._folds import (
    check_X_y,
    count_unpaired,
    fold_stage,
    labels_of,
    make_folds,
    paired_ratio,
    run_folds,
)
from skmultimodal.model_selection._score_table import choose_names, score_table
from skmultimodal.model_selection._scoring import Scoring
from skmultimodal.utils._seed import reseed
from skmultimodal.utils._warnings import warn

__all__ = ["compare_arms", "compare_classifiers"]


def compare_classifiers(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    scoring: Any = None,
    positive: Any = None,
    groups: Any = None,
    reference: str | None = None,
    primary: str | None = None,
    n_seeds: int = 1,
    n_draws: int = 0,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Comparison:
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
    reference : str, default=None
        The model that the others are compared with, named before scores are seen: p
        values are then adjusted for these comparisons only, and not for all pairs.
    primary : str, default=None
        The metric that conclusions rest on, likewise; scores on others are secondary.
    n_seeds : int, default=1
        Times that each model is fitted on each fold, with other seeds wherever it has
        an integer `random_state`. Scores and probabilities are means over the seeds,
        and ``comparison.seeds()`` has the mean score of each.
    n_draws : int, default=0
        Times that the models are fitted once more on the folds of one repeat, each time
        with a random half of the unpaired rows (of groups, if there are any) and
        another seed. How far these scores are apart is then part of the intervals,
        which otherwise are given the unpaired rows and the seed;
        ``comparison.draws()`` has them.
    confidence_level : float, default=0.95
        Of the intervals.
    n_jobs : int, default=None
        Folds fitted at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    comparison : Comparison
        ``comparison.summary()`` is the mean and interval of each model and metric,
        ``differences()`` the paired tests, ``scores()`` the score of each fold,
        ``predictions()`` and ``proba(model)`` what was predicted out of fold, and
        ``by_pattern()`` how well for patients with some modalities or others.

    Raises
    ------
    ValueError
        If `positive` is no class, a metric cannot be computed for as many classes,
        `reference` or `primary` is unknown, `n_seeds` is below 1, or `n_draws` is 1, or
        more than 0 where no two unpaired rows train.
    RuntimeError
        If a model fails; the message names the model and the fold.

    Warns
    -----
    FewPatientsWarning
        If fewer than ten tested patients are of a class, an interval has no width, or a
        model never predicts a class.

    See Also
    --------
    corrected_t_test : The test of the differences, which is also the interval's source.
    patient_bootstrap_interval : Another interval, from out-of-fold predictions.

    Notes
    -----
    Intervals and tests are Nadeau and Bengio's, in which only paired rows count as
    training rows; those of metrics of scikit-learn stay in the range of the metric, and
    those of shares and areas of two classes are never narrower than the number of
    tested patients allows (`corrected_t_interval`).
    ``benchmarks/statistics/results`` shows their coverage and false-positive rates next
    to those of others, which is why they are used here.
    With `n_draws` the variance between draws of what they move a mean, or a difference
    of means, is added: less what their folds show of it, which the corrected t has, and
    for halves that are no halves times ``share / (1 - share)``. Rows are drawn without
    replacement, so that no patient is on two sides of a split that a tower makes. With
    no more than some dozens of unpaired rows per tower, intervals without draws are too
    narrow (``benchmarks/statistics/results/unpaired.md``). Intervals of `Comparison`
    that are not of a mean of scores, as at a threshold, are without draws.

    Too narrow, all the same: intervals of Brier score and log-loss near perfect
    prediction of 25 to 50 pairs (held in 84 to 88 %), and of recall and F1 of a
    model without signal, whose calls depend on the share of the class in the cohort
    (``benchmarks/statistics/results/printed.md``).

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
    >>> result
    Comparison of 2 models on 30 folds (10 repeats), positive class 1
    Mean of the folds [95 % interval]
                         roc_auc
    majority  0.500 [0.50, 0.50]
    logistic  0.808 [0.66, 0.90]
    >>> result.summary()[["model", "metric", "mean", "low", "high"]].round(2)
          model   metric  mean   low  high
    0  majority  roc_auc  0.50  0.50   0.5
    1  logistic  roc_auc  0.81  0.66   0.9
    """
    models = _check_estimators(estimators)
    X, y, groups = check_X_y(X, y, groups)
    scoring = Scoring(scoring, y, positive)
    if reference is not None:
        choose_names("reference", [name for name, _ in models], [reference])
    if primary is not None:
        choose_names("primary", list(scoring.metrics), [primary])
    folds = make_folds(cv, X, y, groups)
    arms = [(name, model, folds) for name, model in models]
    return compare_arms(
        "compare_classifiers",
        arms,
        X,
        y,
        scoring,
        folds,
        groups=groups,
        confidence_level=confidence_level,
        n_jobs=n_jobs,
        verbose=verbose,
        named={"reference": reference, "primary": primary},
        n_seeds=n_seeds,
        n_draws=n_draws,
    )


def compare_arms(
    caller: str,
    arms: Any,
    X: Any,
    y: Any,
    scoring: Any,
    folds: Any,
    *,
    groups: Any,
    confidence_level: float,
    n_jobs: int | None,
    verbose: int,
    named: dict[str, Any] | None = None,
    n_seeds: int = 1,
    n_draws: int = 0,
) -> Comparison:
    """The Comparison of models that are trained each on rows of its own.

    Parameters
    ----------
    caller : str
        Function that the user called.
    arms : list of (name, estimator, folds)
        As of `run_folds`. All have the test rows of `folds`, whose training rows count
        in the variance.
    named : dict, default=None
        What was named beforehand, parameters of the Comparison.
    n_seeds : int, default=1
    n_draws : int, default=0
    """
    if not isinstance(n_seeds, Integral) or int(n_seeds) < 1:
        raise ValueError(f"n_seeds must be an integer of at least 1, got {n_seeds!r}.")
    draws = UnpairedDraws(n_draws, folds, X, y, groups)
    fits = [[(n, reseed(m, i), f) for n, m, f in arms] for i in range(n_seeds)]
    fits += draws.arms(arms, n_seeds)
    inspect = Predict(scoring.classes)
    with fold_stage(caller, list(chain(*fits)), verbose) as stage:
        options = {"stage": stage, "groups": groups, "n_jobs": n_jobs}
        runs = [run_folds(a, X, y, scoring, inspect=inspect, **options) for a in fits]
    runs, runs_of_draws = runs[:n_seeds], runs[n_seeds:]
    tables = [score_table(results).assign(seed=i) for i, results in enumerate(runs)]
    scores = tables[0].drop(columns="seed")
    scores["score"] = np.mean([table["score"] for table in tables], axis=0)
    predictions, proba = prediction_arrays(runs[0], X, y)
    if n_seeds > 1:
        proba = np.mean([prediction_arrays(run, X, y)[1] for run in runs], axis=0)
        known = ~np.isnan(proba).any(axis=1)
        predictions.loc[known, "y_pred"] = scoring.classes[proba[known].argmax(axis=1)]
    by_seed = pd.concat(tables).groupby(["model", "metric", "seed"], sort=False)
    comparison = Comparison(
        scores,
        predictions,
        proba,
        folds=folds,
        classes=scoring.classes,
        positive=scoring.positive,
        test_to_train=paired_ratio(folds, X, y),
        confidence_level=confidence_level,
        estimators={name: clone(model) for name, model, _ in arms},
        known_as=scoring.known_as,
        by_seed=by_seed["score"].mean().reset_index(),
        n_unpaired=count_unpaired(folds, X),
        draws=draws.table([score_table(run) for run in runs_of_draws]),
        **(named or {}),
    )
    for remark in comparison.remarks():
        warn(remark, FewPatientsWarning)
    return comparison


class Predict:
    """Predictions of a fitted model, and its probabilities in the order of `classes`.

    Probabilities are NaN where the model has none.
    """

    def __init__(self, classes: Any) -> None:
        self.classes = classes

    def __call__(self, model: Any, X: Any, y: Any) -> tuple[Any, Any]:
        predicted = model.predict(X)
        proba = np.full((len(predicted), len(self.classes)), np.nan)
        if hasattr(model, "predict_proba"):
            # A class that a model was not trained on has probability 0.
            known = np.searchsorted(self.classes, model.classes_)
            proba[:] = 0.0
            proba[:, known] = model.predict_proba(X)
        return predicted, proba


def prediction_arrays(results: Any, X: Any, y: Any) -> tuple[pd.DataFrame, NDArray]:
    """Predictions of `run_folds` with `Predict`, and their probabilities.

    Returns
    -------
    predictions : DataFrame
        One row per model, repeat and tested row.
    proba : ndarray of shape (n_predictions, n_classes)
    """
    cohort = as_cohort(X)
    ids, patterns = cohort.index, cohort.patterns
    tables = [
        pd.DataFrame(
            {
                "model": name,
                "repeat": fold.repeat,
                "fold": fold.fold,
                "row": fold.test,
                "id": ids[fold.test],
                "pattern": patterns[fold.test],
                "y_true": labels_of(y, fold.test),
                "y_pred": predicted,
            }
        )
        for name, fold, _, (predicted, _) in results
    ]
    proba = [proba for *_, (_, proba) in results]
    return pd.concat(tables, ignore_index=True), np.concatenate(proba)


def _check_estimators(estimators: Any) -> list[tuple[str, Any]]:
    models = list(estimators.items() if hasattr(estimators, "items") else estimators)
    names = [name for name, _ in models]
    if not models:
        raise ValueError("estimators is empty.")
    if len(set(names)) < len(names):
        raise ValueError(f"each model needs a name of its own, got {names}.")
    return models
