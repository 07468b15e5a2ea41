"""Some patients, chosen by a rule, and what the model predicts for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.inspection import SaliencyDisplay
from skmultimodal.report._explain import Explanations, Refusal
from skmultimodal.report._figures import Figure, draw
from skmultimodal.report._formats import channel_name
from skmultimodal.report._sections.missing import Route, as_route
from skmultimodal.report._study import Study
from skmultimodal.utils._anatomy import View, view_of
from skmultimodal.utils._patterns import modalities_of

__all__ = ["choose_examples", "examples"]


class Kind(StrEnum):
    """Why a row is an example."""

    RIGHT = "right"
    WRONG = "wrong"
    UNSURE = "unsure"
    TYPICAL = "typical"


class Choice(NamedTuple):
    """Why a row is an example: the first of its kind, or the next."""

    kind: Kind
    is_next: bool = False
    names: Sequence[str] = ()  # modalities of a typical row


class Centre(NamedTuple):
    """Centre of a map, as shares of the height and the width, and how much of it lies
    within the segmentation, None without one."""

    down: float
    across: float
    inside: float | None


@dataclass(frozen=True)
class Thumbnail:
    """A saliency map."""

    figure: Figure
    modality: str
    channel: Any
    log_odds: float | None
    centre: Centre | None
    view: View | None = None  # how the image lies in the body


class Contributed(NamedTuple):
    """Contributions of the modalities of a row, and the probability without any."""

    shares: list[tuple[Any, float]]
    prior: float


@dataclass(frozen=True)
class Example:
    """An example patient."""

    name: str
    choice: Choice
    modalities: list[str]
    route: Route
    truth: str | None  # name of the class, None if it is unknown
    out_of_fold: float | None  # probability of the class, None if not tested
    final: float | None  # that of the final model
    held: list[str] | None  # classes of the prediction set; None if none was given
    contributed: Contributed | None
    thumbnail: Thumbnail | None


@dataclass(frozen=True)
class Examples:
    """Numbers of the section."""

    examples: list[Example]
    absent: Kind | None  # RIGHT or WRONG if no tested row is
    has_maps: bool
    n_repeats: int


def choose_examples(study: Study, n_examples: int) -> dict[int, Choice]:
    """Rows of example patients and why each was chosen: dict of int to Choice."""
    chosen: dict[int, Choice] = {}
    if not n_examples or not study.tested.has_probabilities:
        return chosen
    queues = _queues(study)
    for kind, rows in queues.items():
        _add(chosen, rows, Choice(kind))
    for pattern, row in _typical(study).items():
        chosen.setdefault(row, Choice(Kind.TYPICAL, names=modalities_of(pattern)))
    place = 0
    while len(chosen) < n_examples and any(len(r) > place for r in queues.values()):
        place += 1
        for kind, rows in queues.items():
            _add(chosen, rows, Choice(kind, is_next=True))
    return dict(list(chosen.items())[:n_examples])


def _add(chosen: dict[int, Choice], rows: Sequence[int], choice: Choice) -> None:
    row = next((row for row in rows if row not in chosen), None)
    if row is not None:
        chosen[row] = choice


def _queues(study: Study) -> dict[Kind, list[int]]:
    """Tested rows, the best example first, by kind."""
    rows = study.tested.rows
    p = study.tested.probabilities.to_numpy()
    right = p.argmax(axis=1) == study.tested_codes
    top = np.sort(p, axis=1)
    order = np.argsort(-top[:, -1], kind="stable")
    margin = np.argsort(top[:, -1] - top[:, -2], kind="stable")
    return {
        Kind.RIGHT: rows[order[right[order]]].tolist(),
        Kind.WRONG: rows[order[~right[order]]].tolist(),
        Kind.UNSURE: rows[margin].tolist(),
    }


def _typical(study: Study) -> dict[str, int]:
    """The row of the median final probability, of each pattern that was not tested."""
    if study.final is None:
        return {}
    tested = set(study.patterns[study.tested.rows].tolist())
    found = {}
    sizes = study.cohort.summary().sort_values(ascending=False, kind="stable")
    for pattern in sizes.index:
        if pattern not in tested:
            rows = np.flatnonzero(study.patterns == pattern)
            order = np.argsort(study.final[rows, study.positive], kind="stable")
            found[pattern] = int(rows[order[(len(rows) - 1) // 2]])
    return found


def examples(
    study: Study,
    chosen: Mapping[int, Choice],
    found: Explanations,
    sets: pd.DataFrame | None,
    channels: Mapping[str, Sequence[str]],
) -> Examples:
    """Numbers of the section.

    Parameters
    ----------
    study : Study
    chosen : dict of int to Choice
        Of `choose_examples`.
    found : Explanations
    sets : DataFrame or None
        Prediction sets.
    channels : dict of str to list of str
        Names of the channels of modalities of images.
    """
    kinds = [choice.kind for choice in chosen.values() if not choice.is_next]
    absent = [k for k in (Kind.RIGHT, Kind.WRONG) if k not in kinds]
    named = zip(study.number(chosen), chosen.items(), strict=True)
    return Examples(
        examples=[
            _example(study, name, row, choice, found, sets, channels)
            for name, (row, choice) in named
        ],
        absent=absent[0] if absent and len(chosen) > 1 else None,
        has_maps=not all(isinstance(m, Refusal) for m in found.maps.values()),
        n_repeats=study.tested.n_repeats,
    )


def _example(
    study: Study,
    name: str,
    row: int,
    choice: Choice,
    found: Explanations,
    sets: pd.DataFrame | None,
    channels: Mapping[str, Sequence[str]],
) -> Example:
    tested = study.tested.probabilities[study.positive]
    final = study.final
    return Example(
        name=name,
        choice=choice,
        modalities=modalities_of(study.patterns[row]),
        route=as_route(study, row),
        truth=study.names[study.codes[row]],
        out_of_fold=tested[row] if row in tested.index else None,
        final=None if final is None else final[row, study.positive],
        held=_held(study, row, sets),
        contributed=_contributed(row, found.contributions),
        thumbnail=_thumbnail(study, row, found.maps, channels),
    )


def _held(study: Study, row: int, sets: pd.DataFrame | None) -> list[Any] | None:
    patient = study.cohort.index[row]
    if sets is None or patient not in sets.index:
        return None
    held = sets[sets.index == patient].to_numpy()[0]
    return [study.names[code] for code in np.flatnonzero(held)]


def _contributed(row: int, contributions: Bunch | Refusal) -> Contributed | None:
    if isinstance(contributions, Refusal):
        return None
    shares = contributions.contributions.iloc[row].dropna()
    return Contributed(list(shares.items()), contributions.prior)


def _thumbnail(
    study: Study,
    row: int,
    maps: Mapping[str, Bunch | Refusal],
    channels: Mapping[str, Sequence[str]],
) -> Thumbnail | None:
    """The first map of a row, or None."""
    for name, result in maps.items():
        if isinstance(result, Refusal) or not study.cohort.has(name)[row]:
            continue
        places = np.flatnonzero(np.asarray(result.ids) == study.cohort.index[row])
        if len(places):
            place = int(places[0])
            channel = _first_channel(result, place)
            return Thumbnail(
                figure=_draw(study, result, place, channel),
                modality=name,
                channel=channel_name(channels, name, channel),
                log_odds=None if result.score is None else result.score[place],
                centre=_locate(result, place),
                view=view_of(result.axes),
            )
    return None


def _draw(study: Study, result: Bunch, place: int, channel: int) -> Figure:
    mask, one = result.segmentation, slice(place, place + 1)

    def make() -> SaliencyDisplay:
        return SaliencyDisplay(
            result.heatmap[one],
            result.images[one],
            [""],
            segmentation=None if mask is None else mask[one],
            positive=study.positive_name,
            axes=result.axes,
        ).plot(channel=channel)

    return draw(make)


def _first_channel(result: Bunch, place: int) -> int:
    """The first channel that shows anything, other than the segmentation."""
    mask = result.segmentation
    for number, plane in enumerate(result.images[place]):
        is_mask = mask is not None and np.array_equal(plane, mask[place])
        if np.ptp(plane) > 0 and not is_mask:
            return number
    return 0


def _locate(result: Bunch, place: int) -> Centre | None:
    view = view_of(result.axes)
    turn = np.asarray if view is None else view.turn
    heat = turn(np.abs(result.heatmap[place]))
    if not heat.any():
        return None
    down, across = (
        np.arange(n) / n @ heat.sum(axis=1 - axis) / heat.sum()
        for axis, n in enumerate(heat.shape)
    )
    inside = None
    if result.segmentation is not None and (result.segmentation[place] > 0).any():
        inside = heat[turn(result.segmentation[place]) > 0].sum() / heat.sum()
    return Centre(down, across, inside)
