"""The area under the curve by sex, age, project, hospital."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.model_selection import delong_interval
from skmultimodal.report._compared import Score
from skmultimodal.report._formats import number
from skmultimodal.report._study import SITES, Study

__all__ = ["COLUMNS", "subgroups"]

COLUMNS = ["sex", "gender", "age", "race", "ethnicity", "project", "cohort", *SITES]
MIN_ROWS = 5  # of a class
MAX_VALUES = 6  # numbers with more are split at the median


class State(StrEnum):
    """What there is to compare."""

    NO_COLUMNS = "no columns"
    NO_PROBABILITIES = "no probabilities"
    FEW = "few"  # less than two groups have an area
    EQUAL = "equal"
    UNEQUAL = "unequal"


class Kind(StrEnum):
    """Rows with a value of a covariate, below it, or from it on."""

    VALUE = "value"
    BELOW = "below"
    ABOVE = "above"


class Group(NamedTuple):
    """Some of the tested rows."""

    column: str
    kind: Kind
    value: str


class Subgroup(NamedTuple):
    """A group, its rows, those of the class, and its area."""

    group: Group
    n: int
    n_positive: int
    area: Score


@dataclass(frozen=True)
class Subgroups:
    """Numbers of the section."""

    state: State
    known: list[str]  # names of covariates that make subgroups
    rows: Sequence[Subgroup] = ()
    lowest: Subgroup | None = None
    highest: Subgroup | None = None
    n_small: int = 0  # groups with too few rows of a class
    min_rows: int = MIN_ROWS  # as many as are enough
    whole: Sequence[Group] = ()


def subgroups(study: Study) -> Subgroups:
    """Numbers of the section from a study."""
    table = study.metadata
    columns = [] if table is None else [c for c in table if str(c).lower() in COLUMNS]
    if not columns:
        return Subgroups(State.NO_COLUMNS, COLUMNS)
    if not study.tested.has_probabilities:
        return Subgroups(State.NO_PROBABILITIES, COLUMNS)
    rows, whole, n_small = [], [], 0
    for column in columns:
        for group, mask in _groups(table[column].iloc[study.tested.rows]):
            if mask.all():
                whole.append(group)
            elif row := _measure(study, group, mask):
                rows.append(row)
            else:
                n_small += 1
    # By what is shown, lest the last bits decide.
    order = sorted(rows, key=lambda row: float(f"{row.area.mean:.2f}"))
    state = State.FEW
    if len(rows) > 1:
        ends = {number(row.area.mean) for row in (order[0], order[-1])}
        state = State.EQUAL if len(ends) == 1 else State.UNEQUAL
    return Subgroups(
        state,
        COLUMNS,
        rows=rows,
        lowest=order[0] if order else None,
        highest=order[-1] if order else None,
        n_small=n_small,
        whole=whole,
    )


def _groups(column: pd.Series) -> Iterator[tuple[Group, NDArray[Any]]]:
    """Groups of a covariate and their masks; numbers are split at the median."""
    name = str(column.name)
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MAX_VALUES:
        middle = column.median()
        yield Group(name, Kind.BELOW, f"{middle:g}"), (column < middle).to_numpy()
        yield Group(name, Kind.ABOVE, f"{middle:g}"), (column >= middle).to_numpy()
        return
    for value in sorted(column.dropna().unique(), key=str):
        text = f"{value:g}" if isinstance(value, float) else str(value)
        yield Group(name, Kind.VALUE, text), (column == value).to_numpy()


def _measure(study: Study, group: Group, mask: NDArray[Any]) -> Subgroup | None:
    """Rows and area of a group, or None."""
    hits = study.tested_codes[mask] == study.positive
    p = study.tested.probabilities[study.positive].to_numpy()[mask]
    if min(hits.sum(), (~hits).sum()) < MIN_ROWS:
        return None
    low, high = delong_interval(
        hits,
        p,
        test_to_train=study.tested.test_to_train,
        confidence_level=study.tested.level,
    )
    return Subgroup(group, len(hits), int(hits.sum()), Score(_area(hits, p), low, high))


def _area(hits: NDArray[Any], p: NDArray[Any]) -> float:
    """``roc_auc_score``, whose checks take most of its time for some dozens of rows."""
    order = np.sign(p[hits][:, None] - p[~hits])
    return (1 + order.mean()) / 2
