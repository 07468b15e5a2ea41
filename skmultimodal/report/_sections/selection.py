"""Whether scores would be those of all patients: weights, a sensitivity analysis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from skmultimodal.report._compared import ComparedModel, Score
from skmultimodal.report._study import Study

__all__ = ["selection"]


class Weighted(NamedTuple):
    """Score of a model on the leading metric, as it is and weighted."""

    model: str
    plain: Score | None
    weighted: Score | None


@dataclass(frozen=True)
class Selection:
    """Numbers of the section."""

    weights: Any = None  # as of selection_weights
    metric: str = ""
    can_be_weighted: bool = True  # whether the metric can
    n: int = 0
    rows: Sequence[Weighted] = ()  # the model, then the best other


def selection(study: Study, weights: Any) -> Selection:
    """Numbers of the section from a study and the weights, or None."""
    tested = study.tested
    if weights is None:
        return Selection()
    given = {"weights": weights, "metric": tested.metric, "n": len(study.cohort)}
    if not tested.can_be_weighted:
        return Selection(**given, can_be_weighted=False)
    comparison = tested.comparison.reweighted(weights.weights, metrics=[tested.metric])
    weighted = ComparedModel(comparison, tested.model)
    names = [name for name in (tested.model, tested.best_other) if name is not None]
    scores = [
        [compared.score(name, tested.metric) for compared in (tested, weighted)]
        for name in names
    ]
    rows = [Weighted(name, *pair) for name, pair in zip(names, scores, strict=True)]
    return Selection(**given, rows=rows)
