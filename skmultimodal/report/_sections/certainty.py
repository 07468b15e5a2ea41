"""How sure the model is: whether its probabilities come true, and prediction sets."""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss

from skmultimodal.inspection import PatternCalibrationDisplay
from skmultimodal.model_selection import wilson_interval
from skmultimodal.report._compared import Score
from skmultimodal.report._figures import Figure, draw

__all__ = ["certainty"]

MIN_BIN_ROWS = 10
OTHERS = "(other classes)"


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


@dataclass(frozen=True)
class Certainty:
    """Numbers of the section."""

    has_probabilities: bool
    rows: list = ()  # by pattern, and last of all tested rows
    better: bool = False  # the Brier score of all than that of a constant
    figure: Figure | None = None
    min_bin_rows: int = MIN_BIN_ROWS
    untested: list = ()  # patterns of which no row was tested
    set_sizes: list | None = None  # rows whose set has no class, one class and so on
    covered: float | None = None


def certainty(study, sets):
    """Numbers of the section from a study and the table of prediction sets."""
    if not study.tested.has_probabilities:
        return Certainty(has_probabilities=False)
    rows = _reliability(study)
    tested = {row.pattern for row in rows}
    set_sizes, covered = (None, None) if sets is None else _measure_sets(study, sets)
    return Certainty(
        has_probabilities=True,
        rows=rows,
        better=bool(rows[-1].brier < rows[-1].constant),
        figure=_draw(study),
        untested=[p for p in study.cohort.summary().index if p not in tested],
        set_sizes=set_sizes,
        covered=covered,
    )


def _reliability(study):
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


def _draw(study):
    table = study.tested.predictions
    one = table[table["repeat"] == 0]
    rows = one["row"].to_numpy()
    p = one[study.positive].to_numpy().clip(0, 1)
    # Rows of one class are named like it, all others alike.
    named = np.where(study.codes[rows] == study.positive, study.positive_name, OTHERS)

    def make():
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


def _measure_sets(study, sets):
    """How many classes the sets have, and how often the true one."""
    codes = pd.Series(study.codes, index=study.cohort.index)
    codes = codes.reindex(sets.index).fillna(-1).astype(int).to_numpy()
    sizes = np.bincount(sets.sum(axis=1), minlength=len(study.classes) + 1).tolist()
    labelled = np.flatnonzero(codes >= 0)
    if not len(labelled):
        return sizes, None
    return sizes, sets.to_numpy()[labelled, codes[labelled]].mean()
