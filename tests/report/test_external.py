"""The report of a model in another hospital: its sentences and its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_sentences import FIGURE, Case, read, text_of, unread
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.exceptions import AlignmentWarning, FewPatientsWarning
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    evaluate_external,
)
from skmultimodal.report import evaluation_report, external_report
from skmultimodal.report._claim import State
from skmultimodal.report._compared import Score, Share
from skmultimodal.report._sections.external_calibration import (
    ExternalCalibration,
    Level,
    Recalibrated,
    Slope,
    external_calibration,
    judge_slope,
)
from skmultimodal.report._sections.external_checklist import (
    ExternalChecklist,
    ExternalItem,
    external_checklist,
)
from skmultimodal.report._sections.external_data import (
    Aligned,
    Counted,
    Drifted,
    ExternalData,
    external_data,
)
from skmultimodal.report._sections.external_performance import (
    ExternalPerformance,
    PatternRow,
    Place,
    external_performance,
)

NOTHING = Score(np.nan, np.nan, np.nan)
GOOD = ExternalPerformance(
    n=110,
    n_positive=49,
    rarest="responder",
    n_rarest=49,
    few=False,
    area=Score(0.9, 0.84, 0.95),
    place=Place.ABOVE,
    at_home=None,
    home_pattern=None,
    here=None,
    brier=Score(0.123, 0.095, 0.162),
    log_loss=Score(0.388, 0.318, 0.495),
    brier_gain=Score(0.126, 0.086, 0.157),
    log_loss_gain=Score(0.304, 0.197, 0.379),
    gain=Place.ABOVE,
    two=True,
    level="95",
)
HOME = {"at_home": Score(0.99, 0.92, 1.0)}
ROW = PatternRow(
    "image+gene", 28, 12, GOOD.area, GOOD.brier, GOOD.log_loss, NOTHING, NOTHING
)

PERFORMANCE = {
    "good": Case(
        replace(
            GOOD,
            shares=[Share("sensitivity", Score(0.86, 0.73, 0.93), 42, 49)],
            by_pattern=[ROW],
            figure=FIGURE,
        ),
        [
            "On 110 patients of another hospital, none of whom trained it, 49 of class "
            "responder, ours has a ROC AUC of 0.90 [0.84, 0.95], above guessing (0.5). "
            "Its probabilities are better than always predicting the share of each",
            "The area under the ROC curve is 0.90 [0.84, 0.95]. What it was where the "
            "model comes from was not given. The Brier score is 0.123 [0.095, 0.162]; "
            "always predicting the share of each class here would add +0.126 [0.086,",
            "Log-loss 0.388 [0.318, 0.495] +0.304 [0.197, 0.379]",
            "At a probability of 0.50 of class responder",
            "Sensitivity 0.86 [0.73, 0.93] 42 of 49",
            "ROC curve for class responder with an area of 0.90.",
            "in all or of a class. Patients with",
            "image+gene 28 12 0.90 [0.84, 0.95] 0.123 0.388 – –",
        ],
        absent=["Only"],
    ),
    "around": Case(
        replace(GOOD, place=Place.AROUND, gain=Place.AROUND, **HOME),
        [
            "it is not shown to be better than guessing (0.5). Its probabilities are "
            "not shown to be better than always predicting",
            "Where the model comes from it was 0.99 [0.92, 1.00]. The Brier",
        ],
    ),
    "below": Case(
        replace(GOOD, place=Place.BELOW, gain=Place.BELOW, home_pattern="gene", **HOME),
        [
            "below guessing (0.5): here its ranking is the wrong way round. Its "
            "probabilities are worse than always",
            "it was 0.99 [0.92, 1.00] for patients with gene. The Brier",
        ],
    ),
    "few": Case(
        replace(
            GOOD,
            place=Place.UNKNOWN,
            area=NOTHING,
            few=True,
            n_rarest=1,
            home_pattern="gene",
            here=Score(0.8, 0.7, 0.9),
            two=False,
            by_pattern=[ROW],
            **HOME,
        ),
        [
            "a ROC AUC that cannot be estimated.",
            "Only 1 patient is of class responder: no score here means much.",
            "The area under the ROC curve cannot be estimated.",
            "for patients with gene, for whom it is 0.80 [0.70, 0.90] here. The",
            "of a class; of more than two classes there is no intercept.",
        ],
    ),
    "some": Case(
        replace(GOOD, few=True, n_rarest=7),
        ["Only 7 patients are of class responder: no score here means much."],
    ),
}

LINE = ExternalCalibration(
    slope=Score(0.6, 0.4, 0.8),
    spread=Slope.EXTREME,
    intercept=Score(0.5, 0.2, 0.8),
    level=Level.LOW,
    ratio=Score(1.3, 1.1, 1.5),
)
CALIBRATION = {
    "extreme and low": Case(
        replace(
            LINE,
            figure=FIGURE,
            recalibrated=[
                Recalibrated("as predicted", 0.2, 0.6, 1, 0),
                Recalibrated("slope", 0.19, 0.55, 0.6, -0.2),
            ],
        ),
        [
            "More patients are of class responder than predicted: 1.30 [1.10, 1.50] "
            "times as many. The probabilities are too extreme: the calibration slope "
            "is 0.60 [0.40, 0.80], where 1 is right.",
            "Intercept +0.50 [0.20, 0.80] 0",
            "Share of class responder against its predicted probability, in bins.",
            "Recalibration uses labels of this hospital",
            "As predicted 0.200 0.600 1.00 +0.00",
            "Slope and intercept 0.190 0.550 0.60 −0.20",
        ],
    ),
    "timid and high": Case(
        replace(LINE, spread=Slope.TIMID, level=Level.HIGH),
        [
            "Fewer patients are of class responder than predicted: 1.30",
            "The probabilities are not extreme enough",
        ],
        absent=["Recalibration uses"],
    ),
    "unrelated": Case(
        replace(LINE, spread=Slope.UNRELATED, slope=Score(0.3, -0.1, 0.7)),
        [
            "The probabilities are not shown to go with the class at all: the "
            "calibration slope is 0.30 [−0.10, 0.70], where 1 is right."
        ],
        absent=["too extreme"],
    ),
    "against": Case(
        replace(LINE, spread=Slope.AGAINST, slope=Score(-0.6, -0.9, -0.3)),
        [
            "The probabilities run against the class: the calibration slope is −0.60 "
            "[−0.90, −0.30], below 0."
        ],
    ),
    "good": Case(
        replace(LINE, spread=Slope.GOOD, level=Level.GOOD),
        [
            "The share of class responder is as predicted, as far as can be seen (1.30 "
            "[1.10, 1.50] times as many as expected). Their spread is right as far",
        ],
    ),
    "few": Case(
        replace(LINE, spread=Slope.UNKNOWN, level=Level.GOOD, slope=NOTHING, few=True),
        [
            "The calibration slope cannot be estimated at this size.",
            "Fewer than ten patients are of a class, too few to recalibrate.",
        ],
    ),
    "unknown": Case(
        replace(LINE, spread=Slope.UNKNOWN, level=Level.UNKNOWN, slope=NOTHING),
        ["This cannot be estimated from so few patients of a class."],
    ),
}


@pytest.mark.parametrize(
    ("low", "high", "spread"),
    [
        (np.nan, np.nan, Slope.UNKNOWN),
        (-0.9, -0.1, Slope.AGAINST),
        (-0.2, 0.8, Slope.UNRELATED),
        (-0.2, 2.0, Slope.UNRELATED),
        (0.1, 0.9, Slope.EXTREME),
        (0.1, 1.1, Slope.GOOD),
        (1.1, 1.9, Slope.TIMID),
    ],
)
def test_slopes_are_judged_by_their_interval(low, high, spread):
    assert judge_slope(Score((low + high) / 2, low, high)) == spread


DATA = {
    "changed": Case(
        ExternalData(
            110,
            7,
            [Counted("no", 61), Counted("yes", 49)],
            [Counted("gene", 60), Counted("image", 50)],
            aligned=[
                Aligned("gene", 500, 20, 1, True, ""),
                Aligned("image", 5, 0, 0, False, "resampled, 9 x 8 to 8 x 7"),
            ],
            changed=["gene"],
            drifted=[Drifted("gene", 480, 0.9, 1.2, 0.08, Score(0.9, 0.8, 0.95), True)],
            differing=["gene"],
            classified=True,
        ),
        [
            "110 patients with a label were tested; 7 without one were left out. Data "
            "of gene had to be changed to be as those of the training. Values of gene "
            "differ from those of the training: units",
            "By class: 61 of no and 49 of yes. By modalities: 60 with gene and 50 with",
            "gene 500 20 1 yes as it was image 5 0 0 no resampled, 9 x 8 to 8 x 7",
            "The last column is the area of a classifier",
            "gene 480 0.90 1.20 0.080 0.90 [0.80, 0.95]",
        ],
    ),
    "alike": Case(
        ExternalData(
            110,
            0,
            [Counted("no", 110)],
            [Counted("gene", 110)],
            aligned=[Aligned("gene", 5, 0, 0, False, "")],
            drifted=[Drifted("gene", 5, 0.1, 1, 0.01, NOTHING, False)],
        ),
        [
            "110 patients with a label were tested. Their data have the features and "
            "sizes of those of the training. Their values are like those of the tr",
            "gene 5 0.10 1.00 0.010",
        ],
        absent=["Told apart"],
    ),
    "unknown": Case(
        ExternalData(9, 0, [Counted("no", 9)], [Counted("gene", 9)]),
        [
            "What was changed in the data: not given.",
            "How far values are from those of the training: not given.",
        ],
    ),
}

CHECKLIST = {
    "some": Case(
        ExternalChecklist(
            [
                ExternalItem(3, State.NOT, ["Background"]),
                ExternalItem(5, State.PARTLY, ["Dates"]),
                ExternalItem(23, State.COVERED, []),
            ],
            1,
            1,
            None,
            {"Data source": "one hospital"},
        ),
        [
            "Of 3 items of TRIPOD+AI that are about an evaluation, 1 are covered, 1 "
            "partly and 1 not.",
            "Data source one hospital",
            "What the outcome is, and how it was defined: not given. Pass label.",
            "3 Background no Background 5 Data partly Dates 23 Model performance yes –",
        ],
    ),
    "an outcome": Case(
        ExternalChecklist([ExternalItem(8, State.COVERED, [])], 1, 0, "death", {}),
        ["Outcome death", "8 Outcome yes –"],
        absent=["not given"],
    ),
}

SECTIONS = {
    "external_performance": PERFORMANCE,
    "external_calibration": CALIBRATION,
    "external_data": DATA,
    "external_checklist": CHECKLIST,
}
CASES = [(section, case) for section, cases in SECTIONS.items() for case in cases]


@pytest.mark.parametrize(("section", "case"), CASES)
def test_sentences(section, case):
    read(section, SECTIONS[section][case])


@pytest.mark.parametrize("section", SECTIONS)
def test_every_branch_is_read(section):
    assert unread(section, SECTIONS[section].values()) == {}


# Numbers


def hospital(n, seed, name):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(n) % 2)
    gene, image = rng.normal(size=(n, 9)), rng.normal(size=(n, 3))
    gene[:, 2] += codes
    image[:, 0] += codes
    ids = [f"{name}{i}" for i in range(n)]
    gene = pd.DataFrame(gene, ids).add_prefix("G")
    image = pd.DataFrame(image, ids)
    X = Cohort({"image": image[n // 4 :], "gene": gene[: 3 * n // 4]}, index=ids)
    return X, np.array(["no", "yes"], dtype=object)[codes]


@pytest.fixture(scope="module")
def home():
    return hospital(160, 0, "A")


@pytest.fixture(scope="module")
def model(home):
    towers = [(n, LogisticRegression(C=0.1)) for n in ("image", "gene")]
    return TwinTowerClassifier(towers, random_state=0).fit(*home)


@pytest.fixture(scope="module")
def evaluation(model):
    X, y = hospital(96, 1, "B")
    gene = X.table("gene").assign(NEW=1.0)
    other = Cohort({"image": X.table("image"), "gene": gene}, index=X.index)
    given = {"roc_auc": (0.9, 0.8, 1.0), "pattern": "image+gene"}
    with pytest.warns(AlignmentWarning):
        return evaluate_external(model, other, y, development=given)


def test_numbers_of_the_scores(evaluation):
    found = external_performance(evaluation)
    assert (found.n, found.n_positive, found.n_rarest) == (96, 48, 48)
    assert tuple(found.area) == tuple(evaluation.score("roc_auc"))
    assert found.place is Place.ABOVE
    assert found.at_home == (0.9, 0.8, 1.0)
    assert tuple(found.here) == tuple(evaluation.score("roc_auc", "image+gene"))
    assert [row.pattern for row in found.by_pattern] == ["image", "gene", "image+gene"]
    shares = evaluation.at_threshold(0.5).set_index("metric")
    own = {row.metric: (row.n_right, row.n) for row in found.shares}
    for name, (n_right, n) in own.items():
        assert shares.loc[name, ["n_right", "n"]].tolist() == [n_right, n]
    calibration = external_calibration(evaluation)
    assert tuple(calibration.slope) == tuple(evaluation.score("calibration_slope"))
    assert len(calibration.recalibrated) == 3


def test_numbers_of_the_data(evaluation):
    found = external_data(evaluation)
    assert found.changed == ["gene"]
    assert [row.n_left_out for row in found.aligned] == [0, 1]
    assert found.patterns[0] == ("image+gene", 48)
    assert sum(row.n for row in found.classes) == 96


def test_the_checklist_counts_facts():
    bare = external_checklist(None, None, {})
    full = external_checklist("A title", "died", {"Data source": "x", "Dates": "y"})
    states = [{row.number: row.state for row in c.rows} for c in (bare, full)]
    for number in (1, 5, 8):
        assert states[0][number] is State.NOT
        assert states[1][number] is State.COVERED
    assert not {13, 21, 22} & set(states[0])


def test_the_file(evaluation, tmp_path):
    path = external_report(
        tmp_path / "report.html", evaluation, label="died", facts={"Dates": "2020"}
    )
    text = path.read_text(encoding="utf-8")
    words = text_of(text)
    assert "Evaluation of TwinTowerClassifier" in words
    assert (
        "Where the model comes from it was 0.90 [0.80, 1.00] for patients with" in words
    )
    assert "external_report" in words
    assert "B17" not in words  # no id of a patient
    assert "http" not in text.replace("http-equiv", "").replace("www.w3.org", "")[:2000]


def test_a_part_of_another_report(home, model, evaluation, tmp_path):
    X, y = home
    cv = PairedStratifiedKFold(3, random_state=0)
    comparison = compare_classifiers({"ours": model}, X, y, cv=cv, scoring=["roc_auc"])
    path = evaluation_report(
        tmp_path / "report.html",
        estimator=model,
        X=X,
        y=y,
        comparison=comparison,
        external=evaluation,
        n_examples=0,
    )
    words = text_of(path.read_text(encoding="utf-8"))
    assert "On 96 patients of another hospital" not in words  # a verdict of its own
    assert "How good is it here?" in words
    assert "In another hospital 96 patients were tested; how well" in words


def test_one_class_there(model, tmp_path):
    X, y = hospital(40, 3, "C")
    only = np.flatnonzero(y == "no")
    with pytest.warns(FewPatientsWarning):
        found = evaluate_external(model, X[only], y[only])
    path = external_report(tmp_path / "report.html", found)
    words = text_of(path.read_text(encoding="utf-8"))
    assert "a ROC AUC that cannot be estimated." in words
    assert "Only 0 patients are of class yes: no score here means much." in words


def test_bad_input(tmp_path, evaluation):
    with pytest.raises(ValueError, match="must be what evaluate_external returns, got"):
        external_report(tmp_path / "report.html", {"roc_auc": 0.8})
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        external_report(tmp_path / "none" / "report.html", evaluation)
    with pytest.raises(ValueError, match="facts must be a dict"):
        external_report(tmp_path / "report.html", evaluation, facts="x")
