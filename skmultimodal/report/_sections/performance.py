"""How good the model is, and against which others."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from skmultimodal.inspection import (
    DifferencesDisplay,
    MetricIntervalsDisplay,
    RocBandsDisplay,
)
from skmultimodal.report._compared import (
    ComparedModel,
    Difference,
    PatternScores,
    Score,
)
from skmultimodal.report._figures import Figure, draw, short
from skmultimodal.report._study import Pattern, Study

__all__ = ["performance"]

ALPHA = 0.05
FEW_TESTED = 10  # rows of a class


class Verdict(StrEnum):
    """What all scores come to."""

    UNDECIDED = "undecided"  # guessing is unknown, or the interval
    GUESSING = "guessing"
    ALONE = "alone"  # no other model to judge the score by
    BETTER = "better"
    NOT_BETTER = "not better"


class Place(StrEnum):
    """Where the score lies, compared with guessing."""

    UNKNOWN = "unknown"
    AROUND = "around"  # the interval includes guessing
    ABOVE = "above"
    BELOW = "below"


class Evidence(StrEnum):
    """Whether the model and the best of the others differ."""

    UNTESTED = "untested"
    UNNAMED = "unnamed"  # not among the comparisons that were named beforehand
    BEYOND_CHANCE = "beyond chance"
    UNCERTAIN = "uncertain"


class Hospital(StrEnum):
    """Whether the hospitals of tested rows also train the models."""

    UNKNOWN = "unknown"
    SHARED = "shared"
    APART = "apart"


class Roc(StrEnum):
    """Whether there is a ROC curve."""

    DRAWN = "drawn"
    NO_PROBABILITIES = "no probabilities"
    ONE_CLASS = "one class"


@dataclass(frozen=True)
class Performance:
    """Numbers of the section."""

    verdict: Verdict
    few: bool  # whether a class has so few tested rows that no score means much
    hospital: Hospital
    rarest: str  # the class with the fewest tested rows
    n_rarest: int
    metric: str  # the leading metric
    own: Score
    guessing: float | None  # what guessing has on the leading metric
    place: Place
    # Tested rows of the class, and other ones that are taken for it: means over the
    # repeats, beside how many there are.
    n_found: float
    n_positive: int
    n_wrong: float
    n_negative: int
    best: str | None  # of the other models
    best_score: Score | None
    difference: Any  # score of the best other model less that of the model
    evidence: Evidence | None
    # Likewise, of the model of what is known beforehand alone, unless it is the best.
    known: Any
    known_score: Score | None
    known_evidence: Evidence | None
    largest_p: float  # of the differences to the others, NaN if one is not worse
    named: bool  # whether the model was named beforehand as the reference
    seeds: list[float]  # score of the model for each random seed of training
    n_draws: int  # of the unpaired rows, with other seeds, which are in the intervals
    # That a fit of each model trains; empty if they are all as many.
    networks: dict[str, int]
    n_others: int
    n_tested: int
    patterns: list[Pattern]
    n_folds: int
    n_repeats: int
    n_train: tuple[int, int]  # training rows of the smallest and of the largest fold
    # Those of them that are labelled and have two modalities.
    n_train_several: tuple[int, int]
    level: str  # of the intervals, in percent
    scores: dict[str, list[Score | None]]  # scores of each model on `metrics`
    metrics: list[str]
    scored: str  # the class that scores of one class are about
    differences: list[Difference]
    n_tests: int
    # Of the model and the best other; empty if there is one pattern.
    by_pattern: list[PatternScores]
    scores_figure: Figure
    differences_figure: Figure | None
    roc: Roc
    roc_figure: Figure | None
    roc_models: list[str]


def performance(study: Study) -> Performance:
    """Numbers of the section from a study."""
    tested = study.tested
    trains = [np.unique(fold.train) for fold in tested.folds]
    sizes = [len(train) for train in trains]
    several = study.cohort.available.to_numpy().sum(axis=1) > 1
    several &= study.codes >= 0
    of_fusion = [int(several[train].sum()) for train in trains]
    scored = tested.classes.index(tested.comparison.positive)
    return Performance(
        verdict=_judge(tested),
        few=bool(study.tested_sizes[study.rarest] < FEW_TESTED),
        hospital=_hospital(study),
        rarest=study.names[study.rarest],
        n_rarest=int(study.tested_sizes[study.rarest]),
        metric=tested.metric,
        own=tested.own,
        guessing=tested.guessing,
        place=_place(tested.own, tested.guessing),
        **_count_found(study),
        **_compare(tested),
        seeds=tested.seeds,
        n_draws=tested.n_draws,
        n_tested=len(tested.rows),
        patterns=study.tested_patterns,
        n_folds=tested.n_folds,
        n_repeats=tested.n_repeats,
        n_train=(min(sizes), max(sizes)),
        n_train_several=(min(of_fusion), max(of_fusion)),
        level=f"{100 * tested.level:.3g}",
        scores={m: [tested.score(m, k) for k in tested.metrics] for m in tested.models},
        metrics=tested.metrics,
        scored=study.names[scored],
        by_pattern=_by_pattern(tested),
        scores_figure=_draw_scores(tested),
        **_roc(study),
    )


def _hospital(study: Study) -> Hospital:
    if not study.hospitals:
        return Hospital.UNKNOWN
    shared = any(study.shares_hospital(column) for column in study.hospitals)
    return Hospital.SHARED if shared else Hospital.APART


def _by_pattern(tested: ComparedModel) -> list[PatternScores]:
    rows = tested.by_pattern
    return rows if len({row.pattern for row in rows}) > 1 else []


def _compare(tested: ComparedModel) -> dict[str, Any]:
    """The model beside the others, and beside the best of them."""
    best = tested.best_other
    difference = None if best is None else tested.differences[best]
    several = len(tested.models) > 1
    return {
        "best": best,
        "best_score": None if best is None else tested.others[best],
        "difference": difference,
        "evidence": None if difference is None else _weigh(difference),
        **_beside_known(tested),
        "largest_p": tested.largest_p,
        "named": tested.named,
        "networks": tested.networks if len(set(tested.networks.values())) > 1 else {},
        "n_others": len(tested.others),
        "differences": list(tested.differences.values()) if several else [],
        "n_tests": tested.n_tests if several else 0,
        "differences_figure": _draw_differences(tested) if several else None,
    }


def _beside_known(tested: ComparedModel) -> dict[str, Any]:
    """The model beside that of what is known beforehand alone."""
    name = tested.of_metadata
    if name in (None, tested.best_other):
        return dict.fromkeys(("known", "known_score", "known_evidence"))
    return {
        "known": tested.differences[name],
        "known_score": tested.others[name],
        "known_evidence": _weigh(tested.differences[name]),
    }


def _judge(tested: ComparedModel) -> Verdict:
    guessing = tested.guessing
    if guessing is None or _place(tested.own, guessing) == Place.UNKNOWN:
        return Verdict.UNDECIDED
    if tested.own.low <= guessing:
        return Verdict.GUESSING
    if tested.best_other is None:
        return Verdict.ALONE
    better = tested.largest_p < ALPHA
    return Verdict.BETTER if better else Verdict.NOT_BETTER


def _place(own: Score, guessing: float | None) -> Place:
    if guessing is None or np.isnan(own.low):
        return Place.UNKNOWN
    if own.low <= guessing <= own.high:
        return Place.AROUND
    return Place.ABOVE if own.mean > guessing else Place.BELOW


def _weigh(difference: Difference) -> Evidence:
    if np.isnan(difference.p):
        return Evidence.UNTESTED
    if np.isnan(difference.p_holm):
        return Evidence.UNNAMED
    beyond = difference.p_holm < ALPHA
    return Evidence.BEYOND_CHANCE if beyond else Evidence.UNCERTAIN


def _count_found(study: Study) -> dict[str, Any]:
    """Rows of the class that are found, and others that are taken for it."""
    table = study.tested.predictions
    true = study.codes[table["row"].to_numpy()] == study.positive
    called = (table["y_pred"] == study.positive_label).to_numpy()
    n_positive = int(study.tested_sizes[study.positive])
    return {
        "n_found": (called & true).sum() / study.tested.n_repeats,
        "n_positive": n_positive,
        "n_wrong": (called & ~true).sum() / study.tested.n_repeats,
        "n_negative": len(study.tested.rows) - n_positive,
    }


def _roc(study: Study) -> dict[str, Any]:
    """Whether there are ROC curves, their figure, and the models that it has."""
    # More curves would hide each other; the areas of all are in the table.
    shown = (study.model, study.tested.best_other)
    models = [name for name in study.tested.models_with_probabilities if name in shown]
    hits = [study.codes[fold.test] == study.positive for fold in study.tested.folds]
    roc = Roc.DRAWN
    if not study.tested.has_probabilities:
        roc = Roc.NO_PROBABILITIES
    elif not any(len(set(part.tolist())) == 2 for part in hits):
        roc = Roc.ONE_CLASS
    figure = _draw_roc(study, models) if roc == Roc.DRAWN else None
    return {"roc": roc, "roc_figure": figure, "roc_models": models}


def _draw_scores(tested: ComparedModel) -> Figure:
    return draw(
        lambda: MetricIntervalsDisplay.from_comparison(
            tested.comparison, metrics=[tested.metric], kind="point"
        )
    )


def _draw_differences(tested: ComparedModel) -> Figure:
    return draw(
        lambda: DifferencesDisplay.from_comparison(
            tested.comparison, metric=tested.metric, reference=tested.model
        )
    )


def _draw_roc(study: Study, models: list[str]) -> Figure:
    def make() -> RocBandsDisplay:
        display = RocBandsDisplay.from_comparison(
            study.tested.comparison,
            models=models,
            positive=study.positive_label,
            bands=models,
        )
        name = short(study.positive_name)
        display.ax_.set_ylabel(f"True positive rate (positive: {name})")
        return display

    return draw(make)
