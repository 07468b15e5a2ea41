"""What stands for a missing value in files: the one table that every reader uses."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["MISSING_WORDS", "missing_cells", "suspicious_code"]

# In lower case, blanks collapsed; anything in square brackets is missing too, as in
# the tables of TCGA.
MISSING_WORDS = frozenset(
    {
        "",
        "#div/0!",
        "#n/a",
        "#name?",
        "#null!",
        "#num!",
        "#ref!",
        "#value!",
        "'-",
        "'--",
        "-",
        "--",
        "---",
        ".",
        "?",
        "??",
        "<na>",
        "missing",
        "n.a",
        "n.a.",
        "n.d.",
        "n/a",
        "n/d",
        "na",
        "nan",
        "nat",
        "nil",
        "none",
        "not applicable",
        "not assessed",
        "not available",
        "not collected",
        "not determined",
        "not done",
        "not evaluated",
        "not known",
        "not performed",
        "not recorded",
        "not reported",
        "not tested",
        "null",
        "unk",
        "unknown",
        "unspecified",
        "\N{EN DASH}",
        "\N{EM DASH}",
    }
)
# Numbers by which statistics packages mark what is missing.
CODES = (7, 8, 9, 77, 88, 99, 777, 888, 998, 999, 7777, 8888, 9999, 99999)
_BRACKETS = re.compile(r"\[.*\]", re.DOTALL)


def missing_cells(cells: Any) -> NDArray[np.bool_]:
    """Whether each cell is missing: None, NaN, or a word of `MISSING_WORDS`.

    Parameters
    ----------
    cells : array-like of shape (n_cells,)
        Text in any case, blanks around it; other values are missing if NaN or None.

    Returns
    -------
    missing : ndarray of bool, shape (n_cells,)
        True also for anything in square brackets.
    """
    cells = pd.Series(cells, dtype=object)
    absent = cells.isna()
    words = {word for word in cells[~absent].unique() if _is_missing_word(word)}
    return (absent | cells.isin(words)).to_numpy()


def _is_missing_word(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    word = " ".join(value.split()).lower()
    return word in MISSING_WORDS or _BRACKETS.fullmatch(word) is not None


def suspicious_code(values: Any, *, least: int = 7) -> float | None:
    """A number that looks like a code for missing, such as -9 or 999, if there is one.

    Parameters
    ----------
    values : array-like of float
        NaN is left out.
    least : int, default=7
        Smallest positive code.

    Returns
    -------
    code : float or None
        The smallest value, if it is such a number, negative, and all others are not; or
        the largest, if it is more than twice any other.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if values.size < 3:
        return None
    low, high = float(values.min()), float(values.max())
    if -low in CODES and (rest := values[values != low]).size and rest.min() >= 0:
        return low
    rest = values[values != high]
    if high in CODES and high >= least and rest.size and 2 * abs(rest).max() < high:
        return high
    return None
