"""Nested subsets of rows and of whole groups."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skmultimodal.model_selection._folds import Fold
from skmultimodal.model_selection._subsets import (
    cut_groups,
    order_groups,
    order_rows,
    shrink_folds,
)


@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    seed=st.integers(0, 99),
)
def test_each_beginning_is_stratified(counts, seed):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    order = order_rows(codes, np.random.RandomState(seed))
    assert sorted(order) == list(range(len(codes)))
    for number in range(len(counts), len(codes) + 1):
        drawn = np.bincount(codes[order[:number]], minlength=len(counts))
        exact = number * np.array(counts) / len(codes)
        assert drawn.min() >= 1
        # The rows that stand for rare classes are taken from the others.
        assert np.all(np.abs(drawn - exact) <= len(counts))


@given(
    sizes=st.lists(st.integers(1, 5), min_size=4, max_size=12), seed=st.integers(0, 99)
)
def test_groups_stay_whole(sizes, seed):
    rng = np.random.default_rng(seed)
    of_row = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    codes = of_row % 2  # each group is of one class
    order, ends = order_groups(codes, of_row + 7, np.random.RandomState(seed))
    assert sorted(order) == list(range(len(codes)))
    assert ends[-1] == len(codes)
    assert len(ends) == len(sizes) - 1  # one group of each class at least
    for end in ends:
        drawn, left = of_row[order[:end]], of_row[order[end:]]
        assert not set(drawn) & set(left)
        assert set(codes[order[:end]]) == {0, 1}


def test_the_nearest_cut():
    ends = np.array([3, 8, 15])
    assert [cut_groups(ends, n) for n in (1, 5, 6, 11, 12, 15)] == [3, 3, 8, 8, 15, 15]


def test_shrinking_keeps_other_places():
    folds = [Fold(0, 0, np.array([5, 3, 8, 1]), np.array([2]))]
    (fold,) = shrink_folds(folds, [np.array([2, 0, 3])], [1])
    assert fold.train.tolist() == [3, 8]
    assert fold.test.tolist() == [2]
