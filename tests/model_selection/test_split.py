import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)

from skmultimodal import Cohort, make_survival_target
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
)


def cohort_of(has):
    """Cohort with the availability `has`, boolean of shape (n_rows, 2)."""
    has = np.asarray(has, dtype=bool)
    image, gene = np.ones((len(has), 1, 2, 3)), np.ones((len(has), 4))
    image[~has[:, 0]] = np.nan
    gene[~has[:, 1]] = np.nan
    return Cohort({"image": image, "gene": gene})


@st.composite
def cohorts(draw):
    """Availability, labels (NaN: none) and groups of up to 40 rows."""
    n_rows = draw(st.integers(6, 40))
    pattern = st.sampled_from([(True, True), (True, False), (False, True)])
    column = {"min_size": n_rows, "max_size": n_rows}
    has = draw(st.lists(pattern, **column))
    y = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), **column))
    groups = draw(st.lists(st.integers(0, 8), **column))
    return cohort_of(has), np.array(y), np.array(groups)


def class_counts(y):
    return np.unique(y, return_counts=True)[1]


@settings(max_examples=80, deadline=None)
@given(data=cohorts(), k=st.integers(2, 4), repeats=st.integers(1, 3))
def test_paired_folds_of_any_cohort(data, k, repeats):
    X, y, _ = data
    splitter = PairedStratifiedKFold(k, repeats, random_state=0)
    eligible = np.flatnonzero(X.paired & ~np.isnan(y))
    present = np.unique(y[~np.isnan(y)])
    counts = [np.sum(y[eligible] == label) for label in present]
    if not len(eligible) or min(counts) < k:
        with pytest.raises(ValueError, match="all of image, gene"):
            list(splitter.split(X, y))
        return
    folds = list(splitter.split(X, y))
    assert len(folds) == splitter.get_n_splits() == k * repeats
    for train, test in folds:
        np.testing.assert_array_equal(np.union1d(train, test), np.arange(len(X)))
        assert not np.intersect1d(train, test).size
        for label, count in zip(present, counts, strict=True):
            assert np.sum(y[test] == label) in (count // k, -(-count // k))
    for repeat in range(repeats):
        tests = [test for _, test in folds[repeat * k : (repeat + 1) * k]]
        np.testing.assert_array_equal(np.sort(np.concatenate(tests)), eligible)


@settings(max_examples=80, deadline=None)
@given(data=cohorts(), k=st.integers(2, 4))
def test_paired_folds_never_split_a_group(data, k):
    X, y, groups = data
    eligible = np.flatnonzero(X.paired & ~np.isnan(y))
    y[~np.isnan(y)] %= 2
    rare = not len(eligible) or class_counts(y[eligible]).min() < k
    if rare or len(np.unique(y[eligible])) < len(np.unique(y[~np.isnan(y)])):
        return
    splitter = PairedStratifiedKFold(k, random_state=0)
    if len(np.unique(groups[eligible])) < k:
        with pytest.raises(ValueError, match=r"groups?, and \d are needed"):
            list(splitter.split(X, y, groups))
        return
    folds = list(splitter.split(X, y, groups))
    tests = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(tests), eligible)
    for train, test in folds:
        assert len(test)
        assert not np.isin(groups[train], groups[test]).any()
        # Every row of the other groups trains, paired or not.
        others = np.flatnonzero(~np.isin(groups, groups[test]))
        np.testing.assert_array_equal(train, others)


@settings(max_examples=80, deadline=None)
@given(data=cohorts(), k=st.integers(2, 5))
def test_pattern_folds_of_any_cohort(data, k):
    X, y, groups = data
    folds = list(PatternStratifiedKFold(k, random_state=0).split(X, y))
    tests = [test for _, test in folds]
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(len(X)))
    labels = np.where(np.isnan(y), -1, y)
    strata = [f"{p}{label}" for p, label in zip(X.patterns, labels, strict=True)]
    complete = X.paired & ~np.isnan(y)
    for runs in (np.array(strata), X.patterns, complete, np.zeros(len(X))):
        for run in np.unique(runs) if runs is not complete else [True]:
            per_fold = [np.sum(runs[test] == run) for test in tests]
            assert max(per_fold) - min(per_fold) <= 1
    for train, test in folds:
        np.testing.assert_array_equal(np.union1d(train, test), np.arange(len(X)))
        assert len(train) + len(test) == len(X)
    if len(np.unique(groups)) >= k:
        by_group = list(PatternStratifiedKFold(k, random_state=0).split(X, y, groups))
        tests = np.concatenate([test for _, test in by_group])
        np.testing.assert_array_equal(np.sort(tests), np.arange(len(X)))
        for train, test in by_group:
            assert not np.isin(groups[train], groups[test]).any()


def test_pattern_folds_without_labels(cohort):
    X, y = cohort
    for labels in (None, np.full(len(y), np.nan)):
        for _, test in PatternStratifiedKFold(3, random_state=0).split(X, labels):
            assert X[test].summary().tolist() in ([3, 7, 13], [3, 7, 14])


def test_paper_hold_out_is_30_to_20(make):
    X, y = make(n_image=95, n_gene=452, n_paired=50)
    y[np.flatnonzero(X.paired)] = np.repeat([0, 1], [10, 40])
    y[-1] = np.nan
    hold_out = PairedStratifiedShuffleSplit(test_size=20, random_state=0)
    ((train, test),) = hold_out.split(X, y)
    assert hold_out.get_n_splits() == 1
    assert X.paired[test].all()
    assert np.bincount(y[test].astype(int)).tolist() == [4, 16]
    assert len(train) == 597 - 20
    assert len(train) == len(np.setdiff1d(np.arange(597), test))
    with pytest.raises(ValueError, match="use PairedStratifiedKFold"):
        list(hold_out.split(X, y, groups=y))


@pytest.mark.parametrize(
    "splitter",
    [
        PairedStratifiedKFold(3, 2, random_state=5),
        PatternStratifiedKFold(3, random_state=5),
        PairedStratifiedShuffleSplit(4, random_state=5),
    ],
)
def test_an_integer_seed_repeats_the_folds(splitter, cohort):
    X, y = cohort
    first, second = list(splitter.split(X, y)), list(splitter.split(X, y))
    for (train, test), (train_again, test_again) in zip(first, second, strict=True):
        np.testing.assert_array_equal(train, train_again)
        np.testing.assert_array_equal(test, test_again)
    other = list(splitter.__class__(3, random_state=6).split(X, y))
    assert any(not np.array_equal(a[1], b[1]) for a, b in zip(first, other))  # noqa: B905
    assert repr(splitter).startswith(type(splitter).__name__ + "(")
    assert "random_state=5" in repr(splitter)


def test_repeats_differ(cohort):
    folds = list(PairedStratifiedKFold(3, 2, random_state=0).split(*cohort))
    assert not np.array_equal(folds[0][1], folds[3][1])


def test_labels_and_containers(cohort):
    X, y = cohort
    words = np.array(["no", "yes"], dtype=object)[y.astype(int)]
    words[-1] = None
    floats = y.copy()
    floats[-1] = np.nan
    blocks = {name: np.full((len(X), 2), np.nan) for name in X.modalities}
    for name in blocks:
        blocks[name][X.has(name)] = 1.0
    splitter = PairedStratifiedKFold(4, random_state=0)
    expected = [test.tolist() for _, test in splitter.split(X, floats)]
    for data, labels in [(X, words), (X, pd.Series(words)), (blocks, list(words))]:
        found = [test.tolist() for _, test in splitter.split(data, labels)]
        assert found == expected
    assert sum(map(len, expected)) == X.paired.sum() - 1


def test_every_row_of_one_modality_is_paired():
    X, y = np.ones((9, 2)), np.arange(9) % 3
    for train, test in PairedStratifiedKFold(3, random_state=0).split(X, y):
        assert (len(train), len(test)) == (6, 3)


@pytest.mark.parametrize("splitter", [PairedStratifiedKFold, PatternStratifiedKFold])
def test_scikit_learn_tools_take_the_splitters(splitter, cohort, model):
    X, y = cohort
    X, y = X[X.paired], y[X.paired]
    cv = splitter(3, random_state=0)
    assert cross_val_score(model, X, y, cv=cv, n_jobs=2).shape == (3,)
    assert cross_val_predict(model, X, y, cv=cv).shape == y.shape
    search = GridSearchCV(model, {"C": [0.1, 1.0]}, cv=cv).fit(X, y)
    assert search.n_splits_ == 3


@pytest.mark.parametrize("splitter", [PairedStratifiedKFold, PatternStratifiedKFold])
def test_groups_are_routed(splitter, cohort, model):
    X, y = cohort
    X, y = X[X.paired], y[X.paired]
    groups = np.arange(len(y)) % 7
    cv = splitter(3, random_state=0)
    options = {"cv": cv, "return_indices": True}
    with sklearn.config_context(enable_metadata_routing=True):
        routed = cross_validate(model, X, y, params={"groups": groups}, **options)
    plain = cross_validate(model, X, y, groups=groups, **options)
    for name in ("train", "test"):
        for a, b in zip(routed["indices"][name], plain["indices"][name], strict=True):
            np.testing.assert_array_equal(a, b)
    for train, test in zip(*plain["indices"].values(), strict=True):
        assert not np.isin(groups[train], groups[test]).any()


def test_leave_one_site_out(cohort):
    X, y = cohort
    sites = np.array(["A", "B", "C"])[np.arange(len(X)) % 3]
    splitter = PairedStratifiedKFold(3, random_state=0)
    tested = [np.unique(sites[test]) for _, test in splitter.split(X, y, sites)]
    assert sorted(site.item() for site in tested) == ["A", "B", "C"]


def bad_inputs():
    no_pairs = cohort_of([[True, False]] * 4 + [[False, True]] * 4)
    pairs = cohort_of([[True, True]] * 8)
    y = np.array([0, 1] * 4)
    rare = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    missing = np.array(["a"] * 7 + [None], dtype=object)
    return [
        (no_pairs, y, None, {}, "none of 8 rows has all of image, gene: use Pattern"),
        (pairs, np.full(8, np.nan), None, {}, "none of the 8 rows with all of image, "),
        (pairs, rare, None, {}, "class 1 has 2 labelled rows with all of image, gene"),
        (pairs, y[:5], None, {}, "X has 8 rows, y has 5"),
        (pairs, None, None, {}, "y must be given"),
        (pairs, y, y // 2, {}, "rows with all of image, gene are of 1 group, and 3 "),
        (pairs, y, y[:3], {}, r"groups has shape \(3,\)"),
        (pairs, y, missing, {}, "the group of row 7 is missing"),
        (pairs, y, None, {"n_splits": 1}, "n_splits of .* at least 2, got 1"),
        (pairs, y, None, {"n_splits": 2.5}, "n_splits of"),
        (pairs, y, None, {"n_repeats": 0}, "n_repeats of"),
    ]


@pytest.mark.parametrize(("X", "y", "groups", "params", "message"), bad_inputs())
def test_bad_input_is_named(X, y, groups, params, message):
    splitter = PairedStratifiedKFold(**params)
    with pytest.raises(ValueError, match=message):
        list(splitter.split(X, y, groups))


def test_pattern_folds_refuse_too_few_rows():
    X = cohort_of([[True, True]] * 4)
    with pytest.raises(ValueError, match="n_splits=5 is more than 4 rows"):
        list(PatternStratifiedKFold().split(X, [0, 1, 0, 1]))
    with pytest.raises(ValueError, match="n_splits=3 is more than 2 groups"):
        list(PatternStratifiedKFold(3).split(X, [0, 1, 0, 1], [0, 0, 1, 1]))


def survival_cohort(event):
    n = len(event)
    X = Cohort({"image": np.ones((n, 2)), "gene": np.ones((n, 3))})
    return X, make_survival_target(event, np.arange(n) + 1.0)


@pytest.mark.parametrize("n_events", [0, 1, 2, 15, 30])
@pytest.mark.parametrize(
    "splitter", [PairedStratifiedKFold(3), PairedStratifiedShuffleSplit(3)]
)
def test_times_are_dealt_by_event_where_there_are_enough(n_events, splitter):
    X, y = survival_cohort(np.arange(30) < n_events)
    splits = list(splitter.split(X, y))
    assert len(splits) == 3
    if n_events == 15:
        shares = [y["event"][test].mean() for _, test in splits]
        np.testing.assert_allclose(shares, 0.5)
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(30))


def test_too_few_times_to_be_split():
    X, y = survival_cohort([True, False])
    with pytest.raises(ValueError, match="2 labelled rows with all of image, gene, an"):
        list(PairedStratifiedKFold(3).split(X, y))
