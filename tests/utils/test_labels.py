"""Labels of any type, some of them missing."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal.utils._labels import (
    UNLABELLED,
    class_name,
    encode_labels,
    find_positive,
    missing_labels,
)


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


def test_a_list_of_words_with_nan_has_no_class_nan():
    classes, codes = encode_labels(["b", np.nan, "a"], allow_unlabelled=True)
    assert classes.tolist() == ["a", "b"]
    assert codes.tolist() == [1, UNLABELLED, 0]


@pytest.mark.parametrize(
    ("classes", "positive"),
    [
        ([0, 1], 1),
        ([0.0, 1.0], 1.0),
        ([1, 2], 1),
        ([False, True], True),
        (["Non-responder", "Responder"], "Responder"),
        (["Responder", "none"], "Responder"),
        ([" YES ", "no"], " YES "),
        (["FALSE", "TRUE"], "TRUE"),
        (["Positive", "unclear", "zero"], "Positive"),
        (["mutant", "wild type"], "wild type"),
        (["1", "yes"], "yes"),  # two of them are words: the last
        ([0, 1, 2], 2),  # a grade
        (["only"], "only"),
    ],
)
def test_the_positive_class_by_default(classes, positive):
    assert classes[find_positive(np.array(classes))] == positive


@pytest.mark.parametrize(
    ("classes", "positive", "expected"),
    [
        (["a", "b"], "a", 0),
        (["a", "b"], " A", 0),
        (["a", "A"], "A", 1),
        ([0.0, 1.0], "0", 0),
        ([0.0, 1.0], True, 1),
        ([0.0, 1.0], "True", 1),
        (["0", "1"], 0, 0),
        ([False, True], "false", 0),
        ([1e7, 12345678.0], "12345678", 1),
    ],
)
def test_the_positive_class_as_given(classes, positive, expected):
    assert find_positive(np.array(classes), positive) == expected


@pytest.mark.parametrize(
    ("classes", "positive", "message"),
    [
        (["a", "b"], "c", "positive='c' is no class of X: they are a, b"),
        (["Yes", "YES"], "yes", "they are Yes, YES"),
        ([0.0, 1.0], 2, "positive=2 is no class of X: they are 0, 1"),
        ([], None, "no class is positive: X has none"),
    ],
)
def test_no_such_positive_class(classes, positive, message):
    with pytest.raises(ValueError, match=message):
        find_positive(classes, positive, of="X")


def test_names_of_classes_keep_their_digits():
    labels = [1.0, np.float32(0), 12345678.0, True, "a"]
    assert list(map(class_name, labels)) == ["1", "0", "12345678", "True", "a"]
