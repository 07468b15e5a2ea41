"""Sheets, barcodes, annotation, clinical tables and labels."""

import json
import tarfile
import zlib

import numpy as np
import pandas as pd
import pytest

from skmultimodal.io import (
    RESPONSE_SCHEMES,
    choose_aliquots,
    collect_responses,
    make_response_labels,
    parse_barcode,
    read_annotations,
    read_clinical,
    read_gtf,
    read_manifest,
    read_metadata,
    read_name_mapping,
    read_sample_sheet,
    read_transcripts,
    select_genes,
)


def text_of(path):
    raw = path.read_bytes()
    return (zlib.decompress(raw, 47) if raw[:2] == b"\x1f\x8b" else raw).decode()


def n_lines(path):
    return sum(bool(line.strip()) for line in text_of(path).splitlines())


# Barcodes


def test_barcode_of_domain_notes():
    b = parse_barcode("TCGA-06-0211-01B-01R-1849-01")
    assert (b.case, b.sample_type, b.vial) == ("TCGA-06-0211", "01", "B")
    assert (b.analyte, b.plate, b.center, b.tss) == ("R", "1849", "01", "06")
    assert b.sample == "TCGA-06-0211-01B"
    assert parse_barcode("TCGA.06.0211.01B").sample == "TCGA-06-0211-01B"
    with pytest.raises(ValueError, match="'P17' is no TCGA barcode"):
        parse_barcode("P17")


@pytest.mark.parametrize(
    ("barcodes", "kept"),
    [
        (["01B-01R-1849-01", "01A-01R-1849-01", "02A-01R-1849-01"], 1),
        (["01A-01T-9999-01", "01A-01R-1849-01", "01A-01H-1111-01"], 2),
        (["01A-01R-1849-01", "01A-01R-2005-01"], 1),
        (["01A-01R-1849-01", "01A-02R-1849-01"], 1),
        (["11A-01R-1849-01", "10A-01R-1849-01"], None),
    ],
)
def test_aliquot_choice(barcodes, kept):
    full = [f"TCGA-06-0156-{rest}" for rest in barcodes]
    choice = choose_aliquots(full)
    expected = [i == kept for i in range(len(full))]
    assert choice["kept"].tolist() == expected
    assert (choice["reason"] == "").tolist() == expected
    turned = choose_aliquots(full[::-1])["kept"].tolist()[::-1]
    assert turned == expected


# Sheets


NEW_SHEET = (
    "File ID\tFile Name\tData Category\tData Type\tProject ID\tCase ID\tSample ID\t"
    "Tissue Type\tTumor Descriptor\tSpecimen Type\tPreservation Method\n"
    "f1\ta.tsv\tx\ty\tTCGA-GBM\tTCGA-AA-0001, TCGA-AA-0001\t"
    "TCGA-AA-0001-10A, TCGA-AA-0001-01A\tNormal, Tumor\tNot Applicable, Primary\t"
    "Blood, Solid Tissue\tUnknown, FFPE\n"
    "f2\tb.tsv\tx\ty\tTCGA-GBM\tTCGA-AA-0002\tAA2\tTumor\tRecurrence\tx\ty\n"
)


def test_new_sheet_takes_the_tumour_by_position(tmp_path):
    path = tmp_path / "sheet.tsv"
    path.write_text(NEW_SHEET)
    table = read_sample_sheet(path)
    assert table["sample_id"].tolist() == ["TCGA-AA-0001-01A", "AA2"]
    first = table.iloc[0]
    assert first["case_id"] == "TCGA-AA-0001"
    assert first["tissue_type"] == "Tumor"
    assert first["preservation_method"] == "FFPE"
    assert table["sample_type_code"].tolist() == ["01", "02"]


def test_sheet_with_lists_of_two_lengths(tmp_path):
    path = tmp_path / "sheet.tsv"
    path.write_text(NEW_SHEET.replace("0001, TCGA-AA-0001\t", "0001, b, c\t"))
    with pytest.raises(ValueError, match="line 2: 2 samples, but 3 cases"):
        read_sample_sheet(path)


def test_metadata_reads_only_its_own_fields(tmp_path):
    record = {
        "file_id": "f1",
        "file_name": "a.tsv",
        "associated_entities": [{"entity_submitter_id": "TCGA-AA-0001-01A-11R-A-07"}],
        "annotations": [{"entity_submitter_id": "TCGA-ZZ-9999"}],
        "analysis": {"workflow_type": "STAR", "input_files": [{"file_name": "x.bam"}]},
    }
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps([record]))
    row = read_metadata(path).iloc[0]
    assert row["file_name"] == "a.tsv"
    assert row["aliquot_id"] == "TCGA-AA-0001-01A-11R-A-07"
    assert row["case_id"] == "TCGA-AA-0001"
    assert row["n_annotations"] == 1
    path.write_text('[{"file_name": 1},')
    with pytest.raises(ValueError, match="line 1: no valid JSON"):
        read_metadata(path)
    path.write_text('{"a": 1}')
    with pytest.raises(ValueError, match="no GDC metadata"):
        read_metadata(path)


def test_manifest(tmp_path):
    path = tmp_path / "m.txt"
    path.write_text("id\tfilename\tmd5\tsize\tstate\na\ta/b.gz\tx\t7\treleased")
    table = read_manifest(path)
    assert table["filename"].tolist() == ["b.gz"]
    assert table["size"].tolist() == [7]
    path.write_text("id\tfilename\tmd5\tsize\tstate\na\tb\tx\tbig\tr\n")
    with pytest.raises(ValueError, match="line 2: size 'big'"):
        read_manifest(path)
    with pytest.raises(ValueError, match="no sample sheet"):
        read_sample_sheet(path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("reader", "pattern"),
    [
        (read_sample_sheet, "gdc_sheets/*sample_sheet*"),
        (read_manifest, "gdc_sheets/*manifest*"),
        (read_manifest, "htseq/*/MANIFEST.txt"),
        (read_annotations, "**/annotations.txt"),
        (read_name_mapping, "brats_naming/name_mapping*"),
    ],
)
def test_real_sheets(real_data, reader, pattern):
    files = sorted((real_data / "formats").glob(pattern))
    assert files
    for path in files:
        assert len(reader(path)) == n_lines(path) - 1, path.name


@pytest.mark.real_data
def test_real_metadata(real_data):
    for path in (real_data / "formats" / "gdc_sheets").glob("metadata*"):
        table = read_metadata(path)
        assert len(table) == text_of(path).count('"associated_entities"')
        assert table["aliquot_id"].str.match(r"^TCGA-\w{2}-\w{4}-\d\d[A-Z]-").all()
    for path in (real_data / "formats" / "gdc_sheets").glob("subset_metadata*"):
        assert len(read_metadata(path)) == 53


# Annotation


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
    assert read_transcripts(ensembl).to_dict() == {"ENST00000000001": "ENSG00000000011"}


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
        transcripts = [line for line in lines if len(line) == 9]
        n = sum(line[2] == "transcript" for line in transcripts)
        assert len(read_transcripts(path)) == n
    probes = real_data / "formats/xena/gencode.v22.annotation.gene.probeMap.sample"
    assert len(read_gtf(probes)) == n_lines(probes) - 1
    names = real_data / "formats/star/gene_id_gene_name_of_one_star_file.tsv"
    table = read_gtf(names)
    assert len(table) == n_lines(names) - 1 == 60660
    assert table["par_copy"].sum() == 44


# Clinical


BIOTAB = (
    "bcr_patient_uuid\tbcr_patient_barcode\tform_completion_date\ttumor_status\t"
    "treatment_outcome_first_course\n"
    "bcr_patient_uuid\tbcr_patient_barcode\tform_completion_date\t"
    "person_neoplasm_cancer_status\tprimary_therapy_outcome_success\n"
    "CDE_ID:\tCDE_ID:2003301\tCDE_ID:\tCDE_ID:2759550\tCDE_ID:2786727\n"
    "u1\tTCGA-AA-0001\t2010-1-5\tWITH TUMOR\tStable Disease\n"
    "u2\tTCGA-AA-0002\t2010-1-5\tTUMOR FREE\t[Not Available]\n"
    "u3\tTCGA-AA-0003\t2010-1-5\t[Unknown]\tComplete Remission/Response\n"
)


def follow_up(rows):
    lines = BIOTAB.splitlines()[:3]
    lines = [line.replace("bcr_patient_uuid", "bcr_followup_barcode") for line in lines]
    return "\n".join(lines + ["\t".join(row) for row in rows]) + "\n"


def test_biotab(tmp_path):
    path = tmp_path / "patient.txt"
    path.write_text(BIOTAB)
    table = read_clinical(path)
    assert table.index.tolist() == ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"]
    assert table["tumor_status"].isna().tolist() == [False, False, True]
    assert table.attrs["layout"] == "biotab"
    aliases = table.attrs["aliases"]
    assert (
        aliases["primary_therapy_outcome_success"] == "treatment_outcome_first_course"
    )


@pytest.mark.parametrize(
    ("header", "missing", "layout"),
    [
        ("submitter_id", "--", "gdc_2019"),
        ("case_submitter_id", "'--", "gdc_2020"),
        ("cases.submitter_id", "'--", "gdc_dotted"),
        ("sampleID", "", "xena"),
    ],
)
def test_other_layouts(tmp_path, header, missing, layout):
    path = tmp_path / "clinical.tsv"
    path.write_text(
        f"{header}\tage\tcode\nTCGA-AA-0001\t{missing}\t01\nTCGA-AA-0001\t7\t02"
    )
    table = read_clinical(path)
    assert table.index.tolist() == ["TCGA-AA-0001"] * 2
    assert table["age"].iloc[1] == 7
    assert np.isnan(table["age"].iloc[0])
    assert table["code"].tolist() == ["01", "02"]
    assert table.attrs["layout"] == layout


def test_archive(tmp_path):
    for name in ("clinical.tsv", "follow_up.tsv"):
        (tmp_path / name).write_text("cases.submitter_id\tx\nTCGA-AA-0001\t1\n")
    path = tmp_path / "clinical.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "follow_up.tsv", "follow_up.tsv")
    assert len(read_clinical(path, member="follow_up.tsv")) == 1
    with pytest.raises(ValueError, match=r"no clinical\.tsv in the archive, only foll"):
        read_clinical(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>\n", "line 1: a web page"),
        ("a\tb\n1\t2\n", "no column of case ids"),
        ("just words\n", "one column, no table"),
        ("patient\tx\nP1\t1\n\t2\n", "line 3: a row without a case id"),
    ],
)
def test_bad_clinical(tmp_path, text, message):
    path = tmp_path / "clinical.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_clinical(path)


@pytest.mark.real_data
def test_real_clinical(real_data):
    formats = real_data / "formats"
    headers = {"biotab": 3}
    patterns = ("biotab/*.txt", "gdc_clinical/*.tsv*", "tcga_cdr/*.csv")
    patterns += ("xena/*phenotype*", "brats_naming/survival*")
    files = [path for pattern in patterns for path in formats.glob(pattern)]
    assert len(files) == 16
    for path in files:
        table = read_clinical(path)
        expected = n_lines(path) - headers.get(path.parent.name, 1)
        assert len(table) == expected, path.name
        assert (
            not table.astype(str).isin(["--", "'--", "[Not Available]"]).any(axis=None)
        )


@pytest.mark.real_data
def test_real_archive(real_data):
    path = real_data / "formats/gdc_clinical/clinical.cohort.2025-08-17.tar.gz"
    with tarfile.open(path) as archive:
        members = {
            member.name: archive.extractfile(member).read().decode().splitlines()
            for member in archive.getmembers()
        }
    for name, lines in members.items():
        n_rows = sum(bool(line.strip()) for line in lines) - 1
        assert len(read_clinical(path, member=name)) == n_rows, name


@pytest.mark.real_data
def test_real_responses(real_data):
    path = real_data / "formats/tcga_cdr/TCGA-CDR.gbm_lgg.odd_rows.csv"
    found = collect_responses([read_clinical(path)])
    words = [
        "Complete Remission/Response",
        "Partial Remission/Response",
        "Stable Disease",
        "Progressive Disease",
        "Persistent Disease",
    ]
    text = path.read_text()
    counts = found["word"].value_counts()
    for word in words[:4]:
        assert counts[word] == text.count(f",{word},"), word


# Responses


def test_label_schemes():
    words = ["Complete Response", "PARTIAL REMISSION/RESPONSE", "Stable Disease"]
    words += ["Radiographic Progressive Disease", "[Unknown]", None, "TF-Tumor Free"]
    words += ["WITH TUMOR", "Treatment Ongoing", "Persistent Disease"]
    nan = np.nan
    expected = {
        "disease_control": [1, 1, 1, 0, nan, nan, nan, nan, nan, nan],
        "objective_response": [1, 1, 0, 0, nan, nan, nan, nan, nan, nan],
        "exclude_stable": [1, 1, nan, 0, nan, nan, nan, nan, nan, nan],
        "tumor_free": [nan, nan, nan, nan, nan, nan, 1, 0, nan, nan],
    }
    assert set(expected) == set(RESPONSE_SCHEMES)
    for scheme, labels in expected.items():
        found = make_response_labels(words, scheme)
        np.testing.assert_array_equal(found, labels)
        assert found.attrs["scheme"] == scheme
    assert make_response_labels(words, persistent=0).iloc[-1] == 0


def test_unknown_words_and_schemes():
    values = pd.Series(["Stable Disease", "improved"], index=["P1", "P2"])
    with pytest.raises(ValueError, match="row 'P2': 'improved' is no known response"):
        make_response_labels(values)
    dropped = make_response_labels(values, on_error="drop")
    assert dropped.isna().tolist() == [False, True]
    with pytest.raises(ValueError, match="scheme must be one of"):
        make_response_labels(values, "best")


def test_conflicts_follow_the_stated_rule(tmp_path):
    forms, visits = tmp_path / "patient.txt", tmp_path / "follow_up.txt"
    forms.write_text(BIOTAB)
    visits.write_text(
        follow_up(
            [
                ("f1", "TCGA-AA-0001", "2011-2-3", "", "Partial Remission/Response"),
                ("f2", "TCGA-AA-0001", "2012-2-3", "", "Progressive Disease"),
                ("f3", "TCGA-AA-0001", "2011-9-9", "", "Stable Disease"),
            ]
        )
    )
    tables = [read_clinical(forms), read_clinical(visits)]
    found = collect_responses(tables)
    assert found.loc["TCGA-AA-0001", "word"] == "Progressive Disease"
    assert found.loc["TCGA-AA-0001", "n_values"] == 3
    assert found.loc["TCGA-AA-0003", "word"] == "Complete Remission/Response"
    assert "TCGA-AA-0002" not in found.index
    best = collect_responses(tables, conflict="best")
    assert best.loc["TCGA-AA-0001", "word"] == "Partial Remission/Response"
    worst = collect_responses(tables, conflict="worst")
    assert worst.loc["TCGA-AA-0001", "word"] == "Progressive Disease"
    status = collect_responses(tables, "tumor_free")
    assert status["word"].to_dict() == {
        "TCGA-AA-0001": "WITH TUMOR",
        "TCGA-AA-0002": "TUMOR FREE",
    }
    with pytest.raises(ValueError, match="conflict must be one of"):
        collect_responses(tables, conflict="first")
    with pytest.raises(ValueError, match="no clinical table has a column"):
        collect_responses([tables[0][["bcr_patient_uuid"]]])


def test_tables_of_other_portals(tmp_path):
    path = tmp_path / "data_clinical_patient.txt"
    path.write_text("#Id\tSex\n#text\ttext\nPATIENT_ID\tSEX\nTCGA-02-0001\tMale\n")
    assert read_clinical(path)["SEX"].to_dict() == {"TCGA-02-0001": "Male"}
    path = tmp_path / "GBM_clinicalMatrix"
    path.write_text(
        "sampleID\tprimary_therapy_outcome_success\nTCGA-02-0001-01\tStable Disease\n"
        "TCGA-02-0003-01\t\n"
    )
    found = collect_responses([read_clinical(path)])
    assert found["word"].to_dict() == {"TCGA-02-0001": "Stable Disease"}
    path.write_text("case_submitter_id\tdisease_response\n")
    assert read_clinical(path).shape == (0, 2)
    path.write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(ValueError, match="save the sheet as CSV"):
        read_clinical(path)
