"""Sentences on the label."""

import pytest
from report_sentences import Case, read, unread

from skmultimodal.report._sections.label import ClassSize, Label

CLASSES = [ClassSize("no", 1234, 30), ClassSize("<yes>", 7, 5)]


def numbers(**changes):
    given = {"meaning": "response", "classes": CLASSES, "n_unknown": 0, "unnamed": []}
    return Label(**given | changes)


CASES = {
    "all given": Case(
        numbers(),
        [
            "The label is response. Its classes are no (1,234) and <yes> (7); it is "
            "known for every patient.",
            "Probabilities in this report are those of class responder.",
            "Class Patients Of them tested no 1,234 30 <yes> 7 5",
        ],
        absent=["not given", "unknown"],
    ),
    "nothing given": Case(
        numbers(meaning=None, unnamed=["0", "1"], n_unknown=2),
        [
            "What the label means was not given.",
            "it is unknown for 2 rows.",
            "assessed and by whom: not given. Pass label: a score means nothing",
            "The meaning of class 0 and class 1: not given. Pass class_names.",
            "Class Rows Of them tested",
            "unknown 2 0",
        ],
        unit="row",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("label", CASES[case])


def test_every_branch_is_read():
    assert unread("label", CASES.values()) == {}
