"""DeLong's variance, by hand, against the bootstrap, and where it is used."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    delong_interval,
    patient_bootstrap_interval,
    wilson_interval,
)
from skmultimodal.model_selection._delong import delong


def test_areas_and_covariance_by_hand():
    hits = np.array([True, False, True, False, True])
    scores = [[0.9, 0.5, 0.5, 0.1, 0.3], [0.1, 0.6, 0.7, 0.3, 0.9]]
    # Shares of the others below each patient of the class, and of the class above each
    # other; a tie counts half.
    placed = np.array([[1, 0.75, 0.5], [0, 1, 1]])
    others = np.array([[0.5, 1], [2 / 3, 2 / 3]])
    areas, covariance = delong(hits, scores)
    np.testing.assert_allclose(areas, placed.mean(axis=1))
    np.testing.assert_allclose(areas[0], roc_auc_score(hits, scores[0]))
    np.testing.assert_allclose(covariance, np.cov(placed) / 3 + np.cov(others) / 2)


def test_interval_is_that_of_the_bootstrap_where_both_hold():
    rng = np.random.default_rng(0)
    y = (np.arange(300) % 3 == 0).astype(int)
    score = rng.normal(size=300) + 0.8 * y
    low, high = delong_interval(y, score)
    expected = patient_bootstrap_interval(y, score, roc_auc_score, random_state=0)
    np.testing.assert_allclose([low, high], expected, atol=0.012)


def test_a_perfect_area_is_no_certainty():
    y = np.repeat([0, 1], [10, 8])
    low, high = delong_interval(y, y + 0.5)
    assert 0.6 < low < 0.9
    assert high == 1
    wider = delong_interval(y, y + 0.5, confidence_level=0.99)
    assert wider[0] < low


def test_a_class_of_one_patient_has_no_interval():
    assert np.isnan(delong_interval([0, 1, 1], [0.1, 0.2, 0.3])).all()


def test_labels_are_one_and_zero():
    with pytest.raises(ValueError, match=r"^y_true must hold 1 for the positive class"):
        delong_interval([1, 2], [0.1, 0.2])


@pytest.fixture(scope="module")
def data():
    return make_classification(160, 5, flip_y=0.3, random_state=0)


def test_a_model_that_no_fold_changes_is_tested_once(data):
    X, y = data
    fixed = FrozenEstimator(LogisticRegression().fit(X[:90], y[:90]))
    X, y = X[90:], y[90:]
    models = {"fixed": fixed, "fitted": LogisticRegression()}
    result = compare_classifiers(
        models,
        X,
        y,
        cv=PairedStratifiedKFold(3, n_repeats=2, random_state=0),
        scoring=["roc_auc", "accuracy", "recall", "neg_log_loss"],
    )
    table = result.summary().set_index(["model", "metric"])
    columns = ["mean", "low", "high"]
    p = fixed.predict_proba(X)[:, 1]
    expected = [roc_auc_score(y, p), *delong_interval(y, p)]
    np.testing.assert_allclose(table.loc[("fixed", "roc_auc"), columns], expected)
    right = fixed.predict(X) == y
    for metric, rows in {"accuracy": right, "recall": right[y == 1]}.items():
        ends = wilson_interval(int(rows.sum()), len(rows))
        expected = [rows.mean(), *ends]
        np.testing.assert_allclose(table.loc[("fixed", metric), columns], expected)
    folds = result.scores(models=["fitted"], metrics=["roc_auc"])["score"]
    assert table.loc[("fitted", "roc_auc"), "mean"] == pytest.approx(folds.mean())
    folds = result.scores(models=["fixed"], metrics=["neg_log_loss"])["score"]
    assert table.loc[("fixed", "neg_log_loss"), "mean"] == pytest.approx(folds.mean())
