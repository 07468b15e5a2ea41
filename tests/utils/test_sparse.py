"""Sparse matrices as blocks: never dense as a whole, and as good as dense ones."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    Cohort,
    CrossFittedEnsembleClassifier,
    GeneAutoencoderTransformer,
    TwinTowerClassifier,
)
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.utils._digest import block_key
from skmultimodal.utils._sparse import SparseRows, takes_sparse

N, N_GENES = 61, 230
# Limits of what is kept, and of what is read at once, in units of 300 columns.
SMALL = {
    "_gene_base.KEPT_BYTES": 0,
    "_gene_base.CHUNK": 32,
    "_cross_fitting.DENSE_BYTES": 0,
    "_components.CHUNK_ELEMENTS": 64 * 300,
    "_base.INFERENCE_ELEMENTS": 64 * 300,
}


@pytest.fixture
def matrix(rng):
    y = np.arange(N) % 2
    counts = rng.poisson(0.2, size=(N, N_GENES)).astype(np.float64)
    counts[:, :9] += rng.poisson(2, size=(N, 9)) * y[:, None]
    return scipy.sparse.csr_matrix(counts)


@pytest.fixture
def longest(monkeypatch):
    """The most rows that were made dense at once."""
    longest = [0]
    dense = scipy.sparse.csr_matrix.toarray

    def toarray(self, *args, **kwargs):
        longest[0] = max(longest[0], self.shape[0])
        return dense(self, *args, **kwargs)

    monkeypatch.setattr(scipy.sparse.csr_matrix, "toarray", toarray)
    return longest


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool"])
def test_rows_are_float32(matrix, dtype):
    rows = SparseRows(matrix.astype(dtype))
    dense = matrix.astype(dtype).toarray().astype(np.float32)
    assert rows.dtype == np.float32
    assert rows.shape == (N, N_GENES)
    assert rows[:].dtype == np.float32
    np.testing.assert_array_equal(rows[[5, 2, 2]], dense[[5, 2, 2]])
    np.testing.assert_array_equal(rows[-1], dense[-1])
    assert rows.take_sparse(np.array([3, 1])).dtype == np.float32


def test_a_csr_matrix_is_not_copied(matrix):
    X = Cohort({"rna": matrix})
    rows = X[5:9].block("rna").block
    assert np.shares_memory(rows.matrix.data, matrix.data)
    kept = X[[3, 8]].compact()
    assert kept.block("rna").block.shape == (2, N_GENES)
    np.testing.assert_array_equal(kept.block("rna"), X[[3, 8]].block("rna"))


def test_what_a_sparse_block_takes_is_counted(matrix):
    X = Cohort({"rna": matrix})
    stored = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert X.__sizeof__() == 1000 + stored


def test_a_table_of_sparse_columns(matrix):
    ids = [f"p{i}" for i in range(N)]
    names = [f"g{i}" for i in range(N_GENES)]
    table = pd.DataFrame.sparse.from_spmatrix(matrix, ids, names)
    X = Cohort({"rna": table})
    assert isinstance(X[3:5].block("rna").block, SparseRows)
    assert X.feature_names("rna") == names
    np.testing.assert_array_equal(X.block("rna"), table.to_numpy(dtype=np.float32))


def test_cohorts_are_stacked_sparse(matrix):
    parts = [
        Cohort({"rna": matrix[rows]}, index=np.arange(N)[rows])
        for rows in (slice(0, 20), slice(20, N))
    ]
    X = Cohort.concat(parts)
    assert isinstance(X.block("rna").block, SparseRows)
    np.testing.assert_array_equal(X.block("rna"), matrix.toarray())


def test_key_follows_the_content(matrix):
    rows = SparseRows(matrix)
    key = block_key(rows, True)
    assert block_key(SparseRows(matrix.copy()), True) == key
    assert block_key(pickle.loads(pickle.dumps(rows)), True) == key
    other = matrix.copy()
    other.data[3] += 1
    moved = matrix.copy()
    moved.indices[0] += 1
    for changed in (other, moved, matrix[:-1], matrix[::-1]):
        assert block_key(SparseRows(changed), True) != key


def gene_tower():
    return GeneAutoencoderTransformer(max_epochs=2)


def svd_tower():
    return make_pipeline(TruncatedSVD(5, random_state=0), LogisticRegression())


@pytest.mark.filterwarnings("ignore:.*training did nothing")
@pytest.mark.filterwarnings("ignore:.*do not follow their labels")
@pytest.mark.parametrize("tower_cv", [None, 2])
@pytest.mark.parametrize(
    "make_tower",
    [gene_tower, svd_tower, lambda: make_pipeline(PCA(5), LogisticRegression())],
    ids=["network", "svd", "pca"],
)
def test_a_sparse_block_fits_as_a_dense_one(make_tower, tower_cv, matrix, tmp_path):
    y, kept = np.arange(N) % 2, np.random.default_rng(1).permutation(N)
    towers = [("rna", make_tower())]
    model = TwinTowerClassifier(towers, tower_cv=tower_cv, random_state=0)
    dense = Cohort({"rna": matrix.toarray().astype(np.float32)})
    wanted = clone(model).fit(dense, y).predict_proba(dense[kept])
    X = Cohort({"rna": matrix})
    for memory in (None, tmp_path, tmp_path):
        fitted = clone(model).set_params(memory=memory).fit(X, y)
        np.testing.assert_allclose(fitted.predict_proba(X[kept]), wanted, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*training did nothing")
@pytest.mark.filterwarnings("ignore:.*do not follow their labels")
def test_few_rows_are_made_dense_once_for_all_members(matrix, monkeypatch):
    reads, take = [], SparseRows.take_sparse

    def record(self, positions):
        reads.append(len(positions))
        return take(self, positions)

    monkeypatch.setattr(SparseRows, "take_sparse", record)
    ensemble = CrossFittedEnsembleClassifier(gene_tower(), cv=3, random_state=0)
    ensemble.fit(SparseRows(matrix), np.arange(N) % 2)
    assert reads == [2, N]  # two to see what they are


@pytest.mark.filterwarnings("ignore:.*training did nothing")
@pytest.mark.filterwarnings("ignore:.*do not follow their labels")
@pytest.mark.parametrize("make_tower", [gene_tower, svd_tower], ids=["net", "svd"])
def test_no_dense_array_of_the_block_is_made(make_tower, monkeypatch, rng, longest):
    """Fitted, cross-validated and predicted, with no room to keep the rows dense."""
    for name, value in SMALL.items():
        monkeypatch.setattr(f"skmultimodal.towers.{name}", value)
    # Some rows are read for their units, and 67 of 200 to see whether one is the label.
    monkeypatch.setattr("skmultimodal.utils._scales.MOST_ROWS", 64)
    n = 400
    X = Cohort({"rna": scipy.sparse.random(n, 300, 0.1, "csr", random_state=rng)})
    y = np.arange(n) % 2
    towers = [("rna", make_tower())]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0)
    cv = PairedStratifiedKFold(2, random_state=0)
    cross_validate(model, X, y, cv=cv, error_score="raise")
    model.fit(X, y).predict_proba(X)
    assert 0 < longest[0] <= 67


class Step(BaseEstimator):
    def fit(self, X, y=None):
        return self


@pytest.mark.parametrize(
    ("estimator", "sparse"),
    [
        (TruncatedSVD(), True),
        (make_pipeline(TruncatedSVD(), gene_tower()), True),
        (make_pipeline("passthrough", TruncatedSVD(), Step()), True),
        (LogisticRegression(), True),
        (make_pipeline(StandardScaler(), TruncatedSVD()), False),
        (make_pipeline(StandardScaler(with_mean=False), LogisticRegression()), True),
        (make_pipeline(StandardScaler(with_mean=False), gene_tower()), False),
        (gene_tower(), False),
        (Step(), False),
    ],
    ids=str,
)
def test_what_takes_a_sparse_matrix(estimator, sparse):
    assert takes_sparse(estimator) is sparse
