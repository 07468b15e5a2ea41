"""A cohort whose two modalities carry a planted signal, and an estimator for it."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort
from skmultimodal.cohort import as_cohort
from skmultimodal.utils._labels import missing_labels


class PairedLogistic(ClassifierMixin, BaseEstimator):
    """Logistic regression on the paired labelled rows' concatenated features.

    `tower_rows` mimics a twin tower: with "unpaired" the unpaired labelled rows give
    the sign of each gene, without which it cannot fit.
    """

    def __init__(self, C=1.0, tower_rows="all"):
        self.C = C
        self.tower_rows = tower_rows

    def fit(self, X, y):
        X, y = as_cohort(X), np.asarray(y)
        labelled = ~missing_labels(y)
        if self.tower_rows == "unpaired" and not np.any(labelled & ~X.paired):
            raise ValueError("no unpaired rows: set tower_rows='all'.")
        rows = labelled & X.paired
        self.n_rows_ = len(X)
        self.model_ = clone(LogisticRegression(C=self.C))
        self.model_.fit(_features(X[rows]), np.array(y[rows].tolist()))
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(_features(X))

    def predict_proba(self, X):
        return self.model_.predict_proba(_features(X))


def _features(X):
    return np.hstack([X.block(name).reshape(len(X), -1) for name in X.modalities])


def make_cohort(n_image=9, n_gene=21, n_paired=40, *, effect=1.0, seed=0, classes=2):
    """Rows in blocks: image only, gene only, paired; labels 0, 1, ... as floats."""
    rng = np.random.default_rng(seed)
    n_rows = n_image + n_gene + n_paired
    y = rng.permutation(np.arange(n_rows) % classes).astype(float)
    image = rng.normal(size=(n_rows, 1, 2, 3)) + effect * y[:, None, None, None] / 2
    gene = rng.normal(size=(n_rows, 4)) + effect * y[:, None] / 2
    gene[:n_image] = np.nan
    image[n_image : n_image + n_gene] = np.nan
    ids = [f"p{i}" for i in range(n_rows)]
    return Cohort({"image": image, "gene": gene}, index=ids), y


@pytest.fixture
def cohort():
    return make_cohort()


@pytest.fixture
def make():
    return make_cohort


@pytest.fixture
def model():
    return PairedLogistic()
