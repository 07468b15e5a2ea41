"""Outputs of a network for many rows, batch by batch."""

import weakref

import numpy as np
import pytest
import torch

from skmultimodal.towers._net import run_net
from skmultimodal.utils._threads import Workers

WEIGHT = torch.tensor([[1.0, -2.0, 0.5]])


def read(rows):
    return (rows[:, None] + torch.tensor([0.0, 1.0]),)


def function(inputs):
    return inputs.float().sum(dim=1, keepdim=True) @ WEIGHT


@pytest.mark.parametrize("n_rows", [0, 1, 7, 23])
@pytest.mark.parametrize("batch_size", [1, 5, 40])
def test_rows_are_in_their_order(n_rows, batch_size):
    expected = (2 * np.arange(n_rows) + 1.0)[:, None] * WEIGHT.numpy()
    found = run_net(function, read, n_rows, batch_size)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32
    with Workers() as workers:
        threaded = run_net(function, read, n_rows, batch_size, workers.map)
    np.testing.assert_array_equal(threaded, expected)


def test_the_type_is_that_of_the_outputs_whatever_torch_makes_by_default():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        assert run_net(function, read, 7, 5).dtype == np.float32
    finally:
        torch.set_default_dtype(before)


def test_no_output_of_a_batch_is_kept():
    """Between large inputs, small outputs would keep memory from being used again."""
    outputs = []

    def read_after_others(rows):
        assert [output() for output in outputs] == [None] * len(outputs)
        return read(rows)

    def watched(inputs):
        output = function(inputs)
        outputs.append(weakref.ref(output))
        return output

    run_net(watched, read_after_others, 23, 5)
    assert len(outputs) == 5
