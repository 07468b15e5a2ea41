"""scikit-learn's choice of a threshold, around a twin tower of a cohort."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
    cross_val_score,
)

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PatternStratifiedKFold,
    compare_classifiers,
)

CV = PairedStratifiedKFold(3, random_state=0)
N = 157


@pytest.fixture(scope="module")
def case():
    """One patient in eight is of the class; most have both modalities."""
    rng = np.random.default_rng(0)
    y = (np.arange(N) % 8 == 0).astype(int)
    blocks = {"image": rng.normal(size=(N, 3)), "gene": rng.normal(size=(N, 4))}
    for block in blocks.values():
        block += 1.2 * y[:, None]
    blocks["image"][:33], blocks["gene"][33:70] = np.nan, np.nan
    return Cohort(blocks, index=[f"p{i:03d}" for i in range(N)]), y


def make_model():
    towers = [(name, LogisticRegression()) for name in ("image", "gene")]
    return TwinTowerClassifier(towers, tower_cv=3, random_state=0)


def make_classifiers():
    return {
        "tuned": TunedThresholdClassifierCV(make_model(), scoring="f1", cv=CV),
        "by pattern": TunedThresholdClassifierCV(
            make_model(), scoring="f1", cv=PatternStratifiedKFold(3, random_state=0)
        ),
        "fixed": FixedThresholdClassifier(make_model(), threshold=0.15),
    }


def threshold_of(classifier):
    return classifier.get_params().get("threshold") or classifier.best_threshold_


@pytest.mark.parametrize("name", make_classifiers())
def test_fit_and_predict(case, name):
    X, y = case
    classifier = clone(make_classifiers()[name]).fit(X, y)
    p = make_model().fit(X, y).predict_proba(X)
    assert np.array_equal(classifier.predict_proba(X), p)
    assert np.array_equal(classifier.predict(X), p[:, 1] >= threshold_of(classifier))
    assert classifier.score(X, y) > 0.8
    again = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(again.predict(X[::2]), classifier.predict(X[::2]))


def test_labels_that_are_words_and_have_ids(case):
    X, y = case
    words = pd.Series(np.where(y == 1, "yes", "no"), index=X.index)
    fixed = FixedThresholdClassifier(make_model(), threshold=0.15, pos_label="yes")
    p = fixed.fit(X, words.sample(frac=1, random_state=0)).predict_proba(X)
    assert np.array_equal(fixed.predict(X) == "yes", p[:, 1] >= 0.15)
    tuned = TunedThresholdClassifierCV(make_model(), cv=CV).fit(X, words)
    assert set(tuned.predict(X)) == {"no", "yes"}
    # scikit-learn splits by place, so a Series in another order never meets its rows.
    with pytest.raises(ValueError, match=r"^y has no entry for \d+ of the \d+ rows"):
        tuned.fit(X, words.sample(frac=1, random_state=0))


def test_the_threshold_is_the_best_of_held_out_patients(case):
    """Of a single split, whose scores are not averaged over folds."""
    X, y = case
    (split, *_) = CV.split(X, y)
    tuned = TunedThresholdClassifierCV(
        make_model(), scoring="f1", cv=[split], refit=False, store_cv_results=True
    ).fit(X, y)
    train, test = split
    p = make_model().fit(X[train], y[train]).predict_proba(X[test])[:, 1]
    assert np.array_equal(tuned.predict_proba(X[test])[:, 1], p)
    found = f1_score(y[test], p >= tuned.best_threshold_)
    assert found >= max(f1_score(y[test], p >= t) for t in p)


def test_in_cross_validation(case):
    X, y = case
    tuned = make_classifiers()["tuned"]
    scores = cross_val_score(tuned, X, y, cv=CV, scoring="recall")
    wanted = []
    for train, test in CV.split(X, y):
        predicted = clone(tuned).fit(X[train], y[train]).predict(X[test])
        wanted.append(predicted[y[test] == 1].mean())
    assert np.array_equal(scores, wanted)


def test_in_a_comparison(case):
    X, y = case
    models = make_classifiers() | {"plain": make_model()}
    found = compare_classifiers(models, X, y, cv=CV, scoring=["roc_auc", "recall"])
    summary = found.summary().set_index(["metric", "model"])["mean"]
    assert summary["recall", "fixed"] > summary["recall", "plain"]
    # A threshold moves no probability.
    assert summary["roc_auc", "tuned"] == summary["roc_auc", "plain"]
    called = found.predictions(models=["fixed"])
    assert np.array_equal(called["y_pred"] == 1, called["proba_1"] >= 0.15)
