"""The report: each question answered, markup escaped, one file that a phone reads."""

import re

import numpy as np
import pandas as pd
import pytest
from browser import console_errors, open_browser
from few_steps import few_steps
from fusion_tools import make_case, plain_towers
from report_sentences import text_of
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
)
from skmultimodal.report import _explain, evaluation_report

# What the networks learn does not matter here.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

QUESTIONS = [
    "Which patients?",
    "Which label?",
    "How good is it, against what?",
    "Could a shortcut explain it?",
    "How sure is it?",
    "What does it look at?",
    "What would break it?",
]


def study(X, y, model, others=None, **options):
    cv = PairedStratifiedKFold(3, random_state=0)
    if others is None:
        others = {"majority": UnimodalClassifier("gene", DummyClassifier())}
    comparison = compare_classifiers(
        {**others, "ours": model}, X, y, cv=cv, scoring=["roc_auc"]
    )
    fitted = model.fit(X, y)
    return {"estimator": fitted, "X": X, "y": y, "comparison": comparison, **options}


@pytest.fixture(scope="module", autouse=True)
def soon():
    with few_steps():
        yield


@pytest.fixture(scope="module")
def images():
    """A study of real towers on images and genes, with an audit."""
    data = make_glioma_cohort(
        30, 50, 24, n_genes=40, image_size=16, site_effect=3.0, random_state=0
    )
    given = study(data.data, data.target, TwinTowerClassifier(random_state=0))
    cv = PairedStratifiedKFold(3, random_state=0)
    given["audit"] = audit_shortcuts(data.data, data.target, cv=cv, random_state=0)
    return given


@pytest.fixture(scope="module")
def report(images, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    return evaluation_report(path, **images, class_names={0: "no", 1: "yes"})


@pytest.fixture(scope="module")
def patterns():
    """A study of three modalities in which rows with two of them are tested."""
    counts = {"image": 20, "image+gene": 45, "image+stain": 41, "gene+stain": 8}
    X, y = make_case(counts)
    names = ["image", "gene", "stain"]
    model = TwinTowerClassifier(plain_towers(names), random_state=0)
    with pytest.warns(UserWarning, match="none of 114 rows has all"):
        return study(X, y, model, others={"again": clone(model)}) | {"model": "ours"}


@pytest.fixture(scope="module")
def tables():
    X, y = make_case()
    return study(X, y, TwinTowerClassifier(plain_towers(), random_state=0))


def test_each_question_is_answered(report):
    text = report.read_text(encoding="utf-8")
    for question in QUESTIONS:
        assert question in text
    assert "site" in text
    assert "GENE" in text
    assert "not given" in text  # the flow of patients
    assert list(report.parent.iterdir()) == [report]


def test_the_first_lines_have_what_it_comes_to(report):
    text = report.read_text(encoding="utf-8")
    head = text_of(text[: text.index("<nav")])
    assert re.search(r"ours predicts the label|No evidence that ours", head)
    assert re.search(r"It finds [\d.]+ of the 12 tested patients of class yes", head)


def test_few_tested_patients_make_no_score(tables, tmp_path):
    text = evaluation_report(tmp_path / "r.html", **tables).read_text(encoding="utf-8")
    tested = tables["y"][tables["X"].paired]
    least = min(np.unique(tested[~pd.isna(tested)], return_counts=True)[1])
    head = text_of(text[: text.index("<nav")])
    assert ("no score here means much" in head) == (least < 10)


def test_scores_by_the_modalities_that_patients_have(patterns, tmp_path):
    path = evaluation_report(tmp_path / "r.html", **patterns)
    text = text_of(path.read_text(encoding="utf-8"))
    table = patterns["comparison"].by_pattern(models=["ours"])
    assert table["pattern"].tolist() == ["gene+stain", "image+gene", "image+stain"]

    def cell(value, digits=2, sign=""):
        return "–" if np.isnan(value) else f"{value:{sign}.{digits}f}".replace("-", "−")

    for row in table.itertuples():
        start = f"{row.pattern} ours {row.n_patients} {row.n_positive}"
        scores = f"{cell(row.roc_auc)} {cell(row.brier, 3)} {cell(row.log_loss, 3)}"
        ends = row.calibration_slope_low, row.calibration_slope_high
        slope = cell(row.calibration_slope)
        if slope != "–":
            slope += " [{}, {}]".format(*map(cell, ends))
        intercept = cell(row.calibration_intercept, sign="+")
        assert f"{start} {scores} {slope} {intercept}" in text
        # The same Brier score stands where calibration is judged.
        certain = text[text.index("Predicted and observed.") :]
        part = certain[certain.index(f" {row.pattern} {row.n_patients} ") :]
        assert f"] {cell(row.brier, 3)} " in part[:80]
    assert "image+gene again 45" in text
    assert np.isnan(table.loc[0, "calibration_slope"])  # of 8 patients
    assert table.loc[1:, "calibration_slope"].notna().all()


def test_one_pattern_needs_no_table(tables, tmp_path):
    path = evaluation_report(tmp_path / "r.html", **tables)
    text = text_of(path.read_text(encoding="utf-8"))
    assert "Scores by the modalities" not in text
    pool = tables["estimator"].final_estimator_
    weight = f"{pool.weights_['image']:.2f}"
    rest = f"{pool.correlations_[0, 1]:.2f}".replace("-", "−")
    assert f"image {weight} 1.00 {rest}" in text


def test_what_was_hidden_after_loading_is_named(tables, tmp_path):
    X = tables["X"]
    patients = X.index.astype(str)
    flow = pd.DataFrame({"patient": patients, "item": "gene", "status": "kept"})
    n_hidden = int((~X.has("gene")).sum())
    path = evaluation_report(tmp_path / "r.html", **tables, flow=flow.assign(reason=""))
    text = text_of(path.read_text(encoding="utf-8"))
    assert f"as if it had been missing: gene of {n_hidden} patients" in text


def test_the_file_stands_alone(report):
    text = report.read_text(encoding="utf-8")
    assert "<script" not in text
    sources = re.findall(r"(?:src|href)=\"([^\"]{0,40})", text)
    outside = [
        s for s in sources if not s.startswith(("data:", "#", "https://doi.org"))
    ]
    assert sources
    assert outside == []
    for image in re.findall(r"<img[^>]*>", text):
        assert re.search(r'alt="[^"]{10,}', image)
    assert len(text) < 3e6


def test_markup_in_names_is_text(tables, tmp_path):
    nasty = "<script>alert('&')</script>"
    path = evaluation_report(
        tmp_path / "r.html",
        **tables,
        title=nasty,
        label=nasty,
        class_names={0: nasty, 1: "b<i>"},
        facts={"Background": nasty},
        limits=[nasty],
    )
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "b<i>" not in text
    assert "&lt;script&gt;" in text


def test_two_tables_and_three_classes(tmp_path):
    X, y = make_case(n_classes=3)
    cv = PairedStratifiedKFold(3, random_state=0)
    model = TwinTowerClassifier(plain_towers(), random_state=0)
    comparison = compare_classifiers(
        {"ours": model}, X, y, cv=cv, scoring=["roc_auc_ovr", "accuracy"]
    )
    path = evaluation_report(
        tmp_path / "r.html",
        estimator=model.fit(X, y),
        X=X,
        y=y,
        comparison=comparison,
        positive=1,
    )
    assert all(q in path.read_text(encoding="utf-8") for q in QUESTIONS)


def test_what_the_model_does_not_allow_is_not_given(tables, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise NotExplainableError("A <forest>\nhas no gradients.")

    for name in ("modality_contributions", "gene_attributions"):
        monkeypatch.setattr(_explain, name, refuse)
    path = evaluation_report(tmp_path / "r.html", **tables)
    text = text_of(path.read_text(encoding="utf-8"))
    reason = "not given. A <forest> has no gradients."
    for what in ("Contribution of each modality", "Which columns of gene count"):
        assert f"{what}: {reason}" in text


@pytest.mark.parametrize("error", [AttributeError, TypeError, ValueError, ImportError])
@pytest.mark.parametrize("name", ["modality_contributions", "gene_attributions"])
def test_errors_are_no_refusals(tables, tmp_path, monkeypatch, name, error):
    def fail(*args, **options):
        raise error("a bug")

    monkeypatch.setattr(_explain, name, fail)
    with pytest.raises(error, match="a bug"):
        evaluation_report(tmp_path / "r.html", **tables)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verbose", [0, 1])
def test_progress_is_shown_if_asked(tables, tmp_path, capsys, verbose):
    evaluation_report(tmp_path / "r.html", **tables, verbose=verbose)
    out, err = capsys.readouterr()
    assert out == ""
    lines = [re.sub(r"\d+\.\d s$", "s", line) for line in err.splitlines()]
    stages = [
        "[evaluation_report] explanations: s",
        "[evaluation_report]: 15 sections, s",
    ]
    assert lines == (stages if verbose else [])


def test_bad_input_is_named_and_leaves_no_file(tables, tmp_path):
    path = tmp_path / "r.html"
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        evaluation_report(tmp_path / "absent" / "r.html", **tables)
    with pytest.raises(ValueError, match="n_examples must be an integer"):
        evaluation_report(path, **tables, n_examples=-1)
    with pytest.raises(ValueError, match="limits must be a list"):
        evaluation_report(path, **tables, limits="none")
    with pytest.raises(ValueError, match="'theirs'"):
        evaluation_report(path, **tables, model="theirs")
    with pytest.raises(ValueError, match="audit"):
        evaluation_report(path, **tables, audit=pd.DataFrame({"a": np.ones(3)}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("width", [400, 1400])
def test_a_browser_shows_it(report, width):
    with open_browser(width) as driver:
        driver.get(report.as_uri())
        assert console_errors(driver) == []
        page = driver.execute_script(
            "const e = document.documentElement;"
            "return [e.scrollWidth, e.clientWidth, document.images.length,"
            "[...document.images].every(i => i.complete && i.naturalWidth > 0)]"
        )
    scroll, client, n_images, drawn = page
    assert scroll <= client
    assert n_images >= 8
    assert drawn


# Which model it is about


def title_of(path):
    text = path.read_text(encoding="utf-8")
    return text_of(re.search("<h1.*?</h1>", text, re.DOTALL).group(0)).strip()


@pytest.fixture(scope="module")
def several():
    """A comparison of which the model reported on is the first, and its data."""
    X, y = make_case()
    twin = TwinTowerClassifier(plain_towers(), random_state=0)
    models = {
        "twin": twin,
        "gene": UnimodalClassifier("gene", DummyClassifier(strategy="stratified")),
        "again": UnimodalClassifier("gene", DummyClassifier(strategy="stratified")),
    }
    cv = PairedStratifiedKFold(3, random_state=0)
    comparison = compare_classifiers(models, X, y, cv=cv, scoring="roc_auc")
    return {name: m.fit(X, y) for name, m in models.items()}, comparison, X, y


def test_the_report_is_about_the_model_passed(several, tmp_path):
    models, comparison, X, y = several
    given = {"X": X, "y": y, "comparison": comparison}
    path = tmp_path / "r.html"
    evaluation_report(path, estimator=models["twin"], **given)
    assert title_of(path) == "Evaluation of twin"
    evaluation_report(path, estimator=models["gene"], model="again", **given)
    assert title_of(path) == "Evaluation of again"
    assert comparison.models == ["twin", "gene", "again"]


def test_a_report_on_two_models_is_refused(several, tmp_path):
    models, comparison, X, y = several
    given = {"X": X, "y": y, "comparison": comparison}
    path = tmp_path / "r.html"
    with pytest.raises(ValueError, match=r"2 of the 3 models .* Unimodal.*name it in"):
        evaluation_report(path, estimator=models["gene"], **given)
    other = UnimodalClassifier("gene", DummyClassifier()).fit(X, y)
    with pytest.raises(ValueError, match=r"none of the 3 models .* twin, gene, again"):
        evaluation_report(path, estimator=other, **given)
    with pytest.raises(ValueError, match=r"Unimodal.*, and model 'twin' .* is TwinTow"):
        evaluation_report(path, estimator=models["gene"], model="twin", **given)
    one = compare_classifiers({"twin": models["twin"]}, X, y, cv=3, scoring="roc_auc")
    with pytest.raises(ValueError, match="scores of one would stand beside"):
        evaluation_report(path, **given | {"comparison": one}, estimator=other)
    assert not path.exists()


def test_a_series_of_labels_in_another_order(several, tmp_path):
    models, comparison, X, y = several
    labels = pd.Series(y, index=X.index)
    paths = [tmp_path / "a.html", tmp_path / "b.html"]
    for path, given in zip(paths, (labels, labels[::-1]), strict=True):
        options = {"estimator": models["twin"], "comparison": comparison}
        evaluation_report(path, X=X, y=given, facts={"Command": "c"}, **options)
    # The minute may change between the two.
    first, second = (
        re.sub(r"\d\d:\d\d UTC", "now", text_of(path.read_text(encoding="utf-8")))
        for path in paths
    )
    assert first == second


def test_examples_have_the_prediction_sets_given(several, tmp_path):
    models, comparison, X, y = several
    sets = pd.DataFrame(dict.fromkeys(comparison.classes, True), index=X.index)
    options = {"estimator": models["twin"], "comparison": comparison}
    path = tmp_path / "r.html"
    evaluation_report(path, X=X, y=y, prediction_sets=sets, **options)
    text = text_of(path.read_text(encoding="utf-8"))
    assert f"Prediction sets of {len(X)} patients" in text
    names = map(str, comparison.classes.tolist())
    assert f"Prediction set {' and '.join(names)}" in text


def test_few_patients_are_remarked_on(tmp_path):
    X, y = make_case()
    pairs = np.flatnonzero(X.paired)
    y = np.zeros(len(X))
    y[pairs[:4]] = 1
    y[:6] = 1
    model = UnimodalClassifier("gene", DummyClassifier(strategy="prior"))
    never = UnimodalClassifier("gene", LogisticRegression(C=1e-4))
    comparison = compare_classifiers(
        {"never": never, "prior": model},
        X,
        y,
        cv=PairedStratifiedKFold(2, random_state=0),
        scoring="roc_auc",
    )
    given = {"X": X, "y": y, "comparison": comparison, "estimator": never.fit(X, y)}
    text = text_of(evaluation_report(tmp_path / "r.html", **given).read_text("utf-8"))
    assert "Only 4 tested patients are of class 1: no score means much" in text
    assert "'never' never predicts class 1" in text
    assert "'prior'" not in text
