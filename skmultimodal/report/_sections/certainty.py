"""How sure the model is: whether its probabilities come true, and prediction sets."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss

from skmultimodal.inspection import PatternCalibrationDisplay
from skmultimodal.model_selection import corrected_t_interval, wilson_interval
from skmultimodal.report._compared import NOTHING, Score
from skmultimodal.report._figures import Figure, draw, short
from skmultimodal.report._study import Study
from skmultimodal.utils._calibration_line import calibration_line
from skmultimodal.utils._ids import are_among
from skmultimodal.utils._labels import class_name
from skmultimodal.utils._optional import import_optional

__all__ = ["certainty"]

MIN_BIN_ROWS = 10
MIN_CURVE_ROWS = 50
OTHERS = "(other classes)"
COLOURS = ["#0072B2", "#D55E00"]


class Reliability(NamedTuple):
    """Predicted and observed share of the class; ``pattern`` is None for all rows.

    ``constant`` is the Brier score of always predicting the share.
    """

    pattern: str | None
    n: int
    predicted: float
    observed: Score
    brier: float
    constant: float


class GivenSets(NamedTuple):
    """Prediction sets; their coverage and calibration rows by pattern, where known."""

    table: pd.DataFrame
    stated: float | None
    counts: pd.Series | pd.DataFrame | None


class Held(NamedTuple):
    """How often the sets of labelled patients hold the class."""

    pattern: str
    label: str | None  # None for all classes
    n: int
    share: Score


@dataclass(frozen=True)
class Certainty:
    """Numbers of the section."""

    has_probabilities: bool
    rows: Sequence[Reliability] = ()  # by pattern, and last of all tested rows
    gain: Score = NOTHING  # of the Brier score of all, against that of a constant
    slope: Score = NOTHING  # of the class on the predicted log-odds, of all
    intercept: Score = NOTHING
    ratio: Score = NOTHING  # observed to expected, of all
    is_histogram: bool = False  # the figure, of too few for a curve
    figure: Figure | None = None
    min_bin_rows: int = MIN_BIN_ROWS
    untested: Sequence[str] = ()  # patterns of which no row was tested
    set_sizes: list[int] | None = (
        None  # rows whose set has no class, one class and so on
    )
    covered: float | None = None
    stated: float | None = None
    # Pairs of a pattern and its calibration rows.
    n_calibration: Sequence[tuple[str, int]] = ()
    held: Sequence[Held] = ()  # by pattern, and by class in it
    n_trained: int = 0  # patients with sets on whom the model was fitted


def certainty(study: Study, sets: GivenSets | None) -> Certainty:
    """Numbers of the section from a study and the table of prediction sets."""
    if not study.tested.has_probabilities:
        return Certainty(has_probabilities=False)
    rows = _reliability(study)
    tested = {row.pattern for row in rows}
    return Certainty(
        has_probabilities=True,
        rows=rows,
        **_calibration(study, rows[-1]),
        is_histogram=rows[-1].n < MIN_CURVE_ROWS,
        figure=_draw(study, rows[-1].n < MIN_CURVE_ROWS),
        untested=[p for p in study.cohort.summary().index if p not in tested],
        **({} if sets is None else _measure_sets(study, sets)),
    )


def _reliability(study: Study) -> list[Reliability]:
    """Predicted, mean over the repeats, and observed by pattern."""
    rows = study.tested.rows
    p = study.tested.probabilities[study.positive].to_numpy()
    hits = (study.codes[rows] == study.positive).astype(int)
    patterns = study.patterns[rows]
    parts = {name: patterns == name for name in dict.fromkeys(patterns.tolist())}
    if len(parts) > 1:
        parts[None] = np.ones(len(p), dtype=bool)
    found = []
    for name, mask in parts.items():
        n, n_hits = int(mask.sum()), int(hits[mask].sum())
        share = n_hits / n
        found.append(
            Reliability(
                name,
                n,
                p[mask].mean(),
                Score(share, *wilson_interval(n_hits, n)),
                brier_score_loss(hits[mask], p[mask].clip(0, 1), pos_label=1),
                share * (1 - share),
            )
        )
    return found


def _calibration(study: Study, everyone: Reliability) -> dict[str, Any]:
    """Of all tested rows: gain on a constant, slope, intercept and ratio: dict."""
    tested, level = study.tested, study.tested.level
    codes = study.codes[tested.rows]
    p = tested.probabilities.to_numpy()
    hits = codes == study.positive
    own = p[:, study.positive]
    gain = float(np.mean((hits.mean() - hits) ** 2 - (own - hits) ** 2))
    line = calibration_line(codes, p, study.positive, level, tested.test_to_train)
    found = everyone.observed
    shares = np.array([found.mean, found.low, found.high]) / everyone.predicted
    return {
        "gain": Score(gain, *_around(gain, _gains_of_folds(study, hits.mean()), study)),
        "slope": Score(line.slope, line.slope_low, line.slope_high),
        "intercept": Score(line.intercept, line.intercept_low, line.intercept_high),
        "ratio": Score(*shares),
    }


def _gains_of_folds(study: Study, share: float) -> NDArray[Any]:
    """Gain on a constant of each fold, with the probabilities of its repeat."""
    table = study.tested.predictions
    hits = study.codes[table["row"].to_numpy()] == study.positive
    gains = (share - hits) ** 2 - (table[study.positive] - hits) ** 2
    return gains.groupby([table["repeat"], table["fold"]]).mean().to_numpy()


def _around(mean: float, values: NDArray[Any], study: Study) -> tuple[float, float]:
    """Interval of a mean, as wide as that of the values of the folds."""
    tested = study.tested
    ratio = tested.comparison.test_to_train
    low, high = corrected_t_interval(values, ratio, confidence_level=tested.level)
    return mean - (high - low) / 2, mean + (high - low) / 2


def _draw(study: Study, is_histogram: bool) -> Figure:
    rows = study.tested.rows
    p = study.tested.probabilities[study.positive].to_numpy().clip(0, 1)
    # Rows of one class are named like it, all others alike.
    named = np.where(study.codes[rows] == study.positive, study.positive_name, OTHERS)
    if is_histogram:
        return draw(lambda: _Histogram(p, named, study.positive_name))

    def make() -> PatternCalibrationDisplay:
        with warnings.catch_warnings():
            # The curve of a pattern with few rows is one point, as is seen.
            warnings.filterwarnings("ignore", message="pattern .* has .* rows")
            return PatternCalibrationDisplay.from_predictions(
                named,
                p,
                study.patterns[rows],
                positive=study.positive_name,
                min_bin_rows=MIN_BIN_ROWS,
            )

    return draw(make)


class _Histogram:
    """Predicted probabilities of the patients of each class."""

    def __init__(self, p: NDArray[Any], named: NDArray[Any], positive: str) -> None:
        plt = import_optional("matplotlib.pyplot", "report")
        self.figure_, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
        names = [positive, OTHERS]
        values = [p[named == name] for name in names]
        labels = [
            f"{short(name)}: {len(part)} patients"
            for name, part in zip(names, values, strict=True)
        ]
        options = {"color": COLOURS, "edgecolor": "white", "label": labels}
        _, _, (_, others) = ax.hist(values, np.linspace(0, 1, 11), **options)
        for bar in others:
            bar.set_hatch("//")
        ax.set(
            xlim=(0, 1),
            xlabel=f"predicted probability of class {short(positive)}",
            ylabel="patients",
        )
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)


def _measure_sets(study: Study, sets: GivenSets) -> dict[str, Any]:
    """How many classes the sets have, and how often the true one: dict."""
    table, counts = sets.table, sets.counts
    places = study.cohort.index.get_indexer(table.index)
    codes = np.where(places < 0, -1, study.codes[places])
    labelled = np.flatnonzero(codes >= 0)
    holds = table.to_numpy()[labelled, codes[labelled]]
    patterns, codes = study.patterns[places[labelled]], codes[labelled]
    sizes = np.bincount(table.sum(axis=1), minlength=len(study.classes) + 1)
    if isinstance(counts, pd.DataFrame):
        counts = counts.sum(axis=1)
    return {
        "set_sizes": sizes.tolist(),
        "covered": holds.mean() if len(holds) else None,
        "stated": sets.stated,
        "n_calibration": [] if counts is None else list(counts.items()),
        "held": list(_held(study, holds, patterns, codes)),
        "n_trained": _count_trained(study.estimator, table.index),
    }


def _held(
    study: Study, holds: NDArray[Any], patterns: NDArray[Any], codes: NDArray[Any]
) -> Iterator[Held]:
    """Yield a Held for each pattern, and for each class in it."""
    for pattern in dict.fromkeys(patterns.tolist()):
        here = patterns == pattern
        for code in (None, *range(len(study.classes))):
            rows = here if code is None else here & (codes == code)
            n, n_held = int(rows.sum()), int(holds[rows].sum())
            if n:
                label = None if code is None else class_name(study.classes[code])
                share = Score(n_held / n, *wilson_interval(n_held, n))
                yield Held(pattern, label, n, share)


def _count_trained(estimator: Any, index: pd.Index) -> int:
    return int(are_among(index, getattr(estimator, "fit_ids_", None)).sum())
