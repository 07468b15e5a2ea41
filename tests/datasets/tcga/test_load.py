"""A download folder made of small files in the layouts of TCIA and GDC."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tcga_folder import SUFFIX, write_tcga_folder

from skmultimodal.datasets import load_tcga_glioma
from skmultimodal.exceptions import ReadWarning


@pytest.fixture
def home(tmp_path):
    return write_tcga_folder(tmp_path)


def test_joined_by_case(home):
    bunch = load_tcga_glioma(home, image_size=10, n_jobs=2)
    data = bunch.data
    patterns = dict(zip(data.index, data.patterns, strict=True))
    assert patterns == {
        "TCGA-02-0001": "image+gene",
        "TCGA-02-0002": "gene",
        "TCGA-02-0003": "image",
    }
    assert_array_equal(bunch.target, [1, 0, np.nan])
    assert bunch.image_channels == ["t1", "t1ce", "t2", "flair", "seg"]
    info = bunch.image_info
    assert info.loc["TCGA-02-0001", "slice"] == 2
    assert "ManuallyCorrected" in info.loc["TCGA-02-0001", "mask_file"]
    assert list(data.feature_names("gene")) == ["ENSG00000000011", "ENSG00000000013"]
    np.testing.assert_allclose(data.block("gene"), [[0, 3], [2, 3]])
    assert bunch.gene_selection["in the matrix"] == 2
    assert bunch.scheme == "disease_control"
    assert data.metadata["gender"].tolist() == ["MALE", "FEMALE", "MALE"]
    assert data.metadata["tss"].tolist() == ["02"] * 3


def test_flow_says_what_was_dropped_and_why(home):
    bunch = load_tcga_glioma(home)
    flow = bunch.flow
    dropped = flow[flow["status"] == "dropped"]
    reasons = " | ".join(dropped["reason"])
    assert "sample type 02, not 01" in reasons
    assert "sample type 11, not 01" in reasons
    assert "in no name_mapping.csv" in reasons
    assert "no MRI and no expression" in reasons
    ignored = flow[flow["status"] == "ignored"]
    # A table that is none, and the mask beside the one that was corrected by hand.
    assert sorted(ignored["patient"]) == ["", "TCGA-02-0001"]
    assert ignored["reason"].iloc[-1] == "another file is the seg"
    conflict = flow[flow["status"] == "conflict"].iloc[0]
    assert "Complete Remission/Response" in conflict["reason"]
    assert bunch.flow_summary["n"].sum() == len(flow)
    assert "'disease_control'" in bunch.DESCR


def test_classes_and_the_positive_one(home):
    bunch = load_tcga_glioma(home)
    assert bunch.classes.tolist() == [0, 1]
    assert bunch.positive == 1
    assert load_tcga_glioma(home, positive="0").positive == 0
    with pytest.raises(ValueError, match="positive=2 is no class of the scheme 'dis"):
        load_tcga_glioma(home, positive=2)


def test_options(home):
    worst = load_tcga_glioma(home, scheme="objective_response", conflict="worst")
    assert worst.target[0] == 0
    counts = load_tcga_glioma(home, quantity="counts", sample_types=("01", "02"))
    assert counts.data.has("gene").sum() == 2


def test_a_bad_file_is_refused_or_listed(home):
    bad = home / "gdc" / "f2" / f"u2{SUFFIX}"
    bad.write_text("<!DOCTYPE html>\n<html></html>\n")
    with pytest.raises(ValueError, match=r"u2.*a web page"):
        load_tcga_glioma(home)
    bunch = load_tcga_glioma(home, on_error="drop")
    assert "TCGA-02-0002" not in bunch.data.index
    assert bunch.flow["reason"].str.contains("web page").any()


def test_missing_parts_say_where_to_apply(home, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match=r"MRI: .*TCIA.*; expression: .*portal"):
        load_tcga_glioma(empty)
    (home / "gdc" / "gdc_sample_sheet.2025.tsv").unlink()
    with pytest.raises(ValueError, match="no sample sheet or metadata JSON"):
        load_tcga_glioma(home)
    for path in (home / "gdc").rglob(f"*{SUFFIX}"):
        path.unlink()
    with pytest.warns(ReadWarning, match="no expression; the cohort has one modality"):
        bunch = load_tcga_glioma(home)
    assert bunch.data.modalities == ["image"]


def test_xena_matrices(home):
    for path in (home / "gdc").rglob(f"*{SUFFIX}"):
        path.unlink()
    (home / "TCGA-GBM.star_tpm.tsv").write_text(
        "Ensembl_ID\tTCGA-02-0001-01A\tTCGA-02-0002-01A\n"
        "ENSG00000000011.5\t1.5\t2\nENSG00000000013.5\t3\t4.25\n"
    )
    bunch = load_tcga_glioma(home)
    assert_array_equal(bunch.data.block("gene"), [[1.5, 3], [2, 4.25]])
