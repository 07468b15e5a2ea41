"""Folds that the members of an ensemble do not see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedKFold,
)

from skmultimodal.towers._folds import hold_out


def test_stratified_folds_in_order():
    codes = np.array([0, 1, 1] * 7)
    folds = hold_out(3, codes)
    wanted = StratifiedKFold(3).split(codes, codes)
    for (train, test), (other_train, other_test) in zip(folds, wanted, strict=True):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)


def test_a_random_state_shuffles():
    codes = np.array([0, 1, 1] * 7)
    tests = {
        seed: [test.tolist() for _, test in hold_out(3, codes, random_state=seed)]
        for seed in (None, 0, 1)
    }
    assert tests[0] != tests[None]
    assert tests[0] != tests[1]
    again = [test.tolist() for _, test in hold_out(3, codes, random_state=1)]
    assert again == tests[1]


def test_unlabelled_rows_are_in_no_fold():
    codes = np.array([0, 1, -1, 1, 0, -1, 0, 1, -1])
    folds = hold_out(2, codes)
    assert len(folds) == 2
    known = [0, 1, 3, 4, 6, 7]
    assert np.sort(np.concatenate([test for _, test in folds])).tolist() == known
    for train, test in folds:
        assert np.sort(np.r_[train, test]).tolist() == known


@pytest.mark.parametrize("n_scarce", [2, 3, 5, 9])
def test_scarce_class_costs_no_folds(n_scarce):
    """Other classes keep their five folds, and each fold trains on all classes."""
    codes = np.r_[np.zeros(20, int), np.ones(n_scarce, int)]
    folds = hold_out(5, codes)
    assert len(folds) == 5
    for train, test in folds:
        assert set(codes[train]) == {0, 1}
        assert np.mean(codes[test] == 0) > 0
    held_out = np.concatenate([test for _, test in folds])
    assert np.sort(held_out).tolist() == list(range(20 + n_scarce))


def test_no_more_folds_than_rows():
    assert len(hold_out(5, np.array([0, 0, 0, 1, 1]))) == 3


def test_class_of_one_row_leaves_nothing_to_hold_out():
    codes = np.array([0, 0, 1, 0, -1, 0])
    ((train, test),) = hold_out(3, codes)
    assert train.tolist() == [0, 1, 2, 3, 5]
    assert len(test) == 0


def test_splitter_is_used_as_it_is():
    codes = np.array([0, 1] * 8)
    folds = hold_out(KFold(4), codes, random_state=7)
    assert [test.tolist() for _, test in folds] == np.arange(16).reshape(4, 4).tolist()


def test_splitter_whose_folds_overlap():
    codes = np.array([0, 1] * 10)
    cv = ShuffleSplit(6, test_size=0.5, random_state=0)
    folds = hold_out(cv, codes)
    for (train, test), (other, _) in zip(folds, cv.split(codes), strict=True):
        np.testing.assert_array_equal(train, other)
        assert len(np.intersect1d(train, test)) == 0


def test_splitter_sees_only_labelled_rows():
    codes = np.array([0, 1, -1, 1, 0, 1])
    folds = hold_out(KFold(5), codes)
    assert [test.tolist() for _, test in folds] == [[0], [1], [3], [4], [5]]


def test_folds_without_which_a_class_has_no_row_are_left_out():
    codes = np.array([0, 0, 0, 1, 1, 0])
    folds = hold_out(KFold(3), codes)  # {0, 1}, {2, 3}, {4, 5}
    assert len(folds) == 3
    folds = hold_out(KFold(2), np.array([0, 0, 0, 0, 1, 1]))
    assert [test.tolist() for _, test in folds] == [[0, 1, 2]]
    ((train, test),) = hold_out(KFold(2), np.array([0, 0, 0, 1, 1, 1]))
    assert (len(train), len(test)) == (6, 0)


# Groups

KINDS = {
    "text": np.array(list("abcdefg")),
    "numbers": np.array([3, 30, 300, 1, 10, 100, 0]),
    "floats": np.array([0.5, 1.5, 1e9, 2.5, 3.5, -1.0, 7.0]),
    "objects": np.array(["a", 3, False, "bb", 4.5, "ccc", ""], dtype=object),
}


@pytest.mark.parametrize("names", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("random_state", [None, 0])
def test_groups_are_held_out_whole(names, random_state):
    codes = np.array([0, 1, 1] * 14)
    numbers = np.arange(42) % 7
    folds = hold_out(4, codes, names[numbers], random_state)
    assert len(folds) == 4
    for train, test in folds:
        assert not set(numbers[train]) & set(numbers[test])
    tested = np.concatenate([test for _, test in folds])
    assert np.sort(tested).tolist() == list(range(42))


def test_no_more_folds_than_groups():
    codes = np.array([0, 1] * 12)
    groups = np.repeat(["a", "b", "c"], 8)
    assert len(hold_out(10, codes, groups)) == 3


def test_groups_of_unlabelled_rows_do_not_count():
    codes = np.array([0, 1, 0, 1, -1, -1])
    groups = np.array(["a", "a", "b", "b", "c", "d"])
    folds = hold_out(4, codes, groups)
    assert sorted(test.tolist() for _, test in folds) == [[0, 1], [2, 3]]


def test_splitter_is_given_the_groups():
    codes = np.array([0, 1] * 9)
    groups = np.arange(18) % 9 // 3
    for cv in (LeaveOneGroupOut(), GroupKFold(3)):
        folds = hold_out(cv, codes, groups)
        assert len(folds) == 3
        for train, test in folds:
            assert len(set(groups[test])) == 1
            assert not set(groups[train]) & set(groups[test])


def test_class_in_one_group_is_not_held_out():
    codes = np.array([0, 1, 0, 1, 0, 0, 0, 0])
    groups = np.array(["a", "a", "a", "a", "b", "b", "c", "c"])
    folds = hold_out(3, codes, groups)
    assert folds
    for train, test in folds:
        assert set(codes[train]) == {0, 1}
        assert "a" not in groups[test]


@pytest.mark.parametrize("n_groups", [5, 7])
def test_groups_of_another_length(n_groups):
    codes = np.array([0, 1, 0, 1, 0, 1])
    with pytest.raises(ValueError, match=rf"6 rows, groups has shape \({n_groups},\)"):
        hold_out(2, codes, np.arange(n_groups))


def test_one_group_only():
    with pytest.raises(ValueError, match="all rows are of one group"):
        hold_out(2, np.array([0, 1] * 4), ["a"] * 8)


@given(
    codes=st.lists(st.sampled_from([-1, 0, 0, 1, 1, 2]), min_size=6, max_size=30),
    n_groups=st.integers(0, 6),
    n_splits=st.integers(2, 7),
    random_state=st.sampled_from([None, 0]),
)
@settings(max_examples=100)
def test_any_labels_and_groups(codes, n_groups, n_splits, random_state):
    """Members know every class, and no row or group on both sides."""
    codes = np.unique([0, 1, *codes], return_inverse=True)[1] - (-1 in codes)
    rng = np.random.default_rng(0)
    groups = None
    if n_groups:
        groups = np.r_[0, 1, rng.integers(0, n_groups, len(codes))][: len(codes)]
        if len(set(groups[codes >= 0])) < 2:
            groups = None
    folds = hold_out(n_splits, codes, groups, random_state)
    classes = set(codes[codes >= 0])
    seen = np.zeros(len(codes), dtype=int)
    assert 1 <= len(folds) <= n_splits
    for train, test in folds:
        assert set(codes[train]) == classes
        assert np.all(codes[test] >= 0)
        assert not set(train) & set(test)
        assert set(train) | set(test) == set(np.flatnonzero(codes >= 0))
        if groups is not None:
            assert not set(groups[train]) & set(groups[test])
        seen[test] += 1
    assert seen.max() <= 1
