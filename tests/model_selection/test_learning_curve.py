import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PatternStratifiedKFold,
    compare_classifiers,
    corrected_t_interval,
    paired_learning_curve,
)
from skmultimodal.utils._labels import missing_labels

CV = PairedStratifiedKFold(4, 3, random_state=0)


class RowKeeper(ClassifierMixin, BaseEstimator):
    """Keeps the ids and labels that it was fitted on in `seen`, shared by clones."""

    seen = []

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        self.classes_ = np.unique(y[~missing_labels(y)])
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def score(self, X, y):
        known = ~missing_labels(self.y_)
        train = set(self.X_.index[self.X_.paired & known])
        others = set(self.X_.index) - train
        labels = dict(zip(self.X_.index, self.y_, strict=True))
        self.seen.append((train, others, set(X.index), labels))
        return 0.5


@pytest.fixture
def keeper():
    RowKeeper.seen.clear()
    return RowKeeper()


def test_training_sets_are_nested_and_keep_all_other_rows(cohort, keeper):
    X, y = cohort
    y = y.copy()
    y[[2, 11, 35]] = np.nan
    numbers = [3, 9, 29]
    curve = paired_learning_curve(keeper, X, y, cv=CV, n_pairs=numbers, random_state=0)
    n_folds = 12
    assert curve.n_pairs.tolist() == numbers
    assert len(RowKeeper.seen) == len(numbers) * n_folds
    pairs = set(X.index[X.paired & ~np.isnan(y)])
    arms = np.array(RowKeeper.seen, dtype=object).reshape(3, n_folds, 4)
    for fold in range(n_folds):
        (small, *_), (middle, *_), (large, *_) = arms[:, fold]
        assert small < middle < large < pairs
        assert [len(s) for s in (small, middle, large)] == numbers
        tested = arms[0, fold, 2]
        assert not tested & large
        for _, others, test, labels in arms[:, fold]:
            assert test == tested
            assert others == set(X.index) - pairs
            classes = [labels[patient] for patient in small]
            assert set(classes) == {0.0, 1.0}
    assert len({frozenset(train) for train in arms[0, :, 0]}) > 1


def test_scores_of_all_pairs_are_those_of_the_comparison(cohort, model):
    X, y = cohort
    metrics = ["roc_auc", "accuracy"]
    curve = paired_learning_curve(
        model, X, y, cv=CV, n_pairs=[0.2, 1.0], scoring=metrics, random_state=0
    )
    expected = compare_classifiers({"m": model}, X, y, cv=CV, scoring=metrics)
    full = curve.scores[curve.scores["n_pairs"] == 30]
    columns = ["repeat", "fold", "metric", "score"]
    assert full[columns].values.tolist() == expected.scores()[columns].values.tolist()
    assert curve.test_to_train == pytest.approx(1 / 3)
    summary = curve.summary
    assert summary["metric"].tolist() == ["roc_auc", "roc_auc", "accuracy", "accuracy"]
    assert summary["n_pairs"].tolist() == [6, 30, 6, 30]
    for _, row in summary.iterrows():
        part = curve.scores[
            (curve.scores["n_pairs"] == row["n_pairs"])
            & (curve.scores["metric"] == row["metric"])
        ]["score"]
        low, high = corrected_t_interval(part, 1 / 3, bounded=True)
        assert row["mean"] == pytest.approx(part.mean())
        assert (row["low"], row["high"]) == pytest.approx((low, high))
        assert (row["std"], row["n_folds"]) == pytest.approx((part.std(), 12))


def test_more_pairs_help(make, model):
    X, y = make(n_image=3, n_gene=5, n_paired=120, effect=0.8)
    curve = paired_learning_curve(
        model, X, y, cv=CV, n_pairs=[4, 20, 90], scoring="roc_auc", random_state=0
    )
    assert curve.summary["mean"].is_monotonic_increasing
    assert curve.summary["mean"].iloc[-1] - curve.summary["mean"].iloc[0] > 0.05


def test_random_state_and_n_jobs(cohort, model):
    X, y = cohort
    options = {"cv": CV, "n_pairs": [4, 11], "scoring": "roc_auc"}
    one = paired_learning_curve(model, X, y, **options, random_state=0)
    two = paired_learning_curve(model, X, y, **options, random_state=0, n_jobs=2)
    other = paired_learning_curve(model, X, y, **options, random_state=1)
    assert one.scores.equals(two.scores)
    assert not one.scores.equals(other.scores)


def test_groups_are_left_out_of_all_numbers(cohort, keeper):
    X, y = cohort
    sites = np.arange(len(y)) % 7
    cv = PairedStratifiedKFold(3, random_state=0)
    paired_learning_curve(
        keeper, X, y, cv=cv, n_pairs=[5, 15], groups=sites, random_state=0
    )
    site_of = dict(zip(X.index, sites, strict=True))
    for train, others, test, _ in RowKeeper.seen:
        tested = {site_of[patient] for patient in test}
        assert not tested & {site_of[patient] for patient in train | others}


def test_twin_tower_and_one_hold_out(make):
    X, y = make(n_image=20, n_gene=30, n_paired=24)
    blocks = {
        name: (X.index[X.has(name)], X.block(name).reshape(X.has(name).sum(), -1))
        for name in X.modalities
    }
    towers = [(name, LogisticRegression()) for name in blocks]
    twin = TwinTowerClassifier(towers, LogisticRegression(), random_state=0)
    splits = [next(PairedStratifiedKFold(3, random_state=0).split(X, y))]
    X = Cohort(blocks, index=X.index)
    curve = paired_learning_curve(
        twin, X, y, cv=splits, n_pairs=[4, 1.0], scoring="roc_auc", random_state=0
    )
    assert curve.summary["n_pairs"].tolist() == [4, 16]
    assert curve.summary["mean"].iloc[1] > 0.5
    assert curve.summary[["low", "high", "std"]].isna().all(axis=None)


def test_rows_that_a_split_repeats(cohort, keeper):
    X, y = cohort
    train, test = next(CV.split(X, y))
    splits = [(np.concatenate([train, train]), test)]
    curve = paired_learning_curve(keeper, X, y, cv=splits, n_pairs=[1.0])
    assert curve.n_pairs.tolist() == [60]


def test_numbers(cohort, model):
    X, y = cohort
    with pytest.raises(ValueError, match=r"n_pairs=31 is more than the 30 paired"):
        paired_learning_curve(model, X, y, cv=CV, n_pairs=[9, 31])
    with pytest.raises(ValueError, match=r"n_pairs=1 is too few: each of 2 classes"):
        paired_learning_curve(model, X, y, cv=CV, n_pairs=[1, 9])
    with pytest.raises(ValueError, match=r"n_pairs=0.02, 1 of 30 rows, is too few"):
        paired_learning_curve(model, X, y, cv=CV, n_pairs=[0.02, 0.5])
    for wrong in (1.5, 0.0, -0.1, np.nan, True, "all"):
        with pytest.raises(ValueError, match="must be integers, or fractions above 0"):
            paired_learning_curve(model, X, y, cv=CV, n_pairs=[wrong])
    with pytest.raises(ValueError, match="n_pairs is empty"):
        paired_learning_curve(model, X, y, cv=CV, n_pairs=[])
    with pytest.warns(UserWarning, match=r"same number of rows: \[6, 9\] remain"):
        curve = paired_learning_curve(model, X, y, cv=CV, n_pairs=[9, 0.2, 0.21])
    assert curve.n_pairs.tolist() == [6, 9]
    assert paired_learning_curve(model, X, y, cv=CV, n_pairs=7).n_pairs.tolist() == [7]


def test_default_numbers_are_fractions_of_the_smallest_fold(make, model):
    X, y = make(n_paired=41)
    cv = PairedStratifiedKFold(3, random_state=0)
    curve = paired_learning_curve(model, X, y, cv=cv, random_state=0)
    assert curve.n_pairs.tolist() == [5, 11, 16, 22, 27]


def test_a_class_without_pairs_and_folds_without_two_classes(make, model):
    X, y = make(classes=3)
    with pytest.raises(ValueError, match="n_pairs=2 is too few: each of 3 classes"):
        paired_learning_curve(model, X, y, cv=CV, n_pairs=[2])
    cv = PatternStratifiedKFold(3, random_state=0)
    one_class = np.where(X.paired, 1.0, y)
    with pytest.raises(ValueError, match=r"fold 0 of repeat 0 .* of one class only"):
        paired_learning_curve(model, X, one_class, cv=cv)


def test_a_failure_names_the_number(cohort):
    X, y = cohort
    with pytest.raises(RuntimeError, match=r"'n_pairs=5' failed on fold 0 of repeat 0"):
        paired_learning_curve(LogisticRegression(), X, y, cv=CV, n_pairs=[5])
