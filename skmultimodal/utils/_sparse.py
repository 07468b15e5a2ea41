"""Sparse matrices in memory as blocks: rows are made dense when they are read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skmultimodal.utils._digest import hash_arrays
from skmultimodal.utils._rows import RowView, is_lazy, row_positions

__all__ = [
    "SparseRows",
    "held_bytes",
    "rows_for",
    "sparse_of",
    "stack_sparse",
    "takes_sparse",
    "values_of",
]


class SparseRows:
    """Rows of a sparse matrix, made dense in float32 when they are read.

    Parameters
    ----------
    matrix : sparse matrix or array of shape (n_rows, n_features)
        Kept as it is if it is stored by row (CSR), else converted to that.
    feature_names : list of str, default=None
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, matrix: Any, feature_names: list[str] | None = None) -> None:
        self.matrix = matrix.tocsr()
        self.feature_names = feature_names

    @property
    def shape(self) -> tuple[int, int]:
        return self.matrix.shape

    @property
    def held_bytes(self) -> int:
        """What the matrix takes in memory."""
        matrix = self.matrix
        return matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        rows = self.take_sparse(row_positions(key, len(self))).toarray()
        return rows[0] if isinstance(key, int | np.integer) else rows

    def take_sparse(self, positions: NDArray[np.intp]) -> Any:
        """Some rows as a CSR matrix of float32."""
        every = np.array_equal(positions, np.arange(len(self)))
        rows = self.matrix if every else self.matrix[positions]
        return rows.astype(np.float32, copy=False)

    def part(self, positions: NDArray[np.intp]) -> "SparseRows":
        """Some rows, without the others in memory."""
        return SparseRows(self.matrix[positions])

    def cache_key(self) -> str:
        """A digest of the matrix."""
        matrix = self.matrix
        parts = matrix.data, matrix.indices, matrix.indptr
        return f"sparse{self.shape}{hash_arrays(*parts)}"

    def __repr__(self) -> str:
        return f"SparseRows(shape={self.shape}, {self.matrix.nnz} stored values)"


def held_bytes(rows: Any, lazy: bool) -> int:
    """Memory that a block takes; of a lazy one, what it does not leave on disk."""
    return int(getattr(rows, "held_bytes", 0) if lazy else rows.nbytes)


def stack_sparse(blocks: list[Any]) -> SparseRows:
    """The rows of several blocks, one block after the other."""
    return SparseRows(vstack([block.matrix for block in blocks], format="csr"))


def takes_sparse(estimator: Any) -> bool:
    """Whether ``fit`` takes a sparse matrix.

    A decomposition of scikit-learn that takes one gives dense components, so that
    what comes after it in a Pipeline may take those only.
    """
    if isinstance(estimator, Pipeline):
        steps = [s for _, s in estimator.steps if s is not None and s != "passthrough"]
        if steps and type(steps[0]).__module__.startswith("sklearn.decomposition"):
            return takes_sparse(steps[0])
    if not hasattr(estimator, "__sklearn_tags__"):
        return False
    return bool(get_tags(estimator).input_tags.sparse)


def sparse_of(rows: Any) -> Any:
    """A CSR matrix of float32 of rows that a sparse block gives; None of others."""
    positions, block = None, rows
    while isinstance(block, RowView):
        positions = block.positions if positions is None else block.positions[positions]
        block = block.block
    if not hasattr(block, "take_sparse"):
        return None
    every = np.arange(block.shape[0]) if positions is None else positions
    return block.take_sparse(every)


def values_of(rows: Any) -> NDArray[Any]:
    """Rows of a table in memory; of a sparse one, what is stored, if that is finite."""
    matrix = sparse_of(rows) if is_lazy(rows) else None
    if matrix is not None and np.isfinite(matrix.data).all():
        return matrix.data
    return np.asarray(rows)


def rows_for(estimator: Any, rows: Any) -> Any:
    """Rows as a CSR matrix if they are sparse and `estimator` takes that; or as given.

    Columns that are matched by name, or stacked from files, are made dense.
    """
    if not is_lazy(rows) or not takes_sparse(estimator):
        return rows
    matrix = sparse_of(rows)
    return rows if matrix is None else matrix
