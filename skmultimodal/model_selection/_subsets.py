"""Nested subsets of training rows: for curves over the number of rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["cut_groups", "order_groups", "order_rows", "shrink_folds"]


def order_rows(codes: NDArray, rng: np.random.RandomState) -> NDArray:
    """An order of rows of which every beginning is stratified and has all classes."""
    key = np.empty(len(codes))
    for code in np.unique(codes):
        members = rng.permutation(np.flatnonzero(codes == code))
        key[members] = (np.arange(len(members)) + 0.5) / len(members)
        key[members[0]] = 0
    return np.lexsort((rng.random(len(codes)), key))


def order_groups(
    codes: NDArray, groups: Any, rng: np.random.RandomState
) -> tuple[NDArray, NDArray]:
    """An order of rows, group by group, and where the groups end in it.

    Groups are stratified by the class that most of their rows have, as far as such a
    group has one.

    Returns
    -------
    order : ndarray of shape (n_rows,)
    ends : ndarray of shape (n_groups,)
        Numbers of rows that are whole groups, ascending; from the first on, all classes
        that groups are of are among them.
    """
    names = np.unique(groups)
    members = [np.flatnonzero(groups == name) for name in names]
    major = np.array([np.bincount(codes[rows]).argmax() for rows in members])
    ordered = [members[place] for place in order_rows(major, rng)]
    ends = np.cumsum([len(rows) for rows in ordered])
    return np.concatenate(ordered), ends[len(np.unique(major)) - 1 :]


def cut_groups(ends: NDArray, number: Any) -> int:
    """The number of rows nearest to `number` that are whole groups."""
    return int(ends[np.argmin(np.abs(ends - number))])


def shrink_folds(folds: Any, orders: Any, numbers: Sequence[int]) -> list[Any]:
    """The folds, each with the first places of its order and all others.

    Parameters
    ----------
    folds : list of Fold
    orders : list of ndarray of int
        Places in the training rows of each fold.
    numbers : list of int
        Places to keep of each order.
    """
    return [
        fold._replace(train=np.delete(fold.train, order[number:]))
        for fold, order, number in zip(folds, orders, numbers, strict=True)
    ]
