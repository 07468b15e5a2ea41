"""Rows of HDF5 files and zarr folders: they pickle as a place, and reopen there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, issparse

from skmultimodal.utils._digest import hash_rows, node_key
from skmultimodal.utils._files import file_stamp
from skmultimodal.utils._rows import refuse_changed_file, row_positions
from skmultimodal.utils._sparse import SparseRows

__all__ = ["StoredRows", "StoredSparseRows", "open_block"]

LAYOUTS = {"csr_matrix": csr_matrix, "csc_matrix": csc_matrix}


def open_block(name: str, rows: Any) -> Any:
    """Rows of a modality as a block, if they are sparse, or of h5py or zarr.

    Parameters
    ----------
    name : str
    rows : object
        A sparse matrix, a dataset of h5py or array of zarr, a sparse matrix that
        AnnData has opened or the group of h5py or zarr that it lies in. Others are
        returned as they are.

    Raises
    ------
    TypeError
        If a sparse matrix holds no numbers.
    """
    if issparse(rows):
        if rows.dtype.kind not in "biuf":
            raise TypeError(
                f"modality {name!r} is a sparse matrix of {rows.dtype}: make its "
                "values real numbers."
            )
        return SparseRows(rows)
    if hasattr(rows, "group") and hasattr(rows, "format"):
        rows = rows.group  # AnnData's CSRDataset and CSCDataset
    package = type(rows).__module__.split(".")[0]
    if package not in ("h5py", "zarr"):
        return rows
    if hasattr(rows, "shape"):
        return StoredRows(rows)
    layout = rows.attrs.get("encoding-type")
    if layout not in LAYOUTS:
        raise TypeError(
            f"modality {name!r} is a group of a file: give one of its datasets, or a "
            "group that AnnData wrote a sparse matrix to."
        )
    return StoredSparseRows(rows, layout)


class _H5Place:
    """A dataset or group of an HDF5 file, which is opened for each read.

    One of a file that can be written to, or of none, is read as it was opened.
    """

    def __init__(self, node: Any) -> None:
        self.path = os.path.realpath(node.file.filename)
        self.name = node.name
        there = os.path.isfile(self.path) and node.file.mode == "r"
        self.live = None if there else node
        self.stamp = self._stamp() if there else None

    def _stamp(self) -> tuple[int, int]:
        if not os.path.isfile(self.path):
            raise FileNotFoundError(
                f"{self.path}, which a lazy block reads, is gone: restore it."
            )
        status = os.stat(self.path)
        return status.st_size, status.st_mtime_ns

    @contextmanager
    def open(self) -> Iterator[Any]:
        if self.live is not None:
            yield self.live
            return
        import h5py

        if self._stamp() != self.stamp:
            raise OSError(
                f"{self.path} has changed since a lazy block was made of it: make the "
                "cohort again."
            )
        with h5py.File(self.path, "r") as file:
            yield file[self.name]

    def key(self) -> Any:
        """What changes with the content; None if that must be read."""
        return None if self.live is not None else (*file_stamp(self.path), self.name)

    def __str__(self) -> str:
        return f"{self.path}:{self.name}"

    def __getstate__(self) -> dict[str, Any]:
        if self.live is not None:
            raise TypeError(
                f"the block {self.name!r} of {self.path} cannot be sent to another "
                "process, since its file can be written to or is in memory: open it "
                "with h5py.File(path, 'r')."
            )
        return vars(self)


class _ZarrPlace:
    """An array or group of a zarr store, which pickles by itself."""

    def __init__(self, node: Any) -> None:
        self.node = node
        root = getattr(node.store, "root", None)
        if root is not None and not os.path.isabs(root):
            import zarr

            # Another process may have another working folder.
            self.node = zarr.open(os.path.abspath(root), path=node.path, mode="r")

    @contextmanager
    def open(self) -> Iterator[Any]:
        refuse_changed_file(self.node)
        yield self.node

    def key(self) -> Any:
        return node_key(self.node)

    def __str__(self) -> str:
        return f"{self.node.store}/{self.node.path}"


def _place_of(node: Any) -> Any:
    return (_H5Place if type(node).__module__.startswith("h5py") else _ZarrPlace)(node)


class StoredRows:
    """Rows of a dataset of an HDF5 file, or of an array of zarr.

    Parameters
    ----------
    dataset : h5py.Dataset or zarr.Array
        A file may be closed afterwards if it was opened to read.
    """

    def __init__(self, dataset: Any) -> None:
        self.place = _place_of(dataset)
        self.shape = tuple(dataset.shape)
        self.dtype = dataset.dtype
        self.feature_names: list[str] | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        positions, inverse = _increasing(row_positions(key, len(self)))
        with self.place.open() as dataset:
            rows = dataset[_as_slice(positions)]
        if not np.array_equal(inverse, np.arange(len(positions))):
            rows = rows[inverse]
        return rows[0] if isinstance(key, int | np.integer) else rows

    def cache_key(self) -> str:
        """Place and times of its files; a digest if they are unknown or not final."""
        key = self.place.key()
        return hash_rows(self) if key is None else f"{key}{self.shape}{self.dtype}"

    def __repr__(self) -> str:
        return f"StoredRows({self.place}, shape={self.shape}, dtype={self.dtype})"


class StoredSparseRows:
    """Rows of a sparse matrix in a file, made dense in float32 when they are read.

    Of a matrix stored by row (CSR) the rows asked for are read. One stored by column
    (CSC) is read whole, once in each process, and kept as CSR.

    Parameters
    ----------
    group : h5py.Group or zarr.Group
        As AnnData writes it.
    layout : {"csr_matrix", "csc_matrix"}
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, group: Any, layout: str) -> None:
        self.place = _place_of(group)
        n_rows, n_columns = map(int, group.attrs["shape"])
        self.shape = n_rows, n_columns
        self.layout = layout
        self.feature_names: list[str] | None = None
        self._read: Any = None  # the matrix of a CSC, row pointers of a CSR

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        rows = self.take_sparse(row_positions(key, len(self))).toarray()
        return rows[0] if isinstance(key, int | np.integer) else rows

    def take_sparse(self, positions: NDArray[np.intp]) -> Any:
        """Some rows as a CSR matrix of float32."""
        if self.layout == "csc_matrix":
            return self._whole()[positions]
        wanted, inverse = _increasing(positions)
        rows = self._rows(wanted)
        return (
            rows if np.array_equal(inverse, np.arange(len(wanted))) else rows[inverse]
        )

    def _whole(self) -> csr_matrix:
        if self._read is None:
            with self.place.open() as group:
                data = group["data"][:].astype(np.float32, copy=False)
                parts = data, group["indices"][:], group["indptr"][:]
            self._read = csc_matrix(parts, shape=self.shape).tocsr()
        return self._read

    def _rows(self, positions: NDArray[np.intp]) -> csr_matrix:
        with self.place.open() as group:
            if self._read is None:
                self._read = group["indptr"][:].astype(np.int64)
            starts, ends = self._read[positions], self._read[positions + 1]
            # Rows that lie side by side are one read.
            breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
            spans = [
                slice(int(starts[run[0]]), int(ends[run[-1]]))
                for run in np.split(np.arange(len(positions)), breaks)
                if len(run)
            ]
            data = [group["data"][span].astype(np.float32) for span in spans]
            columns = [group["indices"][span] for span in spans]
        pointers = np.concatenate([[0], np.cumsum(ends - starts)])
        if not spans:
            return csr_matrix((0, self.shape[1]), dtype=np.float32)
        parts = np.concatenate(data), np.concatenate(columns), pointers
        return csr_matrix(parts, shape=(len(positions), self.shape[1]))

    def cache_key(self) -> str:
        """Place and times of its files; a digest if they are unknown or not final."""
        key = self.place.key()
        return hash_rows(self) if key is None else f"sparse{key}{self.shape}"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_read": None}

    def __repr__(self) -> str:
        return f"StoredSparseRows({self.place}, {self.layout}, shape={self.shape})"


def _increasing(
    positions: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions once each, in order, and the place of each among them."""
    unique, inverse = np.unique(positions, return_inverse=True)
    return unique, inverse


def _as_slice(positions: NDArray[np.intp]) -> Any:
    """Positions that are side by side as a slice, which h5py reads at once."""
    if len(positions) and positions[-1] - positions[0] == len(positions) - 1:
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions
