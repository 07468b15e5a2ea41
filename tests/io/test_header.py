"""Headers that make no sense, changed byte by byte in files that nibabel wrote."""

import gzip
import struct

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skmultimodal.io import patient_folders, read_patients, read_slices
from skmultimodal.io._nifti import NiftiFile

SHAPE = (6, 5, 4)
AFFINE = np.diag([-0.5, -2.0, 3.0, 1.0])
VOXELS = np.arange(120, dtype=np.int16).reshape(SHAPE) + 1


def whole(**changes):
    """A file, with some places of its header overwritten: offset=(format, values)."""
    raw = bytearray(nib.Nifti1Image(VOXELS, AFFINE).to_bytes())
    for place, (form, *values) in changes.items():
        struct.pack_into(form, raw, int(place.strip("at_")), *values)
    return bytes(raw)


def write(tmp_path, raw, name="P1_t1.nii"):
    folder = tmp_path / "mri" / "P1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(raw)
    return folder


NAN = float("nan")
# sform_code and qform_code are 0: the sizes of pixdim are all there is.
NO_FORM = {"at_252": ("<2h", 0, 0)}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"at_108": ("<f", 0)}, r"voxels begin at byte 0\.0"),
        ({"at_108": ("<f", 351)}, "vox offset 351 too low"),
        ({"at_108": ("<f", NAN)}, ""),
        ({"at_112": ("<2f", 1, NAN)}, "invalid intercept nan"),
        ({"at_112": ("<2f", 1, np.inf)}, "invalid intercept inf"),
        ({"at_112": ("<2f", 1e38, 0)}, r"scaled by 1e\+38 and 0"),
        ({"at_112": ("<2f", 1e-38, 0)}, "scaled by 1e-38 and 0"),
        ({"at_112": ("<2f", 1, -1e30)}, r"scaled by 1 and -1e\+30"),
        ({"at_112": ("<2f", 1e17, 0)}, r"slope 1e\+17 and .* 1e\+17 to 1\.2e\+19"),
        ({"at_112": ("<2f", 1, 1e12)}, r"intercept 1e\+12 .* 1e\+12 to 1e\+12"),
        ({"at_280": ("<12f", *[NAN] * 12)}, "affine holds NaN"),
        ({"at_280": ("<12f", *[0.0] * 12)}, "voxels of 0 x 0 x 0 mm"),
        ({"at_280": ("<12f", *[1.0, 0, 0, 0] * 3)}, "voxels of 1.73205 x 0 x 0 mm"),
        ({"at_280": ("<12f", 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0)}, "singular"),
        ({"at_280": ("<12f", 1e6, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)}, "1e.06 x 1 x 1"),
        ({"at_252": ("<2h", 1, 0), "at_256": ("<3f", *[NAN] * 3)}, "affine"),
        (NO_FORM | {"at_80": ("<3f", 0, 1, 1)}, "voxels of 0 x 1 x 1 mm"),
        (NO_FORM | {"at_80": ("<3f", 1, NAN, 1)}, "voxels of 1 x nan x 1 mm"),
        ({"at_40": ("<8h", 3, -6, 5, 4, 1, 1, 1, 1)}, r"shape \(-6, 5, 4\)"),
        ({"at_40": ("<8h", 3, 6, 0, 4, 1, 1, 1, 1)}, r"shape \(6, 0, 4\)"),
        ({"at_40": ("<8h", 9, 6, 5, 4, 1, 1, 1, 1)}, ""),
        ({"at_70": ("<h", 9999)}, "data code 9999"),
        ({"at_344": ("4s", b"")}, "magic string"),
    ],
)
@pytest.mark.parametrize("name", ["P1_t1.nii", "P1_t1.nii.gz"])
def test_a_header_that_makes_no_sense_is_refused(tmp_path, changes, problem, name):
    raw = whole(**changes)
    folder = write(tmp_path, gzip.compress(raw) if name.endswith("gz") else raw, name)
    message = rf"{name}: damaged NIfTI header \(.*{problem}.*\); export or download"
    with pytest.raises(ValueError, match=message):
        read_slices(folder)
    good = tmp_path / "mri" / "P2"
    good.mkdir()
    (good / "P2_t1.nii").write_bytes(whole())
    folders = patient_folders(tmp_path / "mri")
    read, failures = read_patients(folders, on_error="drop", slice_choice="center")
    assert list(read) == ["P2"]
    assert name in failures["P1"]


def test_nibabel_prints_nothing(tmp_path, capfd):
    """An odd qfac is mended by nibabel, which logs that."""
    folder = write(tmp_path, whole(at_76=("<f", 0.5)))
    assert read_slices(folder, slice_choice="center").slices == (2,)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("slope", "inter"), [(0.0, 5.0), (NAN, 5.0), (1.0, 0.0)])
def test_a_slope_of_nothing_scales_nothing(tmp_path, slope, inter):
    folder = write(tmp_path, whole(at_112=("<2f", slope, inter)))
    found = read_slices(folder, slice_choice="center")
    assert_array_equal(found.image[0, 0], VOXELS[..., 2])


def test_floats_that_are_no_measurements(tmp_path):
    voxels = np.ones(SHAPE)
    voxels[1, 2, 3] = 1e30
    folder = write(tmp_path, nib.Nifti1Image(voxels, AFFINE).to_bytes())
    with pytest.raises(ValueError, match=r"P1_t1\.nii: voxels of 1e\+30 make no sense"):
        read_slices(folder)
    voxels[1, 2, 3] = 1e300  # no number of 32 bits
    folder = write(tmp_path, nib.Nifti1Image(voxels, AFFINE).to_bytes())
    with pytest.raises(ValueError, match=r"P1_t1\.nii: NaN or infinite .* plane 3"):
        read_slices(folder)


@pytest.mark.parametrize(
    ("unit", "factor"), [("mm", 1), ("micron", 1e-3), ("meter", 1e3), ("unknown", 1)]
)
def test_edges_are_in_millimetres(tmp_path, unit, factor):
    image = nib.Nifti1Image(VOXELS, AFFINE @ np.diag([*[0.01 / factor] * 3, 1.0]))
    image.header.set_xyzt_units(unit)
    path = tmp_path / "a.nii"
    nib.save(image, path)
    assert_allclose(NiftiFile(path).spacing, (0.005, 0.02, 0.03), rtol=1e-6)


@pytest.mark.parametrize("axes", ["LPS", "RAS", "PSL", "ARI"])
def test_geometry_is_that_of_nibabel(tmp_path, axes):
    ornt = nib.orientations.axcodes2ornt
    change = nib.orientations.ornt_transform(ornt("LPS"), ornt(axes))
    image = nib.Nifti1Image(VOXELS, AFFINE).as_reoriented(change)
    path = tmp_path / "a.nii.gz"
    nib.save(image, path)
    file = NiftiFile(path)
    assert file.orientation == axes
    assert (file.shape, file.stored_shape) == (SHAPE, image.shape)
    assert_allclose(file.spacing, (0.5, 2, 3))
    # Positions along the LPS axes are places of the stored voxels of the same value.
    at = np.argwhere(file.volume() == 77)[0]
    stored = np.argwhere(np.asanyarray(image.dataobj) == 77)[0]
    assert_allclose(
        (file.affine @ [*at, 1])[:3], (image.affine @ [*stored, 1])[:3], atol=1e-6
    )


def test_a_quaternion_beside_an_identity(tmp_path):
    """Some tools write the identity as sform, and the place as qform."""
    image = nib.Nifti1Image(VOXELS, None)
    image.set_qform(np.diag([0.5, 2.0, 3.0, 1.0]), code=1)
    image.set_sform(np.eye(4), code=2)
    nib.save(image, tmp_path / "a.nii")
    file = NiftiFile(tmp_path / "a.nii")
    assert (file.orientation, file.spacing) == ("RAS", (0.5, 2, 3))


def test_a_plane_alone_is_a_volume_of_one(tmp_path):
    """A tile of a slide, say, as some exports write it."""
    voxels = np.arange(30, dtype=np.uint8).reshape(6, 5)
    folder = write(tmp_path, nib.Nifti1Image(voxels, AFFINE).to_bytes())
    found = read_slices(folder)
    assert (found.slices, found.chosen_by) == ((0,), "center")
    assert_array_equal(found.image[0, 0], voxels)


def test_many_small_members_of_a_gzip_file(tmp_path):
    raw = whole()
    parts = [gzip.compress(raw[i : i + 50]) for i in range(0, len(raw), 50)]
    folder = write(tmp_path, b"".join(parts), "P1_t1.nii.gz")
    assert_array_equal(
        read_slices(folder, slice_choice="center").image[0, 0], VOXELS[..., 2]
    )
    folder = write(tmp_path, gzip.compress(b""), "P1_t1.nii.gz")
    with pytest.raises(ValueError, match=r"P1_t1\.nii\.gz: not a NIfTI file"):
        read_slices(folder)
