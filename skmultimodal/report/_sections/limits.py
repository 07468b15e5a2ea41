"""What would break it: limits that the data show, that hold for all, and the given."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skmultimodal.model_selection import ExternalEvaluation
from skmultimodal.report._study import Pattern, Study

__all__ = ["limits"]

FEW_ROWS = 20


class Width(StrEnum):
    """What is known of the interval of the score."""

    UNKNOWN = "unknown"
    ZERO = "zero"
    KNOWN = "known"


class Hospitals(NamedTuple):
    """A column of the metadata that is a hospital, and its labelled rows.

    ``n_single`` hospitals have rows of one class only, ``n_rows`` in all; ``shared`` is
    whether some are both in a training and a test set.
    """

    column: str
    n: int
    n_single: int
    n_rows: int
    shared: bool


@dataclass(frozen=True)
class Limits:
    """Numbers of the section."""

    n_tested: int
    rarest: str  # the class with the fewest tested rows
    n_rarest: int
    metric: str
    interval: Width
    width: float
    untested: list[Pattern]  # patterns of which no row was tested
    rare: list[Pattern]  # patterns with few rows
    hospitals: list[Hospitals]
    n_models: int
    audited: bool
    remarks: list[str]  # of the comparison, on the model
    given: list[str]
    n_external: int = 0  # patients of another hospital on whom the model was tested


def limits(
    study: Study,
    audit: pd.DataFrame | None,
    given: Sequence[str],
    external: ExternalEvaluation | None = None,
) -> Limits:
    """Numbers of the section from a study, and what else was given.

    Parameters
    ----------
    study : Study
    audit : DataFrame or None
    given : sequence of str
        Limits.
    external : ExternalEvaluation or None
    """
    tested = set(study.patterns[study.tested.rows].tolist())
    sizes = study.cohort.summary()
    width = study.tested.own.high - study.tested.own.low
    interval = Width.KNOWN
    if not np.isfinite(width):
        interval = Width.UNKNOWN
    elif width == 0:
        interval = Width.ZERO
    return Limits(
        n_tested=len(study.tested.rows),
        rarest=study.names[study.rarest],
        n_rarest=int(study.tested_sizes[study.rarest]),
        metric=study.tested.metric,
        interval=interval,
        width=width,
        untested=[study.pattern(p, n) for p, n in sizes.items() if p not in tested],
        rare=[study.pattern(p, n) for p, n in sizes.items() if n < FEW_ROWS],
        hospitals=[_hospitals(study, column) for column in study.hospitals],
        n_models=len(study.tested.models),
        audited=audit is not None,
        remarks=study.tested.remarks,
        given=list(given),
        n_external=0 if external is None else len(external.predictions),
    )


def _hospitals(study: Study, column: Any) -> Hospitals:
    site = study.metadata[column]
    known = (study.codes >= 0) & site.notna().to_numpy()
    classes = pd.Series(study.codes[known]).groupby(site[known].to_numpy())
    table = classes.agg(["nunique", "size"])
    single = table[table["nunique"] == 1]
    shared = study.shares_hospital(column)
    n_rows = int(single["size"].sum())
    return Hospitals(str(column), len(table), len(single), n_rows, shared)
