"""Weights of rows in the pool and in the twin tower."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import TWO, make_case, make_tables
from pool_tools import make_columns, without
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from skmultimodal import (
    Cohort,
    LogOpinionPoolClassifier,
    TwinTowerClassifier,
    TwinTowerRegressor,
)
from skmultimodal.fusion._evidence import fit_covariance, fit_shift
from skmultimodal.model_selection import PairedStratifiedKFold

CHECKS = [
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_list",
    "check_all_zero_sample_weights_error",
    "check_classifiers_one_label_sample_weights",
]
# Some are newer than the oldest scikit-learn that is supported.
CHECKS = [check for check in CHECKS if hasattr(estimator_checks, check)]


def linear(C=1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, tol=1e-10))


def linear_model(**params):
    towers = [("image", linear()), ("gene", linear(0.3))]
    return TwinTowerClassifier(towers, **({"tower_cv": None} | params))


def draw_weights(n_rows, least=0, seed=3):
    return np.random.default_rng(seed).integers(least, 4, n_rows).astype(float)


def repeated_rows(weights):
    return np.repeat(np.arange(len(weights)), weights.astype(int))


# The pool


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_pool_reads_a_weight_as_so_many_rows(n_classes):
    Z, y, spans = make_columns(n_classes, n_rows=61)
    Z = without(Z, spans, np.arange(0, 61, 4), "gene")
    weights = draw_weights(61)
    rows = repeated_rows(weights)
    pool = LogOpinionPoolClassifier().fit(Z, y, **spans, sample_weight=weights)
    wanted = LogOpinionPoolClassifier().fit(Z[rows], y[rows], **spans)
    assert np.allclose(pool.predict_proba(Z), wanted.predict_proba(Z), atol=1e-7)
    assert pool.limits_ == pytest.approx(wanted.limits_)
    assert np.allclose(pool.correlations_, wanted.correlations_)
    assert np.allclose(pool.scale_, wanted.scale_)
    assert np.allclose(pool.shift_, wanted.shift_, atol=1e-6)


def test_the_pool_leaves_out_rows_of_weight_0():
    Z, y, spans = make_columns(3)
    kept = np.arange(len(y)) % 5 > 0
    pool = LogOpinionPoolClassifier()
    p = pool.fit(Z, y, **spans, sample_weight=kept).predict_proba(Z)
    wanted = pool.fit(Z[kept], y[kept], **spans).predict_proba(Z)
    assert np.allclose(p, wanted, atol=1e-12)


def test_the_pool_minimises_the_weighted_loss():
    """One modality of features alone: a ridge regression, minimised by another."""
    rng = np.random.default_rng(4)
    Z = rng.normal(size=(47, 2))
    y = (Z[:, 0] + rng.normal(size=47) > 0).astype(int)
    weights = rng.uniform(0.1, 2.5, 47)
    pool = LogOpinionPoolClassifier(feature_penalty=2.0, shift_scale=1e-6)
    pool.fit(Z, y, sample_weight=weights)
    prior = np.log(np.bincount(y, weights))
    prior -= prior.mean()

    def loss(theta):
        intercept, coef = theta[:2], theta[2:].reshape(2, 2)
        logs = log_softmax(intercept + Z @ coef, axis=1)
        penalty = 30 * np.sum((intercept - prior) ** 2) + 2 * 2.0 * np.sum(coef**2)
        return -np.sum(weights * logs[np.arange(47), y]) + penalty / 2

    best = minimize(loss, np.r_[prior, np.zeros(4)], method="BFGS", tol=1e-9).x
    assert np.allclose(pool.intercept_, best[:2], atol=1e-4)
    assert np.allclose(pool.coef_.T, best[2:].reshape(2, 2), atol=1e-4)


def test_weighted_covariance_and_shift_are_those_of_repeated_rows():
    rng = np.random.default_rng(5)
    opinions = rng.normal(size=(2, 31, 3))
    opinions[0, ::6] = np.nan
    codes, weights = np.arange(31) % 3, draw_weights(31, least=1)
    rows = repeated_rows(weights)
    found = fit_covariance(opinions, codes, 3, 0.1, 100.0, weights)
    wanted = fit_covariance(opinions[:, rows], codes[rows], 3, 0.1, 100.0)
    for part, other in zip(found, wanted, strict=True):
        assert np.allclose(part, other)
    logits = rng.normal(size=(31, 3))
    shift = fit_shift(logits, codes, 0.3, weights)
    assert np.allclose(shift, fit_shift(logits[rows], codes[rows], 0.3), atol=1e-6)


# The twin tower


@pytest.mark.parametrize("check", CHECKS)
def test_scikit_learn_checks_of_weights(check):
    """The others name a column that is the label, which is refused here."""
    model = TwinTowerClassifier([("gene", linear())], tower_cv=None)
    getattr(estimator_checks, check)("TwinTowerClassifier", model)


def test_scikit_learn_finds_weights_to_be_rows():
    model = TwinTowerClassifier([("gene", linear())], tower_cv=None)
    check = estimator_checks.check_sample_weight_equivalence_on_dense_data
    check("TwinTowerClassifier", model)


@pytest.mark.parametrize("tower_output", ["log_odds", "both", "features"])
@pytest.mark.filterwarnings("ignore:tower '.*' was fitted with the labels")
def test_a_linear_model_reads_a_weight_as_so_many_rows(tower_output):
    blocks, y = make_tables(TWO)
    weights = draw_weights(len(y))
    rows = repeated_rows(weights)
    again = Cohort({name: block[rows] for name, block in blocks.items()})
    model = linear_model(tower_output=tower_output, tower_rows="all")
    X = Cohort(blocks)
    p = model.fit(X, y, sample_weight=weights).predict_proba(X)
    wanted = model.fit(again, y[rows]).predict_proba(X)
    assert np.allclose(p, wanted, atol=1e-5)  # outputs of towers are float32


@pytest.mark.parametrize("missing", ["tower", "impute"])
def test_a_row_of_weight_0_is_as_if_it_were_not_there(missing):
    X, y = make_case()
    kept = np.arange(len(y)) % 6 > 0
    groups = np.arange(len(y)) // 3
    model = TwinTowerClassifier(
        [("image", linear()), ("gene", linear())], missing=missing, random_state=0
    )
    p = model.fit(X, y, groups, sample_weight=kept).predict_proba(X)
    ranges = model.ranges_in_
    wanted = model.fit(X[kept], y[kept], groups[kept]).predict_proba(X)
    assert np.array_equal(p, wanted)
    # Nor do later rows meet it: absent columns are filled with the means of the others.
    for name, table in model.ranges_in_.items():
        pd.testing.assert_frame_equal(ranges[name], table)


def test_default_towers_take_weights(recwarn):
    rng = np.random.default_rng(0)
    y = np.arange(48) % 2
    blocks = {
        "image": rng.normal(size=(48, 1, 9, 8)) + y[:, None, None, None],
        "gene": rng.normal(size=(48, 30)) + y[:, None],
        "clinical": rng.normal(size=(48, 3)) + y[:, None],
    }
    blocks["image"][:9], blocks["gene"][9:20] = np.nan, np.nan
    X = Cohort(blocks)
    model = TwinTowerClassifier(tower_cv=2, random_state=0)
    plain = model.fit(X, y).predict_proba(X)
    weighted = model.fit(X, y, sample_weight=np.where(y == 1, 6.0, 1.0))
    assert weighted.predict_proba(X)[:, 1].mean() > plain[:, 1].mean() + 0.02
    assert not [w for w in recwarn if "sample_weight" in str(w.message)]


def test_class_shares_are_weighted():
    X, y = make_case(signal=0.0)
    weights = np.where(y == 1, 9.0, 1.0)
    model = linear_model(tower_cv=3).fit(X, y, sample_weight=weights)
    share = np.exp(np.diff(model.final_estimator_.log_prior_))
    assert share == pytest.approx(np.sum(9.0 * (y == 1)) / np.sum(y == 0))
    # Rows are counted, not weighed.
    assert model.class_counts_["gene"].sum() == X.has("gene").sum()


def test_weights_are_joined_by_patient_id():
    X, y = make_case()
    weights = draw_weights(len(y), least=1)
    series = pd.Series(weights, index=X.index).sample(frac=1, random_state=0)
    model = linear_model()
    p = model.fit(X, y, sample_weight=weights).predict_proba(X)
    joined = model.fit(X, y, sample_weight=series).predict_proba(X)
    assert np.array_equal(p, joined)


def test_parts_without_weights_are_named():
    X, y = make_case()
    towers = [("image", KNeighborsClassifier()), ("gene", linear())]
    model = TwinTowerClassifier(towers, tower_cv=3)
    with pytest.warns(UserWarning, match=r"not reach tower 'image' \(KNeighborsClass"):
        model.fit(X, y, sample_weight=draw_weights(len(y), least=1))
    model = linear_model(final_estimator=KNeighborsClassifier(), tower_cv=3)
    model.set_params(tower_output="log_odds")
    with pytest.warns(UserWarning, match=r"the final estimator \(KNeighborsClassifier"):
        model.fit(X, y, sample_weight=draw_weights(len(y), least=1))


def test_a_search_over_the_pool_reads_weights():
    X, y = make_case()
    weights = draw_weights(len(y), least=1)
    pool = LogOpinionPoolClassifier(weight_penalty=5.0)
    search = GridSearchCV(LogOpinionPoolClassifier(), {"weight_penalty": [5.0]}, cv=3)
    p = [
        linear_model(final_estimator=final, tower_cv=3)
        .fit(X, y, sample_weight=weights)
        .predict_proba(X)
        for final in (pool, search)
    ]
    assert np.array_equal(*p)


def test_weights_of_another_length_or_name_are_refused():
    X, y = make_case()
    with pytest.raises(ValueError, match=r"^X has 42 rows, sample_weight has shape \("):
        linear_model().fit(X, y, sample_weight=np.ones(41))
    with pytest.raises(TypeError, match=r"fit got an unexpected keyword .* 'weight'"):
        linear_model().fit(X, y, weight=np.ones(42))
    with pytest.raises(TypeError, match="sample_weight"):
        TwinTowerRegressor().fit(X, y, sample_weight=np.ones(42))


def test_a_cached_tower_is_that_of_its_weights(tmp_path):
    X, y = make_case()
    weights = draw_weights(len(y), least=1)
    cached = linear_model(memory=str(tmp_path), tower_cv=3)
    for given in (None, weights, None, weights[::-1]):
        plain = linear_model(tower_cv=3).fit(X, y, sample_weight=given)
        found = cached.fit(X, y, sample_weight=given)
        assert np.array_equal(found.predict_proba(X), plain.predict_proba(X))


def test_scikit_learn_routes_weights():
    X, y = make_case({"image": 15, "gene": 16, "image+gene": 34})
    weights = np.where(y == 1, 40.0, 1.0)
    cv = PairedStratifiedKFold(3, random_state=0)
    model = linear_model(tower_cv=2)
    with config_context(enable_metadata_routing=True):
        asking = linear_model(tower_cv=2).set_fit_request(sample_weight=True)
        asking.set_score_request(sample_weight=False)
        recall = get_scorer("recall").set_score_request(sample_weight=False)
        params = {"params": {"sample_weight": weights}}
        scores = cross_val_score(asking, X, y, cv=cv, scoring=recall, **params)
        grid = {"tower_cv": [2, 3]}
        search = GridSearchCV(asking, grid, cv=cv, scoring=recall)
        search.fit(X, y, sample_weight=weights)
    wanted = []
    for train, test in cv.split(X, y):
        model.fit(X[train], y[train], sample_weight=weights[train])
        wanted.append(np.mean(model.predict(X[test])[y[test] == 1] == 1))
    assert np.allclose(scores, wanted)
    assert np.allclose(search.cv_results_["mean_test_score"][0], np.mean(wanted))
    assert search.best_estimator_.predict_proba(X)[:, 1].mean() > 0.8


# class_weight


def test_calibration_undoes_the_class_weight_of_a_tower():
    """Balanced towers predict the rare class too often; the twin tower does not."""
    rng = np.random.default_rng(0)
    y = (rng.random(900) < 0.1).astype(int)
    blocks = {n: rng.normal(size=(900, 3)) + y[:, None] for n in ("image", "gene")}
    blocks["image"][:150], blocks["gene"][150:300] = np.nan, np.nan
    X = Cohort(blocks)
    balanced = LogisticRegression(class_weight="balanced")
    images = blocks["image"][300:]
    alone = LogisticRegression(class_weight="balanced").fit(images, y[300:])
    assert alone.predict_proba(images)[:, 1].mean() > 0.25
    options = {"random_state": 0}
    found = TwinTowerClassifier([("image", balanced), ("gene", balanced)], **options)
    plain = TwinTowerClassifier(
        [("image", LogisticRegression()), ("gene", LogisticRegression())], **options
    )
    p = found.fit(X, y).predict_proba(X)[:, 1]
    wanted = plain.fit(X, y).predict_proba(X)[:, 1]
    for rows in (slice(0, 150), slice(150, 300), slice(300, None)):
        assert p[rows].mean() == pytest.approx(wanted[rows].mean(), abs=0.015)
        assert np.corrcoef(p[rows], wanted[rows])[0, 1] > 0.99
    assert p.mean() == pytest.approx(y.mean(), abs=0.02)
