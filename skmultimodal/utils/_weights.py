"""Weights of training rows: how they are read, and how they reach what is fitted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from skmultimodal.utils._labels import encode_labels, label_column
from skmultimodal.utils._rows import unmasked, view_rows
from skmultimodal.utils._sklearn import BaseSearchCV

__all__ = [
    "WeightedFitMixin",
    "check_sample_weight",
    "drop_unweighted",
    "fit_weighted",
    "given",
    "part_of",
    "pop_sample_weight",
    "takes_weights",
]


class WeightedFitMixin:
    """For an estimator whose ``fit`` takes `sample_weight` among its ``**params``.

    scikit-learn takes a named `sample_weight` for the promise that a weight of 2 is a
    row that is there twice, to the seventh digit and in any order of rows. A network
    trained on random batches cannot keep it, nor can what is made of estimators that it
    was given; as in scikit-learn's own meta-estimators, it is then one of ``**params``.
    """

    __metadata_request__fit = {"sample_weight": None}


def pop_sample_weight(estimator: Any, params: dict[str, Any]) -> Any:
    """The `sample_weight` of a ``fit``; a TypeError if there are other parameters."""
    others = [name for name in params if name != "sample_weight"]
    if others:
        raise TypeError(
            f"{type(estimator).__name__}.fit got an unexpected keyword argument "
            f"{others[0]!r}: it takes sample_weight."
        )
    return params.get("sample_weight")


def check_sample_weight(sample_weight: Any, n_rows: int) -> NDArray[np.float64] | None:
    """Weights as floats, or None where there are none.

    Raises
    ------
    ValueError
        If there is not one weight per row, one is missing, infinite or below 0, or all
        are 0.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(unmasked(sample_weight), dtype=np.float64)
    if weights.shape != (n_rows,):
        raise ValueError(
            f"X has {n_rows} rows, sample_weight has shape {weights.shape}."
        )
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise ValueError(
            f"sample_weight of row {bad[0]} is {weights[bad[0]]}: weights are finite "
            "and 0 or more."
        )
    if not weights.any():
        raise ValueError(
            "every sample_weight is zero: at least one row of each class needs more."
        )
    return weights


def drop_unweighted(
    X: Any, y: Any, weights: NDArray[np.float64] | None, *others: Any
) -> tuple[Any, ...]:
    """Rows whose weight is above 0, as if the others had not been given.

    Parameters
    ----------
    X : Cohort, array, table or lazy block
    y : array-like of shape (n_rows,) or None
    weights : ndarray of float, shape (n_rows,), or None
        As of `check_sample_weight`. None keeps every row.
    *others : ndarray of shape (n_rows,) or None

    Returns
    -------
    X, y, weights, *others
        Weights that are all 1 become None: rows alone, to the last bit.

    Raises
    ------
    ValueError
        If the rows that are left are of one class, and all are not.
    """
    if weights is None:
        return X, y, None, *others
    kept = np.flatnonzero(weights)
    left = None if (weights[kept] == 1).all() else weights[kept]
    if len(kept) == len(weights):
        return X, y, left, *others
    if y is not None:
        y = label_column(y)
        _refuse_one_class_left(y, kept)
        y = y[kept]
    parts = [None if part is None else part[kept] for part in others]
    return view_rows(X, kept), y, left, *parts


def _refuse_one_class_left(y: NDArray[Any], kept: NDArray[np.intp]) -> None:
    classes, codes = encode_labels(y, allow_unlabelled=True)
    left = np.unique(codes[kept][codes[kept] >= 0])
    if len(left) < min(2, len(classes)):
        of = f"class {classes.tolist()[left[0]]!r} only" if len(left) else "no class"
        raise ValueError(
            f"the rows whose sample_weight is above 0 are of {of}: give rows of "
            "another class a weight."
        )


def part_of(
    weights: NDArray[np.float64] | None, rows: Any
) -> NDArray[np.float64] | None:
    """Weights of some rows, where there are any."""
    return None if weights is None else weights[rows]


def given(
    weights: NDArray[np.float64] | None, rows: Any = slice(None)
) -> tuple[NDArray[np.float64], ...]:
    """Weights of some rows as the last argument, where there are any."""
    return () if weights is None else (weights[rows],)


def takes_weights(estimator: Any) -> bool:
    """Whether ``fit`` takes `sample_weight`; of a search or Pipeline, its inside."""
    if isinstance(estimator, BaseSearchCV):
        return takes_weights(estimator.estimator)
    if isinstance(estimator, Pipeline):
        return takes_weights(estimator.steps[-1][1])
    if isinstance(estimator, WeightedFitMixin):
        return True
    return hasattr(estimator, "fit") and has_fit_parameter(estimator, "sample_weight")


def fit_weighted(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, **options: Any
) -> Any:
    """Fit an estimator, with weights if its ``fit`` takes them.

    Every step of a Pipeline that takes weights is given them, if the last one does.
    """
    if sample_weight is None or not takes_weights(estimator):
        return estimator.fit(X, y, **options)
    weights = _weight_params(estimator, sample_weight)
    if not isinstance(estimator, Pipeline | BaseSearchCV):
        return estimator.fit(X, y, **options, **weights)
    # Where metadata are routed, these refuse parameters that no part has asked for.
    with config_context(enable_metadata_routing=False):
        return estimator.fit(X, y, **options, **weights)


def _weight_params(estimator: Any, sample_weight: Any) -> dict[str, Any]:
    if isinstance(estimator, BaseSearchCV):
        return _weight_params(estimator.estimator, sample_weight)
    if isinstance(estimator, Pipeline):
        return {
            f"{name}__{key}": value
            for name, step in estimator.steps
            for key, value in _weight_params(step, sample_weight).items()
        }
    return {"sample_weight": sample_weight} if takes_weights(estimator) else {}
