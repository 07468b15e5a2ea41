"""Radiomics by mirp against the definitions of IBSI, by hand."""

import logging
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skmultimodal.preprocessing import MirpTransformer, _radiomics

pytest.importorskip("mirp", reason="extra radiomics is not installed")
CHANNELS = ["t1", "t1ce", "seg"]
STATISTICS = {"families": ["statistical"]}


@pytest.fixture
def images():
    """Three 3-channel images of 17 x 22 pixels with labels 1, 2, 4."""
    rng = np.random.default_rng(0)
    images = np.zeros((3, 3, 17, 22), dtype=np.float32)
    images[:, :2, 1:16, 2:20] = rng.uniform(100, 400, size=(3, 2, 15, 18))
    images[:, 2, 4:12, 5:15] = 2
    images[:, 2, 5:9, 7:12] = 4
    return images


def frame(transformer, images):
    names = transformer.fit(images).get_feature_names_out(CHANNELS)
    assert len(set(names)) == len(names)
    return pd.DataFrame(transformer.transform(images), columns=names)


def test_statistics_of_a_region(images):
    """Sections 3.3 of the reference manual: population moments, excess kurtosis."""
    transformer = MirpTransformer(regions=["whole", "core"], **STATISTICS)
    raw = frame(clone(transformer).set_params(intensity="none"), images)
    plane, labels = images[1, 1].astype(float), images[1, 2]
    for region, mask in {"whole": labels > 0, "core": labels == 4}.items():
        x = plane[mask]
        d = x - x.mean()
        row = raw.filter(regex=f"^t1ce_{region}_stat_").loc[1]
        wanted = {
            "mean": x.mean(),
            "var": (d**2).mean(),
            "skew": (d**3).mean() / (d**2).mean() ** 1.5,
            "kurt": (d**4).mean() / (d**2).mean() ** 2 - 3,
            "median": np.median(x),
            "min": x.min(),
            "max": x.max(),
            "range": x.max() - x.min(),
            "mad": np.abs(d).mean(),
            "medad": np.abs(x - np.median(x)).mean(),
            "cov": np.sqrt((d**2).mean()) / x.mean(),
            "energy": (x**2).sum(),
            "rms": np.sqrt((x**2).mean()),
        }
        for name, value in wanted.items():
            assert row[f"t1ce_{region}_stat_{name}"] == pytest.approx(value, rel=1e-5)
    # By default the channel is standardised before, over its non-zero pixels.
    table = frame(transformer, images)
    inside = plane[plane != 0]
    mean = (plane[labels > 0].mean() - inside.mean()) / inside.std()
    assert table.loc[1, "t1ce_whole_stat_mean"] == pytest.approx(mean, rel=1e-5)
    variance = plane[labels > 0].var() / inside.var()
    assert table.loc[1, "t1ce_whole_stat_var"] == pytest.approx(variance, rel=1e-5)


def test_shape_of_a_region(images):
    """One voxel is 1 mm^3; the mesh lies half a voxel beyond the outer centres."""
    images = images[:1]
    transformer = MirpTransformer(regions=["core"], families=["morphological"])
    row = frame(transformer, images).loc[0]
    height, width = 4, 5
    assert row["core_morph_vol_approx"] == pytest.approx(height * width)
    assert row["core_morph_diam"] <= np.hypot(np.hypot(height, width), 1)
    # Principal axes are 4 times the root of the variances of the voxels' places.
    y, x = np.indices((height, width)).reshape(2, -1)
    assert row["core_morph_pca_maj_axis"] == pytest.approx(4 * x.std(ddof=1))
    assert row["core_morph_pca_min_axis"] == pytest.approx(4 * y.std(ddof=1))
    assert row["core_morph_pca_flatness"] == pytest.approx(0)
    # Between the centres 1 mm thick; half a diamond along the edges; at the corners a
    # quarter of an octahedron.
    edges = 2 * (height - 1 + width - 1)
    volume = (height - 1) * (width - 1) + edges / 4 + 4 / 24
    assert row["core_morph_volume"] == pytest.approx(volume)
    assert not [name for name in row.index if "moran" in name or "_aee" in name]


def test_voxels_have_a_size(images):
    """Of a rectangle: its area by voxels, and its principal axes."""
    images, families = images[:1], ["morphological", "statistical"]
    plain = MirpTransformer(regions=["core"], families=families)
    sized = clone(plain).set_params(spacing=(5.0, 0.5, 2.0))
    one, row = frame(plain, images).loc[0], frame(sized, images).loc[0]
    assert list(row.index) == list(one.index)
    assert row["core_morph_vol_approx"] == pytest.approx(4 * 5 * 5.0 * 0.5 * 2.0)
    y, x = np.indices((4, 5)).reshape(2, -1)
    assert row["core_morph_pca_maj_axis"] == pytest.approx(4 * 2 * x.std(ddof=1))
    assert row["core_morph_pca_min_axis"] == pytest.approx(4 * y.std(ddof=1) / 2)
    same = row.index.str.contains("_stat_")
    np.testing.assert_allclose(row[same], one[same])
    double = frame(clone(plain).set_params(spacing=2), images).loc[0]
    volume = 8 * one["core_morph_volume"]
    assert double["core_morph_volume"] == pytest.approx(volume)


def test_cooccurrence_of_two_grey_levels():
    """Columns of two values by turns: each pixel's neighbours, counted by hand."""
    images = np.zeros((1, 2, 9, 12))
    images[0, 0] = 10 + 20 * (np.arange(12) % 2)
    images[0, 1, 2:6, 3:9] = 1
    transformer = MirpTransformer(families=["glcm"], n_bins=2, intensity="none")
    row = frame_of_two(transformer, images)
    height, width = 4, 6
    vertical = (height - 1) * width  # equal grey levels
    other = height * (width - 1) + 2 * (height - 1) * (width - 1)  # different ones
    contrast = other / (vertical + other)
    assert row["t1_whole_cm_contrast_d1_2d_s_mrg_fbn_n2"] == pytest.approx(contrast)


def frame_of_two(transformer, images):
    names = transformer.fit(images).get_feature_names_out(["t1", "seg"])
    return pd.Series(transformer.transform(images)[0], index=names)


def test_names_and_families(images):
    families = ["ngtdm", "morphological", "intensity_histogram"]
    transformer = MirpTransformer(channels=[1], families=families, n_bins=9)
    names = list(transformer.fit(images).get_feature_names_out(CHANNELS))
    assert names[:2] == ["whole_empty", "whole_morph_volume"]
    assert "t1ce_whole_ih_entropy_fbn_n9" in names
    assert names[-1] == "t1ce_whole_ngt_strength_2d_fbn_n9"
    starts = {name.split("_")[2] for name in names if name.startswith("t1ce")}
    assert starts == {"ih", "ngt"}
    everything = MirpTransformer(channels=[1]).fit(images)
    assert set(names[:20]) <= set(everything.get_feature_names_out(CHANNELS))
    assert everything.families_ == list(_radiomics.FAMILIES)


def test_degenerate_masks_and_images(images):
    """An empty mask, one pixel, two, an absent channel: finite, and no warning."""
    images = np.concatenate([images, images[:2]])
    images[0, 2] = 0
    images[1, 2] = 0
    images[1, 2, 6, 8] = 4
    images[2, 2] = 0
    images[2, 2, 6, 8:10] = 4
    images[3, 0] = 0
    images[4] = 0
    families = ["statistical", "glcm", "ngtdm", "intensity_histogram"]
    transformer = MirpTransformer(regions=["whole", "core"], families=families)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = frame(transformer, images)
    assert np.isfinite(table.to_numpy()).all()
    assert table["core_empty"].tolist() == [1, 0, 0, 0, 1]
    assert table["whole_empty"].tolist() == [1, 0, 0, 0, 1]
    # Without a mask the brain is described, of which the channel has mean 0.
    assert table.loc[0, "t1_whole_stat_mean"] == pytest.approx(0, abs=1e-5)
    assert table.loc[1, "t1_core_cm_contrast_d1_2d_s_mrg_fbn_n32"] == 0
    assert table.loc[3, "t1_whole_stat_var"] == 0


def test_gain_and_offset_do_not_matter(images):
    scaled = images.copy()
    scaled[:, 0] = np.where(images[:, 0] != 0, 3 * images[:, 0] + 50, 0)
    transformer = MirpTransformer(families=["statistical", "glcm"])
    found, again = frame(transformer, images), frame(transformer, scaled)
    np.testing.assert_allclose(found, again, rtol=1e-3, atol=1e-4)


def test_processes_and_loggers_change_nothing(images):
    root = logging.getLogger()
    before = list(root.handlers), root.level
    one = MirpTransformer(**STATISTICS).fit_transform(images)
    two = MirpTransformer(n_jobs=2, **STATISTICS).fit_transform(images)
    np.testing.assert_array_equal(one, two)
    assert (list(root.handlers), root.level) == before


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"families": ["shape"]}, "families must be a list of"),
        ({"families": []}, "families must be a list of"),
        ({"n_bins": 1}, "n_bins"),
        ({"intensity": "minmax"}, "intensity"),
        ({"spacing": 0}, "spacing"),
        ({"spacing": (1, 1)}, r"spacing must be one positive number of mm, or three"),
        (
            {"spacing": (1, 1, -1)},
            r"or three \(slice, height, width\), got \(1, 1, -1\)",
        ),
        ({"spacing": (1, 1, "1")}, "spacing must be"),
        ({"spacing": (1, 1, np.inf)}, "spacing must be"),
        ({"regions": ["tumour"]}, "regions must be a list of"),
        ({"mask_channel": 3}, "mask_channel=3, but the images have 3 channels"),
    ],
)
def test_bad_parameters(images, params, message):
    with pytest.raises(ValueError, match=message):
        MirpTransformer(**params).fit(images)
    with pytest.raises(NotFittedError):
        MirpTransformer().transform(images)


def test_absent_extra_is_named(images, monkeypatch):
    def absent(module, extra):
        raise ImportError(f"pip install 'skmultimodal[{extra}]'")

    monkeypatch.setattr(_radiomics, "import_optional", absent)
    with pytest.raises(ImportError, match=r"skmultimodal\[radiomics\]"):
        MirpTransformer().fit(images)
