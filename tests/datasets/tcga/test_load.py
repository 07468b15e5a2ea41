"""A download folder made of small files in the layouts of TCIA and GDC."""

import gzip

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


def test_volumes(home):
    planes = load_tcga_glioma(home, image_size=None).data.block("image")
    volumes = load_tcga_glioma(home, volumes=True, image_size=None).data.block("image")
    assert volumes.shape == (*planes.shape[:2], 6, 9, 8)
    np.testing.assert_array_equal(volumes[0, :, 2], planes[0])


def test_flow_says_what_was_dropped_and_why(home):
    bunch = load_tcga_glioma(home)
    flow = bunch.flow
    dropped = flow[flow["status"] == "dropped"]
    reasons = " | ".join(dropped["reason"])
    assert "sample type 02, not 01" in reasons
    assert "sample type 11, not 01" in reasons
    assert "in no name_mapping.csv" in reasons
    assert "no scan, expression or features" in reasons
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


# Matrices

CASES = [f"TCGA-02-000{i}" for i in range(1, 7)]


def write_clinical(home, cases=CASES):
    words = ["Stable Disease", "Progressive Disease"]
    rows = [f"{case}\t{words[i % 2]}" for i, case in enumerate(cases)]
    header = "bcr_patient_barcode\ttreatment_outcome_first_course"
    (home / "clinical.txt").write_text("\n".join([header, *rows]) + "\n")


def xena(cases, scale, genes, corner="Ensembl_ID", logged=True):
    """A matrix of genes in rows; gene k of a patient is k times the scale."""
    lines = ["\t".join([corner, *(f"{case}-01A" for case in cases)])]
    for k, gene in enumerate(genes, 1):
        value = np.log2(k * scale + 1) if logged else k * scale
        lines.append("\t".join([gene, *[f"{value:.4f}"] * len(cases)]))
    return "\n".join(lines) + "\n"


ENSEMBL = [f"ENSG{i:011d}.3" for i in range(1, 6)]
SYMBOLS = ["TP53", "EGFR", "IDH1", "ATRX", "MGMT"]


@pytest.mark.filterwarnings("ignore:.*no MRI")
@pytest.mark.parametrize("files", ["two cancers", "one cancer"])
def test_matrices_of_two_units_are_refused_or_chosen_from(tmp_path, files):
    write_clinical(tmp_path)
    others = CASES[3:] if files == "two cancers" else CASES[:3]
    counts, fpkm = xena(CASES[:3], 2000, ENSEMBL), xena(others, 2, ENSEMBL)
    (tmp_path / "TCGA-GBM.htseq_counts.tsv").write_text(counts)
    (tmp_path / "TCGA-GBM.htseq_fpkm.tsv").write_text(fpkm)
    message = r"several kinds \(.*counts\.tsv: counts, .*: fpkm\); choose one with quan"
    with pytest.raises(ValueError, match=message):
        load_tcga_glioma(tmp_path)
    for quantity, cases, scale in (("counts", CASES[:3], 2000), ("fpkm", others, 2)):
        bunch = load_tcga_glioma(tmp_path, quantity=quantity)
        assert bunch.data.index.tolist() == cases
        first = bunch.data.block("gene")[:, 0]
        np.testing.assert_allclose(first, np.log2(scale + 1), rtol=1e-4)
        assert bunch.flow["reason"].str.contains(f", not {quantity}").sum() == 1
    with pytest.raises(ValueError, match="no matrix of 'tpm', only of counts, fpkm"):
        load_tcga_glioma(tmp_path, quantity="tpm")


@pytest.mark.filterwarnings("ignore:.*no MRI")
def test_matrices_of_unlike_scale_are_refused(tmp_path):
    write_clinical(tmp_path)
    for name, cases, scale in (("a", CASES[:3], 2000), ("b", CASES[3:], 2)):
        (tmp_path / f"{name}.tsv").write_text(xena(cases, scale, ENSEMBL))
    with pytest.raises(ValueError, match=r"b\.tsv and a\.tsv: half of the genes dif"):
        load_tcga_glioma(tmp_path)
    (tmp_path / "b.tsv").write_text(xena(CASES[3:], 3000, ENSEMBL[:-1], logged=False))
    bunch = load_tcga_glioma(tmp_path)  # logged, and not
    wanted = np.repeat(np.log2([2001, 3001]), 3)
    np.testing.assert_allclose(bunch.data.block("gene")[:, 0], wanted, rtol=1e-4)
    lost = bunch.flow["reason"] == "left out: 1 genes that another matrix lacks"
    assert lost.sum() == 1


@pytest.mark.filterwarnings("ignore:.*no MRI")
@pytest.mark.parametrize(
    ("name", "corner"),
    [
        ("HiSeqV2", "sample"),
        ("HiSeqV2.gz", "sample"),
        ("HiSeqV2.tsv", "sample"),
        ("data_mrna_seq_v2_rsem.txt", "Hugo_Symbol"),
    ],
)
def test_a_matrix_of_symbols_is_expression(tmp_path, name, corner):
    write_clinical(tmp_path)
    raw = xena(CASES, 5, SYMBOLS, corner).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    bunch = load_tcga_glioma(tmp_path)
    assert bunch.data.index.tolist() == CASES
    assert bunch.data.feature_names("gene") == SYMBOLS
    assert "TP53" not in bunch.clinical.index
    assert list(bunch.data.metadata) == [
        "bcr_patient_barcode",
        "treatment_outcome_first_course",
        "tss",
    ]


@pytest.mark.filterwarnings("ignore:.*no MRI")
def test_a_table_that_is_not_read_is_listed(tmp_path):
    write_clinical(tmp_path)
    (tmp_path / "rna.tsv").write_text(xena(CASES, 5, SYMBOLS))
    (tmp_path / "more.xlsx").write_bytes(b"PK\x03\x04")
    flow = load_tcga_glioma(tmp_path).flow
    ignored = flow[flow["status"] == "ignored"]
    assert [name.rsplit("/")[-1] for name in ignored["file"]] == ["more.xlsx"]
