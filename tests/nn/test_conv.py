"""The convolutional tower: size, shapes, pooling."""

import numpy as np
import pytest
import torch
from tower_tools import MapEncoder, VectorEncoder

from skmultimodal.nn import ConvTower


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_size_of_the_papers_tower():
    net = ConvTower((5, 240, 240), 2, (16, 32, 64), (32, 16), "flatten")
    assert count(net) == 1_867_666


@pytest.mark.parametrize("image_shape", [(2, 11, 17), (1, 1, 7), (3, 5, 1), (1, 1, 1)])
@pytest.mark.parametrize("pool", ["flatten", "mean", "max"])
def test_shapes(image_shape, pool):
    torch.manual_seed(0)
    net = ConvTower(image_shape, 3, (4, 6), (9, 8), pool)
    x = torch.randn(5, *image_shape)
    assert net.features(x).shape == (5, 8)
    assert net(x).shape == (5, 3)
    torch.testing.assert_close(net(x), net.output(net.features(x)))
    assert (net.features(x) >= 0).all()
    # Every row on its own: the batch is no part of the answer.
    torch.testing.assert_close(net(x)[2:3], net(x[2:3]))


def test_no_dense_layers():
    net = ConvTower((2, 8, 4), 3, (5,), (), "max")
    assert net.features(torch.zeros(7, 2, 8, 4)).shape == (7, 5)
    assert net(torch.zeros(7, 2, 8, 4)).shape == (7, 3)


def test_one_block_against_numpy():
    """Convolution with zero padding, 2 x 2 max-pooling, ReLU, mean."""
    torch.manual_seed(0)
    net = ConvTower((2, 6, 4), 3, (5,), (), "mean")
    image = torch.randn(1, 2, 6, 4)
    kernel = net.encoder.convolutions[0].weight.detach().numpy().astype(float)
    bias = net.encoder.convolutions[0].bias.detach().numpy()
    padded = np.pad(image[0].numpy().astype(float), ((0, 0), (1, 1), (1, 1)))
    maps = np.empty((5, 6, 4))
    for i in range(6):
        for j in range(4):
            patch = padded[:, i : i + 3, j : j + 3]
            maps[:, i, j] = (kernel * patch).sum(axis=(1, 2, 3)) + bias
    pooled = np.maximum(maps.reshape(5, 3, 2, 2, 2).max(axis=(2, 4)), 0)
    expected = pooled.mean(axis=(1, 2))
    np.testing.assert_allclose(
        net.features(image).detach().numpy()[0], expected, rtol=1e-5, atol=1e-6
    )


class Identity(torch.nn.Module):
    """Averages of 2 x 3 voxels as feature maps, so that pooling can be checked."""

    def __init__(self, in_channels):
        super().__init__()

    def forward(self, x):
        return torch.nn.functional.avg_pool2d(x, (2, 3))


@pytest.mark.parametrize("mask_channel", [0, 2])
def test_mask_pooling_against_numpy(mask_channel):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3, 8, 15)).astype(np.float32)
    mask = rng.integers(0, 5, size=(4, 8, 15)) * (rng.random((4, 8, 15)) < 0.3)
    x[:, mask_channel] = mask / 4
    x[1, mask_channel] = 0  # no segmentation
    net = ConvTower((3, 8, 15), 2, Identity, (), "mask", mask_channel)

    maps = x.reshape(4, 3, 4, 2, 5, 3).astype(float).mean(axis=(3, 5))
    inside = x[:, mask_channel] > 0
    weight = inside.reshape(4, 4, 2, 5, 3).mean(axis=(2, 4))
    mean = maps.mean(axis=(2, 3))
    weighted = mean.copy()
    for row in (0, 2, 3):
        total = weight[row].sum()
        weighted[row] = (maps[row] * weight[row]).sum(axis=(1, 2)) / total
    expected = np.hstack([mean, weighted])
    pooled = net.features(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(pooled, expected, rtol=1e-4, atol=1e-6)


def test_mask_of_one_voxel_pools_where_it_is():
    x = torch.randn(1, 2, 8, 15)
    x[:, 1] = 0
    x[0, 1, 5, 7] = 1
    net = ConvTower((2, 8, 15), 2, Identity, (), "mask", 1)
    torch.testing.assert_close(net.features(x)[0, 2], x[0, 0, 4:6, 6:9].mean())


def test_empty_mask_has_finite_gradients():
    net = ConvTower((2, 8, 6), 2, (4,), (5,), "mask", 1)
    net(torch.zeros(3, 2, 8, 6)).sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize(
    ("encoder", "pool", "n_pooled"),
    [
        (MapEncoder, "mean", 5),
        (MapEncoder, "flatten", 5 * 7 * 4),
        (VectorEncoder, "max", 5),
        (MapEncoder, "auto", 5),
        (VectorEncoder, "auto", 5),
        (Identity, "auto", 2 * 4 * 2),
    ],
)
def test_encoder_of_the_users(encoder, pool, n_pooled):
    net = ConvTower((2, 9, 6), 3, encoder, (8,), pool)
    assert net.dense[0].in_features == n_pooled
    assert net.encoder.training
    assert net(torch.zeros(4, 2, 9, 6)).shape == (4, 3)
