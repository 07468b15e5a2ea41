"""Twin towers of numbers and of times to an event: the model, part by part."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    CrossFittedEnsembleRegressor,
    CrossFittedEnsembleSurvival,
    GeneAutoencoderRegressor,
    GeneAutoencoderSurvival,
    HazardPoolSurvival,
    TwinTowerClassifier,
    TwinTowerRegressor,
    TwinTowerSurvival,
    make_survival_target,
)
from skmultimodal.model_selection import PairedStratifiedKFold, PatternStratifiedKFold
from skmultimodal.persistence import load_model, save_model

WIDTHS = {"gene": 5, "lab": 3, "stain": 4}
N = 210


def make_case(seed=0, *, names=("gene", "lab")):
    """Patients of every pattern, a number and a time that each modality shows."""
    rng = np.random.default_rng(seed)
    blocks = {name: rng.normal(size=(N, WIDTHS[name])) for name in names}
    shown = sum(block[:, 0] for block in blocks.values())
    number = 50 + 4 * shown + 3 * rng.normal(size=N)
    time = rng.exponential(20 * np.exp(-shown))
    last = rng.exponential(40, size=N)
    target = make_survival_target(time <= last, np.minimum(time, last) + 0.1)
    for turn, name in enumerate(names):
        blocks[name][turn :: len(names) + 1] = np.nan
    index = [f"p{i:03}" for i in range(N)]
    return Cohort(blocks, index=index), number, target


def survival_model(names=("gene", "lab"), **params):
    towers = [(n, make_pipeline(StandardScaler(), CoxRidgeSurvival())) for n in names]
    return TwinTowerSurvival(towers, random_state=0, **params)


def number_model(names=("gene", "lab"), **params):
    towers = [(n, make_pipeline(StandardScaler(), Ridge())) for n in names]
    return TwinTowerRegressor(towers, random_state=0, **params)


KINDS = {"number": number_model, "survival": survival_model}


@pytest.fixture(params=KINDS)
def kind(request):
    """Model, cohort and target of one outcome."""
    X, number, target = make_case()
    y = number if request.param == "number" else target
    return KINDS[request.param](), X, y


def test_the_outcome_is_learnt_in_every_pattern():
    X, number, target = make_case()
    new, new_number, new_target = make_case(seed=1)
    model = number_model().fit(X, number)
    survival = survival_model().fit(X, target)
    for pattern in ("gene", "lab", "gene+lab"):
        rows = np.flatnonzero(new.patterns == pattern)
        assert r2_score(new_number[rows], model.predict(new[rows])) > 0.2
        assert survival.score(new[rows], new_target[rows]) > 0.62


def test_terms_add_up_and_an_absent_modality_adds_nothing(kind):
    model, X, y = kind
    model.fit(X, y)
    terms = model.decision_terms(X)
    np.testing.assert_allclose(terms.sum(axis=1), model.predict(X))
    assert terms.index.tolist() == X.index.tolist()
    for name in X.modalities:
        assert np.all(terms.loc[~X.has(name), name] == 0)
        assert np.any(terms.loc[X.has(name), name] != 0)


def test_one_modality_is_its_calibrated_tower(kind):
    model, X, y = kind
    model.fit(X, y)
    for name, tower in model.towers_.items():
        rows = X.patterns == name
        assert set(model.predict_route(X[rows])) == {name}
        own = tower.predict(X[rows].block(name))
        difference = model.predict(X[rows]) - own
        np.testing.assert_allclose(difference, difference[0], rtol=1e-4, atol=1e-5)


def test_weights_are_those_of_the_best_linear_combination(kind):
    model, X, y = kind
    pool = model.fit(X, y).final_estimator_
    covariance = pool.correlations_ * np.outer(pool.scale_, pool.scale_)
    wanted = np.linalg.solve(covariance, np.diag(covariance))
    wanted = wanted * list(pool.factors_.values())
    np.testing.assert_allclose(list(pool.weights_.values()), wanted)
    # What towers predict for a row is out of fold: not what they predict after fit.
    Z = model._features(X)
    both = ~np.isnan(Z).any(axis=1)
    assert not np.allclose(np.corrcoef(Z[both].T)[0, 1], pool.correlations_[0, 1])


def test_calibration_is_by_least_squares_of_held_out_rows(rng):
    X, y = rng.normal(size=(80, 4)), rng.normal(size=80)
    y += X[:, 0]
    tower = CrossFittedEnsembleRegressor(Ridge(1e-6), cv=4).fit(X, y)
    held_out = (tower.oof_prediction_ - tower.intercept_[0]) / tower.slope_
    # A prior that counts as four rows draws the slope from that of least squares.
    slope = np.polyfit(held_out, y, 1)[0]
    assert abs(tower.slope_ / slope - 1) < 0.05
    np.testing.assert_allclose(tower.oof_prediction_.mean(), y.mean(), atol=0.01)


def test_hazards_of_held_out_rows_have_a_mean_of_one(rng):
    X = rng.normal(size=(90, 4))
    time = rng.exponential(np.exp(-X[:, 0])) + 0.01
    y = make_survival_target(rng.random(90) < 0.7, time)
    tower = CrossFittedEnsembleSurvival(CoxRidgeSurvival(1.0), cv=3).fit(X, y)
    np.testing.assert_allclose(np.exp(tower.oof_prediction_).mean(), 1)
    assert tower.score(X, y) > 0.6


def test_survival_functions():
    X, _, y = make_case()
    model = survival_model().fit(X, y)
    times = np.array([-1.0, 0.0, 2.0, 9.0, 30.0, 1e6])
    survival = model.predict_survival_function(X, times)
    assert survival.shape == (N, 6)
    assert np.all(survival[:, :2] == 1)
    assert np.all(np.diff(survival, axis=1) <= 0)
    hazard = model.predict_cumulative_hazard_function(X, times)
    np.testing.assert_allclose(survival, np.exp(-hazard))
    functions = model.predict_survival_function(X)
    np.testing.assert_allclose([f(times) for f in functions], survival)
    medians = model.predict_median(X)
    own = np.array([f(m) for f, m in zip(functions, medians, strict=True)])
    assert np.all((own <= 0.5) | np.isinf(medians))
    order = np.argsort(model.predict(X))
    assert np.all(medians[order][1:] <= medians[order][:-1])
    # The mean of what is predicted is what was observed, at the middle of the times.
    events = np.sort(y["time"])
    middle = events[len(events) // 2]
    observed = 1 - (y["event"] & (y["time"] <= middle)).sum() / N
    found = model.predict_survival_function(X, [middle]).mean()
    assert abs(found - observed) < 0.1


def test_baseline_hazard_of_each_stratum():
    X, _, target = make_case()
    strata = np.where(np.arange(N) % 2, "north", "south")
    faster = np.where(strata == "north", target["time"] / 8, target["time"])
    y = make_survival_target(target["event"], faster, strata=strata)
    model = survival_model().fit(X, y)
    codes = y["stratum"]
    north = model.predict_survival_function(X[:5], 2.0, strata=["north"] * 5)
    south = model.predict_survival_function(X[:5], [2.0], strata=["south"] * 5)
    assert np.all(north < south)
    with pytest.raises(ValueError, match=r"with 2 strata.*name those of"):
        model.predict_survival_function(X, [2.0])
    with pytest.raises(ValueError, match="stratum 'west' was not in fit"):
        model.predict_median(X[:1], strata=["west"])
    assert model.predict_median(X, strata=codes).shape == (N,)


def test_intervals_hold_as_many_as_they_should():
    pytest.importorskip("crepes")
    X, y, _ = make_case()
    model = number_model().fit(X, y)
    inside = []
    for seed in range(1, 7):
        new, truth, _ = make_case(seed)
        low, high = model.predict_interval(new, coverage=0.8).T
        assert np.all(low < high)
        inside.append((low <= truth) & (truth <= high))
    assert 0.74 < np.mean(inside) < 0.86
    widths = np.diff(model.predict_interval(X), axis=1)[:, 0]
    assert widths[X.patterns == "gene+lab"].max() < widths[X.patterns == "lab"].min()
    with pytest.raises(ValueError, match="coverage must be between 0 and 1, got 90"):
        model.predict_interval(X, coverage=90)
    with pytest.raises(ValueError, match=r"coverage=0.999 needs 999 labelled rows"):
        model.predict_interval(X, coverage=0.999)


def test_no_row_of_all_modalities_is_needed():
    names = ("gene", "lab", "stain")
    X, number, target = make_case(names=names)
    rows = ~X.paired
    for make, y in ((number_model, number), (survival_model, target)):
        model = make(names).fit(X[rows], y[rows])
        assert np.isfinite(model.predict(X)).all()


def test_unlabelled_rows():
    X, number, target = make_case()
    number[::7] = np.nan
    target["time"][::7] = np.nan
    model = number_model().fit(X, number)
    assert model.class_counts_["final_estimator"].tolist() == [60, 0]
    survival = survival_model().fit(X, target)
    assert survival.class_counts_["final_estimator"].sum() == 60
    assert survival.class_counts_["lab"].sum() == 120
    assert np.isfinite(survival.predict(X)).all()
    assert 0.5 < survival.score(X, target) < 1


@pytest.mark.parametrize("form", ["table", "signed", "shuffled"])
def test_every_form_of_a_time_gives_the_same_model(form):
    X, _, target = make_case()
    wanted = survival_model().fit(X, target).predict(X)
    table = pd.DataFrame({"event": target["event"], "time": target["time"]}, X.index)
    given = {
        "table": table,
        "signed": np.where(target["event"], target["time"], -target["time"]),
        "shuffled": table.sample(frac=1, random_state=0),
    }[form]
    np.testing.assert_allclose(survival_model().fit(X, given).predict(X), wanted)
    np.testing.assert_allclose(
        survival_model().fit(X, given).score(X, given),
        survival_model().fit(X, target).score(X, target),
    )


def test_in_tools_of_scikit_learn(kind):
    model, X, y = kind
    scores = cross_val_score(model, X, y, cv=PairedStratifiedKFold(3, random_state=0))
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()
    grid = {"final_estimator__weight_penalty": [1.0, 100.0]}
    search = GridSearchCV(model, grid, cv=PatternStratifiedKFold(2, random_state=0))
    assert np.isfinite(search.fit(X, y).best_score_)
    assert clone(model).get_params().keys() == model.get_params().keys()


def test_the_same_after_it_was_saved(kind, tmp_path):
    model, X, y = kind
    model.fit(X, y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    if hasattr(model, "predict_median"):
        np.testing.assert_array_equal(loaded.predict_median(X), model.predict_median(X))


def test_memory_gives_the_same(kind, tmp_path):
    model, X, y = kind
    wanted = clone(model).fit(X, y).predict(X)
    model.set_params(memory=str(tmp_path))
    for _ in range(2):
        np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), wanted)


def test_groups_are_held_out_together(kind):
    model, X, y = kind
    groups = np.arange(N) // 6
    grouped = clone(model).fit(X, y, groups=groups).predict(X)
    assert not np.allclose(grouped, clone(model).fit(X, y).predict(X))


def test_towers_that_predict_nothing_or_are_frozen():
    X, number, target = make_case()
    rows = X.has("lab")
    ridge = Ridge().fit(X[rows].block("lab"), number[rows])
    towers = [("gene", PCA(3)), ("lab", FrozenEstimator(ridge))]
    model = TwinTowerRegressor(towers, random_state=0).fit(X, number)
    assert r2_score(number[X.paired], model.predict(X[X.paired])) > 0.2
    survival = TwinTowerSurvival([("gene", PCA(4)), ("lab", CoxRidgeSurvival())])
    assert survival.fit(X, target).score(X, target) > 0.6


def test_a_tower_without_events_adds_nothing():
    X, _, target = make_case()
    target["event"][X.has("lab")] = False
    with pytest.warns(UserWarning, match="adds nothing, as its labelled rows have no"):
        model = survival_model().fit(X, target)
    terms = model.decision_terms(X)
    assert np.all(terms["lab"] == 0)


def test_default_towers_are_of_the_outcome():
    rng = np.random.default_rng(0)
    blocks = {
        "gene": pd.DataFrame(rng.normal(size=(40, 30))),
        "image": (range(40), rng.normal(size=(40, 1, 9, 8))),
        "lab": pd.DataFrame(rng.normal(size=(40, 3))),
        "clinic": pd.DataFrame({"site": ["a", "b", "c", "d"] * 10, "age": range(40)}),
    }
    X = Cohort(blocks)
    y = make_survival_target(rng.random(40) < 0.7, rng.exponential(size=40) + 0.1)
    for model, target in (
        (TwinTowerSurvival(random_state=0, tower_cv=2), y),
        (TwinTowerRegressor(random_state=0, tower_cv=2), y["time"]),
    ):
        kinds = {
            name: type(getattr(tower, "steps", [(0, tower)])[-1][1]).__name__
            for name, tower in (
                (n, t.estimators_[0]) for n, t in model.fit(X, target).towers_.items()
            )
        }
        ending = type(model).__name__.removeprefix("TwinTower")
        table = "CoxRidgeSurvival" if ending == "Survival" else "Ridge"
        assert kinds == {
            "image": f"ImageTower{ending}",
            "gene": f"GeneAutoencoder{ending}",
            "lab": table,
            "clinic": table,
        }


BAD = [
    (
        TwinTowerSurvival,
        lambda y: make_survival_target([False] * N, y),
        "have no event: all are censored: follow patients up for longer",
    ),
    (TwinTowerSurvival, lambda y: None, "y to be passed"),
    (TwinTowerSurvival, lambda y: np.array(["a"] * N), "TwinTowerClassifier"),
    (TwinTowerRegressor, lambda y: np.full(N, 3.0), "have one and the same number"),
    (TwinTowerRegressor, lambda y: np.array(["a", "b"] * 105), "TwinTowerClassifier"),
    (
        TwinTowerRegressor,
        lambda y: make_survival_target(y > 50, y),
        "TwinTowerSurvival",
    ),
    (TwinTowerRegressor, lambda y: np.where(y > 50, np.inf, y), "infinity"),
    (
        TwinTowerClassifier,
        lambda y: make_survival_target(y > 50, y),
        "TwinTowerSurvival",
    ),
    (TwinTowerClassifier, lambda y: y, "TwinTowerRegressor"),
]


@pytest.mark.parametrize(("model", "make", "message"), BAD)
def test_targets_of_another_kind_are_refused(model, make, message):
    X, number, _ = make_case()
    with pytest.raises(ValueError, match=message):
        model().fit(X, make(number))


def test_a_classifier_is_no_tower_of_a_number(kind):
    model, X, y = kind
    model.set_params(towers=[("gene", LogisticRegression()), ("lab", Ridge())])
    with pytest.raises(ValueError, match="tower 'gene' is a classifier, and classes"):
        model.fit(X, y)


def test_other_final_estimators_are_refused(kind):
    model, X, y = kind
    model.set_params(final_estimator=LogisticRegression())
    with pytest.raises(ValueError, match="must read rows that lack a modality"):
        model.fit(X, y)


def test_networks_follow_the_outcome(rng):
    X = rng.normal(size=(120, 30))
    number = 20 + 5 * X[:, 0]
    time = rng.exponential(np.exp(-1.5 * X[:, 0])) + 0.01
    y = make_survival_target(rng.random(120) < 0.8, time)
    half = slice(60)
    gene = GeneAutoencoderRegressor(random_state=0).fit(X[half], number[half])
    assert gene.score(X[60:], number[60:]) > 0.4
    assert gene.transform(X).shape == (120, 32)
    survival = GeneAutoencoderSurvival(random_state=0).fit(X[half], y[half])
    assert survival.score(X[60:], y[60:]) > 0.65
    # Patients whose times are missing are used for the reconstruction.
    unknown = y.copy()
    unknown["time"][:20] = np.nan
    GeneAutoencoderSurvival(random_state=0).fit(X, unknown)


def test_a_time_of_zero_is_warned_of_once(rng):
    X, y = rng.normal(size=(30, 2)), rng.exponential(size=30)
    y[4] = 0
    with pytest.warns(UserWarning, match="y has the time 0 in 1 of 30") as caught:
        HazardPoolSurvival().fit(X, y)
    assert len(caught) == 1
