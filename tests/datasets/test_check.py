import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest
from skmultimodal.datasets.__main__ import main


@pytest.fixture
def cohort(tmp_path):
    (tmp_path / "clinical.csv").write_text("patient,y\nP1,1\n")
    (tmp_path / "expression.csv").write_text("patient,G1\nP1,1\n")
    folder = tmp_path / "mri" / "P1"
    folder.mkdir(parents=True)
    image = nib.Nifti1Image(np.ones((4, 5, 6), np.uint8), np.eye(4))
    nib.save(image, folder / "P1_t1.nii")
    return tmp_path


def test_cohort_folder(cohort, capsys):
    assert main(["check", str(cohort)]) == 0
    out = capsys.readouterr().out
    assert "clinical.csv: 1 patients; columns y" in out
    assert "P1: t1" in out
    (cohort / "mri" / "P1" / "P1_scan.nii").write_bytes(b"")
    (cohort / "mri" / "P1" / "P1_t1.nii").unlink()
    assert main(["check", str(cohort)]) == 0
    assert "cannot be read" in capsys.readouterr().out


def test_download_folder(tmp_path, capsys):
    (tmp_path / "patient.tsv").write_text("case_submitter_id\tx\nTCGA-02-0001\t1\n")
    (tmp_path / "counts.tsv").write_text("ENSG00000000003.13\t3\n")
    assert main(["check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "patient.tsv: gdc_2020, 1 rows, 1 cases" in out
    assert "expression: 1 files of one sample" in out
    assert "missing: MRI" in out


def test_nothing_to_load(tmp_path, capsys):
    assert main(["check", str(tmp_path)]) == 1
    assert "missing: clinical" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "nowhere")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_as_a_command(cohort):
    command = [sys.executable, "-m", "skmultimodal.datasets", "check", str(cohort)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "mri: 1 patients" in done.stdout
