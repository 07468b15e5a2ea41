"""Weights of rows in towers, their ensembles and their calibration."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from torch.nn import functional as F

from skmultimodal import (
    BagTowerClassifier,
    CrossFittedEnsembleClassifier,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.nn import AutoencoderLoss, LabelLoss
from skmultimodal.towers._calibration import fit_slope
from skmultimodal.towers._class_labels import ClassLabels

NETWORKS = [
    ImageTowerClassifier(n_steps=12, random_state=0),
    GeneAutoencoderTransformer(n_steps=12, random_state=0),
    BagTowerClassifier(n_steps=12, random_state=0),
    FusionHeadClassifier(n_steps=12, random_state=0),
]
by_name = pytest.mark.parametrize("network", NETWORKS, ids=lambda n: type(n).__name__)
CHECKS = [
    "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array",
    "check_sample_weights_list",
    "check_all_zero_sample_weights_error",
    "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
    "check_classifiers_one_label_sample_weights",
]
# Some are newer than the oldest scikit-learn that is supported.
CHECKS = [check for check in CHECKS if hasattr(estimator_checks, check)]
noisy = pytest.mark.filterwarnings("ignore:.*training did nothing")


def make_rows(n_rows=43, n_columns=6, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n_rows) % n_classes
    X = rng.normal(size=(n_rows, n_columns)) + 0.8 * y[:, None]
    return X, y, rng.integers(0, 4, n_rows).astype(float)


def outputs(model, X):
    method = "predict_proba" if hasattr(model, "predict_proba") else "transform"
    return getattr(model, method)(X)


@noisy
@pytest.mark.parametrize("check", CHECKS)
@by_name
def test_scikit_learn_checks_of_weights(network, check):
    """All but that of equivalence, which batches drawn at random cannot pass."""
    getattr(estimator_checks, check)(type(network).__name__, network)


@noisy
@by_name
def test_a_row_of_weight_0_is_as_if_it_were_not_there(network):
    X, y, weights = make_rows()
    whole = outputs(network.fit(X, y, sample_weight=np.minimum(weights, 1)), X)
    kept = weights > 0
    assert np.array_equal(whole, outputs(network.fit(X[kept], y[kept]), X))


@noisy
@by_name
def test_equal_weights_change_nothing(network):
    X, y, _ = make_rows()
    network = clone(network)
    if "linear_penalty" in network.get_params():
        network.set_params(linear_penalty=None)  # to which seven rows are more than one
    weighted = outputs(network.fit(X, y, sample_weight=np.full(len(y), 7.0)), X)
    assert np.allclose(weighted, outputs(network.fit(X, y), X), atol=1e-5)


@by_name
def test_a_heavy_class_is_predicted_more(network):
    X, y, _ = make_rows(n_columns=3)
    network = type(network)(random_state=0)
    heavy = network.fit(X, y, sample_weight=np.where(y == 1, 5.0, 1.0))
    shares = outputs(heavy, X)[:, 1].mean()
    assert shares > outputs(network.fit(X, y), X)[:, 1].mean() + 0.03


def test_gene_rows_without_a_label_have_weights_too():
    X, y, weights = make_rows()
    y = np.where(np.arange(len(y)) % 3 == 0, np.nan, y)
    tower = GeneAutoencoderTransformer(random_state=0)
    tower.fit(X, y, sample_weight=weights + 0.5)
    assert np.isfinite(tower.transform(X)).all()


def test_the_linear_models_of_images_and_genes_read_weights():
    X, y, weights = make_rows()
    outcome = ClassLabels(np.array([0, 1]))
    options = {"penalty": 2.0}
    of_weights = outcome.fit_linear(X, y, y, **options, sample_weight=weights)
    repeated = np.repeat(np.arange(len(y)), weights.astype(int))
    of_rows = outcome.fit_linear(X[repeated], y[repeated], y[repeated], **options)
    for found, wanted in zip(of_weights, of_rows, strict=True):
        assert np.allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("class_weight", [None, torch.tensor([1.0, 3.0, 0.5])])
def test_the_loss_of_a_batch(class_weight):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(7, 3)).astype(np.float32))
    target = torch.tensor([0, 2, 1, -1, 2, 0, -1])
    weight = torch.tensor([1.0, 2.0, 0.5, 9.0, 1.0, 3.0, 4.0])
    found = LabelLoss(class_weight)(logits, (target, weight))
    of_class = torch.ones(3) if class_weight is None else class_weight
    logs = F.log_softmax(logits, dim=1)
    known = [0, 1, 2, 4, 5]
    total = -sum(of_class[target[i]] * weight[i] * logs[i, target[i]] for i in known)
    assert torch.isclose(found, total / sum(of_class[target[i]] for i in known))
    one = LabelLoss(class_weight)(logits, (target, torch.ones(7)))
    plain = F.cross_entropy(logits, target, class_weight, ignore_index=-1)
    assert torch.isclose(one, plain)


def test_a_batch_without_labels_adds_no_loss():
    target = torch.tensor([-1, -1])
    assert LabelLoss()(torch.ones(2, 3), (target, torch.ones(2))) == 0


def test_the_reconstruction_is_weighted():
    x = torch.tensor([[0.0, 0.0], [1.0, 3.0], [2.0, 2.0]])
    weight = torch.tensor([0.5, 1.0, 1.5])
    label = torch.tensor([-1, -1, -1])
    found = AutoencoderLoss()((torch.zeros(3, 2), None), (x, (label, weight)))
    assert torch.isclose(found, torch.tensor((0.0 + 5.0 + 1.5 * 4.0) / 3))


def test_balanced_classes_are_balanced_by_their_weights():
    X, y, weights = make_rows()
    weights += 0.5
    sums = np.bincount(y, weights)
    classes = dict(enumerate(sums.sum() / (2 * sums)))
    options = {"random_state": 0, "n_steps": 12}
    p = [
        FusionHeadClassifier(class_weight=chosen, **options)
        .fit(X, y, sample_weight=weights)
        .predict_proba(X)
        for chosen in ("balanced", classes)
    ]
    assert np.array_equal(*p)


# Calibration and ensembles


def test_the_calibration_minimises_the_weighted_loss():
    rng = np.random.default_rng(1)
    codes = np.arange(37) % 3
    odds = 1.5 * np.eye(3)[codes] + rng.normal(size=(37, 3))
    odds -= odds.mean(axis=1, keepdims=True)
    weights = rng.uniform(0.2, 3, 37)
    seen = np.arange(37) % 7 > 0
    outcome = ClassLabels(np.arange(3))
    slope, intercept = fit_slope(odds, codes, codes, seen, outcome, weights)
    share = np.repeat(weights[seen], 3)
    flat = odds[seen].ravel()
    mean = np.sum(share * flat) / share.sum()
    unit = np.sqrt(np.sum(share * (flat - mean) ** 2) / share.sum())
    counts = np.bincount(codes[seen], weights[seen])
    prior = np.log(counts) - np.log(counts).mean()

    def loss(theta):
        logs = log_softmax(theta[0] * odds[seen] / unit + theta[1:], axis=1)
        rows = logs[np.arange(seen.sum()), codes[seen]]
        penalty = 4 * (theta[0] - 0.5) ** 2 + 1e-3 * np.sum((theta[1:] - prior) ** 2)
        return -np.sum(weights[seen] * rows) + penalty / 2

    best = minimize(
        loss,
        np.r_[0.5, prior],
        method="Nelder-Mead",
        tol=1e-12,
        options={"maxiter": 20_000, "maxfev": 20_000},
    ).x
    assert slope == pytest.approx(best[0] / unit, rel=1e-4)
    assert np.allclose(intercept, best[1:], atol=1e-3)


def ensemble_of_folds(folds):
    inner = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-10))
    return CrossFittedEnsembleClassifier(inner, cv=PredefinedSplit(folds))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_ensemble_reads_a_weight_as_so_many_rows(n_classes):
    X, y, weights = make_rows(61, n_classes=n_classes)
    folds = np.arange(61) // n_classes % 4
    model = ensemble_of_folds(folds).fit(X, y, sample_weight=weights)
    rows = np.repeat(np.arange(61), weights.astype(int))
    repeated = ensemble_of_folds(folds[rows]).fit(X[rows], y[rows])
    assert np.allclose(model.predict_proba(X), repeated.predict_proba(X), atol=1e-6)
    assert np.allclose(model.oof_proba_[rows], repeated.oof_proba_, atol=1e-6)
    assert np.isnan(model.oof_proba_[weights == 0]).all()


def test_an_ensemble_leaves_out_rows_of_weight_0():
    X, y, weights = make_rows()
    kept = weights > 0
    model = CrossFittedEnsembleClassifier(LogisticRegression(), cv=3, random_state=0)
    p = model.fit(X, y, sample_weight=np.minimum(weights, 1)).predict_proba(X)
    wanted = model.fit(X[kept], y[kept]).predict_proba(X)
    assert np.allclose(p, wanted, atol=1e-12)


def test_a_class_of_weight_0_is_no_class():
    X, y, _ = make_rows(n_classes=3)
    model = CrossFittedEnsembleClassifier(LogisticRegression())
    model.fit(X, y, sample_weight=(y != 1).astype(float))
    assert model.classes_.tolist() == [0, 2]
    with pytest.raises(ValueError, match=r"sample_weight is above 0 are of class 2 on"):
        model.fit(X, y, sample_weight=(y == 2).astype(float))


@pytest.mark.parametrize("check", CHECKS)
def test_scikit_learn_checks_of_weights_in_an_ensemble(check):
    model = CrossFittedEnsembleClassifier(LogisticRegression())
    getattr(estimator_checks, check)(type(model).__name__, model)
