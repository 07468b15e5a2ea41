"""Sites and covariates of rows, read for harmonisation."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._ids import id_texts
from skmultimodal.utils._labels import missing_labels
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._rows import unmasked
from skmultimodal.utils._text import counted, some
from skmultimodal.utils._warnings import warn

__all__ = [
    "Covariates",
    "check_confounding",
    "is_number",
    "read_sites",
    "warn_of_discrete",
    "warn_of_few_rows",
    "warn_of_unseen",
]

MOST_CATEGORIES = 20
MOST_NAMED = 20


def read_sites(site: Any, n_rows: int) -> NDArray:
    """Sites as text, None where one is missing: ndarray of objects, (n_rows,).

    Raises
    ------
    ValueError
        If there is not one site per row.
    """
    values = np.asarray(unmasked(site))
    if values.shape != (n_rows,):
        raise ValueError(
            f"X has {n_rows} rows, and site has shape {values.shape}: give one site "
            "per row."
        )
    missing = missing_labels(values)
    texts = np.asarray(id_texts(pd.Index(values.astype(object))), dtype=object)
    texts[missing] = None
    if missing.any():
        warn(
            f"{counted(int(missing.sum()), 'row')} of {n_rows:,} have no site, such as "
            f"row {np.flatnonzero(missing)[0]}: they stay as they are."
        )
    return texts


def _with_rows(names: Any, counts: Any) -> str:
    """Words for sites and their numbers of rows: ``'A' (3 rows), 'B' (1 row)``."""
    pairs = list(zip(names, counts, strict=True))
    words = [f"{name!r} ({counted(int(n), 'row')})" for name, n in pairs[:MOST_NAMED]]
    return ", ".join([*words, *["..."] * (len(pairs) > MOST_NAMED)])


def warn_of_few_rows(modality: str, sites: Any, n_rows: NDArray, min_rows: int) -> None:
    """Warn of sites that cannot be estimated, and if fewer than two can."""
    where = f"modality {modality!r}: " if modality else ""
    few = (n_rows > 0) & (n_rows < min_rows)
    n_enough = int((n_rows >= min_rows).sum())
    if n_enough < 2:
        warn(
            f"{where}{n_enough} of {counted(len(sites), 'site')} with {min_rows} rows "
            "or more, and two are needed to compare them: no row is changed."
        )
    elif few.any():
        warn(
            f"{where}{counted(int(few.sum()), 'site')} of fewer than "
            f"min_rows={min_rows} rows: {_with_rows(sites[few], n_rows[few])}; their "
            "rows stay as they are."
        )


def warn_of_discrete(modality: str, discrete: NDArray, max_ties: Any) -> None:
    """Warn of features of several values that many cells share."""
    if discrete.any():
        where = f"modality {modality!r}: " if modality else ""
        warn(
            f"{where}{int(discrete.sum()):,} of {counted(len(discrete), 'feature')}, "
            f"such as number {np.flatnonzero(discrete)[0]}, have several values that "
            f"more than max_ties={max_ties} of the cells share: they stay as they are."
        )


def warn_of_unseen(known: Any, sites: Any, what: Any) -> None:
    """Warn of sites that are not `known`, and of what becomes of their rows."""
    known = {*known, None}
    others = [name for name in sites if name not in known]
    if others:
        names, counts = np.unique(np.array(others, dtype=str), return_counts=True)
        words = _with_rows(names.tolist(), counts)
        warn(f"{counted(len(names), 'site')} not in fit: {words}; {what}")


@dataclass(frozen=True, eq=False)
class Covariates(ModelPart):
    """Covariates as numbers that are 0 at their average.

    Parameters
    ----------
    levels : dict of str to list of str or None
        Words of each covariate in ``fit``; None for one of numbers.
    means, sds : dict of str to ndarray of shape (n_columns,)
        Of the number, or of the columns of the words.
    """

    levels: dict
    means: dict
    sds: dict

    @classmethod
    def fit(cls, table: Any) -> Self:
        """Read what kind each column of a DataFrame is; None has no columns."""
        levels, means, sds = {}, {}, {}
        for name in [] if table is None else table:
            levels[name] = _levels(name, table[name])
            columns = _columns(name, table[name], levels[name])
            known = columns[~np.isnan(columns).any(axis=1)]
            if not len(known):
                raise ValueError(f"covariate {name!r} has no value: leave it out.")
            means[name], sd = known.mean(axis=0), known.std(axis=0)
            sds[name] = np.where(sd > 0, sd, 1.0)
        return cls(levels, means, sds)

    def design(self, table: Any, n_rows: int) -> NDArray:
        """Columns of all covariates, 0 where a cell is blank or a new word.

        Returns
        -------
        design : ndarray of shape (n_rows, n_columns)
        """
        parts = [np.zeros((n_rows, 0))]
        for name, levels in self.levels.items():
            columns = _columns(name, table[name], levels)
            parts.append((columns - self.means[name]) / self.sds[name])
            blank = np.isnan(columns).any(axis=1)
            if blank.any():
                new = " or a word that was not in fit" if levels else ""
                warn(
                    f"covariate {name!r} has a blank{new} in "
                    f"{counted(int(blank.sum()), 'row')}, such as row "
                    f"{np.flatnonzero(blank)[0]}: they count as average."
                )
        return np.nan_to_num(np.hstack(parts))

    def names(self) -> NDArray:
        """Covariate of each column of the design: ndarray of str objects."""
        names = [name for name in self.levels for _ in self.means[name]]
        return np.array(names, dtype=object)


def is_number(column: Any) -> bool:
    """Whether cells of a column are numbers, and no truth values."""
    types = pd.api.types
    return types.is_numeric_dtype(column) and not types.is_bool_dtype(column)


def _levels(name: str, column: Any) -> Any:
    """The words of a covariate, or None if it holds numbers."""
    if is_number(column):
        return None
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        raise ValueError(
            f"covariate {name!r} holds dates: make them numbers, such as an age."
        )
    words = sorted(column.dropna().map(str).unique().tolist())
    if len(words) > MOST_CATEGORIES:
        raise ValueError(
            f"covariate {name!r} has {counted(len(words), 'different word')} "
            f"({some(words)}), and at most {MOST_CATEGORIES} can be kept: make numbers "
            "of it with pandas.to_numeric, or merge words."
        )
    return words


def _columns(name: str, column: Any, levels: Any) -> Any:
    """A number, or a column for each word but the first; NaN in rows of a blank."""
    column = column.reset_index(drop=True)
    if levels is not None:
        words = column.map(str).where(column.notna(), None)
        columns = np.column_stack(
            [np.zeros(len(column)), *(words == level for level in levels[1:])]
        )[:, 1:].astype(float)
        columns[~words.isin(levels).to_numpy()] = np.nan
        return columns
    try:
        numbers = pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        bad = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        row = np.flatnonzero(bad)[0]
        raise ValueError(
            f"covariate {name!r} held numbers in fit, and is {column[row]!r} in row "
            f"{row}: make it a number or leave it blank."
        ) from None
    return np.where(np.isfinite(numbers), numbers, np.nan)[:, None]


def check_confounding(design: NDArray, names: NDArray, codes: NDArray) -> None:
    """Refuse or warn of covariates whose effects are not separable from a site's.

    Parameters
    ----------
    design : ndarray of shape (n_rows, n_columns)
        Of rows whose site is estimated.
    names : ndarray of str, shape (n_columns,)
    codes : ndarray of int, shape (n_rows,)

    Raises
    ------
    ValueError
        If a covariate has one value in each site, and not the same in all.

    Warns
    -----
    UserWarning
        If that holds for a part of a covariate, or for several together.
    """
    if not design.shape[1]:
        return
    total = design - design.mean(axis=0)
    within = pd.DataFrame(design).groupby(codes).transform("mean").to_numpy()
    within = design - within
    for name in dict.fromkeys(names):
        part = names == name
        if not np.allclose(total[:, part], 0) and np.allclose(within[:, part], 0):
            raise ValueError(
                f"covariate {name!r} has one value in each site, so that its effect "
                "cannot be separated from that of the site: leave it out, or harmonise "
                "no sites that differ in it."
            )
    lost = np.linalg.matrix_rank(total, 1e-8) - np.linalg.matrix_rank(within, 1e-8)
    if lost:
        warn(
            f"the effects of the covariates {sorted(set(names))} cannot be separated "
            f"from those of sites in {counted(int(lost), 'direction')}, such as a word "
            "that one whole site shares: there they are removed with the site."
        )
