"""Values, sites and covariates of an array, a DataFrame or a cohort."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from skmultimodal.preprocessing._sites import is_number, read_sites
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._text import some

__all__ = ["ONLY", "CohortLayout", "Rows", "TableLayout", "listed"]

ONLY = ""  # name of the block of an array or DataFrame


class Rows(NamedTuple):
    """What is harmonised, and by what."""

    blocks: dict  # of name to values
    places: dict  # of name to the rows that have the block
    sites: Any  # ndarray of objects, None where there is no site at all
    covariates: Any  # DataFrame or None
    n_rows: int


def listed(names: Any) -> list[str]:
    """Names as a list, of which one may be given alone."""
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


@dataclass(frozen=True, eq=False)
class TableLayout(ModelPart):
    """Columns of an array or DataFrame.

    Parameters
    ----------
    site : str or None
    covariates : list of str
    kept : ndarray of bool, shape (n_features,), or None
        Which are in the output: not the site, and no words. None is all.
    moves : ndarray of bool, shape (n_features_out,), or None
        Which of these are harmonised: no covariate. None is all.
    """

    site: Any
    covariates: list
    kept: Any
    moves: Any

    @classmethod
    def of(cls, X: Any, site: Any, covariates: Any) -> Self:
        """The layout of the X of ``fit``."""
        if site is None and not covariates:
            return cls(None, [], None, None)
        table: Any = X if isinstance(X, pd.DataFrame) else None
        _, kept = _columns(table, "X", site, covariates)
        words = [name for name in covariates if not is_number(kept[name])]
        stays = ~table.columns.isin([site, *words])
        return cls(site, covariates, stays, ~table.columns[stays].isin(covariates))

    def read(self, X: Any, site: Any, check: Any) -> Rows:
        """The rows of X; `check` makes floats of a table, as ``check_array`` does."""
        covariates = None
        if self.site is not None or self.covariates:
            table = X if isinstance(X, pd.DataFrame) else None
            own, covariates = _columns(table, "X", self.site, self.covariates)
            site = own if self.site is not None else site
            kept = X.loc[:, self.kept]
            values = _floats(check_array, kept, "X", input_name="X")
        else:
            values = _floats(check, X, "X")
        sites = None if site is None else read_sites(site, len(values))
        places = {ONLY: np.arange(len(values))}
        return Rows({ONLY: values}, places, sites, covariates, len(values))


@dataclass(frozen=True, eq=False)
class CohortLayout(ModelPart):
    """Modalities of a cohort that are harmonised.

    Parameters
    ----------
    site : str or None
    covariates : list of str
    names : dict of str to list of str or None
        Features of each modality.
    n_features : dict of str to int
    """

    site: Any
    covariates: list
    names: dict
    n_features: dict

    @classmethod
    def of(cls, X: Any, site: Any, covariates: Any, modalities: Any) -> Self:
        """The layout of the cohort of ``fit``."""
        chosen = listed(modalities)
        for name in chosen:
            X[:0].table(name)
        if modalities is None:
            tables = [n for n in X.modalities if len(X.block_shape(n)) == 2]
            chosen = [name for name in tables if _holds_numbers(X, name)]
        if not chosen:
            raise ValueError(
                f"no modality of {X.modalities} is a table of numbers, which is what "
                "SiteHarmonizer changes."
            )
        names = {name: X.feature_names(name) for name in chosen}
        widths = {name: X.block_shape(name)[1] for name in chosen}
        return cls(site, covariates, names, widths)

    def read(self, X: Any, site: Any, check: Any) -> Rows:
        """The rows of X; `check` is not used."""
        blocks, places = {}, {}
        for name, names in self.names.items():
            own, table = X.feature_names(name), X.table(name)
            if own != names:
                if None in (own, names) or sorted(own) != sorted(names):
                    raise ValueError(
                        f"modality {name!r} has other features than in fit: give it "
                        "the columns of fit."
                    )
                table = table[names]
            places[name] = np.flatnonzero(X.has(name))
            if table.shape[1] != self.n_features[name]:
                raise ValueError(
                    f"modality {name!r} has {table.shape[1]} features, and had "
                    f"{self.n_features[name]} in fit."
                )
            what = f"modality {name!r}"
            options = {"input_name": what, "ensure_min_samples": 0}
            blocks[name] = _floats(check_array, table, what, **options)
        what = "the metadata of the cohort"
        own, covariates = _columns(X.metadata, what, self.site, self.covariates)
        site = own if self.site is not None else site
        sites = None if site is None else read_sites(site, len(X))
        return Rows(blocks, places, sites, covariates, len(X))


def _holds_numbers(X: Any, name: str) -> bool:
    table = X[:1].table(name) if X.column_types(name) is None else X.table(name)
    return all(is_number(table[column]) for column in table)


def _columns(table: Any, what: Any, site: Any, covariates: Any) -> tuple[Any, Any]:
    """The site (array or None) and the covariates (DataFrame or None) of a table.

    Raises
    ------
    ValueError
        If a column is lacking, or the site is a covariate.
    """
    named = [*([] if site is None else [site]), *covariates]
    if not named:
        return None, None
    if table is None:
        raise ValueError(
            f"SiteHarmonizer reads {some(named, 'column')} in {what}, which has no "
            "named columns: give a DataFrame or a Cohort with metadata, or site= one "
            "per row."
        )
    absent = [name for name in named if name not in table.columns]
    if absent:
        raise ValueError(
            f"{what} has no column {absent[0]!r}; it has "
            f"{some(table.columns, 'column')}."
        )
    if site in covariates:
        raise ValueError(
            f"{site!r} is the site, and no covariate: remove it from covariates."
        )
    return (None if site is None else table[site].to_numpy()), table[covariates]


def _floats(check: Any, table: Any, what: Any, **options: Any) -> NDArray:
    """Cells as floats, float32 if all are; the first word is named in a ValueError."""
    options |= {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}
    try:
        return check(table, **options)
    except ValueError as error:
        if not str(error).startswith("could not convert string"):
            raise
        cells = pd.DataFrame(table)
        bad = cells.apply(pd.to_numeric, errors="coerce").isna() & cells.notna()
        row, column = np.argwhere(bad.to_numpy())[0]
        raise ValueError(
            f"{what} holds {cells.iloc[row, column]!r} in row {row} of column "
            f"{cells.columns[column]!r}, which is no number: encode the column or "
            "leave it out."
        ) from None
