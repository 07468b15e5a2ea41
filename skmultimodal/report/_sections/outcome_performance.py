"""How good a model of a number or of a time is, and against which others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.inspection import DifferencesDisplay, MetricIntervalsDisplay
from skmultimodal.model_selection import OutcomeComparison
from skmultimodal.report._compared import Difference, Score
from skmultimodal.report._figures import Figure, draw

__all__ = ["outcome_performance"]

# What guessing has: risks in any order, or the mean of everybody.
GUESSING = {"uno_c": 0.5, "auc": 0.5, "r2": 0.0}
ALPHA = 0.05


class Verdict(StrEnum):
    """What all scores come to."""

    UNDECIDED = "undecided"
    GUESSING = "guessing"
    ALONE = "alone"
    BETTER = "better"
    NOT_BETTER = "not better"


@dataclass(frozen=True)
class OutcomePerformance:
    """Numbers of the section."""

    verdict: Verdict
    survival: bool
    metric: str  # the leading metric
    own: Score
    guessing: float | None
    best: str | None  # of the other models
    best_score: Score | None
    difference: Difference | None  # of the best to the model
    n_tested: int
    n_events: int  # of times
    n_folds: int
    n_repeats: int
    n_unpaired: int
    level: str
    metrics: list[str]
    scores: dict[str, list[Any]]  # of each model, None where it lacks a metric
    differences: list[Difference]
    n_tests: int
    scores_figure: Figure
    # Columns that models of metadata read.
    known: Mapping[str, list[str]] = field(default_factory=dict)
    horizon: str = ""  # of times, up to which they are scored: mean of the folds
    differences_figure: Figure | None = None

    @property
    def predicts(self) -> bool:
        """Whether there is a score to explain."""
        return self.verdict not in (Verdict.UNDECIDED, Verdict.GUESSING)


def outcome_performance(
    comparison: OutcomeComparison,
    model: str,
    known: Mapping[str, list[str]] | None = None,
) -> OutcomePerformance:
    """Numbers of the section.

    Parameters
    ----------
    comparison : OutcomeComparison
    model : str
    known : dict of str to list of str, default=None
        Columns that models of the metadata read.
    """
    table = comparison.predictions(models=[model])
    patients = table.drop_duplicates("row")
    survival = "event" in table
    summary = comparison.summary().set_index(["model", "metric"])
    metric = comparison.metrics[0]
    scores: dict[str, list[Any]] = {
        name: [_score(summary, name, m) for m in comparison.metrics]
        for name in comparison.models
    }
    differences = _differences(comparison, model, metric)
    others = {name: s[0] for name, s in scores.items() if name != model and s[0]}
    best = max(others, key=lambda name: others[name].mean) if others else None
    own = scores[model][0]
    guessing, horizons = GUESSING.get(metric), comparison.horizons
    return OutcomePerformance(
        verdict=_judge(own, guessing, differences),
        survival=survival,
        metric=metric,
        own=own,
        guessing=guessing,
        best=best,
        best_score=None if best is None else others[best],
        difference=next((d for d in differences if d.other == best), None),
        n_tested=len(patients),
        n_events=int(patients["event"].sum()) if survival else 0,
        n_folds=len(comparison.folds) // (1 + comparison.folds[-1].repeat),
        n_repeats=1 + comparison.folds[-1].repeat,
        n_unpaired=comparison.n_unpaired,
        level=f"{100 * comparison.confidence_level:.3g}",
        metrics=comparison.metrics,
        scores=scores,
        differences=differences,
        n_tests=len(differences),
        scores_figure=draw(
            lambda: MetricIntervalsDisplay.from_comparison(
                comparison, metrics=[metric], kind="point"
            )
        ),
        known=known or {},
        horizon="" if horizons is None else _rounded(horizons.mean()),
        differences_figure=_draw(comparison, model, metric) if others else None,
    )


def _score(summary: pd.DataFrame, model: str, metric: str) -> Score | None:
    if (model, metric) not in summary.index:
        return None
    return Score(*summary.loc[(model, metric), ["mean", "low", "high"]])


def _rounded(time: float) -> str:
    """A time in whole units, or in three digits if it is below 100."""
    return f"{time:.0f}" if time >= 100 else f"{time:.3g}"


def _differences(
    comparison: OutcomeComparison, model: str, metric: str
) -> list[Difference]:
    table = comparison.differences(metrics=[metric], reference=model)
    rows: Any = table.itertuples()
    return [
        Difference(row.model_a, row.difference, row.low, row.high, row.p, row.p_holm)
        for row in rows
    ]


def _judge(
    own: Score, guessing: float | None, differences: Sequence[Difference]
) -> Verdict:
    if guessing is None or np.isnan(own.low):
        return Verdict.UNDECIDED
    if own.low <= guessing:
        return Verdict.GUESSING
    if not differences:
        return Verdict.ALONE
    # Not better than every other, unless the least certain difference is beyond chance.
    worst = max(d.p_holm if d.mean < 0 else 1.0 for d in differences)
    return Verdict.BETTER if worst < ALPHA else Verdict.NOT_BETTER


def _draw(comparison: OutcomeComparison, model: str, metric: str) -> Figure:
    return draw(
        lambda: DifferencesDisplay.from_comparison(
            comparison, metric=metric, reference=model
        )
    )
