"""Dropout whose draws are cheap."""

import pytest
import torch

from skmultimodal.nn._dropout import Dropout


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_rate_and_scale(p, dtype):
    torch.manual_seed(0)
    x = torch.full((211, 1001), 2.0, dtype=dtype)
    dropped = Dropout(p)(x)
    assert dropped.dtype == dtype
    zero = dropped == 0
    assert zero.double().mean().item() == pytest.approx(p, abs=0.004)
    scaled = torch.full_like(dropped[~zero], 2 / (1 - p))
    torch.testing.assert_close(dropped[~zero], scaled, rtol=1e-2, atol=0)
    # As often in each column, row and place of the words that are drawn.
    for axis in (0, 1):
        assert (zero.double().mean(axis) - p).abs().max() < 0.2
    places = zero.flatten()[: 4 * (zero.numel() // 4)].view(-1, 4).double().mean(0)
    torch.testing.assert_close(places, torch.full_like(places, p), rtol=0.05, atol=0)


def test_every_draw_is_new_and_seeded():
    x = torch.ones(7, 13)
    torch.manual_seed(3)
    first, second = Dropout(0.5)(x), Dropout(0.5)(x)
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(x), first)
    assert not torch.equal(first, second)


def test_gradient_passes_where_a_value_is_kept():
    x = torch.ones(7, 13, requires_grad=True)
    dropped = Dropout(0.25)(x)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, dropped.detach())


@pytest.mark.parametrize("p", [0.0, 0.3])
def test_nothing_is_dropped_outside_training(p):
    x = torch.randn(5, 3)
    assert torch.equal(Dropout(p).eval()(x), x)


@pytest.mark.parametrize("p", [1 - 1e-9, 1.0])
def test_extreme_rates_stay_finite(p):
    assert torch.isfinite(Dropout(p)(torch.ones(5, 3))).all()


def test_empty_and_flat_input():
    assert Dropout(0.5)(torch.empty(0, 4)).shape == (0, 4)
    assert Dropout(0.5)(torch.ones(3)).shape == (3,)
