"""Files of one patient on different grids, against volumes sampled from one function.

The brightness of a place in mm is a linear function of it, which linear interpolation
gives back exactly, so the value that a voxel should have is known on every grid.
"""

import re
import warnings

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import read_slices

SHAPE = (8, 9, 7)
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def brightness(places):
    """Of places in mm, shape (..., 3)."""
    return 500 + places @ [3.0, 7.0, 20.0]


def sample(shape, affine, dtype="f4"):
    """A volume whose voxels have the brightness of their places."""
    indices = np.moveaxis(np.indices(shape), 0, -1)
    places = indices @ affine[:3, :3].T + affine[:3, 3]
    return nib.Nifti1Image(brightness(places).astype(dtype), affine)


def mask_at(*where, shape=SHAPE, affine=LPS, label=4):
    voxels = np.zeros(shape, np.uint8)
    voxels[where] = label
    return nib.Nifti1Image(voxels, affine)


def shifted(affine, *mm):
    moved = affine.copy()
    moved[:3, 3] += mm
    return moved


def save(folder, **images):
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        nib.save(image, folder / f"P1_{name}.nii.gz")
    return folder


TUMOUR = (slice(2, 5), slice(2, 6), 5)


@pytest.mark.parametrize(
    ("shape", "affine"),
    [
        ((9, 10, 9), shifted(LPS @ np.diag([2, 2, 2, 1.0]), 4, 4, -4)),  # 2 mm
        ((20, 20, 5), shifted(LPS @ np.diag([0.7, 0.7, 3, 1.0]), 2, 2, -3)),
        ((8, 9, 8), LPS),  # one plane more
        (SHAPE, shifted(LPS, 0, 0, -1.0)),  # one plane lower
        (SHAPE, shifted(LPS, 0.4, 0.3, 0)),  # less than a voxel
    ],
)
def test_a_sequence_on_another_grid_is_resampled(tmp_path, shape, affine):
    folder = save(
        tmp_path / "P1",
        t1=sample(SHAPE, LPS),
        t2=sample(shape, affine),
        seg=mask_at(*TUMOUR),
    )
    message = r"a sequence lies on another grid \(P1_t2.*, was resampled to that of P1_"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read_slices(folder)
    assert any(w.category is ReadWarning for w in caught)
    assert [w for w in caught if re.search(message, str(w.message))]
    assert found.slices == (5,)
    t1, t2, seg = found.image[0]
    inside = t2 > 200  # the rest lies outside the volume
    assert inside.mean() >= 0.5
    assert_allclose(t2[seg > 0], t1[seg > 0], rtol=1e-5)


def test_integers_are_rounded_not_cut(tmp_path):
    affine = shifted(LPS @ np.diag([2, 2, 2, 1.0]), 4, 4, -4)
    t2 = sample((9, 10, 9), affine, "i2")
    folder = save(tmp_path / "P1", t1=sample(SHAPE, LPS), t2=t2, seg=mask_at(*TUMOUR))
    with pytest.warns(ReadWarning, match="another grid"):
        t1, t2, _ = read_slices(folder).image[0]
    assert_allclose(t1[2:5, 2:6], t2[2:5, 2:6], atol=0.5)


@pytest.mark.parametrize("name", ["t2", "seg"])
@pytest.mark.parametrize(
    "affine",
    [shifted(LPS, 0, 0, 40.0), shifted(LPS, 300.0, 0, 0), shifted(LPS, 5.0, 5.0, 0)],
)
def test_files_that_hardly_meet_are_refused(tmp_path, name, affine):
    images = {"t1": sample(SHAPE, LPS), "t2": sample(SHAPE, LPS)}
    images["seg"] = mask_at(*TUMOUR)
    voxels = np.asanyarray(images[name].dataobj)
    images[name] = nib.Nifti1Image(voxels, affine)
    folder = save(tmp_path / "P1", **images)
    message = r"P1_t\d\.nii\.gz: by the headers it covers \d+% of the plane of P1_seg"
    with pytest.raises(ValueError, match=message):
        read_slices(folder)


def test_a_part_outside_is_counted_and_filled_with_background(tmp_path):
    ct = np.full(SHAPE, -1000, np.int16)
    ct[2:-2, 2:-2] = 60
    folder = save(
        tmp_path / "P1",
        t1=sample(SHAPE, LPS),
        t2=nib.Nifti1Image(ct, shifted(LPS, -2.0, 0, 0)),
        seg=mask_at(*TUMOUR),
    )
    with pytest.warns(ReadWarning) as caught:
        t2 = read_slices(folder).image[0, 1]
    assert "; 25 % of the plane lies outside it, and is" in str(caught[0].message)
    assert_array_equal(t2[:2], -1000)
    assert_array_equal(t2[2:], ct[:-2, :, 5])


def test_without_a_mask_the_first_channel_is_the_grid(tmp_path):
    """The plane is chosen by the FLAIR, whose planes are those of the T1."""
    flair = np.zeros((8, 9, 4), np.int16)
    flair[2:6, 2:6, 1] = 300  # 2 to 4 mm
    flair[2:4, 2:4, 2] = 300
    thick = shifted(LPS @ np.diag([1, 1, 2, 1.0]), 0, 0, 0.5)
    folder = save(
        tmp_path / "P1", t1=sample(SHAPE, LPS), flair=nib.Nifti1Image(flair, thick)
    )
    with pytest.warns(ReadWarning):
        found = read_slices(folder)
    assert found.chosen_by == "flair"
    assert found.slices[0] in (2, 3)
    assert found.geometry["scan_planes"] == 7


@pytest.mark.parametrize("rounding", [0.0, 1e-4, 0.05])
@pytest.mark.parametrize("axes", ["LPS", "RAS", "SPR"])
def test_one_grid_in_any_storage_order_is_left_alone(tmp_path, axes, rounding):
    ornt = nib.orientations.axcodes2ornt
    change = nib.orientations.ornt_transform(ornt("LPS"), ornt(axes))
    t2 = sample(SHAPE, LPS).as_reoriented(change)
    t2 = nib.Nifti1Image(np.asanyarray(t2.dataobj), shifted(t2.affine, rounding, 0, 0))
    folder = save(tmp_path / "P1", t1=sample(SHAPE, LPS), t2=t2, seg=mask_at(*TUMOUR))
    t1, t2, _ = read_slices(folder).image[0]  # a warning would be an error
    assert_array_equal(t1, t2)


LPI = np.array([[-1, 0, 0, 3], [0, -1, 0, 4], [0, 0, -1, 5], [0, 0, 0, 1.0]])
RAS = np.array([[1, 0, 0, -3], [0, 1, 0, -4], [0, 0, 1, 0], [0, 0, 0, 1.0]])
PIR = np.array([[0, 0, 1, 0], [-1, 0, 0, 4], [0, -1, 0, 5], [0, 0, 0, 1.0]])


@pytest.mark.parametrize("affine", [LPI, RAS, PIR])
@pytest.mark.parametrize("name", ["seg", "t1", "t2"])
def test_a_header_without_affine_is_that_of_the_other_files(tmp_path, affine, name):
    """The tumour is bright in both images, wherever the voxels are turned to."""
    bright = np.full(SHAPE, 10, np.int16)
    bright[2:4, 2:4, 5] = 99
    images = {n: nib.Nifti1Image(bright, affine) for n in ("t1", "t2")}
    images["seg"] = mask_at(slice(2, 4), slice(2, 4), 5, affine=affine)
    expected = read_slices(save(tmp_path / "P1", **images))
    lost = np.asanyarray(images[name].dataobj)
    images[name] = nib.Nifti1Image(lost, np.eye(4))
    folder = save(tmp_path / "without" / "P1", **images)
    with pytest.warns(
        ReadWarning, match=rf"no orientation \(P1_{name}.*is taken to be"
    ):
        found = read_slices(folder)
    assert_array_equal(found.image, expected.image)
    t1, t2, seg = found.image[0]
    assert t1[seg > 0].min() == t2[seg > 0].min() == 99


def test_a_header_without_affine_that_fits_no_file_is_refused(tmp_path):
    mask = mask_at(*TUMOUR, shape=(8, 9, 8), affine=np.eye(4))
    folder = save(tmp_path / "P1", t1=sample(SHAPE, LPS), seg=mask)
    message = r"P1_seg\.nii\.gz: .* no orientation, and no other file has its shape"
    with pytest.raises(ValueError, match=message):
        read_slices(folder)


def test_a_header_without_affine_that_fits_two_is_refused(tmp_path):
    mask = mask_at(*TUMOUR, affine=np.eye(4))
    folder = save(
        tmp_path / "P1", t1=sample(SHAPE, LPS), t2=sample(SHAPE, RAS), seg=mask
    )
    message = r"P1_seg\.nii\.gz: .* no orientation, and 2 files of its shape lie diff"
    with pytest.raises(ValueError, match=message):
        read_slices(folder)


def test_without_any_affine_voxel_sizes_must_agree(tmp_path):
    """As an Analyze file that was converted: edges of voxels, and no place."""
    images = {}
    for name, edge in (("t1", 1.0), ("t2", 2.0)):
        image = nib.Nifti1Image(np.ones(SHAPE, np.int16), None)
        image.header.set_zooms((edge,) * 3)
        image.header["qform_code"] = image.header["sform_code"] = 0
        images[name] = image
    folder = save(tmp_path / "P1", **images)
    with pytest.raises(
        ValueError, match=r"P1_t2.*of 2 x 2 x 2 mm, but P1_t1.* 1 x 1 x 1"
    ):
        read_slices(folder)
