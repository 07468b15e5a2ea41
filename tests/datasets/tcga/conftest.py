"""Small files of the GDC."""

import pytest

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
