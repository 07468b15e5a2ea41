"""The main job for numbers and for times to an event."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from skmultimodal import Cohort, make_survival_target
from skmultimodal.__main__ import main
from skmultimodal.baselines import (
    MetadataRegressor,
    MetadataSurvival,
    outcome_models,
)
from skmultimodal.persistence import load_model, read_notes
from skmultimodal.report import evaluate_outcome

N = 90


def make_case():
    rng = np.random.default_rng(0)
    blood, lab = rng.normal(size=(N, 4)), rng.normal(size=(N, 3))
    shown = blood[:, 0] + lab[:, 0]
    age = 60 + 9 * rng.normal(size=N)
    time = rng.exponential(20 * np.exp(-shown - (age - 60) / 20)) + 0.1
    last = rng.exponential(40, size=N) + 0.1
    table = pd.DataFrame(
        {
            "age": age,
            "days": np.minimum(time, last),
            "died": (time <= last).astype(int),
            "score": 50 + 5 * shown + rng.normal(size=N),
        },
        index=[f"p{i:02}" for i in range(N)],
    )
    blood[:20], lab[20:40] = np.nan, np.nan
    return Cohort({"blood": blood, "lab": lab}, index=table.index, metadata=table)


def test_survival(tmp_path):
    pytest.importorskip("matplotlib")
    X = make_case()
    y = X.metadata.rename(columns={"days": "time", "died": "event"})[["event", "time"]]
    out = tmp_path / "out"
    found = evaluate_outcome(
        X,
        y,
        out,
        n_repeats=2,
        baseline=["age"],
        outcomes=["days", "died"],
        label="death",
        notes={"label": "death"},
    )
    audit = found.audit.set_index("source")
    assert audit.loc["days", "kind"] == audit.loc["score", "kind"] == "later"
    assert audit.loc["estimator", "concordance"] > audit.loc["age", "concordance"]
    names = ["baseline columns", "blood only", "lab only", "twin tower"]
    assert found.table.index.tolist() == names
    assert set(found.files) == {path.name for path in out.iterdir()}
    assert set(found.files) == {
        *("table.csv", "differences.csv", "predictions.csv", "card.md"),
        "report.html",
        *("model.skops", "risk_groups.png"),
    }
    table = pd.read_csv(out / "table.csv")
    pd.testing.assert_frame_equal(table, found.comparison.summary())
    tested = pd.read_csv(out / "predictions.csv")
    assert tested.groupby(["model", "repeat"]).size().unique().tolist() == [50]
    assert set(tested["id"]) == set(X.index[X.paired])
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "death" in card
    assert "50 patients of this cohort" in card
    model = load_model(out / "model.skops")
    np.testing.assert_array_equal(model.predict(X), found.model.predict(X))
    assert read_notes(out / "model.skops")["label"] == "death"


def test_numbers_without_files():
    X = make_case()
    found = evaluate_outcome(X, X.metadata["score"], outcomes=["score"], n_repeats=1)
    assert found.files == {}
    means = found.comparison.summary(metrics=["r2"]).set_index("model")["mean"]
    assert means["twin tower"] > means["blood only"] + 0.1
    assert r2_score(X.metadata["score"], found.model.predict(X)) > 0.5


def test_nothing_is_written_if_a_model_fails(tmp_path):
    X = make_case()
    y = make_survival_target([False] * N, X.metadata["days"].to_numpy())
    with pytest.raises((RuntimeError, ValueError), match="censored"):
        evaluate_outcome(X, y, tmp_path / "out", n_repeats=1)
    assert not (tmp_path / "out").exists()


def write_folder(folder):
    X = make_case()
    folder.mkdir()
    died = X.metadata["died"] == 1
    other = ~died & (np.arange(N) % 3 == 0)
    cause = np.select([died, other], ["death", "relapse"], "")
    clinical = X.metadata.assign(cause=cause).rename_axis("patient")
    clinical.to_csv(folder / "clinical.csv")
    genes = pd.DataFrame(
        np.asarray(X[X.has("blood")].block("blood")),
        X.index[X.has("blood")],
        ["TP53", "EGFR", "IDH1", "MYC"],
    )
    genes.rename_axis("patient").to_csv(folder / "expression.csv")
    (folder / "features").mkdir()
    lab = pd.DataFrame(
        np.asarray(X[X.has("lab")].block("lab")),
        X.index[X.has("lab")],
        ["lab0", "lab1", "lab2"],
    )
    lab.rename_axis("patient").to_csv(folder / "features" / "lab.csv")
    return folder


@pytest.mark.parametrize(
    ("options", "metric"),
    [
        (["--time", "days", "--event", "died", "--baseline", "age"], "uno_c"),
        (["--time", "days", "--event", "died", "--causes", "cause"], "uno_c"),
        (["--target", "score"], "r2"),
    ],
)
def test_command_line(tmp_path, capsys, options, metric):
    folder, out = write_folder(tmp_path / "cohort"), tmp_path / "out"
    command = ["evaluate", str(folder), *options, "--repeats", "1", "--out", str(out)]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert metric in shown
    assert "twin tower" in shown
    assert str(out / "model.skops") in shown
    report = (out / "report.html").read_text()
    assert ("if other events are" in report) == ("--causes" in options)
    table = tmp_path / "predictions.csv"
    assert (
        main(["predict", str(out / "model.skops"), str(folder), "--out", str(table)])
        == 0
    )
    predicted = pd.read_csv(table)
    assert len(predicted) == N
    assert {"log_hazard", "predicted"} & set(predicted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--time", "days"], "--time and --event need each other"),
        (
            ["--time", "days", "--event", "dead"],
            "--event dead is no column of the clinical table; it has: age, days",
        ),
        (
            ["--time", "days", "--event", "died", "--causes", "why"],
            "--causes why is no column",
        ),
        (["--causes", "died"], "--causes needs --time and --event"),
        (["--target", "score", "--causes", "died"], "--causes is for another outcome"),
        (["--target", "score", "--label", "died"], "--label is for another outcome"),
        (["--target", "score", "--time", "days"], "--time and --event is for another"),
        (["--target", "score", "--n-seeds", "2"], "--n-seeds is for another outcome"),
        (["--target", "score", "--patient-key", "k.csv"], "--patient-key is for"),
        (["--time", "age", "--event", "score"], "an event is True or False"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, capsys, options, message):
    folder, out = write_folder(tmp_path / "cohort"), tmp_path / "out"
    assert main(["evaluate", str(folder), *options, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_models_of_an_outcome():
    X = make_case()
    assert list(outcome_models(X, "number")) == ["blood only", "lab only", "twin tower"]
    with pytest.raises(ValueError, match="outcome must be one of"):
        outcome_models(X, "classes")


def test_models_of_the_metadata():
    X = make_case()
    table = X.metadata
    y = make_survival_target(table["died"], table["days"])
    survival = MetadataSurvival(["age"]).fit(X, y)
    assert 0.5 < survival.score(X, y) < 1
    assert survival.predict_survival_function(X, [5.0]).shape == (N, 1)
    shuffled = table["score"].sample(frac=1, random_state=0)
    number = MetadataRegressor(["age", "days"]).fit(X, shuffled)
    assert number.score(X, shuffled) == number.score(X, table["score"])
    with pytest.raises(ValueError, match="lack column 'height'"):
        MetadataRegressor(["height"]).fit(X, table["score"])


def test_a_hospital_of_many_in_the_clinical_model():
    """Whose columns are mostly 0, which Cox's regression takes."""
    X = make_case()
    table = X.metadata.assign(hospital=[f"H{i % 15}" for i in range(N)])
    cohort = Cohort({"all": np.zeros((N, 1))}, index=X.index, metadata=table)
    y = make_survival_target(table["died"], table["days"])
    model = MetadataSurvival(["hospital", "age"]).fit(cohort, y)
    assert model.score(cohort, y) > 0.5
