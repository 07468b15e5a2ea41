"""Statistics of images: values by numpy, names, gradients, background."""

import numpy as np
import pytest
import torch

from skmultimodal.nn import ImageStatistics
from skmultimodal.nn._statistics import count_statistics

SHAPES = [
    ((1, 24, 20), None),
    ((3, 18, 18), None),
    ((2, 7, 11), 0),
    ((4, 13, 9), 3),
    ((6, 10, 12), 5),
    ((1, 1, 1), None),
    ((2, 1, 7), None),
    ((3, 5, 1), None),
]


def measure(images, mask_channel=None):
    """Statistics of images by name, of float64 arrays."""
    module = ImageStatistics(images.shape[1], mask_channel)
    channels = [f"c{i}" for i in range(images.shape[1])]
    names = module.names(images.shape[1:], channels)
    return dict(zip(names, module(torch.from_numpy(images)).numpy().T, strict=True))


@pytest.mark.parametrize(("shape", "mask_channel"), SHAPES)
def test_every_statistic_has_a_name_and_a_gradient(shape, mask_channel):
    rng = np.random.default_rng(0)
    images = torch.tensor(rng.normal(size=(5, *shape)))
    if mask_channel is not None:
        images[:, mask_channel] = torch.randint(0, 5, images[:, 0].shape) / 4
    images[1] = 0  # a blank image
    images.requires_grad_()
    module = ImageStatistics(shape[0], mask_channel)
    found = module(images)
    names = module.names(shape, [f"c{i}" for i in range(shape[0])])
    assert found.shape == (5, len(names))
    assert len(set(names)) == len(names)
    assert found.isfinite().all()
    with torch.no_grad():
        torch.testing.assert_close(module(images), found)
    found.sum().backward()
    assert images.grad.isfinite().all()
    # Every row on its own.
    torch.testing.assert_close(module(images[2:3]), found[2:3])


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize(
    ("shape", "mask_channel"),
    [*SHAPES, ((2, 70, 131), 1), ((3, 129, 6), None)],
)
def test_statistics_are_counted_on_a_small_image(shape, mask_channel, device):
    count_statistics.cache_clear()
    with torch.device(device):  # as where a network is made without memory
        found = count_statistics(shape, mask_channel)
    whole = ImageStatistics(shape[0], mask_channel)(torch.ones(2, *shape))
    assert found == whole.shape[1]


def test_intensities_against_numpy():
    images = np.random.default_rng(1).normal(2, 3, size=(4, 2, 9, 14))
    images[:, :, :3] = 0  # background
    images[2, 0, 5, 5] = 0  # of one channel only: no background
    found = measure(images)
    pixels = images[:, :, 3:].reshape(4, 2, -1)
    for c in range(2):
        np.testing.assert_allclose(found[f"c{c}_image_mean"], pixels[:, c].mean(1))
        sd = pixels[:, c].std(1)
        np.testing.assert_allclose(found[f"c{c}_image_sd"], sd, rtol=1e-6)
        for q in (5, 25, 50, 75, 95):
            wanted = np.percentile(pixels[:, c], q, axis=1)
            np.testing.assert_allclose(found[f"c{c}_image_p_{q}"], wanted)
    apart = (pixels[:, 0] - pixels[:, 1]).mean(axis=1)
    np.testing.assert_allclose(found["c0-c1_image_mean"], apart)
    together = [np.corrcoef(*p)[0, 1] for p in pixels]
    np.testing.assert_allclose(found["c0-c1_correlation"], together, atol=0.02)
    # The middle half of both sides: rows 2 to 6, columns 3 to 10, without background.
    centre = images[:, 1, 3:7, 3:11].reshape(4, -1)
    np.testing.assert_allclose(found["c1_centre_mean"], centre.mean(axis=1))


def test_texture_against_numpy():
    images = np.random.default_rng(2).normal(5, 1, size=(3, 1, 12, 16))
    found = measure(images)
    steps = np.diff(images[:, 0], axis=2)
    size = np.sqrt(np.square(steps).mean(axis=(1, 2)))
    wanted = np.log(size + 0.05)
    np.testing.assert_allclose(found["c0_horizontal_gradient_1px"], wanted)
    blocks = images[:, 0].reshape(3, 6, 2, 8, 2).mean(axis=(2, 4))
    size = np.sqrt(np.square(np.diff(blocks, axis=1)).mean(axis=(1, 2)))
    np.testing.assert_allclose(found["c0_vertical_gradient_2px"], np.log(size + 0.05))


def test_a_symmetric_image_is_not_asymmetric():
    image = np.random.default_rng(3).normal(5, 1, size=(1, 1, 10, 8))
    mirrored = (image + image[..., ::-1]) / 2
    found = measure(np.concatenate([image, mirrored]))
    sides, ends = found["c0_asymmetry_left_right_2px"], "c0_asymmetry_top_bottom_2px"
    assert sides[1] < 1e-9 < 0.1 < sides[0]
    assert found[ends][1] > 0.1


def test_region_against_numpy():
    rng = np.random.default_rng(4)
    images = rng.normal(3, 1, size=(2, 2, 20, 15))
    images[:, 1] = 0
    images[0, 1, 4:10, 3:6] = 1 / 4  # 6 x 3, upper left
    images[0, 1, 4, 3] = 1  # label 4
    found = measure(images, mask_channel=1)
    inside = images[0, 0, 4:10, 3:6]
    np.testing.assert_allclose(found["c0_region_mean"][0], inside.mean())
    np.testing.assert_allclose(found["c0_region_p_50"][0], np.median(inside))
    assert found["region_area"][0] == pytest.approx(18 / 300)
    assert found["label4_share"][0] == pytest.approx(1 / 18)
    assert found["label1_share"][0] == pytest.approx(17 / 18)
    assert found["region_down"][0] < 0
    assert found["region_right"][0] < 0
    assert found["region_roundness"][0] < 0.7
    rim = images[0, 0, 2:12, 1:8].sum() - inside.sum()
    assert found["c0_rim_mean"][0] == pytest.approx(rim / (70 - 18))
    # Without a region its area is 0, and nothing is NaN.
    assert found["region_area"][1] == 0
    assert found["c0_region_mean"][1] == 0


def test_differences_of_many_channels_are_left_out():
    names = ImageStatistics(5).names((5, 9, 8), list("abcde"))
    assert "a-b_correlation" in names
    assert "a-b_image_mean" not in names
