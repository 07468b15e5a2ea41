"""The README: its code and commands run, its numbers are those of the benchmarks."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
import warnings
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from few_steps import few_steps_at_start
from packaging.specifiers import SpecifierSet
from sklearn.exceptions import ConvergenceWarning

from skmultimodal.__main__ import main
from skmultimodal._arguments import make_parser
from skmultimodal.datasets import load_cohort

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# They are run with small numbers by tests of their own, or run these tests.
FILES = {"model.skops", "report.html", "roc.png", "table.csv"}
# Repeats of cross-validation, which are many in the README.
FEWER = {"n_repeats=10": "n_repeats=1", "    verbose=1,\n": "    n_repeats=1,\n"}
FEWER_PATIENTS = """
from skmultimodal.datasets import make_glioma_cohort
make_glioma_cohort.__defaults__ = 24, 40, 24
make_glioma_cohort.__kwdefaults__["n_genes"] = 40
"""
LONG = {"test", "lint", "fuzz", "bench", "bench-speed", "bench-cluster", "docs"}
LONG |= {"bench-peers", "bench-scale", "bench-track", "test-all", "coverage"}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def commands():
    lines = "".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def simulate_follow_up(ids):
    rng = np.random.default_rng(0)
    event = rng.random(len(ids)) < 0.7
    return pd.DataFrame({"event": event, "duration": rng.uniform(1, 60, len(ids))}, ids)


@pytest.mark.usefixtures("soon")
def test_the_code_runs_in_its_order(practice, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_cohort").symlink_to(practice)
    bunch = load_cohort(practice, label="response")
    X, has = bunch.data, bunch.data.has("gene")
    names = {
        "mri_ids": X.index[X.has("image")],
        "images": np.asarray(X.block("image")),
        "expression": pd.DataFrame(
            X.block("gene"), X.index[has], X.feature_names("gene")
        ),
        "response": pd.Series(bunch.target, X.index),
        "follow_up": simulate_follow_up(X.index),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for number, code in enumerate(blocks("python")):
            for whole, part in FEWER.items():
                code = code.replace(whole, part)
            exec(compile(code, f"README, block {number}", "exec"), names)
    assert "twin tower" in capsys.readouterr().out
    assert names["model"].predict_route(X).tolist().count("head") > 0
    assert names["survival"].predict_median(X).shape == X.index.shape


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
@pytest.mark.parametrize(
    "command", [c for c in commands() if re.match(r"make \w\S*$", c)]
)
def test_a_command_of_make(command, tmp_path):
    target = command.split()[1]
    if target in LONG:
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True)
        assert done.returncode == 0
        return
    assert target == "demo"
    if subprocess.run(["make", "-q", ".venv/.demo"], cwd=ROOT).returncode:
        pytest.skip("make would first install packages into .venv")
    out = tmp_path / "out"
    done = subprocess.run(
        ["make", "demo", f"OUT={out}", "ARGS=--repeats 1"],
        cwd=ROOT,
        env=few_steps_at_start(tmp_path, FEWER_PATIENTS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "twin tower" in done.stdout
    assert {p.name for p in out.iterdir()} == FILES


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_make_demo_on_a_folder_evaluates_it():
    """What is run is tested as a command of the package."""
    (command,) = (c for c in commands() if c.startswith("make demo COHORT="))
    # Within ``make test`` a second make would also print which folder it enters, and
    # take over the variables of the first.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-n", *command.split()[1:], "POSITIVE=a b", "PAIRED=7", "ARGS="],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = done.stdout.replace("\\\n", " ").splitlines()[-1]
    arguments = shlex.split(shown.split("-m skmultimodal")[1])
    options = make_parser().parse_args(arguments)
    assert (options.command, options.folder) == ("evaluate", "my_cohort")
    assert (options.label, options.positive) == ("response", "a b")
    assert (options.paired, options.out) == (7, "results/demo")


@pytest.mark.usefixtures("soon")
def test_the_commands_of_the_package_in_their_order(
    practice, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_cohort").symlink_to(practice)
    (tmp_path / "other_hospital").symlink_to(practice)
    own = [c.split()[1:] for c in commands() if c.startswith("skmultimodal ")]
    names = ["check", "evaluate", "predict", "evaluate-external"]
    assert [c[0] for c in own] == names
    for arguments in own:
        if arguments[0] == "evaluate":
            arguments += ["--repeats", "1"]
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            assert main(arguments) == 0, capsys.readouterr().err
    assert {p.name for p in (tmp_path / "results").iterdir()} == FILES
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    assert len(predictions) == 24 + 40 + 24
    assert (tmp_path / "results-external" / "report.html").stat().st_size > 10_000


def test_commands_are_known():
    kinds = {command.split()[0] for command in commands()}
    assert kinds == {"make", "pip", "skmultimodal", "uv"}
    assert {"make demo", "make test", "make lint"} <= set(commands())


def test_what_is_installed_is_pinned_and_exists():
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    extras = set(settings()["optional-dependencies"])
    (torch,) = [c for c in commands() if c.startswith("uv pip install ")]
    assert torch.split()[-1] in pins
    named = re.findall(r"pip install [^`\n]*'\.\[(.*?)\]'", README)
    assert len(named) > 4
    assert {extra for names in named for extra in names.split(",")} <= extras


def settings():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_pinned_extra_has_the_versions_of_the_tests():
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = settings()["optional-dependencies"]["pinned"]
    assert set(pinned) <= set(pins)
    names = {re.split("[>=]", line)[0] for line in settings()["dependencies"]}
    assert {line.split("==")[0] for line in pinned} == names
    page = (ROOT / "docs" / "dependencies.rst").read_text()
    for line in pinned:
        assert f"   {line.replace('==', ' | ')}\n" in page
    for line in re.findall(r"\w+==[\d.]+", page):
        assert line.lower() in [pin.lower() for pin in pins]


def test_no_pin_needs_a_later_python_than_the_project():
    """As soupsieve once did, which Debian 12 could then not install."""
    oldest = settings()["requires-python"].removeprefix(">=") + ".0"
    n_compared = 0
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        try:
            found = metadata(line.split("==")[0])
        except PackageNotFoundError:
            continue
        n_compared += 1
        if found["Version"] == line.split("==")[1]:
            wanted = found.get("Requires-Python")
            assert oldest in SpecifierSet(wanted or ""), line
    assert n_compared > 50


def test_files_that_are_linked_exist():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_modules_that_are_named_exist():
    for name in re.findall(r"python -m (benchmarks[\w.]*)", README):
        place = ROOT / name.replace(".", "/")
        assert place.with_suffix(".py").exists() or place.is_dir(), name


def test_the_results_are_those_of_the_benchmark():
    results = (ROOT / "benchmarks/accuracy/results/gliomas.md").read_text()
    auc = table_of(results.split("## roc_auc")[1])
    brier = table_of(results.split("## neg_brier_score")[1])
    shown = table_of(README.split("### A small cohort")[1])
    assert {"twin tower", "hospital only", "share of the class"} <= set(shown)
    for model, (*labels, mean, loss) in shown.items():
        *found, found_mean = map(float, auc[model])
        np.testing.assert_allclose([*map(float, labels)], found, atol=0.0051)
        assert float(mean) == pytest.approx(found_mean, abs=0.00051)
        assert float(loss) == pytest.approx(-float(brier[model][-1]), abs=0.00051)


def test_the_powered_table_is_that_of_the_benchmark():
    results = (ROOT / "benchmarks/accuracy/results/powered.md").read_text()
    means = table_of(results.split("## All settings")[1])
    gains = table_of(results.split("Differences:")[1])
    shown = table_of(README.split("## What the real data show")[1])
    assert {*gains, "twin tower"} == set(shown) == set(means)
    for model, row in shown.items():
        found = [abs(float(value)) for value in means[model]]
        np.testing.assert_allclose([*map(float, row[:3])], found, atol=0.00051)
        assert row[3:] == gains.get(model, [""] * 3)


def table_of(text):
    """Cells of the first table of a text by the first column."""
    lines = re.search(r"(?:^\|.*\n)+", text, re.M)[0].splitlines()[2:]
    rows = [[c.strip(" *") for c in line.strip("|").split("|")] for line in lines]
    return {name: cells for name, *cells in rows}
