"""The blocks of a cohort, joined into one set of rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._anatomy import Axes, read_axes
from skmultimodal.utils._bags import (
    as_bags,
    is_absent,
    is_bags,
    make_bags,
)
from skmultimodal.utils._ids import (
    compare_ids,
    id_texts,
    refuse_row_numbers,
    warn_of_rows_alike,
)
from skmultimodal.utils._patterns import check_name
from skmultimodal.utils._rows import (
    RowView,
    is_lazy,
    take_rows,
    unmasked,
)
from skmultimodal.utils._sparse import SparseRows
from skmultimodal.utils._stored import open_block
from skmultimodal.utils._tables import (
    Types,
    column_types,
    frame_rows,
)

__all__ = [
    "Block",
    "Store",
    "align_blocks",
    "bare_blocks",
    "block_rows",
    "carry_ids",
    "check_patient_ids",
    "compact_store",
    "join",
    "keyed",
    "make_block",
    "make_store",
    "store_from_frame",
    "with_axes",
]


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of one modality, shared by every view of a cohort."""

    rows: Any
    names: list[str] | None
    # Recorded when the cohort is made: joblib passes arrays to its workers as memmaps,
    # which are not lazy there either.
    lazy: bool
    types: Types = None  # of the columns of a table
    axes: Axes | None = None  # of images of a body


@dataclass(frozen=True, eq=False)
class Store:
    """The blocks that views of a cohort share, and the place of each row in them."""

    blocks: dict[str, Block]
    positions: dict[str, NDArray[np.intp]]  # -1: the row lacks the modality
    index: pd.Index
    metadata: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Keyed:
    """A block whose rows carry patient ids."""

    ids: pd.Index
    rows: Any
    places: NDArray[np.intp]  # of each id in rows, -1 where it is missing
    names: list[str] | None = None
    types: Types = None


def make_store(blocks: Mapping[str, Any], index: Any) -> Store:
    """Join blocks by patient id where they carry ids, else row by row."""
    if not isinstance(blocks, Mapping) or not blocks:
        raise ValueError("blocks must be a dict of at least one modality.")
    for name in blocks:
        check_name(name)
    pairs = {name: keyed(name, rows) for name, rows in blocks.items()}
    unkeyed = [name for name, pair in pairs.items() if pair is None]
    if not unkeyed:
        return join({n: p for n, p in pairs.items() if p is not None}, index)
    if len(unkeyed) == len(pairs):  # the length of a SliceDict is its rows
        return align_blocks(blocks, index)
    raise ValueError(
        f"modality {unkeyed[0]!r} is a plain array while others are keyed by patient "
        "id: give it as (ids, array)."
    )


def bare_blocks(X: Any, columns: Mapping[str, Any] | None) -> dict[str, Any]:
    """Blocks of one bare array, which is one modality, or `columns` of it are each."""
    block = X if is_lazy(X) else np.asanyarray(X)
    if columns:
        block = np.asanyarray(block)
        return {name: block[:, where] for name, where in columns.items()}
    modality = {2: "gene", 4: "image"}.get(len(block.shape))
    if modality is None:
        raise ValueError(
            "a bare array is 2-D (gene: rows, features) or 4-D (image: rows, channels, "
            f"height, width), got {len(block.shape)}-D; name other modalities in a "
            "dict or a Cohort."
        )
    return {modality: block}


def carry_ids(blocks: Mapping[str, Any]) -> bool:
    """Whether rows of every modality are a DataFrame or ``(ids, array)`` pair."""
    return all(map(_carries_ids, blocks.values()))


def _carries_ids(rows: Any) -> bool:
    pair = isinstance(rows, tuple) and len(rows) == 2
    return pair or isinstance(rows, pd.Series | pd.DataFrame)


def keyed(name: str, rows: Any) -> Keyed | None:
    """Read a DataFrame or ``(ids, array)`` pair; None for a plain array."""
    if hasattr(rows, "obs_names"):
        raise TypeError(
            f"modality {name!r} is of type {type(rows).__name__}: Cohort.from_mudata "
            "makes a cohort of it, and (data.obs_names, data.X) is a block."
        )
    if not _carries_ids(rows):
        return None
    if isinstance(rows, pd.Series):
        rows = rows.to_frame()
    if isinstance(rows, pd.DataFrame):
        rows = rows.index, rows
    ids, rows = pd.Index(rows[0]), rows[1]
    names, types = None, None
    if isinstance(rows, pd.DataFrame):
        names, table, rows = column_names(name, rows.columns), rows, frame_rows(rows)
        types = column_types(table, rows)
    array, places = rows_and_places(name, rows)
    names = names or own_names(name, array)
    if len(ids) != len(places):
        raise ValueError(
            f"modality {name!r} has {len(ids)} ids for {len(places)} rows."
        )
    check_patient_ids(ids, f"modality {name!r}")
    return Keyed(ids, array, places, names, types)


def column_names(name: str, columns: pd.Index) -> list[str]:
    """Names of the features of a modality, each of which must occur once."""
    names = pd.Index([str(column) for column in columns])
    twice = names[names.duplicated()].unique()
    if len(twice):
        shown = ", ".join(map(repr, twice[:3]))
        raise ValueError(
            f"modality {name!r} has {len(twice)} column names that occur twice or "
            f"more, such as {shown}, so that names do not distinguish the columns: "
            "rename them, or merge each set into one (the mean, or the sum of counts)."
        )
    return names.tolist()


def own_names(name: str, rows: Any) -> list[str] | None:
    """Names of the features that a lazy block has itself, checked."""
    names = getattr(rows, "feature_names", None) if is_lazy(rows) else None
    return None if names is None else column_names(name, pd.Index(names))


def rows_and_places(name: str, rows: Any) -> tuple[Any, NDArray[np.intp]]:
    """Rows as a block, and the place of each row in it, -1 where it is missing.

    A row that is entirely NaN is missing, and so is a cell that is None where rows are
    a list or object array of arrays. A lazy block, or a sparse matrix, is not read: all
    is present.
    """
    rows = open_block(name, rows)
    if is_lazy(rows):
        return rows, np.arange(rows.shape[0])
    if is_bags(rows) or (isinstance(rows, list) and any(map(is_absent, rows))):
        rows = as_bags(rows)
    array = dense(name, rows)
    if array.dtype == object and array.ndim == 1:
        return _stack_cells(name, array)
    present = present_rows(array)
    return array, np.where(present, np.arange(len(array)), -1)


def dense(name: str, rows: Any) -> NDArray[Any]:
    """Rows as an array: of two or more dimensions, or of cells that are arrays."""
    if hasattr(rows, "toarray"):
        raise TypeError(
            f"modality {name!r} is a sparse {type(rows).__name__}: convert it to a "
            "sparse array of scipy, or with toarray()."
        )
    array = np.asarray(unmasked(rows))
    if array.ndim < 2 and array.dtype != object:
        raise ValueError(
            f"modality {name!r} is {array.ndim}-D: rows of features are 2-D, images "
            "4-D; a single feature is reshape(-1, 1)."
        )
    return array


def _stack_cells(
    name: str, cells: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    present = np.array([not is_absent(cell) for cell in cells], dtype=bool)
    arrays = [np.asarray(unmasked(cell)) for cell in cells[present]]
    shapes = {array.shape for array in arrays}
    places = np.where(present, np.cumsum(present) - 1, -1)
    if len(shapes) > 1 and {len(shape) for shape in shapes} == {2}:
        return make_bags(name, arrays, np.flatnonzero(present)), places
    if len(shapes) != 1 or shapes == {()}:
        raise ValueError(
            f"modality {name!r} needs cells that are arrays of one shape or None "
            f"(bags: of one width), got shapes {sorted(shapes)}."
        )
    return np.stack(arrays), places


def present_rows(rows: Any) -> NDArray[np.bool_]:
    """Whether each row has a value that is not NaN; a lazy block is not read."""
    n_rows = rows.shape[0]
    present = np.ones(n_rows, dtype=bool)
    if is_lazy(rows) or rows.dtype.kind not in "fcO" or rows.size == 0:
        return present
    # Only rows that begin with a NaN can be all NaN: the others are not scanned.
    first = rows[(slice(None), *[0] * (rows.ndim - 1))]
    suspects = np.flatnonzero(pd.isna(first))
    for row in suspects:
        present[row] = not np.all(pd.isna(rows[row]))
    return present


def make_block(rows: Any, names: list[str] | None = None, types: Types = None) -> Block:
    return Block(rows, names, is_lazy(rows), types)


def with_axes(store: Store, axes: Mapping[str, Any]) -> Store:
    """The store whose blocks of images have these axes, see `read_axes`."""
    n_axes = {n: len(block.rows.shape) - 1 for n, block in store.blocks.items()}
    found = read_axes(axes, n_axes)
    blocks = {n: replace(b, axes=found.get(n)) for n, b in store.blocks.items()}
    return replace(store, blocks=blocks)


def block_rows(block: Block, places: NDArray[np.intp]) -> Any:
    """Some rows of a block; not copied if they are side by side, or lazy."""
    if block.lazy:
        return RowView(block.rows, places)
    if len(places) and np.all(np.diff(places) == 1):
        return np.asarray(block.rows)[places[0] : places[-1] + 1]
    return take_rows(np.asarray(block.rows), places)


def check_patient_ids(ids: pd.Index, what: str) -> None:
    """Raise a ValueError that names the ids which occur twice."""
    if isinstance(ids, pd.MultiIndex):
        raise ValueError(
            f"{what} has a patient id of {ids.nlevels} levels: join them into one."
        )
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        shown = ", ".join(repr(i) for i in twice.tolist()[:5]) + (
            " ..." * (len(twice) > 5)
        )
        raise ValueError(f"{what} has a duplicated patient id: {shown}.")
    if ids.hasnans:
        raise ValueError(f"{what} has a missing patient id.")
    if ids.dtype == object:
        texts = id_texts(ids)
        again = np.flatnonzero(texts.duplicated())
        if len(again):
            one = ids[texts == texts[again[0]]][0]
            raise ValueError(
                f"{what} has the patient ids {one!r} and {ids[again[0]]!r}, one id in "
                "two forms: write ids alike, as text."
            )


def join(blocks: Mapping[str, Keyed], index: Any) -> Store:
    """Outer-join keyed blocks by patient id, rows in order of first appearance."""
    refuse_row_numbers({name: block.ids for name, block in blocks.items()})
    compare_ids({name: block.ids for name, block in blocks.items()})
    everyone = pd.Index(
        pd.unique(np.concatenate([np.asarray(b.ids, object) for b in blocks.values()]))
    ).infer_objects()
    rows = everyone if index is None else pd.Index(index)
    check_patient_ids(rows, "index")
    unknown = rows.difference(everyone, sort=False)
    if index is not None and len(rows) and len(unknown) == len(rows):
        raise ValueError(
            f"no block has a patient of index, such as {unknown.tolist()[0]!r}."
        )
    if index is not None:
        wanted = id_texts(rows)
        for name, block in blocks.items():
            known = id_texts(block.ids)
            others = known[~known.isin(wanted)]
            warn_of_rows_alike(f"modality {name!r}", others, wanted)
    positions = {}
    for name, block in blocks.items():
        # An id that the block lacks is looked up at -1, the last place.
        places = np.append(block.places, -1)
        positions[name] = places[block.ids.get_indexer(rows)]
    made = {name: make_block(b.rows, b.names, b.types) for name, b in blocks.items()}
    return Store(made, positions, rows)


def align_blocks(blocks: Mapping[str, Any], index: Any) -> Store:
    """Join arrays of equal length, whose row i is one patient."""
    read = {name: rows_and_places(name, rows) for name, rows in blocks.items()}
    lengths = {name: len(places) for name, (_, places) in read.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ValueError(
            f"plain arrays need one row per patient in each modality, but {counts}: "
            "pass DataFrames or (ids, array) pairs to join by patient id."
        )
    n_rows = next(iter(lengths.values()))
    rows = pd.RangeIndex(n_rows) if index is None else pd.Index(index)
    if len(rows) != n_rows:
        raise ValueError(f"index has {len(rows)} ids for {n_rows} rows.")
    check_patient_ids(rows, "index")
    made = {n: make_block(rows, own_names(n, rows)) for n, (rows, _) in read.items()}
    return Store(made, {name: places for name, (_, places) in read.items()}, rows)


def compact_store(
    blocks: Mapping[str, Block],
    positions: Mapping[str, NDArray[np.intp]],
    index: pd.Index,
    metadata: pd.DataFrame | None,
) -> Store:
    """A store with only the rows of blocks that are in use; lazy ones stay on disk."""
    kept, places = {}, {}
    for name, old in blocks.items():
        has = positions[name] >= 0
        used, where = np.unique(positions[name][has], return_inverse=True)
        kept[name] = replace(old, rows=_only(old, used))
        places[name] = np.full(len(index), -1)
        places[name][has] = where
    return Store(kept, places, index, metadata)


def _only(block: Block, used: NDArray[np.intp]) -> Any:
    if isinstance(block.rows, SparseRows):
        return block.rows.part(used)
    return RowView(block.rows, used) if block.lazy else take_rows(block.rows, used)


def store_from_frame(df: pd.DataFrame, columns: Mapping[str, Any]) -> Store:
    """Store of the columns of each modality in a table; the others are metadata."""
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
            rows, names = df[labels].to_numpy(), None
        else:
            names = column_names(name, df.columns[df.columns.isin(wanted)])
            rows, names = frame_rows(df[wanted]), [str(c) for c in wanted]
        types = None if single and names is None else column_types(df[wanted], rows)
        array, positions[name] = rows_and_places(name, rows)
        blocks[name] = make_block(array, names, types)
    rest = [column for column in df.columns if column not in used]
    return Store(blocks, positions, df.index, df[rest] if rest else None)
