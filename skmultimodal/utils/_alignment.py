"""Labels, groups and covariates in the order of the rows that they are of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._ids import (
    difference,
    id_texts,
    is_plain,
    near_misses,
    warn_of_rows_alike,
)
from skmultimodal.utils._store import check_patient_ids
from skmultimodal.utils._warnings import warn

__all__ = [
    "align_metadata",
    "find_patients",
    "join_by_id",
    "join_rows",
    "name_some",
    "refuse_other_ids",
    "refuse_unknown_columns",
]


def join_by_id(values: Any, X: Any, *, name: str = "y") -> Any:
    """Values of the rows of `X`, joined by patient id where their index has ids.

    Parameters
    ----------
    values : Series, DataFrame or anything else
        What has no index is in the order of the rows, and returned as it is.
    X : Cohort, DataFrame or anything else
        Rows without an index have no ids: `values` are in their order.
    name : str
        Of the parameter, for errors.

    Returns
    -------
    values : object
        Of the type that was given.

    Raises
    ------
    ValueError
        If an id occurs twice, or a patient of `X` is not among the ids.

    Warns
    -----
    UserWarning
        If there are values of other patients, or ids that may be row numbers.
    """
    index = getattr(X, "index", None)
    if not isinstance(index, pd.Index):
        return values
    if not isinstance(values, pd.Series | pd.DataFrame):
        return values
    places = find_patients(values.index, index, name)
    return values if places is None else values.iloc[places]


def join_rows(X: Any, cohort: Any, **columns: Any) -> list[Any]:
    """Labels, groups and the like in the order of the rows of `X`, read as `cohort`.

    Parameters
    ----------
    X : Cohort or other input
    cohort : Cohort
    **columns : Series or array-like of shape (n_rows,)
        By the name of the parameter. A Series is joined by patient id.

    Returns
    -------
    columns : list of Series or array-like
    """
    # A bare array has no ids, though a cohort made of it has row numbers.
    rows = cohort if isinstance(X, Mapping) else X
    return [join_by_id(values, rows, name=name) for name, values in columns.items()]


def find_patients(ids: pd.Index, index: pd.Index, name: str) -> NDArray[np.intp] | None:
    """Place of each patient of `index` among `ids`, None if the order is the same.

    Row numbers (0, 1, ...) that are no ids of patients are in the order of the rows.
    """
    if ids.equals(index):
        return None
    known, wanted = id_texts(ids), id_texts(index)
    met = wanted.isin(known)
    if is_plain(ids) and not met.all():
        if met.any() and len(ids) == len(index):
            _warn_of_row_order(name, index, met)
        return None
    _refuse_unmet(ids, index, met, name)
    check_patient_ids(known, f"the index of {name}")
    places = known.get_indexer(wanted)
    others = ~known.isin(wanted)
    if others.any():
        warn(
            f"{name} is joined to X by patient id: {others.sum()} of its {len(ids)} "
            f"ids are of no patient of X, such as {name_some(ids[others])}, and not "
            "used."
        )
    elif is_plain(ids):
        _warn_of_row_numbers(name, len(ids))
    return places


def align_metadata(
    metadata: Any, index: pd.Index, *, by_position: bool = True
) -> pd.DataFrame:
    """Covariates in the order of the patients of `index`.

    Parameters
    ----------
    metadata : DataFrame
        Indexed by patient id, or by row number.
    index : Index of patient ids
    by_position : bool, default=True
        Whether row numbers may stand for the order of `index`.

    Returns
    -------
    metadata : DataFrame
        Indexed by `index`; a patient without covariates has NaN.

    Raises
    ------
    ValueError
        If no patient has a row, or rows are numbered and `by_position` is False.

    Warns
    -----
    UserWarning
        If some patients have no row, or row numbers are taken as ids.
    """
    if not isinstance(metadata, pd.DataFrame):
        raise TypeError(f"metadata must be a DataFrame, got {type(metadata).__name__}.")
    ids = metadata.index
    if ids.equals(index):
        return metadata
    known, wanted = id_texts(ids), id_texts(index)
    met = wanted.isin(known)
    if is_plain(ids) and len(ids) == len(index) and not met.all():
        if by_position:
            if met.any():
                _warn_of_row_order("metadata", index, met)
            return metadata.set_axis(index, axis=0)
        raise ValueError(
            "metadata has row numbers as its index, and the blocks are joined by "
            f"patient id: {_set_index(metadata, wanted)}."
        )
    check_patient_ids(known, "metadata")
    if len(index) and not met.any():
        raise ValueError(
            f"metadata has no row for any patient: its index has {name_some(ids)}, and "
            f"the patients are {name_some(index)}{_near_miss(ids, index)}. "
            "Index it by patient id."
        )
    if not met.all():
        warn(
            f"metadata has no row for {(~met).sum()} of the {len(index)} patients, "
            f"such as {name_some(index[~met])}{_near_miss(ids, index)}: their "
            "covariates are missing."
        )
    elif is_plain(ids):
        _warn_of_row_numbers("metadata", len(ids))
    warn_of_rows_alike("metadata", known[~known.isin(wanted)], wanted[met])
    return metadata.set_axis(known).reindex(wanted).set_axis(index)


def _set_index(metadata: pd.DataFrame, wanted: pd.Index) -> str:
    """How a table gets the ids that one of its columns has."""
    for name, column in metadata.items():
        if id_texts(pd.Index(column)).isin(wanted).any():
            return f"use metadata.set_index({name!r})"
    return "index it by patient id"


def _warn_of_row_numbers(name: str, n_rows: int) -> None:
    warn(
        f"the index of {name}, 0 to {n_rows - 1}, are also ids of X, in another order: "
        f"{name} is joined by id. If its rows are in the order of X, give them the "
        "index of X."
    )


def _warn_of_row_order(name: str, index: pd.Index, met: NDArray[np.bool_]) -> None:
    warn(
        f"the index of {name}, 0 to {len(index) - 1}, has the ids of {met.sum()} of "
        f"the {len(index)} rows of X, and not of others, such as "
        f"{name_some(index[~met])}: {name} is taken in the order of the rows. Give it "
        "the index of X, or the ids of all its patients."
    )


def _refuse_unmet(
    ids: pd.Index, index: pd.Index, met: NDArray[np.bool_], name: str
) -> None:
    """Raise a ValueError unless each patient of `index` was met among `ids`."""
    if met.all():
        return
    if met.any():
        raise ValueError(
            f"{name} has no entry for {(~met).sum()} of the {len(index)} rows of X, "
            f"such as {name_some(index[~met])}, with which it is joined by patient "
            f"id: {name}.reindex(X.index) makes theirs missing."
        )
    remedy = "give both the same patient ids"
    if is_plain(index):
        remedy = "make X a Cohort with index=, the patient ids"
    raise ValueError(
        f"none of the {len(ids)} ids in the index of {name}, such as {name_some(ids)}, "
        f"is one of the {len(index)} of X, such as {name_some(index)}"
        f"{_near_miss(ids, index)}: {remedy}, or pass {name}.to_numpy() if its rows "
        "are in the order of X."
    )


def refuse_other_ids(**columns: Any) -> None:
    """Raise a ValueError where Series, taken row by row, have different patient ids.

    Row numbers are no ids here, and a column without an index has none.
    """
    first = None
    for name, values in columns.items():
        ids = getattr(values, "index", None)
        if not isinstance(ids, pd.Index) or is_plain(ids):
            continue
        if first is None:
            first = name, ids
        elif not ids.equals(first[1]):
            raise ValueError(
                f"{name} has the patients {name_some(ids)} in its rows, and {first[0]} "
                f"{name_some(first[1])}: give both the same patients in one order."
            )


def refuse_unknown_columns(
    metadata: pd.DataFrame | None, names: Sequence[str], parameter: str
) -> None:
    """Raise a ValueError that names a column which the covariates lack."""
    if isinstance(names, str):
        raise TypeError(f"{parameter} must be a list of columns, got {names!r}.")
    known = [] if metadata is None else [str(name) for name in metadata]
    for name in names:
        if name not in known:
            has = f"have {name_some(known, 8)}" if known else "have no columns"
            raise ValueError(f"{parameter}: no column {name!r}; the metadata {has}.")


def _near_miss(ids: pd.Index, index: pd.Index) -> str:
    """What alone keeps ids apart, as a part of a sentence."""
    pairs = near_misses(id_texts(index).tolist(), id_texts(ids).tolist())
    if not pairs:
        return ""
    return f" ({len(pairs)} would meet but for {difference(*pairs[0])})"


def name_some(labels: Any, n_shown: int = 3) -> str:
    """The first labels, for a sentence: ``'P1', 'P2', 'P3', ...``."""
    labels = list(labels)
    more = ["..."] if len(labels) > n_shown else []
    return ", ".join([*map(repr, labels[:n_shown]), *more])
