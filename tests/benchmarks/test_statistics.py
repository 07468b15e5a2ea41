"""The simulations of intervals and of the audit, on a few cohorts."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.statistics import operating_points
from benchmarks.statistics.__main__ import SCENARIOS, simulate
from benchmarks.statistics.audit import run
from benchmarks.statistics.simulate import Scenario


def test_names_of_scenarios_are_their_own():
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)


def test_intervals_near_the_end_of_the_range():
    """Only those that know the number of patients hold the true area."""
    scenario = Scenario("near 1", 0.995, n_models=2, n_repeats=3)
    rows = simulate(scenario, 25, np.random.default_rng(0))["intervals"]
    coverage = {
        row["method"]: row["coverage"] for row in rows if row["metric"] == "roc_auc"
    }
    assert coverage["corrected t, score interval, patients"] > 0.9
    assert coverage["corrected t"] < 0.8


def test_intervals_at_a_specificity():
    """Where the threshold is chosen on as few others, Wilson's is too narrow."""
    setting = operating_points.Setting(100, 20, 0.8)
    found = pd.DataFrame([operating_points.run(setting, seed) for seed in range(25)])
    row = operating_points.summary(setting, found)
    assert float(row["coverage"]) > 85
    assert float(row["Wilson"]) < 80


@pytest.mark.parametrize("scenario", ["hospital", "hospital, the other way"])
def test_a_planted_shortcut_is_found(scenario):
    found = run(scenario, n_pairs=50, n_single=30, seed=0)
    assert found["above .5: site"]
    assert not found["hospital acquitted"]
    assert not found["within a hospital above .5"]
