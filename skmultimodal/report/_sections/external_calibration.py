"""Whether probabilities come true in another hospital, and what recalibration gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from skmultimodal.inspection import PatternCalibrationDisplay
from skmultimodal.model_selection import ExternalEvaluation
from skmultimodal.report._compared import Score
from skmultimodal.report._figures import Figure, draw
from skmultimodal.report._sections.external_performance import score_of
from skmultimodal.utils._labels import class_name

__all__ = ["external_calibration"]


MIN_FIGURE = 20  # patients


class Slope(StrEnum):
    """How the spread of the probabilities fits."""

    UNKNOWN = "unknown"
    GOOD = "good"
    EXTREME = "extreme"
    TIMID = "timid"
    UNRELATED = "unrelated"
    AGAINST = "against"


class Level(StrEnum):
    """How their mean does."""

    UNKNOWN = "unknown"
    GOOD = "good"
    LOW = "low"
    HIGH = "high"


class Recalibrated(NamedTuple):
    """Losses after a recalibration."""

    kind: str
    brier: float
    log_loss: float
    slope: float
    intercept: float


@dataclass(frozen=True)
class ExternalCalibration:
    """Numbers of the section."""

    slope: Score
    spread: Slope
    intercept: Score
    level: Level
    ratio: Score  # of patients of the class, observed over expected
    recalibrated: Sequence[Recalibrated] = ()
    few: bool = False  # too few patients of a class for a recalibration
    figure: Figure | None = None


def external_calibration(evaluation: ExternalEvaluation) -> ExternalCalibration:
    """Numbers of the section from an ExternalEvaluation."""
    slope = score_of(evaluation, "calibration_slope")
    intercept = score_of(evaluation, "calibration_intercept")
    table = evaluation.recalibration
    rows = []
    if table is not None:
        rows = [
            Recalibrated(str(n), *row)
            for n, row in zip(table.index, table.to_numpy(), strict=True)
        ]
    few = bool(rows) and any(np.isnan(row.brier) for row in rows)
    return ExternalCalibration(
        slope=slope,
        spread=judge_slope(slope),
        intercept=intercept,
        level=_judge(intercept, 0.0, Level.UNKNOWN, Level.HIGH, Level.GOOD, Level.LOW),
        ratio=score_of(evaluation, "observed_expected"),
        recalibrated=[] if few else rows,
        few=few,
        figure=_draw(evaluation),
    )


def judge_slope(slope: Score) -> Slope:
    """The sentence that applies to a slope and its interval."""
    if slope.low <= 0:
        return Slope.AGAINST if slope.high < 0 else Slope.UNRELATED
    return _judge(slope, 1.0, Slope.UNKNOWN, Slope.EXTREME, Slope.GOOD, Slope.TIMID)


def _judge(
    score: Score, right: float, unknown: Any, below: Any, good: Any, above: Any
) -> Any:
    if np.isnan(score.low):
        return unknown
    if score.high < right:
        return below
    return above if score.low > right else good


def _draw(evaluation: ExternalEvaluation) -> Figure | None:
    table, positive = evaluation.predictions, evaluation.positive
    if len(evaluation.classes) > 2 or len(table) < MIN_FIGURE:
        return None
    if table["y_true"].nunique() < 2:
        return None
    p = table[f"proba_{class_name(positive)}"].to_numpy()
    y = table["y_true"].to_numpy()

    def make() -> PatternCalibrationDisplay:
        # All in one curve: a pattern of few patients is one point.
        return PatternCalibrationDisplay.from_predictions(
            y, p, np.full(len(p), "all"), positive=positive, min_bin_rows=10
        )

    return draw(make)
