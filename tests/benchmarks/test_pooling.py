"""Differences pooled over runs, and the draws of the benchmark of views."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy.hospital_scores import weighted_auc
from benchmarks.accuracy.pooling import differences, markdown, run_tasks, t_interval
from benchmarks.accuracy.views import deal
from skmultimodal import Cohort

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    rows = [
        (model, "roc_auc", rng.normal(0.7 + 0.1 * (model == "ours"), 0.05), label, seed)
        for model in ("ours", "other")
        for label in ("idh", "response", "survival")
        for seed in range(7)
    ]
    return pd.DataFrame(rows, columns=["model", "metric", "score", "label", "seed"])


def test_interval_is_that_of_a_paired_t_test(scores):
    table = differences(scores, "ours", ["other"], "label", "seed")
    wide = scores.pivot(index=["label", "seed"], columns="model", values="score")
    for label in ("idh", "response", "survival"):
        test = ttest_rel(wide.loc[label, "ours"], wide.loc[label, "other"])
        row = table[table["label"] == label].iloc[0]
        low, high = test.confidence_interval()
        assert (row["low"], row["high"]) == pytest.approx((low, high))
    by_seed = wide.groupby("seed").mean()
    pooled = ttest_rel(by_seed["ours"], by_seed["other"])
    row = table[table["label"] == "pooled"].iloc[0]
    low, high = pooled.confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((low, high))


def test_one_value_has_no_interval():
    found = t_interval([0.3])
    assert found["difference"] == 0.3
    assert np.isnan(found["low"])


def test_weighted_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, score = np.arange(19) % 2, rng.integers(0, 5, 19) / 5
    weight = rng.integers(0, 3, (7, 19)).astype(float)
    wanted = [roc_auc_score(truth, score, sample_weight=w) for w in weight]
    np.testing.assert_allclose(weighted_auc(truth, score, weight), wanted)


def test_tasks_are_run_once(tmp_path):
    def run(name, seed):
        return pd.DataFrame({"name": [name], "seed": [seed]})

    def times():
        return {p.name: p.stat().st_mtime_ns for p in tmp_path.rglob("*.csv")}

    first = run_tasks(run, [("a", 0), ("b", 1)], tmp_path, None)
    kept = times()
    assert len(kept) == 2
    again = run_tasks(run, [("a", 0), ("b", 1)], tmp_path, None)
    pd.testing.assert_frame_equal(first, again)
    assert kept == times()


def test_markdown():
    table = pd.DataFrame({"idh": [0.1234]}, index=pd.Index(["ours"], name="model"))
    wanted = "| model | idh |\n|---|---|\n| ours | 0.12 |"
    assert markdown(table, 2) == wanted


def test_deal_hides_what_the_pattern_lacks():
    n = 60
    blocks = {"image": np.ones((n, 1, 4, 5)), "zer": np.ones((n, 7))}
    y = np.arange(n) % 2
    sizes = {"image": 11, "zer": 23, "paired": 8}
    X, (train, test) = deal(Cohort(blocks), y, sizes, seed=0)
    assert X[train].summary().to_dict() == {"image": 11, "zer": 23, "image+zer": 8}
    assert X[test].paired.all()
    assert sorted([*train, *test]) == list(range(n))


def cached_functions(path):
    """Names of the functions of a module that a decorator caches."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            parts = [part for d in node.decorator_list for part in ast.walk(d)]
            names = {part.id for part in parts if isinstance(part, ast.Name)}
            if names & {"cache", "lru_cache"}:
                yield node.name


def test_what_is_run_has_no_cached_function():
    """Workers are sent the functions of the module that is run, but no cached ones."""
    paths = list(BENCHMARKS.rglob("*.py"))
    run = [p for p in paths if "if __name__ ==" in p.read_text(encoding="utf-8")]
    assert len(run) > 9
    assert {p.name: list(cached_functions(p)) for p in run} == {p.name: [] for p in run}
