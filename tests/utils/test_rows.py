"""Row access to blocks that are in memory or lazy."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from cohort_tools import RecordingBlock

from skmultimodal.utils._rows import RowView, is_lazy, row_positions, take_rows

ROWS = np.arange(7 * 6).reshape(7, 2, 3)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (ROWS, False),
        (ROWS.tolist(), False),
        (pd.DataFrame(ROWS[:, 0]), False),
        (scipy.sparse.csr_array(ROWS[:, 0]), False),
        (RecordingBlock(ROWS), True),
        (RowView(ROWS, np.arange(3)), True),
    ],
    ids=lambda block: type(block).__name__,
)
def test_is_lazy(block, expected):
    assert is_lazy(block) is expected


def test_memmap_is_lazy(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    assert is_lazy(np.load(tmp_path / "rows.npy", mmap_mode="r"))


def test_positions_are_intp_whatever_the_key():
    for key in (2, np.uint8(2), [2], slice(2, 3), np.arange(7) == 2):
        positions = row_positions(key, 7)
        assert positions.tolist() == [2]
        assert positions.dtype == np.intp
    assert row_positions([], 7).tolist() == []
    assert row_positions(..., 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("positions", [[], [4], [1, 3, 6], [6, 1, 3], [5, 0, 5, 5, 2]])
def test_take_rows_reads_each_lazy_row_once(positions):
    positions = np.array(positions, dtype=np.intp)
    block = RecordingBlock(ROWS)
    taken = take_rows(block, positions)
    np.testing.assert_array_equal(taken, ROWS[positions])
    assert taken.dtype == ROWS.dtype
    np.testing.assert_array_equal(take_rows(ROWS, positions), ROWS[positions])
    assert sum(map(len, block.reads)) == len(set(positions.tolist()))


def test_view_is_like_the_array_it_stands_for():
    block = RecordingBlock(ROWS)
    positions = np.array([5, 0, 5, 2])
    view, array = RowView(block, positions), ROWS[positions]
    assert (view.shape, view.ndim, view.dtype, len(view)) == (
        array.shape,
        array.ndim,
        array.dtype,
        len(array),
    )
    assert block.reads == []
    for key in (
        1,
        -1,
        np.int64(3),
        slice(None, None, -2),
        [2, 2, 0],
        array[:, 0, 0] > 9,
    ):
        np.testing.assert_array_equal(view[key], array[key])
    np.testing.assert_array_equal(np.asarray(view, dtype=np.float32), array)
    nested = RowView(view, np.array([3, 1]))
    np.testing.assert_array_equal(np.asarray(nested), array[[3, 1]])
    assert repr(view) == f"RowView(shape=(4, 2, 3), dtype={ROWS.dtype})"
    with pytest.raises(IndexError, match="row 4 is out of range for 4 rows"):
        view[4]
