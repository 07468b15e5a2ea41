"""Bags: rows that are sets of vectors, as many as each has.

A block of bags is a list or 1-D object array of arrays (n_instances, n_features), or
lazy with such rows. A 3-D array is one as well: its bags have equal numbers of vectors.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._rows import RowView, StackedRows, is_lazy, take_rows

__all__ = [
    "are_bags",
    "as_bags",
    "bag_width",
    "concat_bags",
    "describe_bad_bag",
    "is_absent",
    "is_bags",
    "make_bags",
    "name_row",
]


def is_bags(rows: Any) -> bool:
    """Whether rows are bags of varying number; a lazy block is not read."""
    if is_lazy(rows):
        return len(rows.shape) == 1 and rows.dtype == object
    if isinstance(rows, np.ndarray):
        if rows.dtype != object or rows.ndim != 1:
            return False
    elif not isinstance(rows, list | tuple):
        return False
    # Cells of None are patients without the modality.
    return any(isinstance(cell, np.ndarray) and cell.ndim == 2 for cell in rows)


def is_absent(cell: Any) -> bool:
    """Whether a cell is None or NaN, of a patient who lacks the modality."""
    return cell is None or (np.ndim(cell) == 0 and bool(pd.isna(cell)))


def as_bags(rows: Iterable[Any]) -> NDArray[Any]:
    """Bags as an object array, though all may have one shape."""
    cells = list(rows)
    bags = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        bags[row] = cell
    return bags


def bag_width(rows: Any) -> int:
    """Number of features of the vectors; of a lazy block, at most one bag is read."""
    if isinstance(rows, RowView):
        return bag_width(rows.block)
    if isinstance(rows, StackedRows):
        return bag_width(rows.blocks[0])
    if hasattr(rows, "n_features"):
        return int(rows.n_features)
    if len(rows.shape) > 1:
        return int(rows.shape[-1])
    bag = take_rows(rows, np.array([0]))[0]
    return int(bag.shape[1]) if np.ndim(bag) == 2 else 0


def are_bags(*row_shapes: tuple[int, ...]) -> bool:
    """Whether rows of all shapes may be bags, of equal or of varying number."""
    return {len(shape) for shape in row_shapes} <= {0, 2}


def make_bags(
    name: str, bags: list[NDArray[Any]], rows: NDArray[np.intp]
) -> NDArray[Any]:
    """Bags as an object array; a ValueError names one of `rows` of another width."""
    widths = np.array([bag.shape[1] for bag in bags])
    known, counts = np.unique(widths, return_counts=True)
    if len(known) > 1:
        usual = known[counts.argmax()]
        odd = int(np.flatnonzero(widths != usual)[0])
        raise ValueError(
            f"modality {name!r} has bags of different width: row {rows[odd]} has "
            f"vectors of {widths[odd]} features, most have {usual}."
        )
    return as_bags(bags)


def concat_bags(name: str, blocks: list[Any]) -> Any:
    """Bags of several blocks, one block after the other; lazy ones stay on disk."""
    widths = [bag_width(block) for block in blocks if block.shape[0]]
    other = [width for width in widths if width != widths[0]]
    if other:
        raise ValueError(
            f"modality {name!r} has bags of vectors of {widths[0]} features in one "
            f"cohort, of {other[0]} in another."
        )
    if any(is_lazy(block) for block in blocks):
        return StackedRows([b if is_lazy(b) else as_bags(b) for b in blocks])
    return as_bags(bag for block in blocks for bag in block)


def describe_bad_bag(bag: Any, width: int, *, values: bool = True) -> str | None:
    """What is wrong with a bag, as the end of a sentence; None if it is sound.

    Parameters
    ----------
    bag : object
        A sound one is an array of numbers (n_instances, `width`).
    width : int
    values : bool, default=True
        Whether to look for NaN and infinity, which reads all of it.
    """
    if not isinstance(bag, np.ndarray) or bag.ndim != 2:
        shape = f"{np.ndim(bag)}-D" if np.ndim(bag) else repr(bag)
        return f"is {shape}, no array (instances, features)"
    if not len(bag):
        return "is empty: make it None if the patient lacks the modality"
    if bag.shape[1] != width:
        return f"has vectors of {bag.shape[1]} features, not {width}"
    if bag.dtype.kind not in "fiub":
        return f"holds {bag.dtype} values, no numbers"
    if values and bag.dtype.kind == "f" and not np.isfinite(bag).all():
        bad = int(np.flatnonzero(~np.isfinite(bag).all(axis=1))[0])
        return (
            f"contains NaN or infinity in vector {bad} of {len(bag)}: leave such "
            "vectors out"
        )
    return None


def name_row(rows: Any, row: int) -> str:
    """A row in an error: by a lazy block's own ``row_name``, else by its number."""
    if isinstance(rows, RowView):
        return name_row(rows.block, int(rows.positions[row]))
    if isinstance(rows, StackedRows):
        number = int(np.searchsorted(rows.ends, row, side="right"))
        block = rows.blocks[number]
        return name_row(block, row - int(rows.ends[number]) + block.shape[0])
    if hasattr(rows, "row_name"):
        return str(rows.row_name(row))
    return f"row {row}"
