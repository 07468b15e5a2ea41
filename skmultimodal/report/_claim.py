"""Items of CLAIM, for studies of images: which the report can judge, and how."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

__all__ = ["CLAIM", "ClaimItem", "Lack", "State", "claim_items"]


class State(StrEnum):
    """How much of what an item asks for is in the report."""

    COVERED = "covered"
    PARTLY = "partly"
    NOT = "not"


class Lack(StrEnum):
    """What the report itself does not have of an item."""

    FLOW = "flow"
    COVARIATES = "covariates"
    MEANING = "meaning"  # of the label or its classes
    EXPLANATION = "explanation"
    THRESHOLD = "threshold"  # shares at 0.5 only
    PROBABILITIES = "probabilities"
    FAILURES = "failures"  # no patient predicted wrongly is shown
    ANALYSIS = "analysis"  # some are, and only people can find why
    REPEATS = "repeats"  # other seeds of training
    EXTERNAL = "external"  # patients of elsewhere


class Asked(NamedTuple):
    """Sections that report an item, and facts that it asks for."""

    sections: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


class ClaimItem(NamedTuple):
    """An item, the headings of sections that report it, and what of it is lacking."""

    number: int
    headings: list[str]
    absent: list[str]
    lack: Lack | None
    state: State


# Items of the 2024 update (Tejani et al., doi:10.1148/ryai.240300). The others are for
# the paper, such as its abstract, annotators and funding. The numbers order them; they
# were not compared with the published list, and are not shown.
CLAIM = {
    3: Asked(facts=("Background", "Intended use")),
    4: Asked(facts=("Objectives",)),
    7: Asked(("patients",), ("Data source", "Dates")),
    8: Asked(("patients",), ("Eligibility",)),
    9: Asked(("model",), ("Preparation",)),
    12: Asked(("missing",), ("Reasons for missing data",)),
    13: Asked(facts=("Image acquisition",)),
    14: Asked(("label",)),
    19: Asked(("performance",)),
    20: Asked(("performance", "limits")),
    21: Asked(facts=("Sample size",)),
    22: Asked(("model",)),
    23: Asked(("again",)),
    25: Asked(("model",), ("Choice of settings",)),
    28: Asked(("performance", "certainty")),
    29: Asked(("performance",)),
    30: Asked(("shortcuts", "subgroups", "selection")),
    31: Asked(("explanations",)),
    32: Asked(("performance",)),
    33: Asked(),
    35: Asked(("patients",)),
    36: Asked(("patients",)),
    37: Asked(("performance",)),
    38: Asked(("decisions",)),
    39: Asked(("examples",)),
    40: Asked(("limits",)),
    41: Asked(facts=("Interpretation", "Intended use")),
    43: Asked(facts=("Open science",)),
}


def claim_items(
    numbers: Mapping[str, Any],
    headings: Mapping[str, str],
    facts: Mapping[str, str],
    *,
    unclear_outcome: bool,
) -> list[ClaimItem]:
    """Judge the items.

    Parameters
    ----------
    numbers : dict of str to dataclass
        Of the sections.
    headings : dict of str to str
        Likewise.
    facts : dict of str to str
    unclear_outcome : bool
        Whether the meaning of the label or of a class was not given.

    Returns
    -------
    items : list of ClaimItem
    """
    lacks = dict(_lacks(numbers, unclear_outcome))
    return [_judge(n, asked, headings, facts, lacks) for n, asked in CLAIM.items()]


def _judge(
    number: int,
    asked: Asked,
    headings: Mapping[str, str],
    facts: Mapping[str, str],
    lacks: Mapping[int, Lack],
) -> ClaimItem:
    lack = lacks.get(number)
    absent = [name for name in asked.facts if name not in facts]
    shown = [headings[name] for name in asked.sections]
    if not shown and len(absent) < len(asked.facts):
        shown = [headings["patients"]]  # which lists the facts
    state = State.COVERED
    if absent or lack is not None:
        state = State.PARTLY if shown else State.NOT
    if lack in (Lack.EXPLANATION, Lack.FAILURES, Lack.PROBABILITIES):
        state, shown = State.NOT, []
    return ClaimItem(number, shown, absent, lack, state)


def _lacks(
    numbers: Mapping[str, Any], unclear_outcome: bool
) -> Iterator[tuple[int, Lack]]:
    """Yield the number of an item, and what the report does not have of it."""
    yield 33, Lack.EXTERNAL
    if unclear_outcome:
        yield 14, Lack.MEANING
    if numbers["patients"].dropped is None:
        yield 35, Lack.FLOW
    if not numbers["patients"].covariates:
        yield 36, Lack.COVARIATES
    performance = numbers["performance"]
    if len(performance.seeds) == 1 and not performance.n_draws:
        yield 30, Lack.REPEATS
    if numbers["explanations"].nothing:
        yield 31, Lack.EXPLANATION
    if not numbers["decisions"].has_probabilities:
        yield 38, Lack.PROBABILITIES
    elif not numbers["decisions"].named:
        yield 38, Lack.THRESHOLD
    wrong = any(e.choice.kind == "wrong" for e in numbers["examples"].examples)
    yield 39, Lack.ANALYSIS if wrong else Lack.FAILURES
