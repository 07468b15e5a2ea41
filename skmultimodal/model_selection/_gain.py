"""How much the rows with only one modality improve the score."""

from typing import Any

import numpy as np
from sklearn.base import clone

from skmultimodal.model_selection._compare import compare_arms
from skmultimodal.model_selection._compare_outcomes import compare_outcome_arms
from skmultimodal.model_selection._folds import make_folds, paired_rows
from skmultimodal.model_selection._targets import (
    make_scoring,
    read_target,
    refuse_untestable,
)
from skmultimodal.towers._outcomes import ClassLabels

__all__ = ["unpaired_gain"]

WITH, WITHOUT = "with unpaired", "without unpaired"


def unpaired_gain(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    scoring: Any = None,
    positive: Any = None,
    groups: Any = None,
    n_seeds: int = 1,
    n_draws: int = 0,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Any:
    """Cross-validate a model with and without the unpaired rows in training.

    Both arms are tested on the same rows of the same folds.

    Parameters
    ----------
    estimator : estimator
        A classifier, regressor or survival estimator that takes `X`. In the arm without
        unpaired rows each parameter ``tower_rows`` of it, nested ones included, is set
        to ``"all"``: only the paired rows are left to fit towers on.
    X : Cohort, or anything that can be read as one
        The patients.
    y : array-like of shape (n_rows,)
        What it predicts: class labels, numbers, or times to an event as of
        ``make_survival_target``; NaN or None marks an unlabelled row.
    cv : splitter, iterable of (train, test), or int
        As in `compare_classifiers`.
    scoring : str, callable, list, tuple, set or dict, default=None
        As in `compare_classifiers`; of times to an event the metrics of
        `compare_survival`. None is the estimator's ``score``, ``"r2"`` of numbers and
        ``"uno_c"`` of times.
    positive : class label, default=None
        As in `compare_classifiers`.
    groups : array-like of shape (n_rows,), default=None
        As in `compare_classifiers`.
    n_seeds : int, default=1
        As in `compare_classifiers`; of class labels only.
    n_draws : int, default=0
        As in `compare_classifiers`; of class labels only.
    confidence_level : float, default=0.95
        Of the intervals.
    n_jobs : int, default=None
        Folds fitted at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    comparison : Comparison, or OutcomeComparison of numbers and times
        Of two models, named ``"with unpaired"`` and ``"without unpaired"``:
        ``comparison.differences()`` is the gain, with its interval and test.
        ``comparison.folds`` are those with unpaired rows.

    Raises
    ------
    ValueError
        If `X` has no unpaired row that trains, `positive` is no class, a metric cannot
        be computed for as many classes, `n_seeds` is below 1, `n_draws` is 1, or either
        is given with numbers or times.

    See Also
    --------
    compare_classifiers : The same comparison between different models.

    Notes
    -----
    Without `n_draws` the interval of the gain is given these unpaired rows, which train
    the first arm in every fold: those of another cohort might help more or less, by an
    amount that is not in it. `n_seeds` averages over what a seed of training adds.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> from skmultimodal.model_selection import PairedStratifiedKFold, unpaired_gain
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(240) % 2
    >>> image, gene = rng.normal(size=(240, 3)), rng.normal(size=(240, 9))
    >>> gene += 0.5 * y[:, None]
    >>> image[40:] = np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> model = UnimodalClassifier("gene", LogisticRegression())
    >>> cv = PairedStratifiedKFold(3, n_repeats=10, random_state=0)
    >>> result = unpaired_gain(model, X, y, cv=cv, scoring="roc_auc")
    >>> result
    Comparison of 2 models on 30 folds (10 repeats), positive class 1
    Mean of the folds [95 % interval]
    Intervals are given 200 unpaired rows that train, and 1 random seed of training
                                 roc_auc
    with unpaired     0.707 [0.49, 0.86]
    without unpaired  0.575 [0.37, 0.76]
    >>> result.differences()[["difference", "low", "high"]].round(2)
       difference  low  high
    0        0.13 -0.1  0.36
    """
    X, target, groups = read_target(estimator, X, y, groups)
    folds = make_folds(cv, X, target.dealt, groups)
    refuse_untestable(target, folds)
    scoring = make_scoring(target, scoring, positive, folds=folds)
    paired = paired_rows(folds, X)
    if not any(np.any(~paired[fold.train]) for fold in folds):
        raise ValueError("no unpaired row trains: there is no gain to measure.")
    fewer = [fold._replace(train=fold.train[paired[fold.train]]) for fold in folds]
    arms = [(WITH, estimator, folds), (WITHOUT, _without_unpaired(estimator), fewer)]
    given = "unpaired_gain", arms, X, target.y, scoring, folds
    options = {"groups": groups, "confidence_level": confidence_level}
    options |= {"n_jobs": n_jobs, "verbose": verbose}
    if isinstance(target.outcome, ClassLabels):
        return compare_arms(*given, **options, n_seeds=n_seeds, n_draws=n_draws)
    if n_seeds != 1 or n_draws:
        raise ValueError(
            f"n_seeds and n_draws are for class labels, and y is "
            f"{target.outcome.described}: leave them out."
        )
    return compare_outcome_arms(*given, **options)


def _without_unpaired(estimator: Any) -> Any:
    every = clone(estimator)
    params = {
        name: "all"
        for name, value in every.get_params().items()
        if name.split("__")[-1] == "tower_rows" and value in ("auto", "unpaired")
    }
    return every.set_params(**params)
