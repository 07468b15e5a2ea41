"""Row access to blocks that are in memory or lazy."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import gen_batches

__all__ = [
    "NO_ARRAY",
    "MappedRows",
    "RowView",
    "StackedRows",
    "as_dense",
    "is_lazy",
    "is_lazy_in",
    "is_numeric",
    "lazy_batches",
    "refuse_changed_file",
    "row_positions",
    "take_rows",
    "unmasked",
    "view_rows",
]

# Of rows in float32 that are looked through at a time.
BATCH_BYTES = 2**25

NO_ARRAY = (
    "a Cohort is no array: its modalities have different columns, and patients lack "
    "some. X.block(name) is the array of one modality. A scaler belongs in a tower, "
    "such as ('gene', make_pipeline(StandardScaler(), LogisticRegression())); in place "
    "of permutation_importance use skmultimodal.inspection, such as "
    "modality_contributions or gene_attributions; what needs an array of all patients, "
    "such as BaggingClassifier, cannot take a Cohort."
)


def is_lazy(block: Any) -> bool:
    """Whether reading rows of `block` may touch a disk."""
    if isinstance(block, np.ndarray):
        return isinstance(block, np.memmap)
    # Sparse matrices, DataFrames and tensors are in memory, though they look alike.
    in_memory = any(hasattr(block, name) for name in ("toarray", "iloc", "detach"))
    return not in_memory and all(
        hasattr(block, name) for name in ("shape", "dtype", "__getitem__")
    )


def is_lazy_in(cohort: Any, name: str) -> bool:
    """Whether a modality of a cohort is lazy; no row is copied to see it."""
    return is_lazy(cohort[:0].block(name))


def lazy_batches(shape: tuple[int, ...]) -> Iterator[slice]:
    """Batches of the rows of a lazy table that are looked through one by one.

    They are as large as memory allows, since files are read by the chunk.
    """
    n_rows = max(1, BATCH_BYTES // (4 * max(1, int(np.prod(shape[1:])))))
    yield from gen_batches(shape[0], n_rows)


def is_numeric(table: pd.DataFrame) -> bool:
    """Whether every column of a table holds numbers."""
    return all(map(pd.api.types.is_numeric_dtype, table.dtypes))


def unmasked(rows: Any) -> Any:
    """A masked array with NaN, or None among objects, where it is masked."""
    if not isinstance(rows, np.ma.MaskedArray):
        return rows
    if not np.ma.is_masked(rows):
        return rows.data
    is_number = rows.dtype.kind in "iubfc"
    filled = rows.data.astype(np.result_type(rows, np.float32) if is_number else object)
    filled[np.ma.getmaskarray(rows)] = np.nan if is_number else None
    return filled


def row_positions(key: Any, n_rows: int) -> NDArray[np.intp]:
    """Turn an int, slice, boolean mask or integer array into row positions.

    Raises
    ------
    IndexError
        If the key is out of range, a mask of another length, or no index.
    """
    if key is Ellipsis:
        return np.arange(n_rows)
    if isinstance(key, slice):
        return np.arange(*key.indices(n_rows))
    positions = np.atleast_1d(np.asarray(key))
    if positions.ndim != 1:
        raise IndexError(f"rows are chosen by a 1-D key, got {positions.ndim}-D.")
    if positions.dtype == bool:
        if len(positions) != n_rows:
            raise IndexError(
                f"the boolean mask has {len(positions)} entries for {n_rows} rows."
            )
        return np.flatnonzero(positions)
    if positions.size == 0:
        return np.empty(0, dtype=np.intp)
    if positions.dtype.kind not in "iu":
        raise IndexError(
            "rows are chosen by integers, a slice or a boolean mask, got "
            f"{positions.dtype} values such as {positions[0]!r}."
        )
    outside = (positions < -n_rows) | (positions >= n_rows)
    if outside.any():
        raise IndexError(
            f"row {positions[outside][0]} is out of range for {n_rows} rows."
        )
    return np.where(positions < 0, positions + n_rows, positions).astype(np.intp)


def take_rows(block: Any, positions: NDArray[np.intp]) -> NDArray[Any]:
    """Read rows of `block` as an array; each row of a lazy block is read once."""
    if isinstance(block, np.ndarray) and not isinstance(block, np.memmap):
        return block[positions]
    if len(positions) == 0:
        return np.empty((0, *block.shape[1:]), dtype=block.dtype)
    refuse_changed_file(block)
    # h5py requires increasing positions, and disks read them faster.
    unique, inverse = np.unique(positions, return_inverse=True)
    rows = np.asarray(block[unique])
    in_order = len(unique) == len(positions) and bool(np.all(np.diff(positions) > 0))
    return rows if in_order else rows[inverse]


def refuse_changed_file(block: Any) -> None:
    """Raise an OSError that names the file of a lazy block if it is gone or cut.

    Reading a memmap beyond the end of its file kills the process, and a zarr array
    whose folder is gone gives zeros.
    """
    if isinstance(block, np.memmap) and block.filename is not None:
        path, whole = block.filename, block
        while isinstance(whole.base, np.memmap):
            whole = whole.base
        needed = whole.offset + whole.nbytes
    elif getattr(getattr(block, "store", None), "root", None) is not None:
        path, needed = block.store.root, 0  # zarr.Array in a folder
    else:
        return
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"{path}, which a lazy block reads, is gone: restore it."
        )
    size = os.stat(path).st_size
    if size < needed:
        raise OSError(
            f"{path} has {size} bytes; it had {needed} when the lazy block that reads "
            "it was opened."
        )


class RowView:
    """Chosen rows of a lazy block, read when indexed.

    Parameters
    ----------
    block : array-like
        Anything with ``shape``, ``dtype`` and integer-array ``__getitem__``.
    positions : ndarray of int
        Rows of `block`, in the order of the view; rows may repeat.
    """

    def __init__(self, block: Any, positions: NDArray[np.intp]) -> None:
        self.block = block
        self.positions = positions

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.positions), *self.block.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        return self.block.dtype

    @property
    def ndim(self) -> int:
        return len(self.block.shape)

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows = take_rows(self.block, self.positions[row_positions(key, len(self))])
        return rows[0] if isinstance(key, int | np.integer) else rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(take_rows(self.block, self.positions), dtype=dtype)

    def view(self, positions: NDArray[np.intp]) -> "RowView":
        """Rows of the view, unread."""
        return type(self)(self.block, self.positions[positions])

    def __repr__(self) -> str:
        return f"RowView(shape={self.shape}, dtype={self.dtype})"


class StackedRows:
    """The rows of several lazy blocks, one block after the other, read when indexed.

    Parameters
    ----------
    blocks : sequence of array-like
        Of equal shape but for the number of rows, or blocks of bags.
    """

    def __init__(self, blocks: Sequence[Any]) -> None:
        self.blocks = list(blocks)
        self.ends = np.cumsum([block.shape[0] for block in self.blocks])

    @property
    def shape(self) -> tuple[int, ...]:
        first, *others = self._row_shapes
        return int(self.ends[-1]), *(() if others else first)

    @property
    def dtype(self) -> np.dtype:
        if len(self._row_shapes) > 1:
            return np.dtype(object)
        return np.result_type(*(block.dtype for block in self.blocks))

    @property
    def _row_shapes(self) -> set[tuple[int, ...]]:
        return {tuple(block.shape[1:]) for block in self.blocks}

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        positions = row_positions(key, len(self))
        rows = np.empty((len(positions), *self.shape[1:]), dtype=self.dtype)
        numbers = np.searchsorted(self.ends, positions, side="right")
        for number, block in enumerate(self.blocks):
            of_block = numbers == number
            start = self.ends[number] - block.shape[0]
            taken = take_rows(block, positions[of_block] - start)
            if rows.ndim == taken.ndim:
                rows[of_block] = taken
            else:  # bags of one number of vectors beside others
                for place, bag in zip(np.flatnonzero(of_block), taken, strict=True):
                    rows[place] = bag
        return rows


class MappedRows:
    """The rows of a lazy block, changed when they are read.

    Parameters
    ----------
    block : array-like
        As of `RowView`.
    row_shape : tuple of int
        Of a row after the change.
    dtype : dtype
        Likewise.
    change : callable
        Rows to changed rows.
    """

    def __init__(
        self,
        block: Any,
        row_shape: tuple[int, ...],
        dtype: np.dtype,
        change: Callable[[NDArray[Any]], NDArray[Any]],
    ) -> None:
        self.block, self.row_shape = block, row_shape
        self.dtype, self.change = dtype, change

    @property
    def shape(self) -> tuple[int, ...]:
        return self.block.shape[0], *self.row_shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows = self.change(take_rows(self.block, row_positions(key, len(self))))
        return rows[0] if isinstance(key, int | np.integer) else rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)


def view_rows(rows: Any, positions: NDArray[np.intp]) -> Any:
    """Rows of an array, or of a table or `RowView`, which stay one."""
    if isinstance(rows, RowView):
        return rows.view(positions)
    if isinstance(rows, pd.DataFrame):
        return rows.iloc[positions]
    return rows[positions]


def as_dense(output: Any) -> NDArray[Any]:
    """The output of an estimator, which may be a sparse matrix, as an array."""
    return output.toarray() if issparse(output) else np.asarray(output)
