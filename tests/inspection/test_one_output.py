"""What is shown of models of numbers and of times to an event."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    CoxRidgeSurvival,
    GeneAutoencoderRegressor,
    GeneAutoencoderSurvival,
    TwinTowerRegressor,
    TwinTowerSurvival,
    make_survival_target,
)
from skmultimodal.inspection import gene_attributions, modality_contributions
from skmultimodal.model_selection import compare_classifiers
from skmultimodal.report import model_card, prediction_table

N = 90


def make_model(kind):
    rng = np.random.default_rng(0)
    gene, lab = rng.normal(size=(N, 4)), rng.normal(size=(N, 3))
    shown = gene[:, 0] + lab[:, 0]
    time, last = rng.exponential(20 * np.exp(-shown)), rng.exponential(40, size=N)
    target = make_survival_target(time <= last, np.minimum(time, last) + 0.1)
    gene[:25], lab[25:50] = np.nan, np.nan
    X = Cohort({"gene": gene, "lab": lab})
    if kind == "survival":
        towers = [("gene", CoxRidgeSurvival()), ("lab", CoxRidgeSurvival())]
        return TwinTowerSurvival(towers, random_state=0).fit(X, target), X, target
    number = 50 + 5 * shown + rng.normal(size=N)
    towers = [("gene", Ridge()), ("lab", Ridge())]
    return TwinTowerRegressor(towers, random_state=0).fit(X, number), X, number


@pytest.mark.parametrize("kind", ["number", "survival"])
def test_contributions_add_up_to_the_prediction(kind):
    model, X, y = make_model(kind)
    found = modality_contributions(model, X, y)
    assert found.positive is None
    assert found.scale == "prediction"
    total = found.contributions.sum(axis=1) + found.prior
    np.testing.assert_allclose(total, model.predict(X), rtol=1e-5)
    alone = X.patterns == "lab"
    own = model.predict(X[alone]) - found.prior
    np.testing.assert_allclose(found.contributions.loc[alone, "lab"], own, rtol=1e-5)
    wanted = 0 if kind == "survival" else model.final_estimator_.intercept_[0]
    np.testing.assert_allclose(found.prior, wanted, atol=1e-12)


def test_contributions_are_drawn():
    plt = pytest.importorskip("matplotlib.pyplot")
    from skmultimodal.inspection import ModalityContributionsDisplay

    model, X, _ = make_model("number")
    display = ModalityContributionsDisplay.from_estimator(model, X)
    texts = [display.ax_.get_xlabel(), display.ax_.get_ylabel()]
    assert any("prediction" in text for text in texts)
    plt.close("all")


def test_table_of_predictions():
    pytest.importorskip("crepes")
    model, X, _ = make_model("number")
    table = prediction_table(model, X)
    assert table.columns.tolist() == ["modalities", "route", "predicted", "low", "high"]
    assert np.all(
        (table["low"] < table["predicted"]) & (table["predicted"] < table.high)
    )
    survival, X, _ = make_model("survival")
    table = prediction_table(survival, X)
    assert table.columns.tolist() == ["modalities", "route", "log_hazard", "median"]
    np.testing.assert_array_equal(table["median"], survival.predict_median(X))


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("number", "labelled"), ("survival", "censored |   event")],
)
def test_card(kind, columns):
    model, _, _ = make_model(kind)
    card = model_card(model, label="what is predicted")
    assert columns in card
    assert "final_estimator" in card


def test_comparisons_of_classifiers_name_the_other():
    model, X, y = make_model("survival")
    with pytest.raises(ValueError, match="and compare_survival to compare several"):
        compare_classifiers({"twin": model}, X, y, cv=2)


@pytest.mark.parametrize("kind", ["number", "survival"])
@pytest.mark.parametrize("with_head", [False, True])
def test_attributions_add_up_to_what_is_predicted(kind, with_head):
    """Of a network, a linear tower, and a tower whose features a head reads."""
    pytest.importorskip("captum")
    _, X, y = make_model(kind)
    net, linear, model = {
        "number": (GeneAutoencoderRegressor, Ridge(), TwinTowerRegressor),
        "survival": (GeneAutoencoderSurvival, CoxRidgeSurvival(), TwinTowerSurvival),
    }[kind]
    lab = make_pipeline(StandardScaler(), PCA(2)) if with_head else linear
    towers = [("gene", net(max_epochs=3)), ("lab", lab)]
    model = model(towers, tower_cv=3, random_state=0).fit(X, y)
    for modality in ("gene", "lab"):
        rows = X[X.has(modality)]
        found = gene_attributions(model, rows, modality=modality, n_steps=60)
        np.testing.assert_allclose(found.score, model.predict(rows), atol=1e-4)
        total = found.attributions.sum(axis=1) + found.baseline_score
        np.testing.assert_allclose(total, found.score, atol=0.1)
        assert found.positive == "prediction"
        assert found.ranking.index[0] == "x0"
    tower = model.towers_["gene"]
    alone = X[X.has("gene")].block("gene")
    found = gene_attributions(tower, alone, n_steps=4)
    np.testing.assert_allclose(found.score, tower.predict(alone), atol=1e-4)
    assert np.isfinite(found.stability["rank_correlation"])
