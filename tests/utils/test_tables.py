"""Tables keep the types of their columns, and cells are no other value as a type."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skmultimodal.utils._tables import (
    cast,
    column_types,
    common_types,
    frame_rows,
    read_type,
    reads_columns,
    spell_type,
    table_of,
)

DAY = datetime.date(2020, 1, 3)
COLUMNS = {
    "int64": [1, 2, 3],
    "float64": [1.5, np.nan, 3],
    "bool": [True, False, True],
    "boolean": [True, None, False],
    "Int64": [1, None, 2**60],
    "str": ["a", None, "b"],
    "string": ["a", None, "b"],
    "object": ["a", 3, None],
    "datetime64[us]": [DAY, None, DAY],
    "datetime64[ns, UTC]": [DAY, None, DAY],
    "period[M]": ["2020-01", None, "2021-02"],
    "timedelta64[s]": [1, 2, 3],
    "date32[pyarrow]": [DAY, None, DAY],
    "int64[pyarrow]": [1, None, 3],
    "bool[pyarrow]": [True, None, False],
    "ordered": pd.Categorical(["u", None, "v"], ["v", "u", "w"], ordered=True),
    "numbers": pd.Categorical([7, 3, 7], [3, 5, 7]),
    "interval": pd.cut([1, 2, 3], 2),
}


def column_of(kind):
    cells = COLUMNS[kind]
    if isinstance(cells, pd.Categorical):
        return pd.Series(cells)
    if kind == "date32[pyarrow]":
        return pd.Series(pd.array(cells, dtype=pd.ArrowDtype(pa.date32())))
    return pd.Series(cells, dtype=kind)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_is_restored(kind):
    table = pd.DataFrame({"word": ["x", "y", None], "one": column_of(kind)})
    rows = frame_rows(table)
    types = column_types(table, rows)
    pd.testing.assert_frame_equal(table_of(rows, ["word", "one"], types), table)
    some = table_of(rows[[2, 0]], ["word", "one"], types)
    pd.testing.assert_series_equal(
        some["one"].reset_index(drop=True),
        table["one"].iloc[[2, 0]].reset_index(drop=True),
        # A column of integers that lost its blank stays what it was.
    )


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_type_is_spelled_in_plain_values(kind):
    dtype = column_of(kind).dtype
    spelled = spell_type(dtype)
    if kind == "interval":
        assert spelled == "category"
    else:
        assert read_type(spelled) == dtype
    values = [spelled] if isinstance(spelled, str) else [*spelled[0], spelled[1]]
    assert all(type(value) in (str, int, float, bool) for value in values)


def test_a_table_of_one_type_needs_no_list():
    table = pd.DataFrame(np.ones((3, 2), dtype=np.float32))
    assert column_types(table, frame_rows(table)) is None
    table["c"] = [True, False, True]
    assert column_types(table, frame_rows(table)) == list(table.dtypes)


@pytest.mark.parametrize(
    ("cells", "dtype", "expected"),
    [
        ([1.0, np.nan], "int64", [1.0, np.nan]),
        ([1.0, 0.0], "bool", [True, False]),
        ([True, None], "bool", [True, pd.NA]),
        (["61", None], "float64", [61.0, np.nan]),
        ([None, None], "datetime64[us]", [pd.NaT, pd.NaT]),
    ],
)
def test_blanks_stay_blank(cells, dtype, expected):
    found = cast(pd.Series(cells, dtype=object), pd.api.types.pandas_dtype(dtype))
    wanted = pd.Series(expected, dtype=found.dtype)
    pd.testing.assert_series_equal(found, wanted)


@pytest.mark.parametrize(
    ("cell", "dtype"),
    [
        ("yes", "bool"),
        ("2020-01-03", "datetime64[us]"),
        (18_000, "datetime64[us]"),
        ("old", "float64"),
        (2.5, "boolean"),
    ],
)
def test_a_cell_of_another_kind_is_refused(cell, dtype):
    column = pd.Series([cell, None], dtype=object)
    with pytest.raises((TypeError, ValueError)):
        cast(column, pd.api.types.pandas_dtype(dtype))


def test_a_new_category_is_not_blank():
    column = pd.Series(["York", None, "Hull"], dtype=object)
    found = cast(column, pd.CategoricalDtype(["Leeds", "York"]))
    assert found.cat.categories.tolist() == ["Leeds", "York", "Hull"]
    assert found.tolist()[::2] == ["York", "Hull"]
    assert found.isna().tolist() == [False, True, False]
    # Whole numbers became floats beside a blank.
    codes = pd.Series([3.0, np.nan])
    assert cast(codes, pd.CategoricalDtype([7, 3])).cat.codes.tolist() == [1, -1]


def test_types_of_stacked_tables():
    number, word = np.dtype(float), pd.Series(["a"]).dtype
    first = [number, pd.CategoricalDtype(["a", "b"]), np.dtype("int64"), word]
    other = [number, pd.CategoricalDtype(["c", "b"]), number, np.dtype("int64")]
    found = common_types([first, other], [np.dtype(object)] * 2, 4)
    wanted = [number, pd.CategoricalDtype(["a", "b", "c"]), number, np.dtype(object)]
    assert found == wanted
    plain = [np.dtype("float32"), np.dtype(float)]
    assert common_types([None, None], plain, 4) is None
    mixed = common_types([None, first[:2]], [number, np.dtype(object)], 2)
    assert mixed == [number, np.dtype(object)]


def test_what_chooses_columns():
    chooser = make_column_transformer(("passthrough", ["age"]))
    model = make_pipeline(chooser, LogisticRegression())
    assert reads_columns(chooser)
    assert reads_columns(model)
    assert reads_columns(GridSearchCV(model, {}))
    assert not reads_columns(make_pipeline(LogisticRegression()))
