"""Both sides of the speed benchmark do the same work."""

import numpy as np
import pytest

from benchmarks.speed.__main__ import (
    compare,
    gene_case,
    head_case,
    image_case,
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("make", [image_case, gene_case, head_case])
def test_weights_are_those_of_the_loop(make):
    case = make(np.random.default_rng(0), quick=True)
    assert compare(case, repeats=1)["weights differ by"] == 0
