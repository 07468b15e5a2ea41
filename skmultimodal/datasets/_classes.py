"""Classes of a label that was read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.utils._labels import class_name, find_positive, missing_labels

__all__ = ["describe_classes", "find_classes"]


def find_classes(
    target: NDArray[Any], positive: Any, source: str
) -> tuple[NDArray[Any] | None, Any]:
    """Classes of a target and the positive one, or None and None without classes.

    Parameters
    ----------
    target : ndarray of shape (n_rows,)
        Of `target_array`.
    positive : class label or None
        See `find_positive`.
    source : str
        Where the labels are from, for errors.
    """
    known = np.array(target[~missing_labels(target)].tolist())
    if not len(known) or (known.dtype.kind == "f" and (known % 1 != 0).any()):
        if positive is not None:
            raise ValueError(f"positive={positive!r}, but {source} has no classes.")
        return None, None
    classes = np.unique(known)
    return classes, classes.tolist()[find_positive(classes, positive, of=source)]


def describe_classes(bunch: Bunch) -> str:
    """The classes of a loaded cohort, as a line of its description."""
    if bunch.classes is None:
        return "The label is continuous."
    names = ", ".join(map(class_name, bunch.classes.tolist()))
    return f"Classes: {names}; positive: {class_name(bunch.positive)}."
