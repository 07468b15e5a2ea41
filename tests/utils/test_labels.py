"""Labels of any type, some of them missing."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal.utils._labels import (
    UNLABELLED,
    check_labels,
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
        (np.eye(3), r"3 columns, .* y.argmax\(axis=1\)"),
    ],
)
def test_what_is_no_class_label(y, message):
    with pytest.raises(ValueError, match=message):
        encode_labels(y, allow_unlabelled=True)


SURVIVAL = np.array(
    [(True, 311.5), (False, 90.0), (True, 47.0)],
    dtype=[("event", bool), ("days", float)],
)
TO_CLASSES = "Put classes in place of an amount or a time"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (SURVIVAL, "2 columns .'event', 'days'., .* survival estimator"),
        (SURVIVAL.tolist(), "2 columns, .* survival estimator"),
        (pd.DataFrame(SURVIVAL), "2 columns .'event', 'days'., .* survival estimator"),
        ([311.5, 90, 47], f"continuous. 311.5 is no class. {TO_CLASSES}"),
        (
            np.arange(18, 40),
            f"22 different whole numbers, from 18 to 39.* {TO_CLASSES}",
        ),
        (np.r_[np.nan, np.arange(40.0)], r"40 different .* y.astype\(str\)"),
        (pd.Series([*range(30), None], dtype="Int64"), "30 different whole numbers"),
        (
            np.array(["2020-01-01", "2021-05-03"], "M8[D]"),
            f"holds dates.* {TO_CLASSES}",
        ),
        (pd.to_datetime(["2020-01-01", "2021-05-03"]), "holds dates or times"),
    ],
)
def test_amounts_and_times_are_no_classes(y, message):
    with pytest.raises(ValueError, match=message):
        encode_labels(y, allow_unlabelled=True)


def test_what_may_be_a_class():
    """Up to 20 numbers, or any number of texts, as the error says."""
    assert len(encode_labels(np.arange(20))[0]) == 20
    classes, codes = encode_labels(np.repeat(np.arange(33), 3).astype(str))
    assert len(classes) == 33
    assert classes[codes[-1]] == "32"


@pytest.mark.parametrize("y", [[0.0, 1.0, "0", "1"], [True, "True", None], ["a", 1]])
def test_labels_of_two_types(y):
    with pytest.raises(ValueError, match=r"y mixes text, such as .* and other labels"):
        encode_labels(np.array(y, dtype=object), allow_unlabelled=True)


def test_masked_labels_are_missing():
    y = np.ma.array([0, 1, 9, 1], mask=[0, 0, 1, 0])
    classes, codes = encode_labels(y, allow_unlabelled=True)
    assert classes.dtype.kind == "i"
    assert classes.tolist() == [0, 1]
    assert codes.tolist() == [0, 1, UNLABELLED, 1]
    words = np.ma.array(["a", "b", "?"], mask=[0, 0, 1])
    assert encode_labels(words, allow_unlabelled=True)[0].tolist() == ["a", "b"]


def test_spellings_of_one_class():
    y = np.array(["yes", "Yes", "no ", "no", "maybe", None], dtype=object)
    with pytest.warns(UserWarning, match="keep apart: 'yes', 'Yes'; 'no ', 'no'. If"):
        assert check_labels(y, 6).tolist() == y.tolist()
    check_labels(np.array(["yes", "no", "Yesterday", 1], dtype=object), 4)


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
