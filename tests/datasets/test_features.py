"""Features that another model computed, beside scans and expression of a folder."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.datasets import check_folder, load_cohort, load_folder
from skmultimodal.exceptions import ReadWarning

IDS = ["007", "012", "021", "P4"]
VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def folder(tmp_path):
    """Genes of 007 and 012; features of all but 007 and of one more patient."""
    (tmp_path / "clinical.csv").write_text(
        "patient,label\n007,1\n012,0\n021,1\nP4,0\nP5,1\n"
    )
    (tmp_path / "expression.csv").write_text("patient,A,B\n007,1,2\n012,3,4\n")
    (tmp_path / "features").mkdir()
    write(tmp_path, ["012", "021", "P4", "NEW"])
    return tmp_path


def write(folder, ids, name="slides", values=VALUES):
    table = pd.DataFrame(values, index=ids, columns=["x", "y", "z"])
    table.rename_axis("patient").to_csv(folder / "features" / f"{name}.csv")


def test_each_file_is_a_modality_of_its_name(folder):
    np.save(folder / "features" / "scan v2.npy", VALUES[:2, :2])
    (folder / "features" / "scan v2.ids.txt").write_text("P4\n007\n")
    facts = {"encoder": "E", "version": "1", "licence": "MIT"}
    (folder / "features" / "slides.json").write_text(json.dumps(facts))
    bunch = load_cohort(folder, label="label")
    X = bunch.data
    assert X.modalities == ["gene", "scan v2", "slides"]
    assert X.index.tolist() == ["007", "012", "021", "P4", "NEW"]
    assert X.patterns.tolist() == [
        "gene+scan v2",
        "gene+slides",
        "slides",
        "scan v2+slides",
        "slides",
    ]
    assert_array_equal(X.block("slides"), VALUES)
    assert_array_equal(X.block("scan v2"), VALUES[[1, 0], :2])
    assert X.feature_names("slides") == ["x", "y", "z"]
    assert X.feature_names("scan v2") == ["scan v20", "scan v21"]
    assert bunch.provenance == {"slides": facts}
    assert "slides: encoder E, version 1, licence MIT." in bunch.DESCR
    notes = bunch.flow[bunch.flow["status"] == "note"].set_index("item")["reason"]
    assert notes["slides"] == "encoder E, version 1, licence MIT"
    assert "features/scan v2.json may state them" in notes["scan v2"]
    kept = {(row.patient, row.item): row.status for row in bunch.flow.itertuples()}
    assert kept["NEW", "slides"] == "kept"
    assert kept["P5", "clinical"] == "dropped"
    assert bunch.target.tolist()[:4] == [1, 0, 1, 0]


def test_features_alone_are_a_cohort(folder):
    (folder / "expression.csv").unlink()
    assert load_folder(folder, label="label").data.modalities == ["slides"]
    (folder / "clinical.csv").unlink()
    bunch = load_folder(folder)
    assert bunch.data.index.tolist() == ["012", "021", "P4", "NEW"]


def test_blank_rows_and_cells(folder):
    values = VALUES.copy()
    values[0], values[1, 2] = np.nan, np.nan
    write(folder, ["012", "021", "P4", "NEW"], values=values)
    with pytest.warns(
        ReadWarning, match=r"slides\.csv: 1 blank cell .* 'z' of patient"
    ):
        bunch = load_cohort(folder)
    assert bunch.data.has("slides").tolist() == [False, False, True, True, True]
    reasons = {(row.patient, row.item): row.reason for row in bunch.flow.itertuples()}
    assert reasons["012", "slides"] == "every value is missing"


def test_the_label_among_the_features_is_left_out(folder):
    table = pd.read_csv(folder / "features" / "slides.csv", dtype={"patient": str})
    table.assign(label=1).to_csv(folder / "features" / "slides.csv", index=False)
    with pytest.warns(ReadWarning) as caught:
        bunch = load_cohort(folder, label="label")
    assert bunch.data.feature_names("slides") == ["x", "y", "z"]
    texts = [str(warning.message) for warning in caught]
    assert "modality 'slides': column 'label' is the label, and left out." in texts


def test_barcodes_are_reduced_to_patients(folder):
    ids = [f"TCGA-02-{i:04d}" for i in range(4)]
    (folder / "expression.csv").unlink()
    (folder / "clinical.csv").write_text(
        "patient,label\n" + "".join(f"{i},1\n" for i in ids)
    )
    write(folder, [f"{i}-01A" for i in ids])
    assert load_cohort(folder).data.index.tolist() == ids


def test_check_lists_features(folder):
    check = check_folder(folder)
    assert "features/slides.csv: 4 patients, 3 features" in check.found
    assert "expression.csv has 2 patients, features/slides.csv 4, both 1" in check.found
    assert "patients with data: 1 gene, 1 gene+slides, 3 slides" in check.found
    (problem,) = check.problems
    assert problem.startswith("1 patient ('NEW') with data but without a row")


def strangers(folder):
    write(folder, ["7", "12", "21", "S4"])


def two_of_a_name(folder):
    np.save(folder / "features" / "slides.npy", VALUES)


def name_of_another(folder):
    write(folder, ["012", "021", "P4", "NEW"], "gene")


def impossible_name(folder):
    write(folder, ["012", "021", "P4", "NEW"], "a+b")


def number_in_two_forms(folder):
    write(folder, ["012", "021", "P4", "7.0"])
    (folder / "expression.csv").write_text("patient,A,B\n7,1,2\n012,3,4\n")


def broken_link(folder):
    (folder / "features").rename(folder / "moved")
    (folder / "features").symlink_to("nowhere")


@pytest.mark.filterwarnings("ignore:few ids meet")
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            strangers,
            r"slides\.csv: none of its 4 patients is in another file of the cohort; it "
            "has ids such as '7', they such as '007': write the ids of a patient alike",
        ),
        (two_of_a_name, r"slides\.npy: modality 'slides' is read from features/slides"),
        (name_of_another, r"gene\.csv: modality 'gene' is read from expression\.csv"),
        (impossible_name, r"a\+b\.csv: a modality's name must be a string"),
        (number_in_two_forms, "'7' and .* '7.0', which are one number"),
        (broken_link, "features: a link that leads nowhere"),
    ],
)
def test_what_is_refused_is_one_sentence_of_load_and_check(folder, spoil, message):
    spoil(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_cohort(folder)
    assert any(re.search(message, text) for text in check_folder(folder).problems)


def test_what_is_not_read_is_listed(folder):
    (folder / "features" / "README.md").write_text("of whom")
    (folder / "features" / "slides.pt").write_bytes(b"weights")
    with pytest.warns(ReadWarning, match=r"features: .*'slides\.pt'.* not read"):
        bunch = load_cohort(folder)
    ignored = bunch.flow[bunch.flow["status"] == "ignored"]
    assert len(ignored) == 2


def test_features_beside_downloads_are_refused(folder):
    (folder / "clinical.csv").unlink()
    (folder / "expression.csv").unlink()
    (folder / "clinical.tsv").write_text(
        "case_submitter_id\tproject_id\tvital_status\nTCGA-02-0001\tTCGA-GBM\tAlive\n"
    )
    (folder / "clinical.tsv").rename(folder / "gdc_clinical.tsv")
    with pytest.raises(ValueError, match="features/ is read beside clinical"):
        load_folder(folder)
