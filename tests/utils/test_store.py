"""How blocks are read and joined into one set of rows."""

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from scipy.sparse import csr_array

from skmultimodal.utils._concat import concat_stores
from skmultimodal.utils._store import (
    align_blocks,
    check_patient_ids,
    join,
    keyed,
    make_block,
    present_rows,
    rows_and_places,
    store_from_frame,
)
from skmultimodal.utils._tables import block_frame, frame_rows


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "O"])
@pytest.mark.parametrize("shape", [(5, 3), (5, 2, 3, 4)])
def test_absent_rows_are_wholly_nan(dtype, shape):
    rows = np.ones(shape, dtype=dtype)
    rows[1] = np.nan
    flat = rows.reshape(5, -1)
    flat[2, 0] = np.nan  # begins with NaN and is there
    flat[3, 1:] = np.nan  # ends with NaN and is there
    assert present_rows(rows).tolist() == [True, False, True, True, True]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool", "U3"])
def test_rows_without_nan_are_all_present(dtype):
    assert present_rows(np.zeros((4, 3), dtype=dtype)).all()


def test_rows_without_columns_are_present():
    assert present_rows(np.zeros((4, 0))).tolist() == [True] * 4


def test_lazy_rows_are_present_and_not_read():
    rows = RecordingBlock(np.full((4, 3), np.nan))
    assert present_rows(rows).all()
    assert not rows.reads


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ({"a": [1, 2], "b": [3, 4]}, "i"),
        ({"a": [1, 2], "b": [0.5, 4]}, "f"),
        ({"a": [True, False]}, "b"),
        ({"a": [True, False], "b": [1, 2]}, "O"),
        ({"a": pd.array([1, None], dtype="Int64"), "b": [0.5, 1]}, "f"),
        ({"a": pd.array([0.5, None], dtype="Float32")}, "f"),
        ({"a": ["x", "y"], "b": [1, 2]}, "O"),
    ],
    ids=["int", "float", "bool", "bool and int", "Int64", "Float32", "mixed"],
)
def test_cells_of_a_table(frame, kind):
    frame = pd.DataFrame(frame)
    rows = frame_rows(frame)
    assert rows.shape == frame.shape
    assert rows.dtype.kind == kind or (kind == "O" and rows.dtype.kind in "if")
    missing = frame.isna().to_numpy()
    np.testing.assert_array_equal(pd.isna(rows), missing)


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([None, np.ones((2, 3)), None], "float64"),
        ([None, np.ones((2, 3), np.float32), None], "float32"),
        ([np.nan, np.ones((2, 3), np.uint8), None], "uint8"),
        ([np.nan, [[1, 2, 3], [4, 5, 6]], np.nan], "int64"),
    ],
)
def test_cells_that_are_arrays(cells, dtype):
    """Only the cells that are there are kept, in their own type."""
    rows, places = rows_and_places("image", cells)
    assert places.tolist() == [-1, 0, -1]
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, [cells[1]])


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.ones(4), ValueError, r"'gene' is 1-D.*reshape"),
        (3.5, ValueError, "'gene' is 0-D"),
        (csr_array(np.eye(3) * 1j), TypeError, r"'gene' is a sparse.*real numbers"),
        (
            [None, np.ones((2, 3, 4)), np.ones((2, 5, 4))],
            ValueError,
            r"\(2, 3, 4\), \(",
        ),
        (
            [None, np.ones((2, 3)), np.ones((3, 2))],
            ValueError,
            "row 1 has vectors of 3",
        ),
        ([None, None], ValueError, "'gene' needs cells"),
        ([1.0, None], ValueError, "'gene' needs cells"),
    ],
    ids=["1-D", "0-D", "sparse", "shapes", "widths", "nothing", "numbers"],
)
def test_what_are_no_rows(rows, error, message):
    with pytest.raises(error, match=message):
        rows_and_places("gene", rows)


def test_keyed_forms():
    frame = pd.DataFrame(np.ones((2, 3)), index=["a", "b"], columns=[5, 6, 7])
    block = keyed("gene", frame)
    assert block.names == ["5", "6", "7"]
    assert block.ids.tolist() == ["a", "b"]
    series = keyed("age", pd.Series([1.0, 2.0], index=["a", "b"], name="age"))
    assert series.rows.shape == (2, 1)
    assert series.names == ["age"]
    pair = keyed("gene", (["a", "b"], np.ones((2, 3))))
    assert pair.names is None
    named = keyed("gene", (["c", "d"], frame))
    assert named.names == ["5", "6", "7"]
    assert named.ids.tolist() == ["c", "d"]
    assert keyed("gene", np.ones((2, 3))) is None
    with pytest.raises(ValueError, match="'gene' has 3 ids for 2 rows"):
        keyed("gene", (["a", "b", "c"], np.ones((2, 3))))


def test_lazy_rows_stay_lazy():
    rows = RecordingBlock(np.ones((2, 3)))
    pair = keyed("gene", (["a", "b"], rows))
    assert pair.rows is rows
    block = make_block(rows)
    assert block.lazy
    assert not make_block(np.ones((2, 3))).lazy
    store = join({"gene": pair}, ["b", "x", "a"])
    assert store.positions["gene"].tolist() == [1, -1, 0]
    assert not rows.reads


def test_join():
    gene = keyed("gene", pd.DataFrame(np.ones((3, 4)), index=["a", "b", "c"]))
    values = np.ones((3, 5))
    values[1] = np.nan
    image = keyed("image", (["c", "d", "e"], values))
    store = join({"gene": gene, "image": image}, None)
    assert store.index.tolist() == ["a", "b", "c", "d", "e"]
    assert store.positions["gene"].tolist() == [0, 1, 2, -1, -1]
    assert store.positions["image"].tolist() == [-1, -1, 0, -1, 2]
    chosen = join({"gene": gene, "image": image}, ["e", "z", "a"])
    assert chosen.positions["gene"].tolist() == [-1, -1, 0]
    assert chosen.positions["image"].tolist() == [2, -1, -1]
    with pytest.raises(ValueError, match=r"no block has a patient of index.*'y'"):
        join({"gene": gene}, ["y", "z"])


def test_align_blocks():
    gene = np.ones((3, 4))
    gene[1] = np.nan
    store = align_blocks({"gene": gene, "image": np.ones((3, 5))}, None)
    assert store.positions["gene"].tolist() == [0, -1, 2]
    assert store.index.tolist() == [0, 1, 2]
    assert store.blocks["gene"].rows is gene
    with pytest.raises(ValueError, match="index has 2 ids for 3 rows"):
        align_blocks({"gene": gene}, ["a", "b"])
    with pytest.raises(ValueError, match="gene has 3, image has 2"):
        align_blocks({"gene": gene, "image": np.ones((2, 5))}, None)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "b", "a"], "the table has a duplicated patient id: 'a'"),
        ([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6], r"1, 2, 3, 4, 5 \.\.\."),
        (["a", None], "missing patient id"),
        ([1.0, np.nan], "missing patient id"),
    ],
)
def test_what_are_no_ids(ids, message):
    with pytest.raises(ValueError, match=message):
        check_patient_ids(pd.Index(ids), "the table")


@pytest.mark.parametrize("columns", [["a", "b", "a"], [1, "1", 2]])
def test_names_that_occur_twice(columns):
    table = pd.DataFrame(np.eye(3), index=list("pqr"), columns=columns)
    with pytest.raises(ValueError, match=f"1 column names .* such as '{columns[0]}'"):
        keyed("gene", table)
    if columns[0] == "a":
        with pytest.raises(ValueError, match="'gene' has 1 column names"):
            store_from_frame(table, {"gene": ["a"]})


@pytest.mark.parametrize("dtype", [float, int, object])
def test_masked_rows_are_missing(dtype):
    values = np.array([[1, 2], [3, 4], [-999, -999]], dtype=dtype)
    rows = np.ma.array(values, mask=[[0, 0], [0, 1], [1, 1]])
    for given in (rows, [rows[0], rows[1], None]):
        block = keyed("gene", (list("abc"), given))
        assert block.places.tolist() == [0, 1, -1]
        found = np.asarray(block.rows, dtype=float)[:2]
        np.testing.assert_array_equal(found, [[1, 2], [3, np.nan]])


def test_columns_of_one_table():
    table = pd.DataFrame(
        {"a": [1.0, np.nan], "b": [2.0, np.nan], "age": [50, 60], "n": [7, 8]},
        index=["p", "q"],
    )
    store = store_from_frame(table, {"gene": ["b", "a"], "count": "n"})
    np.testing.assert_array_equal(store.blocks["gene"].rows[0], [2.0, 1.0])
    assert store.blocks["gene"].names == ["b", "a"]
    assert store.positions["gene"].tolist() == [0, -1]
    assert store.blocks["count"].rows.shape == (2, 1)
    assert store.metadata.columns.tolist() == ["age"]
    with pytest.raises(ValueError, match="modality 'gene': no column 'z'"):
        store_from_frame(table, {"gene": ["a", "z"]})


def test_concat_shifts_positions():
    first = align_blocks({"gene": np.ones((2, 3))}, ["a", "b"])
    values = np.full((3, 3), 2.0)
    values[1] = np.nan
    second = align_blocks({"gene": values, "image": np.ones((3, 5))}, ["c", "d", "e"])
    store = concat_stores([first, second])
    assert store.index.tolist() == ["a", "b", "c", "d", "e"]
    assert store.positions["gene"].tolist() == [0, 1, 2, -1, 4]
    assert store.positions["image"].tolist() == [-1, -1, 0, 1, 2]
    assert store.blocks["gene"].rows[:, 0].tolist()[:3] == [1, 1, 2]
    assert store.metadata is None
    with pytest.raises(ValueError, match=r"concatenated cohort has a duplicated.*'a'"):
        concat_stores([first, first])


@pytest.mark.parametrize("names", [None, ["u", "v", "w"]])
def test_table_of_a_block(names):
    rows = np.arange(6.0).reshape(2, 3)
    table = block_frame("gene", rows, names, np.array([0, -1, 1]), list("abc"))
    assert table.columns.tolist() == (names or ["gene0", "gene1", "gene2"])
    assert table.index.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(table.loc["c"], [3, 4, 5])
    assert table.loc["b"].isna().all()


def test_table_of_images():
    images = np.arange(24).reshape(2, 3, 4)
    table = block_frame("image", images, None, np.array([-1, 0, 1]), list("abc"))
    assert table.columns.tolist() == ["image"]
    assert table["image"]["a"] is None
    np.testing.assert_array_equal(table["image"]["c"], images[1])
