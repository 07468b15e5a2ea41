"""Clinical tables, and the response of each case in them."""

import tarfile
import zlib

import numpy as np
import pytest

from skmultimodal.datasets.tcga import collect_responses, read_clinical


def text_of(path):
    raw = path.read_bytes()
    return (zlib.decompress(raw, 47) if raw[:2] == b"\x1f\x8b" else raw).decode()


def n_lines(path):
    return sum(bool(line.strip()) for line in text_of(path).splitlines())


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
