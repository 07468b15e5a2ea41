"""Keys of the content of blocks, for caches."""

import hashlib
import os
from typing import Any

import joblib
import numpy as np

from skmultimodal.utils._rows import RowView

__all__ = ["block_key"]


def block_key(rows: Any, lazy: bool) -> str:
    """A key that changes when the rows of a block change.

    An array is hashed. A lazy block is keyed by its source and modification time: by
    its own ``cache_key()`` if it has one, else by the file it names (a memmap's and
    h5py's ``filename``).

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
    if hasattr(rows, "cache_key"):
        return str(rows.cache_key())
    source = _source(rows)
    if source is None:
        raise ValueError(
            f"memory needs a key for the lazy block {type(rows).__name__}: give it a "
            "method cache_key(), a string that changes with its content."
        )
    status = os.stat(source)
    parts = (
        os.path.realpath(source),
        _place_in_file(rows),
        status.st_mtime_ns,
        status.st_size,
        getattr(rows, "name", ""),
        tuple(rows.shape),
        str(rows.dtype),
    )
    return "lazy" + repr(parts)


def _source(rows: Any) -> Any:
    if getattr(rows, "filename", None) is not None:  # numpy.memmap
        return rows.filename
    return getattr(getattr(rows, "file", None), "filename", None)  # h5py.Dataset


def _place_in_file(rows: Any) -> tuple[Any, ...]:
    """Offset and strides of a memmap: slices of one file differ only in these."""
    if not isinstance(rows, np.memmap):
        return ()
    whole = rows
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    return whole.offset, rows.ctypes.data - whole.ctypes.data, rows.strides


def _hash_array(array: np.ndarray) -> str:
    if array.dtype == object:
        return str(joblib.hash(array))
    digest = hashlib.sha256(repr((array.shape, array.dtype.str)).encode())
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    digest.update(content.data)
    return digest.hexdigest()
