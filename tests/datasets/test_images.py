"""Scans of many scanners and names in one cohort: what is read, changed and shown."""

import warnings

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skmultimodal.datasets import check_folder, load_cohort
from skmultimodal.exceptions import ReadWarning
from skmultimodal.model_selection import PairedStratifiedKFold, audit_shortcuts
from skmultimodal.utils._anatomy import view_of

# Shape, edge of a pixel and orientation of three scanners; the head is 60 mm wide.
SCANNERS = [
    ((200, 180), 0.5, (-1, -1)),
    ((100, 94), 1.0, (1, 1)),
    ((50, 46), 2.0, (-1, 1)),
]
N_PLANES = 5
FIELD = (104, 98)
TUMOUR = (12, -8)  # mm to the left and back of the middle


def write_scan(folder, shape, edge, signs, names=("t1", "seg"), affine=None):
    """A head of 100 with a tumour of 300, 12 mm wide, in the planes 2 and 3."""
    mm = [(np.arange(n) - (n - 1) / 2) * edge for n in shape]
    head = (np.abs(mm[0]) < 30)[:, None] & (np.abs(mm[1]) < 30)
    tumour = (np.abs(mm[0] - TUMOUR[0]) < 6)[:, None] & (np.abs(mm[1] - TUMOUR[1]) < 6)
    planes = {"t1": 100 * head + 200 * tumour, "seg": 4 * tumour}
    folder.mkdir(parents=True)
    for name in names:
        volume = np.zeros((*shape, N_PLANES), np.int16)
        volume[..., 2:4] = planes.get(name, planes["t1"])[..., None]
        # A sign of 1 is stored from left to right, against LPS.
        volume = volume[:: -signs[0], :: -signs[1]]
        place = np.diag([signs[0] * edge, signs[1] * edge, 4.0, 1.0])
        image = nib.Nifti1Image(volume, place if affine is None else affine)
        nib.save(image, folder / f"{folder.name}_{name}.nii.gz")
    return folder


def write_clinical(home, n):
    ids = [f"P{i:02d}" for i in range(n)]
    table = pd.DataFrame({"patient": ids, "y": np.arange(n) % 2})
    table.to_csv(home / "clinical.csv", index=False)
    return ids


@pytest.fixture
def mixed(tmp_path):
    """Twelve patients; those of the first scanner have the label 1 most often."""
    for i, patient in enumerate(write_clinical(tmp_path, 12)):
        write_scan(tmp_path / "mri" / patient, *SCANNERS[i % 3])
    return tmp_path


@pytest.mark.parametrize("lazy", [False, True])
def test_patients_of_all_scanners_have_one_pixel_size(mixed, lazy):
    bunch = load_cohort(mixed, label="y", image_size=FIELD, lazy=lazy)
    images = np.asarray(bunch.data.block("image"), float)
    middle = [(n - 1) / 2 for n in FIELD]
    for t1, seg in images:
        assert_allclose((t1 > 50).sum(), 60 * 60, rtol=0.05)
        assert_allclose((seg == 4).sum(), 12 * 12, rtol=0.1)
        place = [x.mean() - m for x, m in zip(np.nonzero(seg), middle, strict=True)]
        assert_allclose(place, TUMOUR, atol=1)
        assert t1[seg > 0].mean() > 280
    with pytest.warns(ReadWarning, match=r"cropped \(29 % of t1 lies outside 104 x 98"):
        stored = load_cohort(mixed, label="y", image_size=FIELD, spacing=None)
    heads = (np.asarray(stored.data.block("image"))[:3, 0] > 50).sum(axis=(1, 2))
    # Without a common spacing the head of the first scanner does not fit.
    assert_allclose(heads, [104 * 98, 60 * 60, 30 * 30], rtol=0.07)


@pytest.mark.parametrize("lazy", [False, True])
def test_what_was_changed_stands_in_the_flow(mixed, lazy):
    bunch = load_cohort(mixed, label="y", image_size=FIELD, lazy=lazy)
    changed = bunch.flow[bunch.flow["status"] == "changed"]
    counts = changed["reason"].value_counts().to_dict()
    to = "pixels of 1 x 1 mm)"
    assert counts == {
        f"resampled (200 x 180 pixels of 0.5 x 0.5 mm to 100 x 90 {to}": 4,
        f"resampled (50 x 46 pixels of 2 x 2 mm to 100 x 92 {to}": 4,
        "padded (100 x 90 to 104 x 98)": 4,
        "padded (100 x 94 to 104 x 98)": 4,
        "padded (100 x 92 to 104 x 98)": 4,
    }
    summary = bunch.flow_summary.set_index(["item", "status", "reason"])["n"]
    assert summary["image", "changed", "resampled"] == 8
    assert summary["image", "changed", "padded"] == 12
    assert (bunch.flow["status"] == "kept").sum() == 24  # image and clinical


def test_the_scanner_is_a_covariate_that_the_audit_sees(tmp_path):
    """One label is of the first scanner, which a model would recognise as well."""
    ids = write_clinical(tmp_path, 24)
    for i, patient in enumerate(ids):
        write_scan(
            tmp_path / "mri" / patient, *SCANNERS[0 if i % 2 else 1 + i // 2 % 2]
        )
    bunch = load_cohort(tmp_path, label="y", image_size=FIELD)
    table = bunch.data.metadata
    assert list(table) == [
        "scan_width",
        "scan_height",
        "scan_spacing",
        "scan_orientation",
    ]
    assert_array_equal(table["scan_spacing"][:4], [1.0, 0.5, 2.0, 0.5])
    assert table["scan_orientation"][:3].tolist() == ["RAS", "LPS", "LAS"]
    assert bunch.image_info["scan_planes"].unique().tolist() == [N_PLANES]
    cv = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
    audit = audit_shortcuts(bunch.data, bunch.target, cv=cv, random_state=0)
    found = audit.set_index("source")["roc_auc"]
    assert found["scan_spacing"] > 0.95
    assert found["scan_orientation"] > 0.95


def test_the_cohort_has_the_axes_of_the_scans(mixed):
    bunch = load_cohort(mixed, label="y", image_size=FIELD, spacing=(1, 2))
    assert bunch.data.axes == {"image": ("LP", (1.0, 2.0))}
    # The tumour lies to the left and the front: at the right of a picture, and above.
    seg = np.asarray(bunch.data.block("image"))[0, 1]
    drawn = view_of(bunch.data.axes["image"]).turn(seg)
    apart = [
        x.mean() - (n - 1) / 2
        for x, n in zip(drawn.nonzero(), drawn.shape, strict=True)
    ]
    assert apart[0] < 0 < apart[1]
    for path in (mixed / "mri" / "P00").iterdir():
        nib.save(
            nib.Nifti1Image(np.asanyarray(nib.load(path).dataobj), np.eye(4)), path
        )
    with pytest.warns(ReadWarning, match="declare no orientation"):
        unknown = load_cohort(mixed, label="y", image_size=200)
    assert unknown.data.axes == {}


def test_a_column_of_the_same_name_stays(mixed):
    clinical = pd.read_csv(mixed / "clinical.csv").assign(scan_spacing="measured")
    clinical.to_csv(mixed / "clinical.csv", index=False)
    table = load_cohort(mixed, label="y", image_size=FIELD).data.metadata
    assert (table["scan_spacing"] == "measured").all()
    assert_array_equal(table["scan_spacing (header)"][:3], [0.5, 1, 2])


def test_check_lists_shapes_and_sizes(mixed):
    found = check_folder(mixed).found
    lines = [line for line in found if "mm between planes" in line]
    between = "mm in plane, 4 mm between planes, orientation"
    assert lines == [
        f"  4 of 200 x 180 x 5 voxels, 0.5 {between} LPS",
        f"  4 of 100 x 94 x 5 voxels, 1 {between} RAS",
        f"  4 of 50 x 46 x 5 voxels, 2 {between} LAS",
    ]


def test_scans_without_orientation_beside_others_are_warned_of(mixed):
    for name in ("t1", "seg"):
        path = mixed / "mri" / "P01" / f"P01_{name}.nii.gz"
        nib.save(
            nib.Nifti1Image(np.asanyarray(nib.load(path).dataobj), np.eye(4)), path
        )
    message = (
        r"headers of 1 of 12 scans declare no orientation, such as 'P01': they are"
    )
    with pytest.warns(ReadWarning, match=message):
        load_cohort(mixed, label="y", image_size=FIELD)
    assert any("1 of 12 scans" in p for p in check_folder(mixed).problems)


NAMES = ("T1_MPRAGE", "FLAIR", "ADC", "tumor_mask")


@pytest.fixture
def unnamed(tmp_path):
    """Two patients with one scan that is known by its name, and three that are not."""
    for patient in write_clinical(tmp_path, 2):
        write_scan(tmp_path / "mri" / patient, *SCANNERS[1], names=NAMES)
    return tmp_path


@pytest.mark.parametrize("lazy", [False, True])
def test_scans_that_no_channel_takes_are_shown(unnamed, lazy):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bunch = load_cohort(unnamed, label="y", image_size=FIELD, lazy=lazy)
    [text] = [str(w.message) for w in caught if "NIfTI" in str(w.message)]
    assert text.startswith(
        "6 NIfTI files are not read, as no channel takes a file of th"
    )
    assert "P00_ADC.nii.gz of patient P00" in text
    assert bunch.image_channels == ["flair"]
    ignored = bunch.flow[bunch.flow["status"] == "ignored"]
    assert ignored["patient"].tolist() == ["P00"] * 3 + ["P01"] * 3
    assert sorted(path.rsplit("_", 1)[1] for path in ignored["file"][:3]) == [
        "ADC.nii.gz",
        "MPRAGE.nii.gz",
        "mask.nii.gz",
    ]
    summary = bunch.flow_summary.set_index(["item", "status"])["n"]
    assert summary["file", "ignored"] == 6
    assert any(p.startswith("6 NIfTI files") for p in check_folder(unnamed).problems)


@pytest.mark.parametrize("lazy", [False, True])
def test_channels_of_any_name(unnamed, lazy):
    wanted = {"t1": "*MPRAGE", "adc": "*ADC*", "ct": "*CT*", "seg": "*tumor_mask*"}
    write_scan(unnamed / "more" / "P01", *SCANNERS[1], names=("CT",))
    ct = unnamed / "more" / "P01" / "P01_CT.nii.gz"
    ct.rename(unnamed / "mri" / "P01" / ct.name)
    volume = np.full((100, 94, N_PLANES), 4, np.int16)
    volume[10:, :, 2:] = 0
    for patient in ("P00", "P01"):
        mask = unnamed / "mri" / patient / f"{patient}_tumor_mask.nii.gz"
        nib.save(nib.Nifti1Image(volume, nib.load(mask).affine), mask)
        t1 = unnamed / "mri" / patient / f"{patient}_T1_MPRAGE.nii.gz"
        nib.save(nib.Nifti1Image(volume + 1, nib.load(t1).affine), t1)
    options = {"label": "y", "image_size": (100, 94), "lazy": lazy}
    # P00 has no CT, and a file that may be one.
    with pytest.warns(ReadWarning, match="1 NIfTI file is not read, .* P00_FLAIR"):
        bunch = load_cohort(unnamed, sequences=wanted, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same, as the batch is read
        images = np.asarray(bunch.data.block("image"))
    assert bunch.image_channels == ["t1", "adc", "ct", "seg"]
    assert_array_equal(images[:, 0], np.tile(volume[::-1, ::-1, 0] + 1, (2, 1, 1)))
    assert_array_equal(images[:, 3], np.tile(volume[::-1, ::-1, 0], (2, 1, 1)))
    assert not images[:, 1].any()  # the plane of the mask is the first, without a head
    assert not images[:, 2].any()
    if not lazy:
        assert bunch.image_info["missing"].tolist() == ["ct", ""]
    # Where no channel is lacking, what was not asked for stands in the flow alone.
    del wanted["ct"]
    bunch = load_cohort(unnamed, sequences=wanted, **options)
    ignored = bunch.flow[bunch.flow["status"] == "ignored"]
    assert [path.rsplit("_", 1)[1] for path in ignored["file"]] == [
        "FLAIR.nii.gz",
        "CT.nii.gz",
        "FLAIR.nii.gz",
    ]


def test_check_reads_the_channels_that_are_asked_for(unnamed):
    check = check_folder(unnamed, sequences={"adc": "*ADC*", "t1": "*MPRAGE"})
    assert "  2 with adc, t1" in check.found
    assert [text.partition(",")[0] for text in check.problems] == [
        "patient P00: no tumour mask",
        "no patient has two modalities: there is nothing to fuse",
    ]


@pytest.mark.parametrize(
    "wrong", [{"sequences": ["adc"]}, {"spacing": -1}, {"slice_choice": "best"}]
)
def test_a_wrong_option_drops_no_patient(unnamed, wrong):
    [name] = wrong
    with pytest.raises(ValueError, match=f"{name} must be"):
        load_cohort(unnamed, label="y", on_error="drop", **wrong)
    assert check_folder(unnamed, **wrong).problems[0].startswith(f"{name} must be")


def damage(path):
    """The header stays whole."""
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2] + bytes(9) + raw[len(raw) // 2 + 9 :])


@pytest.mark.parametrize("spoil", [damage, lambda path: path.write_bytes(b"")])
def test_a_patient_who_cannot_be_read_is_dropped_lazily_too(mixed, spoil, tmp_path):
    spoil(mixed / "mri" / "P02" / "P02_t1.nii.gz")
    bunches = [
        load_cohort(mixed, label="y", image_size=FIELD, on_error="drop", lazy=lazy)
        for lazy in (False, True)
    ]
    for bunch in bunches:
        assert "P02" not in bunch.data.index
        dropped = bunch.flow[bunch.flow["status"] == "dropped"]
        assert dropped["item"].tolist() == ["image", "clinical"]
        assert "P02_t1.nii.gz" in dropped["reason"].iloc[0]
    eager, lazy = (np.asarray(b.data.block("image")) for b in bunches)
    assert_array_equal(eager, lazy)


def test_a_lazy_load_opens_each_header(mixed):
    (mixed / "mri" / "P02" / "P02_t1.nii.gz").write_bytes(b"no scan" * 100)
    with pytest.raises(
        ValueError, match=r"patient P02: .*P02_t1\.nii\.gz: not a NIfTI"
    ):
        load_cohort(mixed, label="y", lazy=True)


def test_a_patient_whose_folders_lie_too_deep_is_dropped(mixed):
    here = mixed / "mri" / "P02"
    for path in here.iterdir():
        path.unlink()
    (here / "/".join("d" * 40)).mkdir(parents=True)
    with pytest.raises(OSError, match=r"patient P02: .* folders lie more than 32 deep"):
        load_cohort(mixed, label="y")
    bunch = load_cohort(mixed, label="y", image_size=FIELD, on_error="drop")
    assert len(bunch.data) == 11
    reasons = {(row.patient, row.item): row.reason for row in bunch.flow.itertuples()}
    assert "more than 32 deep" in reasons["P02", "image"]


def test_a_patient_on_two_grids_counts_once(mixed):
    """A warning for each kind, with the number of patients."""
    for patient in ("P00", "P03"):
        path = mixed / "mri" / patient / f"{patient}_t1.nii.gz"
        image = nib.load(path)
        place = image.affine.copy()
        place[:3, 3] += [1.0, 0, 0]
        nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj), place), path)
    message = (
        r"patient P00: a sequence lies on another grid \(.*\) \(and 1 more patients,"
    )
    with pytest.warns(ReadWarning, match=message) as caught:
        bunch = load_cohort(mixed, label="y", image_size=FIELD)
    assert sum("another grid" in str(w.message) for w in caught) == 1
    kept = bunch.flow[
        (bunch.flow["item"] == "image") & (bunch.flow["status"] == "kept")
    ]
    assert kept["reason"].str.contains("another grid").sum() == 2
    reasons = bunch.flow_summary["reason"]
    assert reasons.str.contains("a sequence lies on another grid").sum() == 1
