"""What rows of any target are dealt into folds by."""

import numpy as np
import pandas as pd
import pytest

from skmultimodal import make_survival_target
from skmultimodal.utils._strata import encode_strata, fifths, missing_targets


def test_classes_are_strata():
    names, codes = encode_strata(["b", "a", None, "b"])
    assert names.tolist() == ["a", "b"]
    assert codes.tolist() == [1, 0, -1, 1]


@pytest.mark.parametrize("y", [np.arange(60), np.arange(60) / 7])
def test_numbers_are_dealt_by_fifths(y):
    classes, codes = encode_strata(y)
    assert classes is None
    assert np.bincount(codes).tolist() == [12] * 5
    assert np.all(np.diff(codes) >= 0)


def test_fifths_of_tied_numbers_leave_no_stratum_empty():
    codes = fifths(np.array([1.0] * 30 + [2.0, 3.0, np.nan]))
    assert set(codes) == {-1, *range(codes.max() + 1)}
    assert codes[-1] == -1


def test_events_are_strata():
    y = pd.DataFrame({"event": [True, False, True], "time": [3.0, 4.0, np.nan]})
    assert encode_strata(y)[1].tolist() == [1, 0, -1]
    assert missing_targets(y).tolist() == [False, False, True]
    made = make_survival_target(y["event"], y["time"])
    assert encode_strata(made)[1].tolist() == [1, 0, -1]
