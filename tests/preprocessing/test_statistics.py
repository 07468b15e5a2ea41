"""Statistics of images as a transformer: layouts, normalisation, errors."""

import numpy as np
import pytest
import torch

from skmultimodal import ImageTowerClassifier
from skmultimodal.preprocessing import IntensityStatisticsTransformer


def photographs(n=6, shape=(3, 14, 11), seed=0):
    return np.random.default_rng(seed).integers(1, 256, size=(n, *shape))


def scans(n=6, seed=0):
    """Two channels with background, and a segmentation."""
    rng = np.random.default_rng(seed)
    images = rng.uniform(200, 900, size=(n, 3, 15, 13))
    images[:, :, :4] = 0
    images[:, 2] = 0
    images[:, 2, 6:10, 5:9] = 1
    return images


def test_photographs_keep_their_brightness():
    images = photographs()
    brighter = np.minimum(images + 40, 255)
    statistics = IntensityStatisticsTransformer().fit(images)
    assert statistics.intensity_ == 255
    place = statistics.get_feature_names_out().tolist().index("channel0_image_mean")
    mean, more = (statistics.transform(x)[:, place] for x in (images, brighter))
    np.testing.assert_allclose(mean, images[:, 0].mean((1, 2)) * 4 / 255 - 2, rtol=1e-4)
    assert (more > mean + 0.3).all()
    of_share = IntensityStatisticsTransformer().fit(images / 255.0)
    assert of_share.intensity_ == 1
    np.testing.assert_allclose(
        of_share.transform(images / 255.0), statistics.transform(images), atol=1e-3
    )


def test_scans_do_not_depend_on_the_scanner():
    images = scans()
    statistics = IntensityStatisticsTransformer().fit(images)
    assert (statistics.intensity_, statistics.mask_channel_) == ("zscore", 2)
    gained = images * np.array([3.5, 0.2, 1])[:, None, None]
    np.testing.assert_allclose(
        statistics.transform(gained), statistics.transform(images), atol=1e-4
    )
    names = statistics.get_feature_names_out(["t1", "flair", "seg"])
    assert "flair_rim_mean" in names
    assert "t1-flair_region_sd" in names


@pytest.mark.parametrize("largest", [255, 1])
def test_scans_of_8_bits_are_no_photographs(largest):
    """Their background is dark, though hardly any pixel is exactly 0."""
    rng = np.random.default_rng(0)
    images = rng.integers(1, 9, size=(6, 3, 15, 13)).astype(float)
    images[:, :, 2:12, 3:11] = rng.integers(40, 250, size=(6, 3, 10, 8))
    images *= largest / 255
    assert IntensityStatisticsTransformer().fit(images).intensity_ == "zscore"


@pytest.mark.parametrize("images", [photographs(), scans()])
def test_the_tower_reads_the_same(images):
    tower = ImageTowerClassifier(max_size=8, max_epochs=1, random_state=0)
    tower.fit(images, np.arange(6) % 2)
    statistics = IntensityStatisticsTransformer(max_size=8).fit(images)
    assert tower._preparation.intensity == statistics.intensity_
    module = tower._fitted_module()
    wanted = module.statistics(tower._reader(images)(torch.arange(6)))
    np.testing.assert_allclose(statistics.transform(images), wanted, atol=1e-5)


def test_flat_images():
    rows = np.random.default_rng(0).normal(size=(5, 17))
    statistics = IntensityStatisticsTransformer().fit(rows)
    found = statistics.transform(rows)
    assert found.shape == (5, len(statistics.get_feature_names_out()))


def test_errors():
    statistics = IntensityStatisticsTransformer().fit(photographs())
    with pytest.raises(ValueError, match=r"images of shape \(3, 14, 12\)"):
        statistics.transform(photographs(shape=(3, 14, 12)))
    with pytest.raises(ValueError, match="got 3-D"):
        IntensityStatisticsTransformer().fit(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="mask_channel=7"):
        IntensityStatisticsTransformer(mask_channel=7).fit(photographs())
    with pytest.raises(ValueError, match="should have length"):
        statistics.get_feature_names_out(["red"])
