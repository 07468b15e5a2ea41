"""Covariates as they come out of a spreadsheet, read as what they are."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["MISSING", "Covariate", "days_of", "read_covariate"]

MISSING = "(missing)"
PARSED = 0.9  # share of the cells, from which on the others are damaged
MOST_CODES = 20  # different whole numbers, written as text, that may be categories

# Text that is one number, with a decimal point; commas are dealt with before.
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"
CODE = r"0\d+"  # leading zeros are those of a code

DATES = [
    "ISO8601",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y.%m.%d",
    "%Y/%m/%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%m/%Y",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
]


@dataclass(frozen=True)
class Covariate:
    """One column of covariates.

    Parameters
    ----------
    kind : {"number", "date", "category", "text"}
        A date is a number of days. Text is nearly as varied as there are rows, such as
        names or notes.
    values : ndarray of shape (n_rows,)
        Floats with NaN, or words.
    odd : list of str
        Cells that are read as missing since they are neither number nor date.
    """

    kind: str
    values: Any
    odd: list[str]

    @property
    def is_number(self) -> bool:
        return self.kind in ("number", "date")


def read_covariate(column: pd.Series) -> Covariate:
    """What a column is, by its dtype or, of text, by what its cells have in common."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return Covariate("category", _words(column), [])
    if isinstance(dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if pd.api.types.is_datetime64_any_dtype(column):
        return Covariate("date", days_of(column), [])
    if pd.api.types.is_timedelta64_dtype(column):
        return Covariate("number", column.dt.total_seconds().to_numpy() / 86_400, [])
    if pd.api.types.is_numeric_dtype(dtype):
        return Covariate("number", _floats(column), [])
    return _read_text(column)


def _read_text(column: pd.Series) -> Covariate:
    known = column.notna()
    cells = column[known]
    if len(cells) and all(isinstance(cell, date) for cell in cells):
        return Covariate("date", days_of(column), [])
    texts = cells.astype(str).str.strip()
    for kind, parse in (("number", _parse_numbers), ("date", _parse_dates)):
        parsed = parse(texts)
        if parsed is not None and parsed.notna().mean() >= PARSED:
            odd = texts[parsed.isna()].unique().tolist()
            values = parsed.reindex(column.index)
            numbers = days_of(values) if kind == "date" else _floats(values)
            return Covariate(kind, numbers, odd)
    once = (texts.value_counts() == 1).sum()
    kind = "text" if once > max(MOST_CODES / 2, len(texts) / 2) else "category"
    return Covariate(kind, _words(column), [])


def _parse_numbers(texts: pd.Series) -> pd.Series | None:
    """Text as floats, NaN where it is no number; None if it is codes of categories."""
    if not len(texts):
        return None
    commas = texts[texts.str.contains(",", regex=False)]
    if len(commas) and commas.str.fullmatch(THOUSANDS).all():
        texts = texts.str.replace(",", "", regex=False)
    elif len(commas):
        # 1.234,5 as well as 71,3
        pointed = texts.str.replace(".", "", regex=False)
        texts = texts.where(~texts.index.isin(commas.index), pointed)
        texts = texts.str.replace(",", ".", regex=False)
    is_number = texts.str.fullmatch(NUMBER)
    whole = texts[is_number].str.fullmatch(r"[+-]?\d+")
    if whole.all() and (
        texts[is_number].nunique() <= MOST_CODES or texts.str.fullmatch(CODE).any()
    ):
        return None
    return pd.to_numeric(texts.where(is_number), errors="coerce")


def _parse_dates(texts: pd.Series) -> pd.Series | None:
    """Text as dates, NaT where it is none; formats that more cells have come first."""
    if not texts.str.contains(r"\d", regex=True).any():
        return None
    # A bare number is a year, or none.
    texts = texts.where(~texts.str.fullmatch(r"\d+"))
    by_format = [
        pd.to_datetime(texts, format=f, errors="coerce", utc=True) for f in DATES
    ]
    # Of 3/4/2019 the first format with most cells decides which is the day.
    by_format.sort(key=lambda dates: -dates.notna().sum())
    found = by_format[0]
    for dates in by_format[1:]:
        found = found.fillna(dates)
    return found


def _floats(column: pd.Series) -> Any:
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def days_of(dates: pd.Series) -> Any:
    """Days since 1970, NaN where a date is missing; naive times are those of UTC."""
    since = pd.to_datetime(dates, utc=True) - pd.Timestamp(0, tz="UTC")
    return (since / pd.Timedelta(days=1)).to_numpy(dtype=float)


def _words(column: pd.Series) -> Any:
    words = [MISSING if pd.isna(cell) else str(cell) for cell in column]
    return np.array(words, dtype=object)
