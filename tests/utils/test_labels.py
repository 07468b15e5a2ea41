"""Labels of any type, some of them missing."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal.utils._labels import UNLABELLED, encode_labels, missing_labels


@pytest.mark.parametrize(
    "y",
    [
        [1.0, np.nan, 0.0],
        ["b", None, "a"],
        np.array(["b", np.nan, "a"], dtype=object),
        pd.Series(["b", None, "a"]),
        pd.Series(["b", None, "a"], dtype="category"),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([1, None, 0], dtype="Int64"),
        [True, None, False],
        np.array([2**60 + 1, None, 2**60], dtype=object),
    ],
    ids=lambda y: f"{type(y).__name__}-{getattr(y, 'dtype', '')}",
)
def test_missing_labels_of_every_kind(y):
    assert missing_labels(y).tolist() == [False, True, False]
    classes, codes = encode_labels(y, allow_unlabelled=True)
    assert codes.tolist() == [1, UNLABELLED, 0]
    assert codes.dtype == np.int64
    assert classes.tolist() == [y[2], y[0]]
    with pytest.raises(ValueError, match="row 1 is missing"):
        encode_labels(y)


@pytest.mark.parametrize(
    ("y", "kind"),
    [([3, 1, 3], "i"), (["b", "a", "b"], "U"), ([True, False, True], "b")],
)
def test_complete_labels(y, kind):
    assert not missing_labels(y).any()
    classes, codes = encode_labels(y)
    assert classes.dtype.kind == kind
    assert classes[codes].tolist() == y
    assert codes.tolist() == [1, 0, 1]


def test_all_labels_missing():
    classes, codes = encode_labels([np.nan, np.nan], allow_unlabelled=True)
    assert len(classes) == 0
    assert codes.tolist() == [UNLABELLED] * 2


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.0, np.inf, 1.0], "infinity"),
        ([0.1, 0.7, 2.4], "continuous"),
        (np.eye(3), "1d array"),
    ],
)
def test_what_is_no_class_label(y, message):
    with pytest.raises(ValueError, match=message):
        encode_labels(y, allow_unlabelled=True)
