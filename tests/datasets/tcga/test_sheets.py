import json
import zlib

import pytest

from skmultimodal.datasets.tcga._sheets import (
    read_metadata,
    read_name_mapping,
    read_sample_sheet,
)


def text_of(path):
    raw = path.read_bytes()
    return (zlib.decompress(raw, 47) if raw[:2] == b"\x1f\x8b" else raw).decode()


def n_lines(path):
    return sum(bool(line.strip()) for line in text_of(path).splitlines())


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


def test_a_manifest_is_no_sample_sheet(tmp_path):
    path = tmp_path / "m.txt"
    path.write_text("id\tfilename\tmd5\tsize\tstate\na\tb\tx\t7\tr\n")
    with pytest.raises(ValueError, match="no sample sheet"):
        read_sample_sheet(path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("reader", "pattern"),
    [
        (read_sample_sheet, "gdc_sheets/*sample_sheet*"),
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
