"""Keys of the content of blocks, for caches."""

import hashlib
import os
import weakref
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from skmultimodal.utils._files import file_stamp
from skmultimodal.utils._rows import RowView, StackedRows, is_lazy

__all__ = ["block_key", "hash_arrays", "hash_rows", "node_key"]

# Values of a file that are read at a time.
PART_BYTES = 2**24
# Digests of smaller arrays are not kept.
KEPT_BYTES = 2**20


def block_key(rows: Any, lazy: bool) -> str:
    """A key that changes when the rows of a block change.

    An array is hashed, and so is a file that can be written to through the block. A
    lazy block is otherwise keyed by its source: by its own ``cache_key()`` if it has
    one, else by the file it names (a memmap's and h5py's ``filename``), with its
    times, size and inode.

    Raises
    ------
    ValueError
        If the source of a lazy block cannot be found.
    """
    if not lazy:
        return _hash_array(np.asarray(rows))
    if isinstance(rows, RowView):
        positions = _hash_array(rows.positions)
        return f"{block_key(rows.block, lazy=True)}[{positions}]"
    if isinstance(rows, StackedRows):
        return "+".join(block_key(block, lazy=is_lazy(block)) for block in rows.blocks)
    if hasattr(rows, "cache_key"):
        return str(rows.cache_key())
    source = _source(rows)
    if source is None:
        raise ValueError(
            f"memory needs a key for the lazy block {type(rows).__name__}: give it a "
            "method cache_key(), a string that changes with its content."
        )
    if _can_be_written(rows):
        # Its times change with the first of several changes only.
        return hash_rows(rows)
    parts = (
        *file_stamp(source),
        _place_in_file(rows),
        getattr(rows, "name", ""),
        tuple(rows.shape),
        str(rows.dtype),
    )
    return "lazy" + repr(parts)


def node_key(node: Any) -> str | None:
    """A digest of the files of a zarr array or group; None if it has none here.

    A file is known by its place, inode, size and times: chunks, and what describes
    them.
    """
    store = getattr(node, "store", None)
    root = getattr(store, "root", None) or getattr(store, "path", None)
    if not isinstance(root, str | os.PathLike) or not os.path.exists(root):
        return None
    folder = Path(root, node.path)
    inside = sorted(folder.rglob("*")) if folder.is_dir() else [Path(root)]
    stamps = [file_stamp(path) for path in inside if path.is_file()]
    return hashlib.sha256(repr((node.path, stamps)).encode()).hexdigest()


def _source(rows: Any) -> Any:
    if getattr(rows, "filename", None) is not None:  # numpy.memmap
        return rows.filename
    return getattr(getattr(rows, "file", None), "filename", None)  # h5py.Dataset


def _can_be_written(rows: Any) -> bool:
    if isinstance(rows, np.memmap):
        return _whole(rows).mode != "r"
    return getattr(getattr(rows, "file", None), "mode", "r") != "r"


def _whole(rows: np.memmap) -> np.memmap:
    """The memmap that this one is a part of."""
    while isinstance(rows.base, np.memmap):
        rows = rows.base
    return rows


def _place_in_file(rows: Any) -> tuple[Any, ...]:
    """Offset and strides of a memmap: slices of one file differ only in these."""
    if not isinstance(rows, np.memmap):
        return ()
    whole = _whole(rows)
    return whole.offset, rows.ctypes.data - whole.ctypes.data, rows.strides


def hash_rows(rows: Any) -> str:
    """Of the content of a lazy block, some rows at a time."""
    digest = hashlib.sha256(repr((tuple(rows.shape), str(rows.dtype))).encode())
    n_rows = max(1, PART_BYTES // max(1, int(np.prod(rows.shape[1:]))))
    for start in range(0, rows.shape[0], n_rows):
        digest.update(_hash_array(np.asarray(rows[start : start + n_rows])).encode())
    return digest.hexdigest()


def hash_arrays(*arrays: Any) -> str:
    """Of the content of several arrays."""
    return hashlib.sha256(repr(list(map(_hash_array, arrays))).encode()).hexdigest()


# By the number of a large array: a reference to it, the checksum of its content, and
# its digest.
_known: dict[int, tuple[Any, int, str]] = {}


def _hash_array(array: np.ndarray) -> str:
    """Digest of an array; of a large one that has not changed it is kept.

    A search asks for the same array hundreds of times, and a checksum, which shows that
    it is unchanged, takes a third of the time of a digest.
    """
    if array.dtype == object:
        return str(joblib.hash(array))
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    kind = repr((array.shape, array.dtype.str)).encode()
    if array.nbytes < KEPT_BYTES:
        return _digest(kind, content)
    checksum, place = zlib.crc32(content, zlib.crc32(kind)), id(array)
    kept, of_kept, digest = _known.get(place, (lambda: None, 0, ""))
    if kept() is not array or of_kept != checksum:
        digest = _digest(kind, content)
        # Another array may get the number of one that is gone.
        reference = weakref.ref(array, lambda _: _known.pop(place, None))
        _known[place] = reference, checksum, digest
    return digest


def _digest(kind: bytes, content: Any) -> str:
    digest = hashlib.sha256(kind)
    digest.update(content)
    return digest.hexdigest()
