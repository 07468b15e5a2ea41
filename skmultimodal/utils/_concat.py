"""Cohorts of different patients, stacked into one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._bags import are_bags, concat_bags
from skmultimodal.utils._rows import StackedRows, is_lazy
from skmultimodal.utils._sparse import SparseRows, stack_sparse
from skmultimodal.utils._store import Store, check_patient_ids, make_block
from skmultimodal.utils._tables import common_types

__all__ = ["concat_stores"]


def concat_stores(stores: Sequence[Store]) -> Store:
    """Stack stores of different patients; modalities that one lacks are missing."""
    index = stores[0].index
    for store in stores[1:]:
        index = index.append(store.index)
    check_patient_ids(index, "the concatenated cohort")
    names = dict.fromkeys(name for store in stores for name in store.blocks)
    blocks, positions = {}, {}
    for name in names:
        having = [store.blocks[name] for store in stores if name in store.blocks]
        stacked = _concat_rows(name, [block.rows for block in having])
        shared = _same_names(name, [block.names for block in having])
        types = common_types(
            [block.types for block in having],
            [block.rows.dtype for block in having],
            stacked.shape[-1],
        )
        axes = {block.axes for block in having}
        made = make_block(stacked, shared, types)
        blocks[name] = replace(made, axes=axes.pop() if len(axes) == 1 else None)
        positions[name] = _concat_positions(name, stores)
    tables = [s.metadata for s in stores if s.metadata is not None]
    metadata = pd.concat(tables).reindex(index) if tables else None
    return Store(blocks, positions, index, metadata)


def _concat_rows(name: str, rows: list[Any]) -> Any:
    shapes = {tuple(block.shape[1:]) for block in rows}
    if len(shapes) > 1 and are_bags(*shapes):
        return concat_bags(name, rows)
    if len(shapes) > 1:
        raise ValueError(
            f"modality {name!r} has rows of different shapes: {sorted(shapes)}."
        )
    if all(isinstance(block, SparseRows) for block in rows):
        return stack_sparse(rows)
    if any(is_lazy(block) for block in rows):
        return StackedRows(rows)
    return np.concatenate(rows)


def _same_names(name: str, names: Iterable[list[str] | None]) -> list[str] | None:
    first, *others = names
    if any(other != first for other in others):
        raise ValueError(f"modality {name!r} has different features in two cohorts.")
    return first


def _concat_positions(name: str, stores: Sequence[Store]) -> NDArray[np.intp]:
    pieces, offset = [], 0
    for store in stores:
        if name not in store.blocks:
            pieces.append(np.full(len(store.index), -1))
            continue
        here = store.positions[name]
        pieces.append(np.where(here >= 0, here + offset, -1))
        offset += store.blocks[name].rows.shape[0]
    return np.concatenate(pieces)
