"""What is found in a folder of patients, and each way in which one can be broken."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from cohort_folder import write_cohort_folder
from tcga_folder import write_tcga_folder

from skmultimodal.datasets import check_folder, load_folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """3 patients with scans only, 20 with genes only, 18 with both."""
    return write_cohort_folder(tmp_path_factory.mktemp("patients"))


@pytest.fixture
def folder(whole, tmp_path):
    """A copy to be broken."""
    return shutil.copytree(whole, tmp_path / "patients")


def change(path, edit):
    """Write a table anew."""
    edit(pd.read_csv(path, index_col="patient")).to_csv(path)


def test_a_folder_that_is_ready(whole):
    check = check_folder(whole)
    assert check.problems == []
    lines = str(check).splitlines()
    columns = "age, sex, site, project, response, words, constant"
    assert lines[:6] == [
        "a folder of patients (load_cohort)",
        f"clinical.csv: 41 patients; columns {columns}",
        "expression.csv: 38 patients, 23 genes",
        "mri: 21 patients, 21 can be read",
        "  21 with t1, t1ce, t2, flair, seg",
        "  21 of 16 x 16 x 2 voxels, 1 mm in plane, 1 mm between planes, "
        "orientation LPS",
    ]
    assert "clinical.csv has 41 patients, expression.csv 38, both 38" in lines
    assert "patients with data: 3 image, 20 gene, 18 image+gene" in lines
    assert lines[-1] == "ready"


def test_columns_that_may_be_a_label_are_counted(folder):
    """Ages are too many, a constant is one class, NA is no class."""
    change(
        folder / "clinical.csv",
        lambda table: table.assign(
            grade=np.arange(41) % 3 + 2,
            flag=[True, False, None, False] * 10 + [True],
            reply=(["yes", "NA", "no", "no"] * 11)[:41],
        ),
    )
    found = [line for line in check_folder(folder).found if line.startswith("label")]
    names = [line.split(":")[0] for line in found]
    wanted = ["sex", "site", "project", "response", "words", "grade", "flag", "reply"]
    assert names == [f"label {name}" for name in wanted]
    assert "label response: 0 19, 1 21" in found
    assert "label words: Non-responder 19, Responder 21" in found
    assert "label grade: 2 14, 3 14, 4 13" in found
    assert "label flag: 0 20, 1 11" in found
    assert "label reply: no 20, yes 11" in found


def remove(*names):
    def spoil(folder):
        for name in names:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return spoil


def write(name, text):
    def spoil(folder):
        (folder / name).write_text(text)

    return spoil


def empty_scan(folder):
    scans = sorted((folder / "mri").iterdir())
    for path in scans[4].iterdir():
        path.write_bytes(b"")


def empty_patient(folder):
    (folder / "mri" / "SYN-99").mkdir()


def loose_scan(folder):
    scan = next((folder / "mri").glob("*/*_t1.nii.gz"))
    scan.rename(folder / "mri" / scan.name)


def no_masks(folder):
    for path in (folder / "mri").glob("*/*_seg.nii.gz"):
        path.unlink()


def blank_cells(*places):
    def spoil(folder):
        def edit(table):
            for row, column in places:
                table.iloc[row, column] = np.nan
            return table

        change(folder / "expression.csv", edit)

    return spoil


def clinical(edit):
    return lambda folder: change(folder / "clinical.csv", edit)


def other_ids(table):
    return table.set_axis([f"X{name}" for name in table.index]).rename_axis("patient")


NO_PAIR = "no patient has two modalities"
NO_LABEL = "no column of the clinical table has 2 to 10 different values"


@pytest.mark.parametrize(
    ("spoil", "problems"),
    [
        (remove("clinical.csv"), [r"no clinical\.csv in .*patients, a table with"]),
        (write("clinical.csv", ""), [r"clinical\.csv: the file is empty"]),
        (write("clinical.csv", "patient,y\nP1,1\nP1,2\n"), [r"duplicated .*\(P1\)"]),
        (
            write("clinical.tsv", "patient\ty\n"),
            [r"both clinical\.csv and clin.*\.tsv"],
        ),
        (write("expression.csv", "patient,G\nP,x\n"), ["line 2: 'x' in", NO_PAIR]),
        (remove("mri"), [NO_PAIR]),
        (remove("expression.csv"), [NO_PAIR]),
        (
            remove("mri", "expression.csv"),
            ["no patient has a scan, expression or features"],
        ),
        (empty_scan, [r"mri/SYN-..*\.nii\.gz: the file is empty"]),
        (empty_patient, ["SYN-99: no MRI sequence recognised by name"]),
        (loose_scan, [r"mri: .*must lie in a folder per patient", NO_PAIR]),
        (no_masks, [r"no tumour mask.*and 20 more patients"]),
        (
            blank_cells((3, 5)),
            [r"1 blank cell in 1 column and 1 row of mod.* 'GENE06' of.*SimpleImputer"],
        ),
        (
            blank_cells((3, 5), (2, 5), (7, 1)),
            [r"3 blank cells in 2 columns and 3 rows of modality 'gene', .* 'GENE06'"],
        ),
        (
            clinical(lambda table: table.iloc[:-2]),
            [r"2 patients \(.*\) with data but without a row in the clinical table"],
        ),
        (
            clinical(other_ids),
            [
                r"clinical\.csv has 41 patients, expression\.csv 38, both 0; for "
                "example: 'XSYN-.*' and 'SYN-",
                r"clinical\.csv has 41 patients, mri 21, both 0",
                "41 patients .*'SYN-01'.* without a row",
                NO_LABEL,
            ],
        ),
        (clinical(lambda table: table[["age", "constant"]]), [NO_LABEL]),
        (
            clinical(lambda t: t.assign(reply=["Yes", "no", " yes"] * 13 + ["no"] * 2)),
            [r"clinical\.csv, column 'reply': 13 'Yes', 13 'yes' differ in case or"],
        ),
    ],
)
def test_a_problem_is_a_sentence(folder, spoil, problems):
    spoil(folder)
    check = check_folder(folder)
    assert len(check.problems) == len(problems)
    for text, pattern in zip(check.problems, problems, strict=True):
        assert re.search(pattern, text)
    lines = str(check).splitlines()
    n = len(problems)
    assert lines[-n - 1] == f"{n} problem{'' if n == 1 else 's'}:"
    numbers = [line.split(". ")[0] for line in lines[-n:]]
    assert numbers == [str(i + 1) for i in range(n)]


def test_what_can_be_read_is_counted_beside_the_problems(folder):
    empty_scan(folder)
    blank_cells(*[(0, gene) for gene in range(23)])(folder)
    found = check_folder(folder).found
    assert "mri: 21 patients, 20 can be read" in found
    assert "  1 of them without any value" in found  # as of one never sequenced
    # One with genes only lost them, one with both lost the scan.
    assert "patients with data: 3 image, 20 gene, 17 image+gene" in found


def test_channels_of_the_patients_are_counted(folder):
    scans = sorted((folder / "mri").iterdir())
    for patient in scans[:6]:
        (patient / f"{patient.name}_t1ce.nii.gz").unlink()
    found = check_folder(folder).found
    assert "  15 with t1, t1ce, t2, flair, seg" in found
    assert "  6 with t1, t2, flair, seg" in found


def test_a_ready_folder_can_be_loaded(whole):
    check = check_folder(whole)
    data = load_folder(whole, label="words").data
    counts = data.summary().to_dict()
    shown = ", ".join(f"{n} {pattern}" for pattern, n in counts.items())
    assert f"patients with data: {shown}" in check.found


def test_downloads(tmp_path):
    home = write_tcga_folder(tmp_path)
    check = check_folder(home)
    assert check.found[0] == "a folder of downloads (load_tcga_glioma)"
    assert "patient_gbm.txt: biotab, 4 rows, 4 cases" in str(check)
    assert "patients with data: 1 image+gene, 1 gene, 1 image" in check.found
    assert check.problems == []
    for path in home.glob("*_gbm.txt"):
        path.unlink()
    (problem,) = check_folder(home).problems
    assert "missing here are clinical: clinical tables" in problem


def test_downloads_of_one_modality_are_not_ready(tmp_path):
    home = write_tcga_folder(tmp_path)
    shutil.rmtree(home / "gdc")
    problems = check_folder(home).problems
    assert len(problems) == 2
    assert "no expression; the cohort has one modality only" in problems[0]
    assert NO_PAIR in problems[1]


def test_no_folder_and_no_patients(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        check_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no patients here: neither clinical"):
        check_folder(tmp_path)
