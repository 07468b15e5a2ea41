"""Ensembles of clones of which each has not seen one fold."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils import check_random_state
from tower_tools import (
    calibrate_by_hand,
    gene_tower,
    image_tower,
    make_genes,
    make_images,
)

from skmultimodal import CrossFittedEnsembleClassifier
from skmultimodal.exceptions import NoSignalWarning
from skmultimodal.towers import _cross_fitting
from skmultimodal.utils._labels import missing_labels
from skmultimodal.utils._rows import RowView


class Recorder(ClassifierMixin, BaseEstimator):
    """Says of each row whether it was in ``fit``; keeps rows, labels and seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.rows_, self.y_ = set(X[:, 0].astype(int).tolist()), y
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        seen = [row in self.rows_ for row in X[:, 0].astype(int)]
        p = np.where(seen, 0.99, 0.3)
        return np.column_stack([1 - p, p])


class Learner(TransformerMixin, BaseEstimator):
    """Unsupervised; keeps the rows and labels it is given, labelled or not."""

    uses_unlabelled_rows = True

    def fit(self, X, y=None):
        self.rows_, self.y_ = set(X[:, 0].astype(int).tolist()), y
        self.mean_ = X[:, 1:].mean(axis=0)
        return self

    def transform(self, X):
        return X[:, 1:] - self.mean_


class LabelledLearner(Learner):
    uses_unlabelled_rows = False


def make_rows(n_rows=60, n_classes=2, *, signal=1.0, seed=0):
    """Five columns: the number of the row, two informative ones and noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_rows) % n_classes
    X = rng.normal(size=(n_rows, 5))
    X[:, 1] += signal * y
    X[:, 2] -= signal * (y == 1)
    X[:, 0] = np.arange(n_rows)
    return X, y


def nets(y):
    """Small nets of both kinds, with rows of theirs."""
    return {
        "image": (image_tower(max_epochs=1), make_images(y)),
        "gene": (gene_tower(max_epochs=1), make_genes(y)),
    }


ensemble = CrossFittedEnsembleClassifier


# Members


@pytest.mark.parametrize("cv", [2, 5, KFold(4)])
def test_members_are_fitted_without_one_fold_each(cv):
    X, y = make_rows()
    model = ensemble(Recorder(), cv=cv).fit(X, y)
    folds = StratifiedKFold(cv) if isinstance(cv, int) else cv
    for member, (train, _) in zip(model.estimators_, folds.split(X, y), strict=True):
        assert member.rows_ == set(train.tolist())
        np.testing.assert_array_equal(member.y_, y[train])


def test_held_out_probabilities_are_of_members_that_have_not_seen_the_row():
    X, y = make_rows()
    model = ensemble(Recorder(), calibrate=False).fit(X, y)
    np.testing.assert_allclose(model.oof_proba_[:, 1], 0.3)
    rows = np.array([4, 3, 3, 17])
    np.testing.assert_allclose(model.held_out_proba(rows), [[0.7, 0.3]] * 4)
    # Of five members four have seen each row.
    odds = (4 * logit(0.99) + logit(0.3)) / 5
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expit(odds))


def test_a_nearest_neighbour_learns_nothing_from_noise():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(200, 3)), rng.permutation(np.arange(200) % 2)
    model = ensemble(KNeighborsClassifier(1)).fit(X, y)
    assert 0.4 < roc_auc_score(y, model.oof_proba_[:, 1]) < 0.6
    assert model.slope_ < 0.02
    np.testing.assert_allclose(model.predict_proba(X), 0.5, atol=0.1)


def test_held_out_in_repeats_is_the_mean():
    X, y = make_rows()
    cv = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    model = ensemble(GaussianNB(), cv=cv, calibrate=False).fit(X, y)
    assert len(model.estimators_) == 6
    odds = np.zeros(len(y))
    for train, test in cv.split(X, y):
        odds[test] += logit(
            GaussianNB().fit(X[train], y[train]).predict_proba(X[test])
        )[:, 1]
    np.testing.assert_allclose(logit(model.oof_proba_[:, 1]), odds / 2, rtol=1e-6)


def test_rows_that_no_fold_holds_out_are_nan():
    X, y = make_rows(24)
    cv = KFold(3)

    class First:
        def split(self, X, y=None, groups=None):
            return list(cv.split(X))[:1]

        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

    model = ensemble(LogisticRegression(max_iter=1000), cv=First()).fit(X, y)
    assert len(model.estimators_) == 1
    assert np.isfinite(model.oof_proba_[:8]).all()
    assert np.isnan(model.oof_proba_[8:]).all()
    unknown = softmax(model.intercept_)
    found = model.held_out_proba(np.array([2, 9, 23]))
    np.testing.assert_allclose(found[0], model.oof_proba_[2])
    np.testing.assert_allclose(found[1:], [unknown, unknown])


@pytest.mark.parametrize("random_state", [None, 0])
@pytest.mark.parametrize("splitter", [None, GroupKFold(3), StratifiedGroupKFold(3)])
def test_no_group_is_on_both_sides(random_state, splitter):
    X, y = make_rows()
    groups = np.array(list("abcdefg"))[np.arange(60) % 7]
    cv = 4 if splitter is None else splitter
    model = ensemble(Recorder(), cv=cv, random_state=random_state)
    model.fit(X, y, groups=groups)
    assert len(model.estimators_) == (4 if splitter is None else 3)
    for member in model.estimators_:
        held_out = set(range(60)) - member.rows_
        assert held_out
        assert not set(groups[list(held_out)]) & set(groups[list(member.rows_)])
    assert np.isfinite(model.oof_proba_).all()


def test_a_site_that_gives_itself_away_is_not_trusted():
    """Rows of a site share their label: only without groups do they tell it."""
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(20), 8)
    y = np.repeat(np.arange(20) % 2, 8)
    X = rng.normal(size=(20, 4))[site] + 0.01 * rng.normal(size=(160, 4))
    model = ensemble(KNeighborsClassifier(1), random_state=0)
    naive, wary = clone(model).fit(X, y), clone(model).fit(X, y, groups=site)
    assert naive.slope_ > 2 * wary.slope_
    assert np.mean(naive.predict(X) == y) == 1.0


@pytest.mark.parametrize("n_groups", [59, 61])
def test_groups_of_another_length(n_groups):
    X, y = make_rows()
    with pytest.raises(ValueError, match=rf"60 rows, groups has shape \({n_groups},\)"):
        ensemble(Recorder()).fit(X, y, groups=np.arange(n_groups))


def test_one_group_only_is_refused():
    X, y = make_rows()
    with pytest.raises(ValueError, match=r"all rows are of one group.*`groups`"):
        ensemble(Recorder()).fit(X, y, groups=np.full(60, "a"))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_class_of_one_site_is_not_ruled_out(n_classes):
    """Such a class is never held out, which says nothing against it."""
    X, y = make_rows(90, n_classes)
    groups = np.array(list("abcd"))[np.arange(90) // n_classes % 4]
    groups[y == 1] = "a"
    model = ensemble(LogisticRegression(max_iter=1000))
    with pytest.warns(UserWarning, match="or all in one group"):
        model.fit(X, y, groups=groups)
    share = np.mean(y == 1)
    assert 0.3 * share < model.predict_proba(X)[:, 1].mean() < 3 * share


# Calibration


def held_out_by_hand(estimator, X, y, n_splits):
    ratios = np.empty((len(y), len(np.unique(y))))
    for train, test in StratifiedKFold(n_splits).split(X, y):
        p = clone(estimator).fit(X[train], y[train]).predict_proba(X[test])
        ratios[test] = np.log(p) - np.log(p).mean(axis=1, keepdims=True)
    return ratios


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_splits", [3, 4])
def test_calibration_by_hand(n_classes, n_splits):
    X, y = make_rows(70, n_classes, signal=1.5)
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    model = ensemble(estimator, cv=n_splits).fit(X, y)
    ratios = held_out_by_hand(estimator, X, y, n_splits)
    slope, intercept = calibrate_by_hand(ratios, y)
    assert model.slope_ == pytest.approx(slope, rel=1e-3)
    # The mean of the intercepts says nothing.
    np.testing.assert_allclose(
        model.intercept_ - model.intercept_.mean(),
        intercept - intercept.mean(),
        atol=1e-3,
    )
    np.testing.assert_allclose(
        model.oof_proba_, softmax(slope * ratios + intercept, axis=1), atol=1e-3
    )
    parts = []
    for train, _ in StratifiedKFold(n_splits).split(X, y):
        p = clone(estimator).fit(X[train], y[train]).predict_proba(X)
        parts.append(np.log(p) - np.log(p).mean(axis=1, keepdims=True))
    wanted = softmax(slope * np.mean(parts, axis=0) + intercept, axis=1)
    np.testing.assert_allclose(model.predict_proba(X), wanted, atol=1e-3)
    np.testing.assert_array_equal(model.predict(X), wanted.argmax(axis=1))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_calibration_it_is_the_mean_of_the_log_odds(n_classes):
    X, y = make_rows(60, n_classes)
    model = ensemble(GaussianNB(), calibrate=False).fit(X, y)
    assert model.slope_ == 1
    np.testing.assert_array_equal(model.intercept_, np.zeros(n_classes))
    logs = [np.log(member.predict_proba(X)) for member in model.estimators_]
    wanted = softmax(np.mean(logs, axis=0), axis=1)
    np.testing.assert_allclose(model.predict_proba(X), wanted, rtol=1e-6)


def test_overconfident_members_are_tempered():
    X, y = make_rows(120, signal=0.7)
    # Copies of one column count as independent evidence to naive Bayes.
    X = np.hstack([X[:, 1:2]] * 30 + [X[:, 2:]])
    raw = ensemble(GaussianNB(), calibrate=False).fit(X, y)
    model = ensemble(GaussianNB()).fit(X, y)
    assert 0 < model.slope_ < 0.3
    before, after = log_loss(y, raw.oof_proba_), log_loss(y, model.oof_proba_)
    assert after < 0.5 * before
    new, labels = make_rows(400, signal=0.7, seed=1)
    new = np.hstack([new[:, 1:2]] * 30 + [new[:, 2:]])
    assert log_loss(labels, model.predict_proba(new)) < log_loss(
        labels, raw.predict_proba(new)
    )
    order = np.argsort(raw.predict_proba(new)[:, 1])
    assert np.all(np.diff(model.predict_proba(new)[order, 1]) > -1e-6)


def test_timid_members_are_sharpened():
    X, y = make_rows(300, signal=3.0)
    estimator = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3))
    model = ensemble(estimator).fit(X, y)
    assert model.slope_ > 2


def test_members_that_are_wrong_are_not_turned_around():
    class Contrary(Recorder):
        def predict_proba(self, X):
            p = expit(-4 * X[:, 1] + 2)
            return np.column_stack([1 - p, p])

    X, y = make_rows(100, signal=3.0)
    model = ensemble(Contrary()).fit(X, y)
    assert model.slope_ == 0
    np.testing.assert_allclose(model.predict_proba(X), 0.5, atol=1e-3)


@pytest.mark.parametrize("n_rows", [4, 7])
def test_few_rows_say_nothing(n_rows):
    """Fewer than 8 held-out rows: the class frequencies."""
    X, _ = make_rows(n_rows)
    y = np.r_[1, 1, np.zeros(n_rows - 2, int)]
    model = ensemble(GaussianNB(), cv=2)
    with pytest.warns(UserWarning, match=f"only {n_rows} labelled rows"):
        model.fit(X, y)
    assert model.slope_ == 0
    shares = [1 - 2 / n_rows, 2 / n_rows]
    np.testing.assert_allclose(model.predict_proba(X), [shares] * n_rows)


def test_eight_rows_say_something():
    X, y = make_rows(8, signal=4.0)
    assert ensemble(GaussianNB(), cv=2).fit(X, y).slope_ > 0


def test_few_labelled_among_many_rows_say_nothing():
    X, y = make_rows(60, signal=4.0)
    y = np.where(np.arange(60) < 7, y, np.nan)
    model = ensemble(Learner(), cv=2)
    with pytest.warns(UserWarning, match="only 7 labelled rows"):
        model.fit(X, y)
    assert model.slope_ == 0
    np.testing.assert_allclose(model.predict_proba(X)[:, 0], 4 / 7)


def test_class_of_one_row_warns():
    X, _ = make_rows(20)
    y = np.array(["b", *["a"] * 19])
    with pytest.warns(
        UserWarning, match="a class has one labelled row.*class frequencies"
    ):
        model = ensemble(GaussianNB()).fit(X, y)
    assert model.slope_ == 0
    assert len(model.estimators_) == 1
    assert np.isnan(model.oof_proba_).all()
    np.testing.assert_allclose(model.predict_proba(X), [[19 / 20, 1 / 20]] * 20)
    np.testing.assert_allclose(model.held_out_proba(np.arange(3))[:, 1], 1 / 20)


class Noisy(LogisticRegression):
    """A third of the variance of its log-odds is that of one fit."""

    noise_share = 1 / 3


@pytest.mark.parametrize("wrap", [lambda x: x, make_pipeline])
def test_the_mean_of_noisy_members_counts_more_than_one_of_them(wrap):
    y = np.arange(60) % 3
    X = make_genes(y)
    plain, noisy = (
        CrossFittedEnsembleClassifier(wrap(kind(C=0.1)), cv=4).fit(X, y)
        for kind in (LogisticRegression, Noisy)
    )
    assert_array_equal(noisy.oof_proba_, plain.oof_proba_)
    # The mean of four has a quarter of the noise: 1 to 2 / 3 + 1 / 12.
    assert noisy.slope_ == pytest.approx(plain.slope_ / 0.75)
    shares = np.log(np.full(3, 1 / 3))
    odds, fewer = (np.log(tower.predict_proba(X)) - shares for tower in (noisy, plain))
    odds, fewer = (o - o.mean(axis=1, keepdims=True) for o in (odds, fewer))
    assert_allclose(odds, fewer / 0.75, atol=1e-9)


def test_a_tower_calibrated_to_nothing_warns():
    # What one half shows is the opposite in the other.
    half, column = np.repeat([0, 1], 20), np.tile([-1.0, 1.0], 20)
    y = (column > 0).astype(int) ^ half
    tower = CrossFittedEnsembleClassifier(
        LogisticRegression(), cv=PredefinedSplit(half)
    )
    with pytest.warns(NoSignalWarning, match="40 held-out rows do not follow"):
        tower.fit(column[:, None], y)
    assert_allclose(tower.predict_proba(column[:3, None]), 0.5)


def test_uncalibrated_does_not_claim_the_class_frequencies():
    X, _ = make_rows(20)
    y = np.r_[1, np.zeros(19, int)]
    with pytest.warns(UserWarning, match="a class has one labelled row") as told:
        model = ensemble(GaussianNB(), calibrate=False).fit(X, y)
    assert model.predict_proba(X).std(axis=0).max() > 0.1
    assert "class frequencies" not in str(told[0].message)


def test_rows_never_held_out_tell_no_label():
    """Where one class cannot be held out, no row is: its NaN would name the class."""
    X, y = make_rows(60, 3)
    groups = np.where(y == 2, "a", np.array(list("abcd"))[np.arange(60) // 3 % 4])
    model = ensemble(GaussianNB(), calibrate=False)
    with pytest.warns(UserWarning, match="or all in one group"):
        model.fit(X, y, groups=groups)
    assert np.isnan(model.oof_proba_).all()


def test_members_of_a_random_state_instance_differ():
    X, y = make_rows(30)
    base = Recorder(random_state=np.random.RandomState(0))
    model = ensemble(base, cv=3).fit(X, y)
    assert len({member.random_state for member in model.estimators_}) == 3


def test_neither_features_nor_classes():
    X, y = make_rows(30)
    with pytest.raises(TypeError, match="LinearSVC has neither"):
        ensemble(LinearSVC()).fit(X, y)
    assert not hasattr(ensemble(GaussianNB()).fit(X, y), "get_feature_names_out")


def test_class_in_one_group_each_warns():
    X, y = make_rows()
    with pytest.warns(UserWarning, match="or all in one group"):
        model = ensemble(GaussianNB()).fit(X, y, groups=np.where(y == 1, "x", "y"))
    np.testing.assert_allclose(model.predict_proba(X), 0.5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_uninformative_members_give_the_class_frequencies(n_classes):
    class Silent(Recorder):
        def predict_proba(self, X):
            n = len(self.classes_)
            return np.full((len(X), n), 1 / n)

    X, _ = make_rows(40)
    y = np.r_[np.zeros(20, int), np.arange(20) % n_classes]
    model = ensemble(Silent()).fit(X, y)
    assert model.slope_ == 0
    shares = np.bincount(y) / 40
    np.testing.assert_allclose(model.predict_proba(X[:3]), [shares] * 3)


def test_certain_members_stay_finite():
    X, y = make_rows(60, signal=6.0)
    model = ensemble(KNeighborsClassifier(1)).fit(X[:, 1:], y)
    p = model.predict_proba(X[:, 1:])
    assert np.isfinite(np.log(p)).all()
    assert np.mean(model.predict(X[:, 1:]) == y) > 0.9


# Labels


LABELS = {
    "text": np.array(["low", "high", "medium"]),
    "objects": np.array(["low", "high", "medium"], dtype=object),
    "numbers": np.array([-3, 10, 4]),
    "floats": np.array([0.0, 2.0, -1.0]),
}


@pytest.mark.parametrize("names", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("transformer", [False, True])
def test_any_type_of_label(names, n_classes, transformer):
    X, codes = make_rows(60, n_classes, signal=3.0)
    y = names[codes]
    part = PCA(3) if transformer else LinearDiscriminantAnalysis()
    model = ensemble(make_pipeline(StandardScaler(), part)).fit(X, y)
    assert model.classes_.tolist() == sorted(set(y.tolist()))
    found = model.predict(X)
    assert found.dtype == model.classes_.dtype
    assert np.mean(found == y) > 0.6
    p = model.predict_proba(X)
    assert p.shape == (60, n_classes)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[p.argmax(axis=1)], found)


def test_bool_and_table_labels():
    X, y = make_rows()
    wanted = ensemble(GaussianNB()).fit(X, y).predict_proba(X)
    for labels in (y == 1, pd.Series(y, index=range(100, 160)), y.tolist()):
        model = ensemble(GaussianNB()).fit(X, labels)
        np.testing.assert_array_equal(model.predict_proba(X), wanted)
    assert ensemble(GaussianNB()).fit(X, y == 1).predict(X).dtype == bool


def test_names_of_classes_change_no_probability():
    X, y = make_rows(60, 3)
    p = ensemble(GaussianNB()).fit(X, y).predict_proba(X)
    other = ensemble(GaussianNB()).fit(X, np.array(["c", "a", "b"])[y])
    np.testing.assert_allclose(other.predict_proba(X)[:, [2, 0, 1]], p, atol=1e-4)


@pytest.mark.parametrize("y", [np.zeros(60, int), np.array(["ill"] * 60)])
def test_one_class_is_refused(y):
    with pytest.raises(ValueError, match=r"needs two classes.*one class only"):
        ensemble(GaussianNB()).fit(make_rows()[0], y)


UNKNOWN = {
    "float": lambda y, hidden: np.where(hidden, np.nan, y),
    "text": lambda y, hidden: np.where(hidden, None, np.array(["a", "b"])[y]),
    "ints": lambda y, hidden: np.where(hidden, None, y),
    "bools": lambda y, hidden: np.where(hidden, None, y == 1),
    "series": lambda y, hidden: pd.Series(np.array(["a", "b"])[y]).mask(hidden),
    "Int64": lambda y, hidden: pd.Series(y, dtype="Int64").mask(hidden),
}


@pytest.mark.parametrize("hide", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("make", [Learner, LabelledLearner, Recorder])
def test_unlabelled_rows_go_to_those_who_ask(make, hide):
    X, y = make_rows()
    hidden = np.arange(60) % 6 == 4
    model = ensemble(make(), cv=3).fit(X, hide(y, hidden))
    known, unlabelled = np.flatnonzero(~hidden), set(np.flatnonzero(hidden).tolist())
    assert len(model.classes_) == 2
    for member, (train, _) in zip(
        model.estimators_, StratifiedKFold(3).split(known, y[known]), strict=True
    ):
        wanted = set(known[train].tolist())
        assert member.rows_ == (wanted | unlabelled if make is Learner else wanted)
        n_unlabelled = len(unlabelled) if make is Learner else 0
        assert missing_labels(member.y_).sum() == n_unlabelled
    np.testing.assert_array_equal(np.isnan(model.oof_proba_).any(axis=1), hidden)
    assert ensemble(make()).uses_unlabelled_rows == (make is Learner)


@pytest.mark.parametrize("hide", UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("labels_in", [LogisticRegression, GaussianNB])
def test_classifiers_of_scikit_learn_beside_unlabelled_rows(labels_in, hide):
    """What has no label is left out, whatever the type of the others."""
    X, y = make_rows()
    X = X[:, 1:]
    hidden = np.arange(60) % 6 == 4
    model = ensemble(labels_in()).fit(X, hide(y, hidden))
    wanted = ensemble(labels_in()).fit(X[~hidden], y[~hidden])
    np.testing.assert_allclose(model.predict_proba(X), wanted.predict_proba(X))


def test_labels_of_rows_left_out_change_nothing():
    X, y = make_rows()
    y = y.astype(float)
    y[50:] = np.nan
    model = ensemble(Learner()).fit(X, y)
    fewer = ensemble(LabelledLearner()).fit(X[:50], y[:50])
    np.testing.assert_allclose(
        ensemble(LabelledLearner()).fit(X, y).predict_proba(X), fewer.predict_proba(X)
    )
    assert not np.allclose(model.transform(X), fewer.transform(X))


# A logistic regression of features


def test_transformer_by_hand():
    """A small head of each member's features, of the rows that the member saw."""
    X, y = make_rows(64)
    tower = make_pipeline(StandardScaler(), PCA(3))
    model = ensemble(tower, cv=4, calibrate=False).fit(X, y)
    odds, held_out = [], np.empty(64)
    for train, test in StratifiedKFold(4).split(X, y):
        part = clone(tower).fit(X[train])
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
        head.fit(part.transform(X[train]), y[train])
        odds.append(logit(head.predict_proba(part.transform(X))[:, 1]))
        held_out[test] = odds[-1][test]
    np.testing.assert_allclose(
        logit(model.predict_proba(X)[:, 1]), np.mean(odds, axis=0), rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        logit(model.oof_proba_[:, 1]), held_out, rtol=1e-5, atol=1e-7
    )


def test_estimator_that_says_nothing_of_rows_is_named():
    """Neither ``predict_proba`` nor ``transform``."""

    class Mute(BaseEstimator):
        def fit(self, X, y=None):
            return self

    X, y = make_rows()
    with pytest.raises((TypeError, ValueError, AttributeError), match="Mute"):
        ensemble(Mute()).fit(X, y)


# Features


def test_no_transform_without_one():
    X, y = make_rows()
    model = ensemble(GaussianNB())
    assert not hasattr(model, "transform")
    model.fit(X, y)
    assert not hasattr(model, "transform")
    with pytest.raises(AttributeError):
        model.transform(X)
    assert hasattr(ensemble(PCA()), "transform")
    assert not hasattr(ensemble(make_pipeline(PCA(), GaussianNB())), "transform")


@pytest.mark.parametrize("n_components", [1, 2, 4])
def test_as_many_columns_as_a_member(n_components):
    X, y = make_rows(40)
    model = ensemble(PCA(n_components), cv=3).fit(X, y)
    Z = model.transform(X)
    assert Z.shape == (40, n_components)
    assert len(model.get_feature_names_out()) == n_components
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(model.transform(X[[7, 3]]), Z[[7, 3]])


def test_fewer_columns_than_a_member_with_fewer_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 14)), np.arange(9) % 2
    model = ensemble(StandardScaler(), cv=2).fit(X, y)
    assert model.transform(rng.normal(size=(20, 14))).shape == (20, 9)


@pytest.mark.parametrize("many", [49, 50])
def test_features_are_principal_components_of_all_members(many, monkeypatch):
    monkeypatch.setattr(_cross_fitting, "MANY_ROWS", many)
    X, y = make_rows(50)
    tower = make_pipeline(StandardScaler(), PCA(3))
    model = ensemble(tower, cv=4).fit(X, y)
    parts = []
    for train, _ in StratifiedKFold(4).split(X, y):
        parts.append(clone(tower).fit(X[train]).transform(X))
    every = StandardScaler().fit_transform(np.hstack(parts))
    left, scale, _ = np.linalg.svd(every, full_matrices=False)
    wanted = left[:, :3] * scale[:3]
    found = model.transform(X)
    signs = np.sign(np.sum(found * wanted, axis=0))
    np.testing.assert_allclose(found, wanted * signs, atol=1e-6)


class Turned(TransformerMixin, BaseEstimator):
    """Two round columns, turned by a random angle of each member's own."""

    def __init__(self, turn=True, random_state=None):
        self.turn = turn
        self.random_state = random_state

    def fit(self, X, y=None):
        angle = check_random_state(self.random_state).uniform(0, 7) * self.turn
        cos, sin = np.cos(angle), np.sin(angle)
        self.axes_ = np.array([[cos, -sin], [sin, cos]])
        return self

    def transform(self, X):
        return X @ self.axes_


def test_rotations_of_members_change_no_distance():
    """Members that agree but for their axes give the features of one of them."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    X -= X.mean(axis=0)
    X = X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T, ddof=0))).T  # round
    turned = ensemble(Turned(random_state=0), cv=4).fit(X, y)
    still = ensemble(Turned(turn=False, random_state=0), cv=4).fit(X, y)
    angles = {round(float(m.axes_[0, 0]), 6) for m in turned.estimators_}
    assert len(angles) == 4
    products = [Z @ Z.T for Z in (turned.transform(X), still.transform(X))]
    np.testing.assert_allclose(*products, atol=1e-8)
    # All of the variance of 4 members' 2 standardised columns.
    np.testing.assert_allclose(np.trace(products[0]), 60 * 8)


def test_features_follow_unlabelled_rows_as_well():
    X, y = make_rows(40)
    y = np.where(np.arange(40) < 20, y, np.nan)
    model = ensemble(Learner(), cv=2).fit(X, y)
    np.testing.assert_allclose(model.transform(X).mean(axis=0), 0, atol=1e-8)
    known = ensemble(LabelledLearner(), cv=2).fit(X, y)
    np.testing.assert_allclose(known.transform(X[:20]).mean(axis=0), 0, atol=1e-8)


def test_features_that_are_constant():
    """A dead net is no error, and no warning about numbers."""

    class Dead(LabelledLearner):
        def transform(self, X):
            return np.ones((len(X), 3))

    X, y = make_rows(30)
    model = ensemble(Dead(), cv=3).fit(X, y)
    np.testing.assert_array_equal(model.transform(X), np.zeros((30, 3)))
    np.testing.assert_allclose(model.predict_proba(X), 0.5, atol=1e-6)


def test_directions_of_rounding_are_zero():
    class Twice(LabelledLearner):
        def transform(self, X):
            return np.column_stack([X[:, 1], X[:, 1], X[:, 1]])

    X, y = make_rows(30)
    Z = ensemble(Twice(), cv=3).fit(X, y).transform(X)
    assert Z.shape == (30, 3)
    assert Z[:, 0].std() > 1
    np.testing.assert_allclose(Z[:, 1:], 0, atol=1e-9)


def test_sparse_features():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 3, size=(48, 2)).astype(float), np.arange(48) % 2
    model = ensemble(OneHotEncoder(), cv=3).fit(X, y)
    assert model.transform(X).shape == (48, 6)
    assert isinstance(model.transform(X), np.ndarray)


def test_set_output():
    X, y = make_rows(40)
    model = ensemble(PCA(3), cv=3).fit(X, y)
    Z, p = model.transform(X), model.predict_proba(X)
    table = model.set_output(transform="pandas").transform(X[[5, 2]])
    assert isinstance(table, pd.DataFrame)
    assert table.columns.tolist() == model.get_feature_names_out().tolist()
    np.testing.assert_allclose(table, Z[[5, 2]], atol=1e-12)
    with sklearn.config_context(transform_output="pandas"):
        whole = ensemble(PCA(3), cv=3).fit(X, y)
        assert isinstance(whole.transform(X), pd.DataFrame)
        np.testing.assert_array_equal(whole.transform(X), Z)
        np.testing.assert_array_equal(whole.predict_proba(X), p)


def test_fit_transform():
    X, y = make_rows(40)
    model = ensemble(PCA(2), cv=3)
    np.testing.assert_array_equal(model.fit_transform(X, y), model.transform(X))


# Rows in tables, on disk, and images


def test_names_of_a_table():
    X, y = make_rows()
    table = pd.DataFrame(X, columns=list("abcde"))
    model = ensemble(LogisticRegression(max_iter=1000)).fit(table, y)
    assert model.feature_names_in_.tolist() == list("abcde")
    assert model.n_features_in_ == 5
    plain = ensemble(LogisticRegression(max_iter=1000)).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(table), plain.predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table[list("edcba")])
    with pytest.raises(ValueError, match="4 features"):
        plain.predict(X[:, :4])


@pytest.mark.parametrize("kind", ["memmap", "view"])
@pytest.mark.parametrize("tower", ["image", "gene", "logistic"])
def test_lazy_rows_give_the_same_bits(tmp_path, kind, tower):
    y = np.arange(36) % 2
    cases = nets(y) | {"logistic": (LogisticRegression(), make_rows(36)[0][:, 1:])}
    estimator, X = cases[tower]
    path = tmp_path / "rows.bin"
    np.memmap(path, X.dtype, "w+", shape=X.shape)[:] = X
    lazy = np.memmap(path, X.dtype, "r", shape=X.shape)
    if kind == "view":
        lazy = RowView(lazy, np.arange(36))
    if tower == "gene":
        y = np.where(np.arange(36) % 5 == 0, np.nan, y)
    model = ensemble(estimator, cv=3, random_state=0)
    plain, found = clone(model).fit(X, y), clone(model).fit(lazy, y)
    np.testing.assert_array_equal(found.predict_proba(lazy), plain.predict_proba(X))
    np.testing.assert_array_equal(found.oof_proba_, plain.oof_proba_)
    if tower != "logistic":
        np.testing.assert_array_equal(found.transform(lazy), plain.transform(X))


def test_images():
    y = np.arange(30) % 3
    X = make_images(y)
    model = ensemble(image_tower(max_epochs=1), cv=3).fit(X, y)
    assert model.predict_proba(X[:7]).shape == (7, 3)
    assert model.transform(X[:7]).shape == (7, 3)
    with pytest.raises(ValueError, match=r"9|feature"):
        model.predict(X[:, :1])


def test_unfitted():
    X, _ = make_rows()
    for method in ("predict", "predict_proba", "transform"):
        with pytest.raises(NotFittedError):
            getattr(ensemble(PCA()), method)(X)


# Seeds


def test_members_differ_in_seed():
    X, y = make_rows()
    seeds = [
        [member.random_state for member in model.fit(X, y).estimators_]
        for model in (
            ensemble(Recorder(), random_state=3),
            ensemble(Recorder(), random_state=4),
            ensemble(Recorder(random_state=3)),
            ensemble(Recorder(random_state=3), random_state=9),
            ensemble(Recorder()),
        )
    ]
    for own in seeds[:4]:
        assert len(set(own)) == 5
        assert all(isinstance(seed, int) and seed >= 0 for seed in own)
    assert not set(seeds[0]) & set(seeds[1])
    # A seed inside the estimator wins over the one around it.
    assert seeds[2] == seeds[3]
    assert seeds[4] == [None] * 5


def test_steps_of_a_pipeline_are_seeded():
    X, y = make_rows()
    tower = make_pipeline(StandardScaler(), Recorder())
    model = ensemble(tower, random_state=0).fit(X, y)
    assert len({member[-1].random_state for member in model.estimators_}) == 5
    assert tower[-1].random_state is None


def test_random_state_instances_are_accepted():
    X, y = make_rows()
    for model in (
        ensemble(Turned(random_state=None), random_state=np.random.RandomState(0)),
        ensemble(PCA(2, random_state=np.random.RandomState(0))),
    ):
        assert np.isfinite(model.fit(X[:, 1:3], y).predict_proba(X[:, 1:3])).all()


@pytest.mark.parametrize("kind", ["image", "gene"])
def test_same_seed_same_bits(kind):
    y = np.arange(24) % 2
    tower, X = nets(y)[kind]
    tower.set_params(random_state=None)
    fits = [ensemble(tower, cv=2, random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))
    np.testing.assert_array_equal(fits[0].transform(X), fits[1].transform(X))
    assert not np.array_equal(fits[0].transform(X), fits[2].transform(X))


def test_random_state_shuffles_the_folds():
    X, y = make_rows()
    sides = [
        [
            member.rows_
            for member in ensemble(Recorder(), random_state=s).fit(X, y).estimators_
        ]
        for s in (None, 0, 0, 1)
    ]
    assert sides[1] == sides[2]
    assert sides[0] != sides[1] != sides[3]


# Good manners


def test_fit_changes_no_parameter():
    X, y = make_rows()
    inner = Recorder(random_state=0)
    model = ensemble(inner, random_state=1)
    before = repr(model)
    model.fit(X, y)
    assert repr(model) == before
    assert model.estimator is inner
    assert not hasattr(inner, "rows_")


def test_second_fit_forgets_the_first():
    X, y = make_rows()
    other, labels = make_rows(40, 3, seed=1)
    model = ensemble(PCA(2)).fit(X, y).fit(other[:, :4], labels)
    fresh = ensemble(PCA(2)).fit(other[:, :4], labels)
    np.testing.assert_array_equal(
        model.predict_proba(other[:, :4]), fresh.predict_proba(other[:, :4])
    )
    np.testing.assert_array_equal(
        model.transform(other[:, :4]), fresh.transform(other[:, :4])
    )
    assert len(model.oof_proba_) == 40


@pytest.mark.parametrize("dump", ["pickle", "joblib"])
def test_round_trip(dump, tmp_path):
    y = np.arange(24) % 2
    for tower, X in [*nets(y).values(), (GaussianNB(), make_rows(24)[0])]:
        model = ensemble(tower, cv=2, random_state=0).fit(X, y)
        if dump == "pickle":
            copy = pickle.loads(pickle.dumps(model))
        else:
            joblib.dump(model, tmp_path / "model")
            copy = joblib.load(tmp_path / "model")
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        assert hasattr(copy, "transform") == hasattr(tower, "transform")
        if hasattr(tower, "transform"):
            np.testing.assert_array_equal(copy.transform(X), model.transform(X))


def test_clone_and_nested_parameters():
    model = ensemble(LogisticRegression(C=3.0), cv=4, calibrate=False, random_state=2)
    copy = clone(model)
    assert repr(copy) == repr(model)
    copy.set_params(estimator__C=7.0)
    assert model.estimator.C == 3.0


def test_inside_cross_validation():
    X, y = make_rows(80, signal=2.0)
    scores = cross_val_score(
        ensemble(GaussianNB(), cv=3), X, y, cv=4, scoring="roc_auc"
    )
    assert scores.mean() > 0.8


def test_an_ensemble_of_ensembles():
    X, y = make_rows(40, signal=2.0)
    model = ensemble(ensemble(PCA(2), cv=2), cv=3).fit(X, y)
    assert model.transform(X).shape == (40, 2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cv": 1}, "'cv' parameter"),
        ({"cv": "five"}, "'cv' parameter"),
        ({"calibrate": "yes"}, "'calibrate' parameter"),
        ({"random_state": "x"}, "'random_state' parameter"),
        ({"estimator": 3}, "'estimator' parameter"),
    ],
)
def test_bad_parameters_are_named(params, message):
    X, y = make_rows()
    with pytest.raises(ValueError, match=message):
        ensemble(**{"estimator": GaussianNB()} | params).fit(X, y)


def test_bad_rows_are_named():
    y = np.arange(24) % 2
    X = make_genes(y)
    X[7, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        ensemble(gene_tower(), cv=2).fit(X, y)
    with pytest.raises(ValueError, match=r"[Ii]nconsistent|24"):
        ensemble(GaussianNB()).fit(np.ones((24, 3)), y[:20])


# Properties


@given(
    seed=st.integers(0, 10**6),
    n_rows=st.integers(8, 40),
    n_classes=st.integers(2, 4),
    transformer=st.booleans(),
    n_hidden=st.integers(0, 6),
    n_groups=st.sampled_from([0, 5, 9]),
)
@settings(max_examples=40)
@pytest.mark.filterwarnings("ignore:a class has one labelled row")
def test_any_rows(seed, n_rows, n_classes, transformer, n_hidden, n_groups):
    """Probabilities are proper, and NaN out of fold only where no label is."""
    rng = np.random.default_rng(seed)
    X, y = make_rows(n_rows + n_hidden, n_classes, seed=seed)
    y = y.astype(float)
    y[rng.permutation(len(y))[:n_hidden]] = np.nan
    if len(np.unique(y[~np.isnan(y)])) < 2:
        return
    groups = rng.integers(0, n_groups, len(y)) if n_groups else None
    if n_groups and len(np.unique(groups[~np.isnan(y)])) < 2:
        return
    part = PCA(2) if transformer else GaussianNB()
    model = ensemble(make_pipeline(StandardScaler(), part), cv=3, random_state=seed)
    model.fit(X, y, groups=groups)
    p = model.predict_proba(X)
    assert p.shape == (len(y), len(model.classes_))
    assert np.all(p >= 0)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    held_out = model.held_out_proba(np.arange(len(y)))
    np.testing.assert_allclose(held_out.sum(axis=1), 1)
    assert model.slope_ >= 0
    assert np.isnan(model.oof_proba_[np.isnan(y)]).all()
    assert len(model.estimators_) <= 3
