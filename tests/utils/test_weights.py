"""Weights of training rows: how they are read, dropped and handed on."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skmultimodal.utils._weights import (
    WeightedFitMixin,
    check_sample_weight,
    drop_unweighted,
    fit_weighted,
    pop_sample_weight,
    takes_weights,
)

X = np.random.default_rng(0).normal(size=(23, 4))
Y = np.arange(23) % 2
WEIGHTS = np.arange(1, 24) / 7


class Among(WeightedFitMixin, ClassifierMixin, BaseEstimator):
    def fit(self, X, y, **params):
        self.weights_ = pop_sample_weight(self, params)
        return self


def test_weights_become_floats():
    assert check_sample_weight(None, 3) is None
    found = check_sample_weight(pd.Series([1, 0, 2]), 3)
    assert found.dtype == np.float64
    assert found.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"^X has 3 rows, sample_weight has shape \(2,\)\.$"),
        ([[1], [1], [1]], r"^X has 3 rows, sample_weight has shape \(3, 1\)\.$"),
        ([1, -1, 1], r"^sample_weight of row 1 is -1\.0: weights are finite and 0"),
        ([1, 1, np.nan], r"^sample_weight of row 2 is nan: "),
        (np.ma.array([1, 1, 1], mask=[0, 1, 0]), "^sample_weight of row 1 is nan: "),
        ([np.inf, 1, 1], r"^sample_weight of row 0 is inf: "),
        ([0, 0, 0], "^every sample_weight is zero: at least one row of each class"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weights, 3)


def test_rows_of_weight_0_are_left_out():
    weights = np.where(np.arange(23) % 5 == 0, 0.0, 2.0)
    rows, y, left, groups, none = drop_unweighted(X, Y, weights, np.arange(23), None)
    kept = np.flatnonzero(weights)
    assert np.array_equal(rows, X[kept])
    assert np.array_equal(y, Y[kept])
    assert np.array_equal(groups, kept)
    assert set(left) == {2.0}
    assert none is None


@pytest.mark.parametrize("weights", [np.ones(23), np.arange(23) % 4 > 0])
def test_weights_of_1_are_none(weights):
    assert drop_unweighted(X, Y, weights.astype(float))[2] is None


def test_nothing_is_copied_where_no_weight_is_0():
    assert drop_unweighted(X, Y, WEIGHTS)[0] is X
    assert drop_unweighted(X, Y, None)[0] is X


def test_one_class_left_is_refused():
    with pytest.raises(ValueError, match=r"sample_weight is above 0 are of class 1 on"):
        drop_unweighted(X, Y, Y.astype(float))


def test_other_parameters_of_fit_are_refused():
    assert pop_sample_weight(Among(), {}) is None
    with pytest.raises(TypeError, match=r"^Among\.fit got an unexpected .* 'weights'"):
        Among().fit(X, Y, weights=WEIGHTS)


@pytest.mark.parametrize(
    ("estimator", "takes"),
    [
        (LogisticRegression(), True),
        (KNeighborsClassifier(), False),
        (Among(), True),
        (make_pipeline(PCA(), LogisticRegression()), True),
        (make_pipeline(StandardScaler(), KNeighborsClassifier()), False),
        (make_pipeline(PCA(), make_pipeline(PCA(), Among())), True),
        (make_pipeline(PCA(), "passthrough"), False),
    ],
)
def test_who_takes_weights(estimator, takes):
    assert takes_weights(estimator) == takes


@pytest.mark.parametrize("routed", [False, True])
def test_every_step_of_a_pipeline_that_takes_weights_gets_them(routed):
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    model = make_pipeline(MinMaxScaler(), PCA(3), inner)
    with config_context(enable_metadata_routing=routed):
        fit_weighted(model, X, Y, WEIGHTS)
    reduced = model[:2].transform(X)
    mean = np.average(reduced, axis=0, weights=WEIGHTS)
    assert np.allclose(inner[0].mean_, mean, atol=1e-12)
    scaled = inner[0].transform(reduced)
    wanted = LogisticRegression().fit(scaled, Y, WEIGHTS)
    assert np.allclose(inner[1].coef_, wanted.coef_)


@pytest.mark.parametrize("routed", [False, True])
def test_a_search_hands_weights_to_what_it_searches(routed):
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(inner, {"logisticregression__C": [0.3]}, cv=3)
    assert takes_weights(search)
    with config_context(enable_metadata_routing=routed):
        fit_weighted(search, X, Y, WEIGHTS)
    wanted = fit_weighted(inner.set_params(logisticregression__C=0.3), X, Y, WEIGHTS)
    assert np.array_equal(search.predict_proba(X), wanted.predict_proba(X))
    assert not takes_weights(GridSearchCV(KNeighborsClassifier(), {}))


def test_what_takes_no_weights_is_fitted_without():
    fitted = fit_weighted(KNeighborsClassifier(), X, Y, WEIGHTS)
    assert np.array_equal(
        fitted.predict(X), KNeighborsClassifier().fit(X, Y).predict(X)
    )
