"""What is in the files of a folder is in the flow, kept or dropped, and counted."""

import csv
import gzip

import nibabel as nib
import numpy as np
import pytest

from skmultimodal.datasets import load_cohort

pytestmark = pytest.mark.filterwarnings("ignore::skmultimodal.exceptions.ReadWarning")
PATIENTS = ["P1", "P2", "P3", "P4", "P5"]
CLINICAL = [["patient", "age", "response"]] + [
    [patient, str(40 + i), str(i % 2)] for i, patient in enumerate(PATIENTS)
]
GENES = [["patient", "TP53", "EGFR"]] + [
    [patient, f"{i}.5", f"{i + 1}"] for i, patient in enumerate(PATIENTS[1:])
]


def write_table(path, rows, delimiter=","):
    open_ = gzip.open if path.suffix == ".gz" else open
    with open_(path, "wt", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def write_scan(folder, *, voxels=None, name="t1"):
    folder.mkdir(parents=True, exist_ok=True)
    if voxels is None:
        voxels = np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4)
    image = nib.Nifti1Image(voxels, np.diag([-1.0, -1, 1, 1]))
    nib.save(image, folder / f"{folder.name}_{name}.nii.gz")


def write(home, *, clinical=CLINICAL, genes=GENES, scans=("P1", "P2", "P4")):
    write_table(home / "clinical.csv", clinical)
    write_table(home / "expression.csv", genes)
    for patient in scans:
        write_scan(home / "mri" / patient)


def untidy_ids(home):
    """Blanks and case differ between the sources, and one id occurs in one only."""
    genes = [[f" {r[0]}", *r[1:]] if r[0] == "P2" else r for r in GENES]
    genes = [[r[0].lower(), *r[1:]] if r[0] == "P3" else r for r in genes]
    write(home, genes=[*genes, ["P9", "1", "2"]])


def blank_genes(home):
    write(home, genes=[*GENES[:-1], ["P5", "", ""]])


def no_data(home):
    write(home, clinical=[*CLINICAL, ["P6", "70", "1"], ["P7", "71", ""]])


def damaged_scans(home):
    write(home)
    (home / "mri" / "P2" / "P2_t1.nii.gz").write_bytes(b"no scan")
    write_scan(home / "mri" / "P5", voxels=np.ones((6, 5, 4, 3), np.int16))
    (home / "mri" / "P8").mkdir()


def aliquots(home):
    """Tumour and normal samples of TCGA: one row a patient is kept."""
    ids = ["TCGA-02-0001", "TCGA-02-0003", "TCGA-02-0004"]
    rows = [["sample", "TP53"]]
    rows += [[f"{i}-{kind}", "1.5"] for i in ids for kind in ("01A", "11A")]
    rows += [[f"{ids[0]}-01B", "2.5"]]
    clinical = [["patient", "response"], *([i, str(n % 2)] for n, i in enumerate(ids))]
    write(home, clinical=clinical, genes=rows, scans=ids[:2])


def trailing_delimiters(home):
    write(home, genes=[GENES[0], *([*row, ""] for row in GENES[1:])])


def stray_files(home):
    write(home)
    write_scan(home / "mri" / "P1", name="localizer")
    (home / "mri" / "P1" / "notes.txt").write_text("mine")


KINDS = [untidy_ids, blank_genes, no_data, damaged_scans, aliquots]
KINDS += [trailing_delimiters, stray_files, write]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_every_row_and_folder_is_kept_or_dropped_with_a_reason(make, tmp_path):
    make(tmp_path)
    bunch = load_cohort(
        tmp_path, label="response", image_size=8, on_error="drop", spacing=None
    )
    flow = bunch.flow
    with open(tmp_path / "clinical.csv", encoding="utf-8") as file:
        n_clinical = sum(1 for _ in csv.reader(file)) - 1
    with open(tmp_path / "expression.csv", encoding="utf-8") as file:
        n_genes = sum(1 for _ in csv.reader(file)) - 1
    n_scans = len([path for path in (tmp_path / "mri").iterdir() if path.is_dir()])
    for item, n_rows in {
        "clinical": n_clinical,
        "gene": n_genes,
        "image": n_scans,
    }.items():
        own = flow[(flow["item"] == item) & flow["status"].isin(["kept", "dropped"])]
        assert len(own) == n_rows, own.to_string()
        dropped = own[own["status"] == "dropped"]
        assert (dropped["reason"].str.len() > 5).all()
    X = bunch.data
    kept = flow[flow["status"] == "kept"].groupby("item").size()
    assert kept.get("gene", 0) == X.has("gene").sum()
    assert kept.get("image", 0) == X.has("image").sum()
    # The summary counts the same rows.
    assert bunch.flow_summary["n"].sum() == len(flow)
