"""Statistics, texture and shape against direct computations."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from skmultimodal.preprocessing import _texture
from skmultimodal.preprocessing._texture import (
    TumorTextureTransformer,
    first_order,
    glcm,
    shape,
)

pytest.importorskip("skimage", reason="extra texture is not installed")
CHANNELS = ["t1", "t1ce", "seg"]


@pytest.fixture
def images():
    """Five 3-channel images of 21 x 26 pixels with labels 1, 2, 4."""
    rng = np.random.default_rng(0)
    images = np.zeros((5, 3, 21, 26), dtype=np.float32)
    images[:, :2, 1:20, 2:24] = rng.uniform(100, 400, size=(5, 2, 19, 22))
    images[:, 2, 4:14, 5:18] = 2
    images[:, 2, 5:13, 7:16] = 4
    images[:, 2, 7:11, 9:14] = 1
    return images


def frame(transformer, images):
    names = transformer.fit(images).get_feature_names_out(CHANNELS)
    assert len(set(names)) == len(names)
    return pd.DataFrame(transformer.transform(images), columns=names)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(
    "params", [{}, {"levels": 5, "distances": [2], "regions": ["core", "oedema"]}]
)
def test_estimator_checks(params):
    results = check_estimator(TumorTextureTransformer(**params))
    assert sum(result["status"] == "passed" for result in results) >= 40


def test_shape_and_names(images):
    transformer = TumorTextureTransformer(regions=["whole", "core", "enhancing"])
    table = frame(transformer, images)
    assert table.shape == (5, 3 * 7 + 2 * 3 * (8 + 3 + 2 * 6))
    assert np.isfinite(table.to_numpy()).all()
    assert table.columns[0] == "whole_empty"
    assert "t1ce_core_glcm3_entropy" in table
    default = transformer.get_feature_names_out()
    assert "channel1_core_glcm3_entropy" in default


def test_first_order_in_the_region(images):
    table = frame(TumorTextureTransformer(regions=["core"]), images)
    brain = images[2, 1] != 0
    plane = images[2, 1].astype(float)
    plane = (plane - plane[brain].mean()) / plane[brain].std()
    core = np.isin(images[2, 2], [1, 4])
    row = table.loc[2]
    assert row["t1ce_core_mean"] == pytest.approx(plane[core].mean())
    assert row["t1ce_core_std"] == pytest.approx(plane[core].std())
    assert row["t1ce_core_skewness"] == pytest.approx(stats.skew(plane[core]))
    assert row["t1ce_core_kurtosis"] == pytest.approx(stats.kurtosis(plane[core]))
    assert row["t1ce_core_p90"] == pytest.approx(np.percentile(plane[core], 90))
    outside = plane[brain & ~core].mean()
    assert row["t1ce_core_contrast"] == pytest.approx(plane[core].mean() - outside)
    assert row["core_area_fraction"] == pytest.approx(core.sum() / brain.sum())
    assert 0 < row["t1ce_core_entropy"] <= 5


def test_gain_and_offset_do_not_matter(images):
    scaled = images.copy()
    scaled[:, 0] = np.where(images[:, 0] != 0, 3 * images[:, 0] + 50, 0)
    transformer = TumorTextureTransformer()
    np.testing.assert_allclose(
        frame(transformer, images), frame(transformer, scaled), atol=1e-4
    )


def test_integer_images_are_accepted(images):
    raw = images.astype(np.int16)
    np.testing.assert_allclose(
        TumorTextureTransformer().fit_transform(raw),
        TumorTextureTransformer().fit_transform(raw.astype(np.float64)),
    )


def test_channels_may_be_chosen(images):
    table = frame(TumorTextureTransformer(channels=[1]), images)
    assert {name.split("_")[0] for name in table} == {"whole", "t1ce"}
    everything = frame(TumorTextureTransformer(), images)
    pd.testing.assert_frame_equal(table, everything[table.columns])


def test_mask_may_lie_anywhere(images):
    moved = images[:, [2, 0, 1]]
    expected = TumorTextureTransformer().fit_transform(images)
    found = TumorTextureTransformer(mask_channel=0).fit_transform(moved)
    np.testing.assert_array_equal(found, expected)


def test_without_mask_the_brain_is_the_region(images):
    transformer = TumorTextureTransformer(mask_channel=None)
    table = transformer.fit_transform(images[:, :2])
    names = list(transformer.get_feature_names_out())
    np.testing.assert_allclose(table[:, names.index("whole_area_fraction")], 1)
    np.testing.assert_allclose(
        table[:, names.index("channel1_whole_mean")], 0, atol=1e-6
    )


def test_empty_masks_are_flagged(images):
    images[1, 2] = 0  # no tumour: the brain
    images[3, 2] = np.where(images[3, 2] > 0, 2, 0)  # no core: the whole tumour
    table = frame(TumorTextureTransformer(regions=["whole", "core"]), images)
    assert table["whole_empty"].tolist() == [0, 1, 0, 0, 0]
    assert table["core_empty"].tolist() == [0, 1, 0, 1, 0]
    assert np.isfinite(table.to_numpy()).all()
    assert table.loc[1, "core_area_fraction"] == 1
    assert table.loc[3, "t1_core_mean"] == table.loc[3, "t1_whole_mean"]


def test_degenerate_images_give_finite_features(images):
    images[0] = 0
    images[1, 0] = 0  # an absent sequence
    images[2, 1][images[2, 1] != 0] = 7
    images[3, 2] = 0
    images[3, 2, 6, 8] = 1  # one pixel
    images[4, 2] = 1  # all of the image
    table = frame(TumorTextureTransformer(regions=["whole", "core"]), images)
    assert np.isfinite(table.to_numpy()).all()
    absent = table.loc[1, [name for name in table if name.startswith("t1_")]]
    assert absent[["t1_whole_mean", "t1_whole_std", "t1_whole_entropy"]].tolist() == [
        0,
        0,
        0,
    ]


def test_glcm_by_hand():
    rng = np.random.default_rng(1)
    plane, mask = rng.normal(size=(7, 9)), np.zeros((7, 9), dtype=bool)
    mask[1:6, 2:8] = True
    mask[3, 4] = False
    levels, distance = 4, 2
    low, high = np.percentile(plane[mask], [1, 99])
    grey = np.floor((plane - low) / (high - low) * levels).clip(0, levels - 1)
    pairs = np.zeros((levels, levels))
    # Directions of 0, 45, 90 and 135 degrees; diagonals are rounded to the grid.
    for dy, dx in [(0, 2), (1, 1), (2, 0), (1, -1)]:
        for y, x in np.argwhere(mask):
            y2, x2 = y + dy, x + dx
            if 0 <= y2 < 7 and 0 <= x2 < 9 and mask[y2, x2]:
                i, j = int(grey[y, x]), int(grey[y2, x2])
                pairs[i, j] += 1
                pairs[j, i] += 1
    p = pairs / pairs.sum()
    i, j = np.indices(p.shape)
    mean, variance = (p * i).sum(), (p * (i - (p * i).sum()) ** 2).sum()
    expected = [
        (p * (i - j) ** 2).sum(),
        (p * np.abs(i - j)).sum(),
        (p / (1 + (i - j) ** 2)).sum(),
        (p**2).sum(),
        (p * (i - mean) * (j - mean)).sum() / variance,
        -(p[p > 0] * np.log2(p[p > 0])).sum(),
    ]
    np.testing.assert_allclose(glcm(plane, mask, levels, [distance]), expected)


def test_glcm_tells_stripes_from_noise():
    mask = np.ones((20, 24), dtype=bool)
    smooth = np.add.outer(np.arange(20.0), np.arange(24.0))
    noise = np.random.default_rng(0).normal(size=(20, 24))
    names = list(_texture.GLCM)
    contrast, correlation = names.index("contrast"), names.index("correlation")
    of_smooth, of_noise = glcm(smooth, mask, 16, [1]), glcm(noise, mask, 16, [1])
    assert of_smooth[contrast] < of_noise[contrast] / 10
    assert of_smooth[correlation] > 0.95
    assert abs(of_noise[correlation]) < 0.15


def test_shape_of_known_forms():
    y, x = np.mgrid[:61, :73]
    brain = np.ones((61, 73), dtype=bool)
    disc = np.hypot(y - 30, x - 36) < 14
    ellipse = np.hypot((y - 30) / 10, (x - 36) / 20) < 1
    values = dict(zip(_texture.SHAPE, shape(disc, False, brain), strict=True))
    assert values["empty"] == 0
    assert values["sqrt_area"] == pytest.approx(14 * np.sqrt(np.pi), rel=0.02)
    assert values["compactness"] > 0.85
    assert values["eccentricity"] == pytest.approx(0, abs=0.1)
    assert values["centroid_offset"] == pytest.approx(0, abs=1e-9)
    values = dict(zip(_texture.SHAPE, shape(ellipse, False, brain), strict=True))
    assert values["eccentricity"] == pytest.approx(np.sqrt(0.75), abs=0.02)
    assert values["compactness"] < 0.85
    two = disc.copy()
    two[0:4, 0:5] = True
    assert shape(two, False, brain)[_texture.SHAPE.index("components")] == 2


def test_first_order_of_a_constant():
    assert first_order(np.full(6, 2.5)) == [2.5, 0, 0, 0, 2.5, 2.5, 2.5, 0]


def test_flat_images_and_frames():
    table = np.random.default_rng(0).normal(size=(7, 11))
    transformer = TumorTextureTransformer().set_output(transform="pandas")
    out = transformer.fit_transform(table)
    assert list(out.columns) == list(transformer.get_feature_names_out())
    assert out.columns[7] == "channel0_whole_mean"
    assert (out["whole_empty"] == 0).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"regions": ["tumour"]}, "regions must be a list of"),
        ({"regions": "whole"}, "'regions' parameter"),
        ({"regions": []}, "regions must be a list of"),
        ({"mask_channel": 3}, "mask_channel=3, but the images have 3 channels"),
        ({"channels": [0, 5]}, "leave no image or name one that is not there"),
        ({"channels": [2]}, "leave no image or name one that is not there"),
        ({"channels": []}, "leave no image or name one that is not there"),
        ({"levels": 1}, "levels"),
        ({"distances": [0]}, "distances must be positive"),
        ({"rim_width": 0}, "rim_width"),
    ],
)
def test_bad_parameters(images, params, message):
    with pytest.raises(ValueError, match=message):
        TumorTextureTransformer(**params).fit(images)


def test_bad_images(images):
    transformer = TumorTextureTransformer()
    with pytest.raises(NotFittedError):
        clone(transformer).transform(images)
    with pytest.raises(ValueError, match=r"4-D .* or 2-D .* got 3-D"):
        transformer.fit(images[:, 0])
    transformer.fit(images)
    with pytest.raises(ValueError, match="2 features"):
        transformer.transform(images[:, :2])
    with pytest.raises(ValueError, match="X is 2-D, the images seen in fit were 4-D"):
        transformer.transform(images[:, :, 0, 0])
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(np.where(images == 0, np.nan, images))
    with pytest.raises(ValueError, match="should have length equal"):
        transformer.get_feature_names_out(["t1"])


def test_absent_extra_is_named(images, monkeypatch):
    def absent(module, extra):
        raise ImportError(f"pip install 'skmultimodal[{extra}]'")

    monkeypatch.setattr(_texture, "import_optional", absent)
    with pytest.raises(ImportError, match=r"skmultimodal\[texture\]"):
        TumorTextureTransformer().fit(images)
