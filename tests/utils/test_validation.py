"""Rows given to a tower: rank, features, values, in memory or lazy."""

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock
from sklearn.base import BaseEstimator

from skmultimodal.utils._validation import check_finite_rows, check_rows, find_bad_row


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_first_bad_row_is_found(value, dtype):
    rows = np.ones((5, 2, 3), dtype=dtype)
    assert find_bad_row(rows) is None
    rows[4, 0, 0] = 1
    rows[[2, 3], 1, 2] = value
    assert find_bad_row(rows) == 2


def test_opposite_infinities_do_not_cancel():
    assert find_bad_row(np.array([[1.0, 2.0], [np.inf, -np.inf]])) == 1


def test_large_finite_values_are_no_bad_row():
    assert find_bad_row(np.full((3, 4), np.finfo(np.float64).max)) is None
    assert find_bad_row(np.full((3, 4), 255, dtype=np.uint8)) is None
    assert find_bad_row(np.empty((0, 4))) is None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("largest", [1.0, 0.9])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layout", ["C", "F", "columns", "images"])
def test_a_bad_row_is_found_in_any_layout(dtype, largest, bad, layout):
    """Among values whose squares, and sums, are beyond the type."""
    rows = np.full((7, 12), largest * np.finfo(dtype).max, dtype)
    rows[:, ::2] *= -1
    rows = {
        "C": rows,
        "F": np.asfortranarray(rows),
        "columns": np.repeat(rows, 2, axis=1)[:, ::2],
        "images": rows.reshape(7, 2, 3, 2),
    }[layout]
    assert find_bad_row(rows) is None
    rows[(4, *[-1] * (rows.ndim - 1))] = bad
    assert find_bad_row(rows) == 4


def test_bad_row_is_named_by_its_number():
    rows = np.ones((3, 4))
    rows[1, 2] = np.nan
    check_finite_rows(rows[[0, 2]], [40, 42])
    with pytest.raises(ValueError, match="row 41"):
        check_finite_rows(rows, [40, 41, 42])


@pytest.mark.parametrize("shape", [(6, 3, 4), (6, 2, 3, 4, 5)])
@pytest.mark.parametrize("lazy", [False, True])
def test_rank_is_named_with_the_ranks_accepted(shape, lazy):
    X = np.zeros(shape)
    X = RecordingBlock(X) if lazy else X
    with pytest.raises(ValueError, match=rf"got {len(shape)}-D.*2-D or 4-D"):
        check_rows(BaseEstimator(), X, np.zeros(6), ndims=(2, 4))


def test_missing_and_unequal_targets():
    with pytest.raises(ValueError, match="y is None"):
        check_rows(BaseEstimator(), np.zeros((6, 3)))
    with pytest.raises(ValueError, match=r"\[6, 5\]"):
        check_rows(BaseEstimator(), np.zeros((6, 3)), np.zeros(5))


def test_feature_names_are_learned_and_checked():
    estimator = BaseEstimator()
    df = pd.DataFrame(np.eye(4, 3), columns=["u", "v", "w"])
    check_rows(estimator, df, require_y=False)
    assert estimator.feature_names_in_.tolist() == ["u", "v", "w"]
    check_rows(estimator, df, reset=False)
    with pytest.raises(ValueError, match="feature names"):
        check_rows(estimator, df[["v", "u", "w"]], reset=False)


def test_lazy_rows_are_not_read_to_be_checked():
    block = RecordingBlock(np.zeros((50, 3)))
    X, y = check_rows(BaseEstimator(), block, np.zeros(50))
    assert X.shape == (50, 3)
    assert y.shape == (50,)
    assert block.longest_read <= 2
    with pytest.raises(ValueError, match=r"\[50, 49\]"):
        check_rows(BaseEstimator(), block, np.zeros(49))
