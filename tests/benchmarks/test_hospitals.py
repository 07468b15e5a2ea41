"""Folds of hospitals, scores within them, and models of the benchmark of hospitals."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy import powered
from benchmarks.accuracy.hospital_scores import (
    BEST,
    CEILING,
    better_towers,
    hospital_intervals,
    scores_of,
    within_hospitals,
)
from benchmarks.accuracy.hospitals import (
    GROUPED,
    HARMONISED,
    OURS,
    SITE,
    draw_breast,
    hospital_folds,
    report,
    run,
    simple_blocks,
)
from benchmarks.accuracy.powered import METRICS, score
from benchmarks.accuracy.powered_cohorts import thinned
from skmultimodal import Cohort

SIZES = dict(zip("ABCDEFGH", [45, 40, 35, 30, 20, 15, 10, 5], strict=True))


@pytest.fixture
def folder(tmp_path):
    """Two modalities of patients of eight hospitals, with a label."""
    rng = np.random.default_rng(0)
    site = np.repeat(list(SIZES), list(SIZES.values()))
    patients = pd.Index([f"p{i}" for i in range(len(site))], name="patient")
    y = rng.permutation(np.arange(len(site)) % 2)
    labels = pd.DataFrame({"her2": y, SITE: site}, index=patients)
    folder = tmp_path / "powered" / "tcga_brca"
    folder.mkdir(parents=True)
    labels.to_csv(folder / "labels.csv")
    for name, n_columns in (("mirna", 30), ("rna", 40)):
        values = rng.normal(size=(len(y), n_columns)) + y[:, None]
        table = pd.DataFrame(values, patients).add_prefix(name)
        table.reset_index().to_parquet(folder / f"{name}.parquet")
    return folder


def test_a_hospital_is_in_one_fold():
    site = np.repeat(list(SIZES), list(SIZES.values()))
    folds = hospital_folds(site, np.arange(len(site)) % 2, 3, seed=0)
    assert sorted(name for fold in folds for name in fold) == sorted(SIZES)
    assert folds != hospital_folds(site, np.arange(len(site)) % 2, 3, seed=1)


def test_no_patient_of_a_tested_hospital_trains(folder):
    tested = []
    for fold in range(3):
        draw = draw_breast(folder, "her2", "mirna", "rna", 0, fold)
        sites = [set(X.metadata[SITE]) for X in (draw.X, draw.X_test)]
        assert not sites[0] & sites[1]
        assert draw.X_test.paired.all()
        shares = draw.X.summary() / len(draw.X)
        wanted = {"mirna": 95 / 597, "rna": 452 / 597, "mirna+rna": 50 / 597}
        assert shares.to_dict() == pytest.approx(wanted, abs=0.02)
        tested += list(draw.X_test.index)
    assert len(tested) == len(set(tested)) == sum(SIZES.values())


def test_thinned_takes_a_share():
    has = thinned(np.arange(1000), "rna", "cnv")
    assert (has.sum() == [95 + 50, 452 + 50]).all()
    has = thinned(np.arange(100), "rna", "cnv", share=0.6)
    assert len(has) == 60


def test_area_within_hospitals():
    rng = np.random.default_rng(0)
    site = np.repeat(["a", "b", "c"], [20, 40, 5])
    y, p = np.arange(65) % 2, rng.random(65)
    areas = [roc_auc_score(y[site == s], p[site == s]) for s in "ab"]
    wanted = np.average(areas, weights=[100, 400])
    assert within_hospitals(y, p, site) == pytest.approx(wanted)
    assert np.isnan(within_hospitals(y[60:], p[60:], site[60:]))


def test_interval_over_hospitals():
    rng = np.random.default_rng(0)
    site, truth = np.repeat(list("abcdef"), 20), np.arange(120) % 2
    about = {"setting": "s", "draw": 0, "hospital": site, "truth": truth}
    about |= {"fold": 0, "patient": np.arange(120)}
    good = np.clip(truth * 0.6 + 0.4 * rng.random(120), 0, 1)
    predicted = pd.concat(
        pd.DataFrame(about | {"model": name, "p": p})
        for name, p in ((OURS, good), ("rna tower", rng.random(120)))
    )
    better = {("s", metric): "rna tower" for metric in METRICS}
    table = hospital_intervals(predicted, better, n_boot=50)
    table = table[table["other"] == BEST].set_index("metric")
    assert (table["low"] > 0).all()
    assert (table["low"] < table["difference"]).all()
    scores = [score(truth, p) for p in (good, predicted["p"].to_numpy()[120:])]
    wanted = {metric: scores[0][metric] - scores[1][metric] for metric in METRICS}
    assert table["difference"].to_dict() == pytest.approx(wanted)


def test_large_images_become_squares():
    images = np.arange(2 * 3 * 60 * 62, dtype=np.uint8).reshape(2, 3, 60, 62)
    blocks = simple_blocks(Cohort({"image": images}))
    assert blocks["image"].shape == (2, 3 * 12 * 12)
    assert blocks["image"][0, 0] == pytest.approx(images[0, 0, :5, :5].mean())


@pytest.mark.filterwarnings("ignore")
def test_one_setting_is_reported(folder, monkeypatch):
    monkeypatch.setattr(powered, "make_tower", lambda name, seed: LogisticRegression())
    setting = folder.parents[1], 0, "tcga_brca", "her2", "mirna", "rna"
    predicted = pd.concat(run(*setting, 0, fold) for fold in range(3))
    n = sum(SIZES.values())
    assert (predicted.groupby(["draw", "model"]).size() == n).all()
    assert {OURS, GROUPED, HARMONISED} <= set(predicted["model"])
    better = set(better_towers(scores_of(predicted)))
    assert better <= {"mirna tower", "rna tower"}
    text = report(predicted)
    assert f"| {BEST} |" in text
    assert f"| {CEILING} |" in text
    assert f"{n} patients of {len(SIZES)} hospitals are tested." in text
