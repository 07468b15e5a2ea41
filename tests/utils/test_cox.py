"""Cox's partial likelihood and baseline hazards, against their definitions."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from skmultimodal import make_survival_target
from skmultimodal.utils._cox import (
    PRIOR_AT_RISK,
    CoxLikelihood,
    fit_baseline,
    nelson_aalen,
)


def make_target(n=41, *, ties=True, entry=False, strata=False, seed=0):
    rng = np.random.default_rng(seed)
    time = rng.exponential(size=n) * 9 + 1
    time = np.ceil(time) if ties else time
    return make_survival_target(
        rng.random(n) < 0.6,
        time,
        entry=time * rng.random(n) * 0.6 if entry else None,
        strata=rng.integers(3, size=n) if strata else None,
    )


def by_definition(y, eta):
    """Efron's negative log partial likelihood, term by term."""
    total = 0.0
    strata = y["stratum"] if "stratum" in y.dtype.names else np.zeros(len(y))
    entry = y["entry"] if "entry" in y.dtype.names else np.zeros(len(y))
    for stratum in np.unique(strata):
        own = strata == stratum
        for time in np.unique(y["time"][own & y["event"]]):
            dies = own & y["event"] & (y["time"] == time)
            risk = own & (y["time"] >= time) & (entry < time)
            d = dies.sum()
            for number in range(d):
                left = np.exp(eta[risk]).sum() - number / d * np.exp(eta[dies]).sum()
                total += np.log(left)
            total -= eta[dies].sum()
    return total


CASES = [
    {},
    {"ties": False},
    {"entry": True},
    {"strata": True},
    {"entry": True, "strata": True, "ties": True},
]


@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient(case, rng):
    y = make_target(**case)
    eta = rng.normal(size=len(y))
    likelihood = CoxLikelihood(y)
    value, gradient = likelihood(eta[:, None])
    np.testing.assert_allclose(value, by_definition(y, eta))
    wanted = approx_fprime(eta, lambda e: likelihood(e[:, None])[0], 1e-6)
    np.testing.assert_allclose(gradient[:, 0], wanted, atol=1e-4)


def test_log_hazards_have_no_origin_and_may_be_large(rng):
    y, eta = make_target(), rng.normal(size=41)
    first, shifted = (CoxLikelihood(y)(e[:, None]) for e in (eta, eta + 700))
    np.testing.assert_allclose(shifted[0], first[0])
    np.testing.assert_allclose(shifted[1], first[1], atol=1e-9)


def test_breslow(rng):
    y, eta = make_target(entry=True), rng.normal(size=41)
    (baseline,) = fit_baseline(y, eta).values()
    times = np.unique(y["time"][y["event"]])
    np.testing.assert_array_equal(baseline.times, times)
    jumps = [
        (y["event"] & (y["time"] == t)).sum()
        / np.exp(eta)[(y["time"] >= t) & (y["entry"] < t)].sum()
        for t in times
    ]
    np.testing.assert_allclose(baseline.hazard, np.cumsum(jumps))
    for (early, late), hazard in zip(pairwise(times), baseline.hazard, strict=False):
        np.testing.assert_allclose(baseline([early, (early + late) / 2]), hazard)
    assert baseline(times[0] - 0.5) == 0


def test_cumulative_hazard_of_rows_all_alike():
    y = make_survival_target([1, 0, 1, 1], [2.0, 3.0, 3.0, np.nan])
    # 1 of 3 at time 2, 1 of 2 at time 3.
    found = nelson_aalen(y)
    np.testing.assert_allclose(found, [1 / 3, 5 / 6, 5 / 6, np.nan])


def test_a_large_stratum_shows_its_own_hazard_and_a_small_one_that_of_all():
    rng = np.random.default_rng(0)
    sizes = [4000, 6]
    time = np.concatenate([rng.exponential(2.0, sizes[0]), rng.exponential(9.0, 6)])
    y = make_survival_target(np.ones(4006), time, strata=np.repeat([0, 1], sizes))
    found = fit_baseline(y, np.zeros(4006))
    alone = fit_baseline(make_survival_target(y["event"], time)[:4000], np.zeros(4000))
    at = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(found[0](at), alone[0](at), rtol=0.02)
    # Six rows count a quarter of the twenty that are added.
    assert PRIOR_AT_RISK == 20
    few = np.array([(time[4000:] <= t).mean() for t in at])
    assert np.all(found[1](at) > few)
    assert np.all(found[1](at) < found[0](at))
