"""Words for a response, and the labels that each scheme makes of them."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal.io import make_response_labels
from skmultimodal.io._labels import RESPONSE_SCHEMES, label_column, target_array


def test_label_schemes():
    words = ["Complete Response", "PARTIAL REMISSION/RESPONSE", "Stable Disease"]
    words += ["Radiographic Progressive Disease", "[Unknown]", None, "TF-Tumor Free"]
    words += ["WITH TUMOR", "Treatment Ongoing", "Persistent Disease"]
    nan = np.nan
    expected = {
        "disease_control": [1, 1, 1, 0, nan, nan, nan, nan, nan, nan],
        "objective_response": [1, 1, 0, 0, nan, nan, nan, nan, nan, nan],
        "exclude_stable": [1, 1, nan, 0, nan, nan, nan, nan, nan, nan],
        "tumor_free": [nan, nan, nan, nan, nan, nan, 1, 0, nan, nan],
    }
    assert set(expected) == set(RESPONSE_SCHEMES)
    for scheme, labels in expected.items():
        found = make_response_labels(words, scheme)
        np.testing.assert_array_equal(found, labels)
        assert found.attrs["scheme"] == scheme
    assert make_response_labels(words, persistent=0).iloc[-1] == 0


def test_unknown_words_and_schemes():
    values = pd.Series(["Stable Disease", "improved"], index=["P1", "P2"])
    with pytest.raises(ValueError, match="row 'P2': 'improved' is no known response"):
        make_response_labels(values)
    dropped = make_response_labels(values, on_error="drop")
    assert dropped.isna().tolist() == [False, True]
    with pytest.raises(ValueError, match="scheme must be one of"):
        make_response_labels(values, "best")


def test_an_absent_column_is_named_with_those_there_are():
    clinical = pd.DataFrame({"age": [31, 42, 53], "grade": ["II", "IV", "II"]})
    assert label_column(clinical, "grade", "clinical.csv") is not None
    message = "label 'sex' is no column of clinical.csv; it has: age, grade."
    with pytest.raises(ValueError, match=message):
        label_column(clinical, "sex", "clinical.csv")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([2, 5, 7]), [2.0, 5.0, 7.0]),
        (pd.Series([2, None, 7], dtype="Int64"), [2.0, np.nan, 7.0]),
        (pd.Series([True, None, False], dtype=object), [1.0, np.nan, 0.0]),
        (pd.Series(["a", " ", None], dtype=object), ["a", None, None]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["b", "a", "b"]),
        (pd.Series([3, 1, 3], dtype="category"), [3.0, 1.0, 3.0]),
    ],
)
def test_a_column_becomes_labels(values, expected):
    labels = target_array(values)
    assert labels.dtype == (object if isinstance(expected[0], str) else float)
    np.testing.assert_array_equal(labels, np.array(expected, dtype=labels.dtype))
