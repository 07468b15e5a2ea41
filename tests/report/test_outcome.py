"""The report on models of a number or a time: its sentences and its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_sentences import FIGURE, Case, read, text_of, unread
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge

from skmultimodal import Cohort, CoxRidgeSurvival, UnimodalSurvival
from skmultimodal.baselines import MetadataSurvival
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_regressors,
    compare_survival,
)
from skmultimodal.report import outcome_report
from skmultimodal.report._compared import Difference, Score
from skmultimodal.report._sections.outcome_limits import OutcomeLimits
from skmultimodal.report._sections.outcome_performance import (
    OutcomePerformance,
    Verdict,
    outcome_performance,
)
from skmultimodal.report._sections.outcome_truth import (
    OutcomeTruth,
    _follow_up,
    outcome_truth,
)
from skmultimodal.utils._survival_target import make_survival_target

CV = PairedStratifiedKFold(3, 4, random_state=0)
OWN = Score(0.7, 0.6, 0.8)
LESS = Difference("gene", -0.05, -0.09, -0.01, 0.01, 0.02)
ALONE = OutcomePerformance(
    verdict=Verdict.ALONE,
    survival=False,
    metric="r2",
    own=OWN,
    guessing=0.0,
    best=None,
    best_score=None,
    difference=None,
    n_tested=50,
    n_events=0,
    n_folds=3,
    n_repeats=1,
    n_unpaired=0,
    level="95",
    metrics=["r2", "coverage"],
    scores={"ours": [OWN, None]},
    differences=[],
    n_tests=0,
    scores_figure=FIGURE,
)
BESIDE = replace(
    ALONE,
    verdict=Verdict.BETTER,
    survival=True,
    metric="uno_c",
    guessing=None,
    n_events=14,
    best="gene",
    best_score=Score(0.65, 0.6, 0.7),
    difference=LESS,
    n_repeats=2,
    n_unpaired=500,
    differences=[LESS],
    n_tests=1,
    scores={"gene": [Score(0.65, 0.6, 0.7), None], "ours": [OWN, None]},
    differences_figure=FIGURE,
)

PERFORMANCE = {
    "alone": Case(
        ALONE,
        [
            "ours was compared with no other model: nothing shows whether its score is "
            "good. Its R2 is 0.70 [0.60, 0.80], of 50 tested patients. ",
            "ours has a mean R2 of 0.70 [0.60, 0.80] (guessing: 0.0). It was compared "
            "with no other model.",
            "50 patients are tested by cross-validation in 3 folds. A score",
            "ours (the model) 0.70 [0.60, 0.80] –",
            "Other models: not given.",
        ],
        absent=["event", "It is given"],
    ),
    "beside": Case(
        BESIDE,
        [
            "ours predicts, and does so better than 1 other model. Its concordance "
            "(Uno) is 0.70 [0.60, 0.80], of 50 tested patients, 14 events.",
            "The best of the others is gene (0.65 [0.60, 0.70]); minus ours that is "
            "−0.050 [−0.090, −0.010] (Holm p = 0.020).",
            "in 3 folds, repeated 2 times. A score",
            "It is given the 500 patients with fewer modalities, who train every model",
            "Difference in concordance (Uno) of each other model to ours: gene −0.050",
            "is adjusted for 1 test.",
        ],
    ),
    "not better": Case(
        replace(BESIDE, verdict=Verdict.NOT_BETTER),
        ["ours predicts, but is not shown to do so better than every other model."],
    ),
    "guessing": Case(
        replace(BESIDE, verdict=Verdict.GUESSING),
        ["No evidence that ours predicts better than guessing."],
    ),
    "undecided": Case(
        replace(BESIDE, verdict=Verdict.UNDECIDED),
        ["Whether ours predicts better than guessing cannot be seen from the conc"],
    ),
}

TRUTH = {
    "times": Case(
        OutcomeTruth(True, 50, 14, "760", 0.01, figure=FIGURE),
        [
            "Patients with the highest predicted risks have the event earlier than "
            "those with the lowest (log-rank p 0.010).",
            "14 events among 50 patients; half were followed up for 760 or longer",
            "Share of patients without the event over time",
        ],
    ),
    "no difference": Case(
        OutcomeTruth(True, 50, 14, "", 0.4, figure=FIGURE),
        [
            "are not shown to have the event earlier than those with the lowest (log-",
            "14 events among 50 patients. ",
        ],
    ),
    "few": Case(
        OutcomeTruth(True, 8, 3, "760"), ["There are too few patients for groups of"]
    ),
    "numbers": Case(
        OutcomeTruth(False, 50, error=3.2, spread=11, coverage=OWN, figure=FIGURE),
        [
            "Half of the patients are predicted to within 3.20; half of all numbers "
            "lie within 11.00 of each other. Of intervals that should hold 90% of the "
            "numbers, 70% do.",
            "Number of each patient against its prediction.",
        ],
    ),
    "no intervals": Case(
        OutcomeTruth(False, 50, error=3.2, spread=11, figure=FIGURE),
        ["Half of the patients"],
        absent=["Of intervals"],
    ),
}

LIMITS = {
    "times": Case(
        OutcomeLimits(
            *(True, 50, 14, True, ["image+gene"], ["gene", "image"]),
            has_known=False,
            label="death",
            facts={"Dates": "2020"},
            given=["Adults only."],
        ),
        [
            "14 events are few: look at the intervals before the means. Nobody outside",
            "Tested were patients with image+gene; of those with gene or image none",
            "Censoring is taken to be independent",
            "No model of what is known beforehand",
            "Adults only.",
            "Outcome death Dates 2020",
        ],
    ),
    "numbers": Case(
        OutcomeLimits(
            *(False, 30, 0, True, ["gene"], []),
            has_known=True,
            label=None,
            facts={},
            given=[],
        ),
        [
            "30 patients are few: look at the intervals before the means.",
            "Tested were patients with gene. ",
            "Outcome not given",
        ],
        absent=["Censoring", "No model of"],
    ),
    "many": Case(
        OutcomeLimits(
            *(False, 300, 0, False, ["gene"], []),
            has_known=True,
            label=None,
            facts={},
            given=[],
        ),
        ["What does this not show? Nobody outside"],
    ),
}

SECTIONS = {
    "outcome_performance": PERFORMANCE,
    "outcome_truth": TRUTH,
    "outcome_limits": LIMITS,
}
CASES = [(section, case) for section, cases in SECTIONS.items() for case in cases]


@pytest.mark.parametrize(("section", "case"), CASES)
def test_sentences(section, case):
    read(section, SECTIONS[section][case])


@pytest.mark.parametrize("section", SECTIONS)
def test_every_branch_is_read(section):
    assert unread(section, SECTIONS[section].values()) == {}


@pytest.fixture(scope="module")
def survival():
    rng = np.random.default_rng(0)
    n = 120
    gene, image = rng.normal(size=(n, 5)), rng.normal(size=(n, 3))
    time = rng.exponential(np.exp(-1.5 * gene[:, 0])) + 0.01
    y = make_survival_target(rng.random(n) < 0.8, time)
    ids = [f"P{i}" for i in range(n)]
    age = pd.DataFrame({"age": rng.normal(60, 5, n)}, index=ids)
    gene, image = pd.DataFrame(gene, ids), pd.DataFrame(image, ids)
    X = Cohort({"gene": gene, "image": image[20:]}, index=ids, metadata=age)
    models = {
        "age": MetadataSurvival(["age"]),
        "gene": UnimodalSurvival("gene", CoxRidgeSurvival()),
    }
    return X, compare_survival(models, X, y, cv=CV, reference="gene")


def test_numbers_of_times(survival):
    _, comparison = survival
    found = outcome_performance(comparison, "gene")
    assert (found.n_tested, found.survival, found.best) == (100, True, "age")
    assert found.verdict is Verdict.BETTER
    summary = comparison.summary(models=["gene"]).set_index("metric")
    assert found.own.mean == summary.loc["uno_c", "mean"]
    table = comparison.predictions(models=["gene"])
    assert found.n_events == table.drop_duplicates("row")["event"].sum()
    assert outcome_truth(comparison, "gene").p < 0.001


def test_the_follow_up_by_hand():
    """The median of the times, where nobody has the event."""
    assert _follow_up(np.arange(1.0, 10.0), np.zeros(9, dtype=bool)) == "5"
    assert _follow_up(np.arange(1.0, 10.0), np.ones(9, dtype=bool)) == ""


def test_the_file(survival, tmp_path):
    X, comparison = survival
    path = outcome_report(tmp_path / "r.html", comparison, X, label="death")
    words = text_of(path.read_text(encoding="utf-8"))
    assert "Evaluation of gene" in words
    assert "gene predicts, and does so better than 1 other model." in words
    assert "Tested were patients with gene+image; of those with gene none was" in words
    assert "No model of what is known beforehand" not in words
    assert "P17" not in words


def test_a_number(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    y = X[:, 0] + rng.normal(size=90)
    models = {"mean": DummyRegressor(), "ridge": Ridge()}
    comparison = compare_regressors(models, X, y, cv=CV)
    found = outcome_truth(comparison, "ridge")
    table = comparison.predictions(models=["ridge"])
    means = table.groupby("row")[["y_true", "predicted"]].mean()
    errors = np.abs(means["y_true"] - means["predicted"])
    assert found.error == pytest.approx(np.median(errors))
    path = outcome_report(tmp_path / "r.html", comparison, X, title="A number")
    assert "A number Research software" in text_of(path.read_text(encoding="utf-8"))


def test_bad_input(survival, tmp_path):
    X, comparison = survival
    with pytest.raises(
        ValueError, match="must be what compare_survival or compare_reg"
    ):
        outcome_report(tmp_path / "r.html", None, X)
    with pytest.raises(ValueError, match="model 'x' is none of age, gene"):
        outcome_report(tmp_path / "r.html", comparison, X, model="x")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        outcome_report(tmp_path / "none" / "r.html", comparison, X)
