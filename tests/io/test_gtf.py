"""Gene annotations, and the genes that they select."""

import zlib

import numpy as np
import pandas as pd
import pytest

from skmultimodal.io import read_gtf, select_genes


def text_of(path):
    raw = path.read_bytes()
    return (zlib.decompress(raw, 47) if raw[:2] == b"\x1f\x8b" else raw).decode()


def n_lines(path):
    return sum(bool(line.strip()) for line in text_of(path).splitlines())


ENSEMBL = """#!genome-build GRCh38
1\thavana\tgene\t11\t90\t.\t+\t.\tgene_id "ENSG00000000011"; gene_version "5"; \
gene_name "AAA"; gene_biotype "protein_coding"; tag "a"; tag "b";
1\thavana\ttranscript\t11\t90\t.\t+\t.\tgene_id "ENSG00000000011"; transcript_id \
"ENST00000000001"; note "a; b";
1\thavana\tgene\t15\t95\t.\t-\t.\tgene_id "ENSG00000000012"; gene_version "1"; \
gene_biotype "protein_coding";
X\thavana\tgene\t20\t95\t.\t-\t.\tgene_id "ENSG00000000013"; gene_version "1"; \
gene_name "AAA"; gene_biotype "protein_coding";
X\thavana\tgene\t25\t95\t.\t-\t.\tgene_id "ENSG00000000014"; gene_version "1"; \
gene_name "BBB"; gene_biotype "lncRNA";
MT\thavana\tgene\t30\t95\t.\t-\t.\tgene_id "ENSG00000000015"; gene_version "1"; \
gene_name "CCC"; gene_biotype "protein_coding";
"""
GENCODE = """##provider: GENCODE

chrX\tHAVANA\tgene\t11\t90\t.\t+\t.\tgene_id "ENSG00000002586.20"; gene_type \
"protein_coding"; gene_name "CD99"; level 2;
chrY\tHAVANA\tgene\t12\t90\t.\t+\t.\tgene_id "ENSG00000002586.20_PAR_Y"; gene_type \
"protein_coding"; gene_name "CD99"; level 2;
"""


@pytest.fixture
def ensembl(tmp_path, write_gzip):
    return write_gzip(tmp_path / "Homo_sapiens.gtf.gz", ENSEMBL)


def test_ensembl(ensembl):
    table = read_gtf(ensembl)
    assert len(table) == 5
    assert table["gene_id"].is_unique
    assert table["gene_name"].isna().tolist() == [False, True, False, False, False]
    first = table.iloc[0]
    assert (first["gene_id"], first["gene_version"]) == ("ENSG00000000011", "5")
    assert (first["chromosome"], first["start"], first["end"]) == ("1", 11, 90)


def test_gencode_par_copies(tmp_path):
    path = tmp_path / "gencode.gtf"
    path.write_text(GENCODE)
    table = read_gtf(path)
    assert table["par_copy"].tolist() == [False, True]
    assert table["gene_id"].tolist() == ["ENSG00000002586", "ENSG00000002586_PAR_Y"]
    assert table["chromosome"].tolist() == ["X", "Y"]
    assert table["biotype"].tolist() == ["protein_coding"] * 2


def test_papers_gene_rule(ensembl):
    ids = ["ENSG00000000015", "ENSG00000000011", "ENSG00000000013", "ENSG00000000099"]
    matrix = pd.DataFrame(np.arange(8.0).reshape(2, 4), ["a", "b"], ids)
    annotation = read_gtf(ensembl)
    table = select_genes(matrix, annotation)
    assert list(table.columns) == ["ENSG00000000011", "ENSG00000000015"]
    counts = table.attrs["gene_selection"]
    assert counts["of the biotypes"] == 4
    assert counts["in the matrix"] == 2
    named = select_genes(matrix, annotation, names=True)
    assert list(named.columns) == ["AAA", "CCC"]
    highest = select_genes(matrix, annotation, duplicates="max_mean")
    assert "ENSG00000000013" in highest.columns
    assert "ENSG00000000011" not in highest.columns
    total = select_genes(matrix, annotation, duplicates="sum")
    assert total["ENSG00000000011"].tolist() == [3, 11]
    matrix.attrs["log2"] = True
    with pytest.raises(ValueError, match="linear scale"):
        select_genes(matrix, annotation, duplicates="sum")
    with pytest.raises(ValueError, match="share no gene"):
        select_genes(matrix.set_axis(list("wxyz"), axis=1), annotation)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENSEMBL.replace("ENSG", "ENSMUSG"), "are not of human"),
        ("<html><body>\n", "line 1: a web page"),
        ("a\tb\n", "line 1: no GTF line"),
        (ENSEMBL.replace("\t30\t", "\tx\t"), "line 7: 9 tab-separated"),
        ("", "empty"),
        ("#only\n", "no line with a gene"),
    ],
)
def test_bad_annotation(tmp_path, text, message):
    path = tmp_path / "x.gtf"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_gtf(path)


def test_other_species_if_asked(tmp_path):
    path = tmp_path / "mouse.gtf"
    path.write_text(ENSEMBL.replace("ENSG", "ENSMUSG"))
    assert (
        len(read_gtf(path, species="mouse")) == len(read_gtf(path, species=None)) == 5
    )


@pytest.mark.real_data
def test_real_annotations(real_data):
    files = sorted((real_data / "formats" / "gtf").iterdir())
    assert len(files) == 4
    for path in files:
        lines = [line.split("\t") for line in text_of(path).splitlines()]
        genes = [line for line in lines if len(line) == 9 and line[2] == "gene"]
        table = read_gtf(path)
        assert len(table) == len(genes), path.name
        assert table["par_copy"].sum() == sum("ENSGR" in line[8] for line in genes)
    probes = real_data / "formats/xena/gencode.v22.annotation.gene.probeMap.sample"
    assert len(read_gtf(probes)) == n_lines(probes) - 1
    names = real_data / "formats/star/gene_id_gene_name_of_one_star_file.tsv"
    table = read_gtf(names)
    assert len(table) == n_lines(names) - 1 == 60660
    assert table["par_copy"].sum() == 44


def test_a_probe_map_is_an_annotation(tmp_path):
    """As Xena has it, with versions, a copy on Y and a gene without a name."""
    path = tmp_path / "probeMap.tsv"
    path.write_text(
        "id\tgene\tchrom\tchromStart\tchromEnd\tstrand\n"
        "ENSG00000000011.7\tAAA\tchr1\t11\t90\t+\n"
        "ENSG00000002586.20_PAR_Y\tCD99\tchrY\t12\t95\t-\n"
        "ENSG00000000013\t\tchrX\t20\t96\t-\n"
    )
    table = read_gtf(path)
    ids = ["ENSG00000000011", "ENSG00000002586_PAR_Y", "ENSG00000000013"]
    assert table["gene_id"].tolist() == ids
    assert table["gene_version"].tolist() == ["7", "20", ""]
    assert table["gene_name"].isna().tolist() == [False, False, True]
    assert table["chromosome"].tolist() == ["1", "Y", "X"]
    assert table["end"].tolist() == [90, 95, 96]
    assert table["par_copy"].tolist() == [False, True, False]
    path.write_text("gene\tlength\nAAA\t1200\n")
    with pytest.raises(ValueError, match="no columns gene_id"):
        read_gtf(path)


def test_genes_without_lines_of_their_own_span_their_exons(tmp_path):
    path = tmp_path / "refGene.gtf"
    line = '1\tucsc\texon\t{}\t{}\t.\t+\t.\tgene_id "{}"; gene_name "{}";\n'
    exons = [(40, 60, "G2", "BBB"), (11, 20, "G1", "AAA"), (35, 90, "G1", "AAA")]
    path.write_text("".join(line.format(*exon) for exon in exons))
    table = read_gtf(path, species=None)
    assert table["gene_id"].tolist() == ["G2", "G1"]
    assert table[["start", "end"]].to_numpy().tolist() == [[40, 60], [11, 90]]
    with pytest.raises(ValueError, match="species must be one of"):
        read_gtf(path, species="martian")
