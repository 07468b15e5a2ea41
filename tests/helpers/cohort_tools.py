"""What tests share and joblib's workers can import."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression

from skmultimodal import Cohort

ROW_SHAPES = {"image": (2, 3, 4), "gene": (5,), "stain": (6,)}


def make_blocks(n_rows, seed=0, share=0.7):
    """Arrays of `n_rows` rows; a row that lacks the modality is NaN."""
    rng = np.random.default_rng(seed)
    blocks = {}
    for name, shape in ROW_SHAPES.items():
        blocks[name] = rng.normal(size=(n_rows, *shape)).astype(np.float32)
        blocks[name][rng.random(n_rows) > share] = np.nan
    return blocks


def present(rows):
    """Which rows are not entirely NaN."""
    return ~np.isnan(rows).all(axis=tuple(range(1, rows.ndim)))


def patient_ids(n_rows):
    return [f"p{i:02d}" for i in range(n_rows)]


def make_cohort(blocks, form="positional"):
    """The cohort of positional `blocks`, in any of the forms a Cohort is built from."""
    n_rows = len(next(iter(blocks.values())))
    ids = patient_ids(n_rows)
    metadata = pd.DataFrame({"age": np.arange(n_rows)}, index=ids)
    if form != "positional":
        blocks = {name: _keyed(rows, form) for name, rows in blocks.items()}
    return Cohort(blocks, index=ids, metadata=metadata)


def _keyed(rows, form):
    # Present rows only, in an order of their own.
    order = np.random.default_rng(1).permutation(np.flatnonzero(present(rows)))
    ids = np.array(patient_ids(len(rows)))[order]
    kept = rows[order]
    if form == "frame" and kept.ndim == 2:
        return pd.DataFrame(kept, index=ids)
    return ids, RecordingBlock(kept) if form == "lazy" else kept


class RecordingBlock:
    """Rows on an imaginary disk, as strict as h5py, that record what was read.

    It knows nothing but ``shape``, ``dtype`` and reading by increasing positions.
    """

    def __init__(self, array):
        self._array = array
        self.reads = []

    @property
    def shape(self):
        return self._array.shape

    @property
    def dtype(self):
        return self._array.dtype

    def __getitem__(self, key):
        if not isinstance(key, np.ndarray) or key.dtype.kind != "i" or key.ndim != 1:
            raise TypeError(f"rows are read by an array of integers, got {key!r}")
        if np.any(np.diff(key) <= 0) or np.any(key < 0):
            raise TypeError(f"positions must increase, got {key}")
        self.reads.append(key)
        return self._array[key]

    @property
    def longest_read(self):
        return max((len(key) for key in self.reads), default=0)


class InterruptedBlock(RecordingBlock):
    """Rows whose reader is stopped by Ctrl-C after some reads."""

    def __init__(self, array, after):
        super().__init__(array)
        self.after = after

    def __getitem__(self, key):
        if len(self.reads) >= self.after:
            raise KeyboardInterrupt
        return super().__getitem__(key)


def summarize(X):
    """A plain feature matrix of a cohort: means, 0 where a modality is absent."""
    if not isinstance(X, Cohort):
        raise TypeError(f"expected a Cohort, got {type(X).__name__}")
    features = np.zeros((len(X), 2 * len(X.modalities)))
    for i, name in enumerate(X.modalities):
        has = X.has(name)
        rows = np.asarray(X.block(name), dtype=float)
        features[has, 2 * i] = rows.reshape(len(rows), -1).mean(axis=1)
        features[has, 2 * i + 1] = rows.reshape(len(rows), -1)[:, 0]
    return features


class CohortLogistic(ClassifierMixin, BaseEstimator):
    """Logistic regression on `summarize`; refuses anything but a Cohort."""

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y):
        self.model_ = LogisticRegression(C=self.C).fit(summarize(X), y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(summarize(X))

    def predict_proba(self, X):
        return self.model_.predict_proba(summarize(X))

    def decision_function(self, X):
        return self.model_.decision_function(summarize(X))


class KeepModality(TransformerMixin, BaseEstimator):
    """A pipeline step from Cohort to Cohort."""

    def __init__(self, modality="gene"):
        self.modality = modality

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, [self.modality]]

    def __sklearn_is_fitted__(self):
        return True


def block_types(X, name):
    """Type of a block, then of the file it is a view of, as a joblib worker sees it."""
    rows = X.block(name)
    types = [type(rows).__name__]
    while (rows := getattr(rows, "base", None)) is not None:
        types += ["memmap"] * isinstance(rows, np.memmap)
    return types
