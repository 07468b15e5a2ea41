"""Class labels, of which some may be missing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

__all__ = [
    "UNLABELLED",
    "as_labels",
    "check_labels",
    "class_name",
    "encode_labels",
    "find_positive",
    "missing_labels",
    "refuse_one_class",
]

UNLABELLED = -1
POSITIVE_WORDS = frozenset({"yes", "positive", "responder"})
# Only of two classes: of three grades, 1 is a grade.
POSITIVE_NUMBER = "1"
TRUTH = {"true": "1", "false": "0"}


def as_labels(y: Any) -> Any:
    """A list of text as an object array, lest NaN become a class "nan"."""
    if isinstance(y, list | tuple) and np.asarray(y).dtype.kind in "US":
        return np.asarray(y, dtype=object)
    return y


def class_name(label: Any) -> str:
    """Name of a class; labels with NaN are floats, of which 1.0 is named 1."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return str(label)


def find_positive(classes: Any, positive: Any = None, *, of: str = "the labels") -> int:
    """Position of the positive class.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
    positive : class label or str, default=None
        The class, or its name in any case: ``"1"`` finds 1, 1.0, True and ``"1"``.
        None is the class that is named yes, positive or responder, or of two classes
        1 or true, where exactly one is; else the last.
    of : str
        Whose classes they are, for errors.

    Returns
    -------
    position : int

    Raises
    ------
    ValueError
        If there is no class, or `positive` is none of them.
    """
    labels = np.asarray(classes).tolist()
    if not labels:
        raise ValueError(f"no class is positive: {of} has none.")
    names = [_folded(label) for label in labels]
    if positive is None:
        words = POSITIVE_WORDS | ({POSITIVE_NUMBER} if len(labels) == 2 else set())
        found = [i for i, name in enumerate(names) if name in words]
        return found[0] if len(found) == 1 else len(labels) - 1
    found = [i for i, label in enumerate(labels) if label == positive]
    if not found:
        wanted = _folded(positive)
        found = [i for i, name in enumerate(names) if name == wanted]
    if len(found) != 1:
        raise ValueError(
            f"positive={positive!r} is no class of {of}: they are "
            f"{', '.join(map(class_name, labels))}."
        )
    return found[0]


def _folded(label: Any) -> str:
    name = class_name(label).strip().casefold()
    return TRUTH.get(name, name)


def missing_labels(y: Any) -> NDArray[np.bool_]:
    """Whether each label is missing, NaN or None: bool array of shape (n_rows,)."""
    y = np.asarray(y)
    if y.dtype.kind == "f":
        return np.isnan(y)
    if y.dtype.kind == "O":
        # NaN and NaT differ from themselves; comparing pd.NA raises a TypeError.
        return np.array([_is_missing(v) for v in y.ravel()], dtype=bool).reshape(
            y.shape
        )
    return np.zeros(y.shape, dtype=bool)


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True


def encode_labels(
    y: Any, *, allow_unlabelled: bool = False
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Classes of `y`, and the class number of each row.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        NaN or None marks an unlabelled row, numbered -1.
    allow_unlabelled : bool, default=False

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    codes : ndarray of int64, shape (n_rows,)

    Raises
    ------
    ValueError
        If a label is missing without `allow_unlabelled`, infinite, or continuous.
    """
    y = column_or_1d(as_labels(y), warn=True)
    missing = missing_labels(y)
    if missing.any() and not allow_unlabelled:
        row = np.flatnonzero(missing)[0]
        raise ValueError(f"Input y contains NaN: the label of row {row} is missing.")
    labelled = y[~missing]
    if labelled.dtype == object and len(labelled):
        labelled = np.array(labelled.tolist())
    if labelled.dtype.kind == "f" and not np.isfinite(labelled).all():
        raise ValueError("Input y contains infinity or a value too large.")
    if labelled.dtype.kind == "f" and (labelled % 1 != 0).any():
        raise ValueError(  # begins as scikit-learn's error, which its checks require
            f"Unknown label type: continuous. {labelled[labelled % 1 != 0][0]:g} is no "
            "class: put classes, such as high and low, in place of numbers."
        )
    codes = np.full(len(y), UNLABELLED, dtype=np.int64)
    if not len(labelled):
        return labelled, codes
    check_classification_targets(labelled)
    classes, codes[~missing] = np.unique(labelled, return_inverse=True)
    return classes, codes


def check_labels(y: Any, n_rows: int) -> NDArray[Any]:
    """Labels as a 1-D array, NaN or None where unknown.

    Raises
    ------
    ValueError
        If there is not one label per row.
    """
    if y is None:
        raise ValueError(
            "this classifier requires y to be passed, but the target y is None."
        )
    y = column_or_1d(as_labels(y), warn=True)
    if len(y) != n_rows:
        raise ValueError(f"y has {len(y)} labels for {n_rows} rows of X.")
    return y


def refuse_one_class(estimator: Any, classes: NDArray[Any]) -> None:
    """Raise a ValueError unless there are two classes or more."""
    if len(classes) < 2:
        found = classes.tolist()
        given = f"one class only: {found[0]!r}" if found else "NaN for all labels"
        raise ValueError(f"{type(estimator).__name__} needs two classes, got {given}.")
