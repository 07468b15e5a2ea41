"""Sentences on limits."""

import numpy as np
import pytest
from report_sentences import Case, read, unread

from skmultimodal.report._sections.limits import Hospitals, Limits, Width
from skmultimodal.report._study import Pattern


def numbers(**changes):
    given = {
        "n_tested": 50,
        "rarest": "yes",
        "n_rarest": 12,
        "metric": "roc_auc",
        "interval": Width.KNOWN,
        "width": 0.24,
        "untested": [],
        "rare": [],
        "hospitals": [Hospitals("site", 9, 0, 0, False)],
        "n_models": 1,
        "audited": True,
        "remarks": [],
        "given": [],
    }
    return Limits(**given | changes)


CASES = {
    "few limits": Case(
        numbers(),
        [
            "The main limits: 50 patients tested, 12 of class yes: the interval of the "
            "ROC AUC is 0.24 wide. Nobody outside this cohort was tested:",
            "No tested patient shares the site of a training patient: the scores are",
            "A patient with one modality is predicted by that modality's tower;",
            "Patients of another hospital: not given. Pass external, of evaluate_ext",
        ],
        absent=["Further, from these data: General", "audited", "rare", "of one class"],
    ),
    "another hospital": Case(
        numbers(n_external=70),
        ["In another hospital 70 patients were tested; how well the model predicts"],
        absent=["Nobody", "not given"],
    ),
    "all limits": Case(
        numbers(
            interval=Width.ZERO,
            width=0.0,
            untested=[Pattern(["image"], 95, True), Pattern(["gene"], 452, True)],
            rare=[Pattern(["image", "stain"], 3, False)],
            hospitals=[Hospitals("tss", 9, 4, 12, True)],
            n_models=6,
            audited=False,
            remarks=["'twin' never predicts class <yes>: its accuracy is"],
            given=["Adults <only>."],
        ),
        [
            "12 of class yes: every fold has the same score, so that its interval has "
            "no width, which is no certainty. Nobody",
            "Further, from these data: 'twin' never predicts class <yes>: its accuracy",
            "(95 with image only and 452 with gene only) none was tested: how well "
            "they",
            "Some patterns are rare (3 with image and stain): their predictions rest",
            "In 4 of 9 hospitals (tss) with labelled patients, all of them are of one "
            "class (12 patients): there, to recognise the hospital is to know the "
            "label.",
            "Tested patients share their tss with patients who train the model:",
            "6 models were compared on the same patients.",
            "Shortcuts were not audited.",
            "far the data allow that. Adults <only>.",
        ],
        absent=["is 0.00 wide"],
    ),
    "little known": Case(
        numbers(interval=Width.UNKNOWN, width=np.nan, hospitals=[]),
        [
            "50 patients tested, 12 of class yes. Nobody",
            "The metadata name no hospital (a column such as 'site'): whether the "
            "model",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("limits", CASES[case])


def test_every_branch_is_read():
    assert unread("limits", CASES.values()) == {}
