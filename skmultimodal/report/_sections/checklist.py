"""Where each item of TRIPOD+AI is reported, and which are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from skmultimodal.report._claim import ClaimItem, State, claim_items
from skmultimodal.report._sections.patients import FACTS
from skmultimodal.report._study import Study

__all__ = ["ITEMS", "checklist"]

# Items of TRIPOD+AI (Collins et al. 2024, doi:10.1136/bmj-2023-078378) by section.
ITEMS = {
    "patients": [5, 6, 10, 20],
    "label": [8],
    "performance": [12, 16, 23],
    "shortcuts": [12, 23],
    "certainty": [12, 15, 23],
    "decisions": [12, 15, 23],
    "explanations": [15, 22],
    "examples": [15],
    "subgroups": [14, 23],
    "selection": [12, 23],
    "external_performance": [12, 23],
    "external_calibration": [12, 23, 24],
    "external_data": [16, 20],
    "limits": [26, 27],
    "missing": [11],
    "model": [9, 21, 22],
    "again": [18],
    "checklist": [],
}
N_ITEMS = 27
TITLE, SUMMARY, OUTCOME = 1, 2, 8


class Item(NamedTuple):
    """Headings of the sections that report an item, and what of it was not given."""

    number: int
    headings: list[str]
    absent: list[str]
    unclear_outcome: bool
    state: State = State.COVERED


@dataclass(frozen=True)
class Checklist:
    """Numbers of the section."""

    n_covered: int
    n_partly: int
    has_title: bool
    intended_use: str | None
    checklist: list[Item]
    claim: Sequence[ClaimItem] = ()  # items of CLAIM; empty if no modality holds images


def checklist(
    study: Study,
    sections: Sequence[Mapping[str, Any]],
    numbers: Mapping[str, Any],
    *,
    title: str | None,
    label: str | None,
    facts: Mapping[str, str],
) -> Checklist:
    """Numbers of the section.

    Parameters
    ----------
    study : Study
    sections : list of dict
        All other sections, as rendered.
    numbers : dict of str to dataclass
        Of them.
    title, label : str or None
    facts : dict of str to str
    """
    found, of = [], {section["name"]: section["heading"] for section in sections}
    no_meaning = bool(study.unnamed or not label)
    for number in range(1, N_ITEMS + 1):
        headings = [heading for name, heading in of.items() if number in ITEMS[name]]
        asked = [name for name, item in FACTS.items() if item == number]
        if not headings and any(name in facts for name in asked):
            headings = [of["patients"]]  # which lists the facts
        unclear = number == OUTCOME and no_meaning
        absent = [name for name in asked if name not in facts]
        given = bool(headings) or (number == TITLE and bool(title)) or number == SUMMARY
        state = State.COVERED if given else State.NOT
        if given and (absent or unclear):
            state = State.PARTLY
        found.append(Item(number, headings, absent, unclear, state))
    states = [item.state for item in found]
    return Checklist(
        n_covered=states.count(State.COVERED),
        n_partly=states.count(State.PARTLY),
        has_title=bool(title),
        intended_use=facts.get("Intended use"),
        checklist=found,
        claim=claim_items(numbers, of, facts, unclear_outcome=no_meaning)
        if study.image_modalities
        else [],
    )
