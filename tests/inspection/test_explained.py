"""Saliency and gene attributions: the graph is the model, and finds what is planted."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from few_steps import few_steps
from fusion_tools import make_case
from numpy.testing import assert_allclose
from scipy.special import logit
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.accuracy.attribution import with_permuted_weights
from skmultimodal import (
    Cohort,
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    ImageTowerClassifier,
    TwinTowerClassifier,
    UnimodalClassifier,
)
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.inspection import (
    GeneAttributionsDisplay,
    SaliencyDisplay,
    gene_attributions,
    saliency_map,
)
from skmultimodal.inspection._explained import explain_rows
from skmultimodal.utils._torch_views import torch_view


@pytest.fixture(scope="module")
def data():
    return make_glioma_cohort(
        50, 90, 30, n_genes=60, image_size=24, n_signal_genes=6, random_state=0
    )


@pytest.fixture(scope="module")
def model(data):
    return TwinTowerClassifier(random_state=0).fit(data.data, data.target)


def flat(images):
    return np.asarray(images).reshape(len(images), -1)


def graph_score(explained):
    view = explained.view
    score = np.empty(len(view.raw))
    for route in view.routes:
        x = torch_view(view.estimator).read_rows(view.raw[route.rows])
        logs = route.log_probabilities(x, route.rest)
        score[route.rows] = explained.score(logs).detach().numpy()
    return score


@pytest.mark.filterwarnings("ignore:.*training did nothing")
@pytest.mark.parametrize("modality", ["image", "gene"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"missing": "impute"},
        {"tower_output": "log_odds", "tower_cv": 3},
        {"final_estimator": FusionHeadClassifier("moe", max_epochs=9)},
        {"final_estimator": LogisticRegression(), "tower_output": "both"},
    ],
    ids=["default", "impute", "log_odds", "moe", "logistic"],
)
def test_the_view_computes_what_the_model_predicts(data, modality, options):
    model = TwinTowerClassifier(random_state=0, **options)
    with few_steps():
        model.fit(data.data, data.target)
    X = data.data[data.data.has(modality)]
    p = model.predict_proba(X).astype(float)
    moderate = (p > 1e-3).all(axis=1)
    assert moderate.any()
    odds = np.log(p[moderate, 1] / p[moderate, 0])
    found = graph_score(explain_rows(model, X, modality, None))[moderate]
    assert_allclose(found, odds, atol=1e-3)


def test_three_classes_and_pipelines_of_linear_steps():
    X, y = make_case(n_classes=3)
    pipe = make_pipeline(StandardScaler(), PCA(3), LogisticRegression())
    model = UnimodalClassifier("gene", pipe).fit(X, y)
    rows = X[X.has("gene")]
    wanted = logit(model.predict_proba(rows)[:, 1])
    assert_allclose(
        graph_score(explain_rows(model, rows, "gene", 1)), wanted, atol=1e-6
    )
    result = gene_attributions(model, rows, positive=1)
    moved = result.score - result.baseline_score
    assert_allclose(result.attributions.sum(axis=1), moved, atol=1e-3)


@pytest.mark.parametrize("mark", [False, True])
def test_an_imputer_before_linear_steps(rng, mark):
    rows = rng.normal(size=(50, 6))
    y = (rows[:, 4] > 0).astype(int)
    blank = rows.copy()
    blank[3, 1] = blank[7, 5] = np.nan
    imputer = SimpleImputer(strategy="median", add_indicator=mark)
    pipe = make_pipeline(imputer, StandardScaler(), LogisticRegression()).fit(blank, y)
    result = gene_attributions(pipe, rows)
    assert result.ranking.index[0] == "x4"
    moved = result.score - result.baseline_score
    assert_allclose(result.attributions.sum(axis=1), moved, atol=1e-6)
    with pytest.raises(NotExplainableError, match="SimpleImputer has no gradients"):
        gene_attributions(pipe, blank)


def test_planted_genes_come_out_on_top(data, model):
    result = gene_attributions(model, data.data[data.data.has("gene")])
    planted = result.ranking.index.isin(data.signal_genes)
    assert planted[:8].sum() >= 5
    assert roc_auc_score(planted, result.ranking["importance"]) > 0.85
    moved = result.score - result.baseline_score
    assert_allclose(result.attributions.sum(axis=1), moved, atol=0.2)
    assert 0 < result.stability["top_overlap"] < 1  # of the networks of its tower


def test_several_models_tell_stability(data, model):
    other = TwinTowerClassifier(random_state=1).fit(data.data, data.target)
    rows = data.data[data.data.paired]
    result = gene_attributions([model, other], rows, n_top=6)
    assert 0 < result.stability["top_overlap"] <= 1
    assert result.ranking["importance_std"].notna().all()
    alone = gene_attributions(model, rows).attributions
    both = [alone, gene_attributions(other, rows).attributions]
    assert_allclose(result.attributions, np.mean(both, axis=0))


def test_one_model_has_the_stability_of_the_members_of_its_tower(data, model):
    rows = data.data[data.data.paired]
    stability = gene_attributions(model, rows, n_top=6).stability
    tower = model.towers_["gene"]
    block = rows.block("gene")
    # By themselves they start from the means of their own training rows.
    members = [gene_attributions(m, block) for m in tower.estimators_]
    order = [m.ranking["importance"].sort_index() for m in members]
    correlations = [spearmanr(a, b)[0] for a, b in combinations(order, 2)]
    tops = [set(m.ranking.index[:6]) for m in members]
    overlaps = [len(a & b) / 6 for a, b in combinations(tops, 2)]
    assert stability["n_rankings"] == len(members) > 1
    assert stability["rank_correlation"] == pytest.approx(
        np.mean(correlations), abs=0.03
    )
    assert stability["top_overlap"] == pytest.approx(np.mean(overlaps), abs=0.1)


def test_the_planted_region_is_found_and_lost_with_random_weights():
    data = make_glioma_cohort(
        130, 0, 0, n_genes=5, image_size=24, image_signal=3.0, random_state=0
    )
    images, y = np.asarray(data.data.block("image")), data.target
    tower = CrossFittedEnsembleClassifier(ImageTowerClassifier(), cv=2, random_state=0)
    tower.fit(images[:90], y[:90])
    images, rim = images[90:], data.signal_mask[90:]
    found = saliency_map(tower, images)
    speaking = np.maximum(found.heatmap, 0)
    assert (speaking * rim).sum() > speaking.sum() / 2
    assert rim.mean() < 0.05
    assert not found.attributions[:, 4].any()  # the segmentation is held
    lost = with_permuted_weights(tower, lambda: saliency_map(tower, images))
    pixels = found.images[:, 4] > 0
    alike = np.corrcoef(found.heatmap[pixels], lost.heatmap[pixels])[0, 1]
    assert abs(alike) < 0.5


def test_integrated_gradients_add_up_and_grad_cam_has_the_shape(data, model):
    X = data.data[data.data.has("image")][[0, 60, 70]]
    found = saliency_map(model, X, n_steps=64)
    total = found.attributions.sum(axis=(1, 2, 3))
    assert_allclose(total, found.score - found.baseline_score, atol=0.2)
    assert found.heatmap.shape == (3, 24, 24)
    cam = saliency_map(model, X, method="grad_cam")
    assert cam.attributions.shape == (3, 1, 24, 24)
    assert (cam.attributions >= 0).all()


def test_a_tower_without_gradients_is_occluded(data):
    forest = make_pipeline(
        FunctionTransformer(flat), RandomForestClassifier(9, random_state=0)
    )
    X = data.data[:, ["image"]]
    X, y = X[X.has("image")], data.target[data.data.has("image")]
    model = UnimodalClassifier("image", forest).fit(X, y)
    found = saliency_map(model, X[:2])
    assert found.method == "occlusion"
    assert np.abs(found.heatmap).sum() > 0
    with pytest.raises(TypeError, match="no gradients"):
        saliency_map(model, X[:2], method="grad_cam")


def test_bad_input_is_named(data, model):
    X = data.data
    with pytest.raises(ValueError, match=r"patient 'SYN-051' lacks modality 'image'"):
        saliency_map(model, X)
    with pytest.raises(ValueError, match="no tower for modality 'stain'"):
        gene_attributions(model, X, modality="stain")
    with pytest.raises(ValueError, match="positive=7 is no class of the model"):
        gene_attributions(model, X[X.paired], positive=7)
    with pytest.raises(ValueError, match="saliency_map explains images"):
        gene_attributions(model, X[X.paired], modality="image")
    with pytest.raises(ValueError, match="method must be one of"):
        saliency_map(model, X[X.paired], method="lime")


def test_displays_draw_each_patient_and_gene(data, model):
    rows = data.data[data.data.paired]
    shown = SaliencyDisplay.from_estimator(model, rows[:3], channel=1, n_steps=4)
    titles = [axes.get_title() for axes in shown.ax_[0]]
    assert titles == rows[:3].index.tolist()
    bars = GeneAttributionsDisplay.from_estimator(model, rows, n_genes=7)
    assert len(bars.ax_.patches) == 7
    names = [label.get_text() for label in bars.ax_.get_yticklabels()]
    assert names == list(bars.ranking.index[:7][::-1])


def test_a_map_in_which_nothing_speaks_says_so():
    heatmap = np.zeros((2, 7, 6))
    heatmap[1, 3, 2] = 0.4
    shown = SaliencyDisplay(heatmap, np.ones((2, 1, 7, 6)), ["a", "b"]).plot()
    assert [axes.get_title() for axes in shown.ax_[0]] == ["a\nnothing found", "b"]


def test_occlusion_finds_the_other_modalitys_columns_by_name(data, model):
    """They were once taken in the order given, as those of other genes."""
    X = data.data[data.data.paired][:2]
    genes = pd.DataFrame(X.block("gene"), X.index, X.feature_names("gene"))
    blocks = {"image": (X.index, X.block("image")), "gene": genes.iloc[:, ::-1]}
    wanted, found = (
        saliency_map(model, cohort, method="occlusion").attributions
        for cohort in (X, Cohort(blocks))
    )
    assert_allclose(found, wanted, atol=1e-6)
    assert np.ptp(wanted) > 0
