"""Fractal dimension against surfaces whose dimension is known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import check_estimator

from benchmarks.paper.systems._fractal import (
    FractalTextureTransformer,
    _mean_area,
    mbm_map,
    ptpsa_map,
)

CHANNELS = ["t1", "t1ce", "seg"]


def brownian_surface(hurst, size=128, seed=0):
    """Fractional Brownian surface with unit variance, by spectral synthesis."""
    rng, n = np.random.default_rng(seed), 2 * size
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n)))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(rng.standard_normal((n, n))) / frequency ** (hurst + 1)
    # Half of the period, so that opposite edges are independent.
    surface = np.fft.ifft2(spectrum).real[:size, :size]
    return (surface - surface.mean()) / surface.std()


@pytest.fixture
def images():
    """Four 3-channel images of 35 x 42 pixels with labels 1, 2, 4."""
    images = np.zeros((4, 3, 35, 42))
    for row in range(4):
        for channel in range(2):
            surface = brownian_surface(0.3 + 0.2 * channel, 64, seed=row)[:31, :36]
            images[row, channel, 2:33, 3:39] = 300 + 40 * surface
    images[:, 2, 8:24, 9:28] = 2
    images[:, 2, 10:20, 12:24] = 4
    images[:, 2, 13:17, 14:20] = 1
    return images


def frame(transformer, images, channels=CHANNELS):
    names = transformer.fit(images).get_feature_names_out(channels)
    assert len(set(names)) == len(names)
    return pd.DataFrame(transformer.transform(images), columns=names)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("params", [{}, {"regions": ["core"], "box_sizes": [1, 3]}])
def test_estimator_checks(params):
    results = check_estimator(FractalTextureTransformer(**params))
    assert sum(result["status"] == "passed" for result in results) >= 40


@pytest.mark.parametrize("hurst", [0.2, 0.5, 0.8])
def test_dimension_of_brownian_surfaces(hurst):
    surfaces = [brownian_surface(hurst, seed=seed) for seed in range(3)]
    mbm = np.mean([mbm_map(surface).mean() for surface in surfaces])
    ptpsa = np.mean([ptpsa_map(100 * surface).mean() for surface in surfaces])
    assert mbm == pytest.approx(3 - hurst, abs=0.06)
    assert ptpsa == pytest.approx(3 - hurst, abs=0.15)


@pytest.mark.parametrize("estimate", [mbm_map, lambda s: ptpsa_map(100 * s)])
def test_dimension_falls_with_the_hurst_exponent(estimate):
    grid = np.linspace(0.1, 0.9, 7)
    found = [estimate(brownian_surface(hurst, 96)).mean() for hurst in grid]
    assert (np.diff(found) < -0.03).all()


def test_maps_are_local():
    """Rough on the left and smooth on the right, as in a multifractional motion."""
    left, right = brownian_surface(0.2, 80), brownian_surface(0.9, 80, seed=1)
    surface = np.where(np.arange(80) < 40, left, right)
    for fd in (mbm_map(surface), ptpsa_map(100 * surface)):
        assert fd.shape == (80, 80)
        assert fd[:, :28].mean() > fd[:, 52:].mean() + 0.3


def test_plane_has_dimension_two():
    plane = 3.0 * np.arange(47)[:, None] - 2.0 * np.arange(59) + 5
    np.testing.assert_allclose(ptpsa_map(plane), 2)
    # The border reflects: beyond the reach of the widest wavelet it is a plane.
    np.testing.assert_allclose(mbm_map(plane, scales=(1, 2))[15:-15, 15:-15], 2)
    for constant in (np.zeros((5, 7)), np.full((5, 7), 4.2)):
        np.testing.assert_allclose(ptpsa_map(constant), 2)
        np.testing.assert_allclose(mbm_map(constant), 2)


def test_white_noise_has_dimension_three():
    noise = np.random.default_rng(0).normal(size=(70, 81))
    assert mbm_map(noise).mean() > 2.9
    assert ptpsa_map(100 * noise).mean() > 2.7


@pytest.mark.parametrize("r", [1, 2])
def test_prism_area_by_hand(r):
    """One box with corners of height 0, 0, h, 0."""
    h = 5.0
    surface = np.zeros((r + 1, r + 1))
    surface[r, r] = h
    corners = np.array([[0, 0, 0], [0, r, 0], [r, r, h], [r, 0, 0]], dtype=float)
    centre = corners.mean(axis=0)
    top = sum(
        np.linalg.norm(np.cross(b - a, centre - a)) / 2
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    )
    np.testing.assert_allclose(_mean_area(surface, r, 3), top / r**2)


def test_slope_offset_shifts_the_dimension():
    surface = brownian_surface(0.6, 64)
    shift = mbm_map(surface, slope_offset=1.0) - mbm_map(surface)
    assert shift.min() >= -0.5 - 1e-12
    assert shift.mean() == pytest.approx(-0.4, abs=0.1)


def test_features_in_the_region(images):
    table = frame(FractalTextureTransformer(regions=["whole", "core"]), images)
    assert table.shape == (4, 2 + 2 * 2 * 2 * 8)
    assert np.isfinite(table.to_numpy()).all()
    for kind in ("ptpsa", "mbm"):
        rough, smooth = table[f"t1_{kind}_core_mean"], table[f"t1ce_{kind}_core_mean"]
        assert rough.between(2, 3).all()
        assert (rough > smooth).all()


def test_neighbourhood_is_large_enough(images):
    """The maps are made near the regions only, and are those of the whole image."""
    surface = np.pad(images, [(0, 0), (0, 0), (50, 60), (70, 40)])
    params = {"box_sizes": [1, 2], "scales": [1, 1.5], "window": 3}
    # 0 would be background; a far pixel would otherwise be cut off with it.
    surface[:, :2] += 300
    out = frame(FractalTextureTransformer(**params), surface)
    row, plane = surface[1], surface[1, 0]
    plane = (plane - plane.mean()) / plane.std()
    inside = row[2] > 0
    mbm, ptpsa = mbm_map(plane, [1, 1.5]), ptpsa_map(100 * plane, [1, 2], 3)
    assert out.loc[1, "t1_mbm_whole_mean"] == pytest.approx(mbm[inside].mean())
    assert out.loc[1, "t1_ptpsa_whole_mean"] == pytest.approx(ptpsa[inside].mean())


def test_gain_and_offset_do_not_matter(images):
    scaled = images.copy()
    scaled[:, :2] = np.where(images[:, :2] != 0, 3 * images[:, :2] + 50, 0)
    transformer = FractalTextureTransformer()
    np.testing.assert_allclose(
        frame(transformer, images), frame(transformer, scaled), atol=1e-6
    )


def test_edge_of_the_brain_is_no_texture():
    """A brain of constant brightness has dimension 2 up to its edge."""
    y, x = np.mgrid[:40, :46]
    images = np.zeros((1, 2, 40, 46))
    images[0, 0][np.hypot(y - 20, x - 23) < 15] = 200
    images[0, 1] = images[0, 0] > 0
    table = frame(FractalTextureTransformer(), images, ["t1", "seg"])
    assert table["t1_ptpsa_whole_mean"].item() == pytest.approx(2)
    assert table["t1_mbm_whole_mean"].item() == pytest.approx(2)


def test_degenerate_images_give_finite_features(images):
    images[0] = 0
    images[1, 0] = 0  # an absent sequence
    images[2, 2] = 0  # no tumour
    images[3, 2] = 0
    images[3, 2, 6, 8] = 2  # one pixel, no core
    table = frame(FractalTextureTransformer(regions=["whole", "core"]), images)
    assert np.isfinite(table.to_numpy()).all()
    assert table["whole_empty"].tolist() == [1, 0, 1, 0]
    assert table["core_empty"].tolist() == [1, 0, 1, 1]
    assert table.loc[1, "t1_mbm_whole_mean"] == 2


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"box_sizes": [2]}, "box_sizes must be two or more different"),
        ({"box_sizes": [1, 2.5]}, "box_sizes must be integers"),
        ({"scales": [0, 2]}, "scales must be two or more different positive"),
        ({"window": 0}, "window"),
        ({"height": 0}, "height"),
    ],
)
def test_bad_parameters(images, params, message):
    with pytest.raises(ValueError, match=message):
        FractalTextureTransformer(**params).fit(images)
