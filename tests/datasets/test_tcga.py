"""A download folder made of small files in the layouts of TCIA and GDC."""

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.datasets._tcga import find_tcga_files, load_tcga_glioma
from skmultimodal.exceptions import ReadWarning

SUFFIX = ".rna_seq.augmented_star_gene_counts.tsv"
STAR = (
    "# gene-model: GENCODE v36\n"
    "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\t"
    "tpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded\n"
    "N_unmapped\t\t\t1\t1\t1\t\t\t\n"
    "ENSG00000000011.5\tAAA\tprotein_coding\t{0}\t1\t1\t{0}.0\t1.0\t1.0\n"
    "ENSG00000000012.5\tBBB\tlncRNA\t{0}\t1\t1\t3.0\t1.0\t1.0\n"
    "ENSG00000000013.5\tCCC\tprotein_coding\t{0}\t1\t1\t7.0\t1.0\t1.0\n"
)
SHEET = (
    "File ID\tFile Name\tData Category\tData Type\tProject ID\tCase ID\tSample ID\t"
    "Tissue Type\tTumor Descriptor\tSpecimen Type\tPreservation Method\n"
)
GTF = "".join(
    f"chr1\tHAVANA\tgene\t{i}\t90\t.\t+\t.\tgene_id "
    f'"ENSG000000000{i}.5"; gene_type "{kind}"; gene_name "{name}";\n'
    for i, name, kind in (
        (11, "AAA", "protein_coding"),
        (12, "BBB", "lncRNA"),
        (13, "CCC", "protein_coding"),
    )
)
BIOTAB = (
    "bcr_patient_uuid\tbcr_patient_barcode\ttreatment_outcome_first_course\tgender\n"
    "bcr_patient_uuid\tbcr_patient_barcode\tprimary_therapy_outcome_success\tgender\n"
    "CDE_ID:\tCDE_ID:2003301\tCDE_ID:2786727\tCDE_ID:1\n"
    "u\tTCGA-02-0001\tStable Disease\tMALE\n"
    "u\tTCGA-02-0002\tProgressive Disease\tFEMALE\n"
    "u\tTCGA-02-0003\t[Not Available]\tMALE\n"
    "u\tTCGA-02-0009\tStable Disease\tMALE\n"
)
FOLLOW_UP = (
    "bcr_patient_barcode\tbcr_followup_barcode\tform_completion_date\t"
    "treatment_outcome_first_course\n"
    "bcr_patient_barcode\tbcr_followup_barcode\tform_completion_date\t"
    "primary_therapy_outcome_success\n"
    "CDE_ID:\tCDE_ID:\tCDE_ID:\tCDE_ID:2786727\n"
    "TCGA-02-0001\tF1\t2012-3-4\tComplete Remission/Response\n"
)


def write_mri(folder, prefix, names, sep="_"):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in names:
        data = rng.integers(1, 99, (9, 8, 6)).astype(np.int16)
        if name in ("seg", "GlistrBoost", "GlistrBoost_ManuallyCorrected"):
            data = np.zeros((9, 8, 6), np.int16)
            data[3:5, 3:5, 2 if "Manual" in name else 4] = 1
        image = nib.Nifti1Image(data, np.diag([-1.0, -1, 1, 1]))
        nib.save(image, folder / f"{prefix}{sep}{name}.nii.gz")


@pytest.fixture
def home(tmp_path):
    gbm = tmp_path / "Pre-operative_TCGA_GBM_NIfTI_and_Segmentations"
    write_mri(
        gbm / "TCGA-02-0001",
        "TCGA-02-0001_1996.08.23",
        ["t1", "t1Gd", "t2", "flair", "GlistrBoost", "GlistrBoost_ManuallyCorrected"],
    )
    brats = tmp_path / "BraTS2019" / "HGG"
    write_mri(brats / "BraTS19_CBICA_AAB_1", "BraTS19_CBICA_AAB_1", ["t1", "seg"])
    write_mri(brats / "BraTS19_TCIA01_1_1", "BraTS19_TCIA01_1_1", ["t1", "seg"])
    (tmp_path / "BraTS2019" / "name_mapping.csv").write_text(
        "Grade,TCGA_TCIA_subject_ID,BraTS_2019_subject_ID\n"
        "HGG,NA,BraTS19_CBICA_AAB_1\nHGG,TCGA-02-0003,BraTS19_TCIA01_1_1\n"
    )
    rna = tmp_path / "gdc"
    samples = [("0001", "01A"), ("0001", "02A"), ("0002", "01A"), ("0004", "11A")]
    sheet = SHEET
    for i, (case, vial) in enumerate(samples):
        (rna / f"f{i}" / "logs").mkdir(parents=True)
        (rna / f"f{i}" / f"u{i}{SUFFIX}").write_text(STAR.format(2**i - 1))
        (rna / f"f{i}" / "logs" / f"u{i}{SUFFIX}.parcel").write_text("x")
        barcode = f"TCGA-02-{case}"
        sheet += f"f{i}\tu{i}{SUFFIX}\ta\tb\tTCGA-GBM\t{barcode}\t{barcode}-{vial}"
        sheet += "\tTumor\tPrimary\tx\ty\n"
    (rna / "gdc_sample_sheet.2025.tsv").write_text(sheet)
    (rna / "gdc_manifest.2025.txt").write_text("id\tfilename\tmd5\tsize\tstate\n")
    (tmp_path / "gencode.gtf").write_text(GTF)
    (tmp_path / "patient_gbm.txt").write_text(BIOTAB)
    (tmp_path / "follow_up_gbm.txt").write_text(FOLLOW_UP)
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    return tmp_path


def test_joined_by_case(home):
    bunch = load_tcga_glioma(home, image_size=8, n_jobs=2)
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
    assert (flow["status"] == "ignored").sum() == 1
    conflict = flow[flow["status"] == "conflict"].iloc[0]
    assert "Complete Remission/Response" in conflict["reason"]
    assert bunch.flow_summary["n"].sum() == len(flow)
    assert "'disease_control'" in bunch.DESCR


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
    found = find_tcga_files(home)
    assert [path.name for path in found.matrices] == ["TCGA-GBM.star_tpm.tsv"]
    bunch = load_tcga_glioma(home)
    assert_array_equal(bunch.data.block("gene"), [[1.5, 3], [2, 4.25]])


@pytest.mark.real_data
def test_real_files_of_several_sources(real_data):
    found = find_tcga_files(real_data / "formats" / "biotab")
    assert len(found.clinical) == 6
    assert found.missing == ["MRI", "expression"]
