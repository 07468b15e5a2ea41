"""The benchmark of class labels on a small cohort with scans."""

import numpy as np
import pandas as pd
import pytest
from cohort_folder import write_glioma_folder

from benchmarks.accuracy.gliomas import (
    HEAD,
    HOSPITAL,
    METRICS,
    OURS,
    draw,
    main,
    report,
)
from skmultimodal import TwinTowerClassifier

# Networks of six steps on some dozens of patients.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


@pytest.fixture
def data(tmp_path):
    """41 patients, whose labels are those of their hospitals; one has no label."""

    def outcomes(clinical, rng):
        positive = np.arange(len(clinical)) % 3 > 0
        return {"idh_mut": positive * 1.0, "tss": np.where(positive, "HT", "DU")}

    return write_glioma_folder(tmp_path / "cohort", outcomes)


def test_patients_who_keep_both_modalities_are_tested_once(data):
    X, y, folds = draw(data, "idh_mut", 0)
    assert len(X) == len(y) == 40
    assert set(y) == {0, 1}
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == np.flatnonzero(X.paired).tolist()
    for train, test in folds:
        assert len(train) + len(test) == len(X)
    other = draw(data, "idh_mut", 1)[0]
    assert other.paired.sum() == X.paired.sum()
    assert set(other.index[other.paired]) != set(X.index[X.paired])


@pytest.fixture
def few_steps(monkeypatch):
    def quick(*towers, **params):
        model = TwinTowerClassifier(*towers, **params)
        return model.set_params(image__n_steps=6, gene__n_steps=6)

    monkeypatch.setattr("benchmarks.accuracy.powered.TwinTowerClassifier", quick)


@pytest.mark.usefixtures("few_steps")
def test_the_command_scores_all_models(data, tmp_path):
    options = ["--data", str(data), "--draws", "1", "--settings", "idh_mut"]
    options += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    main([*options, "--n-jobs", "1"])
    (kept,) = (tmp_path / "work").glob("*/idh_mut-0.csv")
    scores = pd.read_csv(kept)
    assert set(scores["fold"]) == {0, 1, 2}
    by = scores.groupby(["model", "metric"])["score"].mean()
    assert by[HOSPITAL, "roc_auc"] == 1
    assert by["share of the class", "roc_auc"] == 0.5
    assert by[[OURS, HEAD]].between(-4, 1).all()
    text = (tmp_path / "out" / "gliomas.md").read_text()
    assert text.startswith("# Gliomas\n\n`python -m benchmarks.accuracy.gliomas")
    assert f"| {HOSPITAL} | 1.0000 | 1.0000 |" in text


def test_differences_are_over_draws():
    models = {OURS: 0.7, "image tower": 0.6, "gene tower": 0.65, HOSPITAL: 0.5}
    rows = [
        (model, metric, score + draw * (model == OURS) / 10, label, draw, fold)
        for model, score in models.items()
        for metric in METRICS
        for label in ("idh_mut", "survival_2y")
        for draw in range(2)
        for fold in range(3)
    ]
    columns = ["model", "metric", "score", "setting", "draw", "fold"]
    text = report(pd.DataFrame(rows, columns=columns), 2)
    assert "## roc_auc: 2 draws of three folds" in text
    # Differences of .1 and .2; the half-width is 12.706 times .05.
    assert "| better tower | 0.1000 [-0.5353, 0.7353] |" in text
    assert "| image tower | 0.1500 [-0.4853, 0.7853] |" in text
