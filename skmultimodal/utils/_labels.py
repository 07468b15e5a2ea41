"""Class labels, of which some may be missing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from skmultimodal.utils._rows import unmasked
from skmultimodal.utils._warnings import warn

__all__ = [
    "UNLABELLED",
    "check_labels",
    "class_name",
    "encode_labels",
    "find_positive",
    "label_column",
    "missing_labels",
    "refuse_one_class",
]

UNLABELLED = -1
POSITIVE_WORDS = frozenset({"yes", "positive", "responder"})
# Only of two classes: of three grades, 1 is a grade.
POSITIVE_NUMBER = "1"
TRUTH = {"true": "1", "false": "0"}
# Different numbers among labels; with more they are an age, a score or a time.
MOST_NUMBERS = 20

_TO_CLASSES = (
    "Put classes in place of an amount or a time, such as high and low, or use a "
    "regressor, such as TwinTowerRegressor."
)


def label_column(y: Any) -> NDArray[Any]:
    """Labels as an array of shape (n_rows,).

    Raises
    ------
    ValueError
        If there are several columns, such as those of a time-to-event outcome.
    """
    if isinstance(y, np.ma.MaskedArray):
        y = unmasked(y.astype(object))
    if isinstance(y, list | tuple) and np.asarray(y).dtype.kind in "US":
        # Lest NaN become a class "nan".
        y = np.asarray(y, dtype=object)
    _refuse_columns(y)
    return column_or_1d(y, warn=True)


def _refuse_columns(y: Any) -> None:
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names is None and getattr(y, "columns", None) is not None:
        names = y.columns
    # np.ndim would ask an array-like of another library.
    shape = np.asarray(y).shape if names is None else (len(y), len(names))
    n_columns = shape[1] if len(shape) == 2 else 1
    if n_columns > 1:
        named = "" if names is None else f" ({', '.join(map(repr, names))})"
        raise ValueError(
            f"y has {n_columns} columns{named}, and a classifier predicts one label "
            "per row: of several labels pass one column, of one-hot columns "
            "y.argmax(axis=1). For a time to an event use a survival estimator, such "
            "as TwinTowerSurvival."
        )


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
        If a label is missing without `allow_unlabelled`, or labels are no classes:
        of two types, infinite, dates, fractions, or too many different numbers.
    """
    y = label_column(y)
    missing = missing_labels(y)
    if missing.any() and not allow_unlabelled:
        row = np.flatnonzero(missing)[0]
        raise ValueError(f"Input y contains NaN: the label of row {row} is missing.")
    labelled = y[~missing]
    if labelled.dtype == object and len(labelled):
        _refuse_mixed_types(labelled)
        labelled = np.array(labelled.tolist())
    _refuse_amounts(labelled)
    codes = np.full(len(y), UNLABELLED, dtype=np.int64)
    if not len(labelled):
        return labelled, codes
    check_classification_targets(labelled)
    classes, codes[~missing] = np.unique(labelled, return_inverse=True)
    return classes, codes


def _refuse_mixed_types(labels: NDArray[Any]) -> None:
    """Raise a ValueError if some labels are text and others are not: 1 and "1"."""
    is_text = np.array([isinstance(label, str) for label in labels])
    if is_text.any() and not is_text.all():
        raise ValueError(
            f"y mixes text, such as {labels[is_text][0]!r} ({is_text.sum()} rows), and "
            f"other labels, such as {labels[~is_text][0]!r} ({(~is_text).sum()} rows), "
            "which would be different classes: give all labels one type."
        )


def _refuse_amounts(labels: NDArray[Any]) -> None:
    """Raise a ValueError if labels are amounts or times rather than classes."""
    # Errors begin as scikit-learn's, which its checks of estimators require.
    if labels.dtype.kind in "mM":
        raise ValueError(f"Unknown label type: y holds dates or times. {_TO_CLASSES}")
    if labels.dtype.kind not in "iuf":
        return
    if not np.isfinite(labels).all():
        raise ValueError("Input y contains infinity or a value too large.")
    if (labels % 1 != 0).any():
        raise ValueError(
            f"Unknown label type: continuous. {labels[labels % 1 != 0][0]:g} is no "
            f"class. {_TO_CLASSES}"
        )
    n_values = len(np.unique(labels))
    if n_values > MOST_NUMBERS:
        raise ValueError(
            f"Unknown label type: y has {n_values} different whole numbers, from "
            f"{labels.min():g} to {labels.max():g}; up to {MOST_NUMBERS} are taken as "
            f"classes. {_TO_CLASSES} If the numbers are codes of classes, make them "
            "text: y.astype(str)."
        )


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
    y = label_column(y)
    if len(y) != n_rows:
        raise ValueError(f"y has {len(y)} labels for {n_rows} rows of X.")
    _warn_of_spellings(y)
    return y


def _warn_of_spellings(y: NDArray[Any]) -> None:
    """Warn of classes that blanks and case alone keep apart, such as yes and Yes."""
    if y.dtype.kind not in "OU":
        return
    spellings: dict[str, dict[str, None]] = {}
    for label in y[~missing_labels(y)].tolist():
        if isinstance(label, str):
            spellings.setdefault(label.strip().casefold(), {})[label] = None
    several = [list(same) for same in spellings.values() if len(same) > 1]
    if several:
        shown = "; ".join(", ".join(map(repr, same)) for same in several[:3])
        warn(
            f"y has classes that only blanks or case keep apart: {shown}. If they are "
            "the same, make them one, such as with y.str.strip().str.lower()."
        )


def refuse_one_class(estimator: Any, classes: NDArray[Any]) -> None:
    """Raise a ValueError unless there are two classes or more."""
    if len(classes) < 2:
        found = classes.tolist()
        given = f"one class only: {found[0]!r}" if found else "NaN for all labels"
        raise ValueError(f"{type(estimator).__name__} needs two classes, got {given}.")
