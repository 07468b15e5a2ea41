"""The benchmark of the paper's tables: it continues, says what it did, and is fair."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from few_steps import few_steps
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch

from benchmarks.paper import __main__ as paper
from benchmarks.paper import cells, figures, printed
from benchmarks.paper.cells import describe, key_of_data, make_scheme, run_cells
from benchmarks.paper.models import make_models
from benchmarks.paper.report import csv_rows, model_table
from benchmarks.paper.scores import (
    compare,
    find_classes,
    fold_scores,
    hold_out,
    rank,
    score_table,
    summarise,
)
from benchmarks.paper.systems import texture_forest
from skmultimodal import UnimodalClassifier
from skmultimodal.baselines import MetadataClassifier, table3
from skmultimodal.datasets import make_glioma_cohort


@pytest.fixture(scope="module")
def patients():
    data = make_glioma_cohort(24, 40, 22, n_genes=30, image_size=16, random_state=0)
    y = data.target.astype(float)
    y[::8] = np.nan
    return data.data, y


@pytest.fixture
def scheme(patients):
    return make_scheme("few", *patients, n_splits=3, n_repeats=2, test_size=0.4, seed=0)


def gene_model(classifier=None):
    return UnimodalClassifier("gene", classifier or LogisticRegression())


class Interrupted(ClassifierMixin, BaseEstimator):
    """Counts its fits in a file and is interrupted once, at the third."""

    def __init__(self, folder):
        self.folder = folder

    def fit(self, X, y):
        count = len(list(self.folder.iterdir()))
        (self.folder / str(count)).touch()
        if count == 2:
            raise KeyboardInterrupt
        self.classes_ = np.array([0.0, 1.0])
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)

    def predict(self, X):
        return np.zeros(len(X))


class Spoiled(Interrupted):
    def fit(self, X, y):
        raise ImportError("skull is needed here: pip install 'skmultimodal[skull]'.")


# Printed values


@pytest.mark.parametrize(
    ("table", "name", "counts"),
    [
        ("2", "twin tower", (14, 1, 2, 3)),
        ("3", "mixture of experts", (9, 1, 4, 6)),
        ("3", "gene only", (29, 17, 11, 44)),
    ],
)
def test_printed_values_are_those_of_their_confusion_matrix(table, name, counts):
    hits, false_alarms, misses, rejections = counts
    y_true = [1] * (hits + misses) + [0] * (false_alarms + rejections)
    y_pred = [1] * hits + [0] * misses + [1] * false_alarms + [0] * rejections
    proba = [[0.5, p] for p in y_pred]
    cell = {"y_true": y_true, "y_pred": y_pred, "proba": proba}
    scores = fold_scores(cell, [0, 1])
    values, _ = printed.printed_row(table, name)
    metrics = ["accuracy", "precision", "recall", "f1"]
    for metric, value in zip(metrics, values, strict=True):
        assert scores[metric] == pytest.approx(value, abs=6e-4)
    # A weighted recall is the accuracy: what gives Table 4's averages away.
    assert scores["recall_weighted"] == pytest.approx(scores["accuracy"])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0.0, np.nan, 1.0], [0.0, 1.0]),
        (["none", None, "Responder"], ["none", "Responder"]),
        (["c", "a", None, "b"], ["a", "b", "c"]),
    ],
)
def test_the_positive_class_is_that_of_the_library(labels, classes):
    assert find_classes(labels) == classes
    assert find_classes(np.array(labels, dtype=object)) == classes


def test_scores_are_of_the_positive_class_first_in_sort_order():
    y_true = ["Responder", "none", "none", "Responder", "none"]
    y_pred = ["Responder", "Responder", "none", "none", "none"]
    proba = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]]
    cell = {"y_true": y_true, "y_pred": y_pred, "proba": proba}
    scores = fold_scores(cell, find_classes(y_true))
    assert scores["roc_auc"] == pytest.approx(5 / 6)
    assert scores["brier"] == pytest.approx((0.01 + 0.36 + 0.04 + 0.36 + 0.09) / 5)
    assert (scores["precision"], scores["recall"]) == (0.5, 0.5)
    assert scores["specificity"] == pytest.approx(2 / 3)


def test_a_qualified_name_keeps_its_printed_row():
    plain = printed.printed_row("2", "mpMRI [5]")
    assert printed.printed_row("2", "mpMRI [5], structural surrogate") == plain


# Cells


def test_an_interrupted_run_continues(scheme, tmp_path):
    fits = tmp_path / "fits"
    fits.mkdir()
    tasks = [(scheme, {"slow": Interrupted(fits)})]
    with pytest.raises(KeyboardInterrupt):
        run_cells(tasks, tmp_path, "data")
    results, failures = run_cells(tasks, tmp_path, "data")
    assert not failures
    assert len(results["few", "slow"]) == len(scheme.folds) == 7
    # Two were done, the third was interrupted and done again.
    assert len(list(fits.iterdir())) == 8
    run_cells(tasks, tmp_path, "data")
    assert len(list(fits.iterdir())) == 8
    run_cells(tasks, tmp_path, "other data")
    assert len(list(fits.iterdir())) == 15


def test_more_repeats_begin_with_the_same_ones(patients, tmp_path):
    def run(n_repeats):
        scheme = make_scheme(
            "few", *patients, n_splits=3, n_repeats=n_repeats, test_size=0.4, seed=1
        )
        run_cells([(scheme, {"gene": gene_model()})], tmp_path, "data")
        return {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("**/*.json")}

    before, after = run(1), run(2)
    assert len(before) == 4
    assert len(after) == 7
    assert {name: after[name] for name in before} == before


def test_a_model_that_fails_says_why_and_others_run(scheme, tmp_path):
    models = {
        "gene": gene_model(),
        "spoiled": Spoiled(tmp_path),
        "covariate": MetadataClassifier(["FA"]),
    }
    results, failures = run_cells([(scheme, models)], tmp_path, "data")
    assert set(results) == {("few", "gene")}
    assert "skmultimodal[skull]" in failures["few", "spoiled"]
    assert "lack column 'FA'" in failures["few", "covariate"]
    scores = score_table(results, scheme, list(models))
    why = {name: reason for (_, name), reason in failures.items()}
    summary = summarise(scores, scheme)
    parts = (summary, {"gene": 1}, {}, why, list(models), 2, "4")
    text = model_table(*parts)
    widths = {line.count("|") for line in text.splitlines()}
    assert len(widths) == 1
    assert "skmultimodal[skull]" in text
    table = csv_rows(*parts).set_index("model")
    assert "'FA'" in table.loc["covariate", "reason"]
    assert table["in_paper"].tolist() == [True, True, False]


def test_an_absent_extra_is_the_rows_reason(scheme, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    _, failures = run_cells([(scheme, {"RF": texture_forest()})], tmp_path, "data")
    assert "skmultimodal[texture]" in failures["few", "RF"]


def test_settings_have_cells_of_their_own(tmp_path):
    one, two = (table3(memory=m, random_state=0) for m in (None, str(tmp_path)))
    for name in one:
        assert describe(one[name]) == describe(two[name])
    other = table3(random_state=1)
    assert describe(one["gene only"]) != describe(other["gene only"])
    assert describe(one["twin tower"]) != describe(other["twin tower"])
    site, tss = MetadataClassifier(["site"]), MetadataClassifier(["tss"])
    assert describe(site) != describe(tss)


def test_code_of_the_systems_is_part_of_the_key(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "__file__", str(tmp_path / "cells.py"))
    system = tmp_path / "systems" / "_forest.py"
    system.parent.mkdir()
    same = '"""A forest."""\n\nTREES = 500  # many\n'
    keys = []
    for text in ("TREES = 500\n", same, "TREES = 9\n"):
        system.write_text(text)
        keys.append(cells.key_of_code())
    assert keys[0] == keys[1] != keys[2]


def test_data_have_a_key(patients):
    X, y = patients
    keys = {
        key_of_data(X, y, 0),
        key_of_data(X, y, 1),
        key_of_data(X, 1 - y, 0),
        key_of_data(X.hide("gene", [-1]), y, 0),
    }
    assert len(keys) == 4
    assert key_of_data(X, y.copy(), 0) in keys


# Scores


def test_rows_with_random_weights_are_not_ranked(scheme, tmp_path):
    models = {
        "logistic": gene_model(),
        "majority": gene_model(DummyClassifier()),
        "Inception, random weights": gene_model(),
    }
    results, _ = run_cells([(scheme, models)], tmp_path, "data")
    scores = score_table(results, scheme, list(models))
    assert scores["score"].notna().all()
    summary = summarise(scores, scheme)
    assert set(rank(summary)) == {"logistic", "majority"}
    tests = compare(scores, scheme, "logistic")
    assert set(tests["model"]) == {"majority"}
    assert set(tests["metric"]) == {"roc_auc", "accuracy", "brier"}
    hits, n, low, high = hold_out(results, scheme, ["logistic"])["logistic"]
    assert n == 8
    assert low < hits / n < high


def test_figure_2_has_a_curve_of_each_model_that_ran(scheme, tmp_path, monkeypatch):
    models = {"twin tower": gene_model(), "site only": gene_model(DummyClassifier())}
    results, _ = run_cells([(scheme, models)], tmp_path, "data")
    drawn = {}
    monkeypatch.setattr(
        figures, "_save", lambda display, title, path: drawn.update({path: display})
    )
    names = ["twin tower", "not run", "site only"]
    figures.draw_figure_2(results, scheme, names, "title", "path")
    display = drawn["path"]
    scores = score_table(results, scheme, list(models))
    summary = summarise(scores, scheme).set_index(["model", "metric"])
    for name, area in display.auc.items():
        row = summary.loc[(name, "roc_auc"), ["mean", "low", "high"]]
        assert area == pytest.approx(row.tolist())
    assert list(display.lines_) == ["twin tower", "site only"]
    assert list(display.bands_) == ["twin tower"]
    # The folds of both repeats, not the hold-out.
    assert len(display.tpr["twin tower"]) == 6
    plt.close(display.figure_)


def test_clinical_columns_of_the_cohort_are_found(patients):
    pytest.importorskip("imblearn")
    X, _ = patients
    models, n_paper = make_models("2", X, memory=None, seed=0)
    assert n_paper == 5
    assert models["clinical covariates"].columns == ["age", "sex"]
    assert models["site only"].columns == ["site"]
    table = X.metadata.assign(FA=1.0, rCBVmax=2.0).rename(columns={"site": "tss"})
    cohort = type(X)({m: (X.index[X.has(m)], X.block(m)) for m in X.modalities})
    cohort = type(X)(
        {m: (cohort.index[cohort.has(m)], cohort.block(m)) for m in X.modalities},
        metadata=table,
    )
    models, _ = make_models("2", cohort, memory=None, seed=0)
    assert models["mpMRI [5]"].columns == ["FA", "rCBVmax"]
    assert models["site only"].columns == ["tss"]


# The command


@pytest.fixture
def small(patients, monkeypatch):
    """The command on a small cohort instead of the folder that it names."""
    data = {"X": patients[0], "y": patients[1]}
    monkeypatch.setattr(
        paper,
        "read_benchmark_cohort",
        lambda cohort, label, n_paired, seed: Bunch(
            data=data["X"], target=data["y"], title="a test cohort"
        ),
    )
    return data


def test_table_3_from_start_to_end(small, tmp_path, capsys):
    folders = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    command = ["--table", "3", "--repeats", "1", *folders]
    with few_steps():
        paper.main(command)
    out = tmp_path / "out" / "synthetic"
    names = {p.name for p in out.iterdir()}
    assert {"table3.csv", "table3.md", "table3_differences.csv"} < names
    assert "figure3_bars.png" in names
    text = (out / "table3.md").read_text()
    for told in (
        "a test cohort",
        "3-fold cross-validation x 1",
        "| image+gene |",
        "python -m benchmarks.paper --table 3",
        "scikit-learn ",
        "0.85 / 0.933 / 0.875 / 0.903",
        "training did nothing",
        "one patient fewer",
    ):
        assert told in text
    assert str(tmp_path) not in text
    table = pd.read_csv(out / "table3.csv")
    assert table["in_paper"].sum() == 5
    assert table["accuracy"].notna().all()
    # Towers of the paper's models and Table 1's are fitted once, on the unpaired rows;
    # averaged ones of the default in each of 3 folds and the hold-out.
    fits = list((tmp_path / "work").glob("**/_fit_tower/*/metadata.json"))
    assert len(fits) == 2 + 2 + 2 * 4
    cells = list((tmp_path / "work").glob("**/*-*.json"))
    assert len(cells) == 13 * 4
    assert set(json.loads(cells[0].read_text())) >= {"test", "proba", "seconds"}
    with few_steps():
        paper.main(command)
    assert "not run" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda X, y: (X, np.where(y == 0, np.nan, y)), "label of two classes"),
        (lambda X, y: (X, np.where(np.arange(len(y)) < 9, 2.0, y)), "has 3"),
        (lambda X, y: (X, np.where(X.paired & (y == 0), np.nan, y)), "0"),
        (lambda X, y: (X.without("image"), y), "no modality 'image'"),
    ],
)
def test_bad_cohorts_get_one_sentence(small, tmp_path, spoil, sentence):
    small["X"], small["y"] = spoil(small["X"], small["y"])
    with pytest.raises(SystemExit, match=sentence) as caught:
        paper.main(["--table", "3", "--out", str(tmp_path), "--work", str(tmp_path)])
    assert "\n" not in str(caught.value)


def test_an_absent_folder_is_named(tmp_path):
    absent = str(tmp_path / "absent")
    with pytest.raises(SystemExit, match="absent"):
        paper.main(["--cohort", absent, "--label", "idh_mut"])


def test_the_command_shows_no_folder_of_this_machine(tmp_path, monkeypatch):
    cohort = tmp_path / "glioma"
    (options,) = paper.parse(["--cohort", str(cohort), "--label", "idh_mut"])
    assert "--cohort glioma --label idh_mut" in paper.shown_command(options)
    several = paper.parse(["--label", "idh_mut", "survival_2y", "--repeats", "3"])
    assert [(o.label, o.repeats) for o in several] == [
        ("idh_mut", 3),
        ("survival_2y", 3),
    ]
    monkeypatch.setenv("SKMULTIMODAL_DATA", str(tmp_path))
    assert "--cohort $SKMULTIMODAL_DATA/glioma" in paper.shown_command(options)
    assert paper.folder_name(options) == "glioma-idh_mut"


def test_table_4_is_run_on_two_sets_of_rows(patients):
    X, y = patients
    pairs, genes = paper.make_schemes("4", X, y, 1, 0)
    assert pairs.X.modalities == ["image", "gene"]
    assert genes.X.modalities == ["gene"]
    tested = np.concatenate([f.test for f in genes.folds if f.repeat == 0])
    assert len(tested) == (X.has("gene") & ~np.isnan(y)).sum()


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:.*more than empty background is cropped")
def test_real_cohort(real_data, tmp_path):
    pytest.importorskip("imblearn")
    command = ["--cohort", str(real_data / "cohort"), "--label", "idh_mut"]
    (options,) = paper.parse([*command, "--repeats", "1"])
    X, y, title = paper.read(options)
    (scheme,) = paper.make_schemes("2", X, y, 1, 0)
    models, _ = make_models("2", X, memory=str(tmp_path / "memory"), seed=0)
    quick = ("mpMRI [5], structural surrogate", "clinical covariates", "site only")
    models = {name: models[name] for name in quick}
    results, failures = run_cells([(scheme, models)], tmp_path, "data")
    assert not failures
    assert score_table(results, scheme, quick)["score"].notna().all()
    assert "idh_mut" in title
