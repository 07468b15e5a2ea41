"""The report on models of a number or a time: its sentences and its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_sentences import FIGURE, Case, read, text_of, unread
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    TwinTowerRegressor,
    UnimodalSurvival,
)
from skmultimodal.baselines import MetadataSurvival
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PatternStratifiedKFold,
    audit_shortcuts,
    compare_regressors,
    compare_survival,
)
from skmultimodal.report import outcome_report
from skmultimodal.report._compared import Difference, Score
from skmultimodal.report._sections.outcome_limits import OutcomeLimits
from skmultimodal.report._sections.outcome_performance import (
    OutcomePerformance,
    Verdict,
    _rounded,
    outcome_performance,
)
from skmultimodal.report._sections.outcome_truth import (
    Incidence,
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
    known={"clinic": ["age", "stage"]},
    horizon="34.5",
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
            "The model clinic reads age and stage of the metadata, and no modality. "
            "Concordance and Brier score count what comes up to 34.5 (in the unit of "
            "the times), the time-dependent AUC who has the event by half of that.",
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
        OutcomeTruth(
            *(True, 50, 14, "760", 0.01),
            figure=FIGURE,
            curves=FIGURE,
            p_curves=0.3,
            incidence=Incidence(
                "relapse", 31.0, 0.4, 0.5, [("death", 0.2), ("relapse", 0.4)]
            ),
            causes=FIGURE,
        ),
        [
            "Its survival curves are not shown to be wrong (D-calibration p 0.300). By "
            "time 31, 40% of the patients have had relapse if other events are "
            "counted, and 50% if they are taken for censoring, as the predicted curves",
            "Share of patients with the event in each part of their predicted surv",
            "should be anywhere alike (line).",
            "Share of patients with each event over time; by time 31: death 20% and "
            "relapse 40%.",
            "A patient with one of them can have no other.",
            "Patients with the highest predicted risks have the event earlier than "
            "those with the lowest (log-rank p 0.010).",
            "14 events among 50 patients; half were followed up for 760 or longer",
            "Share of patients without the event over time",
        ],
    ),
    "no difference": Case(
        OutcomeTruth(
            True, 50, 14, "", 0.4, figure=FIGURE, curves=FIGURE, p_curves=0.004
        ),
        [
            "Its survival curves are wrong: events do not come along them as predicted "
            "(D-calibration p 0.004).",
            "are not shown to have the event earlier than those with the lowest (log-",
            "14 events among 50 patients. ",
        ],
    ),
    "few": Case(
        OutcomeTruth(True, 8, 3, "760"),
        [
            "There are too few patients for groups of",
            "Whether survival curves are right cannot be tested: the model predicts "
            "none, or there are too few patients.",
        ],
        absent=["if other events are counted"],
    ),
    "numbers": Case(
        OutcomeTruth(
            *(False, 50),
            error=3.2,
            spread=11,
            coverage=OWN,
            covered=[("gene+image", 50, 0.7)],
            figure=FIGURE,
        ),
        [
            "Pattern Patients In the interval gene+image 50 70%",
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
            has_causes=False,
            label="death",
            facts={"Dates": "2020"},
            given=["Adults only."],
        ),
        [
            "14 events are few: look at the intervals before the means. Nobody outside",
            "Tested were patients with image+gene; of those with gene or image none",
            "Censoring is taken to be independent",
            "likely to die of something else: give causes to see how much.",
            "No model of what is known beforehand",
            "Adults only.",
            "Outcome death Dates 2020",
        ],
    ),
    "numbers": Case(
        OutcomeLimits(
            *(False, 30, 0, True, ["gene"], []),
            has_known=True,
            has_causes=True,
            label=None,
            facts={},
            given=[],
        ),
        [
            "30 patients are few: look at the intervals before the means.",
            "Tested were patients with gene. ",
            "What the outcome is, and how it was defined: not given. Pass label.",
        ],
        absent=["Censoring", "No model of"],
    ),
    "many": Case(
        OutcomeLimits(
            *(True, 300, 90, False, ["gene"], []),
            has_known=True,
            has_causes=True,
            label=None,
            facts={},
            given=[],
        ),
        [
            "What does this not show? Nobody outside",
            "likely to die of something else (see the cumulative incidence above).",
        ],
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
    y = table.drop_duplicates("row").set_index("row")["time"]
    train = [fold.train[fold.train >= 20] for fold in comparison.folds]
    assert len(comparison.horizons) == 12
    assert found.horizon == f"{comparison.horizons.mean():.3g}"
    least = [np.quantile(y[rows], 0.8) for rows in train]
    most = [np.quantile(y[rows], 0.97) for rows in train]
    assert (comparison.horizons > least).all()
    assert (comparison.horizons < most).all()


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
    assert "Whether a shortcut explains it was not audited." in words
    assert "Its survival curves are not shown to be wrong" in words


def causes_of(comparison, X):
    """A competing event of every third patient without the event."""
    table = comparison.predictions().drop_duplicates("row").set_index("id")
    event = table["event"].reindex(X.index)
    others = pd.Series(np.arange(len(X)) % 3 == 0, X.index) & (event == False)  # noqa: E712
    return pd.Series("", X.index).mask(event == True, "relapse").mask(others, "death")  # noqa: E712


def test_shortcuts_and_competing_events(survival, tmp_path):
    X, comparison = survival
    y = comparison.predictions().drop_duplicates("row").set_index("id")
    y = y[["event", "time"]].reindex(X.index)
    audit = audit_shortcuts(X, y, comparison=comparison, model="gene", random_state=0)
    causes = causes_of(comparison, X)
    path = outcome_report(
        *(tmp_path / "r.html", comparison, X),
        audit=audit,
        causes=causes.sample(frac=1, random_state=0),
    )
    words = text_of(path.read_text(encoding="utf-8"))
    assert "better than 1 other model. Its concordance" in words
    assert "No audited shortcut explains it alone." in words
    own = audit.set_index("source").loc["estimator", "concordance"]
    assert f"Concordance of the model and of shortcuts: gene {own:.2f}" in words
    assert "Source Explains the score? concordance Model less source" in words
    assert "(see the cumulative incidence above)" in words
    assert "The concordance of the audit is that of all pairs of tested pat" in words
    assert "The model age reads age of the metadata, and no modality." in words
    found = outcome_truth(comparison, "gene", causes.to_numpy(dtype=str)).incidence
    assert found.event == "relapse"
    assert found.alone > found.share > 0.5
    assert [name for name, _ in found.causes] == ["death", "relapse"]
    assert sum(share for _, share in found.causes) <= 1


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
    assert found.covered == []
    path = outcome_report(tmp_path / "r.html", comparison, X, title="A number")
    assert "A number Research software" in text_of(path.read_text(encoding="utf-8"))


def test_intervals_of_each_pattern():
    pytest.importorskip("crepes")
    rng = np.random.default_rng(0)
    gene, lab = rng.normal(size=(120, 3)), rng.normal(size=(120, 2))
    y = gene[:, 0] + rng.normal(size=120)
    lab[80:] = np.nan
    towers = [("gene", Ridge()), ("lab", Ridge())]
    twin = TwinTowerRegressor(towers, random_state=0)
    models = {"twin": twin, "mean": DummyRegressor()}
    cv = PatternStratifiedKFold(3, random_state=0)
    X = Cohort({"gene": gene, "lab": lab})
    comparison = compare_regressors(models, X, y, cv=cv)
    (both, n_both, share), (one, n_one, _) = outcome_truth(comparison, "twin").covered
    assert (both, n_both, one, n_one) == ("gene", 40, "gene+lab", 80)
    table = comparison.predictions(models=["twin"])
    own = table[table["pattern"] == "gene"]
    inside = [lo <= t <= hi for lo, t, hi in own[["low", "y_true", "high"]].to_numpy()]
    assert share == np.mean(inside)
    assert comparison.predictions(models=["mean"])["low"].isna().all()


def test_bad_input(survival, tmp_path):
    X, comparison = survival
    with pytest.raises(
        ValueError, match="must be what compare_survival or compare_reg"
    ):
        outcome_report(tmp_path / "r.html", None, X)
    with pytest.raises(ValueError, match="model 'x' is none of age, gene"):
        outcome_report(tmp_path / "r.html", comparison, X, model="x")
    path, causes = tmp_path / "r.html", causes_of(comparison, X)
    for bad, message in [
        (causes[:7].to_numpy(), "causes has 7 values for 120 rows"),
        (causes.replace("death", "relapse"), r"\['relapse'\]: it must be one, whi"),
        (causes.replace("relapse", ""), r"are \[''\]: it must be one"),
    ]:
        with pytest.raises(ValueError, match=message):
            outcome_report(path, comparison, X, causes=bad)
    with pytest.raises(ValueError, match="audit must be what audit_shortcuts returns"):
        outcome_report(path, comparison, X, audit=pd.DataFrame({"roc_auc": [0.5]}))
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        outcome_report(tmp_path / "none" / "r.html", comparison, X)


@pytest.mark.parametrize(
    ("time", "shown"), [(1826.25, "1826"), (34.52, "34.5"), (2.0, "2"), (99.96, "100")]
)
def test_days_are_shown_without_an_exponent(time, shown):
    assert _rounded(time) == shown
