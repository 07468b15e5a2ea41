"""Numbers as a target, of which some may be missing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from skmultimodal.utils._labels import missing_labels

__all__ = ["read_numbers"]


def read_numbers(y: Any) -> NDArray[np.float64]:
    """Read numbers, NaN where a row is unlabelled: ndarray of shape (n_rows,).

    Raises
    ------
    ValueError
        If there are several columns, or a value is infinite or no number.
    """
    if y is None:
        raise ValueError(
            "this regressor requires y to be passed, but the target y is None."
        )
    names = getattr(getattr(y, "dtype", None), "names", None)
    # np.shape would ask an array-like of another library.
    shape = np.asarray(y).shape if names is None else (len(y), len(names))
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"y has {shape[1]} columns, and a regressor of this library predicts one "
            "number per row: fit one for each. For a time to an event use a survival "
            "estimator, such as TwinTowerSurvival."
        )
    values = column_or_1d(y, warn=True)
    missing = missing_labels(values)
    if values.dtype.kind == "c":
        raise ValueError("Complex data not supported: y is complex.")
    if values.dtype.kind == "M":
        raise ValueError("y holds dates: make them numbers, such as years.")
    numbers = np.full(len(values), np.nan)
    try:
        numbers[~missing] = values[~missing].astype(np.float64)
    except (TypeError, ValueError):
        bad = next(v for v in values[~missing].tolist() if not _is_number(v))
        raise ValueError(
            f"y holds {bad!r}, which is no number: convert it with pandas.to_numeric, "
            "or predict classes with a classifier, such as TwinTowerClassifier."
        ) from None
    if np.isinf(numbers).any():
        row = np.flatnonzero(np.isinf(numbers))[0]
        raise ValueError(f"Input y contains infinity: the number of row {row}.")
    return numbers


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
