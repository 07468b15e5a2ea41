"""Cohorts of known patterns, and estimators that record what they are given."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.utils._labels import missing_labels

WIDTHS = {"image": 5, "gene": 7, "stain": 6}
ONE = {"gene": 23}
TWO = {"image": 11, "gene": 13, "image+gene": 18}
THREE = {
    "image": 9,
    "gene": 10,
    "stain": 8,
    "image+gene": 7,
    "image+stain": 6,
    "gene+stain": 5,
    "image+gene+stain": 19,
}


def make_tables(counts, *, n_classes=2, signal=1.0, seed=0):
    """Blocks with `counts` rows of each pattern, and classes by turns.

    The first column of each block is the number of the row, so that an estimator's
    rows can be told from its data.
    """
    rng = np.random.default_rng(seed)
    patterns = np.repeat(list(counts), list(counts.values()))
    y = np.concatenate([np.arange(count) % n_classes for count in counts.values()])
    blocks = {}
    for name in dict.fromkeys("+".join(counts).split("+")):
        block = rng.normal(size=(len(y), WIDTHS[name]))
        block[:, 1:3] += signal * y[:, None]
        block[:, 0] = np.arange(len(y))
        block[[name not in pattern.split("+") for pattern in patterns]] = np.nan
        blocks[name] = block
    return blocks, y


def make_case(counts=None, **options):
    """A cohort of tables with patient ids p00, p01, ..., and its labels."""
    blocks, y = make_tables(TWO if counts is None else counts, **options)
    return Cohort(blocks, index=[f"p{i:02d}" for i in range(len(y))]), y


def make_frames(counts=None, **options):
    """The same cohort, its blocks DataFrames with named columns."""
    X, y = make_case(counts, **options)
    frames = {}
    for name in X.modalities:
        columns = [f"{name}_{i}" for i in range(WIDTHS[name])]
        ids = X.index[X.has(name)]
        frames[name] = pd.DataFrame(X.block(name), index=ids, columns=columns)
    return Cohort(frames, index=X.index), frames, y


def make_pictures(counts=None, *, n_classes=2, seed=0):
    """A cohort whose image modality holds images of shape (2, 9, 8)."""
    blocks, y = make_tables(
        TWO if counts is None else counts, n_classes=n_classes, seed=seed
    )
    rng = np.random.default_rng(seed)
    pictures = rng.normal(size=(len(y), 2, 9, 8)).astype(np.float32)
    pictures[:, 0, :, :4] += 3 * y[:, None, None]
    pictures[np.isnan(blocks["image"]).all(axis=1)] = np.nan
    return Cohort({**blocks, "image": pictures}), y


def axes_tower(n_components=2):
    """Features without classes."""
    return make_pipeline(StandardScaler(), PCA(n_components, random_state=0))


def odds_tower(C=1.0):
    """Classes without features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=C))


def plain_towers(names=("image", "gene")):
    """Towers of both kinds by turns."""
    makers = (odds_tower, axes_tower, odds_tower)
    return [(name, make()) for name, make in zip(names, makers, strict=False)]


def picture_tower(**params):
    """A small image tower that trains in an instant."""
    # One epoch: too few for the warning that training did nothing.
    small = {"filters": (3, 4), "dense_units": (5, 3), "max_epochs": 1}
    return ImageTowerClassifier(**small | {"batch_size": 2, "lr": 0.02} | params)


def gene_tower(**params):
    """A small autoencoder that trains in an instant."""
    small = {"encoder_units": (5, 3), "decoder_units": (4,), "max_epochs": 1}
    return GeneAutoencoderTransformer(**small | {"batch_size": 4, "lr": 0.02} | params)


def small_head(**params):
    """A small fusion head that trains in an instant."""
    small = {"hidden_units": (6, 4), "max_epochs": 1, "batch_size": 4, "lr": 0.02}
    return FusionHeadClassifier(**small | params)


def picture_model(**params):
    """The default model, small."""
    towers = [("image", picture_tower()), ("gene", gene_tower())]
    return TwinTowerClassifier(towers, small_head(), **{"random_state": 0} | params)


def row_numbers(rows):
    return np.asarray(rows)[:, 0].astype(int).tolist()


def rows_where(mask):
    return np.flatnonzero(mask).tolist()


class RecordingTransformer(TransformerMixin, BaseEstimator):
    """Two columns as features; keeps the rows and labels it was fitted on."""

    def fit(self, X, y=None):
        self.X_, self.y_ = X, y
        return self

    def transform(self, X):
        return X[:, 1:3]


class UnlabelledUser(RecordingTransformer):
    """Asks for unlabelled rows."""

    uses_unlabelled_rows = True


class RecordingClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression that keeps the rows and labels it was fitted on."""

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        # Beside the unscaled number of the row it may need more iterations than it
        # has, which depends on how the processor rounds.
        self.model_ = odds_tower().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


class Seeded(RecordingTransformer):
    """Has the parameters that a parent hands down."""

    def __init__(self, random_state=None, device=None):
        self.random_state = random_state
        self.device = device


class CountingTower(TransformerMixin, BaseEstimator):
    """The direction between two classes; a line in the file `log` for each fit."""

    def __init__(self, log, power=1, verbose=0):
        self.log = log
        self.power = power
        self.verbose = verbose

    def fit(self, X, y):
        with Path(self.log).open("a") as file:
            file.write(f"power={self.power} rows={len(X)}\n")
        X, labelled = np.asarray(X), ~missing_labels(y)
        means = [X[y == label].mean(axis=0) for label in np.unique(y[labelled])]
        self.axes_ = np.column_stack([means[1] - means[0], X.mean(axis=0)])
        return self

    def transform(self, X):
        return (np.asarray(X) @ self.axes_) ** self.power


def count_fits(log):
    return Path(log).read_text().splitlines() if Path(log).exists() else []


class CountingImageTower(ImageTowerClassifier):
    """An image tower whose class counts its fits, by learning rate."""

    fits = []

    def fit(self, X, y):
        self.fits.append(self.lr)
        return super().fit(X, y)
