"""Whole volumes of any voxel size and shape, against blocks whose place is known."""

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import NiftiBlock, PatientSlices, read_patients, stack_patients
from skmultimodal.io._nifti import NiftiFile
from skmultimodal.utils._planes import fit_plane, respace_volume

SHAPE = (9, 11, 7)  # left, posterior, axial: as nibabel has them
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_scan(folder, voxels, edges=(1.0, 1.0, 1.0), axes="LPS", channel="t1"):
    """Voxels along left, posterior and axial, stored along other axes."""
    affine = np.diag([-edges[0], -edges[1], edges[2], 1.0])
    ornt = nib.orientations.axcodes2ornt
    change = nib.orientations.ornt_transform(ornt("LPS"), ornt(axes))
    folder.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(voxels, affine).as_reoriented(change)
    nib.save(image, folder / f"{folder.name}_{channel}.nii.gz")
    return folder


def read_one(folder, **options):
    found, _ = read_patients({folder.name: folder}, volumes=True, **options)
    return found[folder.name]


def head(shape, edges):
    """A box of 12 x 16 x 8 mm, and where it is: 2 mm left, 3 mm back, 2 mm up."""
    mm = [(np.arange(n) - (n - 1) / 2) * e for n, e in zip(shape, edges, strict=True)]
    box = [abs(x - c) < r for x, c, r in zip(mm, (2, 3, 2), (6, 8, 4), strict=True)]
    return (100 * np.einsum("i,j,k", *(1 * b for b in box))).astype(np.int16)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("axes", ["LPS", "RAI", "SAR"])
def test_all_planes_are_one_row_the_lowest_first(tmp_path, rng, axes, dtype):
    voxels = rng.integers(1, 900, SHAPE).astype(dtype)
    mask = (voxels > 700).astype(np.uint8)
    folder = write_scan(tmp_path / "P1", voxels, axes=axes)
    write_scan(folder, mask, axes=axes, channel="seg")
    found = read_one(folder)
    assert found.image.shape == (1, 2, 7, 9, 11)
    assert found.image.dtype == dtype
    assert_array_equal(found.image[0, 0], np.moveaxis(voxels, 2, 0))
    assert_array_equal(found.image[0, 1], np.moveaxis(mask, 2, 0))
    assert (found.slices, found.chosen_by, found.changes) == ((0,), "volume", ())
    assert found.mask_file == "P1_seg.nii.gz"
    assert found.geometry["scan_planes"] == 7


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("shape", "edges", "axes"),
    [
        ((80, 88, 72), (0.5, 0.5, 0.5), "RAS"),
        ((40, 44, 18), (1.0, 1.0, 2.0), "LPI"),
        ((20, 44, 36), (2.0, 1.0, 1.0), "SAR"),
    ],
)
def test_scans_of_any_scanner_become_alike(tmp_path, shape, edges, axes, lazy):
    folder = write_scan(tmp_path / "P1", head(shape, edges), edges, axes)
    write_scan(folder, (head(shape, edges) > 0).astype("u1"), edges, axes, "seg")
    size = (34, 38, 42)
    if lazy:
        image = NiftiBlock({"P1": folder}, spacing=1, image_size=size, volumes=True)[:]
    else:
        image = read_one(folder, spacing=1, image_size=size).image
    assert image.shape == (1, 2, *size)
    t1, seg = image[0].astype(float)
    assert_allclose([t1.sum() / 100, seg.sum()], 12 * 16 * 8, rtol=0.07)
    for values in (t1, seg):
        places = np.nonzero(values)
        middle = [
            np.average(x, weights=values[places]) - (n - 1) / 2
            for x, n in zip(places, size, strict=True)
        ]
        assert_allclose(middle, (2, 2, 3), atol=0.1)
    assert set(np.unique(seg)) == {0, 1}


def test_what_changes_is_said(tmp_path):
    folder = write_scan(tmp_path / "P1", head((20, 44, 18), (2, 1, 2)), (2, 1, 2))
    found = read_one(folder, spacing=(1, 2, 1), image_size=(36, 22, 40))
    assert found.image.shape == (1, 1, 36, 22, 40)
    assert found.changes == (
        "resampled (18 x 20 x 44 voxels of 2 x 2 x 1 mm to 36 x 20 x 44 voxels of 1 x "
        "2 x 1 mm)",
        "cropped (36 x 20 x 44 to 36 x 22 x 40)",
        "padded (36 x 20 x 44 to 36 x 22 x 40)",
    )
    assert (found.cut, found.notes) == (0, ())


def test_one_size_is_of_planes(tmp_path):
    folder = write_scan(tmp_path / "P1", np.ones(SHAPE, np.int16))
    assert read_one(folder, image_size=12).image.shape[2:] == (7, 12, 12)
    assert read_one(folder, image_size=(12, 13)).image.shape[2:] == (7, 12, 13)


def test_a_crop_of_the_depth_is_warned_of(tmp_path):
    voxels = np.zeros(SHAPE, np.int16)
    voxels[2:6, 3:8, :] = 100
    folder = write_scan(tmp_path / "P1", voxels)
    with pytest.warns(ReadWarning, match=r"cropped \(43 % of t1 lies outside 4 x 9 x "):
        found = read_one(folder, image_size=(4, 9, 11))
    assert found.cut == pytest.approx(3 / 7)


def test_padding_is_background(tmp_path):
    voxels = np.full(SHAPE, -1000, np.int16)
    voxels[2:7, 3:8, 1:6] = 40
    folder = write_scan(tmp_path / "P1", voxels)
    image = read_one(folder, image_size=(9, 13, 14)).image[0, 0]
    assert_array_equal(image[1:-1, 2:-2, 1:-2], np.moveaxis(voxels, 2, 0))
    assert image.min() == image[0].max() == -1000


def test_a_mask_on_another_grid(tmp_path, rng):
    """Sequences are read on its grid; where it is no channel, on their own."""
    voxels = (100 + np.indices((12, 16, 8)).sum(axis=0)).astype(np.int16)
    folder = write_scan(tmp_path / "P1", voxels)
    affine = LPS.copy()
    affine[:3, 3] = [-2, -3, 1]  # in mm: 2 left, 3 back and 1 up
    mask = rng.integers(0, 2, (8, 9, 5)).astype(np.uint8)
    nib.save(nib.Nifti1Image(mask, affine), folder / "P1_seg.nii.gz")
    first = nib.load(folder / "P1_t1.nii.gz")
    assert_array_equal(first.affine, LPS)
    message = "P1_t1.nii.gz, 12 x 16 x 8 voxels of 1 x 1 x 1 mm, was resampled"
    with pytest.warns(ReadWarning, match=message):
        found = read_one(folder)
    assert found.image.shape == (1, 2, 5, 8, 9)
    wanted = voxels[2:10, 3:12, 1:6]
    assert_array_equal(found.image[0, 0], np.moveaxis(wanted, 2, 0))
    assert_array_equal(found.image[0, 1], np.moveaxis(mask, 2, 0))
    alone = read_one(folder, sequences=["t1"])
    assert_array_equal(alone.image[0, 0], np.moveaxis(voxels, 2, 0))
    assert alone.mask_file is None


def test_a_file_that_covers_little_is_refused(tmp_path):
    folder = write_scan(tmp_path / "P1", np.ones(SHAPE, np.int16))
    affine = LPS.copy()
    affine[2, 3] = 5
    nib.save(nib.Nifti1Image(np.ones(SHAPE, "u1"), affine), folder / "P1_seg.nii.gz")
    with pytest.raises(ValueError, match=r"t1.nii.gz: by .* covers 29% of the volume"):
        read_one(folder)


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 1), (1, 11, 7)])
def test_a_single_plane_is_no_volume(tmp_path, shape):
    folder = write_scan(tmp_path / "P2", np.ones(SHAPE, np.int16), channel="flair")
    nib.save(nib.Nifti1Image(np.ones(shape, "i2"), LPS), folder / "P2_t1.nii.gz")
    message = r"patient P2: .*P2_t1\.nii\.gz: .* are a single plane and no volume; "
    with pytest.raises(ValueError, match=message):
        read_one(folder)
    _, failures = read_patients({"P2": folder}, volumes=True, on_error="drop")
    assert "single plane" in failures["P2"]
    with pytest.raises(ValueError, match=message):
        NiftiBlock({"P2": folder}, volumes=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing": (1, 1)}, r"mm, or three \(depth first\), got \(1, 1\)"),
        ({"spacing": (1, 1, 1, 1)}, "spacing must be one positive number of mm, or"),
        ({"spacing": (1,)}, "spacing must be"),
        ({"spacing": (1, 0, 1)}, "spacing must be"),
        ({"image_size": (4, 4, 4, 4)}, r"pixels, or two or three \(depth first\), got"),
        ({"image_size": (4, 4.5, 4)}, "image_size must be"),
        ({"slice_choice": "center"}, "all planes .* and chooses none: .* and 'center'"),
    ],
)
def test_bad_parameters(tmp_path, options, message):
    folder = write_scan(tmp_path / "P1", np.ones(SHAPE, np.int16))
    with pytest.raises(ValueError, match=message):
        read_one(folder, on_error="drop", **options)
    with pytest.raises(ValueError, match=message):
        NiftiBlock({"P1": folder}, volumes=True, **options)
    with pytest.raises(ValueError, match="leave out n_slices and slice_choice, got 2"):
        read_one(folder, n_slices=2)


def test_three_numbers_are_of_volumes(tmp_path):
    folder = write_scan(tmp_path / "P1", np.ones(SHAPE, np.int16))
    with pytest.raises(ValueError, match=r"mm, or two, got \(1, 1, 1\)"):
        read_patients({"P1": folder}, spacing=(1, 1, 1))


@pytest.mark.parametrize("spacing", [1e-3, 100])
def test_a_spacing_that_leaves_nothing_or_too_much(tmp_path, spacing):
    folder = write_scan(tmp_path / "P1", np.ones(SHAPE, np.int16))
    message = "a volume of 7 x 9 x 11 voxels of 1 x 1 x 1 mm would have "
    with pytest.raises(ValueError, match=message):
        read_one(folder, spacing=spacing)


@pytest.fixture
def mixed(tmp_path):
    """The third patient's volume is deeper."""
    shapes = {"P1": SHAPE, "P2": SHAPE, "P3": (9, 11, 8), "P4": (9, 10, 7)}
    return {
        name: write_scan(tmp_path / name, np.full(shape, int(name[1]), np.int16))
        for name, shape in shapes.items()
    }


def test_the_first_patient_of_another_shape_is_named(mixed):
    message = (
        r"patient P3: a volume of 8 x 9 x 11 \(depth, height, width\), but that of "
        r"patient P1 has 7 x 9 x 11; give image_size=\(depth, height, width\), .* "
        "spacing in mm"
    )
    read, _ = read_patients(mixed, volumes=True)
    with pytest.raises(ValueError, match=message):
        stack_patients(read)
    options = {"volumes": True, "spacing": None}
    with pytest.raises(ValueError, match=message):
        NiftiBlock(mixed, image_size=None, **options)
    # Planes of one size leave the depth.
    with pytest.raises(ValueError, match=r"P3: a volume of 8 x 12 x 12 .* 7 x 12 x"):
        NiftiBlock(mixed, image_size=12, **options)
    block = NiftiBlock(mixed, image_size=(6, 9, 10), **options)
    assert block.shape == (4, 1, 6, 9, 10)
    with pytest.warns(ReadWarning, match="22 % of t1 lies outside 6 x 9 x 10 voxels"):
        assert_array_equal(block[:].mean(axis=(1, 2, 3, 4)), [1, 2, 3, 4])


def test_planes_of_another_shape_are_named_too(rng):
    read = {
        name: PatientSlices(np.ones((1, 1, *size), np.uint8), ("t1",), (3,))
        for name, size in {"P1": (6, 5), "P2": (6, 4)}.items()
    }
    with pytest.raises(ValueError, match=r"P2: a plane of 6 x 4 \(height, width\), bu"):
        stack_patients(read)


def test_volumes_are_stacked(mixed):
    read, _ = read_patients({k: mixed[k] for k in ("P1", "P2")}, volumes=True)
    rows = stack_patients(read, channels=("t2", "t1"))
    assert rows.ids == rows.patients == ["P1", "P2"]
    assert rows.rows.shape == (2, 2, 7, 9, 11)
    assert_array_equal(rows.rows[:, 1].mean(axis=(1, 2, 3)), [1, 2])
    assert not rows.rows[:, 0].any()
    assert "slice" not in rows.info
    assert rows.info["chosen_by"].tolist() == ["volume", "volume"]


def test_a_lazy_block_reads_no_voxel_before_it_must(mixed, monkeypatch):
    opened = []
    stored = NiftiFile._read

    def read(self, first, last):
        opened.append(self.path.name)
        return stored(self, first, last)

    monkeypatch.setattr(NiftiFile, "_read", read)
    folders = {k: mixed[k] for k in ("P1", "P2")}
    options = {"image_size": None, "spacing": 0.5, "volumes": True}
    block = NiftiBlock(folders, **options)
    assert (block.shape, block.ndim, len(block)) == ((2, 1, 14, 18, 22), 5, 2)
    assert opened == []
    assert_array_equal(block[1], np.full((1, 14, 18, 22), 2))
    assert opened == ["P2_t1.nii.gz"]
    assert block.cache_key() == NiftiBlock(folders, **options).cache_key()
    assert block.cache_key() != NiftiBlock(folders, image_size=None).cache_key()


def test_the_cache_keeps_volumes(mixed, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first, _ = read_patients(mixed, volumes=True, cache_dir=cache)
    monkeypatch.setattr("skmultimodal.io._patients.read_quietly", None)
    again, _ = read_patients(mixed, volumes=True, cache_dir=cache)
    for name in mixed:
        assert_array_equal(first[name].image, again[name].image)


def test_images_that_are_not_kept_hold_no_memory(mixed):
    read, _ = read_patients(mixed, volumes=True, keep_images=False)
    image = read["P3"].image
    assert image.shape == (0, 1, 8, 9, 11)
    assert image.base is None


def test_the_axes_are_resampled_each_by_its_own(rng):
    """A slope along each axis stays one, away from the border."""
    z, y, x = np.indices((24, 20, 16), dtype=np.float32)
    out = respace_volume(5 * z + 3 * y + x, (2, 1, 1), (1, 1, 2))
    assert out.shape == (48, 20, 8)
    z, y, x = np.indices(out.shape, dtype=np.float32)
    wanted = 5 * (z / 2 - 0.25) + 3 * y + (2 * x + 0.5)
    inner = (slice(4, -4), slice(2, -2), slice(2, -2))
    assert_allclose(out[inner], wanted[inner], rtol=1e-3)
    same = rng.normal(size=(4, 3, 2))
    assert_array_equal(respace_volume(same, (2, 1, 3), (2, 1, 3)), same)


def test_fit_plane_of_three_axes():
    image = np.arange(2 * 4 * 3 * 5).reshape(2, 4, 3, 5)
    out = fit_plane(image, (2, 5, 5), -1)
    assert_array_equal(out[:, :, 1:4], image[:, 1:3])
    assert (out[:, :, [0, 4]] == -1).all()
