import pytest
from tcga_folder import SUFFIX, write_tcga_folder

from skmultimodal.datasets.tcga._files import describe_files, find_tcga_files


@pytest.fixture
def home(tmp_path):
    return write_tcga_folder(tmp_path)


def test_files_are_told_apart_by_content(home):
    found = find_tcga_files(home)
    assert found.missing == []
    assert "TCGA-02-0001" in found.mri
    assert {path.name.endswith(SUFFIX) for path in found.expression} == {True}
    assert found.annotation.name.endswith(".gtf")
    assert found.mapping.name == "name_mapping.csv"
    assert len(found.unknown) == 1
    lines = describe_files(found).splitlines()
    assert lines[0] == f"MRI: {len(found.mri)} patient folders"
    n_files = len(found.expression)
    assert f"expression: {n_files} files of one sample; matrices: none" in lines


def test_matrices(home):
    for path in (home / "gdc").rglob(f"*{SUFFIX}"):
        path.unlink()
    (home / "TCGA-GBM.star_tpm.tsv").write_text(
        "Ensembl_ID\tTCGA-02-0001-01A\tTCGA-02-0002-01A\nENSG00000000011.5\t1.5\t2\n"
    )
    found = find_tcga_files(home)
    assert [path.name for path in found.matrices] == ["TCGA-GBM.star_tpm.tsv"]
    assert found.expression == []
    assert found.missing == []


def test_one_annotation(home):
    annotation = find_tcga_files(home).annotation
    (home / "other.gtf").write_text(annotation.read_text())
    with pytest.raises(ValueError, match=r"two annotations: .*; keep one"):
        find_tcga_files(home)


@pytest.mark.real_data
def test_real_files_of_several_sources(real_data):
    found = find_tcga_files(real_data / "formats" / "biotab")
    assert len(found.clinical) == 6
    assert found.missing == ["MRI", "expression"]
