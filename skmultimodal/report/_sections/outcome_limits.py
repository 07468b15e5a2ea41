"""What a comparison of models of times or numbers does not show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skmultimodal.cohort import Cohort
from skmultimodal.model_selection import OutcomeComparison

__all__ = ["outcome_limits"]

FEW_EVENTS = 50
FEW_PATIENTS = 50


@dataclass(frozen=True)
class OutcomeLimits:
    """Numbers of the section."""

    survival: bool
    n: int
    n_events: int
    few: bool
    patterns: list[str]  # of the tested patients: names
    untested: list[str]  # patterns of which nobody was tested
    has_known: bool  # whether a model of what is known beforehand was compared
    has_causes: bool  # whether competing events were given
    label: str | None
    facts: Mapping[str, str]
    given: list[str]


def outcome_limits(
    comparison: OutcomeComparison,
    cohort: Cohort,
    has_known: bool,
    has_causes: bool,
    label: str | None,
    facts: Mapping[str, str],
    given: Sequence[str],
) -> OutcomeLimits:
    """Numbers of the section.

    Parameters
    ----------
    comparison : OutcomeComparison
    cohort : Cohort
    has_known, has_causes : bool
    label : str or None
    facts : dict of str to str
    given : sequence of str
        Further limits.
    """
    patients = comparison.predictions().drop_duplicates("row")
    survival = "event" in patients
    n_events = int(patients["event"].sum()) if survival else 0
    tested = set(patients["pattern"])
    return OutcomeLimits(
        survival=survival,
        n=len(patients),
        n_events=n_events,
        few=n_events < FEW_EVENTS if survival else len(patients) < FEW_PATIENTS,
        patterns=sorted(tested),
        untested=[p for p in cohort.summary().index.tolist() if p not in tested],
        has_known=has_known,
        has_causes=has_causes,
        label=label,
        facts=facts,
        given=list(given),
    )
