import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score

from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    paired_permutation_test,
)
from skmultimodal.utils._labels import missing_labels

CV = PairedStratifiedKFold(3, random_state=0)


class Recorder(DummyClassifier):
    """Keeps the labels it was shown."""

    seen = []

    def fit(self, X, y):
        self.seen.append((X.index, y))
        labelled = ~missing_labels(y)
        return super().fit(X[labelled], y[labelled].astype(int))


def labels_seen(X, n_permutations, **options):
    """Labels of all rows in each permutation, put together from the training sets."""
    Recorder.seen.clear()
    paired_permutation_test(
        Recorder(), X, cv=CV, n_permutations=n_permutations, random_state=0, **options
    )
    permutations = []
    for start in range(0, len(Recorder.seen), 3):
        labels = {}
        for ids, y in Recorder.seen[start : start + 3]:
            labels.update(zip(ids, y, strict=True))
        permutations.append(np.array([labels[patient] for patient in X.index]))
    return permutations


def test_only_paired_labelled_rows_are_permuted(cohort):
    X, y = cohort
    y = y.astype(int).astype(object)
    y[[0, 20, -1]] = None
    true, *permuted = labels_seen(X, 20, y=y)
    np.testing.assert_array_equal(true, y)
    for labels in permuted:
        fixed = ~X.paired | missing_labels(y)
        np.testing.assert_array_equal(labels[fixed], y[fixed])
        assert sorted(labels[~fixed]) == sorted(y[~fixed])
    assert len({tuple(labels) for labels in permuted}) == 20


def test_groups_keep_their_labels(cohort):
    X, y = cohort
    groups = np.array(["gbm", "lgg"])[(np.arange(len(y)) % 3 == 0).astype(int)]
    for labels in labels_seen(X, 10, y=y, groups=groups)[1:]:
        for group in ("gbm", "lgg"):
            rows = (groups == group) & X.paired
            assert labels[rows].sum() == y[rows].sum()


def test_p_value_counts_permutations(make, model):
    X, y = make(effect=0.4, seed=3)
    result = paired_permutation_test(
        model, X, y, cv=CV, scoring="roc_auc", n_permutations=39, random_state=0
    )
    expected = cross_val_score(model, X, y, cv=CV, scoring="roc_auc").mean()
    assert result.score == pytest.approx(expected)
    as_high = np.sum(result.permutation_scores >= result.score)
    assert result.pvalue == pytest.approx((1 + as_high) / 40)
    assert 0 < as_high < 39
    again = paired_permutation_test(
        model,
        X,
        y,
        cv=CV,
        scoring="roc_auc",
        n_permutations=39,
        random_state=0,
        n_jobs=2,
    )
    np.testing.assert_array_equal(again.permutation_scores, result.permutation_scores)


def test_extremes(make, model):
    X, y = make(effect=6.0)
    options = {"cv": CV, "n_permutations": 19, "random_state": 0}
    assert paired_permutation_test(model, X, y, **options).pvalue == 1 / 20
    assert paired_permutation_test(DummyClassifier(), X, y, **options).pvalue == 1.0


def test_fixed_folds_and_held_out_sites(cohort, model):
    X, y = cohort
    sites = np.arange(len(y)) % 3
    options = {"n_permutations": 2, "random_state": 0}
    fixed = paired_permutation_test(model, X, y, cv=CV.split(X, y, sites), **options)
    split = paired_permutation_test(model, X, y, cv=CV, cv_groups=sites, **options)
    assert fixed.score == pytest.approx(split.score)


@pytest.mark.filterwarnings("ignore:Only one class is present")
def test_folds_of_one_class_are_left_out(make, model):
    X, y = make(n_image=0, n_gene=0, n_paired=12, effect=6.0)
    y = np.repeat([0.0, 1.0], 6)
    rows = np.arange(12)
    tests = [rows[:3], rows[3:9], rows[9:]]
    cv = [(np.setdiff1d(rows, test), test) for test in tests]
    options = {"scoring": "roc_auc", "n_permutations": 29, "random_state": 0}
    result = paired_permutation_test(model, X, y, cv=cv[1:2], **options)
    assert paired_permutation_test(model, X, y, cv=cv, **options).score == result.score
    with pytest.raises(ValueError, match="undefined on all folds"):
        paired_permutation_test(model, X, y, cv=cv[:1], **options)


def test_bad_input(cohort, model):
    X, y = cohort
    with pytest.raises(ValueError, match="scoring must be one metric"):
        paired_permutation_test(model, X, y, cv=CV, scoring=["f1", "accuracy"])
    with pytest.raises(ValueError, match="n_permutations must be at least 1"):
        paired_permutation_test(model, X, y, cv=CV, n_permutations=0)
    with pytest.raises(ValueError, match=r"groups has shape \(2,\)"):
        paired_permutation_test(model, X, y, cv=CV, groups=[1, 2])
