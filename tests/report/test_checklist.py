"""Sentences on what the report lacks, and where each item is."""

from types import SimpleNamespace

import pytest
from report_sentences import Case, read, unread

from skmultimodal.report._claim import CLAIM, ClaimItem, Lack, State, claim_items
from skmultimodal.report._sections.checklist import (
    ITEMS,
    Checklist,
    Item,
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
        absent=["not given", "CLAIM"],
    ),
    "images": Case(
        numbers(
            claim=[
                ClaimItem(13, [], ["Image acquisition"], None, State.NOT),
                ClaimItem(28, ["How good?"], [], None, State.COVERED),
                ClaimItem(38, ["Acting?"], [], Lack.THRESHOLD, State.PARTLY),
            ]
        ),
        [
            "Items of CLAIM, the checklist for artificial intelligence in medical "
            "imaging (2024), that",
            "Image acquisition no not given: Image acquisition Metrics yes How "
            "good? Diagnostic performance partly Acting?; not given: a threshold "
            "named beforehand",
        ],
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
            "A title: not given. Pass title.",
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


SECTIONS = [
    {"name": name, "heading": f"{name}?"}
    for name in ITEMS
    if not name.startswith("external_")
]


@pytest.mark.parametrize("unnamed", [[], ["0"]])
def test_without_facts_the_items_that_need_them_lack(unnamed):
    study = SimpleNamespace(unnamed=unnamed, image_modalities=[])
    given = {"title": None, "label": "response", "facts": {}}
    found = checklist(study, SECTIONS, {}, **given)
    items = {item.number: item for item in found.checklist}
    assert list(items) == list(range(1, 28))
    assert items[12].headings == [
        *("performance?", "shortcuts?", "certainty?", "decisions?"),
        "selection?",
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
    study = SimpleNamespace(unnamed=[], image_modalities=[])
    given = {"title": "A", "label": "response", "facts": facts}
    found = checklist(study, SECTIONS, {}, **given)
    items = {item.number: item for item in found.checklist}
    assert items[17].headings == ["patients?"]
    assert items[10].headings == ["patients?"]
    assert items[27].headings == ["limits?"]
    assert (found.n_covered, found.n_partly) == (27, 0)
    assert (found.has_title, found.intended_use) == (True, "x")


def sections(*, seeds=1, named=False, wrong=False, **changes):
    """Numbers of sections, as far as items of CLAIM depend on them."""
    given = {
        "patients": {"dropped": None, "covariates": []},
        "performance": {"seeds": [0.7] * seeds, "n_draws": 0},
        "explanations": {"nothing": False},
        "decisions": {"has_probabilities": True, "named": named},
    }
    kinds = ["right", "wrong"] if wrong else ["right"]
    shown = [SimpleNamespace(choice=SimpleNamespace(kind=kind)) for kind in kinds]
    given["examples"] = {"examples": shown}
    return {
        name: SimpleNamespace(**values | changes.get(name, {}))
        for name, values in given.items()
    }


def items_of(numbers, facts=(), unclear=False):
    headings = {name: f"{name}?" for name in ITEMS}
    facts = dict.fromkeys(facts, "x")
    found = claim_items(numbers, headings, facts, unclear_outcome=unclear)
    assert [item.number for item in found] == list(CLAIM)
    return {item.number: item for item in found}


def test_items_of_claim_are_judged_by_what_is_there():
    items = items_of(sections(), unclear=True)
    lacks = {n: item.lack for n, item in items.items() if item.lack is not None}
    assert lacks == {
        14: Lack.MEANING,
        30: Lack.REPEATS,
        33: Lack.EXTERNAL,
        35: Lack.FLOW,
        36: Lack.COVARIATES,
        38: Lack.THRESHOLD,
        39: Lack.FAILURES,
    }
    assert {items[n].state for n in (14, 30, 35, 36, 38)} == {State.PARTLY}
    assert {items[n].state for n in (3, 13, 33, 39, 43)} == {State.NOT}
    assert items[33].headings == []
    assert items[7][1:3] == (["patients?"], ["Data source", "Dates"])


def test_items_of_claim_that_nothing_lacks():
    numbers = sections(
        seeds=3,
        named=True,
        wrong=True,
        patients={"dropped": (0, 0), "covariates": ["age"]},
    )
    facts = {name for asked in CLAIM.values() for name in asked.facts}
    items = items_of(numbers, facts)
    states = {n: item.state for n, item in items.items() if item.state != "covered"}
    # Nobody of elsewhere was tested, and a picture of a failure is no analysis of it.
    assert states == {33: State.NOT, 39: State.PARTLY}
    assert items[13].headings == ["patients?"]


def test_what_the_model_does_not_have_is_not_reported():
    numbers = sections(
        explanations={"nothing": True}, decisions={"has_probabilities": False}
    )
    items = items_of(numbers)
    for number in (31, 38):
        assert (items[number].state, items[number].headings) == (State.NOT, [])
