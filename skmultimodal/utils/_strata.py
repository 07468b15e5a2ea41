"""What rows of any kind of target are dealt into folds by."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._labels import (
    MOST_NUMBERS,
    UNLABELLED,
    encode_labels,
    missing_labels,
)
from skmultimodal.utils._survival_target import read_survival

__all__ = ["are_amounts", "encode_strata", "fifths", "has_columns", "missing_targets"]

# Numbers are dealt into folds by so many parts of equal size.
N_PARTS = 5


def encode_strata(y: Any) -> tuple[NDArray[Any] | None, NDArray[np.int64]]:
    """Classes of a target, and the stratum of each row.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Class labels, which are strata; numbers that are no classes, of which strata are
        fifths by size; or times to an event as of ``make_survival_target``, of which
        strata are the censored and those with the event.

    Returns
    -------
    classes : ndarray of shape (n_classes,), or None
        None of other targets, whose strata need not all be in every fold.
    codes : ndarray of int64, shape (n_rows,)
        -1 where a row is unlabelled.
    """
    if has_columns(y):
        target = read_survival(y)
        codes = np.where(np.isnan(target["time"]), UNLABELLED, target["event"])
        return None, codes.astype(np.int64)
    if are_amounts(y):
        return None, fifths(np.asarray(y, dtype=np.float64))
    return encode_labels(y, allow_unlabelled=True)


def fifths(y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number of the fifth, by size, that each number is in; -1 where it is NaN."""
    codes = np.full(len(y), UNLABELLED, dtype=np.int64)
    known = ~np.isnan(y)
    if known.any():
        edges = np.quantile(y[known], np.linspace(0, 1, N_PARTS + 1)[1:-1])
        codes[known] = np.searchsorted(np.unique(edges), y[known], side="right")
        codes[known] = np.unique(codes[known], return_inverse=True)[1]
    return codes


def missing_targets(y: Any) -> NDArray[np.bool_]:
    """Whether the target of each row is missing: bool array of shape (n_rows,)."""
    return np.isnan(read_survival(y)["time"]) if has_columns(y) else missing_labels(y)


def has_columns(y: Any) -> bool:
    """Whether a target has an event and a time."""
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is None and isinstance(y, pd.DataFrame):
        names = list(y.columns)
    return names is not None and len(names) > 1


def are_amounts(y: Any) -> bool:
    """Whether numbers are fractions, or too many to be classes."""
    values = np.asarray(y)
    if values.ndim != 1 or values.dtype.kind not in "fiu":
        return False
    values = values[~missing_labels(values)]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return False
    return bool((values % 1 != 0).any() or len(np.unique(values)) > MOST_NUMBERS)
