"""Survival of groups of predicted risk."""

import numpy as np
import pytest

from skmultimodal import CoxRidgeSurvival, make_survival_target
from skmultimodal.model_selection import compare_regressors, compare_survival

plt = pytest.importorskip("matplotlib.pyplot")

from sklearn.linear_model import Ridge  # noqa: E402

from skmultimodal.inspection import RiskGroupsDisplay  # noqa: E402


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def make_case(n=97):
    rng = np.random.default_rng(0)
    risk = rng.normal(size=n)
    time, last = rng.exponential(9 * np.exp(-risk)), rng.exponential(20, size=n)
    return make_survival_target(time <= last, np.minimum(time, last)), risk


def test_curves_are_kaplan_meier():
    y, risk = make_case()
    display = RiskGroupsDisplay.from_predictions(y, risk, n_groups=2, name="cox")
    assert display.ax_.get_title(loc="left").startswith("cox: highest against lowest")
    assert display.pvalue_ < 0.001
    high = np.argsort(risk)[len(y) - len(y) // 2 :]
    for line, rows in zip(
        display.lines_, [np.setdiff1d(np.arange(len(y)), high), high], strict=True
    ):
        times, event = y["time"][rows], y["event"][rows]
        share = 1.0
        for at in np.sort(times[event]):
            share *= 1 - (event & (times == at)).sum() / (times >= at).sum()
            found = line.get_ydata()[np.searchsorted(line.get_xdata(), at, "right") - 1]
            np.testing.assert_allclose(found, share)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels[1] == f"Higher risk: {y['event'][high].sum()} of {len(high)}"


def test_of_a_comparison():
    y, risk = make_case()
    X = np.column_stack([risk, risk**2])
    models = {"cox": CoxRidgeSurvival(1.0)}
    found = compare_survival(models, X, y, cv=3)
    display = RiskGroupsDisplay.from_comparison(found, "cox")
    assert [len(line.get_xdata()) > 2 for line in display.lines_] == [True] * 3
    assert np.bincount(display.group).tolist() == [33, 32, 32]
    high = risk[np.sort(found.predictions()["row"])][display.group == 2]
    assert high.min() > np.median(risk)
    numbers = compare_regressors({"ridge": Ridge()}, X, risk, cv=3)
    with pytest.raises(ValueError, match="not of times to an event"):
        RiskGroupsDisplay.from_comparison(numbers, "ridge")


def test_a_group_without_events_has_no_test():
    y, risk = make_case()
    y["event"][np.argsort(risk)[:40]] = False
    display = RiskGroupsDisplay.from_predictions(y, risk)
    assert np.isnan(display.pvalue_)
    assert display.ax_.get_title(loc="left") == ""
    assert np.all(display.lines_[0].get_ydata() == 1)


@pytest.mark.parametrize("n_groups", [1, 40])
def test_groups_that_cannot_be_made(n_groups):
    with pytest.raises(ValueError, match=f"n_groups={n_groups}: there must be two"):
        RiskGroupsDisplay.from_predictions(*make_case(), n_groups=n_groups)
