"""One integer seed at the door, and global generators left alone."""

import numpy as np
import pytest
import torch

from skmultimodal.utils._seed import draw_seed, seeded_torch


def test_seed_of_an_int_is_always_the_same():
    assert draw_seed(3) == draw_seed(3) != draw_seed(4)
    assert type(draw_seed(3)) is int


def test_seed_of_a_generator_moves_on():
    generator = np.random.RandomState(0)
    assert draw_seed(generator) != draw_seed(generator)
    assert draw_seed(np.random.RandomState(0)) == draw_seed(np.random.RandomState(0))


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_torch_generator_is_left_as_it_was(error):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    draws = []
    for _ in range(2):
        try:
            with seeded_torch(5, "cpu"):
                draws.append(torch.rand(3))
                if error:
                    raise error
        except (ValueError, KeyboardInterrupt):
            pass
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(draws[0], draws[1])


@pytest.mark.cuda
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_cuda_generators_are_left_as_they_were(device):
    torch.cuda.manual_seed(11)
    before = torch.cuda.get_rng_state()
    with seeded_torch(5, device):
        torch.rand(3, device=device)
    assert torch.equal(torch.cuda.get_rng_state(), before)
