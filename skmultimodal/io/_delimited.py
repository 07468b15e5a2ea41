"""A delimited text taken apart: preamble, header line, and lines of equal width."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.io._missing import missing_cells
from skmultimodal.io._names import counts_rows, is_corner_name, refuse_duplicates

__all__ = ["Delimited", "is_number", "separator_of", "take_apart"]

# A header of which a quoted name goes on for more lines has a stray quotation mark.
LONGEST_HEADER = 50
_SEPARATOR_LINE = re.compile(r'\A"?sep=(.)"?[^\S\n]*\n', re.IGNORECASE)
_RECORD = re.compile(r'(?:[^"\n]|"[^"]*")*')
# Digits of other scripts are none to pandas, nor is an integer of thousands of them.
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
LONGEST_NUMBER = 400


@dataclass(frozen=True)
class Delimited:
    """A header line and what is below it.

    Parameters
    ----------
    path : Path
    names : list of str
        Of the columns, without blanks around them; ``""`` where there is none.
    sep : str
    body : str
        All lines below the header.
    first_line : int
        Number of the first of them in the file.
    quoted : bool
        Whether quotation marks enclose cells.
    short : list of (int, int)
        Number, and number of cells, of each line that has fewer than the header.
    notes : list of str
        What was worked around.
    """

    path: Path
    names: list[str]
    sep: str
    body: str
    first_line: int
    quoted: bool
    short: list[tuple[int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, **options: Any) -> pd.DataFrame:
        """Cells as pandas reads them; columns have numbers, names may repeat."""
        # What a line has beyond the header are blank cells.
        options.setdefault("usecols", range(len(self.names)))
        try:
            return pd.read_csv(
                io.StringIO(self.body),
                sep=self.sep,
                header=None,
                names=range(len(self.names)),
                index_col=False,
                skipinitialspace=True,
                quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
                low_memory=False,
                **options,
            )
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise ValueError(f"{self.path}: {str(error).strip()}.") from error


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number as programs write it."""
    cell = cell.strip()
    return len(cell) <= LONGEST_NUMBER and _NUMBER.fullmatch(cell) is not None


def separator_of(header: str) -> str:
    """Tab, comma or semicolon, whichever the header line has most of."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max("\t,;", key=bare.count)


def take_apart(path: Path, text: str) -> Delimited:
    """Find the header of a delimited text, and check the width of its lines.

    A first line ``sep=;``, comment lines, quoted names with separators or line breaks,
    a header that lacks the name of the first column, and lines that end in a separator
    are read as what they are.

    Parameters
    ----------
    path : Path
        Named in errors.
    text : str

    Raises
    ------
    ValueError
        If there is no table, a name occurs twice, or a line has too many cells.
    """
    stated = _SEPARATOR_LINE.match(text)
    start = stated.end() if stated else 0
    start, hashed = _skip_comments(path, text, start)
    end = _header_end(text, start)
    header = text[start:end]
    sep = stated[1] if stated else separator_of(header)
    names = _names(header, sep)
    if hashed:
        names[0] = names[0].lstrip("#").strip()
    first_line = text.count("\n", 0, end) + 2
    if len(names) < 2:
        raise ValueError(
            f"{path}, line {first_line - 1}: one column, no table ({header[:60]!r}); "
            "tabs, commas or semicolons between cells are needed."
        )
    body = text[end + 1 :].rstrip("\n")
    quoted, lines = _measure(body, sep, len(names), first_line)
    found = _align(Delimited(path, names, sep, body, first_line, quoted), lines)
    # Columns without a name, which a spreadsheet may write as NA, are found later.
    named = np.array(found.names, dtype=object)[~missing_cells(found.names)]
    refuse_duplicates(pd.Index(named), "column names", path)
    return found


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _skip_comments(path: Path, text: str, start: int) -> tuple[int, bool]:
    """Start of the header, and whether it begins with the sign of a comment."""
    last = None
    while text.startswith(("#", "\n"), start):
        if text[start] == "#":
            last = start
        start = _line_end(text, start) + 1
        if start >= len(text):
            raise ValueError(f"{path}: only comment lines.")
    if last is None:
        return start, False
    comment, line = (text[s : _line_end(text, s)] for s in (last, start))
    sep = separator_of(comment)
    cells = comment.split(sep), line.split(sep)
    numbers = [sum(map(is_number, found)) for found in cells]
    # "#SampleID", as some programs begin the header itself.
    hashed = len(cells[0]) == len(cells[1]) > 1 and numbers[0] == 0 < numbers[1]
    return (last, True) if hashed else (start, False)


def _header_end(text: str, start: int) -> int:
    """Where the header ends; a quoted name may go on for more lines."""
    record = _RECORD.match(text, start)
    end = record.end() if record else start
    whole = end == len(text) or text[end] == "\n"
    if whole and text.count("\n", start, end) < LONGEST_HEADER:
        return end
    return _line_end(text, start)


def _names(header: str, sep: str) -> list[str]:
    cells = next(csv.reader(io.StringIO(header), delimiter=sep, skipinitialspace=True))
    return [" ".join(name.split()) for name in cells]


@dataclass
class _Lines:
    """Lines that have more or fewer cells than the header: number, cells, filled."""

    n: int = 0
    wide: list[tuple[int, int, int]] = field(default_factory=list)
    short: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def odd(self) -> int:
        """How many there are."""
        return len(self.short) + len(self.wide)

    def add(self, number: int, n: int, filled: int, width: int) -> None:
        self.n += 1
        if n != width:
            (self.wide if n > width else self.short).append((number, n, filled))


def _measure(body: str, sep: str, width: int, first: int) -> tuple[bool, _Lines]:
    """Whether marks enclose cells, and the lines of another width."""
    plain = _Lines()
    for number, line in enumerate(body.split("\n"), first):
        if line:
            n = line.count(sep) + 1
            filled = n if n <= width else line.rstrip(sep + " ").count(sep) + 1
            plain.add(number, n, filled, width)
    if '"' not in body:
        return False, plain
    quoted = _Lines()
    records = csv.reader(
        io.StringIO(body), delimiter=sep, skipinitialspace=True, strict=True
    )
    number = first
    try:
        for cells in records:
            if cells:
                filled = len(cells)
                while filled > width and not cells[filled - 1].strip():
                    filled -= 1
                quoted.add(number, len(cells), filled, width)
            number = first + records.line_num
    except csv.Error:  # a stray mark makes one cell of half the file
        return False, plain
    # Two stray marks, as of sizes of 5", enclose lines that are whole without them.
    if not plain.odd and quoted.n < plain.n:
        return False, plain
    return (True, quoted) if quoted.odd <= plain.odd else (False, plain)


def _first_cells(found: Delimited) -> pd.Series:
    lines = [line for line in found.body.split("\n") if line]
    return pd.Series([line.split(found.sep, 1)[0].strip(' "') for line in lines])


def _align(found: Delimited, lines: _Lines) -> Delimited:
    """Settle what cells beyond the header are: blank, or the header lacks a name."""
    path, width = found.path, len(found.names)
    short = [(number, n) for number, n, _ in lines.short]
    if not lines.wide:
        return replace(found, short=short)
    if all(filled <= width for *_, filled in lines.wide):
        every = len(lines.wide) == lines.n
        if every and not any(map(is_corner_name, found.names)):
            raise ValueError(
                f"{path}: lines end in a separator, or the header lacks the name of "
                "the first column: write that name, such as 'patient', or take the "
                "separators away."
            )
        ends = f"{len(lines.wide)} of {lines.n} lines end in a separator"
        return replace(found, short=short, notes=[*found.notes, ends])
    if len(lines.wide) == lines.n and {n for _, n, _ in lines.wide} == {width + 1}:
        # R and old Xena hubs leave the corner out; R numbers rows that have no names.
        named = is_corner_name(found.names[0])
        if not named or counts_rows(_first_cells(found)):
            return replace(found, names=["", *found.names])
    number, _, filled = next(line for line in lines.wide if line[2] > width)
    raise ValueError(
        f"{path}, line {number}: {filled} cells instead of {width}; the line is "
        "damaged, or text with a separator lacks quotation marks."
    )
