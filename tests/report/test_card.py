"""The model card."""

import numpy as np
import pandas as pd
import pytest
from fusion_tools import THREE, make_case, make_pictures, picture_model, plain_towers
from report_sentences import Case, read, unread
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmultimodal import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers
from skmultimodal.report import model_card
from skmultimodal.report._pool import Pool
from skmultimodal.utils._environment import describe_environment

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


@pytest.fixture(scope="module")
def model():
    X, y = make_pictures({"image": 21, "gene": 25, "image+gene": 30})
    y = y.astype(float)
    y[[0, 2]] = float("nan")
    return picture_model().fit(X, y)


def section(card, name):
    return card.split(f"## {name}\n\n")[1].split("\n\n## ")[0]


def rows(text):
    """Cells of the Markdown table in a section: dict of first cell to the others."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines]
    return {first: others for first, *others in cells}


def test_what_it_learned_from(model):
    names = {0.0: "progressed", 1.0: "responded"}
    table = rows(section(model_card(model, class_names=names), "Training data"))
    assert table["part"] == ["rows", "progressed", "responded", "unlabelled"]
    # The image tower has no use for rows without a label; rows 0 and 2 have class 0.
    assert table["image"] == ["19", "9", "10", "0"]
    assert table["gene"] == ["25", "13", "12", "0"]
    assert table["final_estimator"] == ["30", "15", "15", "0"]


def test_the_class_that_scores_are_about(model):
    def of(**options):
        card = model_card(model, scores={"f1": 0.5}, **options)
        return section(card, "Scores").splitlines()[0]

    start = "The positive class, which scores of one class are about: "
    assert of() == f"{start}1."
    assert of(positive=0) == f"{start}0."
    assert of(class_names={1.0: "responded"}) == f"{start}responded."
    assert "The positive class" not in model_card(model)
    with pytest.raises(ValueError, match="positive=7 is no class of the model"):
        of(positive=7)


def test_label_and_classes(model):
    text = section(
        model_card(model, label="response: RECIST", class_names={1.0: "responded"}),
        "Label",
    )
    assert text == "response: RECIST\n\n- `0`\n- `1`: responded"
    assert "Not described" in section(model_card(model), "Label")


def test_scores(model):
    assert "None were given" in section(model_card(model), "Scores")
    given = rows(section(model_card(model, scores={"AUC": 0.8125, "n": 30}), "Scores"))
    assert given["AUC"] == ["0.812"]
    table = pd.DataFrame({"mean": [0.8], "low": [0.71111]}, index=["AUC"])
    assert rows(section(model_card(model, scores=table), "Scores"))["AUC"] == [
        "0.800",
        "0.711",
    ]


def test_scores_by_pattern(model):
    table = pd.DataFrame(
        {
            "model": "ours",
            "pattern": ["gene", "image+gene"],
            "n_patients": [13, 18],
            "calibration_slope": [float("nan"), 0.91234],
        }
    )
    text = section(model_card(model, by_pattern=table), "Scores")
    assert "By the modalities that patients have:" in text
    lines = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line[1:-1]] for line in lines]
    assert cells[2] == ["ours", "gene", "13", "–"]
    assert cells[3] == ["ours", "image+gene", "18", "0.912"]
    one = model_card(model, by_pattern=table.iloc[:1])
    assert "By the modalities" not in one
    with pytest.raises(ValueError, match="by_pattern must be a DataFrame with a colu"):
        model_card(model, by_pattern=table.drop(columns="pattern"))
    with pytest.raises(ValueError, match="by_pattern must be a DataFrame with a colu"):
        model_card(model, by_pattern=[0.9])


def test_what_the_pool_has_learned(model):
    X, y = make_case(THREE)
    towers = plain_towers(("image", "gene", "stain"))
    fitted = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    pool = fitted.final_estimator_
    text = section(model_card(fitted, class_names={1: "responded"}), "Fusion")
    table = rows(text)
    assert table["modality"] == [
        "weight",
        *(f"correlation with {name}" for name in pool.factors_),
    ]
    for name, correlations in zip(pool.factors_, pool.correlations_, strict=True):
        wanted = [pool.weights_[name], *correlations]
        assert [float(cell) for cell in table[name]] == pytest.approx(wanted, abs=0.005)
    shift = float(pool.shift_[1] - pool.shift_[0])
    (line,) = [line for line in text.splitlines() if line.startswith("- ")]
    sign = "+" if shift >= 0 else "−"
    assert line == f"- `responded`: {sign}{abs(shift):.2f}"
    other = section(model_card(fitted, positive=0), "Fusion").splitlines()[-1]
    assert other == f"- `0`: {'−' if shift >= 0 else '+'}{abs(shift):.2f}"
    # Of another final estimator, or of one modality, there is nothing to tell.
    assert "## Fusion" not in model_card(model)
    has = X.has("gene")
    one = TwinTowerClassifier(towers[1:2], random_state=0)
    one.fit(X[has, ["gene"]], y[has])
    assert "## Fusion" not in model_card(one)


def test_the_pool_of_more_classes():
    X, y = make_case(THREE, n_classes=3)
    towers = plain_towers(("image", "gene", "stain"))
    fitted = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    text = section(model_card(fitted), "Fusion")
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    found = [float(line.split(": ")[1].replace("−", "-")) for line in lines]
    assert found == pytest.approx(fitted.final_estimator_.shift_, abs=0.005)
    assert [line[:5] for line in lines] == ["- `0`", "- `1`", "- `2`"]


def test_limits_use_and_title(model):
    card = model_card(
        model, title="Glioma", intended_use="Trial A", limits=["Adults only."]
    )
    assert card.startswith("# Glioma\n\nResearch software; not a medical device.\n")
    assert section(card, "Intended use") == "Trial A"
    limits = section(card, "Limits").splitlines()
    assert limits[-1] == "- Adults only."
    assert len(limits) == 5
    assert all(line.startswith("- ") for line in limits)


def test_parameters_and_environment(model):
    card = model_card(model)
    table = rows(section(card, "Parameters"))
    assert table["image__filters"] == ["(3, 4)"]
    assert "missing" not in table  # the default
    assert rows(section(card, "Environment"))["torch"] == [
        describe_environment()["torch"]
    ]


def test_written_as_returned(model, tmp_path):
    card = model_card(model, path=tmp_path / "card.md")
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == card


def test_other_estimators():
    X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    card = model_card(make_pipeline(LogisticRegression()).fit(X, y))
    assert card.startswith("# Pipeline\n")
    assert "does not record the rows" in section(card, "Training data")
    with pytest.raises(NotFittedError):
        model_card(LogisticRegression())


CARD = {
    "title": "Glioma",
    "intended_use": None,
    "label": None,
    "classes": [("0", None), ("1", "responded")],
    "training_rows": None,
    "provenance": None,
    "positive": None,
    "scores": None,
    "by_pattern": None,
    "pool": None,
    "pool_table": None,
    "remarks": [],
    "limits": [],
    "parameters": "| a |",
    "environment": "| b |",
}
CASES = {
    "little given": Case(
        CARD,
        [
            "# Glioma Research software; not a medical device. ## Intended use "
            "Research "
            "on cohorts like the one that the model was trained on. ## Label Not "
            "described: pass `label` to model_card. - `0` - `1`: responded ## Training "
            "data The model does not record the rows that it was fitted on. ## Scores "
            "None were given: how well the model predicts is not known. ## Limits",
            "## Parameters Those that differ from the default: | a | ## Environment",
        ],
    ),
    "all given": Case(
        CARD
        | {
            "intended_use": "Trial A",
            "label": "RECIST",
            "training_rows": "| rows |",
            "provenance": "| encoder |",
            "positive": "responded",
            "scores": "| AUC |",
            "by_pattern": "| gene |",
            "pool": Pool(["image", "gene"], [], [], [("yes", 0.5), ("no", -0.25)]),
            "pool_table": "| weight |",
            "remarks": ["Only 4 patients."],
            "limits": ["Adults only."],
            "parameters": None,
        },
        [
            "use Trial A ## Label RECIST - `0`",
            "Rows that each part is fitted on; as final_estimator, those of patients",
            "modalities the final estimator puts together. | rows | ## Computed "
            "features Other models computed these features, and are needed, in the "
            "same version, for the patients to be predicted. Whether patients of the "
            "cohort were among those that trained them is not known here. | encoder | "
            "## Fusion How much the log-odds of each modality count",
            "count less. | weight | How far its intercept is moved,",
            "centred log-ratios): - `yes`: +0.50 - `no`: −0.25 ## Scores The "
            "positive class, which scores of one class are about: responded. | AUC | "
            "By the modalities that patients have: | gene | Only 4 patients. ## Limits "
            "- Its",
            "- Adults only. ## Parameters All have the default. ## Environment | b |",
        ],
    ),
    "scores of all classes": Case(
        CARD | {"scores": "| accuracy |"}, ["## Scores | accuracy | ## Limits"]
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("model_card.md.jinja", CASES[case])


def test_every_branch_is_read():
    assert unread("model_card.md.jinja", CASES.values()) == {}


# What to know before scores are read


def compared(n_pairs, signal=1.0):
    """A fitted model, the comparison that has it, and labels."""
    X, y = make_case({"image": 21, "gene": 25, "image+gene": n_pairs}, signal=signal)
    twin = TwinTowerClassifier(plain_towers(), random_state=0)
    models = {"twin": twin, "gene": UnimodalClassifier("gene", DummyClassifier())}
    cv = PairedStratifiedKFold(3, random_state=0)
    found = compare_classifiers(models, X, y, cv=cv, scoring=["roc_auc", "accuracy"])
    return twin.fit(X, y), found


def test_scores_of_a_comparison():
    twin, comparison = compared(30)
    card = model_card(twin, scores=comparison)
    summary = comparison.summary(models=["twin"])
    table = rows(section(card, "Scores"))
    for _, line in summary.iterrows():
        wanted = [f"{line[name]:.3f}" for name in ("mean", "low", "high")]
        assert table[line["metric"]] == wanted
    assert "tested patients" not in card
    other = UnimodalClassifier("gene", LogisticRegression()).fit(
        {"gene": np.eye(4)}, [0, 1, 0, 1]
    )
    with pytest.raises(ValueError, match="none of the 2 models of the comparison"):
        model_card(other, scores=comparison)


def test_few_patients():
    twin, comparison = compared(14)
    card = model_card(twin, scores=comparison)
    assert "Only 7 tested patients are of class" in section(card, "Scores")
    assert "Only 7 patients of class 0 have modalities that" in section(card, "Scores")


def test_intervals_without_width(model):
    table = pd.DataFrame({"mean": [0.9, 0.8], "low": [0.9, 0.7], "high": [0.9, 0.85]})
    card = model_card(model, scores=table)
    assert "1 of 2 intervals have no width: every fold has" in section(card, "Scores")
    assert "no width" not in model_card(model, scores=table[1:])


def test_what_computed_the_features_is_listed(model):
    """Values are text: a version is no number; a fact that one lacks is a dash."""
    facts = {
        "slides": {"encoder": "E|F", "version": "1.10", "licence": "MIT"},
        "scans": {"encoder": "G"},
    }
    text = section(model_card(model, provenance=facts), "Computed features")
    table = {name: cells for name, cells in rows(text).items() if ":-" not in name}
    assert table["modality"] == ["encoder", "version", "licence"]
    assert table["scans"] == ["G", "–", "–"]
    assert "1.10" in text
    assert "E\\|F" in text
    for none in (None, {}):
        assert "Computed features" not in model_card(model, provenance=none)
