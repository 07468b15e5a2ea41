"""Matrices of many samples, as Xena hubs give them: of one unit and scale."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skmultimodal.io._bytes import read_text
from skmultimodal.io._matrix import tidy_text_matrix
from skmultimodal.io._tables import read_patient_matrix

__all__ = ["read_matrices", "read_matrix", "take_log2", "unit_by_name"]

# No linear quantity stays below this, no log2 quantity of expression gets above it.
LOG_LIMIT = 50.0
# Cancers differ by less than a doubling in most genes; units by a hundred times.
LARGEST_SHIFT = 3.0


def unit_by_name(path: Path) -> str:
    """The unit in the name of a file, else ``"unknown"``."""
    name = path.name.lower()
    for pattern, unit in (
        (r"fpkm[-_.]?uq", "fpkm_uq"),
        (r"fpkm", "fpkm"),
        (r"tpm", "tpm"),
        (r"count", "counts"),
    ):
        if re.search(pattern, name):
            return unit
    return "unknown"


def _describes_log(path: Path) -> str | None:
    """The unit in the JSON that a Xena hub puts beside a matrix."""
    stem = re.sub(r"\.(tsv|csv|txt)(\.gz)?$", "", path.name)
    for name in (f"{path.name}.json", f"{stem}.json"):
        sibling = path.with_name(name)
        if sibling.is_file():
            facts = json.loads(read_text(sibling))
            unit = facts.get("unit") if isinstance(facts, dict) else None
            return str(unit) if unit else None
    return None


def read_matrix(path: Path) -> pd.DataFrame:
    """Samples x genes; ``attrs`` has the unit, and whether it is on a log scale."""
    table = (
        read_patient_matrix(path)
        if ".parquet" in path.name.lower()
        else tidy_text_matrix(path)
    )
    stated = _describes_log(path)
    values = table.to_numpy()
    high = float(np.nanmax(values)) if values.size else 0.0
    low = float(np.nanmin(values)) if values.size else 0.0
    logged = stated.lower().startswith("log") if stated else high <= LOG_LIMIT
    if not stated and low < 0 and high > LOG_LIMIT:
        logged = True
    if stated and logged and high > LOG_LIMIT:
        raise ValueError(
            f"{path}: its JSON has the unit {stated!r}, but a value is {high:g}: no "
            "log2 expression is above 50."
        )
    unit = stated or unit_by_name(path)
    if logged and not stated and unit != "unknown":
        unit = f"log2({unit}+1)"
    notes = table.attrs.get("notes", [])
    table.attrs = {
        "layout": "matrix",
        "unit": unit,
        "log2": bool(logged),
        "notes": notes,
    }
    return table


def _quantity(unit: str) -> str:
    """What a unit measures, whether it is logged or not: ``"log2(fpkm+1)"``."""
    text = unit.lower().replace("-", "_")
    found = re.search(r"fpkm_?uq|fpkm|rpkm|tpm|cpm|norm\w*_count|rsem|count", text)
    if found is None:
        return "unknown"
    names = {"count": "counts", "fpkmuq": "fpkm_uq"}
    return names.get(found[0], found[0])


def read_matrices(
    paths: Sequence[Path], quantity: str | None = None
) -> tuple[pd.DataFrame, dict[Path, list[str]]]:
    """Stack matrices of one unit and scale, on their shared genes, as log2(x + 1).

    Parameters
    ----------
    paths : sequence of Path
    quantity : str, default=None
        Which matrices, where they are of several units.

    Returns
    -------
    samples : DataFrame of shape (n_samples, n_genes)
    notes : dict of Path to list of str
        What was read otherwise or left out, by file.

    Raises
    ------
    ValueError
        If units or scales differ, or no gene is shared.
    """
    tables = {path: take_log2(read_matrix(path), path) for path in paths}
    notes = {path: list(table.attrs["notes"]) for path, table in tables.items()}
    units = {path: _quantity(table.attrs["unit"]) for path, table in tables.items()}
    known = sorted(set(units.values()) - {"unknown"})
    home = paths[0].parent
    if quantity is not None and quantity not in units.values():
        raise ValueError(
            f"{home}: no matrix of {quantity!r}, only of "
            f"{', '.join(known) or 'unknown unit'}; leave quantity out for those."
        )
    if quantity is not None:
        for path in [path for path, unit in units.items() if unit != quantity]:
            notes[path].append(f"left out: {units[path]}, not {quantity}")
            del tables[path]
    elif len(known) > 1:
        shown = ", ".join(f"{path.name}: {unit}" for path, unit in units.items())
        raise ValueError(
            f"{home}: matrices of several kinds ({shown}); choose one with quantity, "
            f"for example quantity={known[0]!r}."
        )
    shared = next(iter(tables.values())).columns
    for table in tables.values():
        shared = shared.intersection(table.columns, sort=False)
    if not len(shared):
        raise ValueError(
            f"{home}: the matrices {', '.join(path.name for path in tables)} share no "
            "gene."
        )
    for path, table in tables.items():
        if lost := len(table.columns) - len(shared):
            notes[path].append(f"left out: {lost} genes that another matrix lacks")
    _refuse_scales({path: table[shared] for path, table in tables.items()})
    samples = pd.concat([table[shared] for table in tables.values()])
    samples.attrs = {**next(iter(tables.values())).attrs, "files": []}
    return samples, notes


def _refuse_scales(tables: dict[Path, pd.DataFrame]) -> None:
    """Raise if most genes of one matrix are far above those of another."""
    means = {path: table.mean() for path, table in tables.items()}
    first, *others = means
    for path in others:
        shift = float((means[path] - means[first]).median())
        if abs(shift) > LARGEST_SHIFT:
            raise ValueError(
                f"{path} and {first.name}: half of the genes differ by "
                f"{2 ** abs(shift):.0f} times or more on average, so the matrices are "
                "of different units or scales; keep those of one."
            )


def take_log2(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """log2(x + 1) of a table that is not on a log scale."""
    if table.attrs["log2"]:
        return table
    values = table.to_numpy(dtype=np.float32)
    if values.size and np.nanmin(values) < 0:
        raise ValueError(f"{path}: negative values, log2(x + 1) is not defined.")
    logged = pd.DataFrame(
        np.log2(values + np.float32(1)), index=table.index, columns=table.columns
    )
    logged.attrs = {
        **table.attrs,
        "log2": True,
        "unit": f"log2({table.attrs['unit']}+1)",
    }
    return logged
