"""Predicted times or numbers beside what came."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.metrics import PredictionErrorDisplay

from skmultimodal.inspection import RiskGroupsDisplay
from skmultimodal.report._compared import Score
from skmultimodal.report._figures import Figure, draw

__all__ = ["outcome_truth"]

N_GROUPS = 3
FEWEST = 5  # patients of a group


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
    figure: Figure | None = None


def outcome_truth(comparison, model):
    """Numbers of the section.

    Parameters
    ----------
    comparison : OutcomeComparison
    model : str
    """
    table = comparison.predictions(models=[model])
    if "event" in table:
        return _of_times(comparison, model, table.drop_duplicates("row"))
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
        figure=draw(partial(_scatter, y, predicted)),
    )


def _scatter(y, predicted):
    display = PredictionErrorDisplay.from_predictions(
        y, predicted, kind="actual_vs_predicted"
    )
    display.figure_.set_layout_engine("constrained")  # lest names be cut off
    return display


def _of_times(comparison, model, patients):
    n_groups = min(N_GROUPS, len(patients) // FEWEST)
    figure, p = None, np.nan
    if n_groups > 1:
        made = []

        def make():
            display = RiskGroupsDisplay.from_comparison(
                comparison, model, n_groups=n_groups
            )
            made.append(display)
            return display

        figure = draw(make)
        p = made[0].pvalue_
    return OutcomeTruth(
        survival=True,
        n=len(patients),
        n_events=int(patients["event"].sum()),
        follow_up=_follow_up(patients["time"].to_numpy(), patients["event"].to_numpy()),
        p=p,
        figure=figure,
    )


def _follow_up(time, event):
    """Median time to censoring (reverse Kaplan-Meier); empty if it is not reached."""
    order = np.argsort(time, kind="stable")
    time, censored = time[order], ~event[order].astype(bool)
    at_risk = len(time) - np.arange(len(time))
    left = np.cumprod(1 - censored / at_risk)
    reached = np.flatnonzero(left <= 0.5)
    return f"{time[reached[0]]:.4g}" if len(reached) else ""
