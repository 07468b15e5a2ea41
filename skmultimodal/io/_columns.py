"""Columns of text cells to numbers, truth values or words, and what was changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.io._delimited import is_number
from skmultimodal.io._missing import missing_cells, suspicious_code
from skmultimodal.utils._text import fold, some

__all__ = ["Findings", "decimal_points", "tidy_columns"]

# Numbers of a code, as of a ward, begin with a zero.
_PADDED = re.compile(r"[-+]?0\d+(\.\d*)?")
_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
TRUTH = {"true": True, "false": False}
# A column of numbers may have this share of words that are none, or a single one.
STRAY_SHARE = 0.1
# Spellings are brought together in columns with at most as many different words.
MAX_WORDS = 50
# A column of as few words may be classes, of which some should be no numbers.
MAX_MIXED = 10


@dataclass
class Findings:
    """What was read otherwise than it is written, in a table.

    Parameters
    ----------
    notes : list of str
        What was done as documented, such as words that stand for missing values.
    warnings : list of str
        What may be a mistake in the table, a sentence each.
    """

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Column:
    """What one column became, and examples of what was changed."""

    values: Any
    missing: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    mixed: str = ""
    code: float | None = None
    commas: str = ""


def tidy_columns(
    table: pd.DataFrame, path: Path, *, first_line: int = 2, european: bool = False
) -> tuple[pd.DataFrame, Findings]:
    """Turn text cells into numbers, truth values and words.

    Parameters
    ----------
    table : DataFrame of str
        ``""`` where a cell is blank.
    path : Path
        Named in the findings.
    first_line : int, default=2
        Line of the first row in the file.
    european : bool, default=False
        Whether a comma in a number is decimal, as where semicolons part cells.

    Returns
    -------
    tidy : DataFrame
        Words for missing are NaN. A column of numbers with a few words is one of
        numbers; numbers of which one begins with 0, as in ``"007"``, stay text. Words
        that differ in case, blanks or Unicode form only are spelt alike.
    findings : Findings
        With counts and examples.
    """
    read = {
        name: _tidy_column(table[name], f"column {name!r}", first_line, european)
        for name in table.columns
    }
    tidy = pd.DataFrame(
        {name: column.values for name, column in read.items()}, index=table.index
    )
    return tidy, _findings(read, path)


def _tidy_column(
    cells: pd.Series, name: str, first_line: int, european: bool
) -> _Column:
    cells = cells.str.strip()
    missing = missing_cells(cells)
    known = cells[~missing]
    column = _Column(cells.astype(object).mask(missing))
    words = cells[missing & (cells != "").to_numpy()]
    column.missing = [f"{n} {word!r}" for word, n in words.value_counts().items()]
    if len(known) and known.str.lower().isin(TRUTH).all():
        truth = cells.str.lower().map(TRUTH)
        column.values = truth.astype(bool) if not missing.any() else truth
        return column
    plain, column.commas = decimal_points(known, european)
    numeric = np.array([is_number(cell) for cell in plain], dtype=bool)
    padded = plain.str.fullmatch(_PADDED).any()
    n_stray = len(known) - int(numeric.sum())
    few = n_stray == 0 or (n_stray == 1 and numeric.sum() >= 3)
    if len(known) and not padded and (few or n_stray <= STRAY_SHARE * len(known)):
        column.values = pd.to_numeric(plain[numeric]).reindex(cells.index)
        lines = np.flatnonzero(~missing)[~numeric] + first_line
        column.stray = [
            f"{cell!r} in {name}, line {line}"
            for cell, line in zip(known[~numeric], lines, strict=True)
        ]
        column.code = suspicious_code(column.values)
        return column
    column.values, column.merged = _same_spelling(column.values, known)
    counts = column.values.value_counts()
    if 0 < sum(map(is_number, counts.index)) < len(counts) <= MAX_MIXED:
        column.mixed = ", ".join(f"{n} {word!r}" for word, n in counts.items())
    return column


def decimal_points(cells: pd.Series, european: bool) -> tuple[pd.Series, str]:
    """Numbers with a comma for the point, rewritten, and ``"decimal"``.

    Where each comma may as well part thousands, as in 1,234, cells stay as they are
    and the word is ``"thousands"``, unless the file is european.
    """
    commas = cells[cells.str.contains(",", regex=False)]
    if not len(commas) or not commas.str.fullmatch(_COMMA).mean() > 0.5:
        if len(commas) and commas.str.fullmatch(_THOUSANDS).all():
            return cells, "thousands"
        return cells, ""
    if not european and commas.str.fullmatch(_THOUSANDS).all():
        return cells, "thousands"
    fits = cells.str.fullmatch(_COMMA)
    return cells.where(~fits, cells.str.replace(",", ".", regex=False)), "decimal"


def _same_spelling(values: pd.Series, known: pd.Series) -> tuple[pd.Series, list[str]]:
    """Words that differ in case, blanks or Unicode form alone become the commonest."""
    counts = known.value_counts()
    if len(counts) > MAX_WORDS:
        return values, []
    spelling: dict[str, str] = {}
    merged = []
    for _, same in counts.groupby([fold(word) for word in counts.index], sort=False):
        # The commonest; of as many, the first in order of letters.
        best = min(same.index, key=lambda word: (-same[word], word))
        spelling |= dict.fromkeys(same.index, best)
        if len(same) > 1:
            merged.append(", ".join(f"{n} {word!r}" for word, n in same.items()))
    return values.map(spelling).astype(object), merged


def _findings(read: dict[str, _Column], path: Path) -> Findings:
    found = Findings()
    for name, column in read.items():
        if column.missing:
            found.notes.append(
                f"column {name!r}: {', '.join(column.missing)} read as missing"
            )
        if column.commas == "decimal":
            found.notes.append(f"column {name!r}: commas read as decimal points")
    ambiguous = [name for name, c in read.items() if c.commas == "thousands"]
    if ambiguous:
        found.warnings.append(
            f"{path}: a comma in {some(ambiguous, 'column')} may part thousands or be "
            "a decimal point: these stay text, not numbers; write numbers without it."
        )
    stray = [text for column in read.values() for text in column.stray]
    if stray:
        found.warnings.append(
            f"{path}: {some(stray, 'cell', quote=False)} is no number among numbers, "
            "and read as missing: blank it, or write a number."
        )
    for name, column in read.items():
        if column.merged:
            found.warnings.append(
                f"{path}, column {name!r}: {'; '.join(column.merged[:3])} differ in "
                "case or blanks only, and are read as the same word: write them alike."
            )
    mixed = [f"{name!r}: {c.mixed}" for name, c in read.items() if c.mixed]
    if mixed:
        found.warnings.append(
            f"{path}: {some(mixed, 'column', quote=False)} of words and numbers, all "
            "different values: write them alike, and blank codes for missing."
        )
    codes = [
        f"{column.code:g} in column {name!r}"
        for name, column in read.items()
        if column.code is not None
    ]
    if codes:
        found.warnings.append(
            f"{path}: {some(codes, 'number', quote=False)} looks like a code for "
            "missing, and is read as a number: blank these cells if it is."
        )
    return found
