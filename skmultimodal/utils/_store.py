"""How a cohort's blocks are joined into one set of rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._rows import is_lazy

__all__ = ["Block", "Store", "align", "align_metadata", "join", "keyed", "make_block"]


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of one modality, shared by every view of a cohort."""

    rows: Any
    names: list[str] | None
    # Decided once: joblib hands arrays to its workers as memmaps, which must go on
    # being treated as the arrays they were.
    lazy: bool


@dataclass(frozen=True, eq=False)
class Store:
    """What all views share: the blocks, and for each row its place in each block."""

    blocks: dict[str, Block]
    positions: dict[str, NDArray[np.intp]]  # -1: the row lacks the modality
    index: pd.Index
    metadata: pd.DataFrame | None = None
    # Content keys of the blocks, filled by those who cache on them.
    keys: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Keyed:
    """A block whose rows carry patient ids."""

    ids: pd.Index
    rows: Any
    names: list[str] | None = None


def keyed(name: str, rows: Any) -> Keyed | None:
    """Read a DataFrame or ``(ids, array)`` pair; None for a plain array."""
    if isinstance(rows, pd.Series):
        rows = rows.to_frame()
    if isinstance(rows, pd.DataFrame):
        pair = Keyed(rows.index, frame_rows(rows), [str(c) for c in rows.columns])
    elif isinstance(rows, tuple) and len(rows) == 2:
        ids, rows = rows
        if isinstance(rows, pd.DataFrame):
            names = [str(c) for c in rows.columns]
            pair = Keyed(pd.Index(ids), frame_rows(rows), names)
        else:
            pair = Keyed(pd.Index(ids), rows if is_lazy(rows) else dense(name, rows))
    else:
        return None
    if len(pair.ids) != pair.rows.shape[0]:
        raise ValueError(
            f"modality {name!r} has {len(pair.ids)} ids for {pair.rows.shape[0]} rows."
        )
    refuse_duplicates(pair.ids, f"modality {name!r}")
    return pair


def frame_rows(df: pd.DataFrame) -> NDArray[Any]:
    """Cells of a table as one array; nullable numbers become floats with NaN."""
    if all(pd.api.types.is_bool_dtype(t) for t in df.dtypes):
        return df.to_numpy()
    if all(pd.api.types.is_numeric_dtype(t) for t in df.dtypes):
        nullable = any(pd.api.types.is_extension_array_dtype(t) for t in df.dtypes)
        return df.to_numpy(dtype=float, na_value=np.nan) if nullable else df.to_numpy()
    return df.to_numpy(dtype=object)


def dense(name: str, rows: Any) -> NDArray[Any]:
    """Rows as an array of two or more dimensions; cells that are None become absent."""
    if hasattr(rows, "toarray"):
        raise TypeError(
            f"modality {name!r} is a sparse matrix: convert it with toarray()."
        )
    if isinstance(rows, list) and any(cell is None for cell in rows):
        cells = rows
        rows = np.empty(len(cells), dtype=object)
        rows[:] = cells
    array = np.asarray(rows)
    if array.dtype == object and array.ndim == 1:
        return _stack_cells(name, array)
    if array.ndim < 2:
        raise ValueError(
            f"modality {name!r} is {array.ndim}-D: rows of features are 2-D, images "
            "4-D; a single feature is reshape(-1, 1)."
        )
    return array


def _stack_cells(name: str, cells: NDArray[Any]) -> NDArray[Any]:
    present = [np.asarray(cell) for cell in cells if not _is_absent(cell)]
    shapes = {cell.shape for cell in present}
    if len(shapes) != 1 or shapes == {()}:
        raise ValueError(
            f"modality {name!r} needs cells that are arrays of one shape or None, got "
            f"shapes {sorted(shapes)}."
        )
    # Absent rows are NaN so that one rule finds them, whatever the form.
    stacked = np.full(
        (len(cells), *shapes.pop()), np.nan, np.result_type(*present, np.float32)
    )
    for row, cell in enumerate(cells):
        if not _is_absent(cell):
            stacked[row] = cell
    return stacked


def _is_absent(cell: Any) -> bool:
    return cell is None or (np.ndim(cell) == 0 and bool(pd.isna(cell)))


def present_rows(rows: Any) -> NDArray[np.bool_]:
    """Which rows are not entirely NaN; a lazy block is not read."""
    n_rows = rows.shape[0]
    present = np.ones(n_rows, dtype=bool)
    if is_lazy(rows) or rows.dtype.kind not in "fcO" or rows.size == 0:
        return present
    # Only rows that begin with a NaN can be all NaN: the others are not scanned.
    suspects = np.flatnonzero(pd.isna(rows.reshape(n_rows, -1)[:, 0]))
    for row in suspects:
        present[row] = not np.all(pd.isna(rows[row]))
    return present


def make_block(rows: Any, names: list[str] | None = None) -> Block:
    return Block(rows, names, is_lazy(rows))


def refuse_duplicates(ids: pd.Index, what: str) -> None:
    """Raise a ValueError that names the ids which occur twice."""
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        shown = ", ".join(repr(i) for i in twice[:5]) + (" ..." * (len(twice) > 5))
        raise ValueError(f"{what} has a duplicated patient id: {shown}.")
    if ids.hasnans:
        raise ValueError(f"{what} has a missing patient id.")


def join(blocks: Mapping[str, Keyed], index: Any) -> Store:
    """Outer-join keyed blocks by patient id, rows in order of first appearance."""
    everyone = pd.Index(
        pd.unique(np.concatenate([np.asarray(b.ids, object) for b in blocks.values()]))
    ).infer_objects()
    rows = everyone if index is None else pd.Index(index)
    refuse_duplicates(rows, "index")
    unknown = rows.difference(everyone, sort=False)
    if index is not None and len(rows) and len(unknown) == len(rows):
        raise ValueError(f"no block has a patient of index, such as {unknown[0]!r}.")
    positions = {}
    for name, block in blocks.items():
        where = block.ids.get_indexer(rows)
        present = np.append(present_rows(block.rows), False)  # -1 takes the last
        positions[name] = np.where(present[where], where, -1)
    made = {name: make_block(b.rows, b.names) for name, b in blocks.items()}
    return Store(made, positions, rows)


def align(blocks: Mapping[str, Any], index: Any) -> Store:
    """Put arrays of equal length side by side, row i being one patient."""
    arrays = {
        n: rows if is_lazy(rows) else dense(n, rows) for n, rows in blocks.items()
    }
    lengths = {name: rows.shape[0] for name, rows in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ValueError(
            f"plain arrays need one row a patient in each modality, but {told}: pass "
            "DataFrames or (ids, array) pairs to join by patient id."
        )
    n_rows = next(iter(lengths.values()))
    rows = pd.RangeIndex(n_rows) if index is None else pd.Index(index)
    if len(rows) != n_rows:
        raise ValueError(f"index has {len(rows)} ids for {n_rows} rows.")
    refuse_duplicates(rows, "index")
    positions = {
        name: np.where(present_rows(array), np.arange(n_rows), -1)
        for name, array in arrays.items()
    }
    return Store({n: make_block(a) for n, a in arrays.items()}, positions, rows)


def align_metadata(metadata: Any, index: pd.Index) -> pd.DataFrame:
    """Bring covariates into row order, by patient id or by position."""
    if not isinstance(metadata, pd.DataFrame):
        raise TypeError(f"metadata must be a DataFrame, got {type(metadata).__name__}.")
    by_position = isinstance(metadata.index, pd.RangeIndex) and len(metadata) == len(
        index
    )
    if by_position and not isinstance(index, pd.RangeIndex):
        return metadata.set_axis(index, axis=0)
    refuse_duplicates(metadata.index, "metadata")
    if len(index) and not index.isin(metadata.index).any():
        raise ValueError(
            f"metadata has no row for any patient, such as {index[0]!r}: index it by "
            "patient id."
        )
    return metadata.reindex(index)


def concat_stores(parts: Sequence[tuple[Store, Mapping[str, Any]]]) -> Store:
    """Stack ``(store, {modality: rows or None})`` parts of different patients."""
    index = parts[0][0].index
    for store, _ in parts[1:]:
        index = index.append(store.index)
    refuse_duplicates(index, "the concatenated cohort")
    names = dict.fromkeys(name for _, rows in parts for name in rows)
    blocks, positions = {}, {}
    for name in names:
        having = [(s, rows[name]) for s, rows in parts if name in rows]
        blocks[name] = make_block(
            _concat_rows(name, [rows for _, rows in having]),
            _same_names(name, [s.blocks[name].names for s, _ in having]),
        )
        positions[name] = _concat_positions(name, parts)
    tables = [s.metadata for s, _ in parts if s.metadata is not None]
    metadata = pd.concat(tables).reindex(index) if tables else None
    return Store(blocks, positions, index, metadata)


def _concat_rows(name: str, rows: list[Any]) -> NDArray[Any]:
    shapes = {tuple(block.shape[1:]) for block in rows}
    if len(shapes) > 1:
        raise ValueError(
            f"modality {name!r} has rows of different shapes: {sorted(shapes)}."
        )
    return np.concatenate([np.asarray(block) for block in rows])


def _same_names(name: str, names: Iterable[list[str] | None]) -> list[str] | None:
    first, *others = names
    if any(other != first for other in others):
        raise ValueError(f"modality {name!r} has different features in two cohorts.")
    return first


def _concat_positions(
    name: str, parts: Sequence[tuple[Store, Mapping[str, Any]]]
) -> NDArray[np.intp]:
    pieces, offset = [], 0
    for store, rows in parts:
        if name not in rows:
            pieces.append(np.full(len(store.index), -1))
            continue
        here = store.positions[name]
        pieces.append(np.where(here >= 0, here + offset, -1))
        offset += rows[name].shape[0]
    return np.concatenate(pieces)


def store_from_frame(df: pd.DataFrame, columns: Mapping[str, Any]) -> Store:
    """Take the columns of each modality out of one table; the others are metadata."""
    blocks, positions, used = {}, {}, set()
    for name, labels in columns.items():
        single = not isinstance(labels, list | tuple | pd.Index | np.ndarray)
        wanted = [labels] if single else list(labels)
        absent = [label for label in wanted if label not in df.columns]
        if absent:
            raise ValueError(
                f"modality {name!r}: no column {absent[0]!r} in the table."
            )
        used.update(wanted)
        if single and df[labels].dtype == object:
            rows, names = dense(name, df[labels].to_numpy()), None
        else:
            rows, names = frame_rows(df[wanted]), [str(c) for c in wanted]
        blocks[name] = make_block(rows, names)
        positions[name] = np.where(present_rows(rows), np.arange(len(df)), -1)
    rest = [column for column in df.columns if column not in used]
    return Store(blocks, positions, df.index, df[rest] if rest else None)


def block_frame(
    name: str, rows: Any, names: list[str] | None, where: NDArray[np.intp], ids: Any
) -> pd.DataFrame:
    """Table of one modality: a column a feature, or one column of arrays."""
    has = where >= 0
    if len(rows.shape) == 2:
        labels = names or [f"{name}{i}" for i in range(rows.shape[1])]
        kept = pd.DataFrame(np.asarray(rows), index=np.flatnonzero(has), columns=labels)
        return kept.reindex(range(len(has))).set_axis(ids, axis=0)
    cells = np.empty(len(has), dtype=object)
    for row, cell in zip(np.flatnonzero(has), np.asarray(rows), strict=True):
        cells[row] = cell
    return pd.DataFrame({name: cells}, index=ids)
