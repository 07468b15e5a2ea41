"""The simulations of intervals and of the audit, on a few cohorts."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.statistics import (
    external,
    external_candidates,
    operating_points,
    recruitment,
    survival,
)
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


def test_intervals_of_external_evaluation(monkeypatch):
    monkeypatch.setattr(external, "N_POPULATION", 40_000)
    setting = external.Setting(0.8, 0.5, 1.0, 0.0, 60)
    table = external.cover(setting, 40, seed=0).set_index("metric")
    # Areas of normal log-odds are as they were asked for, and the model is calibrated.
    assert table.loc["roc_auc", "truth"] == pytest.approx(0.8, abs=0.01)
    assert table.loc["calibration_slope", "truth"] == pytest.approx(1, abs=0.05)
    assert table.loc["brier", "coverage"] > 0.85
    assert "| 0.8, 50%, calibrated, 60 |" in external.report(table.reset_index())


def test_candidates_of_external_evaluation(monkeypatch):
    """Near perfect prediction of few patients, losses are too skewed for t."""
    monkeypatch.setattr(external_candidates, "N_POPULATION", 40_000)
    setting = external.Setting(0.95, 0.2, 1.8, 0.0, 30)
    found = external_candidates.cover(setting, 60, seed=0)
    assert found["log_loss: studentised"] > found["log_loss: t"] + 0.03
    assert found["area: 0.5 of the least"] > found["area: 0 of the least"] + 0.05


def test_intervals_of_survival_scores():
    setting = survival.Setting(60, 0.0, 0.6)
    scale, horizon = survival.scale_of(setting)
    rng = np.random.default_rng(1)
    _, time, last = survival.draw(setting, 20_000, rng)
    assert np.mean(scale * last < time) == pytest.approx(0.6, abs=0.02)
    seen = np.minimum(time, scale * last)
    assert np.mean(seen > horizon) == pytest.approx(0.1, abs=0.01)
    table = survival.cover(setting, 3)
    truth = table.set_index("metric")["truth"]
    # Without an effect, order is chance.
    assert truth["uno_c"] == pytest.approx(0.5, abs=0.02)
    assert truth["auc"] == pytest.approx(0.5, abs=0.04)
    assert "| 60, 0, 60% |" in survival.report(table)


@pytest.mark.parametrize("scenario", ["hospital", "hospital, the other way"])
def test_a_planted_shortcut_is_found(scenario):
    found = run(scenario, n_pairs=50, n_single=30, seed=0)
    assert found["above .5: site"]
    assert not found["hospital acquitted"]
    assert not found["within a hospital above .5"]


@pytest.mark.parametrize("tower_rows", ["unpaired", "all"])
def test_the_stand_in_of_recruitment(tower_rows):
    """Its fit is scikit-learn's, and its true scores are those of many patients."""
    setting = recruitment.Setting(40, 30, 50, 0.9, tower_rows)
    rng = np.random.default_rng(0)
    features, labels = recruitment.draw(setting, rng, 1)
    masks = [rng.random((1, len(y))) < 0.7 for y in labels]
    direction, intercept = recruitment.fit(setting, features, labels, masks)
    towers = np.zeros((recruitment.N_FEATURES, 2))
    for kind in (1, 2):
        part = recruitment.PARTS[kind]
        X, y = features[kind][0][masks[kind][0]], labels[kind][masks[kind][0]]
        if tower_rows == "all":
            X = np.vstack([X, features[0][0][masks[0][0]][:, part]])
            y = np.concatenate([y, labels[0][masks[0][0]]])
        towers[part, kind - 1] = LogisticRegression(tol=1e-9).fit(X, y).coef_[0]
    pairs, y = features[0][0][masks[0][0]], labels[0][masks[0][0]]
    head = LogisticRegression(tol=1e-9).fit(pairs @ towers, y)
    np.testing.assert_allclose(direction[0], towers @ head.coef_[0], atol=1e-4)
    np.testing.assert_allclose(intercept, head.intercept_, atol=1e-4)
    y = np.arange(100_000) % 2.0
    many = rng.normal(size=(len(y), 12)) + np.outer(y - 0.5, setting.effects)
    decision = many @ direction[0] + intercept
    area, loss = recruitment.true_scores(setting, direction, intercept)[0]
    assert roc_auc_score(y, decision) == pytest.approx(area, abs=0.005)
    assert -log_loss(y, 1 / (1 + np.exp(-decision))) == pytest.approx(loss, abs=0.005)


def test_intervals_of_more_patients():
    """Of a few cohorts most hold the true gain, and the table has what was asked."""
    setting = recruitment.SETTINGS[1]
    true = np.array([[[0.0019, 0.003], [0.005, 0.0088], [np.nan] * 2]])
    true = np.repeat(true, 3, axis=0)
    results = [recruitment.simulate(setting, seed) for seed in range(3)]
    rows = pd.DataFrame(recruitment.summarise(setting, true, results))
    # Twice as many are asked of pairs and of patients with image only.
    assert rows["more"].tolist()[:7] == [
        *("10 pairs", "50 pairs", "10 image only", "50 image only"),
        *("10 gene only", "50 gene only", "100 gene only"),
    ]
    of_pairs = rows[rows["more"].str.endswith("pairs")]
    assert (of_pairs["coverage"] > 60).all()
