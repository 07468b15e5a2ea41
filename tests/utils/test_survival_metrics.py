"""Metrics under censoring, beside those of scikit-survival."""

import numpy as np
import pytest

from skmultimodal import CoxRidgeSurvival, make_survival_target
from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._survival_metrics import (
    auc_at,
    brier_scores,
    integrated_brier_score,
)

metrics = pytest.importorskip("sksurv.metrics")
# scikit-survival 0.25 beside NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:`trapz` is deprecated")


@pytest.fixture
def case(rng):
    """Training and tested targets, and risks of the latter."""
    n = 160
    eta = rng.normal(size=n)
    time, last = rng.exponential(9 * np.exp(-eta)), rng.exponential(14, size=n)
    y = make_survival_target(time <= last, np.minimum(time, last))
    test = y[90:][y["time"][90:] < y["time"][:90].max()]
    risk = eta[90:][y["time"][90:] < y["time"][:90].max()]
    risk[5] = risk[6]
    return y[:90], test, risk


def test_harrell(case):
    _, y, risk = case
    wanted = metrics.concordance_index_censored(y["event"], y["time"], risk)[0]
    np.testing.assert_allclose(concordance(y, risk), wanted)


@pytest.mark.parametrize("horizon", [None, 11.0])
def test_uno(case, horizon):
    train, y, risk = case
    wanted = metrics.concordance_index_ipcw(train, y, risk, tau=horizon)[0]
    found = concordance(y, risk, train=train, horizon=horizon)
    np.testing.assert_allclose(found, wanted)


def test_concordance_in_parts_is_that_of_all(case, monkeypatch):
    train, y, risk = case
    whole = concordance(y, risk, train=train)
    monkeypatch.setattr("skmultimodal.utils._concordance.CHUNK", 3 * len(y))
    np.testing.assert_allclose(concordance(y, risk, train=train), whole)


def test_concordance_within_strata(case):
    _, y, risk = case
    strata = np.arange(len(y)) % 3
    parts = [y[strata == s] for s in range(3)]
    counts, values = [], []
    for s, part in enumerate(parts):
        c, agreeing, against, *_ = metrics.concordance_index_censored(
            part["event"], part["time"], risk[strata == s]
        )
        counts.append(agreeing + against)
        values.append(c)
    found = concordance(
        make_survival_target(y["event"], y["time"], strata=strata), risk
    )
    np.testing.assert_allclose(found, np.average(values, weights=counts), atol=0.01)


def test_nothing_to_compare():
    y = make_survival_target([False, True], [1.0, 2.0])
    assert np.isnan(concordance(y, [0.0, 1.0]))


def test_brier(case, rng):
    train, y, _ = case
    times = np.array([2.0, 4.0, 5.5, 9.0])
    survival = np.sort(rng.random((len(y), 4)))[:, ::-1]
    wanted = metrics.brier_score(train, y, survival, times)[1]
    found = brier_scores(y, survival, times, train=train)
    np.testing.assert_allclose(found, wanted)
    np.testing.assert_allclose(
        integrated_brier_score(y, survival, times, train=train),
        metrics.integrated_brier_score(train, y, survival, times),
    )


def test_area_at_a_time(case):
    train, y, risk = case
    wanted = metrics.cumulative_dynamic_auc(train, y, risk, [5.0])[0][0]
    np.testing.assert_allclose(auc_at(y, risk, 5.0, train=train), wanted)
    assert np.isnan(auc_at(y, risk, 1e6, train=train))


def test_scorers_of_scikit_survival_take_our_estimators(rng):
    X = rng.normal(size=(120, 3))
    time, last = rng.exponential(9 * np.exp(-X[:, 0])), rng.exponential(20, size=120)
    y = make_survival_target(time <= last, np.minimum(time, last))
    train, test = y[:80], y[80:][y["time"][80:] < y["time"][:80].max()]
    rows = X[80:][y["time"][80:] < y["time"][:80].max()]
    times = np.array([2.0, 4.0, 6.0])
    plain = CoxRidgeSurvival().fit(X[:80], train)
    assert plain.unique_times_.tolist() == np.unique(time[:80][train["event"]]).tolist()
    brier = metrics.as_integrated_brier_score_scorer(CoxRidgeSurvival(), times=times)
    survival = plain.predict_survival_function(rows, times)
    wanted = -integrated_brier_score(test, survival, times, train=train)
    np.testing.assert_allclose(brier.fit(X[:80], train).score(rows, test), wanted)
    uno = metrics.as_concordance_index_ipcw_scorer(CoxRidgeSurvival(), tau=6.0)
    wanted = concordance(test, plain.predict(rows), train=train, horizon=6.0)
    np.testing.assert_allclose(uno.fit(X[:80], train).score(rows, test), wanted)
