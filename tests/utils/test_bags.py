"""What a block of bags is, and how a bad bag is described."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal.utils._bags import as_bags, describe_bad_bag, is_bags, name_row
from skmultimodal.utils._rows import RowView, StackedRows

BAGS = [np.ones((3, 5)), np.ones((2, 5))]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (BAGS, True),
        ([None, *BAGS], True),
        (as_bags(BAGS), True),
        (RowView(as_bags(BAGS), np.array([1])), True),
        (np.ones((3, 2, 5)), False),
        ([[1.0, 2.0], [3.0, 4.0]], False),
        (np.array(["a", None], dtype=object), False),
        (pd.DataFrame({"a": [1.0]}), False),
    ],
)
def test_is_bags(rows, expected):
    assert is_bags(rows) is expected


@pytest.mark.parametrize(
    ("bag", "message"),
    [
        (np.ones((3, 5)), None),
        (np.ones((3, 5), dtype=np.uint8), None),
        (None, "is None, no array"),
        (np.ones((3, 5, 2)), "is 3-D, no array"),
        (np.ones((0, 5)), "is empty"),
        (np.ones((3, 4)), "has vectors of 4 features, not 5"),
        (np.array([["a"] * 5]), "no numbers"),
        (np.array([[1.0] * 5, [1, 2, np.nan, 4, 5]]), "in vector 1 of 2"),
        (np.full((1, 5), np.inf), "NaN or infinity in vector 0 of 1"),
    ],
)
def test_describe_bad_bag(bag, message):
    wrong = describe_bad_bag(bag, 5)
    if message is None:
        assert wrong is None
    else:
        assert message in wrong


class Named:
    shape, dtype = (2,), np.dtype(object)

    def __getitem__(self, rows):
        return as_bags(BAGS)[rows]

    def row_name(self, row):
        return f"patient {'AB'[row]}"


def test_rows_of_views_have_the_names_of_their_block():
    view = RowView(Named(), np.array([1, 0, 1]))
    assert name_row(view, 1) == "patient A"
    stacked = StackedRows([as_bags(BAGS), view])
    assert name_row(stacked, 2) == "patient B"
    assert name_row(stacked, 0) == "row 0"
    assert name_row(BAGS, 1) == "row 1"


def test_bags_are_stacked_with_arrays_of_bags():
    stacked = StackedRows([np.ones((2, 4, 5)), as_bags(BAGS)])
    assert stacked.shape == (4,)
    assert stacked.dtype == object
    rows = stacked[[3, 0]]
    assert [bag.shape for bag in rows] == [(2, 5), (4, 5)]
