"""Sentences on the patients, and the numbers in them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from report_sentences import FIGURE, Case, read, unread

from skmultimodal.report._sections.patients import (
    Covariate,
    Hidden,
    Patients,
    Summary,
    Untested,
    _known_before,
    _summarise,
    _untested,
    standardised_difference,
)
from skmultimodal.report._study import Pattern

PATTERNS = [
    Pattern(["image"], 95, True),
    Pattern(["gene"], 1452, True),
    Pattern(["image", "gene"], 50, False),
]


def numbers(**changes):
    given = {
        "n": 1597,
        "n_labelled": 1590,
        "patterns": PATTERNS,
        "hidden": [],
        "dropped": None,
        "flow_figure": FIGURE,
        "availability_figure": FIGURE,
        "availability": {"image": [("no", 50), (None, 45)], "gene": [("yes", 1452)]},
        "covariates": [],
        "unlike": [],
        "untested": [],
        "n_tested": 50,
        "n_censored": 0,
        "groups": ["no", "yes"],
        "facts": {},
        "absent_facts": [],
    }
    return Patients(**given | changes)


def covariates(*summaries):
    return [Covariate(f"x{i}", [s, s, s, s], i / 4) for i, s in enumerate(summaries)]


CASES = {
    "no flow, no covariates, no facts": Case(
        numbers(),
        [
            "1,597 patients: 95 with image only, 1,452 with gene only and 50 with "
            "image "
            "and gene. The label is known for 1,590 of them. The scores below are of "
            "50 tested patients, and of others like them.",
            "found and why some were dropped: not given. Pass flow, the table",
            "Flow diagram of the participants of the cohort: 95 with image only,",
            "by class. image: 50 no and 45 unknown. gene: 1452 yes.",
            "Covariates (age, sex, hospital): not given. Give the cohort metadata",
        ],
        absent=["Hidden", "facts"],
    ),
    "all given": Case(
        numbers(
            hidden=[Hidden("gene", 3), Hidden("image", 1)],
            unlike=[Covariate("site", [], np.inf), Covariate("age", [], 0.31)],
            untested=[Untested("project", "GBM", 90), Untested("grade", "G4", 1090)],
            n_censored=12,
            dropped=(12, 1),
            covariates=covariates(
                Summary(2, [40.2, 51.0, 63.9], 0),
                Summary(0, [0.125, 0.5, 0.75], 2),
                Summary(4, values=[("female", 7), ("male", 5)]),
                Summary(0, values=[(c, 9 - i) for i, c in enumerate("abcde")]),
                Summary(9),
                Summary(2, n_distinct=37),
                Summary(0, n_distinct=41),
            ),
            facts={"Ethics": "<b>approved</b>"},
            absent_facts=["Dates", "Updating"],
        ),
        [
            "missing: gene of 3 patients and image of 1 patient. The scores below are "
            "of 50 tested patients, and of others like them, who differ from the rest "
            "in site (∞) and age (0.31) (standardised differences). To read them for "
            "all patients assumes",
            "Nobody with project GBM (90) or grade G4 (1,090) was tested: of them "
            "nothing is known from this report.",
            "12 patients without a label are neither tested nor in the share",
            "Tested, others Labelled, others x0 0.00 – x1 0.25 – x2 0.50 –",
            "12 entries of 1 patient dropped; in the cohort 95 with image only,",
            "Covariate All Tested Class no Class yes x0 51 (40 to 64); 2 unknown 51",
            "x1 0.50 (0.12 to 0.75) 0.50",
            "x2 female: 7 and male: 5; 4 unknown female",
            "x3 a: 9, b: 8, c: 7 and 2 more a: 9",
            "x4 unknown unknown unknown unknown",
            "x5 37 different; 2 unknown 37",
            "x6 41 different 41 different",
            "Ethics <b>approved</b>",
            "Dates and Updating: not given. Only those who collected the data have "
            "them",
        ],
        absent=["Pass flow", "metadata", "All 5"],
    ),
    "many covariates": Case(
        numbers(covariates=covariates(*[Summary(1)] * 11)), ["All 11 covariates"]
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("patients", CASES[case])


def test_every_branch_is_read():
    assert unread("patients", CASES.values()) == {}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.0, 2.0, np.nan, 4.0, 8.0], Summary(1, [1.75, 3.0, 5.0], 2)),
        ([10.0, 20.0, 30.0], Summary(0, [15.0, 20.0, 25.0], 0)),
        ([0.0, 1.0, 1.0], Summary(0, values=[("1", 2), ("0", 1)])),
        (["b", None, "a", "b"], Summary(1, values=[("b", 2), ("a", 1)])),
        # Names of patients, or their numbers as text.
        ([f"P{i}" for i in range(9)] + [None], Summary(1, n_distinct=9)),
        ([None, None], Summary(2)),
    ],
)
def test_a_covariate_is_summarised(values, wanted):
    assert _summarise(pd.Series(values)) == wanted


def test_standardised_differences():
    rows = np.arange(12) < 5
    rng = np.random.default_rng(0)
    values = rng.normal(size=12) + 2 * rows
    a, b = values[:5], values[5:]
    wanted = (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)
    assert standardised_difference(pd.Series(values), rows) == pytest.approx(wanted)
    # Dates and numbers as text are read as such; the order does not matter.
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.round(100 * values), "D")
    text = pd.Series(days.strftime("%Y-%m-%d"))
    assert standardised_difference(text, ~rows) == pytest.approx(wanted, rel=1e-2)
    # Of words, the value whose share differs most: none of 5 and 3 of 7 are of B.
    site = pd.Series(list("CCCCA") + list("CCAABBB"))
    p, q = 3 / 7, 0
    by_hand = (p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert standardised_difference(site, rows) == pytest.approx(by_hand)
    assert standardised_difference(pd.Series(["a"] * 5 + ["b"] * 7), rows) == np.inf
    assert np.isnan(standardised_difference(site, np.ones(12, dtype=bool)))
    assert np.isnan(standardised_difference(pd.Series([None] * 12), rows))


def test_values_that_nobody_tested_has_are_named():
    n = 60
    table = pd.DataFrame(
        {
            "project": np.where(np.arange(n) < 20, "GBM", "LGG"),
            "os_event": np.where(np.arange(n) < 20, "yes", "no"),
            "rare": ["x", *["y"] * (n - 1)],
            "age": np.arange(n) / 7,
        }
    )
    tested = SimpleNamespace(rows=np.arange(30, 50))
    study = SimpleNamespace(metadata=table, tested=tested)
    assert _known_before(study, None) == list(table)
    kinds = {"age": "metadata", "os_event": "later"}
    audit = pd.DataFrame({"source": list(kinds), "kind": list(kinds.values())})
    # A project is known before in any case.
    known = _known_before(study, audit)
    assert known == ["project", "age"]
    assert list(_untested(study, known)) == [Untested("project", "GBM", 20)]
