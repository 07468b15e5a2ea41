"""Image intensities."""

import numpy as np
import pytest

from skmultimodal.preprocessing._intensity import (
    find_mask_channel,
    normalize_channels,
    shrink,
)


def make_images(dtype=np.float32):
    rng = np.random.default_rng(0)
    images = rng.integers(1, 200, size=(4, 3, 9, 7))
    images[:, :, :3] = 0  # background
    return images.astype(dtype)


def by_hand(channel, method):
    """One channel, voxel by voxel, in double precision."""
    voxels = channel[channel != 0].astype(float)
    result = np.zeros(channel.shape)
    if method == "zscore":
        result[channel != 0] = (voxels - voxels.mean()) / voxels.std()
    else:
        low = voxels.min()
        result[channel != 0] = (voxels - low) / (voxels.max() - low)
    return result


@pytest.mark.parametrize("method", ["zscore", "minmax"])
@pytest.mark.parametrize(
    ("dtype", "offset"),
    [(np.uint8, 0), (np.int16, 0), (np.int16, -99.5), (np.float32, -99.5), (float, 7)],
)
def test_each_channel_against_numpy(method, dtype, offset):
    images = make_images()
    images[images != 0] += offset
    images = images.astype(dtype)
    found = normalize_channels(images, method)
    assert found.dtype == np.float32
    for row, image in enumerate(images):
        for c, channel in enumerate(image):
            np.testing.assert_allclose(
                found[row, c], by_hand(channel, method), rtol=1e-4, atol=1e-5
            )


@pytest.mark.parametrize("method", ["zscore", "minmax"])
def test_large_offset_keeps_the_contrast(method):
    images = make_images() / 200
    images[images != 0] += 3000
    expected = np.array([[by_hand(c, method) for c in image] for image in images])
    np.testing.assert_allclose(normalize_channels(images, method), expected, atol=2e-3)


def test_no_image_sees_another():
    images = make_images()
    together = normalize_channels(images, "zscore")
    images[[0, 2, 3]] *= 50
    np.testing.assert_array_equal(normalize_channels(images, "zscore")[1], together[1])
    np.testing.assert_array_equal(
        normalize_channels(images[1:2], "zscore")[0], together[1]
    )


def test_input_is_not_changed():
    images = make_images()
    copy = images.copy()
    normalize_channels(images, "zscore")
    normalize_channels(images, "minmax")
    np.testing.assert_array_equal(images, copy)


@pytest.mark.parametrize("method", ["zscore", "minmax"])
@pytest.mark.parametrize("level", [0, 1, 1234.567, 1e-7])
def test_channel_without_contrast_is_zero(method, level):
    images = make_images()
    images[1, 2] = level
    images[1, 2, :3] = 0
    found = normalize_channels(images, method)
    np.testing.assert_array_equal(found[1, 2], 0)
    assert found[1, :2].any()


def test_none_only_casts():
    images = make_images(np.uint8)
    found = normalize_channels(images, "none")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, images)


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2, 4], [0, 1, 2, 3], [3]])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_segmentation_is_found_in_the_last_channel(labels, dtype):
    images = make_images(dtype)
    images[:, -1] = np.resize(labels, images[:, -1].shape)
    assert find_mask_channel(images) == 2


@pytest.mark.parametrize(
    "case", ["value", "half", "empty", "all", "elsewhere", "single"]
)
def test_what_is_no_segmentation(case):
    images = make_images()
    images[:, -1] = np.resize([0, 1, 4], images[:, -1].shape)
    if case == "value":
        images[3, -1, 0, 0] = 5
    elif case == "half":
        images[3, -1, 0, 0] = 0.5
    elif case == "empty":
        images[:, -1] = 0
    elif case == "all":
        images[:] = images[:, -1:]
    elif case == "elsewhere":
        images = images[:, ::-1]
    else:
        images = images[:, -1:]
    assert find_mask_channel(images) is None


@pytest.mark.parametrize(("factor", "shape"), [(1, (7, 9)), (2, (4, 5)), (4, (2, 3))])
def test_shrink_averages_blocks(factor, shape):
    images = np.random.default_rng(0).normal(size=(3, 2, 7, 9))
    smaller = shrink(images, factor)
    assert smaller.shape == (3, 2, *shape)
    corner = images[:, :, :factor, :factor].mean(axis=(2, 3))
    np.testing.assert_allclose(smaller[:, :, 0, 0], corner)
    # Padding is background: nothing is lost or made up.
    np.testing.assert_allclose(smaller.sum() * factor**2, images.sum())
