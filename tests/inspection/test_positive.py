"""What is drawn and explained is of the positive class, first or last in sort order."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logit
from sklearn.metrics import brier_score_loss

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import (
    GeneAttributionsDisplay,
    MissingModalityDisplay,
    ModalityContributionsDisplay,
    PatternCalibrationDisplay,
    SaliencyDisplay,
    gene_attributions,
    modality_contributions,
    saliency_map,
    value_of_missing_modality,
)


@pytest.fixture(scope="module")
def case():
    """A model of "Responder" and "none", of which the last is not the positive one."""
    X, y = make_glioma_cohort(
        22, 33, 25, n_genes=13, image_size=16, random_state=0, return_X_y=True
    )
    y = np.where(y == 1, "Responder", "none").astype(object)
    y[3] = None
    model = TwinTowerClassifier(random_state=0).fit(X, y)
    assert model.classes_.tolist() == ["Responder", "none"]
    return model, X, y, model.predict_proba(X)[:, 0]


def test_contributions(case):
    model, X, y, p = case
    result = modality_contributions(model, X, y)
    other = modality_contributions(model, X, y, positive=" NONE ")
    assert (result.positive, other.positive) == ("Responder", "none")
    assert_allclose(result.prediction, p, atol=1e-6)
    assert_allclose(result.contributions.sum(axis=1) + result.prior, p, atol=1e-6)
    assert_allclose(other.contributions, -result.contributions, atol=1e-6)
    assert other.prior == pytest.approx(1 - result.prior)
    display = ModalityContributionsDisplay.from_contributions(result, kind="patients")
    assert display.positive == "Responder"
    assert "class Responder" in display.ax_.get_xlabel() + display.ax_.get_ylabel()


def test_saliency(case):
    model, X, _, p = case
    rows = [0, 5, 60, 70]  # with an image alone, and with genes
    for method in ("integrated_gradients", "occlusion"):
        result = saliency_map(model, X[rows], method=method)
        other = saliency_map(model, X[rows], method=method, positive="none")
        assert (result.positive, other.positive) == ("Responder", "none")
        assert np.abs(result.heatmap).max() > 0
        assert_allclose(other.heatmap, -result.heatmap, atol=1e-5)
        if method == "integrated_gradients":
            assert_allclose(result.score, logit(p[rows]), atol=1e-3)
            assert_allclose(other.score, -result.score, atol=1e-5)
    display = SaliencyDisplay.from_estimator(model, X[rows])
    assert display.positive == "Responder"


def test_gene_attributions(case):
    model, X, _, p = case
    rows = [30, 40, 60, 70]
    result = gene_attributions(model, X[rows])
    other = gene_attributions(model, X[rows], positive="none")
    assert (result.positive, other.positive) == ("Responder", "none")
    assert_allclose(result.score, logit(p[rows]), atol=1e-3)
    assert_allclose(other.attributions, -result.attributions, atol=1e-5)
    assert_allclose(other.ranking["direction"], -result.ranking["direction"], atol=1e-4)
    display = GeneAttributionsDisplay.from_estimator(model, X[rows])
    assert display.ax_.get_xlabel().endswith("(log-odds of class Responder)")


def test_value_of_a_missing_modality(case):
    model, X, _, p = case
    new, reference = X[25:35], X[X.paired]
    options = {"modality": "image", "n_neighbors": 7}
    values = value_of_missing_modality(model, new, reference, **options)
    other = value_of_missing_modality(model, new, reference, positive="none", **options)
    assert_allclose(values["prediction"], p[25:35], atol=1e-6)
    assert_allclose(other["prediction"], 1 - p[25:35], atol=1e-6)
    assert_allclose(other["mean_change"], -values["mean_change"], atol=1e-6)
    display = MissingModalityDisplay.from_estimator(model, new, reference, **options)
    assert display.positive == "Responder"
    assert display.ax_.get_xlabel() == "probability of class Responder without image"


def test_calibration(case):
    model, X, y, p = case
    known = np.flatnonzero(X.paired & (y != None))  # noqa: E711
    hits = y[known] == "Responder"
    display = PatternCalibrationDisplay.from_estimator(
        model, X[known], y[known], min_bin_rows=9
    )
    assert display.positive == "Responder"
    expected = brier_score_loss(hits, p[known])
    assert display.summary["brier"].tolist() == pytest.approx([expected])
    share = np.average(display.curves["prob_true"], weights=display.curves["n_rows"])
    assert share == pytest.approx(hits.mean())
