"""Tables whose columns are of several types, kept beside the array of their cells."""

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.compose import ColumnTransformer

from skmultimodal.utils._rows import is_numeric

__all__ = [
    "ReadsColumns",
    "Types",
    "block_frame",
    "cast",
    "column_types",
    "common_types",
    "frame_rows",
    "make_frame",
    "make_html",
    "named_table",
    "read_type",
    "reads_columns",
    "spell_type",
    "table_of",
]

# Of each column, or None where the array of the cells has the one type of all.
Types = list[Any] | None


class ReadsColumns:
    """A base of estimators that choose columns of a table by name."""


def reads_columns(estimator: Any) -> bool:
    """Whether an estimator, or one inside it, chooses columns of a table."""
    parts = estimator, *estimator.get_params(deep=True).values()
    return any(isinstance(part, ColumnTransformer | ReadsColumns) for part in parts)


def frame_rows(df: pd.DataFrame) -> Any:
    """Cells of a table as one array; nullable numbers become floats with NaN.

    A table of columns that are sparse around 0 is a sparse matrix.
    """
    types = df.dtypes
    sparse = [isinstance(t, pd.SparseDtype) and t.fill_value == 0 for t in types]
    if sparse and all(sparse):
        accessor: Any = df.sparse
        return accessor.to_coo().tocsr()
    if not is_numeric(df):
        return df.to_numpy(dtype=object)
    boolean = [pd.api.types.is_bool_dtype(t) for t in types]
    mixed = any(boolean) and not all(boolean)
    nullable = any(pd.api.types.is_extension_array_dtype(t) for t in types)
    if mixed or nullable:
        return df.to_numpy(dtype=float, na_value=np.nan)
    return df.to_numpy()


def column_types(df: pd.DataFrame, rows: Any) -> Types:
    """Types of the columns of a table, whose cells are `rows`; none if it is sparse."""
    if issparse(rows):
        return None
    types = list(df.dtypes)
    return None if all(dtype == rows.dtype for dtype in types) else types


def common_types(
    types: Sequence[Types], dtypes: Sequence[np.dtype], n_columns: int
) -> Types:
    """Types of the columns of stacked tables: that of all, or one that holds all.

    Parameters
    ----------
    types : sequence of list or None
    dtypes : sequence of dtype
        Of the arrays of their cells.
    n_columns : int
    """
    if all(one is None for one in types):
        return None
    listed = [
        [dtype] * n_columns if one is None else one
        for one, dtype in zip(types, dtypes, strict=True)
    ]
    return [_common_type(of_column) for of_column in zip(*listed, strict=True)]


def _common_type(types: Sequence[Any]) -> Any:
    first = types[0]
    if all(dtype == first for dtype in types):
        return first
    if all(isinstance(dtype, pd.CategoricalDtype) for dtype in types):
        every = [category for dtype in types for category in dtype.categories]
        return pd.CategoricalDtype(list(dict.fromkeys(every)))
    empty = [pd.Series(dtype=dtype) for dtype in types]
    return pd.concat(empty).dtype


def table_of(rows: Any, names: list[str] | None, types: Types) -> pd.DataFrame:
    """The table that `rows` are the cells of; its columns are numbers without names."""
    cells = np.asarray(rows)
    table = pd.DataFrame(cells, columns=names, dtype=cells.dtype)
    if types is None:
        return table.infer_objects() if len(table) else table
    typed = zip(table.items(), types, strict=True)
    columns = {name: cast(column, dtype) for (name, column), dtype in typed}
    return pd.DataFrame(columns, index=table.index)


def make_html(cohort: Any) -> str:
    """Shapes of the modalities of a cohort, and how many rows have which."""
    shapes = [f"{name} {cohort.block_shape(name)[1:]}" for name in cohort.modalities]
    title = escape(f"Cohort of {len(cohort)} rows: {', '.join(shapes)}")
    return f"<p>{title}</p>{cohort.summary().to_frame().to_html()}"


def named_table(cohort: Any, name: str) -> pd.DataFrame:
    """The table of a 2-D modality of a cohort, by patient id."""
    block = cohort.block(name)
    if len(block.shape) != 2:
        raise ValueError(
            f"modality {name!r} is no table: its rows have shape {block.shape[1:]}."
        )
    table = table_of(block, cohort.feature_names(name), cohort.column_types(name))
    return table.set_axis(cohort.index[cohort.has(name)], axis=0)


def cast(column: pd.Series, dtype: Any) -> pd.Series:
    """A column as a type; blanks stay blank, and so does a category stay what it is.

    Raises
    ------
    ValueError or TypeError
        If a cell is no value of the type.
    """
    if column.dtype == dtype:
        return column
    known = column[column.notna()]
    blanks = len(known) < len(column)
    if isinstance(dtype, pd.CategoricalDtype):
        if dtype.categories is None:
            return column.astype(dtype)
        new = [value for value in known.unique() if value not in dtype.categories]
        # As a missing value, it would look like a blank.
        every = [*dtype.categories, *new] if new else dtype.categories
        return column.astype(pd.CategoricalDtype(every, dtype.ordered))
    if pd.api.types.is_bool_dtype(dtype):
        # As bool, any word were true, and so were a blank.
        nullable = column.astype("boolean")
        plain = isinstance(dtype, np.dtype)
        return nullable if blanks and plain else nullable.astype(dtype)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        other = [cell for cell in known if not isinstance(cell, date)]
        if other and not pd.api.types.is_datetime64_any_dtype(column):
            raise TypeError(f"{other[0]!r} is no date")
    if blanks and isinstance(dtype, np.dtype) and dtype.kind in "iu":
        dtype = np.dtype(float)
    return column.astype(dtype)


def block_frame(
    name: str,
    rows: Any,
    names: list[str] | None,
    where: NDArray[np.intp],
    ids: Any,
    types: Types = None,
) -> pd.DataFrame:
    """Table of one modality: one column per feature, or one column of arrays."""
    has = where >= 0
    if len(rows.shape) == 2:
        labels = names or [f"{name}{i}" for i in range(rows.shape[1])]
        kept = table_of(rows, labels, types).set_axis(np.flatnonzero(has), axis=0)
        return kept.reindex(range(len(has))).set_axis(ids, axis=0)
    cells = np.empty(len(has), dtype=object)
    for row, cell in zip(np.flatnonzero(has), np.asarray(rows), strict=True):
        cells[row] = cell
    return pd.DataFrame({name: cells}, index=ids)


def make_frame(cohort: Any) -> pd.DataFrame:
    """One table of the rows of a Cohort.

    Raises
    ------
    ValueError
        If two modalities have a column of the same name.
    """
    frames = [
        block_frame(
            name,
            cohort.block(name),
            cohort.feature_names(name),
            cohort.positions(name),
            cohort.index,
            cohort.column_types(name),
        )
        for name in cohort.modalities
    ]
    table = pd.concat(frames, axis=1)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ValueError(f"two modalities have a column named {twice[0]!r}.")
    return table


def spell_type(dtype: Any) -> Any:
    """A type in words, or categories and whether they are ordered, for `read_type`."""
    if isinstance(dtype, pd.CategoricalDtype):
        known = dtype.categories.tolist()
        plain = all(isinstance(one, str | int | float) for one in known)
        return (known, bool(dtype.ordered)) if plain else "category"
    try:
        spelled = str(dtype)
        return spelled if read_type(spelled) == dtype else "object"
    except (TypeError, NotImplementedError):
        # pandas has no type of that text, or, of an Arrow type with parameters such as
        # decimal128(7, 2), does not read its own.
        return "object"


def read_type(spelled: Any) -> Any:
    """The type that `spell_type` gave."""
    if isinstance(spelled, str):
        return pd.api.types.pandas_dtype(spelled)
    return pd.CategoricalDtype(*spelled)
