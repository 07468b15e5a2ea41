"""Vectors as other programs store them: NumPy, HDF5, AnnData and parquet files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skmultimodal.io._bytes import read_bytes, read_text
from skmultimodal.io._names import is_corner_name, is_patient_name
from skmultimodal.io._provenance import find_provenance
from skmultimodal.utils._optional import import_optional

__all__ = ["STORED", "ids_beside"]

Found = TypeVar("Found")
IDS = ".ids.txt"


def ids_beside(path: Path) -> Path:
    """The file of ids of a NumPy array: ``wsi.ids.txt`` beside ``wsi.npy``."""
    stem = path.name[: path.name.lower().rindex(".npy")]
    return path.with_name(stem + IDS)


def _attempt(path: Path, what: str, read: Callable[[Any], Found]) -> Found:
    """What a library reads of a file's bytes, or one sentence that names the file."""
    raw = io.BytesIO(read_bytes(path))
    try:
        return read(raw)
    except Exception as error:  # damage may show anywhere in such a file
        reason = str(error).split("\n", 1)[0]
        raise ValueError(f"{path}: no readable {what} file ({reason}).") from error


def _frame(path: Path, ids: Any, values: NDArray[Any], names: Any = None) -> Any:
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: an array of numbers of shape (patients, features) is needed, got "
            f"{values.dtype} of shape {values.shape}."
        )
    if len(ids) != len(values):
        raise ValueError(
            f"{path}: {len(values)} rows of features and {len(ids)} ids; one id is "
            "needed for each row, in their order."
        )
    if names is None:
        stem = path.name.split(".", 1)[0]
        names = [f"{stem}{i}" for i in range(values.shape[1])]
    index = pd.Index(ids, name="patient")
    return pd.DataFrame(values.astype(np.float32), index=index, columns=names)


def _read_npy(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    beside = ids_beside(path)
    if not beside.exists():
        raise ValueError(
            f"{path}: an array without ids: write them to {beside.name} beside it, one "
            "a line, in the order of the rows."
        )
    values = _attempt(path, "NumPy", lambda raw: np.load(raw, allow_pickle=False))
    if not isinstance(values, np.ndarray):
        raise ValueError(f"{path}: an archive of arrays, a single one is needed.")
    lines = [line.strip() for line in read_text(beside).rstrip("\n").split("\n")]
    if values.ndim == 2 and len(lines) == len(values) + 1:
        lines = lines[is_corner_name(lines[0]) :]
    return _frame(path, lines, values), {}


def _read_hdf5(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    h5py = import_optional("h5py", "omics")

    def take(raw: Any) -> tuple[dict[str, NDArray[Any]], dict[str, str], list[str]]:
        with h5py.File(raw, "r") as file:
            flat = {
                name: item
                for name, item in file.items()
                if isinstance(item, h5py.Dataset) and item.ndim in (1, 2)
            }
            metadata = dict(file.attrs)
            for item in flat.values():
                metadata |= dict(item.attrs)
            arrays = {name: _plain(item[()]) for name, item in flat.items()}
            return arrays, find_provenance(metadata), sorted(file)

    arrays, provenance, there = _attempt(path, "HDF5", take)
    ids, values = _ids_and_vectors(arrays, path, there)
    return _frame(path, ids, values), provenance


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Text of HDF5, which is stored as bytes, as text."""
    if values.dtype.kind in "SO":
        cells = [
            cell.decode() if isinstance(cell, bytes) else str(cell)
            for cell in values.ravel()
        ]
        return np.array(cells, dtype=object).reshape(values.shape)
    return values


def _ids_and_vectors(
    arrays: dict[str, NDArray[Any]], path: Path, there: list[str]
) -> tuple[Any, NDArray[Any]]:
    """One dataset of ids and one of vectors, or a dataset of each patient's vector."""
    tables = [n for n, a in arrays.items() if a.ndim == 2 and a.dtype.kind in "fiu"]
    lists = [n for n, a in arrays.items() if a.ndim == 1]
    named = [n for n in lists if is_corner_name(n.removesuffix("s"))]
    texts = [n for n in lists if arrays[n].dtype.kind == "O"]
    ids = named or texts
    patient = [n for n in ids if is_patient_name(n.removesuffix("s"))]
    ids = patient if len(ids) > 1 else ids
    if len(tables) == 1 and len(ids) == 1:
        return arrays[ids[0]], arrays[tables[0]]
    numeric = all(arrays[n].dtype.kind in "fiu" for n in lists)
    widths = {len(arrays[n]) for n in lists}
    if lists and not tables and not ids and numeric and len(widths) == 1:
        return lists, np.stack([arrays[n] for n in lists])
    raise ValueError(
        f"{path}: one dataset 'ids' and one of shape (patients, features) are needed, "
        f"or one vector per patient, named as the patient; it has "
        f"{', '.join(there[:5]) or 'nothing'}."
    )


def _read_anndata(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    h5py = import_optional("h5py", "omics")
    anndata = import_optional("anndata.io", "omics")

    def take(raw: Any) -> Any:
        with h5py.File(raw, "r") as file:
            return anndata.read_elem(file)

    data = _attempt(path, "AnnData", take)
    if not hasattr(data, "obs_names"):
        raise ValueError(f"{path}: no AnnData object, which has obs and X or obsm.")
    keys = sorted(data.obsm)
    if data.X is not None and data.n_vars:
        values, names = data.X, list(data.var_names)
    elif len(keys) == 1:
        values, names = data.obsm[keys[0]], None
        names = list(values.columns) if isinstance(values, pd.DataFrame) else None
    else:
        raise ValueError(
            f"{path}: X is empty and obsm has {', '.join(keys) or 'nothing'}: keep one "
            "table of features, in X or in obsm."
        )
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    ids = data.obs_names.to_numpy(dtype=object)
    return _frame(path, ids, values, names), find_provenance(data.uns)


def _read_parquet(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    def take(raw: Any) -> tuple[pd.DataFrame, dict[str, str]]:
        table = pq.read_table(raw)
        metadata = find_provenance(table.schema.metadata or {})
        return table.to_pandas(), metadata

    table, provenance = _attempt(path, "parquet", take)
    return _spread(table, path), provenance


def _spread(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """A column whose cells are vectors, as a column for each of their numbers."""
    vectors = [
        place
        for place in range(table.shape[1])
        if pd.api.types.is_object_dtype(table.dtypes.iloc[place])
        and table.iloc[:, place].map(np.ndim).eq(1).any()
    ]
    if not vectors:
        return table
    if len(vectors) > 1:
        names = ", ".join(str(table.columns[place]) for place in vectors)
        raise ValueError(f"{path}: several columns of vectors ({names}); keep one.")
    cells, name = table.iloc[:, vectors[0]], table.columns[vectors[0]]
    present = cells.map(np.ndim).eq(1).to_numpy()
    widths = cells[present].map(len)
    if widths.nunique() > 1:
        odd = int(np.flatnonzero(present)[(widths != widths.iloc[0]).argmax()])
        raise ValueError(
            f"{path}: the vector of row {odd} has {len(cells.iloc[odd])} numbers, that "
            f"of the first row {widths.iloc[0]}."
        )
    values = np.full((len(cells), widths.iloc[0]), np.nan, dtype=np.float32)
    try:
        values[present] = np.stack([np.asarray(c) for c in cells[present]])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: column {name!r} holds no numbers.") from error
    columns = [f"{name}{i}" for i in range(values.shape[1])]
    spread = pd.DataFrame(values, index=table.index, columns=columns)
    return pd.concat([table.drop(columns=name), spread], axis=1)


# Reader of each ending: a table with ids in its index or a column, and its provenance.
STORED: dict[str, Callable[[Path], tuple[pd.DataFrame, dict[str, str]]]] = {
    "npy": _read_npy,
    "h5": _read_hdf5,
    "h5ad": _read_anndata,
    "parquet": _read_parquet,
}
