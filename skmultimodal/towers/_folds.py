"""Folds that the members of an ensemble do not see."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv

from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._warnings import ignored_warnings

__all__ = ["hold_out"]


def hold_out(
    cv: Any,
    codes: NDArray,
    groups: Any = None,
    random_state: int | np.random.RandomState | None = None,
    counted: NDArray | None = None,
) -> list[Any]:
    """Rows to fit each member on, and rows to hold out from it.

    Parameters
    ----------
    cv : int or splitter
        An int is stratified by class, in whole groups if there are any, and shuffled if
        there is a random state.
    codes : ndarray of int, shape (n_rows,)
        Class numbers, or other strata; rows with -1 are in no fold.
    groups : array-like of shape (n_rows,), default=None
    random_state : int, RandomState instance or None, default=None
    counted : ndarray of bool, shape (n_rows,), default=None
        Rows that train and are held out; a splitter numbers all. None is all.

    Returns
    -------
    folds : list of (train, test)
        Row numbers. Folds without which a class has no row are left out; if none is
        left, the only one trains on all labelled rows and holds out none.

    Raises
    ------
    ValueError
        If `groups` has another length, or all rows are of one group.
    """
    known = np.flatnonzero(codes >= 0)
    counted = codes >= 0 if counted is None else counted
    counts = np.unique(codes[counted], return_counts=True)[1]
    everything = [(np.flatnonzero(counted), known[:0])]
    if counts.min() < 2:
        return everything
    if groups is not None:
        groups = np.asarray(check_groups(groups, len(codes)))[known]
    if isinstance(cv, Integral):
        cv = _stratified(min(cv, counts.max()), groups, random_state)
    # A class with fewer rows than folds is held out from as many as it has rows.
    with ignored_warnings("The least populated class"):
        splits = list(check_cv(cv).split(known, codes[known], groups))
    folds = [
        tuple(part[counted[part]] for part in (known[train], known[test]))
        for train, test in splits
    ]
    folds = [fold for fold in folds if len(np.unique(codes[fold[0]])) == len(counts)]
    return folds or everything


def _stratified(
    n_splits: int, groups: Any, random_state: int | np.random.RandomState | None
) -> Any:
    shuffled = {"shuffle": random_state is not None, "random_state": random_state}
    if groups is None:
        return StratifiedKFold(n_splits, **shuffled)
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise ValueError(
            "whole groups are held out, and all rows are of one group: leave `groups` "
            "out."
        )
    return StratifiedGroupKFold(min(n_splits, n_groups), **shuffled)
