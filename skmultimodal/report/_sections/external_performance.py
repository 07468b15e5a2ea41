"""How good a fitted model is for the patients of another hospital."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import pandas as pd
from sklearn.metrics import RocCurveDisplay

from skmultimodal.model_selection import ExternalEvaluation
from skmultimodal.report._compared import Score, Share
from skmultimodal.report._figures import Figure, draw, short
from skmultimodal.utils._labels import class_name

__all__ = ["external_performance", "score_of"]

FEW = 10  # patients of a class
GUESSING = 0.5
THRESHOLD = 0.5


class Place(StrEnum):
    """Where an interval lies, compared with no gain."""

    ABOVE = "above"
    AROUND = "around"
    BELOW = "below"
    UNKNOWN = "unknown"


class PatternRow(NamedTuple):
    """Scores of the patients with some modalities."""

    pattern: str
    n: int
    n_positive: int
    area: Score
    brier: Score
    log_loss: Score
    slope: Score
    intercept: Score


@dataclass(frozen=True)
class ExternalPerformance:
    """Numbers of the section."""

    n: int
    n_positive: int
    rarest: str  # the class with the fewest patients
    n_rarest: int
    few: bool
    area: Score
    place: Place  # of the area beside guessing
    at_home: Score | None  # area where the model comes from
    home_pattern: str | None  # of the patients tested there, if all have the same
    here: Score | None  # area of patients with these modalities here
    brier: Score
    log_loss: Score
    brier_gain: Score  # over the class shares
    log_loss_gain: Score
    gain: Place  # of the Brier score
    two: bool  # classes
    level: str  # of the intervals, in percent
    threshold: float = THRESHOLD
    shares: Sequence[Share] = ()
    by_pattern: Sequence[PatternRow] = ()  # empty if there is one pattern
    figure: Figure | None = None


def score_of(
    evaluation: ExternalEvaluation, metric: str, pattern: str = "all"
) -> Score:
    """A score of the evaluation, as templates write it."""
    return Score(*evaluation.score(metric, pattern))


def external_performance(evaluation: ExternalEvaluation) -> ExternalPerformance:
    """Numbers of the section from an ExternalEvaluation."""
    table = evaluation.predictions
    counts = table["y_true"].value_counts().reindex(evaluation.classes, fill_value=0)
    two = len(evaluation.classes) == 2
    area = score_of(evaluation, "roc_auc")
    gain = score_of(evaluation, "brier_gain")
    return ExternalPerformance(
        n=len(table),
        n_positive=int(counts[evaluation.positive]),
        rarest=class_name(counts.idxmin()),
        n_rarest=int(counts.min()),
        few=bool(counts.min() < FEW),
        area=area,
        place=_place(area, GUESSING),
        **_at_home(evaluation),
        brier=score_of(evaluation, "brier"),
        log_loss=score_of(evaluation, "log_loss"),
        brier_gain=gain,
        log_loss_gain=score_of(evaluation, "log_loss_gain"),
        gain=_place(gain, 0.0),
        two=two,
        level=f"{100 * evaluation.confidence_level:.3g}",
        shares=_shares(evaluation) if two else [],
        by_pattern=_by_pattern(evaluation),
        figure=_draw(evaluation, counts) if two else None,
    )


def _at_home(evaluation: ExternalEvaluation) -> dict[str, Any]:
    """The area where the model comes from, and for which patients."""
    nothing = dict.fromkeys(("at_home", "home_pattern", "here"))
    home, pattern = evaluation.development, evaluation.development_pattern
    if home is None:
        return nothing
    named = [name for name in home.index if str(name).startswith("roc_auc")]
    if not named:
        return nothing
    here = None
    if pattern in evaluation.patterns:
        here = score_of(evaluation, "roc_auc", pattern)
    found = {"at_home": Score(*home.loc[named[0]]), "home_pattern": pattern}
    return found | {"here": here}


def _place(score: Score, nothing: float) -> Place:
    if score.low != score.low:
        return Place.UNKNOWN
    if score.low > nothing:
        return Place.ABOVE
    return Place.BELOW if score.high < nothing else Place.AROUND


def _shares(evaluation: ExternalEvaluation) -> list[Share]:
    rows: Any = evaluation.at_threshold(THRESHOLD).itertuples()
    return [
        Share(row.metric, Score(row.score, row.low, row.high), row.n_right, row.n)
        for row in rows
    ]


def _by_pattern(evaluation: ExternalEvaluation) -> list[PatternRow]:
    names = ["roc_auc", "brier", "log_loss", "calibration_slope"]
    names += ["calibration_intercept"]
    rows = []
    for pattern in evaluation.patterns[1:]:
        part = evaluation.scores[evaluation.scores["pattern"] == pattern].iloc[0]
        found = [score_of(evaluation, name, pattern) for name in names]
        rows.append(PatternRow(pattern, part["n_patients"], part["n_positive"], *found))
    return rows


def _draw(evaluation: ExternalEvaluation, counts: pd.Series) -> Figure | None:
    if counts.min() == 0:
        return None
    hits = evaluation.predictions["y_true"] == evaluation.positive
    p = evaluation.predictions[f"proba_{class_name(evaluation.positive)}"]
    name = short(evaluation.model)
    return draw(
        lambda: RocCurveDisplay.from_predictions(
            hits, p, name=name, plot_chance_level=True
        )
    )
