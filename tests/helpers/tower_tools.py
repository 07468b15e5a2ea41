"""Data and networks for the towers' tests."""

from types import SimpleNamespace

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax
from torch import nn

from skmultimodal import (
    BagTowerClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)

IMAGE_SHAPE = (2, 9, 7)
N_GENES = 11


def make_images(y, seed=0):
    """Images whose left part is bright in the classes numbered above 0."""
    images = np.random.default_rng(seed).normal(size=(len(y), *IMAGE_SHAPE))
    images[:, 0, :, :4] += 3 * np.asarray(y)[:, None, None]
    return images.astype(np.float32)


def make_genes(y, seed=0):
    """Two hidden factors, one of which follows the class."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(len(y), 2)) + 4 * np.asarray(y)[:, None] * [1, 0]
    loadings = np.random.default_rng(99).normal(size=(2, N_GENES))
    return factors @ loadings + 0.3 * rng.normal(size=(len(y), N_GENES))


def image_tower(**params):
    small = {"filters": (4,), "dense_units": (6, 3), "max_epochs": 6, "lr": 0.01}
    return ImageTowerClassifier(**small | {"random_state": 0} | params)


def gene_tower(**params):
    small = {"encoder_units": (8, 3), "decoder_units": (8,), "max_epochs": 6}
    return GeneAutoencoderTransformer(
        **small | {"lr": 0.01, "random_state": 0} | params
    )


def make_bags(y, seed=0, n_features=5):
    """Bags of 2 to 8 vectors, of which the first is a sign in classes above 0."""
    rng = np.random.default_rng(seed)
    bags = np.empty(len(y), dtype=object)
    for row, label in enumerate(y):
        bags[row] = rng.normal(size=(rng.integers(2, 9), n_features)).astype("f4")
        bags[row][0, :2] += 5 * label
    return bags


def bag_tower(**params):
    small = {"encoder_units": (6, 3), "attention_units": 4, "max_epochs": 6, "lr": 0.01}
    return BagTowerClassifier(**small | {"random_state": 0} | params)


def make_case(kind, n_rows=40):
    """A small tower of one kind, its rows and labels, and the outputs it has."""
    y = np.arange(n_rows) % 2
    if kind == "gene":
        outputs = ("transform", "predict_proba", "reconstruction_error")
        return SimpleNamespace(make=gene_tower, X=make_genes(y), y=y, outputs=outputs)
    if kind == "bags":
        X = np.stack([bag[:2] for bag in make_bags(y)])
        outputs = ("transform", "predict_proba")
        return SimpleNamespace(make=bag_tower, X=X, y=y, outputs=outputs)
    X = make_images(y) if kind == "image" else make_genes(y)
    return SimpleNamespace(
        make=image_tower, X=X, y=y, outputs=("transform", "predict_proba")
    )


def calibrate_by_hand(ratios, codes):
    """Slope and intercept of held-out log-ratios, by the formula in the notes."""
    spread = ratios.std()
    truth = np.eye(ratios.shape[1])[codes]

    def loss(theta):
        logits = theta[0] * ratios / spread + theta[1:]
        p = softmax(logits, axis=1)
        return -np.sum(truth * np.log(p)) + 4 / 2 * (theta[0] - 0.5) ** 2

    start = np.r_[0.5, np.zeros(ratios.shape[1])]
    bounds = [(0, None)] + [(None, None)] * ratios.shape[1]
    found = minimize(loss, start, bounds=bounds, tol=1e-12).x
    return found[0] / spread, found[1:]


class MapEncoder(nn.Module):
    """Images to feature maps, with a batch norm that refuses a single row."""

    def __init__(self, in_channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 5, 3), nn.BatchNorm2d(5), nn.ReLU()
        )

    def forward(self, x):
        return self.layers(x)


class VectorEncoder(nn.Module):
    """Images to vectors."""

    def __init__(self, in_channels):
        super().__init__()
        self.layer = nn.Linear(in_channels, 5)

    def forward(self, x):
        return self.layer(x.mean(dim=(2, 3)))


def stream_all_blocks(monkeypatch):
    """Let towers read lazy blocks anew in each epoch, as if they were large."""
    for module in ("_prepared", "_gene_base", "_bag_rows"):
        monkeypatch.setattr(f"skmultimodal.towers.{module}.KEPT_BYTES", 0)
    monkeypatch.setattr("skmultimodal.towers._components.MAX_SIDE", 0)
