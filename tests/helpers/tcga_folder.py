"""A folder of small files in the layouts of TCIA and GDC."""

import nibabel as nib
import numpy as np

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


def write_tcga_folder(tmp_path):
    """Write MRI, expression, clinical tables and a GTF of a few made-up cases."""
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
