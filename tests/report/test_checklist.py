"""Sentences on what the report lacks, and where each item is."""

from types import SimpleNamespace

import pytest
from report_sentences import Case, read, unread

from skmultimodal.report._sections.checklist import (
    ITEMS,
    Checklist,
    Item,
    State,
    checklist,
)
from skmultimodal.report._sections.patients import FACTS


def numbers(**changes):
    items = [Item(number, ["Where?"], [], False) for number in range(1, 28)]
    for item in changes.pop("items", ()):
        items[item.number - 1] = item
    given = {"n_covered": 27, "n_partly": 0, "has_title": True, "intended_use": None}
    return Checklist(checklist=items, **given | changes)


CASES = {
    "nothing lacks": Case(
        numbers(intended_use="A <trial>."),
        [
            "Of 27 items, 27 are covered, 0 partly and 0 not. What is lacking",
            "Intended use: A <trial>.",
            "1 Title yes the title 2 Abstract yes the summary on top 3 Background yes",
            "27 Usability yes Where?",
        ],
        absent=["not given"],
    ),
    "much lacks": Case(
        numbers(
            n_covered=24,
            n_partly=2,
            has_title=False,
            items=[
                Item(3, [], ["Background"], False, State.NOT),
                Item(5, ["A?", "B?"], ["Dates", "Data source"], False, State.PARTLY),
                Item(8, ["Which label?"], [], True, State.PARTLY),
            ],
        ),
        [
            "Of 27 items, 24 are covered, 2 partly and 1 not.",
            "Intended use: not given; by default, research on cohorts like the one "
            "that "
            "the model was trained on.",
            "1 Title yes not given (title) 2",
            "3 Background no not given: Background 4",
            "5 Data partly A?; B?; not given: Dates and Data source 6",
            "8 Outcome partly Which label?; not given: what it means 9",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sentences(case):
    read("checklist", CASES[case])


def test_every_branch_is_read():
    assert unread("checklist", CASES.values()) == {}


SECTIONS = [{"name": name, "heading": f"{name}?"} for name in ITEMS]


@pytest.mark.parametrize("unnamed", [[], ["0"]])
def test_without_facts_the_items_that_need_them_lack(unnamed):
    study = SimpleNamespace(unnamed=unnamed)
    found = checklist(study, SECTIONS, title=None, label="response", facts={})
    items = {item.number: item for item in found.checklist}
    assert list(items) == list(range(1, 28))
    assert items[12].headings == [
        *("performance?", "shortcuts?", "certainty?", "decisions?"),
    ]
    assert items[5].absent == ["Data source", "Dates"]
    assert items[17][1:] == ([], ["Ethics"], False, State.NOT)
    assert (items[12].state, items[23].state) == (State.PARTLY, State.COVERED)
    # Example patients are no interpretation of the results.
    assert items[25][1:] == ([], ["Interpretation"], False, State.NOT)
    assert items[8].unclear_outcome == bool(unnamed)
    assert (items[1].state, items[2].state) == (State.NOT, State.COVERED)
    n_lacking = 27 - found.n_covered
    assert n_lacking == len(set(FACTS.values())) + bool(unnamed) + 1
    assert not found.has_title


def test_facts_stand_in_the_section_on_patients():
    facts = dict.fromkeys(FACTS, "x")
    study = SimpleNamespace(unnamed=[])
    found = checklist(study, SECTIONS, title="A", label="response", facts=facts)
    items = {item.number: item for item in found.checklist}
    assert items[17].headings == ["patients?"]
    assert items[10].headings == ["patients?"]
    assert items[27].headings == ["limits?"]
    assert (found.n_covered, found.n_partly) == (27, 0)
    assert (found.has_title, found.intended_use) == (True, "x")
