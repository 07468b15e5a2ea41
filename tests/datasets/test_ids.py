"""Ids of several sources: samples of patients, near misses, and how many meet."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skmultimodal.datasets import check_folder, load_cohort
from skmultimodal.exceptions import ReadWarning


def write(folder, clinical, expression, label=True):
    """A folder of patients, of whom `clinical` and `expression` are ids."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{patient},{i % 2}" for i, patient in enumerate(clinical)]
    text = "\n".join(["patient,y", *rows]) + "\n"
    (folder / "clinical.csv").write_text(text, encoding="utf-8")
    rows = [f"{patient},{i},{i * i}" for i, patient in enumerate(expression)]
    text = "\n".join(["patient,TP53,EGFR", *rows]) + "\n"
    (folder / "expression.csv").write_text(text, encoding="utf-8")
    return folder


def load(folder, **options):
    """What is loaded, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bunch = load_cohort(folder, **{"label": "y", **options})
    return bunch, [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("Ren\u00e9", "Rene\u0301", "Unicode form"),
        ("P1", "p1", "case"),
        ("P 1", "P1", "blanks"),
        ("P1", "P1\u200b", "case, blanks or Unicode form"),
        ("P1", "P01", "leading zeros or separators"),
        ("P-1", "P_1", "leading zeros or separators"),
        ("1", "X1", "leading zeros or separators"),
        ('"P1', "P1", "a quotation mark"),  # that opens a cell, and nothing closes
    ],
)
def test_near_misses_are_loud(tmp_path, one, other, kind):
    folder = write(tmp_path, [one, "B", "C"], [other, "B", "C"])
    bunch, caught = load(folder)
    assert len(caught) == 1
    assert "clinical.csv has 3 patients, expression.csv 3, both 2" in caught[0]
    assert f"{one!r} and {other!r} (differ in {kind} only)" in caught[0]
    apart = bunch.flow[bunch.flow["status"] == "apart"]
    assert apart["patient"].tolist() == [one]
    assert kind in apart["reason"].iloc[0]
    assert any("few ids meet" in text for text in check_folder(folder).problems)


@pytest.mark.parametrize("other", ["7.0", "7.00"])
def test_one_number_in_two_forms_is_refused(tmp_path, other):
    for number, (one, two) in enumerate([("7", other), (other, "7")]):
        folder = write(tmp_path / str(number), [one, "9"], [two, "9"])
        with pytest.raises(ValueError, match="which are one number: write ids alike"):
            load_cohort(folder, label="y")
    folder = write(tmp_path / "both", ["7", other], ["7", other])
    with pytest.raises(ValueError, match=r"clinical.csv has patients '7' and"):
        load_cohort(folder, label="y")


def test_the_same_text_meets_whatever_it_looks_like(tmp_path):
    ids = ["1.0", "2.0", "1e3", "0012", "TRUE", "12-03"]
    bunch, caught = load(write(tmp_path, ids, ids[::-1]))
    assert caught == []
    assert bunch.data.index.tolist() == ids
    assert bunch.target.tolist() == [0, 1, 0, 1, 0, 1]
    assert bunch.data.block("gene")[:, 0].tolist() == [5, 4, 3, 2, 1, 0]


def test_two_spellings_in_one_table(tmp_path):
    ids = ["Ren\u00e9", "Rene\u0301", "B"]
    bunch, caught = load(write(tmp_path, ids, ids))
    assert bunch.data.index.tolist() == ids
    assert [text.split(":")[0] for text in caught] == ["clinical.csv", "expression.csv"]
    assert "1 pair of ids such as" in caught[0]


def test_sources_that_share_few_ids(tmp_path):
    clinical = [f"P{i:02d}" for i in range(12)]
    expression = [f"UPENN_{patient}" for patient in clinical[:10]] + clinical[10:]
    folder = write(tmp_path, clinical, expression)
    _, caught = load(folder)
    (text,) = caught
    assert "clinical.csv has 12 patients, expression.csv 12, both 2; for exa" in text
    assert text.count(" and 'UPENN_P0") == 3
    problems = check_folder(folder).problems
    assert sum("few ids meet" in problem for problem in problems) == 1
    assert str(check_folder(folder)).splitlines()[-1] != "ready"


def test_sources_that_share_enough_are_counted_without_a_warning(tmp_path):
    ids = [f"P{i}" for i in range(9)]
    bunch, caught = load(write(tmp_path, ids[:7], ids[2:]))
    assert caught == []
    notes = bunch.flow[bunch.flow["item"] == "ids"]["reason"].tolist()
    assert notes == ["clinical.csv has 7 patients, expression.csv 7, both 5"]


# Samples

CASES = [f"TCGA-02-000{i}" for i in range(1, 5)]


@pytest.mark.parametrize("clinical", ["{}", "{}-01", "{}-01A"])
@pytest.mark.parametrize("expression", ["{}", "{}-01", "{}-01A-01R-1849-01"])
@pytest.mark.parametrize("dots", [False, True])
def test_barcodes_are_reduced_to_their_case(tmp_path, clinical, expression, dots):
    sources = [[form.format(c) for c in CASES] for form in (clinical, expression)]
    if dots:
        sources[1] = [name.replace("-", ".") for name in sources[1]]
    sources[1].append("GTEX-1117F-0226")
    bunch, _ = load(write(tmp_path, *sources))
    assert bunch.data.index.tolist() == [*CASES, "GTEX-1117F-0226"]
    assert bunch.target[:4].tolist() == [0, 1, 0, 1]
    assert np.isnan(bunch.target[4])
    assert bunch.data.block("gene")[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_normal_tissue_is_left_out_and_said(tmp_path):
    samples = [f"{case}-{kind}" for case in CASES for kind in ("11", "01")]
    bunch, caught = load(write(tmp_path, samples, samples))
    assert caught == []
    assert bunch.data.index.tolist() == CASES
    assert bunch.data.block("gene")[:, 0].tolist() == [1, 3, 5, 7]
    assert bunch.target.tolist() == [1, 1, 1, 1]
    dropped = bunch.flow[bunch.flow["status"] == "dropped"]
    assert dropped["item"].value_counts().to_dict() == {"clinical": 4, "gene": 4}
    reasons = dropped[dropped["item"] == "gene"]["reason"]
    assert reasons.str.contains("sample type 11, not 01 or 03 or 09").all()


def test_a_patient_without_a_tumour_sample_is_warned_of(tmp_path):
    samples = [f"{CASES[0]}-01", f"{CASES[1]}-06", *CASES[2:]]
    with pytest.warns(ReadWarning, match=r"1 patient \('TCGA-02-0002'\) without a sam"):
        bunch = load_cohort(write(tmp_path, CASES, samples), label="y")
    assert bunch.data.index.tolist() == [CASES[0], *CASES[2:]]


@pytest.mark.parametrize(
    "names",
    [
        ("P001-T", "P001-N"),
        ("P1_tumor", "P1_normal"),
        ("P1.pre", "P1.post"),
        ("sub-01_ses-1", "sub-01_ses-2"),
        ("P1-baseline", "P1-followup"),
        ("P1-20200101", "P1-20210101"),
        ("P1", "P1-recurrence"),
    ],
)
@pytest.mark.parametrize("where", ["clinical", "expression", "both"])
def test_samples_of_one_patient_are_refused(tmp_path, names, where):
    others = ["P7", "P8", "P9"]
    samples = [*names, *others]
    clinical = samples if where != "expression" else ["P1", *others]
    expression = samples if where != "clinical" else ["P1", *others]
    folder = write(tmp_path, clinical, expression)
    file = "expression" if where == "expression" else "clinical"
    message = rf"{file}\.csv: 1 patient with several samples, such as '{names[0]}'"
    if names[0] == "P1":
        message = rf"{file}\.csv: 1 patient with several samples, such as 'P1-rec"
    with pytest.raises(ValueError, match=message):
        load_cohort(folder, label="y")
    assert "several samples" in str(check_folder(folder))


def test_numbered_ids_may_be_visits(tmp_path):
    ids = ["UPENN-0001_11", "UPENN-0001_21", "UPENN-0002_11", "UPENN-0003_11"]
    with pytest.warns(ReadWarning, match="are read as different patients: if they"):
        load_cohort(write(tmp_path, ids, ids), label="y")
    ids = [f"site1-{i}" for i in range(20)]
    assert load(write(tmp_path, ids, ids))[1] == []


def test_dates_are_no_classes(tmp_path):
    rows = [f"P{i},2024-01-{i + 10}" for i in range(12)]
    write(tmp_path, ["P1"], [f"P{i}" for i in range(12)])
    (tmp_path / "clinical.csv").write_text("patient,y\n" + "\n".join(rows) + "\n")
    with pytest.warns(ReadWarning, match="12 different values for 12 labelled rows, s"):
        load_cohort(tmp_path, label="y")


def test_a_workbook_is_named(tmp_path):
    write(tmp_path, ["P1"], ["P1"])
    (tmp_path / "clinical.csv").rename(tmp_path / "clinical.xlsx")
    with pytest.raises(FileNotFoundError, match=r"clinical\.xlsx is not read, save it"):
        load_cohort(tmp_path, label="y")


# What becomes of everything


def test_the_flow_accounts_for_every_row_and_cell(tmp_path):
    """Counted by hand in the text of the files."""
    clinical = (
        "patient,age,y\n"
        "P1,40,yes\nP2,Unknown,no\nP3,61,Yes\nP4,35,N/A\nP5,many,no\nP6,50,\n,,\n"
        "P7,44,yes\n"
    )
    expression = (
        "patient,TP53,NA,EGFR\nP1,1,2,3\nP2,4,5,6\nP3,,,\nP4,7,8,\nP5,1,1,1\nP8,2,2,2\n"
    )
    tmp_path.joinpath("clinical.csv").write_text(clinical)
    tmp_path.joinpath("expression.csv").write_text(expression)
    bunch, caught = load(tmp_path)
    flow = bunch.flow
    rows = {"clinical": 7, "gene": 6}  # with an id
    for item, n in rows.items():
        of = flow[(flow["item"] == item) & flow["status"].isin(["kept", "dropped"])]
        assert len(of) == n
        assert of["patient"].is_unique
    kept = flow[(flow["item"] == "gene") & (flow["status"] == "kept")]["patient"]
    assert sorted(bunch.data.index) == sorted(kept)
    unlabelled = flow["reason"].str.startswith("unlabelled")
    known = int((~pd.isna(bunch.target)).sum())
    assert known + unlabelled.sum() == len(bunch.data)
    assert known == 3
    notes = flow[flow["status"] == "note"]["reason"].tolist()
    for text in (
        "1 blank line left out",
        "column 'age': 1 'Unknown' read as missing",
        "column 'y': 1 'N/A' read as missing",
        "1 gene without a name left out",
        "clinical.csv has 7 patients, expression.csv 6, both 5",
        "1 blank cell in 1 column and 1 row of modality 'gene', for example 'EGFR' of "
        "patient 'P4'",
    ):
        assert text in notes
    for text in (
        "'many' in column 'age'",
        "2 'yes', 1 'Yes'",
        "without a name",
        "1 blank cell",
    ):
        assert any(text in warning for warning in caught)
    summary = bunch.flow_summary
    assert summary["n"].sum() == len(flow)
