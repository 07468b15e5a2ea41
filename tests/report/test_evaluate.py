"""The main job as a function: what is compared, fitted, remarked, written, refused."""

import re
import sys

import numpy as np
import pandas as pd
import pytest
from cohort_tools import CohortLogistic
from few_steps import few_steps
from fusion_tools import make_case, odds_tower, picture_model, plain_towers
from fusion_tools import make_pictures as make_pictures_of
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import roc_auc_score

from skmultimodal import Cohort, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.persistence import load_model, read_notes
from skmultimodal.report import _evaluate, evaluate_cohort
from skmultimodal.report._evaluate import label_table

# What the networks learn does not matter here.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

FILES = ["model.skops", "report.html", "roc.png", "table.csv"]
COUNTS = {"image": 11, "gene": 13, "image+gene": 30}


def models(**params):
    """Models that are fitted in an instant."""
    return {
        "majority": UnimodalClassifier("gene", DummyClassifier()),
        "genes": UnimodalClassifier("gene", odds_tower()),
        "twin": TwinTowerClassifier(plain_towers(), random_state=0, **params),
    }


def evaluate(X, y, out=None, **options):
    return evaluate_cohort(X, y, out, **{"models": models(), "n_repeats": 1} | options)


@pytest.fixture(scope="module", autouse=True)
def soon():
    with few_steps():
        yield


@pytest.fixture(scope="module")
def case():
    return make_case(COUNTS)


@pytest.fixture(scope="module")
def evaluated(case, tmp_path_factory):
    """An evaluation with words as labels, one of them unknown, and its files."""
    X, y = case
    labels = np.array(["Réponse", "no <response>"], dtype=object)[y]
    labels[20] = None
    out = tmp_path_factory.mktemp("work") / "results"
    found = evaluate(X, labels, out, notes={"label": "réponse"}, title="A < B")
    return found, labels, out


# What is computed


def test_scores_are_those_of_the_folds(case, evaluated):
    X, _ = case
    found, labels, _ = evaluated
    cv, areas = PairedStratifiedKFold(3, 1, random_state=0), []
    for train, test in cv.split(X, labels):
        model = clone(models()["genes"]).fit(X[train], labels[train])
        p = model.predict_proba(X[test])[:, 1]
        areas.append(roc_auc_score(labels[test] == "no <response>", p))
    summary = found.comparison.summary().set_index(["model", "metric"])
    assert summary.loc[("genes", "roc_auc"), "mean"] == pytest.approx(np.mean(areas))
    low, high = summary.loc[("genes", "roc_auc"), ["low", "high"]]
    cell = f"{np.mean(areas):.3f} [{low:.2f}, {high:.2f}]"
    assert found.table.loc["genes", "roc_auc"] == cell


def test_the_table_has_models_and_metrics_in_their_order(evaluated):
    table = evaluated[0].table
    assert table.index.tolist() == ["majority", "genes", "twin"]
    metrics = ["accuracy", "precision", "recall", "f1", "roc_auc"]
    assert table.columns.tolist() == metrics
    assert table.loc["majority", "roc_auc"] == "0.500 [0.50, 0.50]"


def test_the_last_model_is_fitted_to_all_rows_and_saved(case, evaluated):
    X, _ = case
    found, labels, out = evaluated
    assert found.model_name == "twin"
    p = clone(models()["twin"]).fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(found.model.predict_proba(X), p)
    saved = load_model(out / "model.skops")
    np.testing.assert_array_equal(saved.predict_proba(X), found.model.predict_proba(X))
    notes = read_notes(out / "model.skops")
    assert notes["label"] == "réponse"
    # How it did here, for an evaluation elsewhere.
    summary = found.comparison.summary()
    own = summary[summary["model"] == found.model_name].set_index("metric")
    area = own.loc["roc_auc", ["mean", "low", "high"]].tolist()
    assert notes["scores"]["roc_auc"] == area
    assert notes["scores"]["pattern"] == "image+gene"


def test_files_are_listed(evaluated):
    found, _, out = evaluated
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert found.files == {name: out / name for name in FILES}
    table = pd.read_csv(out / "table.csv")
    pd.testing.assert_frame_equal(table, found.comparison.summary())
    assert (out / "roc.png").read_bytes()[:4] == b"\x89PNG"
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "A &lt; B" in report
    assert "no &lt;response&gt;" in report
    assert "Réponse" in report


def test_nothing_is_written_without_a_folder(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = evaluate(*case)
    assert found.files == {}
    assert list(tmp_path.iterdir()) == []


def test_another_model_and_positive_class(case, tmp_path):
    X, y = case
    found = evaluate(X, y, tmp_path / "out", model="genes", positive="0")
    assert found.model_name == "genes"
    assert isinstance(found.model, UnimodalClassifier)
    assert found.comparison.positive == 0
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "genes" in report
    last = evaluate(X, y)
    recalls = [f.table.loc["majority", "recall"] for f in (found, last)]
    assert len(set(recalls)) == 2


@pytest.mark.parametrize("kind", [bool, float, str])
def test_kinds_of_labels(case, kind):
    X, y = case
    labels = {
        bool: y.astype(bool),
        float: np.where(np.arange(len(y)) == 7, np.nan, y),
        str: np.array(["no", "yes"])[y].tolist(),
    }[kind]
    found = evaluate(X, labels)
    assert str(found.comparison.positive) in ("True", "1.0", "yes")
    assert found.model.classes_.dtype.kind == {bool: "b", float: "f", str: "U"}[kind]
    assert found.audit.loc[0, "source"] == "modalities present"


def test_without_complete_patients_those_with_the_most_modalities_are_tested(tmp_path):
    counts = {"image": 11, "image+gene": 25, "image+stain": 20, "gene+stain": 15}
    X, y = make_case(counts)
    towers = plain_towers(("image", "gene", "stain"))
    twin = TwinTowerClassifier(towers, random_state=0)
    own = {"plain": clone(twin).set_params(tower_output="log_odds"), "twin": twin}
    with pytest.warns(UserWarning, match="none of 71 rows has all of") as caught:
        found = evaluate(X, y, tmp_path / "out", models=own)
    texts = [str(warning.message) for warning in caught]
    texts = [text for text in texts if "do not follow their labels" not in text]
    assert [text[:4] for text in texts] == ["none"]
    tested = found.comparison.predictions()
    assert sorted(tested["pattern"].unique()) == sorted(list(counts)[1:])
    assert found.remarks[0].startswith(
        "Too few patients have all of image, gene, stain: 60 with at least 2 of them "
    )
    assert not any("tested patients are of class" in text for text in found.remarks)
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Scores by the modalities" in report


def test_three_classes(tmp_path):
    X, y = make_case({**COUNTS, "image+gene": 45}, n_classes=3)
    labels = np.array(["II", "III", "IV"])[y]
    found = evaluate(X, labels, tmp_path / "out")
    metrics = ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr"]
    assert found.table.columns.tolist() == metrics
    assert found.table.loc["majority", "roc_auc_ovr"] == "0.500 [0.50, 0.50]"
    assert found.comparison.positive == "IV"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES


class GroupReader(CohortLogistic):
    """Keeps the groups that its fit is given."""

    def fit(self, X, y, groups=None):
        self.groups_ = groups
        return super().fit(X, y)


def test_groups_are_tested_together_and_passed_on(case):
    X, y = case
    groups = np.array([f"ward {i % 5}" for i in range(len(y))], dtype=object)
    found = evaluate(
        X, y, groups=groups, models={"plain": CohortLogistic(), "reader": GroupReader()}
    )
    for fold in found.comparison.folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])
    assert found.model.groups_.tolist() == groups.tolist()


def test_rows_are_given_as_a_dict_or_list():
    """Anything that a cohort can be made of."""
    X, y = make_case(COUNTS)
    blocks = {name: np.full((len(y), 7), np.nan) for name in X.modalities}
    for name, rows in blocks.items():
        width = X.block(name).shape[1]
        blocks[name] = rows[:, :width]
        blocks[name][X.has(name)] = X.block(name)
    found = evaluate(blocks, y.tolist())
    assert found.table.equals(evaluate(X, y).table)


# The cache of fitted towers


@pytest.mark.parametrize("kept", [True, False])
def test_towers_are_kept_for_the_job_or_longer(kept, tmp_path, monkeypatch):
    """Never in the fitted model: it may be used where the folder is not."""
    X, y = make_pictures_of({"image": 8, "gene": 9, "image+gene": 10})
    seen = []

    def small_models(X, *, baseline, memory, device, random_state):
        seen.append((memory, device, random_state))
        return {"twin": picture_model(memory=memory, device=device)}

    monkeypatch.setattr(_evaluate, "comparison_models", small_models)
    memory = tmp_path / "towers" if kept else None
    found = evaluate_cohort(
        X, y, n_repeats=1, memory=memory, device="cpu", random_state=3
    )
    ((folder, device, seed),) = seen
    assert (device, seed) == ("cpu", 3)
    assert (folder == str(memory)) == kept
    assert found.model.memory is None
    assert bool(list(tmp_path.rglob("output.pkl"))) == kept


def test_the_memory_of_models_of_ones_own_is_theirs(case, tmp_path):
    X, y = case
    own = models(memory=str(tmp_path / "towers"))
    found = evaluate(X, y, models=own)
    assert list((tmp_path / "towers").rglob("output.pkl"))
    assert found.model.memory is None
    assert own["twin"].memory == str(tmp_path / "towers")  # it is not changed
    assert not hasattr(own["twin"], "classes_")


# Remarks


def test_few_tested_patients_of_a_class_are_remarked_on():
    found = {}
    for n_pairs in (19, 20):
        X, y = make_case({**COUNTS, "image+gene": n_pairs}, signal=0.5)
        remarks = evaluate(X, y).remarks
        found[n_pairs] = [text for text in remarks if "tested patients" in text]
    (remark,) = found[19]
    assert remark.startswith("Only 9 tested patients are of class 1: no score means")
    assert found[20] == []


def test_an_area_of_1_is_no_certainty():
    X, y = make_case(COUNTS, signal=30.0)
    found = evaluate(X, y)
    table = found.comparison.summary(models=["twin"])
    assert table["mean"].tolist() == [1.0] * len(table)
    assert np.all(table["low"] < 0.95)
    assert not found.remarks


# Progress


def test_progress(case, capsys):
    evaluate(*case)
    assert capsys.readouterr() == ("", "")
    evaluate(*case, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    lines = [re.sub(r"\d+\.\d s$", "", line) for line in err.splitlines()]
    assert lines == [
        "[compare_classifiers] 3 models on folds: 9 fits",
        "[compare_classifiers] 3 models: 9 fits, ",
        "[audit_shortcuts] 1 model on folds: 3 fits",
        "[audit_shortcuts] 1 model: 3 fits, ",
        "[evaluate_cohort] twin on all rows: ",
    ]


# What is refused


def one_modality(X, y):
    return X[:, ["gene"]], y


def no_pairs(X, y):
    single = ~X.paired
    return X[single], y[single]


def no_two(X, y):
    return make_case({"image": 11, "gene": 13, "stain": 9})


def rare(n_left):
    def change(X, y):
        y = y.astype(float)
        y[np.flatnonzero(X.paired & (y == 1))[n_left:]] = np.nan
        return X, y

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_modality, "the patients have one modality, 'gene': a fusion needs two"),
        (no_pairs, "no patient has all of image, gene: there is nobody to test"),
        (no_two, "no patient has two of image, gene, stain: there is nobody to test"),
        (lambda X, y: (X, 0 * y), "the label has one class only, 0: there is nothing"),
        (lambda X, y: (X, y * np.nan), "the label has none: there is nothing to tell"),
        (rare(2), "class 1 has 2 labelled .* needs 3 of each class: leave its"),
        (rare(0), "class 1 has 0 labelled patients with all of image, gene"),
        (lambda X, y: (X, y + 0.5), r"Unknown label type: continuous\. 0\.5 is no cl"),
        (lambda X, y: (X, y[:-1]), "X has 54 rows, y has 53"),
    ],
)
def test_patients_that_cannot_be_evaluated(case, tmp_path, capsys, change, message):
    with pytest.raises(ValueError, match=message):
        evaluate(*change(*case), tmp_path / "out", verbose=1)
    assert list(tmp_path.iterdir()) == []
    assert "fits" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "ours"}, "model 'ours' is none of majority, genes, twin"),
        ({"positive": "maybe"}, "positive='maybe' is no class of y: they are 0, 1"),
        ({"groups": ["a"] * 54}, "image, gene are 1; cross-validation in 3 folds "),
        ({"groups": ["a", "b"] * 27}, "image, gene are 2; cross-validation in 3 "),
        ({"groups": [*"abc" * 17, "a", "b", None]}, "the group of row 53 is missing"),
        ({"groups": [*"abc"]}, r"X has 54 rows, groups has shape \(3,\)"),
        ({"n_repeats": 0}, "n_repeats of PairedStratifiedKFold must be an integer"),
        ({"models": {}}, "models is empty"),
    ],
)
def test_options_that_make_no_sense(case, tmp_path, capsys, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(*case, tmp_path / "out", **{"verbose": 1} | options)
    assert list(tmp_path.iterdir()) == []
    assert "fits" not in capsys.readouterr().err


class Refuses(CohortLogistic):
    def __init__(self, error=ValueError):
        self.error = error

    def fit(self, X, y):
        raise self.error("I refuse")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_model_that_fails_leaves_no_file(case, tmp_path, error):
    (tmp_path / "table.csv").write_text("old")
    own = {"majority": models()["majority"], "ours": Refuses(error)}
    wanted = KeyboardInterrupt if error is KeyboardInterrupt else RuntimeError
    with pytest.raises(wanted, match="I refuse"):
        evaluate(*case, tmp_path, models=own)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "old"


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        ("audit_shortcuts", KeyboardInterrupt),
        ("_draw_roc", OSError),
        ("evaluation_report", KeyboardInterrupt),
        ("save_model", OSError),
    ],
)
def test_a_stage_that_stops_leaves_no_file(case, tmp_path, monkeypatch, stage, error):
    def stop(*args, **kwargs):
        raise error("no space left")

    monkeypatch.setattr(_evaluate, stage, stop)
    with pytest.raises(error, match="no space left"):
        evaluate(*case, tmp_path / "new" / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["jinja2", "matplotlib.pyplot"])
def test_a_package_that_is_absent_is_missed_before_any_fit(
    case, tmp_path, monkeypatch, package
):
    monkeypatch.setitem(sys.modules, package, None)
    refuses = {"ours": Refuses(AssertionError)}
    with pytest.raises(ImportError, match=rf"{package} is needed here.*skmultimodal\["):
        evaluate(*case, tmp_path / "out", models=refuses)
    assert list(tmp_path.iterdir()) == []


def test_options_of_the_report_are_refused_without_a_file(case, tmp_path):
    with pytest.raises(TypeError, match="colour"):
        evaluate(*case, tmp_path / "out", colour="red")
    assert list(tmp_path.iterdir()) == []


# Rows by pattern and class


def test_label_table():
    gene = np.ones((7, 3))
    gene[[0, 3]] = np.nan
    image = np.ones((7, 4))
    image[[4, 5]] = np.nan
    X = Cohort({"image": image, "gene": gene})
    table = label_table(X, [1.0, 0.0, np.nan, 0.0, 1.0, 1.0, 0.0])
    wanted = pd.DataFrame(
        {"0": [0, 1, 2, 3], "1": [2, 1, 0, 3], "unlabelled": [0, 0, 1, 1]},
        index=["gene", "image", "image+gene", "all"],
    )
    wanted["all"] = [2, 2, 3, 7]
    assert table.to_dict() == wanted.to_dict()
