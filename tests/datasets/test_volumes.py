"""Whole volumes in a cohort: read, changed, shown, and learnt from."""

import re

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from tower_tools import gene_tower, image_tower

from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import check_folder, load_cohort, load_folder
from skmultimodal.io import NiftiBlock, patient_folders
from skmultimodal.io._nifti import NiftiFile

N = 16
# Voxels along left, posterior and axial, and their edges in mm, of two scanners.
SCANNERS = [((9, 11, 6), (1.0, 1.0, 1.0)), ((18, 22, 3), (0.5, 0.5, 2.0))]


def write_volume(folder, voxels, edges, channel="t1"):
    folder.mkdir(parents=True, exist_ok=True)
    affine = np.diag([-edges[0], -edges[1], edges[2], 1.0])
    path = folder / f"{folder.name}_{channel}.nii.gz"
    nib.save(nib.Nifti1Image(voxels, affine), path)
    return path


@pytest.fixture
def home(tmp_path, rng):
    """Patients whose lowest third is bright in class 1, of one scanner and another."""
    y = np.arange(N) // 2 % 2
    ids = [f"P{i:02d}" for i in range(N)]
    table = pd.DataFrame({"patient": ids, "y": y})
    table.to_csv(tmp_path / "clinical.csv", index=False)
    genes = pd.DataFrame(rng.normal(size=(N, 7)) + 2 * y[:, None], index=ids)
    genes.iloc[4:].rename_axis("patient").to_csv(tmp_path / "expression.csv")
    for i, patient in enumerate(ids):
        shape, edges = SCANNERS[i % 2]
        t1 = rng.integers(100, 120, shape).astype(np.int16)
        t1[..., : shape[2] // 3] += 200 * y[i].astype(np.int16)
        write_volume(tmp_path / "mri" / patient, t1, edges)
        mask = np.zeros(shape, np.uint8)
        mask[3:6, 4:8, 1] = 1
        write_volume(tmp_path / "mri" / patient, mask, edges, "seg")
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*more than empty background")
@pytest.mark.parametrize("lazy", [False, True])
def test_volumes_of_two_scanners_are_one_block(home, lazy):
    options = {"label": "y", "volumes": True, "lazy": lazy}
    bunch = load_cohort(home, image_size=(5, 10, 12), **options)
    block = bunch.data.block("image")
    assert block.shape == (N, 2, 5, 10, 12)
    assert bunch.image_channels == ["t1", "seg"]
    reasons = bunch.flow[bunch.flow["status"] == "changed"]["reason"].value_counts()
    assert reasons.to_dict() == {
        "resampled (3 x 18 x 22 voxels of 2 x 0.5 x 0.5 mm to 6 x 9 x 11 voxels of 1 x "
        "1 x 1 mm)": N // 2,
        "cropped (6 x 9 x 11 to 5 x 10 x 12)": N,
        "padded (6 x 9 x 11 to 5 x 10 x 12)": N,
    }
    summary = bunch.flow_summary.set_index(["item", "status", "reason"])["n"]
    assert summary["image", "changed", "resampled"] == N // 2
    assert summary["image", "changed", "cropped"] == N
    assert bunch.data.metadata["scan_planes"].tolist() == [6, 3] * (N // 2)
    if not lazy:
        assert block.dtype == np.int16
        assert (bunch.image_info["cut"] > 0.1).all()
        assert "slice" not in bunch.image_info


@pytest.mark.parametrize("lazy", [False, True])
def test_without_a_size_volumes_keep_theirs(home, lazy):
    options = {"label": "y", "volumes": True, "image_size": None, "lazy": lazy}
    bunch = load_cohort(home, **options)
    assert bunch.data.block("image").shape == (N, 2, 6, 9, 11)
    changed = bunch.flow_summary.query("status == 'changed'")
    assert changed[["reason", "n"]].to_numpy().tolist() == [["resampled", N // 2]]
    stored = {"spacing": None} | options
    message = (
        r"patient P01: a volume of 3 x 18 x 22 \(depth, height, width\), but that of "
        r"patient P00 has 6 x 9 x 11; give image_size"
    )
    with pytest.raises(ValueError, match=message):
        load_cohort(home, **stored)
    own = {"image_size": (6, 9, 11), "spacing": (1, 1.0, 1)}
    other = load_folder(home, **options | own)
    for images in (bunch, other):
        assert images.data.block("image").shape == (N, 2, 6, 9, 11)
    images = [np.asarray(b.data.block("image")[:]) for b in (bunch, other)]
    assert_array_equal(*images)


def test_no_voxel_is_read_before_it_is_needed(home, monkeypatch):
    opened = []
    stored = NiftiFile._read

    def read(self, first, last):
        opened.append(self.path.name.partition("_")[0])
        return stored(self, first, last)

    monkeypatch.setattr(NiftiFile, "_read", read)
    options = {"label": "y", "volumes": True, "image_size": None}
    data = load_cohort(home, lazy=True, **options).data
    few = data[2:5]
    assert few.block("image").shape == (3, 2, 6, 9, 11)
    assert opened == []
    found = np.asarray(few.block("image")[:2])
    assert set(opened) == {"P02", "P03"}
    eager = load_cohort(home, **options).data
    assert_array_equal(found, np.asarray(eager.block("image"))[2:4])


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_a_twin_tower_learns_from_volumes(home, lazy):
    bunch = load_cohort(home, label="y", volumes=True, image_size=None, lazy=lazy)
    towers = [("image", image_tower(max_epochs=15)), ("gene", gene_tower())]
    model = TwinTowerClassifier(towers, tower_cv=2, random_state=0)
    model.fit(bunch.data, bunch.target)
    for tower in model.towers_["image"].estimators_:
        weights = tower.weights_["encoder.convolutions.0.weight"]
        assert weights.shape == (4, 2, 3, 3, 3)
    probability = model.predict_proba(bunch.data)
    assert probability.shape == (N, 2)
    assert (probability.argmax(axis=1) == bunch.target).mean() > 0.8


def test_a_plane_where_a_volume_is_expected(home):
    folder = home / "mri" / "P03"
    write_volume(folder, np.ones((9, 11), np.int16), (1.0, 1.0, 1.0))
    options = {"label": "y", "volumes": True, "image_size": None}
    message = r"patient P03: .*P03_t1\.nii\.gz: .* a single plane and no volume; put "
    for lazy in (False, True):
        with pytest.raises(ValueError, match=message):
            load_cohort(home, lazy=lazy, **options)
        data = load_cohort(home, lazy=lazy, on_error="drop", **options)
        assert len(data.data.block("image")) == N - 1
        rows = data.flow.itertuples()
        reasons = {(row.patient, row.item): row.reason for row in rows}
        assert "single plane" in reasons["P03", "image"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_slices": 3}, "volumes=True reads all planes .*: leave out n_slices and"),
        ({"slice_choice": "center"}, "leave out n_slices and slice_choice"),
        ({"spacing": (1, 1)}, r"spacing must be .* or three \(depth first\)"),
        ({"image_size": (4, 4, 4, 4)}, "image_size must be"),
    ],
)
def test_bad_parameters(home, wrong, message):
    with pytest.raises(ValueError, match=message):
        load_cohort(home, label="y", volumes=True, on_error="drop", **wrong)
    found = check_folder(home, volumes=True, **wrong).problems
    assert re.search(message, found[0])


def test_check_reads_volumes(home):
    check = check_folder(home, volumes=True, image_size=None)
    assert check.problems == []
    assert f"mri: {N} patients, {N} can be read" in check.found
    check = check_folder(home, volumes=True, image_size=12, spacing=None)
    cropped, other = check.problems
    assert "cropped" in cropped
    assert other.startswith(
        "patient P01: a volume of 3 x 12 x 12 (depth, height, width), but that of "
        "patient P00 has 6 x 12 x 12; "
    )


def test_a_real_case(real_data):
    """Of BraTS: 155 planes of 240 x 240 voxels of 1 mm."""
    folders = patient_folders(real_data / "brats")
    options = {"volumes": True, "image_size": None}
    block = NiftiBlock(folders, spacing=(5, 4, 4), **options)
    assert block.shape == (1, 5, 31, 60, 60)
    small = block[0]
    block = NiftiBlock(folders, **options)
    assert block.shape == (1, 5, 155, 240, 240)
    whole = block[0]
    # Of the seg channel, the last, voxels become 80 times as large.
    rates = [(x[-1] > 0).sum() * n for x, n in ((small, 80), (whole, 1))]
    np.testing.assert_allclose(rates[0], rates[1], rtol=0.05)
    np.testing.assert_allclose(
        small[:4].mean(axis=(1, 2, 3)), whole[:4].mean(axis=(1, 2, 3)), rtol=0.01
    )


@pytest.mark.filterwarnings("ignore::skmultimodal.exceptions.ReadWarning")
def test_real_stacks_of_planes(real_data):
    """5 planes of most patients, and of a few the whole stack."""
    options = {"label": "idh_mut", "volumes": True, "lazy": True}
    with pytest.raises(ValueError, match=r"a volume of \d+ x 240 x 240 \(depth, heig"):
        load_cohort(real_data / "cohort", **options)
    size = (5, 200, 180)
    bunch = load_cohort(real_data / "cohort", image_size=size, **options)
    block = bunch.data.block("image")
    assert block.shape == (82, 4, *size)
    assert np.isfinite(np.asarray(block[:2])).all()
    cropped = bunch.flow["reason"].str.startswith("cropped").sum()
    assert cropped == 82
