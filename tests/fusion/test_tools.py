"""scikit-learn's tools around a twin tower of a cohort."""

import numpy as np
import pytest
from cohort_tools import KeepModality
from fusion_tools import (
    axes_tower,
    make_case,
    make_pictures,
    odds_tower,
    picture_model,
    plain_towers,
)
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.model_selection import PairedStratifiedKFold, PatternStratifiedKFold

PAIRED = PairedStratifiedKFold(3, random_state=0)
PATTERN = PatternStratifiedKFold(3, random_state=0)


@pytest.fixture(scope="module")
def task():
    return make_case({"image": 24, "gene": 26, "image+gene": 40}, signal=1.5)


def twin(**params):
    return TwinTowerClassifier(plain_towers(), LogisticRegression(), **params)


def scores_by_hand(X, y, cv):
    return [
        roc_auc_score(y[b], twin().fit(X[a], y[a]).predict_proba(X[b])[:, 1])
        for a, b in cv.split(X, y)
    ]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("cv", [PAIRED, PATTERN], ids=["paired", "pattern"])
def test_cross_val_score(task, cv, n_jobs):
    X, y = task
    scores = cross_val_score(twin(), X, y, cv=cv, scoring="roc_auc", n_jobs=n_jobs)
    np.testing.assert_array_equal(scores, scores_by_hand(X, y, cv))
    assert scores.mean() > 0.7


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_networks_in_cross_validate(n_jobs):
    X, y = make_pictures()
    found = cross_validate(
        picture_model(), X, y, cv=PAIRED, n_jobs=n_jobs, return_estimator=True
    )
    for model, (train, test) in zip(
        found["estimator"], PAIRED.split(X, y), strict=True
    ):
        wanted = picture_model().fit(X[train], y[train]).predict_proba(X[test])
        np.testing.assert_array_equal(model.predict_proba(X[test]), wanted)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_val_predict(task, n_jobs):
    X, y = task
    p = cross_val_predict(
        twin(), X, y, cv=PATTERN, method="predict_proba", n_jobs=n_jobs
    )
    for train, test in PATTERN.split(X, y):
        wanted = twin().fit(X[train], y[train]).predict_proba(X[test])
        np.testing.assert_array_equal(p[test], wanted)


def test_grid_search(task):
    X, y = task
    grid = {"missing": ["tower", "impute"], "gene__pca__n_components": [1, 2]}
    search = GridSearchCV(twin(), grid, cv=PATTERN, scoring="neg_log_loss").fit(X, y)
    assert search.best_estimator_.get_params().items() >= search.best_params_.items()
    wanted = clone(twin()).set_params(**search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), wanted.predict_proba(X))


def test_grid_search_over_whole_towers(task):
    X, y = task
    grid = {"gene": [axes_tower(1), odds_tower()], "final_estimator": [odds_tower()]}
    search = GridSearchCV(twin(), grid, cv=PAIRED, error_score="raise").fit(X, y)
    for candidate, score in zip(
        grid["gene"], search.cv_results_["split0_test_score"], strict=True
    ):
        train, test = next(PAIRED.split(X, y))
        towers = [("image", odds_tower()), ("gene", candidate)]
        model = TwinTowerClassifier(towers, odds_tower()).fit(X[train], y[train])
        assert score == model.score(X[test], y[test])


def test_stacking(task):
    X, y = task
    stack = StackingClassifier(
        [("twin", twin()), ("gene", UnimodalClassifier("gene", odds_tower()))],
        cv=PATTERN,
    ).fit(X, y)
    p = cross_val_predict(twin(), X, y, cv=PATTERN, method="predict_proba")
    final = stack.final_estimator_
    assert final.coef_.shape == (1, 2)
    gene = cross_val_predict(
        stack.estimators[1][1], X, y, cv=PATTERN, method="predict_proba"
    )
    wanted = LogisticRegression().fit(np.column_stack([p[:, 1], gene[:, 1]]), y)
    np.testing.assert_allclose(final.coef_, wanted.coef_)
    assert stack.score(X, y) > 0.7


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration(task, ensemble):
    X, y = task
    model = CalibratedClassifierCV(twin(), cv=PATTERN, ensemble=ensemble).fit(X, y)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert roc_auc_score(y, p[:, 1]) > 0.7
    assert len(model.calibrated_classifiers_) == (3 if ensemble else 1)


def test_learning_curve(task):
    X, y = task
    sizes, train_scores, test_scores = learning_curve(
        twin(),
        X,
        y,
        cv=PATTERN,
        train_sizes=[0.6, 1.0],
        shuffle=True,
        random_state=0,
    )
    assert sizes.tolist() == [36, 60]
    assert train_scores.shape == test_scores.shape == (2, 3)
    full = cross_val_score(twin(), X, y, cv=PATTERN)
    assert abs(test_scores[1].mean() - full.mean()) < 0.1


def test_permutation_test_score(task):
    X, y = task
    score, permuted, p_value = permutation_test_score(
        twin(), X, y, cv=PAIRED, n_permutations=7, scoring="roc_auc", random_state=0
    )
    assert score == np.mean(scores_by_hand(X, y, PAIRED))
    assert len(permuted) == 7
    assert p_value == (np.sum(permuted >= score) + 1) / 8
    assert permuted.mean() < score


def test_train_test_split_and_pipeline(task):
    X, y = task
    train, test, y_train, y_test = train_test_split(
        X, y, stratify=X.patterns, random_state=0
    )
    wanted = twin().fit(train, y_train).score(test, y_test)
    pipeline = make_pipeline("passthrough", twin()).fit(train, y_train)
    assert pipeline.score(test, y_test) == wanted
    gene_only = TwinTowerClassifier([("gene", odds_tower())], LogisticRegression())
    rows, labels = X[X.has("gene")], y[X.has("gene")]
    pipeline = make_pipeline(KeepModality("gene"), gene_only).fit(rows, labels)
    alone = rows[:, ["gene"]]
    wanted = clone(gene_only).fit(alone, labels).predict_proba(alone)
    np.testing.assert_array_equal(pipeline.predict_proba(rows), wanted)


def test_roc_curve_display(task):
    pytest.importorskip("matplotlib")
    from sklearn.metrics import RocCurveDisplay

    X, y = task
    model = twin().fit(X, y)
    shown = RocCurveDisplay.from_estimator(model, X, y)
    assert shown.roc_auc == roc_auc_score(y, model.predict_proba(X)[:, 1])
    shown.figure_.clear()


def test_plain_folds_of_ordered_rows_name_the_splitters():
    """All pairs are in the first fold: its training rows hold none."""
    X, y = make_case({"image+gene": 30, "image": 30, "gene": 30})
    with pytest.raises(ValueError, match=r"PairedStratifiedKFold.*Pattern"):
        cross_val_score(twin(), X, y, cv=KFold(3), error_score="raise")


def test_unlabelled_rows_pass_through_the_splitters(task):
    X, y = task
    y = y.astype(float)
    y[[0, 30, 52, 60, 81]] = np.nan
    scores = cross_val_score(twin(), X, y, cv=PAIRED, scoring="roc_auc")
    assert np.isfinite(scores).all()
    for train, test in PAIRED.split(X, y):
        assert np.isnan(y[train]).sum() == 5
        assert not np.isnan(y[test]).any()
