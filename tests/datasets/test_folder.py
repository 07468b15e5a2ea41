"""Which loader reads a folder, and which label is predicted."""

import shutil

import numpy as np
import pytest
from cohort_folder import write_cohort_folder
from tcga_folder import write_tcga_folder

from skmultimodal.datasets import load_cohort, load_folder, load_tcga_glioma
from skmultimodal.datasets._folder import choose_label, find_downloads


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of one's own patients."""
    return write_cohort_folder(tmp_path_factory.mktemp("own"), n_paired=6)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    """A folder of downloads."""
    return write_tcga_folder(tmp_path_factory.mktemp("downloads"))


@pytest.fixture
def parts(own, tmp_path):
    """Copy some parts of one's own folder."""

    def copy(*names):
        for name in names:
            source = own / name
            move = shutil.copytree if source.is_dir() else shutil.copy
            move(source, tmp_path / name)
        return tmp_path

    return copy


@pytest.mark.parametrize(
    "names",
    [
        ("clinical.csv", "expression.csv", "mri"),
        ("clinical.csv", "mri"),
        ("clinical.csv", "expression.csv"),
        ("clinical.csv",),
        ("expression.csv", "mri"),
        ("expression.csv",),
        ("mri",),
    ],
    ids="+".join,
)
def test_folders_of_ones_own(parts, names):
    assert find_downloads(parts(*names)) is None


def test_names_may_be_in_any_case(parts):
    """As a spreadsheet program or a colleague has saved them."""
    folder = parts("clinical.csv", "expression.csv", "mri")
    wanted = load_folder(folder, label="response", image_size=16)
    (folder / "clinical.csv").rename(folder / "Clinical.CSV")
    (folder / "expression.csv").rename(folder / "Expression.csv")
    bunch = load_folder(folder, label="response", image_size=16)
    assert bunch.loader == "load_cohort"
    np.testing.assert_array_equal(bunch.target, wanted.target)
    np.testing.assert_array_equal(bunch.data.block("gene"), wanted.data.block("gene"))


def test_downloads_are_found(downloads, tmp_path):
    found = find_downloads(downloads)
    assert found.home == downloads
    assert found.missing == []
    # A clinical table beside them does not make them one's own.
    mixed = shutil.copytree(downloads, tmp_path / "mixed")
    (mixed / "patient_gbm.txt").rename(mixed / "clinical.tsv")
    assert set(find_downloads(mixed).clinical) == {
        mixed / "clinical.tsv",
        mixed / "follow_up_gbm.txt",
    }


def test_no_folder_and_no_patients(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        load_folder(tmp_path / "nowhere")
    (tmp_path / "notes.docx").write_bytes(b"PK")
    with pytest.raises(FileNotFoundError, match=r"no patients here: neither clinical"):
        load_folder(tmp_path)


def test_each_kind_is_loaded_by_its_loader(own, downloads):
    bunch = load_folder(own, label="words", positive="non-responder", image_size=16)
    wanted = load_cohort(own, label="words", image_size=16)
    assert (bunch.loader, bunch.positive) == ("load_cohort", "Non-responder")
    assert bunch.target.tolist() == wanted.target.tolist()
    assert bunch.data.index.tolist() == wanted.data.index.tolist()
    bunch = load_folder(downloads, label="objective_response", image_size=10)
    wanted = load_tcga_glioma(downloads, scheme="objective_response", image_size=10)
    assert (bunch.loader, bunch.scheme) == ("load_tcga_glioma", "objective_response")
    np.testing.assert_array_equal(bunch.target, wanted.target)


def test_options_reach_either_loader(own, downloads):
    for folder in (own, downloads):
        bunch = load_folder(folder, sequences=["seg", "t1"], image_size=19)
        assert bunch.image_channels == ["seg", "t1"]
        assert bunch.data.block("image").shape[1:] == (2, 19, 19)


def test_without_a_label(own, downloads):
    assert load_folder(own, image_size=16).target is None
    assert load_folder(downloads, image_size=10).scheme == "disease_control"


def test_the_label_must_be_named_in_a_folder_of_ones_own(own, parts, downloads):
    assert choose_label(own, "words") == "words"
    assert choose_label(downloads, None) == "disease_control"
    assert choose_label(downloads, "tumor_free") == "tumor_free"
    with pytest.raises(ValueError, match=r"name the label: .*clinical\.csv, .*words"):
        choose_label(own, None)
    with pytest.raises(ValueError, match=r"name the label: .*which has none\."):
        choose_label(parts("expression.csv"), None)


@pytest.mark.parametrize("name", ["clinical.tsv", "expression.tsv"])
def test_two_tables_of_a_kind_are_refused(parts, name):
    folder = parts("clinical.csv", "expression.csv")
    (folder / name).write_text("patient\ty\nP1\t1\n")
    with pytest.raises(ValueError, match=rf"both .*\.csv and {name}; keep one"):
        load_folder(folder, label="words")


@pytest.mark.parametrize("label", [None, "words"])
def test_a_folder_in_which_nobody_has_data(parts, label):
    folder = parts("clinical.csv", "mri")
    for path in (folder / "mri").glob("*/*"):
        path.write_bytes(b"no scan")
    message = "scan, expression or features that can be read; the first reason "
    with pytest.raises(ValueError, match=message + r"is, of patient 'SYN-01': .*NIfTI"):
        load_folder(folder, label=label, on_error="drop")
    shutil.rmtree(folder / "mri")
    (folder / "mri").mkdir()
    with pytest.raises(ValueError, match=r"or features that can be read\.$"):
        load_folder(folder, label=label)
