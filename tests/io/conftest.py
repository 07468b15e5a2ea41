"""Small files of the real formats."""

import gzip

import nibabel as nib
import numpy as np
import pytest

LPS = np.array([[-1, 0, 0, 0], [0, -1, 0, 10], [0, 0, 1, 0], [0, 0, 0, 1]], float)
SHAPE = (9, 11, 7)


@pytest.fixture
def write_nifti():
    """Write a volume given in LPS order; returns its path."""

    def write(path, data, affine=LPS):
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(data, affine), path)
        return path

    return write


@pytest.fixture
def patient(tmp_path, rng, write_nifti):
    """A BraTS-like folder; the largest tumour area is plane 4, of label 4 plane 2."""

    def make(
        name="TCGA-AA-0001",
        prefix=None,
        aliases=("t1", "t1ce", "t2", "flair"),
        mask="seg",
        sep="_",
        suffix=".nii.gz",
        root=tmp_path,
    ):
        prefix = name if prefix is None else prefix
        folder = root / name
        for alias in aliases:
            data = rng.integers(1, 900, SHAPE).astype(np.int16)
            write_nifti(folder / f"{prefix}{sep}{alias}{suffix}", data)
        seg = np.zeros(SHAPE, dtype=np.uint8)
        seg[2:7, 3:8, 4] = 2
        seg[3:5, 3:5, 2] = 4
        seg[3:4, 3:6, 3] = 1
        if mask:
            write_nifti(folder / f"{prefix}{sep}{mask}{suffix}", seg)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    return make


STAR_HEADER = (
    "# gene-model: GENCODE v36\n"
    "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\t"
    "tpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded\n"
    "N_unmapped\t\t\t8120268\t8120268\t8120268\t\t\t\n"
    "N_multimapping\t\t\t4402480\t4402480\t4402480\t\t\t\n"
    "N_noFeature\t\t\t1446120\t24573336\t24781939\t\t\t\n"
    "N_ambiguous\t\t\t5551010\t1476463\t1462076\t\t\t\n"
)
STAR_IDS = (
    "ENSG00000000003.15",
    "ENSG00000000005.6",
    "ENSG00000002586.20",
    "ENSG00000002586.20_PAR_Y",
    "ENSG00000000419.13",
)
STAR_SUFFIX = ".rna_seq.augmented_star_gene_counts.tsv"


@pytest.fixture
def write_star():
    def write(path, scale=1, ids=STAR_IDS):
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            f"{gene}\tNAME{i}\tprotein_coding\t{i * scale}\t{i}\t0\t{i * scale / 4:.4f}"
            f"\t{i / 8:.4f}\t{i / 2:.4f}\n"
            for i, gene in enumerate(ids)
        ]
        path.write_text(STAR_HEADER + "".join(lines))
        return path

    return write


@pytest.fixture
def write_gzip():
    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
        return path

    return write
