"""The cohorts of the benchmarks."""

import numpy as np
import pytest
from cohort_folder import write_cohort_folder
from fusion_tools import ONE, make_case
from tcga_folder import write_tcga_folder

from benchmarks.cohorts import label_table, read_benchmark_cohort, split_pairs


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


# Splitting pairs up where a tower would have too few rows


@pytest.mark.parametrize(
    ("counts", "stay", "kept"),
    [
        ({"image": 19, "gene": 40, "image+gene": 17}, 8, "image"),
        ({"image": 40, "gene": 19, "image+gene": 17}, 8, "gene"),
        ({"gene": 40, "image+gene": 17}, 8, "image"),
        ({"image+gene": 17}, 8, "image"),
        ({"image": 20, "gene": 21, "image+gene": 17}, 17, "image"),
        ({"gene": 40, "image+gene": 1}, 1, "image"),  # nothing to halve
    ],
    ids=str,
)
def test_pairs_are_halved_where_a_modality_is_scarce(counts, stay, kept):
    X, y = make_case(counts)
    n_pairs = counts["image+gene"]
    split, labels, n_split, found = split_pairs(X, y, random_state=0)
    assert (n_split, found) == (n_pairs - stay, n_pairs)
    assert split.paired.sum() == stay
    assert split.summary().get(kept, 0) == counts.get(kept, 0) + n_split
    assert labels.tolist() == y.tolist()


def test_the_number_of_pairs_that_stay_may_be_given():
    X, y = make_case({"image": 25, "gene": 31, "image+gene": 18})
    for n_paired in (1, 7, 17, 18):
        split, _, n_split, n_pairs = split_pairs(X, y, n_paired, random_state=0)
        assert (split.paired.sum(), n_split, n_pairs) == (n_paired, 18 - n_paired, 18)
    same = split_pairs(X, y, 18)[0]
    assert same.summary().to_dict() == X.summary().to_dict()
    for n_paired in (0, 19):
        with pytest.raises(ValueError, match=f"n_paired={n_paired}, but 18 rows are"):
            split_pairs(X, y, n_paired)


def test_unlabelled_pairs_do_not_count():
    X, y = make_case({"gene": 40, "image+gene": 18})
    y = y.astype(float)
    y[np.flatnonzero(X.paired)[:4]] = np.nan
    split, _, n_split, n_pairs = split_pairs(X, y, random_state=0)
    assert (n_split, n_pairs) == (7, 14)
    assert split.paired.sum() == 7
    with pytest.raises(ValueError, match="n_paired=15, but 14 rows are"):
        split_pairs(X, y, 15)


@pytest.mark.parametrize("counts", [ONE, {"image": 9, "gene": 11}], ids=str)
def test_without_pairs_nothing_is_split(counts):
    X, y = make_case(counts)
    split, _, n_split, _ = split_pairs(X, y)
    assert n_split == 0
    assert split.summary().to_dict() == counts


def test_which_pairs_stay_is_drawn():
    X, y = make_case({"gene": 40, "image+gene": 18})

    def stays(seed):
        return split_pairs(X, y, random_state=seed)[0].paired.tolist()

    assert stays(1) == stays(1)
    assert stays(1) != stays(2)
