"""Dealing rows, or groups of rows, out to folds."""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

__all__ = [
    "deal_groups",
    "deal_rows",
    "number_strata",
    "train_and_test",
]


def train_and_test(n_rows, test, groups):
    """All rows but the tested ones, and but those of the groups tested."""
    held_out = np.zeros(n_rows, dtype=bool)
    held_out[test] = True
    if groups is not None:
        held_out = np.isin(groups, groups[test])
    return np.flatnonzero(~held_out), test


def number_strata(patterns, codes):
    """Number the pairs of pattern and class, the labelled ones of a pattern in a run.

    `codes` numbers the class of each row, -1 where it has no label.
    """
    of_pattern = np.unique(patterns, return_inverse=True)[1]
    unlabelled_last = np.where(codes < 0, codes.max() + 1, codes)
    pairs = np.column_stack([of_pattern, unlabelled_last])
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)


def deal_rows(strata, n_splits, rng):
    """Deal rows to the folds like cards, one stratum after the other.

    A run of rows in the order of dealing is spread evenly over the folds. So are, then,
    the rows of a stratum, of a pattern, and the labelled ones of a pattern, however few
    rows a stratum has; StratifiedKFold promises that for strata only, and warns.
    """
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    hands = rng.permutation(n_splits)
    return [np.sort(order[hand::n_splits]) for hand in hands]


def deal_groups(strata, groups, n_splits, rng):
    """Deal whole groups to the folds, each stratum as evenly as they allow."""
    n_groups = len(np.unique(groups))
    if n_groups < n_splits:
        raise ValueError(f"n_splits={n_splits} is more than {n_groups} groups to test.")
    if np.bincount(strata).max() < n_splits:
        strata = np.zeros_like(strata)
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=rng)
    with warnings.catch_warnings():
        # Strata with fewer rows than folds are expected here.
        warnings.filterwarnings("ignore", "The least populated class")
        return [np.asarray(test) for _, test in folds.split(strata, strata, groups)]
