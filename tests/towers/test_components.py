"""Principal components in which a network of many columns is trained."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from skmultimodal import (
    GeneAutoencoderRegressor,
    GeneAutoencoderSurvival,
    GeneAutoencoderTransformer,
    make_survival_target,
)
from skmultimodal.towers import _components
from skmultimodal.towers._components import Components, TrainingRows
from skmultimodal.towers._lasso import fit_lasso
from skmultimodal.towers._likelihoods import CrossEntropy

pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")


def make_rows(n_rows, n_columns, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, 4)) @ rng.normal(size=(4, n_columns))
    rows += 0.3 * rng.normal(size=rows.shape)
    return (rows - rows.mean(axis=0)).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "n_found"), [((23, 61), 22), ((47, 13), 13)], ids=["wide", "narrow"]
)
@pytest.mark.parametrize("n_chunk_rows", [1, 7, 50])
def test_against_scikit_learn(shape, n_found, n_chunk_rows, monkeypatch):
    monkeypatch.setattr(_components, "CHUNK_ELEMENTS", n_chunk_rows * shape[1])
    rows = make_rows(*shape)
    found = Components.fit(rows.__getitem__, shape, 9)
    assert found.scores.shape == (shape[0], n_found)
    pca = PCA(n_found, svd_solver="full").fit(rows.astype(float))
    variances = pca.explained_variance_ * (shape[0] - 1) / shape[0]
    assert found.unit == pytest.approx(np.sqrt(np.mean(variances[:9])), rel=1e-5)
    expected = np.abs(pca.transform(rows)) / found.unit
    np.testing.assert_allclose(np.abs(found.scores), expected, atol=1e-4)
    assert found.scores[:, :9].var(axis=0).mean() == pytest.approx(1, rel=1e-4)
    # The same linear functions, of scores and of columns.
    coefficients = np.random.default_rng(2).normal(size=(n_found, 3))
    columns = found.columns_of(coefficients)
    assert columns.shape == (shape[1], 3)
    np.testing.assert_allclose(rows @ columns, found.scores @ coefficients, atol=1e-3)
    # Decoding all components gives the rows.
    decoded = found.unit**2 * found.scores @ found.columns_of(np.eye(n_found)).T
    np.testing.assert_allclose(decoded, rows, atol=1e-4)


def test_repeated_rows_add_no_components():
    rows = np.repeat(make_rows(6, 31), 4, axis=0)
    assert Components.fit(rows.__getitem__, rows.shape, 20).scores.shape == (24, 5)


@pytest.mark.parametrize("shape", [(8, 17), (17, 8)])
def test_rows_that_are_all_equal_have_none(shape):
    rows = np.zeros(shape, dtype=np.float32)
    assert Components.fit(rows.__getitem__, shape, 5) is None


def test_the_order_of_rows_changes_no_component():
    rows, order = make_rows(19, 37), np.random.default_rng(1).permutation(19)
    found = Components.fit(rows.__getitem__, rows.shape, 6)
    other = Components.fit(rows[order].__getitem__, rows.shape, 6)
    np.testing.assert_allclose(other.scores, found.scores[order], atol=1e-4)


# In a tower

ALONE = {"linear_penalty": None, "sparse_penalty": None}
Y = np.arange(36) % 2
GENES = np.random.default_rng(5).normal(size=(36, 230)) * 3
GENES[:, :40] += 2 * Y[:, None]


def test_the_network_reads_and_returns_genes():
    tower = GeneAutoencoderTransformer((6, 4), (7,), n_components=12, random_state=0)
    tower.fit(GENES, Y)
    shapes = {value.shape for value in tower.weights_.values()}
    assert {(6, 230), (230, 7), (230,)} <= shapes
    assert tower.net_params_["n_features"] == 230
    assert tower.transform(GENES).shape == (36, 4)
    decoded = tower.inverse_transform(tower.transform(GENES))
    assert decoded.shape == GENES.shape
    # It was trained to rebuild what the components hold.
    log = np.sign(GENES) * np.log1p(np.abs(GENES))
    standard = (log - log.mean(axis=0)) / log.std(axis=0)
    best = 1 - PCA(12).fit(standard).explained_variance_ratio_.sum()
    assert best < -tower.score(GENES) < 1.05


class Unscaled(GeneAutoencoderTransformer):
    """Columns of unit variance would be whitened components."""

    def _scaled(self, genes, copy=False):
        return np.asarray(genes, np.float32)


def test_the_loss_that_was_trained_is_that_of_the_components():
    tower = GeneAutoencoderTransformer(
        (6, 4), (7,), n_components=12, label_weight=0, dropout=0, random_state=0
    )
    tower.fit(GENES)
    again = Unscaled(
        (6, 4), (7,), n_components=None, label_weight=0, dropout=0, signed_log=False
    )
    log = np.sign(GENES) * np.log1p(np.abs(GENES))
    standard = ((log - log.mean(axis=0)) / log.std(axis=0)).astype(np.float32)
    found = Components.fit(standard.__getitem__, standard.shape, 12)
    again.set_params(random_state=0)
    again.fit(found.scores[:, :12])
    z = again.transform(found.scores[:, :12])
    np.testing.assert_allclose(tower.transform(GENES), z, atol=2e-3)


@pytest.mark.parametrize(
    ("n_rows", "n_genes", "n_components", "rotated"),
    [(30, 80, 40, False), (30, 81, 40, True), (30, 130, None, False)],
)
def test_where_components_are_used(n_rows, n_genes, n_components, rotated, monkeypatch):
    calls = []
    fit = Components.fit
    monkeypatch.setattr(Components, "fit", lambda *a: calls.append(a) or fit(*a))
    genes = np.random.default_rng(0).normal(size=(n_rows, n_genes))
    GeneAutoencoderTransformer(n_components=n_components, max_epochs=1).fit(genes)
    assert bool(calls) == rotated


def test_more_rows_and_genes_are_read_by_genes(monkeypatch):
    monkeypatch.setattr(_components, "MAX_SIDE", 35)
    monkeypatch.setattr(Components, "fit", None)
    GeneAutoencoderTransformer(n_components=12, max_epochs=1).fit(GENES, Y)


@pytest.mark.parametrize(("largest", "linear"), [(76, True), (75, False)])
def test_many_rows_of_few_genes_are_read_by_components(largest, linear, monkeypatch):
    rng = np.random.default_rng(0)
    genes, y = rng.normal(size=(76, 30)), np.arange(76) % 2
    monkeypatch.setattr(_components, "MAX_SIDE", 31)
    monkeypatch.setattr(_components, "MAX_ROWS", largest)
    tower = GeneAutoencoderTransformer(n_components=12, max_epochs=1).fit(genes, y)
    assert ("linear.weight" in tower.weights_) == linear


@pytest.mark.parametrize(("n_rows", "expected"), [(31, 4), (32, 4), (40, 5)])
def test_components_grow_with_rows(n_rows, expected, monkeypatch):
    monkeypatch.setattr(_components, "FEWEST", 4)
    rows = make_rows(n_rows, 61)
    chosen = TrainingRows.choose(rows.__getitem__, rows.shape, "auto", rows)
    assert chosen.n_inputs == chosen.kept.shape[1] == expected


def test_genes_that_are_all_constant():
    genes = np.tile(np.arange(150.0), (21, 1))
    tower = GeneAutoencoderTransformer(max_epochs=1, random_state=0).fit(genes)
    assert np.isfinite(tower.transform(genes)).all()


@pytest.mark.parametrize("n_components", [0, -3, 2.5, "all"])
def test_bad_number_of_components(n_components):
    tower = GeneAutoencoderTransformer(n_components=n_components)
    with pytest.raises(ValueError, match="'n_components' parameter"):
        tower.fit(GENES)


# The linear models beside the network


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("width", [230, 33, 18], ids=["wide", "narrow", "columns"])
@pytest.mark.parametrize(("few", "ridge_share"), [(37, 1 / 2), (20, 10 / 37)])
@pytest.mark.parametrize("models", [("ridge",), ("lasso",), ("ridge", "lasso")])
def test_probabilities_are_the_mean_of_the_network_and_linear_models(
    n_classes, width, few, ridge_share, models, monkeypatch
):
    monkeypatch.setattr(_components, "FEW_ROWS", few)
    rng = np.random.default_rng(n_classes)
    y = np.arange(37) % n_classes
    genes = rng.normal(size=(37, width)) + (y[:, None] == rng.integers(3, size=width))
    labels = np.where(np.arange(37) < 4, np.nan, y)
    options = {"n_components": 16, "max_epochs": 3, "random_state": 0}
    penalties = {"linear_penalty": 3.0, "sparse_penalty": 1.5}
    if "ridge" not in models:
        penalties["linear_penalty"] = None
    if "lasso" not in models:
        penalties["sparse_penalty"] = None
    both = GeneAutoencoderTransformer((6, 4), **options, **penalties)
    alone = GeneAutoencoderTransformer((6, 4), **options, **ALONE)
    found = log_ratios(both.fit(genes, labels).predict_proba(genes))
    expected = log_ratios(alone.fit(genes, labels).predict_proba(genes))
    np.testing.assert_array_equal(both.transform(genes), alone.transform(genes))
    log = np.sign(genes) * np.log1p(np.abs(genes))
    standard = (log - log.mean(axis=0)) / log.std(axis=0)
    if "ridge" in models:
        unit = 1.0
        if width > 32:
            variances = PCA().fit(standard).explained_variance_ * 36 / 37
            unit = np.sqrt(np.mean(variances[:16]))
        ridge = LogisticRegression(C=1 / 3, max_iter=5000, tol=1e-8)
        ridge.fit(standard[4:] / unit, y[4:])
        linear = log_ratios(ridge.predict_proba(standard / unit))
        expected = (1 - ridge_share) * expected + ridge_share * linear
    # At most twice as many columns as components are read as they are.
    if "lasso" in models and width > 32:
        likelihood = CrossEntropy(y[4:], n_classes)
        rows = np.arange(4, 37)
        weight, bias = fit_lasso(standard.__getitem__, width, rows, likelihood, 1.5)
        linear = standard @ weight.T + bias
        linear -= linear.mean(axis=1, keepdims=True)
        lasso_share = 2 * ridge_share**2
        expected = (1 - lasso_share) * expected + lasso_share * linear
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_lasso_that_would_hardly_count_is_not_fitted(monkeypatch):
    monkeypatch.setattr(_components, "LEAST_SHARE", 0.51)
    tower = GeneAutoencoderTransformer(
        linear_penalty=None, sparse_penalty=2.0, max_epochs=1
    )
    assert not any("linear" in name for name in tower.fit(GENES, Y).weights_)


@pytest.mark.parametrize(
    ("tower", "fitted"),
    [
        (GeneAutoencoderTransformer(), True),
        (GeneAutoencoderRegressor(), False),
        (GeneAutoencoderRegressor(sparse_penalty=2.0), True),
        (GeneAutoencoderSurvival(), False),
        (GeneAutoencoderSurvival(sparse_penalty=2.0), True),
    ],
)
def test_classes_have_a_lasso_and_other_outcomes_if_asked(tower, fitted):
    tower.set_params(linear_penalty=None, max_epochs=1, random_state=0)
    rng = np.random.default_rng(3)
    y = rng.exponential(np.exp(-GENES[:, 0]))
    if isinstance(tower, GeneAutoencoderTransformer):
        y = Y
    elif isinstance(tower, GeneAutoencoderSurvival):
        y = make_survival_target(rng.random(36) < 0.8, y)
    tower.fit(GENES, y)
    assert (tower.net_params_.get("linear_share") == 0.5) == fitted


def test_the_mean_of_networks_is_trusted_more_the_less_linear_models_count():
    options = {"n_components": 16, "max_epochs": 1, "random_state": 0}
    towers = [
        GeneAutoencoderTransformer(**options, **penalties).fit(GENES, Y)
        for penalties in ({}, {"sparse_penalty": None}, ALONE)
    ]
    shares = [tower.noise_share for tower in towers]
    assert 0 < shares[0] < shares[1] < shares[2] < 1


def log_ratios(p):
    logs = np.log(p)
    return logs - logs.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("params", [ALONE, {"n_components": None}, {"label_weight": 0}])
def test_without_linear_models(params):
    tower = GeneAutoencoderTransformer(max_epochs=1, **params).fit(GENES, Y)
    assert not any("linear" in name for name in tower.weights_)


@pytest.mark.parametrize("penalty", [0, -1, "auto"])
def test_bad_penalty(penalty):
    with pytest.raises(ValueError, match="'linear_penalty' parameter"):
        GeneAutoencoderTransformer(linear_penalty=penalty).fit(GENES, Y)


@pytest.mark.parametrize("penalty", [0, -1, "best"])
def test_bad_penalty_of_the_lasso(penalty):
    with pytest.raises(ValueError, match="'sparse_penalty' parameter"):
        GeneAutoencoderTransformer(sparse_penalty=penalty).fit(GENES, Y)
