"""Assignment of rows, or of groups of rows, to folds."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from skmultimodal.utils._warnings import ignored_warnings

__all__ = [
    "assign_groups",
    "assign_rows",
    "number_strata",
    "train_and_test",
]


def train_and_test(n_rows, test, groups):
    """Training rows, which share no group with the tested rows, and tested rows."""
    held_out = np.zeros(n_rows, dtype=bool)
    held_out[test] = True
    if groups is not None:
        held_out = np.isin(groups, groups[test])
    return np.flatnonzero(~held_out), test


def number_strata(patterns, codes):
    """Number of the stratum, a pattern and a class, of each row.

    The strata of one pattern have consecutive numbers, that without labels the last.
    `codes` are the class numbers of the rows, -1 for unlabelled ones.
    """
    of_pattern = np.unique(patterns, return_inverse=True)[1]
    unlabelled_last = np.where(codes < 0, codes.max() + 1, codes)
    pairs = np.column_stack([of_pattern, unlabelled_last])
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)


def assign_rows(strata, n_splits, rng):
    """Test rows of each fold, stratified: list of ndarray.

    Rows are sorted by stratum and assigned to the folds in turn, so any run of them is
    spread evenly: the rows of a stratum, of a pattern, and the labelled ones of a
    pattern, however few rows a stratum has. StratifiedKFold spreads strata only, and
    warns of small ones.
    """
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    return [np.sort(order[first::n_splits]) for first in rng.permutation(n_splits)]


def assign_groups(strata, groups, n_splits, rng):
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
