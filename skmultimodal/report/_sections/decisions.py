"""What comes of acting on the probabilities, from one threshold or several."""

from collections.abc import Sequence
from dataclasses import dataclass

from skmultimodal.inspection import DecisionCurveDisplay
from skmultimodal.report._compared import AtThreshold
from skmultimodal.report._figures import Figure, draw
from skmultimodal.report._study import Study

__all__ = ["decisions"]

UNNAMED = 0.5  # where nobody named a threshold


@dataclass(frozen=True)
class Decisions:
    """Numbers of the section."""

    has_probabilities: bool
    named: bool = False  # whether the thresholds were
    rows: Sequence[AtThreshold] = ()  # of the model, by threshold
    shown: Sequence[float] = ()  # thresholds from which it is shown to be of use
    models: Sequence[str] = ()  # of the figure
    figure: Figure | None = None


def decisions(study: Study, thresholds: Sequence[float] | None) -> Decisions:
    """Numbers of the section from a study and thresholds, or None."""
    tested = study.tested
    if not tested.has_probabilities:
        return Decisions(has_probabilities=False)
    named = thresholds is not None
    used = [UNNAMED] if thresholds is None else thresholds
    rows = tested.at_thresholds(used, study.positive)
    shown = [name for name in (tested.model, tested.best_other) if name is not None]
    models = [name for name in tested.models_with_probabilities if name in shown]
    return Decisions(
        has_probabilities=True,
        named=named,
        rows=rows,
        shown=[row.threshold for row in rows if row.gain.low > 0],
        models=models,
        figure=_draw(study, used, models) if named and len(rows) > 1 else None,
    )


def _draw(study: Study, thresholds: Sequence[float], models: list[str]) -> Figure:
    return draw(
        lambda: DecisionCurveDisplay.from_comparison(
            study.tested.comparison,
            thresholds,
            models=models,
            positive=study.positive_label,
        )
    )
