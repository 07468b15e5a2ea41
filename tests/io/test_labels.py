"""Words for a response, and the labels that each scheme makes of them."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal.io import make_response_labels
from skmultimodal.io._labels import RESPONSE_SCHEMES


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
