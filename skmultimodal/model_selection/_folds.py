"""Folds made once, and models fitted and scored on them."""

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.parallel import delayed

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._dask import held_everywhere
from skmultimodal.model_selection._scoring import PredictsOnce
from skmultimodal.model_selection._split import PairedStratifiedKFold
from skmultimodal.model_selection._tested_rows import count_modalities
from skmultimodal.utils._alignment import join_by_id
from skmultimodal.utils._labels import label_column, missing_labels
from skmultimodal.utils._progress import (
    Stage,
    TrackedParallel,
    announce,
    count_networks,
)
from skmultimodal.utils._rows import row_positions
from skmultimodal.utils._strata import has_columns, missing_targets

__all__ = [
    "Fold",
    "check_X_y",
    "count_unpaired",
    "fold_stage",
    "labels_of",
    "make_folds",
    "paired_ratio",
    "paired_rows",
    "read_cv",
    "run_folds",
    "take",
]


class Fold(NamedTuple):
    """One split; test rows are labelled."""

    repeat: int
    fold: int
    train: np.ndarray
    test: np.ndarray


def check_X_y(
    X: Any, y: Any, groups: Any = None, read: Any = None
) -> tuple[Any, Any, Any]:
    """`X` as a cohort, table or array; `y`, an array, and `groups` in its order.

    `read` reads a target of numbers or times; None is of class labels.
    """
    if isinstance(X, list) or (isinstance(X, Mapping) and not hasattr(X, "shape")):
        X = as_cohort(X)
    y = (read or _read_labels)(join_by_id(y, X))
    if X.shape[0] != len(y):
        raise ValueError(f"X has {X.shape[0]} rows, y has {len(y)}.")
    return X, labels_of(y, slice(None)), join_by_id(groups, X, name="groups")


def _read_labels(y: Any) -> Any:
    if has_columns(y):
        raise ValueError(
            "y is a time to an event, and class labels are needed here: take a "
            "survival estimator, such as TwinTowerSurvival, and compare_survival to "
            "compare several."
        )
    return label_column(y)


def take(X: Any, rows: Any) -> Any:
    """Rows of a cohort, DataFrame or array."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def labels_of(y: Any, rows: Any) -> NDArray:
    """Labels of `rows`, in the dtype of its values if none of them is missing."""
    labels = y[rows]
    if labels.dtype == object and not missing_labels(labels).any():
        labels = np.array(labels.tolist())
    return labels


def read_cv(cv: Any) -> Any:
    """A splitter, or a list of splits; an int stands for so many paired folds."""
    if isinstance(cv, Integral):
        return PairedStratifiedKFold(int(cv))
    return cv if hasattr(cv, "split") else list(cv)


def make_folds(cv: Any, X: Any, y: Any, groups: Any = None) -> list[Any]:
    """Splits of `cv`, numbered by repeat and fold.

    A repeat ends where a row comes to be tested for the second time.
    """
    cv = read_cv(cv)
    splits = cv.split(X, y, groups) if hasattr(cv, "split") else cv
    labelled = ~missing_targets(y)
    folds, repeat, number = [], 0, 0
    tested = np.zeros(len(y), dtype=bool)
    for train, test in splits:
        train, test = row_positions(train, len(y)), row_positions(test, len(y))
        test = test[labelled[test]]
        if not len(test):
            raise ValueError(f"fold {number} of repeat {repeat} tests no labelled row.")
        if tested[test].any():
            repeat, number = repeat + 1, 0
            tested[:] = False
        tested[test] = True
        folds.append(Fold(repeat, number, train, test))
        number += 1
    if not folds:
        raise ValueError("cv has no splits.")
    return folds


def paired_rows(folds: Any, X: Any) -> NDArray:
    """Whether each row is paired: whether it has as many modalities as tested rows.

    As many as the tested row that has the fewest, but two at least, if there are two:
    folds may test rows with one modality as well.
    """
    cohort = as_cohort(X)
    sizes = count_modalities(cohort)
    fewest = min(sizes[fold.test].min() for fold in folds)
    return sizes >= max(fewest, min(2, len(cohort.modalities)))


def count_unpaired(folds: Any, X: Any) -> int:
    """Number of rows that train, and are not paired: the most of any fold."""
    unpaired = ~paired_rows(folds, X)
    return max(int(unpaired[np.unique(fold.train)].sum()) for fold in folds)


def paired_ratio(folds: Any, X: Any, y: Any) -> float:
    """Ratio of test to training rows, counting those that are paired and labelled.

    Unpaired rows are in every training set, so they do not make the models of the folds
    less dependent on each other, and must not be counted. If no paired row is tested,
    all labelled rows are counted.
    """
    labelled = ~missing_targets(y)
    counted = labelled & paired_rows(folds, X)
    if not any(counted[fold.test].any() for fold in folds):
        counted = labelled
    n_test = sum(counted[fold.test].sum() for fold in folds)
    n_train = sum(counted[fold.train].sum() for fold in folds)
    return float(n_test / n_train) if n_train else float("inf")


def fold_stage(caller: str, models: Any, verbose: int) -> Stage:
    """The stage of ``run_folds``, announced with all that will be fitted.

    Parameters
    ----------
    caller : str
        Function that the user called.
    models : list of (name, estimator, list of Fold)
    verbose : int

    Returns
    -------
    stage : Stage
    """
    n_fits = sum(len(folds) for *_, folds in models)
    n_networks = sum(len(folds) * count_networks(model) for _, model, folds in models)
    names = f"{len(models)} model{'' if len(models) == 1 else 's'}"
    at_most = f", at most {n_networks:,} networks" if n_networks else ""
    announce(f"[{caller}] {names} on folds: {n_fits:,} fits{at_most}", verbose)
    return Stage(f"[{caller}] {names}", n_fits, "fit", verbose)


def run_folds(
    models: Any,
    X: Any,
    y: Any,
    scoring: Any,
    *,
    stage: Any,
    groups: Any = None,
    inspect: Callable[..., Any] | None = None,
    n_jobs: int | None = None,
) -> list[Any]:
    """Fit and score models on folds.

    Parameters
    ----------
    models : list of (name, estimator, list of Fold)
    X, y : rows and labels
    scoring : Scoring
    stage : Stage
        Each fit is a step of it.
    groups : array-like of shape (n_rows,), default=None
        Passed to the ``fit`` of models that request it (metadata routing).
    inspect : callable, default=None
        ``inspect(model, X_test, y_test)``, whose result is returned; `model` is a
        `PredictsOnce`.

    Returns
    -------
    results : list of (name, Fold, scores, inspected)
        ``scores`` maps each metric to its value.
    """
    tasks = [(n, model, fold) for n, model, folds in models for fold in folds]
    with held_everywhere(X, y, groups):
        return TrackedParallel(stage, n_jobs)(
            delayed(_run_fold)(name, model, fold, X, y, scoring, groups, inspect)
            for name, model, fold in tasks
        )


def _run_fold(
    name: str,
    estimator: Any,
    fold: Any,
    X: Any,
    y: Any,
    scoring: Any,
    groups: Any,
    inspect: Any,
) -> tuple[Any, Any, Any, Any]:
    params = {}
    if groups is not None and _requests_groups(estimator):
        params["groups"] = np.asarray(groups)[fold.train]
    try:
        fitted = clone(estimator)
        fitted.fit(take(X, fold.train), labels_of(y, fold.train), **params)
        X_test = take(X, fold.test)
        model = PredictsOnce(fitted, X_test)
        score = scoring.given(y, fold)
        y_test = labels_of(y, fold.test)
        scores = score(model, X_test, y_test)
        inspected = None if inspect is None else inspect(model, X_test, y_test)
    except Exception as error:
        where = f"fold {fold.fold} of repeat {fold.repeat}"
        raise RuntimeError(f"model {name!r} failed on {where}: {error}") from error
    return name, fold, scores, inspected


def _requests_groups(estimator: Any) -> bool:
    try:
        return bool(get_routing_for_object(estimator).consumes("fit", ["groups"]))
    except NotImplementedError:
        # So scikit-learn marks meta-estimators that pass no metadata on to their parts:
        # they request none.
        return False
