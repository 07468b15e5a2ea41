"""Predicted times or numbers beside what came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import PredictionErrorDisplay

from skmultimodal.inspection import (
    CumulativeIncidenceDisplay,
    DCalibrationDisplay,
    RiskGroupsDisplay,
)
from skmultimodal.model_selection import OutcomeComparison
from skmultimodal.report._compared import Score
from skmultimodal.report._figures import Figure, draw
from skmultimodal.utils._incidence import cumulative_incidence

__all__ = ["outcome_truth"]

N_GROUPS = 3
N_BINS = 10  # of survival from 0 to 1
FEWEST = 5  # patients of a group


class Incidence(NamedTuple):
    """Shares of the tested patients with the event by the last time it came."""

    event: str  # the cause that is the event
    time: float
    share: float  # with other causes
    alone: float  # one minus Kaplan-Meier, which takes them for censored
    causes: list[tuple[str, float]]  # of every cause: name, and share


@dataclass(frozen=True)
class OutcomeTruth:
    """Numbers of the section."""

    survival: bool
    n: int
    n_events: int = 0
    follow_up: str = ""  # median, by reverse Kaplan-Meier; empty if not reached
    p: float = np.nan  # log-rank, of the highest risks against the lowest
    error: float = np.nan  # median absolute error of a number
    spread: float = np.nan  # interquartile range of the number
    coverage: Score | None = None  # of intervals of 90 %
    # Of each pattern: name, patients, and share in their interval.
    covered: Sequence[tuple[str, int, float]] = ()
    figure: Figure | None = None
    curves: Figure | None = None  # calibration of survival curves
    p_curves: float = np.nan
    incidence: Incidence | None = None  # if there are causes
    causes: Figure | None = None


def outcome_truth(
    comparison: OutcomeComparison, model: str, causes: NDArray[Any] | None = None
) -> OutcomeTruth:
    """Numbers of the section.

    Parameters
    ----------
    comparison : OutcomeComparison
    model : str
    causes : ndarray of str, shape (n_rows,), default=None
        Event of each row of the cohort, "" where it was censored.
    """
    table = comparison.predictions(models=[model])
    if "event" in table:
        return _of_times(comparison, model, table.drop_duplicates("row"), causes)
    patients = table.groupby("row")[["y_true", "predicted"]].mean()
    y, predicted = patients["y_true"].to_numpy(), patients["predicted"].to_numpy()
    summary = comparison.summary(models=[model]).set_index("metric")
    coverage = None
    if "coverage" in summary.index:
        coverage = Score(*summary.loc["coverage", ["mean", "low", "high"]])
    return OutcomeTruth(
        survival=False,
        n=len(patients),
        error=float(np.median(np.abs(y - predicted))),
        spread=float(np.subtract(*np.quantile(y, [0.75, 0.25]))),
        coverage=coverage,
        covered=_covered(table),
        figure=draw(partial(_scatter, y, predicted)),
    )


def _covered(table: pd.DataFrame) -> list[tuple[str, int, float]]:
    """Share of the patients of each pattern whose number lies in their interval."""
    if "low" not in table or table["low"].isna().all():
        return []
    inside = (table["low"] <= table["y_true"]) & (table["y_true"] <= table["high"])
    table = table.assign(inside=inside)
    return [
        (str(pattern), part["row"].nunique(), float(part["inside"].mean()))
        for pattern, part in table.groupby("pattern")
    ]


def _scatter(y: NDArray[Any], predicted: NDArray[Any]) -> PredictionErrorDisplay:
    display = PredictionErrorDisplay.from_predictions(
        y, predicted, kind="actual_vs_predicted"
    )
    display.figure_.set_layout_engine("constrained")  # lest names be cut off
    return display


def _of_times(
    comparison: OutcomeComparison,
    model: str,
    patients: pd.DataFrame,
    causes: NDArray[Any] | None,
) -> OutcomeTruth:
    nothing: tuple[Any, Any] = (None, None)
    groups = curves = incidence = nothing
    n_groups = min(N_GROUPS, len(patients) // FEWEST)
    if n_groups > 1:
        groups = _drawn(
            RiskGroupsDisplay.from_comparison, comparison, model, n_groups=n_groups
        )
    n_bins = min(N_BINS, patients["survival"].notna().sum() // FEWEST)
    if n_bins > 1:
        curves = _drawn(
            DCalibrationDisplay.from_comparison, comparison, model, n_bins=n_bins
        )
    if causes is not None:
        own = causes[patients["row"]]
        incidence = _drawn(
            CumulativeIncidenceDisplay.from_causes, patients["time"], own
        )
    return OutcomeTruth(
        survival=True,
        n=len(patients),
        n_events=int(patients["event"].sum()),
        follow_up=_follow_up(patients["time"].to_numpy(), patients["event"].to_numpy()),
        p=np.nan if groups[1] is None else groups[1].pvalue_,
        figure=groups[0],
        curves=curves[0],
        p_curves=np.nan if curves[1] is None else curves[1].pvalue_,
        incidence=None if causes is None else _incidence(patients, own, incidence[1]),
        causes=incidence[0],
    )


def _drawn(make: Callable[..., Any], *given: Any, **options: Any) -> tuple[Figure, Any]:
    """A figure, and the display that it is of."""
    made = []

    def make_one() -> Any:
        made.append(make(*given, **options))
        return made[0]

    return draw(make_one), made[0]


def _incidence(
    patients: pd.DataFrame, causes: NDArray[Any], display: CumulativeIncidenceDisplay
) -> Incidence:
    """What competing events leave of the share with the event."""
    event = patients["event"].to_numpy(dtype=bool)
    name = causes[event][0]
    time = float(patients["time"].to_numpy()[event].max())
    found = display.incidences_
    alone = cumulative_incidence(patients["time"], np.where(event, name, ""))
    return Incidence(
        name,
        time,
        found[name].at(time),
        alone[name].at(time),
        [(cause, own.at(time)) for cause, own in found.items()],
    )


def _follow_up(time: NDArray[Any], event: NDArray[Any]) -> str:
    """Median time to censoring (reverse Kaplan-Meier); empty if it is not reached."""
    order = np.argsort(time, kind="stable")
    time, censored = time[order], ~event[order].astype(bool)
    at_risk = len(time) - np.arange(len(time))
    left = np.cumprod(1 - censored / at_risk)
    reached = np.flatnonzero(left <= 0.5)
    return f"{time[reached[0]]:.4g}" if len(reached) else ""
