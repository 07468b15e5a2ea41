import os
import subprocess
from pathlib import Path

import pytest

from skmultimodal.io import find_sequences, patient_folders
from skmultimodal.io._sequences import UNNAMED, survey_folder

ALL = ["t1", "t1ce", "t2", "flair", "seg"]
TCGA = "TCGA-02-0006_1996.08.23"


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("prefix", "sep", "aliases"),
    [
        ("Brats17_TCIA_607_1", "_", ALL),
        ("Brats18_CBICA_AAB_1", "_", ALL),
        ("BraTS19_TCIA01_131_1", "_", ALL),
        ("BraTS20_Training_001", "_", ALL),
        ("BraTS2021_00000", "_", ALL),
        ("BraTS-GLI-00000-000", "-", ["t1n", "t1c", "t2w", "t2f", "seg"]),
        (TCGA, "_", ["t1", "t1Gd", "t2", "flair", "GlistrBoost"]),
        (TCGA, "__", ["T1", "T1GD", "T2", "FLAIR", "glistrboost_manuallycorrected"]),
        ("", "", ALL),
    ],
)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_every_naming(tmp_path, prefix, sep, aliases, suffix):
    touch(tmp_path, *(f"{prefix}{sep}{alias}{suffix}" for alias in aliases))
    found = find_sequences(tmp_path)
    assert list(found) == ALL
    for name, alias in zip(ALL, aliases, strict=True):
        assert found[name].name == f"{prefix}{sep}{alias}{suffix}"


def test_corrected_mask_wins_and_strangers_are_passed_over(tmp_path):
    touch(
        tmp_path,
        f"{TCGA}_GlistrBoost.nii.gz",
        f"{TCGA}_GlistrBoost_ManuallyCorrected.nii.gz",
        f"{TCGA}_t1.nii.gz",
        f"{TCGA}_brain_segmentation.nii.gz",
        "._t1.nii.gz",
        "notes.txt",
    )
    found = find_sequences(tmp_path)
    assert list(found) == ["t1", "seg"]
    assert "ManuallyCorrected" in found["seg"].name


def test_file_in_a_folder_of_its_name_and_the_odd_mask_of_brats_2020(tmp_path):
    folder = tmp_path / "BraTS20_Training_355"
    touch(
        folder,
        "BraTS20_Training_355_t1.nii/BraTS20_Training_355_t1.nii",
        "W39_1998.09.19_Segm.nii",
    )
    assert list(find_sequences(folder)) == ["t1", "seg"]
    assert list(patient_folders(tmp_path)) == ["BraTS20_Training_355"]


def test_two_dates_are_refused_or_chosen(tmp_path):
    touch(tmp_path, "TCGA-02-0006_1996.08.23_t1.nii", "TCGA-02-0006_1997.01.02_t1.nii")
    with pytest.raises(ValueError, match=r"2 dates \(1996\.08\.23, 1997\.01\.02\)"):
        find_sequences(tmp_path)
    assert "1997" in find_sequences(tmp_path, scan_date="last")["t1"].name
    assert "1996" in find_sequences(tmp_path, scan_date="1996.08.23")["t1"].name
    with pytest.raises(ValueError, match="no scan of '2001"):
        find_sequences(tmp_path, scan_date="2001.01.01")


@pytest.mark.parametrize(
    ("folder", "names", "message"),
    [
        ("P1", ["P1_t1.nii", "sub/P1_t1.nii"], "2 files for 't1'"),
        ("P1", ["P1_t1.nii", "P1_t2.nii", "P2_seg.nii"], "P2_seg.nii belongs to 'P2'"),
        ("TCGA-02-0006", ["TCGA-02-0009_t1.nii"], "the folder to TCGA-02-0006"),
    ],
)
def test_mixed_folders_are_refused(tmp_path, folder, names, message):
    touch(tmp_path / folder, *names)
    with pytest.raises(ValueError, match=message):
        find_sequences(tmp_path / folder)


def test_nothing_found_says_what_is_there(tmp_path):
    touch(tmp_path, "scan.nii.gz")
    with pytest.raises(FileNotFoundError, match=r"found: scan\.nii\.gz"):
        find_sequences(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_sequences(tmp_path / "nowhere")


def test_patient_folders(tmp_path):
    touch(tmp_path, "HGG/B1/B1_t1.nii", "LGG/B2/B2_t1.nii", "TCGA-02-0006_x/a_t1.nii")
    assert list(patient_folders(tmp_path)) == ["B1", "B2", "TCGA-02-0006"]
    touch(tmp_path, "LGG/B1/B1_t1.nii")
    with pytest.raises(ValueError, match="patient B1 has two folders"):
        patient_folders(tmp_path)


MIXED = ("T1_MPRAGE.nii.gz", "FLAIR.nii", "ep2d_ADC_3.nii.gz", "tumor_mask.nii.gz")


def named(folder, **options):
    found = find_sequences(folder, **options)
    return {name: path.name for name, path in found.items()}


def test_channels_of_any_name_by_patterns(tmp_path):
    touch(tmp_path, *MIXED, "P1_seg.nii.gz", "deep/series/PET.nii.gz")
    assert named(tmp_path) == {"flair": "FLAIR.nii", "seg": "P1_seg.nii.gz"}
    wanted = {"adc": "*_adc_?", "pet": "PET.nii*", "flair": None}
    assert named(tmp_path, sequences=wanted) == {
        "adc": "ep2d_ADC_3.nii.gz",
        "pet": "PET.nii.gz",
        "flair": "FLAIR.nii",
        "seg": "P1_seg.nii.gz",
    }
    other = {"seg": "*tumor_mask*", "t1": "*MPRAGE*"}
    assert named(tmp_path, sequences=other) == {
        "seg": "tumor_mask.nii.gz",
        "t1": "T1_MPRAGE.nii.gz",
    }
    # A name that is built in, with a pattern of its own, takes no other file.
    assert named(tmp_path, sequences={"flair": "*ADC*"})["flair"] == MIXED[2]


def test_what_no_channel_takes_is_listed(tmp_path):
    touch(tmp_path, *MIXED, f"{TCGA}_GlistrBoost.nii.gz")
    touch(tmp_path, f"{TCGA}_GlistrBoost_ManuallyCorrected.nii.gz", "notes.txt")
    ignored = survey_folder(tmp_path).ignored
    assert {path.name: why for path, why in ignored.items()} == {
        "T1_MPRAGE.nii.gz": UNNAMED,
        "ep2d_ADC_3.nii.gz": UNNAMED,
        "tumor_mask.nii.gz": UNNAMED,
        f"{TCGA}_GlistrBoost.nii.gz": "another file is the seg",
    }
    touch(tmp_path / "P2", "P2_20010203_t1.nii", "P2_20020304_t1.nii")
    ignored = survey_folder(tmp_path / "P2", scan_date="last").ignored
    assert {path.name: why for path, why in ignored.items()} == {
        "P2_20010203_t1.nii": "of another date"
    }


@pytest.mark.parametrize(
    ("patterns", "error", "message"),
    [
        ({"a": "*"}, ValueError, r"4 files for 'a' \(FLAIR.nii, T1_MPRAGE.* by a patt"),
        ({"a": "*ADC*", "b": "ep2*"}, ValueError, "ADC_3.nii.gz is 'a' and 'b' by"),
        ({"a": "*CT*"}, FileNotFoundError, r"no file for the channels a='\*CT\*' \(fo"),
        ({"adc": None}, ValueError, "sequences must be among .*, or a dict of a chann"),
        ({"adc": ""}, ValueError, "sequences must be among"),
        ({"adc": 3}, ValueError, "sequences must be among"),
        ({}, ValueError, "sequences must be among"),
    ],
)
def test_patterns_that_name_no_file_or_several(tmp_path, patterns, error, message):
    touch(tmp_path, *MIXED)
    with pytest.raises(error, match=message):
        find_sequences(tmp_path, sequences=patterns)


def test_a_pattern_reads_no_file_of_another_case(tmp_path):
    folder = touch(tmp_path / "TCGA-02-0006", "TCGA-02-0009_ADC.nii")
    with pytest.raises(ValueError, match="the folder to TCGA-02-0006"):
        find_sequences(folder, sequences={"adc": "*ADC*"})


@pytest.fixture
def deep(tmp_path):
    """2,000 folders in each other, below folder D; with scans of two patients."""
    touch(tmp_path, "HGG/P1/P1_t1.nii", "HGG/D/.keep", "P2/P2_t1.nii")
    here = os.open(tmp_path / "HGG" / "D", os.O_RDONLY)
    opened = [here]
    for _ in range(2000):
        os.mkdir("d", dir_fd=here)
        here = os.open("d", os.O_RDONLY, dir_fd=here)
        opened.append(here)
        if len(opened) > 2:
            os.close(opened.pop(0))
    yield tmp_path
    for number in opened:
        os.close(number)
    # Python's own way to remove a tree is as deep as the tree.
    subprocess.run(["rm", "-rf", str(tmp_path / "HGG" / "D")], check=True)


def test_a_tree_of_2000_folders_is_an_error_of_its_patient(deep):
    folders = patient_folders(deep)
    names = {name: path.relative_to(deep).as_posix() for name, path in folders.items()}
    assert names == {"P1": "HGG/P1", "P2": "P2", "D": "HGG/D"}
    with pytest.raises(OSError, match=r"D(/d)+: folders lie more than 32 deep; move"):
        find_sequences(folders["D"])
    assert list(find_sequences(folders["P1"])) == ["t1"]


@pytest.mark.real_data
def test_real_listings(real_data, tmp_path):
    names = real_data / "formats" / "brats_naming"
    listing = (names / "listing_preoperative_TCGA-GBM.txt").read_text().split()
    touch(tmp_path, *listing)
    [folder] = patient_folders(tmp_path).values()
    found = find_sequences(folder)
    assert list(found) == ALL
    assert "ManuallyCorrected" in found["seg"].name
    cases = (names / "listing_brats2019_train.txt").read_text().split()[:20]
    root = tmp_path / "brats2019"
    for case in cases:
        name = Path(case).name
        touch(root, *(f"{case}/{name}_{alias}.nii.gz" for alias in ALL))
    folders = patient_folders(root)
    assert len(folders) == len(cases)
    assert all(list(find_sequences(path)) == ALL for path in folders.values())


@pytest.mark.real_data
@pytest.mark.parametrize("case", ["BraTS-GLI-00001-000"])
def test_real_modern_case(real_data, case):
    found = find_sequences(real_data / "formats" / "nifti" / case)
    assert {name: path.name for name, path in found.items()} == {
        "t1": f"{case}-t1n.nii.gz",
        "t1ce": f"{case}-t1c.nii.gz",
        "t2": f"{case}-t2w.nii.gz",
        "flair": f"{case}-t2f.nii.gz",
    }
