"""The label among the features or covariates."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from skmultimodal.utils._rows import is_lazy_in, lazy_batches

__all__ = ["find_label", "follows_label", "follows_number"]

N_SUSPECTED = 64  # rows by which most columns are acquitted
CHANCE = 1e-3
FEWEST_VALUES = 7  # by chance, one order of so many in 2,520 rises or falls throughout


def find_label(cohort: Any, name: str, codes: NDArray[Any]) -> str | None:
    """The column of a modality that has one value for each class.

    Parameters
    ----------
    cohort : Cohort
        Rows with the modality and a label.
    name : str
        The modality; one that is no table is not searched. Of a lazy one 64 rows are
        read, and all rows, in batches, if a column of these follows the label.
    codes : ndarray of int, shape (n_rows,)
        Number of the class of each row.

    Returns
    -------
    column : str or None
        None also if a column of chance may be one.
    """
    shape = cohort.block_shape(name)
    if len(shape) != 2 or not can_be_found(codes, shape[1]):
        return None
    some = np.arange(0, len(codes), max(1, len(codes) // N_SUSPECTED))
    rows, lazy = cohort[some].block(name), is_lazy_in(cohort, name)
    if not lazy and rows.dtype == object:
        table = cohort.table(name)
        found = [c for c in table if follows_label(table[c], codes)]
        return f"column {found[0]!r}" if found else None
    if rows.dtype.kind not in "iufb":
        return None
    rows = np.asarray(rows)
    suspects = np.flatnonzero(_constant_by_class(rows, codes[some]))
    if not len(suspects):
        return None
    block = cohort.block(name)
    parts = lazy_batches(block.shape) if lazy else [slice(None)]
    every = np.concatenate([np.asarray(block[part])[:, suspects] for part in parts])
    places = suspects[_constant_by_class(every, codes)]
    if not len(places):
        return None
    names = cohort.feature_names(name)
    return f"column {places[0] if names is None else repr(names[places[0]])}"


def follows_label(column: pd.Series, codes: NDArray[Any]) -> bool:
    """Whether a covariate of any type has one value for each class, and others none."""
    if not can_be_found(codes, 1):
        return False
    numbers, values = pd.factorize(column, use_na_sentinel=False)
    of_row = numbers[:, None].astype(np.float64)
    return len(values) > 1 and bool(_constant_by_class(of_row, codes)[0])


def follows_number(column: NDArray[Any], numbers: NDArray[Any]) -> bool:
    """Whether a covariate rises, or falls, with every rise of a number.

    Parameters
    ----------
    column : ndarray of float, shape (n_rows,)
        NaN where it is missing.
    numbers : ndarray of float, shape (n_rows,)
    """
    known = ~np.isnan(column)
    values = column[known][np.lexsort((column[known], numbers[known]))]
    if min(len(np.unique(v)) for v in (values, numbers[known])) < FEWEST_VALUES:
        return False
    steps = np.diff(values)
    falling = np.diff(column[known][np.lexsort((-column[known], numbers[known]))])
    return bool((steps >= 0).all() or (falling <= 0).all())


def can_be_found(codes: NDArray[Any], n_columns: int) -> bool:
    """Whether no column of chance is likely to be arranged as the labels are."""
    counts = np.unique(codes, return_counts=True)[1]
    if len(counts) < 2:
        return False
    arrangements = gammaln(len(codes) + 1) - gammaln(counts + 1).sum()
    return bool(arrangements > np.log(max(n_columns, 1) / CHANCE))


def _constant_by_class(rows: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.bool_]:
    """Which columns have one value for each class, and no two classes the same."""
    classes = np.unique(codes)
    values = np.stack([rows[np.argmax(codes == code)] for code in classes])
    constant = np.all(rows == values[np.searchsorted(classes, codes)], axis=0)
    differ = np.diff(np.sort(values.astype(np.float64), axis=0), axis=0) != 0
    return constant & differ.all(axis=0)
