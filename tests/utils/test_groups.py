"""Groups of rows as numbers."""

import numpy as np
import pytest

from skmultimodal.utils._groups import check_groups


def test_groups_are_numbered_by_their_text():
    groups = np.array(["York", 7, "Bath", 7, "York"], dtype=object)
    assert check_groups(groups, 5).tolist() == [2, 0, 1, 0, 2]
    assert check_groups(None, 5) is None


@pytest.mark.parametrize("missing", [None, np.nan])
def test_bad_groups_are_named(missing):
    with pytest.raises(ValueError, match=r"X has 3 rows, groups has shape \(2,\)"):
        check_groups(["a", "b"], 3)
    with pytest.raises(ValueError, match="the group of row 1 is missing, one of 1"):
        check_groups(np.array(["a", missing, "b"], dtype=object), 3)
