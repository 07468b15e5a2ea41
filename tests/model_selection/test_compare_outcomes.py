"""Comparisons of models of numbers, and of times to an event."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    TwinTowerRegressor,
    TwinTowerSurvival,
    UnimodalRegressor,
    UnimodalSurvival,
    make_survival_target,
)
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_regressors,
    compare_survival,
    corrected_t_interval,
)
from skmultimodal.utils._concordance import concordance

N = 120


def make_case(seed=0):
    rng = np.random.default_rng(seed)
    gene, lab = rng.normal(size=(N, 4)), rng.normal(size=(N, 3))
    shown = gene[:, 0] + lab[:, 0]
    time, last = rng.exponential(20 * np.exp(-shown)), rng.exponential(40, size=N)
    y = make_survival_target(time <= last, np.minimum(time, last) + 0.1)
    gene[:30], lab[30:70] = np.nan, np.nan
    X = Cohort({"gene": gene, "lab": lab}, index=[f"p{i:03}" for i in range(N)])
    return X, 50 + 5 * shown + rng.normal(size=N), y


def genes_of(X):
    """Genes as a bare array, 0 where they are absent."""
    genes = np.zeros((len(X), 4))
    genes[X.has("gene")] = X[X.has("gene")].block("gene")
    return genes


def towers(estimator):
    return [("gene", estimator), ("lab", estimator)]


CV = PairedStratifiedKFold(3, n_repeats=2, random_state=0)


def test_survival():
    X, _, y = make_case()
    models = {
        "twin": TwinTowerSurvival(towers(CoxRidgeSurvival()), random_state=0),
        "gene": UnimodalSurvival("gene", CoxRidgeSurvival()),
    }
    found = compare_survival(models, X, y, cv=CV, reference="gene")
    assert found.metrics == ["uno_c", "auc", "neg_integrated_brier_score"]
    assert found.scores().shape == (2 * 6 * 3, 5)
    shown = repr(found).splitlines()
    assert shown[0] == "Comparison of 2 models on 6 folds (2 repeats)"
    assert shown[2].startswith("Intervals are given 70 unpaired rows that train, and 1")
    assert any(line.startswith("twin") for line in shown)
    table = found.summary(models=["twin"]).set_index("metric")
    values = found.scores(models=["twin"], metrics=["uno_c"])["score"]
    np.testing.assert_allclose(table.loc["uno_c", "mean"], values.mean())
    wanted = corrected_t_interval(values, found.test_to_train, bounded=True)
    np.testing.assert_allclose(table.loc["uno_c", ["low", "high"]].tolist(), wanted)
    assert found.differences()["model_b"].unique().tolist() == ["gene"]
    rows = found.predictions(models=["twin"])
    assert set(rows["pattern"]) == {"gene+lab"}
    first = found.folds[0]
    own = rows[(rows["repeat"] == 0) & (rows["fold"] == 0)]
    assert own["id"].tolist() == X.index[first.test].tolist()
    # Of the training rows, a tenth is under observation after the horizon.
    known = y[first.train]
    horizon = np.quantile(known["time"], 0.9)
    wanted = concordance(y[first.test], own["predicted"], train=known, horizon=horizon)
    np.testing.assert_allclose(values.iloc[0], wanted)


def test_numbers():
    X, number, _ = make_case()
    models = {
        "twin": TwinTowerRegressor(towers(Ridge()), random_state=0),
        "gene": UnimodalRegressor("gene", Ridge()),
    }
    pytest.importorskip("crepes")
    found = compare_regressors(models, X, number, cv=CV)
    assert found.metrics == ["r2", "neg_root_mean_squared_error", "coverage"]
    means = found.summary(metrics=["r2"])["mean"]
    assert means[0] > means[1] + 0.2
    rows = found.predictions(models=["twin"])
    own = rows[(rows["repeat"] == 0) & (rows["fold"] == 0)]
    first = found.scores(models=["twin"], metrics=["r2"])["score"].iloc[0]
    np.testing.assert_allclose(first, r2_score(own["y_true"], own["predicted"]))


def test_arrays_and_tables_joined_by_patient():
    X, number, y = make_case()
    frame = pd.DataFrame(genes_of(X), X.index)
    shuffled = pd.Series(number, X.index).sample(frac=1, random_state=0)
    models = {"mean": DummyRegressor(), "ridge": Ridge()}
    found = compare_regressors(models, frame, shuffled, cv=CV, scoring=["r2"])
    wanted = compare_regressors(models, frame, number, cv=CV, scoring=["r2"])
    pd.testing.assert_frame_equal(found.scores(), wanted.scores())
    assert found.metrics == ["r2"]
    table = pd.DataFrame({"event": y["event"], "time": y["time"]}, X.index)
    cox = {"weak": CoxRidgeSurvival(99.0), "cox": CoxRidgeSurvival()}
    found = compare_survival(cox, frame, table.sample(frac=1, random_state=0), cv=CV)
    wanted = compare_survival(cox, frame, y, cv=CV)
    pd.testing.assert_frame_equal(found.scores(), wanted.scores())


def test_scikit_survival_is_compared_too():
    linear = pytest.importorskip("sksurv.linear_model")
    X, _, y = make_case()
    genes = genes_of(X)
    models = {
        "theirs": linear.CoxPHSurvivalAnalysis(alpha=10.0, ties="efron"),
        "ours": CoxRidgeSurvival(penalty=10.0),
    }
    scores = compare_survival(models, genes, y, cv=3).summary()["mean"].to_numpy()
    np.testing.assert_allclose(scores[:3], scores[3:], rtol=1e-4)


def test_patients_without_a_time_are_not_tested():
    X, number, y = make_case()
    y["time"][[80, 90]], number[[80, 90]] = np.nan, np.nan
    genes = genes_of(X)
    cox = compare_survival({"cox": CoxRidgeSurvival()}, genes, y, cv=3)
    assert not cox.predictions()["row"].isin([80, 90]).any()
    twin = TwinTowerRegressor(towers(Ridge()), random_state=0)
    found = compare_regressors({"twin": twin}, X, number, cv=3, scoring=["r2"])
    assert not found.predictions()["row"].isin([80, 90]).any()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"reference": "other"}, ValueError, "reference 'other' is not in"),
        ({"y": np.ones(3)}, ValueError, "X has 120 rows, y has 3"),
        ({"estimators": {}}, ValueError, "estimators is empty"),
        ({"horizon": -1}, ValueError, "horizon must be a number above 0 and not b"),
        ({"horizon": 1e6}, ValueError, "horizon must be a number above 0 and not b"),
        ({"horizon": "9"}, ValueError, "horizon must be a number above 0 and not b"),
        ({"horizon": 1e-3}, ValueError, "no event comes up to horizon=0.001: the fir"),
        (
            {"estimators": {"cox": CoxRidgeSurvival(-1.0)}},
            RuntimeError,
            "model 'cox' failed on fold 0 of repeat 0",
        ),
    ],
)
def test_bad_input(arguments, error, message):
    X, _, y = make_case()
    given = {
        "estimators": {"cox": CoxRidgeSurvival()},
        "X": genes_of(X),
        "y": y,
        "cv": 3,
    }
    with pytest.raises(error, match=message):
        compare_survival(**given | arguments)


def test_pipelines_and_strata_that_training_lacks():
    X, _, y = make_case()
    strata = np.repeat(["north", "south", "west"], 40)
    y = make_survival_target(y["event"], y["time"], strata=strata)
    pipe = make_pipeline(StandardScaler(), CoxRidgeSurvival())
    models = {"cox": CoxRidgeSurvival(), "pipe": pipe}
    found = compare_survival(models, genes_of(X), y, cv=CV).scores()
    assert found["score"].notna().all()
    splits = [
        (np.flatnonzero(strata != s), np.flatnonzero(strata == s)) for s in set(strata)
    ]
    with pytest.warns(
        UserWarning, match="neg_integrated_brier_score is undefined on 3"
    ):
        found = compare_survival(models, genes_of(X), y, cv=splits)
    assert found.summary(metrics=["uno_c"])["mean"].notna().all()


def test_scores_of_few_values_are_numbers():
    X, number, _ = make_case()
    few = np.round(number / 4)
    assert len(np.unique(few)) < 20
    found = compare_regressors({"ridge": Ridge()}, genes_of(X), few, cv=5, scoring="r2")
    assert found.metrics == ["r2"]
