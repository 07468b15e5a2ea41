"""Groups of rows: hospitals, or the patients whose slices are rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.utils._labels import missing_labels
from skmultimodal.utils._rows import unmasked

__all__ = ["check_groups"]


def check_groups(groups: Any, n_rows: int) -> NDArray[np.intp] | None:
    """Number the groups.

    Parameters
    ----------
    groups : array-like of shape (n_rows,) or None
        Of any type: two rows are of one group if their text is the same.
    n_rows : int

    Returns
    -------
    numbers : ndarray of intp, shape (n_rows,), or None
        From 0, in the order of the groups' text. None without groups.

    Raises
    ------
    ValueError
        If there is not one group per row, or one is missing.
    """
    if groups is None:
        return None
    groups = np.asarray(unmasked(groups))
    if groups.shape != (n_rows,):
        raise ValueError(f"X has {n_rows} rows, groups has shape {groups.shape}.")
    missing = np.flatnonzero(missing_labels(groups))
    if len(missing):
        raise ValueError(
            f"the group of row {missing[0]} is missing, one of {len(missing)}: give "
            "each row of unknown group a group of its own."
        )
    return np.unique(groups.astype(str), return_inverse=True)[1]
