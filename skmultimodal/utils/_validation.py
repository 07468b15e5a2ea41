"""Validation of the rows of a tower, in memory or lazy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from skmultimodal.utils._bags import (
    as_bags,
    bag_width,
    describe_bad_bag,
    is_bags,
    name_row,
)
from skmultimodal.utils._labels import label_column
from skmultimodal.utils._rows import RowView, is_lazy, is_numeric
from skmultimodal.utils._tables import reads_columns
from skmultimodal.utils._text import counted

__all__ = [
    "check_finite_rows",
    "check_rank",
    "check_rows",
    "describe_blanks",
    "fill_advice",
    "find_bad_row",
]

# What mends them: an imputer in the tower learns from the training rows alone.
WHOLE_ROW = "or make the whole row NaN if the patient lacks the modality."
FILL_CELLS = (
    "Fill blank cells in the tower, such as ('gene', make_pipeline(SimpleImputer(), "
    "GeneAutoencoderTransformer())); leave out features that are blank in most rows; "
    + WHOLE_ROW
)
FILL_VOXELS = "Set these voxels to the background, as with np.nan_to_num; " + WHOLE_ROW


def check_rows(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    ndims: Sequence[int] = (2,),
    reset: bool = True,
    require_y: bool = True,
    finite: bool = True,
    words: bool = False,
    read_y: bool = True,
) -> Any:
    """scikit-learn's ``validate_data``, for several ranks and for lazy rows.

    Parameters
    ----------
    estimator : estimator
        Learns ``n_features_in_`` and ``feature_names_in_`` if `reset`.
    X : array-like, DataFrame or lazy block
    y : array-like of shape (n_rows,), default=None
    ndims : sequence of int
        Accepted ranks; 1 is that of bags.
    reset : bool, default=True
    require_y : bool, default=True
        Whether a missing `y` in ``fit`` is an error.
    finite : bool, default=True
        Whether NaN and infinity are errors.
    words : bool, default=False
        Whether a table with words stays one, for an estimator inside to encode; and
        any table of which one inside chooses columns.
    read_y : bool, default=True
        Whether `y` is read as labels and returned. Else an outcome reads it, and only
        its absence is an error here.

    Returns
    -------
    X : ndarray, DataFrame or lazy block
        A lazy block is not read; its values are checked when they are.
    y : ndarray
        Only if `reset`, `read_y` and given.

    Raises
    ------
    ValueError
        If the rank, the number of features or a value is wrong.
    """
    name = type(estimator).__name__
    if reset and y is None and require_y:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    n_dims = check_rank(estimator, X, ndims)
    if is_bags(X) or (n_dims == 3 and 1 in ndims):
        X = _check_bags(estimator, X, reset=reset, values=finite)
    elif is_lazy(X) and n_dims in ndims:
        X = X if isinstance(X, RowView) else RowView(X, np.arange(X.shape[0]))
        some = X[:2]  # all rows have the shape of the first ones
        validate_data(
            estimator, some, reset=reset, allow_nd=True, ensure_all_finite=False
        )
    elif _stays_table(estimator, X, words):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    else:
        X = validate_data(
            estimator,
            X,
            reset=reset,
            allow_nd=n_dims > 2,
            dtype="numeric",
            ensure_all_finite=False,
        )
        if finite:
            check_finite_rows(X, range(len(X)))
    if not reset or y is None or not read_y:
        return X
    y = label_column(y)
    check_consistent_length(X, y)
    return X, y


def _stays_table(estimator: Any, X: Any, words: bool) -> bool:
    if not words or not isinstance(X, pd.DataFrame):
        return False
    return not is_numeric(X) or reads_columns(estimator)


def _check_bags(estimator: Any, X: Any, *, reset: bool, values: bool) -> Any:
    """Bags, checked unless they are lazy; their width is the number of features."""
    if is_lazy(X):
        X = X if isinstance(X, RowView) else RowView(X, np.arange(X.shape[0]))
    else:
        X = as_bags(X) if is_bags(X) else np.asarray(X)
    width = bag_width(X)
    name = type(estimator).__name__
    if reset:
        estimator.n_features_in_ = width
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_  # of an earlier fit
    elif width != estimator.n_features_in_:
        raise ValueError(
            f"X has bags of vectors of {width} features, but {name} is expecting "
            f"{estimator.n_features_in_} features as input."
        )
    if not is_lazy(X):
        for row, bag in enumerate(X):
            wrong = describe_bad_bag(bag, width, values=values)
            if wrong is not None:
                raise ValueError(f"the bag of {name_row(X, row)} {wrong}.")
    return X


def check_rank(estimator: Any, X: Any, ndims: Sequence[int]) -> int:
    """Number of axes of `X`; a ValueError if it is above 2 and not among `ndims`."""
    if is_bags(X):
        if 1 in ndims:
            return 1
        raise ValueError(
            f"{type(estimator).__name__} got bags, rows that are sets of vectors: "
            "BagTowerClassifier takes them."
        )
    n_dims = len(X.shape) if hasattr(X, "shape") else np.asarray(X).ndim
    if n_dims <= 2 or n_dims in ndims:
        return n_dims
    accepted = " or ".join(f"{d}-D" for d in ndims)
    shape = "Rows of features are (rows, features)."
    if 4 in ndims:
        shape = "Images are (rows, channels, height, width)."
        if n_dims == 5:
            shape += (
                " Name the modality of volumes, as in {'image': volumes}: "
                "ImageTowerClassifier reads them."
            )
    raise ValueError(
        f"{type(estimator).__name__} got {n_dims}-D input; it accepts {accepted}. "
        f"{shape}"
    )


def find_bad_row(rows: Any) -> int | None:
    """First row of an array that holds NaN or infinity, None if none does."""
    if rows.dtype.kind not in "fc" or rows.size == 0:
        return None
    # A finite sum has finite terms: one cheap pass suffices for most arrays. That of
    # squares is a product of BLAS, the cheapest.
    with np.errstate(over="ignore", invalid="ignore"):
        if rows.dtype.char in "fd" and rows.flags.forc:
            flat = rows.ravel(order="K")
            total = np.dot(flat, flat)
        else:
            total = rows.sum(dtype=np.float64)
        if np.isfinite(total):
            return None
    bad = ~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)
    return int(np.flatnonzero(bad)[0]) if bad.any() else None


def describe_blanks(
    rows: Any, patients: Any, features: Any, modality: str
) -> str | None:
    """How many cells are NaN, and where; None if none is.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, ...)
    patients : sequence of length n_rows
    features : sequence or None
        Names of the columns, if they have any.
    modality : str

    Returns
    -------
    text : str or None
        Such as ``"45 blank cells in 42 features of modality 'gene', for example 'TP53'
        of patient 'P2'"``.
    """
    if find_bad_row(rows) is None:
        return None
    blank = np.isnan(rows).reshape(len(rows), -1)
    if not blank.any():
        return None
    row, column = np.argwhere(blank)[0]
    n_rows, n_columns = (int(blank.any(axis=axis).sum()) for axis in (1, 0))
    of = f"of modality {modality!r}, for example"
    patient = f"patient {list(patients)[row]!r}"
    if rows.ndim > 2:
        return f"NaN in {counted(n_rows, 'row')} {of} that of {patient}"
    name = f"column {column}" if features is None else repr(str(features[column]))
    cells, columns = (
        counted(int(blank.sum()), "blank cell"),
        counted(n_columns, "column"),
    )
    return f"{cells} in {columns} and {counted(n_rows, 'row')} {of} {name} of {patient}"


def fill_advice(rows: Any) -> str:
    """What to do about the blanks of `describe_blanks`."""
    return FILL_VOXELS if rows.ndim > 2 else FILL_CELLS


def check_finite_rows(rows: Any, numbers: Any) -> None:
    """Raise a ValueError that names the first row holding NaN or infinity."""
    bad = find_bad_row(rows)
    if bad is not None:
        raise ValueError(
            f"Input X contains NaN, infinity or a value too large in row "
            f"{numbers[bad]}: fill it, or leave the row out."
        )
