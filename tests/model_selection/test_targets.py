"""Learning curves and permutation tests of numbers, and of times to an event."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    UnimodalClassifier,
    UnimodalRegressor,
    UnimodalSurvival,
    make_survival_target,
)
from skmultimodal.inspection import (
    PairedLearningCurveDisplay,
    RecruitmentCurveDisplay,
)
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_regressors,
    compare_survival,
    paired_learning_curve,
    paired_permutation_test,
    recruitment_curve,
    unpaired_gain,
)
from skmultimodal.model_selection._folds import make_folds
from skmultimodal.model_selection._outcome_scoring import SurvivalScoring
from skmultimodal.model_selection._subsets import shrink_folds

N, N_LAB = 110, 80
CV = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
COX = UnimodalSurvival("gene", CoxRidgeSurvival())
RIDGE = UnimodalRegressor("gene", Ridge())


def make_case(effect=1.0, seed=0):
    """Genes of all patients, laboratory values of some; numbers, and times."""
    rng = np.random.default_rng(seed)
    gene, lab = rng.normal(size=(N, 4)), rng.normal(size=(N, 2))
    lab[N_LAB:] = np.nan
    number = 50 + effect * gene[:, 0] + rng.normal(size=N)
    time, last = rng.exponential(np.exp(50 - number)), rng.exponential(2, size=N)
    y = make_survival_target(time <= last, np.minimum(time, last))
    return Cohort({"gene": gene, "lab": lab}), number, y


class Keeper(BaseEstimator):
    """Keeps what it was fitted on in `seen`, which its clones share."""

    seen = []

    def fit(self, X, y):
        self.seen.append((np.asarray(X.index), np.asarray(y)))
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.fixture
def keeper():
    Keeper.seen.clear()
    return Keeper()


def test_with_all_pairs_a_curve_ends_at_the_scores_of_a_comparison():
    X, number, y = make_case()
    metrics = ["uno_c", "auc", "neg_integrated_brier_score"]
    curve = paired_learning_curve(
        COX, X, y, cv=CV, n_pairs=[0.4, 1.0], scoring=metrics, random_state=0
    )
    assert curve.positive is None
    # Folds differ in size: the largest number of all of them is that of the smallest.
    folds = CV.split(X, y)
    assert curve.n_pairs[-1] == min(np.sum(train < N_LAB) for train, _ in folds)
    wanted = compare_survival({"cox": COX}, X, y, cv=CV).summary()
    found = curve.summary[curve.summary["n_pairs"] == curve.n_pairs[-1]]
    assert found["metric"].tolist() == wanted["metric"].tolist() == metrics
    np.testing.assert_allclose(found["mean"], wanted["mean"], atol=0.02)
    for name, scoring in (("r2", "r2"), ("mae", "neg_mean_absolute_error")):
        curve = paired_learning_curve(
            *(RIDGE, X, number),
            cv=CV,
            n_pairs=[10, 1.0],
            scoring={name: scoring},
            random_state=0,
        )
        many = curve.summary["mean"].iloc[-1]
        models = {"ridge": RIDGE}
        wanted = compare_regressors(models, X, number, cv=CV, scoring=scoring)
        np.testing.assert_allclose(many, wanted.summary()["mean"][0], atol=0.02)
        assert set(curve.summary["metric"]) == {name}


def test_training_sets_are_nested_and_keep_unpaired_rows(keeper):
    X, _, y = make_case()
    curve = paired_learning_curve(
        keeper, X, y, cv=CV, n_pairs=[2, 20, 40], random_state=0
    )
    assert set(curve.summary["metric"]) == {"uno_c"}
    np.testing.assert_allclose(curve.summary["mean"], 0.5)
    arms = [Keeper.seen[6 * i : 6 * i + 6] for i in range(3)]
    unpaired = set(X.index[N_LAB:])
    for small, middle, large in zip(*arms, strict=True):
        assert set(small[0]) < set(middle[0]) < set(large[0])
        assert unpaired < set(small[0])
        paired = np.isin(small[0], X.index[:N_LAB])
        assert sorted(small[1][paired]["event"].tolist()) == [False, True]


def test_metrics_of_times_are_weighted_alike_for_all_numbers():
    X, _, y = make_case()
    whole = make_folds(CV, X, y)
    places = [np.arange(len(fold.train)) for fold in whole]
    few = shrink_folds(whole, places, [20] * len(whole))
    fixed = SurvivalScoring.read("uno_c", whole)
    alone = SurvivalScoring.read("uno_c")
    for fold, part in zip(whole, few, strict=True):
        horizon = np.quantile(y["time"][fold.train], 0.9)
        np.testing.assert_allclose(fixed.given(y, part).horizon, horizon)
        assert len(fixed.given(y, part).y_train) == len(fold.train) > len(part.train)
        wanted = np.quantile(y["time"][part.train], 0.9)
        np.testing.assert_allclose(alone.given(y, part).horizon, wanted)


def test_signed_times_are_read_by_what_the_model_is():
    X, _, y = make_case()
    signed = np.where(y["event"], y["time"], -y["time"])
    options = {"cv": CV, "n_pairs": [20, 40], "random_state": 0}
    found = paired_learning_curve(COX, X, signed, **options).summary
    assert found.equals(paired_learning_curve(COX, X, y, **options).summary)
    pipe = make_pipeline(StandardScaler(), CoxRidgeSurvival())
    genes = X.block("gene")
    found = paired_learning_curve(pipe, genes, signed, **options).summary
    assert found["metric"].unique().tolist() == ["uno_c"]


def test_permuted_times_stay_whole_and_in_their_stratum(keeper):
    X, _, y = make_case()
    strata = np.where(np.arange(N) % 3, "north", "south")
    y = make_survival_target(y["event"], y["time"], strata=strata)
    y["time"][[4, 90]] = np.nan
    groups = np.arange(N) % 2
    paired_permutation_test(
        *(keeper, X, y), cv=CV, groups=groups, n_permutations=2, random_state=0
    )
    row_of = dict(zip(X.index, range(N), strict=True))
    known = {y["time"][row]: row for row in range(N) if not np.isnan(y["time"][row])}
    moved = 0
    for ids, labels in Keeper.seen:
        for id_, label in zip(ids, labels, strict=True):
            row = row_of[id_]
            if row in (4, 90):
                assert np.isnan(label["time"])
                continue
            source = known[label["time"]]
            assert label == y[source]
            assert (strata[source], groups[source]) == (strata[row], groups[row])
            assert source == row or (source < N_LAB and row < N_LAB)
            moved += source != row
    assert moved


def test_permutation_tests_find_what_is_there():
    cv = PairedStratifiedKFold(3, random_state=0)
    options = {"cv": cv, "n_permutations": 39, "random_state": 0}
    X, number, y = make_case(effect=1.5)
    for model, target in ((COX, y), (RIDGE, number)):
        result = paired_permutation_test(model, X, target, **options)
        assert result.pvalue == 1 / 40
        assert result.positive is None
    X, number, y = make_case(effect=0.0, seed=3)
    mae = make_scorer(mean_absolute_error, greater_is_better=False)
    null = [
        paired_permutation_test(RIDGE, X, number, scoring=mae, **options),
        paired_permutation_test(COX, X, y, scoring="auc", **options),
    ]
    assert min(result.pvalue for result in null) > 0.05


def test_recruitment_of_numbers_and_times():
    X, number, y = make_case()
    curve = recruitment_curve(COX, X, y, cv=CV, sizes=[0.5], random_state=0)
    assert curve.metrics == ["neg_integrated_brier_score", "uno_c"]
    assert curve.n_now == {"gene+lab": N_LAB, "gene": N - N_LAB}
    assert curve.gains(10)["gain"].notna().all()
    curve = recruitment_curve(RIDGE, X, number, cv=CV, sizes=[0.5], random_state=0)
    assert curve.metrics == ["neg_mean_absolute_error", "r2"]
    display = RecruitmentCurveDisplay.from_estimator(
        COX, X, y, cv=CV, sizes=[0.5], random_state=0
    )
    assert display.ax_.get_ylabel() == "Negative integrated Brier score"
    plt.close(display.figure_)
    display = PairedLearningCurveDisplay.from_estimator(
        RIDGE, X, number, cv=3, n_pairs=[10, 40]
    )
    assert display.ax_.get_ylabel() == "R2"
    plt.close(display.figure_)


def test_the_gain_by_unpaired_rows(keeper):
    X, number, y = make_case()
    gain = unpaired_gain(COX, X, y, cv=CV, scoring=["uno_c", "auc"])
    assert gain.models == ["with unpaired", "without unpaired"]
    wanted = compare_survival({"cox": COX}, X, y, cv=CV).summary(metrics=["uno_c"])
    found = gain.summary(models=["with unpaired"], metrics=["uno_c"])
    assert found["mean"][0] == wanted["mean"][0]
    assert len(gain.differences()) == 2
    unpaired_gain(keeper, X, y, cv=CV)
    with_, without = (Keeper.seen[:6], Keeper.seen[6:])
    for (ids, _), (fewer, _) in zip(with_, without, strict=True):
        assert set(ids) - set(fewer) == set(X.index[N_LAB:])
    gain = unpaired_gain(RIDGE, X, number, cv=CV)
    assert gain.metrics == ["r2"]
    assert gain.n_unpaired == N - N_LAB
    with pytest.raises(ValueError, match="n_seeds and n_draws are for class labels"):
        unpaired_gain(RIDGE, X, number, cv=CV, n_seeds=2)


LOGISTIC = UnimodalClassifier("gene", LogisticRegression())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scoring": "roc_auc"}, "scoring 'roc_auc' is no metric of times to an event"),
        ({"positive": 1}, "positive=1 is a class, and times to an event have none"),
        ({"n_pairs": [1]}, r"each of 2 kinds \(event, censored\) needs a row"),
        ({"estimator": LOGISTIC}, "y is a time to an event, and class labels are need"),
        ({"y": "number", "estimator": RIDGE, "n_pairs": [4]}, "5 fifths of the numbe"),
        ({"y": "number", "estimator": LOGISTIC}, "use a regressor, such as TwinTower"),
        (
            {"y": "censored"},
            "the 80 tested rows have no event: all are censored, so th",
        ),
    ],
)
def test_bad_input(arguments, message):
    X, number, y = make_case()
    censored = y.copy()
    censored["event"][:N_LAB] = False
    given = {"estimator": COX, "y": y, "cv": CV, "n_pairs": [9]} | arguments
    if isinstance(given["y"], str):
        given["y"] = {"number": number, "censored": censored}[given["y"]]
    with pytest.raises(ValueError, match=message):
        paired_learning_curve(X=X, **given)


def test_a_metric_of_curves_needs_them():
    class Risk(CoxRidgeSurvival):
        predict_survival_function = None
        baselines_ = None

        def fit(self, X, y):
            self.fitted_ = True
            return self

        def predict(self, X):
            return X[:, 0]

        def __getattribute__(self, name):
            if name in ("predict_survival_function", "baselines_"):
                raise AttributeError(name)
            return super().__getattribute__(name)

    X, _, y = make_case()
    brier = "neg_integrated_brier_score"
    with pytest.raises(RuntimeError, match="needs predict_survival_function, which R"):
        paired_learning_curve(
            Risk(), X.block("gene"), y, cv=3, n_pairs=[9], scoring=brier
        )
    assert (
        brier not in compare_survival({"r": Risk()}, X.block("gene"), y, cv=3).metrics
    )


ALL = [
    lambda model, X, y: compare_survival({"m": model}, X, y, cv=3),
    lambda model, X, y: paired_learning_curve(model, X, y, cv=3, n_pairs=[9]),
    lambda model, X, y: recruitment_curve(model, X, y, cv=3),
    lambda model, X, y: paired_permutation_test(model, X, y, cv=3),
    lambda model, X, y: audit_shortcuts(X, y, cv=3, estimator=model),
]


@pytest.mark.parametrize("function", ALL)
def test_targets_that_teach_nothing(function):
    X, _, y = make_case()
    never = make_survival_target(np.zeros(N, bool), y["time"])
    with pytest.raises(ValueError, match="the 110 labelled rows have no event: all ar"):
        function(COX, X, never)
    at_once = make_survival_target(y["event"], np.full(N, 5.0))
    with pytest.raises(ValueError, match="all 110 times are 5: give times that differ"):
        function(COX, X, at_once)


def test_constant_numbers():
    X, _, _ = make_case()
    with pytest.raises(ValueError, match="have one and the same number: give numbers"):
        compare_regressors({"ridge": RIDGE}, X, np.full(N, 3.0), cv=3)
