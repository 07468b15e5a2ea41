"""What is missing, and how rows that lack something are predicted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skmultimodal.report._formats import channel_name
from skmultimodal.report._sections.patients import Hidden, hidden
from skmultimodal.report._study import Study
from skmultimodal.utils._patterns import HEAD, modalities_of

__all__ = ["as_route", "missing"]

ROWS_AT_ONCE = 64


class Policy(StrEnum):
    """What a twin tower does with a row that lacks a modality."""

    TOWER = "tower"
    IMPUTE = "impute"
    ERROR = "error"
    OTHER = "other"  # another kind of model


class Route(NamedTuple):
    """What predicts a row: "head", "towers" of these names, or an "estimator"."""

    kind: str
    names: Sequence[str] = ()


class Availability(NamedTuple):
    """A modality, rows with it and rows without."""

    modality: str
    n_with: int
    n_without: int


class Channel(NamedTuple):
    """A channel of an image that some rows with the modality lack: it is all 0."""

    modality: str
    name: Any  # or its number
    n: int
    n_tested: int


class RouteSizes(NamedTuple):
    """A pattern, and how many of its rows take each route."""

    pattern: str
    sizes: list[int]


@dataclass(frozen=True)
class Missing:
    """Numbers of the section."""

    n: int
    n_lacking: int  # rows without one of the modalities
    n_unlabelled: int
    hidden: list[Hidden]
    policy: Policy
    estimator: str  # name of its class
    modalities: list[Availability]
    routes: list[Route]  # those that some row takes
    patterns: list[RouteSizes]
    channels: Sequence[Channel] = ()  # those that rows with images lack


def missing(
    study: Study, flow: pd.DataFrame | None, channels: Mapping[str, Sequence[str]]
) -> Missing:
    """Numbers of the section from a study, the flow of patients and channel names."""
    policy = getattr(study.estimator, "missing", None)
    known = [str(p) for p in Policy]
    taken = [] if study.routes is None else sorted(set(study.routes.tolist()))
    patterns = [
        RouteSizes(
            pattern,
            [
                int(((study.patterns == pattern) & (study.routes == route)).sum())
                for route in taken
            ],
        )
        for pattern in study.cohort.summary().index
    ]
    return Missing(
        n=len(study.cohort),
        n_lacking=int((~study.cohort.paired).sum()),
        n_unlabelled=int((study.codes < 0).sum()),
        hidden=hidden(study, flow),
        policy=Policy(policy) if policy in known else Policy.OTHER,
        estimator=type(study.estimator).__name__,
        modalities=[
            Availability(name, int(has.sum()), int((~has).sum()))
            for name, has in study.cohort.available.items()
        ],
        routes=[parse_route(route) for route in taken],
        patterns=patterns if taken else [],
        channels=[
            c for n in study.image_modalities for c in _absent(study, n, channels)
        ],
    )


def _absent(
    study: Study, name: str, channels: Mapping[str, Sequence[str]]
) -> Iterator[Channel]:
    """Yield a Channel for each one that some row with the images lacks."""
    block, rows = study.cohort.block(name), np.flatnonzero(study.cohort.has(name))
    there = np.zeros(block.shape[:2], dtype=bool)
    for start in range(0, len(block), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        there[part] = np.asarray(block[part]).any(axis=(2, 3))
    is_tested = np.isin(rows, study.tested.rows)
    for number, lacks in enumerate(~there.T):
        if lacks.any():
            channel = channel_name(channels, name, number)
            yield Channel(name, channel, int(lacks.sum()), int(lacks[is_tested].sum()))


def parse_route(route: str) -> Route:
    """A route as `predict_route` returns it."""
    return Route("head") if route == HEAD else Route("towers", modalities_of(route))


def as_route(study: Study, row: int) -> Route:
    """What predicts a row of a study."""
    if study.routes is None:
        return Route("estimator", [type(study.estimator).__name__])
    return parse_route(study.routes[row])
