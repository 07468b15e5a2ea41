"""Which rows are tested where few or none are complete."""

import re

import numpy as np
import pytest
from fusion_tools import THREE, make_case
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    PatternStratifiedKFold,
    compare_classifiers,
    paired_learning_curve,
    paired_permutation_test,
    unpaired_gain,
)

PAIRS = {"image": 9, "gene": 10, "image+gene": 14, "image+stain": 13, "gene+stain": 11}
# Rows with two modalities or more, and with three.
N_TWO, N_THREE = 7 + 6 + 5 + 19, 19


def sizes(X):
    return X.available.to_numpy().sum(axis=1)


def drawn(splitter, X, y, *groups):
    return [test for _, test in splitter.split(X, y, *groups)]


def counts(values):
    return np.unique(values, return_counts=True)[1].tolist()


# Where all tested rows have one pattern, the folds are scikit-learn's.


@pytest.mark.parametrize("number", [None, 3])
def test_complete_rows_are_in_the_folds_of_scikit_learn(number):
    X, y = make_case(THREE)
    complete = np.flatnonzero(X.paired)
    rng, wanted = np.random.RandomState(5), []
    for _ in range(2):
        folds = StratifiedKFold(4, shuffle=True, random_state=rng)
        parts = folds.split(y[complete], y[complete])
        wanted += [complete[test].tolist() for _, test in parts]
    options = {"random_state": 5, "min_modalities": number}
    found = drawn(PairedStratifiedKFold(4, 2, **options), X, y)
    assert [test.tolist() for test in found] == wanted

    shuffle = StratifiedShuffleSplit(3, test_size=7, random_state=5)
    parts = shuffle.split(y[complete], y[complete])
    wanted = [sorted(complete[test].tolist()) for _, test in parts]
    found = drawn(PairedStratifiedShuffleSplit(3, test_size=7, **options), X, y)
    assert [test.tolist() for test in found] == wanted


# Fewer modalities.


def test_without_complete_rows_those_with_the_most_modalities_are_tested():
    X, y = make_case(PAIRS)
    splitter = PairedStratifiedKFold(3, 2, random_state=0)
    message = (
        "none of 57 rows has all of image, gene, stain: PairedStratifiedKFold tests "
        "the 38 labelled rows that have at least 2 of them instead. min_modalities=2 "
        "chooses them without a warning."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
        folds = list(splitter.split(X, y))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    two = np.flatnonzero(sizes(X) == 2)
    for repeat in (folds[:3], folds[3:]):
        tested = np.concatenate([test for _, test in repeat])
        np.testing.assert_array_equal(np.sort(tested), two)
    for train, test in folds:
        np.testing.assert_array_equal(train, np.setdiff1d(np.arange(57), test))
    splitter = PairedStratifiedKFold(3, 2, random_state=0, min_modalities=2)
    again = drawn(splitter, X, y)  # without a warning
    for (_, test), same in zip(folds, again, strict=True):
        np.testing.assert_array_equal(test, same)


def test_too_few_complete_rows_of_a_class_are_not_enough():
    X, y = make_case(THREE)
    y = y.astype(float)
    complete = np.flatnonzero(X.paired)
    y[complete[y[complete] == 1][2:]] = np.nan
    message = (
        "class 1 has 2 labelled rows with all of image, gene, stain, and 3 are needed: "
        "PairedStratifiedKFold tests the 30 labelled rows that have at least 2"
    )
    splitter = PairedStratifiedKFold(3, random_state=0)
    with pytest.warns(UserWarning, match=message):
        found = drawn(splitter, X, y)
    # Complete rows are tested too.
    wanted = np.flatnonzero((sizes(X) >= 2) & ~np.isnan(y))
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), wanted)
    with pytest.warns(
        UserWarning, match="none of the 19 rows with all of .* has a label:"
    ):
        drawn(
            PairedStratifiedKFold(3, random_state=0), X, np.where(X.paired, np.nan, y)
        )


def test_the_largest_possible_number_is_chosen():
    blocks = {
        name: np.ones((40, width))
        for name, width in zip("abcd", (2, 3, 5, 4), strict=True)
    }
    for row in range(40):
        blocks["abcd"[row % 4]][row] = np.nan
    for row in range(30):
        blocks["abcd"[(row + 1) % 4]][row] = np.nan
    y = np.arange(40) // 2 % 2
    with pytest.warns(UserWarning, match="the 10 labelled rows .* at least 3 of them"):
        found = drawn(PairedStratifiedKFold(4, random_state=0), blocks, y)
    assert sorted(np.concatenate(found)) == list(range(30, 40))
    with pytest.warns(UserWarning, match="the 40 labelled rows .* at least 2 of them"):
        found = drawn(PairedStratifiedKFold(7, random_state=0), blocks, y)
    assert sorted(np.concatenate(found)) == list(range(40))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_folds_are_stratified_by_class_and_then_by_pattern(n_classes, seed):
    X, y = make_case(THREE, n_classes=n_classes)
    splitter = PairedStratifiedKFold(4, random_state=seed, min_modalities=2)
    found = drawn(splitter, X, y)
    strata = np.char.add(X.patterns, y.astype(str))
    for of_row in (y, strata, np.zeros(len(y))):
        for value in np.unique(of_row):
            per_fold = [np.sum(of_row[test] == value) for test in found]
            assert max(per_fold) - min(per_fold) <= 1


def test_a_class_with_one_row_in_each_pattern_is_in_every_fold():
    X, y = make_case(PAIRS)
    y[:] = 0
    first = [np.flatnonzero(X.patterns == name)[0] for name in list(PAIRS)[2:]]
    y[first] = 1
    splitter = PairedStratifiedKFold(3, 20, random_state=0, min_modalities=2)
    assert {y[test].sum() for test in drawn(splitter, X, y)} == {1}


@pytest.mark.parametrize("number", [1, 2])
def test_groups_stay_together(number):
    X, y = make_case(THREE)
    groups = np.arange(len(y)) % 11
    splitter = PairedStratifiedKFold(3, random_state=0, min_modalities=number)
    folds = list(splitter.split(X, y, groups))
    tested = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(tested), np.flatnonzero(sizes(X) >= number))
    for train, test in folds:
        others = ~np.isin(groups, groups[test])
        np.testing.assert_array_equal(train, np.flatnonzero(others))
        assert set(y[test]) == {0, 1}


def test_groups_of_small_strata_are_stratified_by_class():
    """Every stratum has fewer rows than there are folds."""
    counts = {"a+b": 4, "a+c": 4, "b+c": 4, "a+d": 4, "b+d": 4, "c+d": 4}
    patterns = np.repeat(list(counts), 4)
    blocks = {n: np.ones((24, 2 + i)) for i, n in enumerate("abcd")}
    for name, block in blocks.items():
        block[[name not in pattern for pattern in patterns]] = np.nan
    y = np.arange(24) % 2
    splitter = PairedStratifiedKFold(6, random_state=0, min_modalities=2)
    for test in drawn(splitter, blocks, y, np.arange(24)):
        assert counts_of_classes(y[test]) == [2, 2]


def counts_of_classes(y):
    return np.bincount(y, minlength=2).tolist()


def test_too_few_groups_of_complete_rows():
    X, y = make_case(THREE)
    groups = np.where(X.paired, 0, np.arange(len(y)))
    message = "rows with all of image, gene, stain are of 1 group, and 3 are needed"
    with pytest.warns(UserWarning, match=message):
        found = drawn(PairedStratifiedKFold(3, random_state=0), X, y, groups)
    assert sum(map(len, found)) == N_TWO


@pytest.mark.parametrize("seed", range(5))
def test_a_hold_out_is_stratified_by_class_and_within_it_by_pattern(seed):
    X, y = make_case(THREE)
    splitter = PairedStratifiedShuffleSplit(
        3, test_size=15, random_state=seed, min_modalities=2
    )
    found = drawn(splitter, X, y)
    many = np.flatnonzero(sizes(X) >= 2)
    for test in found:
        assert len(test) == len(set(test)) == 15
        assert np.isin(test, many).all()
        # 19 of class 0 and 18 of class 1: scikit-learn's numbers of each class.
        assert sorted(counts(y[test])) == [7, 8]
        for label in (0, 1):
            here = many[y[many] == label]
            share = np.sum(y[test] == label) / len(here)
            for pattern in np.unique(X.patterns[many]):
                wanted = share * np.sum(X.patterns[here] == pattern)
                n = np.sum((X.patterns[test] == pattern) & (y[test] == label))
                assert np.floor(wanted) <= n <= np.ceil(wanted)
    assert len({tuple(test) for test in found}) == 3
    np.testing.assert_array_equal(found, drawn(splitter, X, y))


def test_a_hold_out_without_complete_rows():
    X, y = make_case(PAIRS)
    with pytest.warns(UserWarning, match="PairedStratifiedShuffleSplit tests the 38"):
        (test,) = drawn(PairedStratifiedShuffleSplit(random_state=0), X, y)
    assert len(test) == np.ceil(0.4 * 38)
    assert (sizes(X)[test] == 2).all()


def test_one_modality_is_enough_if_asked_for():
    X, y = make_case(THREE)
    found = drawn(PairedStratifiedKFold(3, random_state=0, min_modalities=1), X, y)
    assert sorted(np.concatenate(found)) == list(range(len(y)))


# What is refused.


def test_what_was_asked_for_and_cannot_be_met_is_refused_with_counts():
    X, y = make_case(PAIRS)
    y = y.astype(float)
    y[0] = np.nan

    def refusal(number, splitter=PairedStratifiedKFold, **options):
        with pytest.raises(ValueError, match="min_modalities") as caught:
            drawn(splitter(min_modalities=number, **options), X, y)
        return str(caught.value)

    assert refusal(3) == (
        "min_modalities=3: none of 57 rows has all of image, gene, stain. Of 56 "
        "labelled rows, 56 have at least 1, 38 at least 2 and 0 at least 3 of them: "
        "lower min_modalities, or leave it None."
    )
    text = refusal(2, n_splits=20)
    assert text.startswith(
        "min_modalities=2: class 1 has 18 labelled rows with at least 2 of image, "
        "gene, stain, and 20 are needed. Of 27 labelled rows of the class, 27 have at "
        "least 1, 18 at least 2 and 0 at least 3 of them:"
    )
    assert "min_modalities=3: none" in refusal(3, PairedStratifiedShuffleSplit)
    for number in (0, 4, 2.0, True, "all"):
        wanted = f"must be None or an integer from 1 to 3, .*, got {number!r}"
        assert re.search(wanted, refusal(number))


def test_rows_of_one_modality_need_another_splitter():
    X, y = make_case({"image": 9, "gene": 10, "stain": 8})
    message = "none of 27 rows has at least 2 of image, gene, stain: use PatternStrat"
    with pytest.raises(ValueError, match=message):
        drawn(PairedStratifiedKFold(), X, y)
    y = np.where(np.arange(27) < 9, 0, 1)
    X, _ = make_case({"image": 9, "gene+image": 10, "stain": 8})
    message = "class 0 has 0 labelled rows with at least 2 of image, gene, stain, and 3"
    with pytest.raises(ValueError, match=message):
        drawn(PairedStratifiedKFold(), X, y)


# What reads the folds.

CV = PairedStratifiedKFold(3, 2, random_state=0)
FEWER = "at least 2 of them instead"


class ZeroLogistic(ClassifierMixin, BaseEstimator):
    """Logistic regression that reads 0 in place of what is absent.

    It keeps the rows that it was fitted on, by patient id.
    """

    tower_rows = "all"
    seen = []

    def fit(self, X, y):
        self.seen.append(dict(zip(X.index, y, strict=True)))
        self.model_ = LogisticRegression().fit(self._read(X), y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(self._read(X))

    def predict_proba(self, X):
        return self.model_.predict_proba(self._read(X))

    def _read(self, X):
        tables = []
        for name in X.modalities:
            rows = X.block(name)
            table = np.zeros((len(X), rows.shape[1] - 1))
            table[X.has(name)] = rows[:, 1:]  # the first column numbers the rows
            tables.append(table)
        return np.hstack(tables)


@pytest.fixture
def seen():
    ZeroLogistic.seen.clear()
    return ZeroLogistic.seen


def test_an_int_tests_what_there_is():
    X, y = make_case(PAIRS)
    with pytest.warns(UserWarning, match=FEWER):
        result = compare_classifiers({"m": ZeroLogistic()}, X, y, cv=4)
    assert (sizes(X)[result.predictions()["row"]] == 2).all()
    # 38 rows in 4 folds, whatever rows with one modality train too.
    assert result.test_to_train == pytest.approx(1 / 3)


def test_rows_as_the_tested_ones_count_in_the_variance():
    X, y = make_case(THREE)
    splits = PatternStratifiedKFold(3, random_state=0).split(X, y)
    for number, counted in ((2, sizes(X) >= 2), (3, X.paired)):
        cv = [(train, test[sizes(X)[test] >= number]) for train, test in splits]
        splits = PatternStratifiedKFold(3, random_state=0).split(X, y)
        result = compare_classifiers({"m": ZeroLogistic()}, X, y, cv=cv)
        n_train = sum(counted[train].sum() for train, _ in cv)
        assert result.test_to_train == pytest.approx(counted.sum() / n_train)


def test_labels_of_the_tested_rows_are_permuted(seen):
    """The same rows under every permutation, of which a class may have more pairs."""
    X, y = make_case(THREE)
    y = np.zeros_like(y)
    # Two complete rows of class 1, where three are needed.
    two, three = np.flatnonzero(sizes(X) == 2), np.flatnonzero(X.paired)
    y[two[::2]] = y[three[:2]] = y[:9] = 1
    with pytest.warns(UserWarning, match=FEWER) as caught:
        result = paired_permutation_test(
            ZeroLogistic(), X, y, cv=CV, n_permutations=25, random_state=0
        )
    assert len(caught) == 1
    rows = X.index[sizes(X) >= 2]
    single = X.index[sizes(X) == 1]
    truth = dict(zip(X.index, y, strict=True))
    labels = []
    for start in range(0, len(seen), 6):
        found = {}
        for fold in seen[start : start + 6]:
            found.update(fold)
            assert set(single) <= set(fold)  # and so they are never tested
        assert {p: found[p] for p in single} == {p: truth[p] for p in single}
        labels.append([found[p] for p in rows])
    assert len(labels) == 26
    assert labels[0] == [truth[p] for p in rows]
    assert {sum(of_rows) for of_rows in labels} == {sum(labels[0])}
    n_complete = [
        np.sum(np.array(of_rows)[sizes(X)[sizes(X) >= 2] == 3]) for of_rows in labels
    ]
    assert max(n_complete) >= 3
    assert 0 < result.pvalue <= 1


def test_the_learning_curve_counts_the_tested_rows():
    X, y = make_case(PAIRS)
    with pytest.warns(UserWarning, match=FEWER):
        curve = paired_learning_curve(
            ZeroLogistic(), X, y, cv=CV, n_pairs=[6, 1.0], random_state=0
        )
    assert curve.n_pairs.tolist() == [6, 25]


def test_the_gain_is_that_of_rows_with_fewer_modalities(seen):
    X, y = make_case(PAIRS)
    with pytest.warns(UserWarning, match=FEWER):
        unpaired_gain(ZeroLogistic(), X, y, cv=CV)
    two = set(X.index[sizes(X) == 2])
    assert all(set(X.index) - two <= set(fold) for fold in seen[:6])
    assert all(set(fold) < two for fold in seen[6:])


def test_rows_of_two_modalities_are_paired_where_all_are_tested():
    """PatternStratifiedKFold tests rows of one modality too."""
    X, y = make_case(THREE)
    cv = PatternStratifiedKFold(3, random_state=0)
    curve = paired_learning_curve(ZeroLogistic(), X, y, cv=cv, n_pairs=1.0)
    fewest = min(np.sum(sizes(X)[train] >= 2) for train, _ in cv.split(X, y))
    assert curve.n_pairs.tolist() == [fewest]
