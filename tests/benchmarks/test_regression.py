"""The benchmark of numbers."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.accuracy.powered_cohorts import read_powered
from benchmarks.accuracy.regression import (
    OURS,
    best_of,
    draw,
    main,
    report,
    run,
    settings,
)


@pytest.fixture
def data(tmp_path):
    """200 patients with two tables, of which one has their age in it as well."""
    rng = np.random.default_rng(4)
    folder = tmp_path / "ham10000"
    folder.mkdir()
    patients = pd.Index([f"p{i}" for i in range(200)], name="patient")
    age = rng.normal(60, 10, 200)
    pd.DataFrame({"age": age}, patients).to_csv(folder / "labels.csv")
    for name, width in (("clinical", 5), ("image", 7)):
        table = pd.DataFrame(rng.normal(size=(200, width)), patients)
        table = table.add_prefix(name) + age[:, None] / 10
        if name == "clinical":
            table["age"] = age
        table.reset_index().to_parquet(folder / f"{name}.parquet")
    yield tmp_path
    read_powered.cache_clear()


def test_age_is_no_input(data):
    X, y, X_test, _ = draw(data / "ham10000", "image", "clinical", 0)
    assert X.block_shape("clinical")[1] == 5
    assert len(y) == len(X) == 120
    assert not set(X.index) & set(X_test.index)
    assert X_test.paired.all()
    assert y.min() > 20


def test_all_models_are_scored_and_intervals_hold_the_age(data):
    scores = run(data, "ham10000", "image", "clinical", 0)
    by = scores.set_index(["model", "metric"])["score"]
    assert by[OURS, "r2"] > by["ridge on pairs", "r2"] - 0.1
    assert by["mean of ridges", "r2"] > 0.5
    assert by["boosting on NaN", "neg_rmse"] < 0
    assert 0.75 < by[OURS, "coverage: both"] <= 1
    assert by[OURS, "width: one, scarce"] > 0


def test_the_command_keeps_what_it_has_run(data, tmp_path, monkeypatch, capsys):
    options = ["--data", str(data), "--draws", "2", "--settings", "image-clinical"]
    options += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    main([*options, "--n-jobs", "1"])
    text = (tmp_path / "out" / "regression.md").read_text()
    assert text.startswith("# Numbers\n\n`python -m benchmarks.accuracy.regression --")
    assert "Age: 1 settings, 2 draws" in text
    monkeypatch.setattr("benchmarks.accuracy.regression.TwinTowerRegressor", None)
    capsys.readouterr()
    main([*options, "--n-jobs", "1"])
    assert capsys.readouterr().out.strip() in text


def test_the_best_of_one_modality_is_chosen_on_the_average():
    rows = [
        (model, "r2", score + draw / 10, "s", draw)
        for draw in range(3)
        for model, score in (
            (OURS, 0.5),
            ("a tower", 0.25),
            ("b tower", 0.4 if draw else 0.1),
            ("ridge, a", 0.2),
            ("ridge, b", 0.1),
        )
    ]
    names = ["model", "metric", "score", "setting", "draw"]
    scores = pd.DataFrame(rows, columns=names)
    found = best_of(scores).groupby("model")["score"].mean()
    assert found["best tower"] == pytest.approx(0.4)
    assert found["best ridge of one"] == pytest.approx(0.3)
    extra = pd.DataFrame(
        [(OURS, m, 0.9, "s", d) for m in ("coverage: both",) for d in range(3)],
        columns=names,
    )
    rmse = scores.assign(metric="neg_rmse", score=-scores["score"])
    text = report(pd.concat([scores, rmse, extra]), 3)
    row = next(x for x in text.splitlines() if x.startswith("| best tower | 0.2"))
    assert "0.2000 [" in row


def test_settings_have_each_pair_once():
    pairs = [frozenset(s[1:]) for s in settings() if s[0] == "tcga_brca"]
    assert len(pairs) == len(set(pairs)) == 6
