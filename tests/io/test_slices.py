import gzip
import warnings
import zlib

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.orientations import axcodes2ornt, ornt_transform
from numpy.testing import assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import read_slices
from skmultimodal.io._nifti import NiftiFile
from skmultimodal.utils._planes import fit_plane

SHAPE = (9, 11, 7)


def volume(folder, alias):
    """What nibabel reads, as stored."""
    [path] = folder.glob(f"*[_-]{alias}.nii*")
    return np.asanyarray(nib.load(path).dataobj)


def brute_force(mask):
    """The plane with most tumour, found without any cleverness."""
    best, most = 0, -1
    for k in range(mask.shape[2]):
        count = int((mask[:, :, k] > 0).sum())
        if count > most:
            best, most = k, count
    return best


def test_plane_with_most_tumour(patient):
    folder = patient()
    found = read_slices(folder)
    assert found.channels == ("t1", "t1ce", "t2", "flair", "seg")
    assert found.slices == (4,)
    assert found.image.shape == (1, 5, 9, 11)
    assert found.image.dtype == np.int16
    assert found.mask_file == "TCGA-AA-0001_seg.nii.gz"
    for channel, name in enumerate(found.channels):
        assert_array_equal(found.image[0, channel], volume(folder, name)[..., 4])
    assert np.asarray(found).shape == (1, 5, 9, 11)


@pytest.mark.parametrize(
    ("choice", "plane"), [("whole", 4), ("enhancing", 2), ("core", 2), ("center", 3)]
)
def test_slice_choice(patient, choice, plane):
    found = read_slices(patient(), slice_choice=choice)
    assert found.slices == (plane,)
    assert found.chosen_by == choice


@pytest.mark.parametrize(
    ("n_slices", "planes"), [(2, (4, 5)), (3, (3, 4, 5)), (6, (1, 2, 3, 4, 5, 6))]
)
def test_neighbouring_slices(patient, n_slices, planes):
    folder = patient()
    found = read_slices(folder, n_slices=n_slices)
    assert found.slices == planes
    expected = np.moveaxis(volume(folder, "t2")[..., list(planes)], 2, 0)
    assert_array_equal(found.image[:, 2], expected)


def test_more_slices_than_planes(patient):
    assert read_slices(patient(), n_slices=50).slices == tuple(range(7))


@pytest.mark.parametrize("axes", ["RAS", "LPI", "PSL", "ARI", "SLA", "IPR"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_any_orientation_is_brought_to_lps(patient, tmp_path, axes, suffix):
    folder = patient()
    expected = read_slices(folder)
    turned = tmp_path / "turned" / "TCGA-AA-0001"
    turned.mkdir(parents=True)
    change = ornt_transform(axcodes2ornt("LPS"), axcodes2ornt(axes))
    for path in folder.iterdir():
        image = nib.load(path).as_reoriented(change)
        assert nib.aff2axcodes(image.affine) == tuple(axes)
        nib.save(image, turned / path.name.replace(".nii.gz", suffix))
    found = read_slices(turned)
    assert found.slices == expected.slices
    assert_array_equal(found.image, expected.image)


def test_ties_go_to_the_lowest_plane(patient, write_nifti):
    folder = patient()
    mask = np.zeros(SHAPE, np.uint8)
    mask[2, 2, 5] = mask[3, 3, 1] = 1
    write_nifti(folder / "TCGA-AA-0001_seg.nii.gz", mask)
    assert read_slices(folder).slices == (1,)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**16),
    dtype=st.sampled_from(["u1", "i2", "u2", "i4", "f4", "f8", ">i2"]),
)
def test_same_as_brute_force(tmp_path, seed, dtype):
    rng = np.random.default_rng(seed)
    folder = tmp_path / f"P{seed}{dtype.strip('>')}"
    folder.mkdir(exist_ok=True)
    mask = (rng.random(SHAPE) < rng.random(SHAPE[2])).astype(np.uint8)
    mask[0, 0, 0] = 1
    t1 = rng.integers(1, 200, SHAPE).astype(dtype)
    affine = np.diag([-1.0, -1, 2, 1])
    nib.save(nib.Nifti1Image(mask, affine), folder / "x_seg.nii.gz")
    nib.save(nib.Nifti1Image(t1, affine), folder / "x_t1.nii.gz")
    found = read_slices(folder)
    assert found.slices == (brute_force(mask),)
    assert_array_equal(found.image[0, 0], t1[..., found.slices[0]])
    assert found.image.dtype.itemsize <= 4


def test_scaled_voxels(patient, write_nifti, tmp_path):
    folder = patient(aliases=())
    affine = nib.load(next(folder.iterdir())).affine
    image = nib.Nifti1Image(np.full(SHAPE, 3, np.int16), affine)
    image.header.set_slope_inter(0.5, 10)
    nib.save(image, folder / "TCGA-AA-0001_t1.nii.gz")
    path = folder / "TCGA-AA-0001_t1.nii.gz"
    expected = nib.load(path).get_fdata()[..., 4]
    found = read_slices(folder, sequences=["t1"])
    assert found.image.dtype == np.float32
    np.testing.assert_allclose(found.image[0, 0], expected, rtol=1e-6)


def test_identity_affine_is_taken_as_stored(patient, write_nifti, rng):
    folder = patient(aliases=())
    data = rng.integers(1, 9, SHAPE).astype(np.uint8)
    mask = volume(folder, "seg")
    write_nifti(folder / "TCGA-AA-0001_seg.nii.gz", mask, np.eye(4))
    write_nifti(folder / "TCGA-AA-0001_t1.nii.gz", data, np.eye(4))
    assert_array_equal(read_slices(folder).image[0, 0], data[..., 4])


def test_label_3_is_mapped_only_where_names_say_so(patient, write_nifti):
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:6, 3:6, 2] = [1, 2, 3]
    modern = patient("BraTS-GLI-00001-000", aliases=("t1n", "t1c"), sep="-")
    write_nifti(modern / "BraTS-GLI-00001-000-seg.nii.gz", mask)
    assert set(np.unique(read_slices(modern).image[:, -1])) == {0, 1, 2, 4}
    old = patient()
    write_nifti(old / "TCGA-AA-0001_seg.nii.gz", mask)
    with pytest.raises(ValueError, match=r"labels \[3\].*label_map=\{3: 4\}"):
        read_slices(old)
    found = read_slices(old, label_map={3: 4})
    assert set(np.unique(found.image[:, -1])) == {0, 1, 2, 4}


def test_resection_cavity_is_never_mapped(patient, write_nifti):
    folder = patient("BraTS-GLI-00002-100", aliases=("t1n",), sep="-")
    with pytest.raises(ValueError, match="resection cavity"):
        read_slices(folder)
    found = read_slices(folder, label_map={3: 4, 4: 0})
    assert found.image[:, -1].max() == 2


@pytest.mark.parametrize("empty", [True, False])
def test_without_a_mask_the_flair_serves_and_it_is_said(patient, write_nifti, empty):
    folder = patient(mask=None)
    flair = np.zeros(SHAPE, np.int16)
    flair[1:8, 1:8, 5] = 7
    flair[1:4, 1:4, 2] = 7
    write_nifti(folder / "TCGA-AA-0001_flair.nii.gz", flair)
    if empty:
        write_nifti(folder / "TCGA-AA-0001_seg.nii.gz", np.zeros(SHAPE, np.uint8))
    with pytest.warns(ReadWarning, match="flair voxels was used"):
        found = read_slices(folder)
    assert found.slices == (5,)
    assert found.chosen_by == "flair"
    assert found.notes


def test_a_region_that_is_not_there_falls_back(patient, write_nifti):
    folder = patient()
    mask = np.zeros(SHAPE, np.uint8)
    mask[3, 3, 5] = 2
    write_nifti(folder / "TCGA-AA-0001_seg.nii.gz", mask)
    with pytest.warns(ReadWarning, match="no 'enhancing' voxel"):
        found = read_slices(folder, slice_choice="enhancing")
    assert found.slices == (5,)
    assert found.chosen_by == "whole"


def test_missing_sequence_is_zero_and_listed(patient):
    folder = patient(aliases=("t1", "flair"))
    found = read_slices(folder, sequences=["t2", "flair", "seg"])
    assert found.missing == ("t2",)
    assert not found.image[:, 0].any()
    assert found.image[:, 1].any()


def nan_volume(folder, write_nifti):
    data = np.ones(SHAPE, np.float32)
    data[1, 2, 1] = np.nan
    write_nifti(folder / "TCGA-AA-0001_t2.nii.gz", data)


def truncate(folder, write_nifti):
    path = folder / "TCGA-AA-0001_t2.nii.gz"
    path.write_bytes(path.read_bytes()[:-300])


def truncate_plain(folder, write_nifti):
    path = folder / "TCGA-AA-0001_t2.nii.gz"
    raw = nib.load(path)
    path.unlink()
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.int16), raw.affine), folder / "x_t2.nii")
    plain = folder / "x_t2.nii"
    plain.write_bytes(plain.read_bytes()[:-9])


def zero_bytes(folder, write_nifti):
    (folder / "TCGA-AA-0001_t2.nii.gz").write_bytes(b"")


def not_nifti(folder, write_nifti):
    (folder / "TCGA-AA-0001_t2.nii.gz").write_bytes(b"<html>" * 200)


def four_d(folder, write_nifti):
    write_nifti(folder / "TCGA-AA-0001_t2.nii.gz", np.ones((*SHAPE, 3), np.int16))


def other_shape(folder, write_nifti):
    for path in folder.iterdir():
        write_nifti(path, volume(folder, path.name[13:-7]), np.eye(4))
    data = np.ones((9, 11, 8), np.int16)
    write_nifti(folder / "TCGA-AA-0001_t2.nii.gz", data, np.eye(4))


def mask_outside(folder, write_nifti):
    for alias in ("t1", "t1ce", "t2", "flair"):
        data = np.zeros(SHAPE, np.int16)
        data[7:, 8:] = 5
        write_nifti(folder / f"TCGA-AA-0001_{alias}.nii.gz", data)


def mask_labels(folder, write_nifti):
    write_nifti(folder / "TCGA-AA-0001_seg.nii.gz", np.full(SHAPE, 7, np.uint8))


def mask_fractions(folder, write_nifti):
    write_nifti(folder / "TCGA-AA-0001_seg.nii.gz", np.full(SHAPE, 0.5, np.float32))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (nan_volume, r"_t2\.nii\.gz: NaN or infinite voxels, first in axial plane 1"),
        (truncate, r"_t2\.nii\.gz: (truncated|damaged) gzip"),
        (truncate_plain, r"x_t2\.nii: truncated"),
        (zero_bytes, r"_t2\.nii\.gz: the file is empty"),
        (not_nifti, r"_t2\.nii\.gz: not a NIfTI file"),
        (four_d, r"_t2\.nii\.gz: an image of shape \(9, 11, 7, 3\)"),
        (other_shape, r"_t2\.nii\.gz: 9 x 11 x 8 voxels .* must be co-registered"),
        (mask_outside, r"_seg\.nii\.gz: .* of another patient"),
        (mask_labels, r"_seg\.nii\.gz: mask labels \[7\]"),
        (mask_fractions, r"_seg\.nii\.gz: mask labels such as \[0\.5\] are no whole"),
    ],
)
def test_bad_files_are_named(patient, write_nifti, spoil, message):
    folder = patient()
    spoil(folder, write_nifti)
    with pytest.raises(ValueError, match=message):
        read_slices(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_slices": 0}, "n_slices must be at least 1"),
        ({"slice_choice": "best"}, "slice_choice must be one of"),
        ({"sequences": ["adc"]}, "sequences must be among"),
        ({"sequences": []}, "sequences must be among"),
    ],
)
def test_bad_parameters(patient, options, message):
    with pytest.raises(ValueError, match=message):
        read_slices(patient(), **options)


@given(height=st.integers(1, 12), width=st.integers(1, 12), size=st.integers(1, 12))
def test_fit_plane_keeps_the_centre(height, width, size):
    image = np.arange(1, 1 + 2 * height * width).reshape(2, height, width)
    out = fit_plane(image, size)
    assert out.shape == (2, size, size)
    small = fit_plane(out, (min(height, size), min(width, size)))
    assert_array_equal(small, fit_plane(image, small.shape[1:]))
    if size >= max(height, width):
        assert out.sum() == image.sum()
        assert_array_equal(fit_plane(out, (height, width)), image)


@pytest.mark.real_data
def test_real_brats_case(real_data):
    folder = real_data / "brats" / "TCGA-DU-7294"
    mask = np.asanyarray(nib.load(folder / "TCGA-DU-7294_seg.nii.gz").dataobj)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_slices(folder)
    assert mask.shape == (240, 240, 155)
    assert found.slices == (brute_force(mask),)
    for channel, name in enumerate(found.channels):
        expected = volume(folder, name)[..., found.slices[0]]
        assert_array_equal(found.image[0, channel], expected)


@pytest.mark.real_data
def test_real_case_without_mask(real_data):
    folder = real_data / "formats" / "nifti" / "BraTS-GLI-00001-000"
    with pytest.warns(ReadWarning, match="no tumour mask"):
        found = read_slices(folder)
    flair = volume(folder, "t2f")
    assert found.slices == (int((flair != 0).sum(axis=(0, 1)).argmax()),)
    assert found.channels == ("t1", "t1ce", "t2", "flair")


def test_without_the_fast_gzip(patient, monkeypatch):
    folder = patient()
    expected = read_slices(folder)
    monkeypatch.setattr("skmultimodal.io._bytes._zlib", lambda: zlib)
    assert_array_equal(read_slices(folder).image, expected.image)
    path = folder / "TCGA-AA-0001_t1.nii.gz"
    raw = path.read_bytes()
    path.write_bytes(raw[:-100])
    with pytest.raises(ValueError, match=r"_t1\.nii\.gz: truncated gzip"):
        read_slices(folder)
    # A byte in the middle: the checksum at the end is what tells.
    path.write_bytes(raw[:-4] + b"\0\0\0\0")
    with pytest.raises(ValueError, match=r"_t1\.nii\.gz: damaged gzip"):
        read_slices(folder)


def test_odd_but_valid_files(patient):
    folder = patient()
    expected = read_slices(folder).image
    path = folder / "TCGA-AA-0001_t1.nii.gz"
    raw = path.read_bytes()
    plain = gzip.decompress(raw)
    half = len(plain) // 2
    two_members = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    for content in (plain, two_members, raw + b"\0" * 20):
        path.write_bytes(content)
        assert_array_equal(read_slices(folder).image, expected)
    path.unlink()
    image = nib.Nifti1Image.from_bytes(plain)
    nib.save(nib.Nifti2Image(np.asanyarray(image.dataobj), image.affine), path)
    assert_array_equal(read_slices(folder).image, expected)


def test_a_scan_larger_than_memory_is_named(patient, monkeypatch):
    """A small file may declare more voxels than any computer holds."""
    folder = patient()
    found = NiftiFile(folder / "TCGA-AA-0001_t1.nii.gz")

    def full(*args):
        raise MemoryError

    monkeypatch.setattr(NiftiFile, "_read", full)
    with pytest.raises(ValueError, match=r"_t1\.nii\.gz: what it holds does not fit"):
        found.volume()
    with pytest.raises(ValueError, match=r"_t1\.nii\.gz: what it holds does not fit"):
        found.planes([2])
