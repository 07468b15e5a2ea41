"""The benchmark of survival on a small cohort with scans."""

import numpy as np
import pandas as pd
import pytest
from cohort_folder import write_glioma_folder

from benchmarks.accuracy.survival_gliomas import (
    CLINICAL,
    METRICS,
    OURS,
    draw,
    main,
    report,
)
from skmultimodal import TwinTowerSurvival

# Networks of six steps on some dozens of patients.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


@pytest.fixture
def data(tmp_path):
    """41 patients, whose times depend on their age; one time is missing."""

    def outcomes(clinical, rng):
        n, found = len(clinical), {}
        for name in ("os", "pfi"):
            time = 20 * (90 - clinical["age"]) + rng.uniform(0, 50, n)
            found |= {f"{name}_time": time, f"{name}_event": rng.choice([0, 1, 1], n)}
        return found | {"grade": rng.choice(["G2", "G4"], n)}

    return write_glioma_folder(tmp_path / "cohort", outcomes)


def test_paired_patients_are_tested_once_in_each_draw(data):
    X, y, folds = draw(data, "os", 0)
    assert len(X) == len(y) == len(draw(data, "pfi", 0)[0]) - 1
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == np.flatnonzero(X.paired).tolist()
    for train, test in folds:
        assert len(train) + len(test) == len(X)
        assert not set(train) & set(test)
    other = draw(data, "os", 1)[2]
    assert [test.tolist() for _, test in other] != [test.tolist() for _, test in folds]


@pytest.fixture
def few_steps(monkeypatch):
    def quick(**params):
        model = TwinTowerSurvival(**params)
        return model.set_params(image__n_steps=6, gene__n_steps=6)

    monkeypatch.setattr("benchmarks.accuracy.survival_gliomas.TwinTowerSurvival", quick)


@pytest.mark.usefixtures("few_steps")
def test_the_command_scores_all_models(data, tmp_path, capsys):
    options = ["--data", str(data), "--draws", "1", "--settings", "os"]
    options += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    main([*options, "--n-jobs", "1"])
    (kept,) = (tmp_path / "work").glob("*/os-0.csv")
    scores = pd.read_csv(kept)
    assert set(scores["fold"]) == {0, 1, 2}
    by = scores.groupby(["model", "metric"])["score"].mean()
    assert by[CLINICAL, "uno_c"] > 0.9
    assert by[CLINICAL, "neg_ibs"] < 0
    assert np.isfinite(by[OURS, "uno_c"])
    text = (tmp_path / "out" / "survival_gliomas.md").read_text()
    assert text.startswith("# Time to event of gliomas\n\n`python -m benchmarks.")
    assert f"| {CLINICAL} | {by[CLINICAL, 'uno_c']:.4f} |" in text


def test_differences_are_over_draws():
    models = {OURS: 0.7, "a tower": 0.6, "b tower": 0.65, "Cox, a": 0.5, CLINICAL: 0.6}
    rows = [
        (model, metric, score + draw * (model == OURS) / 10, outcome, draw, fold)
        for model, score in models.items()
        for metric in METRICS
        for outcome in ("os", "pfi")
        for draw in range(2)
        for fold in range(3)
    ]
    columns = ["model", "metric", "score", "setting", "draw", "fold"]
    text = report(pd.DataFrame(rows, columns=columns), 2)
    assert "## 2 draws of three folds" in text
    # Differences of .1 and .2; the half-width is 12.706 times .05.
    assert f"| {CLINICAL} | 0.1500 [-0.4853, 0.7853] |" in text
    assert "| best tower | 0.1000 [-0.5353, 0.7353] |" in text
