"""Both sides of the speed benchmark do the same work."""

from functools import partial

import numpy as np
import pytest
import torch

from benchmarks.speed.__main__ import (
    compare,
    gene_case,
    head_case,
    image_case,
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "make",
    [partial(image_case, memory_format=torch.channels_last), gene_case, head_case],
    ids=["image", "gene", "head"],
)
def test_weights_are_those_of_the_loop(make):
    case = make(np.random.default_rng(0), quick=True)
    assert compare(case, repeats=1)["weights differ by"] == 0
