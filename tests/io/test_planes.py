"""Planes of any voxel size and shape, against discs whose place and area are known."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import NiftiBlock, read_slices
from skmultimodal.utils._planes import background_of, resample, respace

# Centre and radius of a head and of a tumour in it, in mm from the middle.
HEAD, TUMOUR = ((4, -6), 80), ((30, 20), 14)


def disc(shape, edges, centre, radius):
    """Share of each pixel that is inside, along left and posterior."""
    fine = 4
    axes = [
        ((np.arange(n * fine) + 0.5) / fine - n / 2) * e - c
        for n, e, c in zip(shape, edges, centre, strict=True)
    ]
    inside = axes[0][:, None] ** 2 + axes[1][None] ** 2 < radius**2
    parts = inside.reshape(shape[0], fine, shape[1], fine)
    return parts.mean(axis=(1, 3))


def write_scan(folder, shape, edges, axes="LPS", name="P1"):
    """A head of 100 with a tumour of 300, in planes 1 and 2 of four."""
    t1 = 100 * disc(shape, edges, *HEAD) + 200 * disc(shape, edges, *TUMOUR)
    seg = disc(shape, edges, *TUMOUR) > 0.5
    affine = np.diag([-edges[0], -edges[1], 5.0, 1.0])
    ornt = nib.orientations.axcodes2ornt
    change = nib.orientations.ornt_transform(ornt("LPS"), ornt(axes))
    folder.mkdir(parents=True)
    for channel, plane in (("t1", t1.round()), ("seg", seg)):
        volume = np.stack([0 * plane, plane, plane, 0 * plane], axis=2)
        image = nib.Nifti1Image(volume.astype(np.int16), affine).as_reoriented(change)
        nib.save(image, folder / f"{name}_{channel}.nii.gz")
    return folder


SCANNERS = [
    ((480, 500), (0.5, 0.5), "LPS"),
    ((240, 230), (1.0, 1.0), "RAS"),
    ((120, 126), (2.0, 2.0), "LPI"),
    ((200, 60), (1.2, 4.0), "PSR"),
    ((192, 256), (0.9375, 0.9375), "SAR"),
]


@pytest.mark.parametrize(("shape", "edges", "axes"), SCANNERS)
def test_scans_of_any_scanner_become_alike(tmp_path, shape, edges, axes):
    folder = write_scan(tmp_path / "P1", shape, edges, axes)
    found = read_slices(folder, spacing=1, image_size=(250, 244))
    t1, seg = found.image[0].astype(float)
    assert found.image.dtype == np.int16
    size = (250, 244)
    wanted = 100 * disc(size, (1, 1), *HEAD) + 200 * disc(size, (1, 1), *TUMOUR)
    # A pixel on an edge may differ by half of it; that is one in fifty of the head.
    assert np.abs(t1 - wanted).mean() < 0.02 * wanted.mean() * max(edges)
    assert_allclose(t1.sum(), wanted.sum(), rtol=0.01)
    assert set(np.unique(seg)) == {0, 1}
    stored = (disc(shape, edges, *TUMOUR) > 0.5).sum() * np.prod(edges)
    assert_allclose(seg.sum(), stored, rtol=0.05)
    assert_allclose(seg.sum(), np.pi * TUMOUR[1] ** 2, rtol=0.05 * max(edges))
    centre = [
        (x.mean() + 0.5 - n / 2) for x, n in zip(np.nonzero(seg), size, strict=True)
    ]
    assert_allclose(centre, TUMOUR[0], atol=1.1)
    assert found.geometry == {
        "scan_width": shape[0],
        "scan_height": shape[1],
        "scan_planes": 4,
        "scan_spacing": pytest.approx(np.sqrt(edges[0] * edges[1]), abs=1e-4),
        "scan_slice_spacing": 5.0,
        "scan_orientation": axes,
    }
    assert found.cut == 0


def test_a_spacing_of_its_own_for_each_axis(tmp_path):
    folder = write_scan(tmp_path / "P1", (120, 90), (2.0, 2.5))
    found = read_slices(folder, spacing=(4, 1))
    assert found.image.shape == (1, 2, 60, 225)
    before = "120 x 90 pixels of 2 x 2.5 mm"
    assert found.changes == (f"resampled ({before} to 60 x 225 pixels of 4 x 1 mm)",)
    assert read_slices(folder).changes == ()
    assert read_slices(folder, spacing=(2, 2.5)).changes == ()


def test_the_spacing_that_is_there_changes_no_voxel(tmp_path):
    folder = write_scan(tmp_path / "P1", (61, 50), (1.0004, 0.9997))
    stored = read_slices(folder)
    found = read_slices(folder, spacing=1, image_size=(61, 50))
    assert_array_equal(found.image, stored.image)
    assert found.changes == ()


@given(
    shape=st.tuples(st.integers(2, 30), st.integers(2, 30)),
    step=st.floats(0.3, 3.5),
    slope=st.floats(-3, 3),
)
def test_a_slope_stays_a_slope(shape, step, slope):
    """Away from the border, where smoothing sees what lies outside."""
    left, posterior = np.indices(shape) - (np.array(shape)[:, None, None] - 1) / 2
    plane = (50 + slope * left + 2 * posterior)[None].astype("f4")
    out = respace(plane, (1, 1), (step, step))[0]
    assert out.shape == tuple(round(n / step) or 0 for n in shape)
    left, posterior = (
        np.indices(out.shape) - (np.array(out.shape)[:, None, None] - 1) / 2
    )
    wanted = 50 + step * (slope * left + 2 * posterior)
    margin = int(np.ceil(4 / step)) + 1
    inner = (slice(margin, -margin),) * 2
    assert_allclose(out[inner], wanted[inner], rtol=1e-4, atol=1e-3)
    assert plane.min() <= out.min(initial=50)
    assert out.max(initial=50) <= plane.max() + 1e-3


@pytest.mark.parametrize(
    ("edges", "spacing", "message"),
    [
        (
            (0.00025, 0.00025),
            1.0,
            r"_seg.*: a plane of 60 x 50 pixels of 0\.00025 .* 0 x",
        ),
        ((2.0, 2.0), 0.01, r"would have 12000 x 10000 pixels .*spacing=None to leave"),
    ],
)
def test_a_spacing_that_leaves_nothing_or_too_much(tmp_path, edges, spacing, message):
    folder = write_scan(tmp_path / "P1", (60, 50), (1.0, 1.0))
    for path in folder.iterdir():
        voxels = np.asanyarray(nib.load(path).dataobj)
        nib.save(nib.Nifti1Image(voxels, np.diag([*edges, 1.0, 1.0])), path)
    with pytest.raises(ValueError, match=message):
        read_slices(folder, spacing=spacing)
    assert read_slices(folder, spacing=None).image.shape == (1, 2, 60, 50)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing": 0}, "spacing must be one positive number of mm, or two, got 0"),
        ({"spacing": -1.0}, "spacing must be"),
        ({"spacing": float("nan")}, "spacing must be"),
        ({"spacing": "1"}, "spacing must be"),
        ({"spacing": (1, 1, 1)}, r"spacing must be .* got \(1, 1, 1\)"),
        ({"image_size": 0}, "image_size must be one positive number of pixels"),
        ({"image_size": 24.0}, "image_size must be"),
        ({"image_size": (24, 0)}, "image_size must be"),
    ],
)
def test_bad_parameters(tmp_path, options, message):
    folder = write_scan(tmp_path / "P1", (60, 50), (1.0, 1.0))
    with pytest.raises(ValueError, match=message):
        read_slices(folder, **options)
    with pytest.raises(ValueError, match=message):
        NiftiBlock({"P1": folder}, **options)


# What is cropped


def write_plane(folder, plane, seg=None):
    folder.mkdir(parents=True)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    nib.save(nib.Nifti1Image(plane[..., None], affine), folder / "P1_t1.nii")
    if seg is not None:
        nib.save(nib.Nifti1Image(seg[..., None], affine), folder / "P1_seg.nii")
    return folder


def test_a_crop_of_empty_background_is_counted_and_no_more(tmp_path, rng):
    """Air is noisy: a few percent of what tissue is."""
    plane = rng.integers(0, 20, (90, 80)).astype(np.int16)
    plane[20:70, 15:66] = rng.integers(300, 500, (50, 51))
    found = read_slices(write_plane(tmp_path / "P1", plane), image_size=(60, 58))
    assert found.changes == ("cropped (90 x 80 to 60 x 58)",)
    assert (found.cut, found.notes) == (0, ())
    assert_array_equal(found.image[0, 0], plane[15:75, 11:69])


@pytest.mark.parametrize(
    ("level", "background"), [(100, 0), (300, -1000), (2, -1), (50, 50)]
)
def test_a_crop_of_more_is_warned_of(tmp_path, level, background):
    """Of a head of 40 columns, 10 lie outside; a constant image is all head."""
    plane = np.full((60, 50), background, np.int16)
    plane[10:50, 5:45] = level
    folder = write_plane(tmp_path / "P1", plane)
    with pytest.warns(
        ReadWarning, match=r"than empty background is cropped \((\d+) % of"
    ):
        found = read_slices(folder, image_size=(60, 30))
    assert found.cut == pytest.approx(20 / 50 if level == background else 10 / 40)


def test_a_cropped_pixel_of_the_tumour_is_warned_of(tmp_path):
    plane = np.zeros((60, 50), np.int16)
    plane[10:50, 10:40] = 100
    seg = np.zeros((60, 50), np.uint8)
    seg[28:32, 5:31] = 1
    plane[seg > 0] = 100
    folder = write_plane(tmp_path / "P1", plane, seg)
    message = r"cropped \(19 % of seg lies outside 60 x 30 pixels of 1 x 1 mm; a larger"
    with pytest.warns(ReadWarning, match=message):
        found = read_slices(folder, image_size=(60, 30))
    assert found.cut == pytest.approx(5 / 26)


@pytest.mark.parametrize(
    ("dtype", "inside", "outside"),
    [("u1", 90, 0), ("i2", 40, -1024), ("f4", 1.5, -0.75), ("f4", -0.5, 0)],
)
def test_padding_is_background(tmp_path, dtype, inside, outside):
    """Air of a CT is far below 0, and so may be the surroundings of z-scores."""
    plane = np.full((30, 28), outside, dtype)
    plane[8:20, 9:20] = inside
    found = read_slices(write_plane(tmp_path / "P1", plane), image_size=(34, 32))
    assert found.changes == ("padded (30 x 28 to 34 x 32)",)
    assert_array_equal(found.image[0, 0, 2:-2, 2:-2], plane)
    frame = found.image[0, 0].copy()
    frame[2:-2, 2:-2] = outside
    assert_array_equal(frame, np.full((34, 32), outside, dtype))


def test_background_where_the_image_fills_the_border(rng):
    planes = rng.normal(size=(2, 12, 11))
    assert background_of(planes) == planes.min()
    assert background_of(planes - planes.min() + 3) == 0


# Without a mask


def test_a_ct_without_a_mask_shows_most_tissue(tmp_path, rng):
    """No voxel of a CT is zero but by chance."""
    volume = np.full((20, 24, 5), -1000, np.int16)
    for k, n in enumerate((2, 5, 9, 7, 3)):
        volume[5 : 5 + n, 4 : 4 + n, k] = 40
    folder = tmp_path / "P1"
    folder.mkdir()
    nib.save(nib.Nifti1Image(volume, np.diag([-1.0, -1, 1, 1])), folder / "CT.nii.gz")
    with pytest.warns(ReadWarning, match="no tumour mask, the plane with most ct vox"):
        found = read_slices(folder, sequences={"ct": "CT*"})
    assert (found.slices, found.chosen_by) == ((2,), "ct")


def test_planes_that_are_all_alike_give_the_middle_one(tmp_path):
    folder = tmp_path / "P1"
    folder.mkdir()
    volume = nib.Nifti1Image(np.ones((9, 8, 7), np.uint8), np.eye(4))
    nib.save(volume, folder / "P1_t1.nii")
    with pytest.warns(ReadWarning, match="the middle plane was used, as all planes of"):
        found = read_slices(folder)
    assert (found.slices, found.chosen_by) == ((3,), "center")


@pytest.mark.parametrize("factor", [2, 3])
def test_repeated_pixels_are_averaged_again(rng, factor):
    image = rng.normal(size=(6, 5, 7))
    large = np.kron(image, np.ones((1, factor, factor)))
    np.testing.assert_allclose(resample(large, image.shape), image)


def test_resampling_keeps_the_mean_and_straight_lines(rng):
    """Whatever the sizes; by hand for two pixels from three."""
    image = rng.normal(size=(13, 11))
    assert resample(image, (5, 7)).mean() == pytest.approx(image.mean())
    found = resample(np.array([3.0, 6.0, 9.0]), (2,))
    np.testing.assert_allclose(found, [(3 + 6 / 2) / 1.5, (6 / 2 + 9) / 1.5])
    ramp = np.arange(4.0)
    np.testing.assert_allclose(resample(ramp, (8,))[1:-1], (np.arange(1, 7) - 0.5) / 2)
    np.testing.assert_array_equal(resample(np.full(1, 2.0), (3,)), [2, 2, 2])
    labels = resample(np.array([0, 4, 4, 1]), (8,), labels=True)
    assert set(labels.tolist()) == {0, 1, 4}
    assert resample(np.array([1, 2, 3, 5]), (2,)).tolist() == [2, 4]
