"""What an evaluation in another hospital shows, and what only people can add."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from skmultimodal.report._claim import State
from skmultimodal.report._sections.patients import FACTS

__all__ = ["ITEMS", "external_checklist"]

# Items of TRIPOD+AI (Collins et al. 2024, doi:10.1136/bmj-2023-078378) by section.
# Those of the development of a model are not about an evaluation.
ITEMS = {
    "external_performance": [12, 15, 23],
    "external_calibration": [12, 23, 24],
    "external_data": [7, 11, 16, 20],
    "external_checklist": [26],
}
DEVELOPMENT = {13, 21, 22}
TITLE, SUMMARY, OUTCOME, N_ITEMS = 1, 2, 8, 27


class ExternalItem(NamedTuple):
    """An item, and which facts on it are absent."""

    number: int
    state: State
    absent: list[str]


@dataclass(frozen=True)
class ExternalChecklist:
    """Numbers of the section."""

    rows: list[ExternalItem]
    n_covered: int
    n_partly: int
    label: str | None
    facts: Mapping[str, str]


def external_checklist(
    title: str | None, label: str | None, facts: Mapping[str, str]
) -> ExternalChecklist:
    """Numbers of the section.

    Parameters
    ----------
    title, label : str or None
    facts : dict of str to str
    """
    shown = {number for numbers in ITEMS.values() for number in numbers}
    rows = []
    for number in range(1, N_ITEMS + 1):
        if number in DEVELOPMENT:
            continue
        asked = [name for name, item in FACTS.items() if item == number]
        absent = [name for name in asked if name not in facts]
        given = number in shown or len(absent) < len(asked) or number == SUMMARY
        given |= (number == TITLE and bool(title)) or (
            number == OUTCOME and bool(label)
        )
        state = State.COVERED if given else State.NOT
        if given and absent:
            state = State.PARTLY
        rows.append(ExternalItem(number, state, absent))
    states = [row.state for row in rows]
    return ExternalChecklist(
        rows, states.count(State.COVERED), states.count(State.PARTLY), label, facts
    )
