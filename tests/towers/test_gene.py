"""The gene tower: reconstruction, labels that may be missing, heavy tails."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from tower_tools import N_GENES, gene_tower, make_genes

from skmultimodal import GeneAutoencoderTransformer

# A few epochs of a small net are enough here, and may be too few to learn.
pytestmark = pytest.mark.filterwarnings("ignore:.*training did nothing")

Y = np.arange(40) % 2
X = make_genes(Y)


def signed_log(x):
    return np.sign(x) * np.log(1 + np.abs(x))


def test_size_and_defaults_of_the_papers_autoencoder():
    genes = np.random.default_rng(0).normal(size=(4, 19_196))
    tower = GeneAutoencoderTransformer(max_epochs=1, label_weight=0).fit(genes)
    assert sum(w.size for w in tower.weights_.values()) == 2_480_540
    assert tower.transform(genes).shape == (4, 32)
    assert tower.inverse_transform(tower.transform(genes)).shape == (4, 19_196)


@pytest.mark.parametrize("use_log", [True, False])
def test_reconstruction_against_numpy(use_log):
    tower = gene_tower(signed_log=use_log, max_epochs=40).fit(X[:30], Y[:30])
    decoded = tower.inverse_transform(tower.transform(X))
    assert decoded.shape == X.shape
    assert decoded.dtype == np.float32
    # Statistics of the training rows, population standard deviation.
    before = signed_log(X[:30]) if use_log else X[:30]
    mean, scale = before.mean(axis=0), before.std(axis=0)
    genes, found = (signed_log(X), signed_log(decoded)) if use_log else (X, decoded)
    error = ((((genes - mean) - (found - mean)) / scale) ** 2).mean(axis=1)
    assert error.mean() < 0.6
    np.testing.assert_allclose(tower.reconstruction_error(X), error, rtol=1e-3)
    np.testing.assert_allclose(tower.score(X), -error.mean(), rtol=1e-3)


def test_constant_gene_is_reconstructed():
    genes = X.copy()
    genes[:, 4] = 7.5
    tower = gene_tower(max_epochs=40).fit(genes, Y)
    assert np.isfinite(tower.transform(genes)).all()
    assert np.isfinite(tower.reconstruction_error(genes)).all()


def test_bottleneck_of_the_wrong_width():
    tower = gene_tower().fit(X, Y)
    with pytest.raises(ValueError, match="4 columns"):
        tower.inverse_transform(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="NaN"):
        tower.inverse_transform(np.full((2, 3), np.nan))


# Labels


def test_unlabelled_rows_take_part():
    half = np.where(np.arange(40) < 20, Y, np.nan)
    with_them = gene_tower().fit(X, half)
    without = gene_tower().fit(X[:20], Y[:20])
    all_labelled = gene_tower().fit(X, Y)
    assert with_them.classes_.tolist() == [0, 1]
    # Their genes count ...
    np.testing.assert_allclose(with_them.scaler_.mean_, signed_log(X).mean(axis=0))
    assert not np.allclose(with_them.transform(X), without.transform(X))
    # ... and their labels, had they any, would count as well.
    assert not np.allclose(with_them.transform(X), all_labelled.transform(X))


@pytest.mark.parametrize(
    "y",
    [
        np.where(np.arange(40) < 20, np.where(Y, "ill", "well").astype(object), None),
        pd.Series(np.where(Y, "ill", "well")).where(np.arange(40) < 20),
        np.where(np.arange(40) < 20, np.where(Y, "ill", "well").astype(object), np.nan),
    ],
    ids=["None", "Series", "NaN"],
)
def test_missing_label_is_nan_or_none(y):
    tower = gene_tower().fit(X, y)
    assert tower.classes_.tolist() == ["ill", "well"]
    numbers = gene_tower().fit(X, np.where(np.arange(40) < 20, 1 - Y, np.nan))
    np.testing.assert_array_equal(tower.transform(X), numbers.transform(X))


def test_missing_label_is_not_the_last_class():
    """A row without a label must not be read as one of class -1, the last."""
    y = np.resize([0.0, 1.0, np.nan, np.nan], 40)
    X3 = make_genes(np.where(np.isnan(y), 0, y))
    p = gene_tower(max_epochs=60, label_weight=3.0).fit(X3, y).predict_proba(X3)
    assert p.shape == (40, 2)
    hits = p.argmax(axis=1) == np.where(np.isnan(y), 0, y)
    assert hits.mean() > 0.9


@pytest.mark.parametrize(
    ("params", "y"),
    [
        ({"label_weight": 0}, Y),
        ({}, None),
        ({}, np.full(40, np.nan)),
        ({}, np.where(np.arange(40) < 20, "ill", None)),
    ],
    ids=["weight 0", "no y", "all missing", "one class"],
)
def test_without_labels_it_is_the_papers_autoencoder(params, y):
    tower = gene_tower(**params).fit(X, y)
    assert not hasattr(tower, "predict_proba")
    assert not hasattr(tower, "classes_")
    with pytest.raises(AttributeError, match="predict_proba"):
        tower.predict_proba(X)
    expected = gene_tower().fit(X).transform(X)
    np.testing.assert_array_equal(tower.transform(X), expected)


def test_classes_follow_the_last_fit():
    tower = gene_tower().fit(X, Y)
    assert hasattr(tower, "predict_proba")
    assert not hasattr(tower.fit(X), "predict_proba")
    assert tower.fit(X, Y + 5).classes_.tolist() == [5, 6]


def test_label_weight_pulls_the_features_towards_the_labels():
    noise = np.random.default_rng(1).normal(size=(40, N_GENES))

    def entropy(weight):
        tower = gene_tower(label_weight=weight, max_epochs=60, dropout=0.0)
        p = tower.fit(noise, Y).predict_proba(noise)
        return -np.log(p[np.arange(40), Y]).mean(), tower.reconstruction_error(noise)

    (weak, fine), (strong, coarse) = entropy(0.01), entropy(10.0)
    assert strong < weak - 0.1
    assert coarse.mean() > fine.mean()


@pytest.mark.parametrize("n_unlabelled", [1, 2, 10, 39, 40])
def test_early_stopping_with_unlabelled_rows(n_unlabelled):
    y = np.where(np.arange(60) < n_unlabelled, np.nan, np.arange(60) % 2)
    genes = make_genes(np.arange(60) % 2)
    tower = gene_tower(early_stopping=True, validation_fraction=0.2).fit(genes, y)
    assert "valid_loss" in tower.history_[0]


def test_continuous_labels():
    with pytest.raises(ValueError, match="continuous"):
        gene_tower().fit(X, np.linspace(0, 1, 40))


def test_unfitted_tower_has_no_classes_yet():
    tower = gene_tower()
    assert not hasattr(tower, "predict_proba")
    for method, rows in [("inverse_transform", np.zeros((2, 3))), ("score", X)]:
        with pytest.raises(NotFittedError):
            getattr(tower, method)(rows)


# Values


def test_heavy_tails():
    """Published z-scores reach 3515: one such value must not drown the others."""
    clean = gene_tower(max_epochs=60).fit(X, Y)
    genes = X.copy()
    genes[5, 2] = 3515
    tower = gene_tower(max_epochs=60).fit(genes, Y)
    others = np.arange(40) != 5
    assert np.isfinite(tower.transform(genes)).all()
    assert np.abs(tower.transform(genes)).max() < 5 * np.abs(clean.transform(X)).max()
    error = np.delete(tower.reconstruction_error(genes[others]), [])
    assert error.mean() < 1.5 * clean.reconstruction_error(X[others]).mean()
    hits = tower.predict_proba(genes).argmax(axis=1) == Y
    assert hits[others].mean() >= 0.9
    assert np.isfinite(tower.inverse_transform(tower.transform(genes))).all()
    unseen = clean.transform(genes[5:6])
    assert np.abs(unseen).max() < 5 * np.abs(clean.transform(X)).max()


def test_decoding_far_out_stays_finite():
    tower = gene_tower().fit(X, Y)
    assert np.isfinite(tower.inverse_transform(np.full((2, 3), 1e5))).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32])
def test_native_dtypes(dtype):
    counts = np.round(np.abs(X) * 40).clip(0, 250)
    expected = gene_tower().fit(counts, Y).transform(counts)
    typed = counts.astype(dtype)
    np.testing.assert_allclose(
        gene_tower().fit(typed, Y).transform(typed), expected, atol=1e-4
    )
