"""Assignment of rows, or of groups of rows, to folds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from skmultimodal.utils._warnings import ignored_warnings

__all__ = [
    "assign_groups",
    "assign_rows",
    "hold_out_rows",
    "number_strata",
    "train_and_test",
]


def train_and_test(n_rows: int, test: Any, groups: Any) -> tuple[Any, Any]:
    """Training rows, which share no group with the tested rows, and tested rows."""
    held_out = np.zeros(n_rows, dtype=bool)
    held_out[test] = True
    if groups is not None:
        held_out = np.isin(groups, groups[test])
    return np.flatnonzero(~held_out), test


def number_strata(first: Any, second: Any) -> NDArray:
    """Number of the stratum of each row: of what it has `first`, and `second`.

    Strata with the same `first` have consecutive numbers.
    """
    pairs = np.column_stack(
        [np.unique(kinds, return_inverse=True)[1] for kinds in (first, second)]
    )
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)


def assign_rows(strata: Any, n_splits: int, rng: np.random.RandomState) -> list[Any]:
    """Test rows of each fold, stratified: list of ndarray.

    Rows are sorted by stratum and assigned to the folds in turn, so any run of them is
    spread evenly: the rows of a stratum, and those of strata with consecutive numbers,
    however few rows a stratum has. StratifiedKFold spreads strata only, and warns of
    small ones.
    """
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    return [np.sort(order[first::n_splits]) for first in rng.permutation(n_splits)]


def hold_out_rows(
    codes: NDArray, strata: Any, part: Any, rng: np.random.RandomState
) -> NDArray:
    """Rows to hold out, of each class as many as in `part`, evenly from its strata."""
    chosen = []
    for code, n_rows in zip(*np.unique(codes[part], return_counts=True), strict=True):
        members = rng.permutation(np.flatnonzero(codes == code))
        members = members[np.argsort(strata[members], kind="stable")]
        # One row from each of so many equal stretches.
        places = (np.arange(n_rows) + rng.random_sample()) * len(members) / n_rows
        chosen.append(members[places.astype(int)])
    return np.concatenate(chosen)


def assign_groups(
    strata: Any, groups: Any, n_splits: int, rng: np.random.RandomState
) -> list[Any]:
    """Test rows of each fold, whole groups, as stratified as these allow."""
    n_groups = len(np.unique(groups))
    if n_groups < n_splits:
        raise ValueError(f"n_splits={n_splits} is more than {n_groups} groups to test.")
    if np.bincount(strata).max() < n_splits:
        strata = np.zeros_like(strata)
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=rng)
    # Strata with fewer rows than folds are expected here.
    with ignored_warnings("The least populated class"):
        return [np.asarray(test) for _, test in folds.split(strata, strata, groups)]
