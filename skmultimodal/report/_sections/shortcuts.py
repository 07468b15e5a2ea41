"""Could something that is no biology explain the score?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skmultimodal.inspection import MetricIntervalsDisplay
from skmultimodal.report._compared import GUESSING, NOTHING, Score
from skmultimodal.report._figures import Figure, draw, short

__all__ = ["shortcuts"]

AREA = GUESSING["roc_auc"]  # and concordance
N_DRAWN = 12
SAME = 0.98
BLUE, GREY = "#0072B2", "#767676"  # of the first model in displays, and of guides
EVERY_COLUMN = "all columns"  # of audit_shortcuts
COVARIATES = ("presence", "metadata", "later")  # kinds of sources, of it too


class Explains(StrEnum):
    """Whether a source could explain the score of the model."""

    ALL = "all"
    PERHAPS = "perhaps"
    OPEN = "open"
    REVERSED = "reversed"
    ALIKE = "alike"  # it predicts all tested patients alike
    NOT = "not"
    LATER = "later"
    UNKNOWN = "unknown"


class Source(NamedTuple):
    """A row of the audit, and the judgement of it."""

    name: str
    score: Score
    tested: str
    kind: str
    gap: Score = NOTHING  # of the model to it, on the same folds
    explains: Explains = Explains.UNKNOWN


@dataclass(frozen=True)
class Shortcuts:
    """Numbers of the section."""

    audited: bool  # whether there is an audit
    metric: str = "roc_auc"  # by which it measures
    measure: str = "area"  # the same in a word, and at the start of a sentence
    title: str = "Area under the ROC curve"
    target: str = "label"  # what is predicted
    own: Score | None = None  # area of the model
    includes_guessing: bool = False  # whether the interval of the model does
    guessing: float = AREA
    sources: Sequence[Source] = ()  # the best first
    within: Source | None = None  # the model among patients of one hospital
    between: Source | None = None  # among those of different ones
    permuted: Source | None = None  # with labels permuted within hospitals
    explained: float | None = None  # share of the score that is then left
    beside: Source | None = None  # the model together with known covariates
    encoding: Sequence[Source] = ()  # the hospital, predicted from each modality
    declared: bool = False  # whether columns known before the outcome were named
    hospitals: Sequence[Source] = ()
    # Those of the others that explain the score best, if any could.
    suspects: Sequence[Source] = ()
    same: Sequence[str] = ()  # names of sources that are nearly the label
    same_area: float = SAME  # from which a source is nearly the label
    figure: Figure | None = None
    drawn: Sequence[tuple[str, Score]] = ()  # what the figure shows
    n_left: int = 0


OF_ORDER: dict[str, Any] = {"metric": "concordance", "measure": "concordance"}
OF_ORDER |= {"title": "Concordance", "target": "outcome"}


def shortcuts(
    audit: pd.DataFrame | None,
    *,
    model: str,
    own: Score | None,
    one_pattern: bool,
    hospitals: Sequence[Any],
    level: float,
) -> Shortcuts:
    """Numbers of the section.

    Parameters
    ----------
    audit : DataFrame or None
        Of `audit_shortcuts`.
    model : str
        Name of the model.
    own : Score or None
        Area of the model; None is that of the audit.
    one_pattern : bool
        Whether all tested rows have the same modalities.
    hospitals : list of str
        Columns of the metadata that are a hospital.
    level : float
        Confidence level of the intervals.
    """
    if audit is None:
        return Shortcuts(audited=False)
    words = {} if "roc_auc" in audit else OF_ORDER
    metric = words.get("metric", "roc_auc")
    table = audit.sort_values(metric, ascending=False, kind="stable")
    lines: Any = table.itertuples()
    rows = [
        Source(
            str(row.source),
            Score(getattr(row, metric), row.low, row.high),
            str(row.tested),
            row.kind,
            Score(row.difference, row.difference_low, row.difference_high),
        )
        for row in lines
    ]
    if own is None:
        own = next((row.score for row in rows if row.kind == "model"), None)
    sources = [row for row in rows if row.kind in COVARIATES]
    sources.sort(key=lambda source: source.kind == "later")
    if own is not None:
        sources = judge_sources(sources, own, one_pattern=one_pattern)
    candidates = [source for source in sources if source.kind != "later"]
    drawn = [(s.name, s.score) for s in candidates[:N_DRAWN]]
    if own is not None:
        drawn.insert(0, (model, own))
    guesses = own is not None and bool(own.low <= AREA)
    hospitals = [str(name) for name in hospitals]
    return Shortcuts(
        audited=True,
        **words,
        own=own,
        includes_guessing=guesses,
        sources=sources,
        within=_first(rows, "within"),
        between=_first(rows, "between"),
        permuted=_first(rows, "permuted"),
        explained=_explained(_first(rows, "permuted"), own),
        beside=next(
            (_of_covariates(row) for row in rows if row.kind == "beside"), None
        ),
        encoding=[_of_modality(row) for row in rows if row.kind == "encoding"],
        declared=any(row.kind == "later" for row in rows),
        **find_suspects(sources, hospitals, guesses=guesses),
        figure=_draw(drawn, own, metric, level),
        drawn=drawn,
        n_left=max(len(candidates) - N_DRAWN, 0),
    )


def _first(rows: Sequence[Source], kind: str) -> Source | None:
    return next((row for row in rows if row.kind == kind), None)


def _explained(permuted: Source | None, own: Score | None) -> float | None:
    """Share of what a score is above guessing that the hospital explains, or None."""
    if permuted is None or own is None or not own.mean > AREA:
        return None
    share = (permuted.score.mean - AREA) / (own.mean - AREA)
    return None if np.isnan(share) else float(np.clip(share, 0, 1))


def _of_covariates(row: Source) -> Source:
    return row._replace(name=row.name.removeprefix("estimator beside "))


def _of_modality(row: Source) -> Source:
    return row._replace(name=row.name.rpartition(" from ")[2])


def judge_sources(
    sources: Sequence[Source], own: Score, *, one_pattern: bool
) -> list[Source]:
    """Judge each source against the model, by their difference on the same folds.

    Parameters
    ----------
    sources : list of Source
    own : Score
        Area of the model.
    one_pattern : bool
        Whether all tested rows have the same modalities, which then distinguish none.

    Returns
    -------
    sources : list of Source
    """
    judged = []
    for source in sources:
        if source.kind == "later":
            explains = Explains.LATER
        elif one_pattern and source.kind == "presence":
            explains = Explains.NOT
        else:
            explains = _judge(source, own)
        judged.append(source._replace(explains=explains))
    return judged


def _judge(source: Source, own: Score) -> Explains:
    area, low, high = source.score
    gap, least, _ = source.gap
    if np.isnan(gap):  # of other rows, or folds
        gap, least = own.mean - area, own.low - high
    if area == AREA and np.isnan(low):
        return Explains.ALIKE
    if high < AREA:
        return Explains.REVERSED
    if area > AREA and gap <= 0:
        return Explains.ALL
    if not least > 0:  # NaN where there is no interval
        return Explains.PERHAPS if low > AREA else Explains.OPEN
    return Explains.NOT


def find_suspects(
    sources: Sequence[Source], hospitals: Sequence[str], *, guesses: bool = False
) -> dict[str, Any]:
    """The hospitals, what is nearly the label, and the worst of the others: dict.

    Of a model that may guess any source does as well: only those that do not are named.
    """
    known = [s for s in sources if s.kind != "later"]
    same = [s.name for s in known if s.score.mean >= SAME]
    apart = {*same, *hospitals, EVERY_COLUMN}
    suspects: list[Source] = []
    for explains in (Explains.ALL, Explains.PERHAPS, Explains.OPEN):
        suspects = suspects or [
            s
            for s in sources
            if s.explains == explains
            and s.name not in apart
            and (not guesses or s.score.low > AREA)
        ]
    return {
        "hospitals": [s for s in sources if s.name in hospitals],
        "suspects": suspects,
        "same": same,
    }


def _draw(
    drawn: Sequence[tuple[str, Score]], own: Score | None, metric: str, level: float
) -> Figure:
    values = np.array([score for _, score in drawn], dtype=float)

    def make() -> MetricIntervalsDisplay:
        display = MetricIntervalsDisplay(
            models=[short(name) for name, _ in drawn],
            metrics=[metric],
            mean=values[:, :1],
            low=values[:, 1:2],
            high=values[:, 2:],
            confidence_level=level,
        ).plot(kind="point")
        ax = display.ax_[0]
        ax.axvline(AREA, color=GREY, linewidth=1, zorder=0)
        if own is not None and np.isfinite(own.low):
            ax.axvspan(own.low, own.high, color=BLUE, alpha=0.1, zorder=0)
        return display

    return draw(make)
