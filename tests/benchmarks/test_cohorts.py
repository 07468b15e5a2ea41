"""The cohorts of the benchmarks."""

import pytest
from cohort_folder import write_cohort_folder
from tcga_folder import write_tcga_folder

from benchmarks.cohorts import label_table, read_benchmark_cohort


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_cohort_folder(tmp_path_factory.mktemp("patients"))


def test_pairs_are_split_up_where_a_modality_has_few_rows(folder):
    bunch = read_benchmark_cohort(str(folder), "response")
    X, y, title = bunch.data, bunch.target, bunch.title
    assert X.summary().to_dict() == {"image": 12, "gene": 20, "image+gene": 9}
    assert "9 of 18 labelled pairs split up" in title
    assert label_table(X, y).loc["all", "all"] == 41


def test_a_number_of_pairs_is_kept(folder):
    bunch = read_benchmark_cohort(str(folder), "response", n_paired=14)
    assert bunch.data.paired.sum() == 14


def test_a_folder_of_downloads_is_read_as_it_is(tmp_path):
    write_tcga_folder(tmp_path)
    bunch = read_benchmark_cohort(str(tmp_path), n_paired=1)
    assert bunch.data.modalities == ["image", "gene"]
    assert "disease_control" in bunch.title


def test_a_folder_needs_a_label(folder):
    with pytest.raises(ValueError, match=r"name the label: a column of .*clinical.csv"):
        read_benchmark_cohort(str(folder))
