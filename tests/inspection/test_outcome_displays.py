"""Calibration of survival curves, and the incidence of competing events."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal import CoxRidgeSurvival, make_survival_target
from skmultimodal.model_selection import compare_regressors, compare_survival
from skmultimodal.utils._incidence import cumulative_incidence, read_causes
from skmultimodal.utils._survival_metrics import d_calibration

plt = pytest.importorskip("matplotlib.pyplot")

from sklearn.linear_model import Ridge  # noqa: E402

from skmultimodal.inspection import (  # noqa: E402
    CumulativeIncidenceDisplay,
    DCalibrationDisplay,
)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_patients_in_parts_of_their_curves_by_hand():
    event = np.array([1, 1, 0, 0, 1, 0], bool)
    survival = np.array([0.0, 1.0, 0.6, 0.2, 0.5, 0.0])
    found = d_calibration(event, survival, 4)
    # The third: .5 / .6 below one half, of which half in each quarter, and .1 / .6.
    quarter = 0.25 / 0.6
    wanted = [1 + quarter + 1 + 1, quarter, 1 + 0.1 / 0.6, 1]
    np.testing.assert_allclose(found.counts, wanted)
    assert found.statistic == pytest.approx(np.sum((wanted - np.array(1.5)) ** 2) / 1.5)


def simulate(n, seed, censoring):
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(size=n))
    time, last = rng.exponential(1 / rate), rng.exponential(censoring, size=n)
    seen = np.minimum(time, last)
    return time <= last, np.exp(-rate * seen)


def test_the_test_holds_its_level_and_finds_wrong_curves():
    # Without censoring the parts are multinomial, with it the test finds less.
    cases = [simulate(120, seed, 1e9) for seed in range(300)]
    p = np.array([d_calibration(*case).pvalue for case in cases])
    assert 0.02 < np.mean(p < 0.05) < 0.09
    censored = [simulate(120, seed, 2.0) for seed in range(100)]
    p = np.array([d_calibration(*case).pvalue for case in censored])
    assert np.mean(p < 0.05) < 0.05
    wrong = [d_calibration(e, s**2).pvalue for e, s in cases[:30]]
    assert np.mean(np.array(wrong) < 0.05) > 0.9


def make_case(n=130, entry=False):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    time, last = rng.exponential(np.exp(-X[:, 0])), rng.exponential(3, size=n)
    seen = np.minimum(time, last)
    entered = seen * rng.uniform(0, 0.9, n) if entry else None
    return X, make_survival_target(time <= last, seen, entry=entered)


@pytest.mark.parametrize("entry", [False, True])
def test_curves_of_a_comparison(entry):
    X, y = make_case(entry=entry)
    comparison = compare_survival({"cox": CoxRidgeSurvival(1.0)}, X, y, cv=3)
    table = comparison.predictions()
    fold = comparison.folds[0]
    model = CoxRidgeSurvival(1.0).fit(X[fold.train], y[fold.train])
    curves = model.predict_survival_function(X[fold.test])
    own = y[fold.test]
    wanted = [f(t) for f, t in zip(curves, own["time"], strict=True)]
    if entry:
        at = [f(t) for f, t in zip(curves, own["entry"], strict=True)]
        wanted = np.divide(wanted, at)
    found = table[table["fold"] == 0]["survival"]
    np.testing.assert_allclose(found, wanted)
    display = DCalibrationDisplay.from_comparison(comparison, "cox", n_bins=5)
    assert display.shares_.sum() == pytest.approx(1)
    assert display.pvalue_ > 0.001
    assert display.ax_.get_title(loc="left").startswith("cox: D-calibration, p = ")
    assert [bar.get_height() for bar in display.bars_] == display.shares_.tolist()


class Risk(CoxRidgeSurvival):
    """Has no survival curves."""

    def fit(self, X, y):
        super().fit(X, y)
        del self.baselines_
        return self

    predict_survival_function = property()


def test_without_curves():
    X, y = make_case()
    comparison = compare_survival(
        {"risk": Risk(), "cox": CoxRidgeSurvival()}, X, y, cv=3
    )
    assert comparison.predictions(models=["risk"])["survival"].isna().all()
    with pytest.raises(ValueError, match="model 'risk' predicts no survival curves"):
        DCalibrationDisplay.from_comparison(comparison, "risk")
    numbers = compare_regressors({"ridge": Ridge()}, X, X[:, 0], cv=3)
    with pytest.raises(ValueError, match="not of times to an event"):
        DCalibrationDisplay.from_comparison(numbers, "ridge")


@pytest.mark.parametrize(
    ("survival", "n_bins", "message"),
    [
        (
            np.ones((130, 2)),
            10,
            r"survival has shape \(130, 2\) for 130 rows: give each",
        ),
        (np.full(130, 1.1), 10, "survival must lie between 0 and 1"),
        (np.ones(130), 30, "n_bins=30: .* at least 5 patients for each; there are 130"),
        (np.ones(130), 1, "n_bins=1: there must be two or more"),
    ],
)
def test_bad_survival(survival, n_bins, message):
    _, y = make_case()
    with pytest.raises(ValueError, match=message):
        DCalibrationDisplay.from_predictions(y, survival, n_bins=n_bins)


def make_causes(n=90, ties=True):
    rng = np.random.default_rng(0)
    time = rng.exponential(10, size=n)
    return np.ceil(time) if ties else time, rng.integers(0, 3, size=n)


@pytest.mark.parametrize("last", [0, 1])
def test_incidence_is_that_of_scikit_survival(last):
    oracle = pytest.importorskip("sksurv.nonparametric")
    time, cause = make_causes()
    cause[time.argmax()] = last
    found = cumulative_incidence(time, read_causes(cause))
    x, share, ends = oracle.cumulative_incidence_competing_risks(
        cause, time, conf_type="log-log"
    )
    for kind in (1, 2):
        own = found[str(kind)]
        at = np.searchsorted(x, own.times)
        np.testing.assert_allclose(own.share, share[kind][at], rtol=1e-9)
        inside = own.share > 0
        np.testing.assert_allclose(own.low[inside], ends[kind][0][at][inside])
        np.testing.assert_allclose(own.high[inside], ends[kind][1][at][inside])


def test_incidences_and_survival_add_up_to_one():
    time, cause = make_causes(ties=False)
    display = CumulativeIncidenceDisplay.from_causes(time, cause)
    at = 7.5
    free = 1.0
    for t in np.sort(time[(cause > 0) & (time <= at)]):
        free *= 1 - 1 / np.sum(time >= t)
    total = sum(own.at(at) for own in display.incidences_.values())
    assert total + free == pytest.approx(1)
    assert display.incidences_["1"].at(0.0) == 0
    assert list(display.lines_) == ["1", "2"]
    label = display.lines_["2"].get_label()
    assert label == f"2: {np.sum(cause == 2)} of 90"


def test_forms_of_causes():
    time, cause = make_causes()
    time[3] = np.nan
    words = np.array([None, "relapse", "death"], dtype=object)[cause]
    display = CumulativeIncidenceDisplay.from_causes(time, words, causes=["relapse"])
    wanted = CumulativeIncidenceDisplay.from_causes(time, cause, causes=[1])
    for name in ("times", "share", "low", "high"):
        found = getattr(display.incidences_["relapse"], name)
        np.testing.assert_array_equal(found, getattr(wanted.incidences_["1"], name))
    column = pd.Series(cause.astype(float)).where(cause > 0)
    assert read_causes(column).tolist() == read_causes(cause).tolist()


@pytest.mark.parametrize(
    ("cause", "causes", "message"),
    [
        (np.zeros(90), None, "no patient has an event: all are censored"),
        (np.ones(90), ["relapse"], "no patient has the event 'relapse': there are 1"),
        (np.ones(8), None, "time has 90 values, and cause 8"),
        (np.ones((90, 2)), None, r"cause has shape \(90, 2\), not one value per row"),
    ],
)
def test_bad_causes(cause, causes, message):
    time, _ = make_causes()
    with pytest.raises(ValueError, match=message):
        CumulativeIncidenceDisplay.from_causes(time, cause, causes=causes)
