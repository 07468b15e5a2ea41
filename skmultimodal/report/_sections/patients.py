"""Which patients: how they were found, what they have, their covariates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.inspection import AvailabilityDisplay, ParticipantFlowDisplay
from skmultimodal.report._figures import Figure, draw
from skmultimodal.report._sections.subgroups import COLUMNS
from skmultimodal.report._study import Pattern, Study
from skmultimodal.utils._covariates import read_covariate

__all__ = ["FACTS", "hidden", "patients"]

# What only those who saw the patients can give, and its item of TRIPOD+AI.
FACTS = {
    "Background": 3,
    "Objectives": 4,
    "Data source": 5,
    "Dates": 5,
    "Eligibility": 6,
    "Treatments": 6,
    "Preparation": 7,
    "Predictors": 9,
    "Sample size": 10,
    "Reasons for missing data": 11,
    "Choice of settings": 12,
    "Class imbalance": 13,
    "Fairness": 14,
    "Threshold": 15,
    "Training and evaluation data": 16,
    "Ethics": 17,
    "Open science": 18,
    "Public involvement": 19,
    "Follow-up": 20,
    "Updating": 24,
    "Interpretation": 25,
    "Intended use": 27,
}


# Words of which more are different, and most patients have one of their own, are names.
MAX_VALUES = 5
MAX_CATEGORIES = 6
MIN_SHARE = 0.05  # of all rows, from which a value that nobody tested has is named
UNLIKE = 0.25  # standardised differences above this are usually thought large


class Hidden(NamedTuple):
    """Rows that had a modality when they were loaded, and no longer have it."""

    modality: str
    n: int


class Summary(NamedTuple):
    """A covariate of some rows: quartiles, or values by how frequent they are."""

    n_unknown: int
    quartiles: list[float] | None = None
    digits: int = 2
    values: Sequence[tuple[Any, int]] = ()
    n_distinct: int = 0  # of values that could name a patient, and are not listed


class Covariate(NamedTuple):
    """A covariate of all rows, the tested ones and those of each class.

    Standardised differences are of the tested rows from the others, and of the labelled
    ones from the others; NaN if there are no others.
    """

    name: str
    summaries: list[Summary]
    tested: float = np.nan
    labelled: float = np.nan


class Untested(NamedTuple):
    """A value of a covariate that no tested row has, and how many rows have it."""

    covariate: str
    value: str
    n: int


@dataclass(frozen=True)
class Patients:
    """Numbers of the section."""

    n: int
    n_labelled: int
    patterns: list[Pattern]
    hidden: list[Hidden]
    dropped: Any  # entries of the flow, and of how many patients; None without a flow
    flow_figure: Figure
    availability_figure: Figure
    # Classes of the rows of a pattern, and how many have each.
    availability: dict[str, list[tuple[Any, int]]]
    covariates: list[Covariate]
    # Covariates in which tested rows are unlike the others, most first; if it was named
    # which are known before the outcome, of these.
    unlike: list[Covariate]
    untested: list[Untested]
    n_tested: int
    n_censored: int  # unlabelled rows
    groups: list[str]  # classes that have a column of the covariates
    facts: Mapping[str, str]
    absent_facts: list[str]


def patients(
    study: Study,
    flow: pd.DataFrame | None,
    facts: Mapping[str, str],
    audit: pd.DataFrame | None,
) -> Patients:
    """Numbers of the section from a study, flow of patients, facts and audit."""
    facts = {name: text for name, text in facts.items() if name != "Command"}
    groups = [code for code in range(len(study.classes)) if (study.codes == code).any()]
    covariates = _covariates(study, groups)
    known = _known_before(study, audit)
    return Patients(
        n=len(study.cohort),
        n_labelled=int((study.codes >= 0).sum()),
        patterns=study.all_patterns,
        hidden=hidden(study, flow),
        dropped=_dropped(flow),
        flow_figure=draw(
            lambda: ParticipantFlowDisplay.from_cohort(
                study.cohort, study.labels, flow=flow, class_names=study.class_names
            )
        ),
        availability_figure=draw(
            lambda: AvailabilityDisplay.from_cohort(
                study.cohort, study.labels, class_names=study.class_names
            )
        ),
        availability=_availability(study),
        covariates=covariates,
        unlike=sorted(
            (c for c in covariates if c.tested > UNLIKE and c.name in known),
            key=lambda c: -c.tested,
        ),
        untested=list(_untested(study, known)),
        n_tested=len(study.tested.rows),
        n_censored=int((study.codes < 0).sum()),
        groups=[study.names[code] for code in groups],
        facts=facts,
        absent_facts=[name for name in FACTS if name not in facts],
    )


def _known_before(study: Study, audit: pd.DataFrame | None) -> list[str]:
    """Names of covariates that are known before the outcome: all, if none was named."""
    names = [] if study.metadata is None else [str(n) for n in study.metadata]
    if audit is None or not (audit["kind"] == "later").any():
        return names
    named = set(audit.loc[audit["kind"] == "metadata", "source"])
    return [n for n in names if n in named or n.lower() in COLUMNS]


def _untested(study: Study, known: Sequence[str]) -> Iterator[Untested]:
    """Yield an Untested for each value that many rows have and no tested one."""
    for name in known:
        column = study.metadata[next(c for c in study.metadata if str(c) == name)]
        found = read_covariate(column)
        values = column.dropna().astype(str)
        if found.kind != "category" or values.nunique() > MAX_CATEGORIES:
            continue
        tested = set(values[values.index.isin(study.tested.rows)])
        for value, n in values.value_counts().items():
            if value not in tested and n >= MIN_SHARE * len(column):
                yield Untested(name, str(value), int(n))


def hidden(study: Study, flow: pd.DataFrame | None) -> list[Hidden]:
    """What patients had when they were loaded, and have no longer."""
    if flow is None:
        return []
    kept = flow[flow["status"] == "kept"]
    ids = study.cohort.index.astype(str)
    found = []
    for name in study.cohort.modalities:
        loaded = ids.isin(kept.loc[kept["item"] == name, "patient"].astype(str))
        n = int((loaded & ~study.cohort.has(name)).sum())
        if n:
            found.append(Hidden(name, n))
    return found


def _dropped(flow: pd.DataFrame | None) -> tuple[int, int] | None:
    if flow is None:
        return None
    dropped = flow[flow["status"] == "dropped"]
    return len(dropped), int(dropped["patient"].nunique())


def _availability(study: Study) -> dict[str, list[tuple[str | None, int]]]:
    found = {}
    for pattern in study.cohort.summary().index:
        sizes = np.bincount(
            study.codes[study.patterns == pattern] + 1, minlength=len(study.names)
        )
        # Unlabelled rows are counted first, and named last.
        named = zip(study.names, np.roll(sizes, -1).tolist(), strict=True)
        found[pattern] = [(name, n) for name, n in named if n]
    return found


def _covariates(study: Study, groups: Sequence[int]) -> list[Covariate]:
    table = study.metadata
    if table is None:
        return []
    tested = study.tested.rows
    is_tested = np.isin(np.arange(len(table)), tested)
    return [
        Covariate(
            str(name),
            [
                _summarise(table[name]),
                _summarise(table[name].iloc[tested]),
                *(_summarise(table[name][study.codes == code]) for code in groups),
            ],
            standardised_difference(table[name], is_tested),
            standardised_difference(table[name], study.codes >= 0),
        )
        for name in table.columns
    ]


def standardised_difference(column: pd.Series, rows: NDArray[np.bool_]) -> float:
    """How far some rows are from the others, in standard deviations.

    Of numbers and dates that of the means, of categories the largest of their shares.

    Parameters
    ----------
    column : Series
    rows : ndarray of bool, shape (n_rows,)

    Returns
    -------
    difference : float
        0 or more; NaN if nothing is known of either.
    """
    found = read_covariate(column)
    if found.kind == "text":
        return np.nan
    known = column.notna().to_numpy()
    if found.kind in ("number", "date"):
        values = np.asarray(found.values, dtype=float)
        parts = values[known & rows], values[known & ~rows]
        return _distance(*(part[np.isfinite(part)] for part in parts))
    values = column.astype(str).to_numpy()
    ones, others = values[known & rows], values[known & ~rows]
    every = np.unique(values[known])
    distances = [_distance(ones == value, others == value) for value in every]
    return max(distances, default=np.nan)  # all are NaN, or none is


def _distance(ones: NDArray[Any], others: NDArray[Any]) -> float:
    if not len(ones) or not len(others):
        return np.nan
    gap = abs(np.mean(ones) - np.mean(others))
    spread = np.sqrt((np.var(ones) + np.var(others)) / 2)
    return float(gap / spread) if spread else (np.inf if gap else 0.0)


def _summarise(column: pd.Series) -> Summary:
    known = column.dropna()
    n_unknown = len(column) - len(known)
    if not len(known):
        return Summary(n_unknown)
    is_number = pd.api.types.is_numeric_dtype(known)
    if is_number and known.nunique() > 2:
        quartiles = np.quantile(known.astype(float), [0.25, 0.5, 0.75]).tolist()
        return Summary(n_unknown, quartiles, 0 if quartiles[2] >= 10 else 2)
    words = known.map(lambda value: f"{value:g}" if is_number else str(value))
    if words.nunique() > max(MAX_VALUES, len(words) / 2):
        return Summary(n_unknown, n_distinct=words.nunique())
    return Summary(n_unknown, values=list(words.value_counts().items()))
