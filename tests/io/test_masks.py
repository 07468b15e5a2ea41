"""The one rule for masks: whole labels of the code, in whatever type, or a refusal."""

import struct

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import read_slices

SHAPE = (8, 9, 5)
AFFINE = np.diag([-1.0, -1, 1, 1])


@pytest.fixture
def labels(rng):
    """Labels 1, 2 and 4, most of them in plane 3."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:6, 2:7, 3] = rng.choice([1, 2, 4], (4, 5))
    mask[2:4, 2:4, 1] = 2
    return mask


def write(folder, mask):
    folder.mkdir(parents=True, exist_ok=True)
    t1 = nib.Nifti1Image(np.full(SHAPE, 9, np.int16), AFFINE)
    nib.save(t1, folder / "P1_t1.nii.gz")
    image = nib.Nifti1Image(mask, AFFINE, dtype=mask.dtype)
    nib.save(image, folder / "P1_seg.nii.gz")
    return folder


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "i2", "u2", "i4", "i8", "f4", "f8", ">f4"]
)
def test_labels_of_any_type(tmp_path, labels, dtype):
    found = read_slices(write(tmp_path / "P1", labels.astype(dtype)))
    assert found.slices == (3,)
    assert_array_equal(found.image[0, 1], labels[..., 3])


def test_scaled_labels_are_whole_but_for_rounding(tmp_path, labels):
    """As tools write that scale every file to the range of its type."""
    folder = write(tmp_path / "P1", labels)
    (folder / "P1_seg.nii.gz").unlink()
    raw = bytearray(nib.Nifti1Image(labels * 60, AFFINE).to_bytes())
    struct.pack_into("<2f", raw, 112, 1 / 60, 0)
    (folder / "P1_seg.nii").write_bytes(raw)
    values = np.unique(nib.load(folder / "P1_seg.nii").get_fdata())
    assert not set(values) <= {0, 1, 2, 4}
    assert_array_equal(read_slices(folder).image[0, 1], labels[..., 3])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            0.5,
            r"labels such as \[0\.5\] are no whole numbers, in 1 voxels; a mask is re",
        ),
        (3.7, r"labels such as \[3\.7\] are no whole"),
        (np.nan, "the mask holds NaN"),
        (np.inf, "the mask holds NaN or infinite"),
        (-1.0, r"labels \[-1\] are outside the code 0, 1, 2, 4; give their meaning, s"),
        (255.0, r"labels \[255\] are outside .*such as label_map=\{255: 1\}"),
        (3.0, r"labels \[3\] are outside .*if 3 is the enhancing tumour: label_map="),
        (1e12, "are outside the code"),
    ],
)
def test_other_values_are_refused(tmp_path, labels, value, message):
    mask = labels.astype("f8")
    mask[5, 5, 2] = value
    folder = write(tmp_path / "P1", mask)
    with pytest.raises(ValueError, match=rf"P1_seg\.nii\.gz: .*{message}"):
        read_slices(folder)


def test_a_scan_in_the_place_of_the_mask(tmp_path, rng):
    folder = write(tmp_path / "P1", rng.integers(0, 900, SHAPE).astype(np.int16))
    with pytest.raises(ValueError, match=r"labels \[.*\] and \d+ more are outside"):
        read_slices(folder)


@pytest.mark.parametrize("dtype", ["i2", "f4", "i4"])
def test_any_label_may_be_given_a_meaning(tmp_path, labels, dtype):
    stored = labels.astype(dtype)
    for label, other in ((1, -7), (2, 30_000), (4, 3)):
        stored[labels == label] = other
    folder = write(tmp_path / "P1", stored)
    found = read_slices(folder, label_map={-7: 1, 30_000: 2, 3: 4})
    assert_array_equal(found.image[0, 1], labels[..., 3])


def test_a_map_of_whole_labels_takes_no_fraction(tmp_path, labels):
    mask = labels.astype("f4")
    mask[5, 5, 2] = 3.5
    folder = write(tmp_path / "P1", mask)
    with pytest.raises(ValueError, match="no whole numbers"):
        read_slices(folder, label_map={3: 4})


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_an_empty_mask_is_like_none(tmp_path, dtype):
    folder = write(tmp_path / "P1", np.zeros(SHAPE, dtype))
    t1 = np.zeros(SHAPE, np.int16)
    t1[2:5, 2:5, 4] = 5
    nib.save(nib.Nifti1Image(t1, AFFINE), folder / "P1_t1.nii.gz")
    with pytest.warns(ReadWarning, match="the mask is empty, the plane with most non-"):
        found = read_slices(folder)
    assert (found.slices, found.chosen_by) == ((4,), "t1")
