"""Cox's partial likelihood, and the baseline hazard that goes with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._survival_target import strata_of

__all__ = ["Baseline", "CoxLikelihood", "fit_baseline", "nelson_aalen"]

Floats = NDArray[np.float64]
# How much the hazard of all rows counts in that of a stratum: as so many rows at risk,
# of a level that so many events hold at that of all. Chosen by the Brier score of
# overall survival in tcga_pancan; benchmarks/accuracy/results/notes.md.
PRIOR_AT_RISK, PRIOR_EVENTS = 20.0, 2.0


class _Stratum:
    """Rows that share a baseline hazard, prepared for sums over those at risk.

    A row is at risk at a time of an event that is after its entry and not after its
    own time.
    """

    def __init__(
        self, target: NDArray, rows: NDArray[np.intp], times: Floats | None = None
    ) -> None:
        self.rows = rows
        self.event = target["event"][rows]
        time = target["time"][rows]
        own = time[self.event]
        self.times = np.unique(own) if times is None else times
        place = np.searchsorted(self.times, own)
        self.n_events = np.bincount(place, minlength=len(self.times))
        # Numbers of the times of events up to a row's own, and up to its entry.
        self.stop = np.searchsorted(self.times, time, side="right")
        self.start = np.zeros(len(rows), dtype=np.intp)
        if "entry" in (target.dtype.names or ()):
            self.start = np.searchsorted(self.times, target["entry"][rows], "right")
        # Efron: of the d events of one time, the l-th leaves out l / d of each.
        self.at = np.repeat(np.arange(len(self.times)), self.n_events)
        first = np.cumsum(self.n_events) - self.n_events
        rank = np.arange(len(self.at)) - first[self.at]
        self.left_out = rank / self.n_events[self.at]

    def at_risk(self, weights: Floats) -> Floats:
        """Sum of weights over the rows at risk at each time of an event."""
        n = len(self.times)
        leave = np.bincount(self.stop, weights, n + 1)
        enter = np.bincount(self.start, weights, n + 1)
        before = np.cumsum(enter - leave)
        return before[:-1]

    def spread(self, by_time: NDArray) -> Floats:
        """Sum over the times at which each row is at risk."""
        total = np.append(0.0, np.cumsum(by_time))
        return total[self.stop] - total[self.start]

    def __call__(self, eta: Floats) -> tuple[float, Floats]:
        shift = eta.max()
        weights = np.exp(eta - shift)
        tied = np.bincount(
            self.stop[self.event] - 1, weights[self.event], len(self.times)
        )
        risk = self.at_risk(weights)[self.at] - self.left_out * tied[self.at]
        risk = np.maximum(risk, np.finfo(float).tiny)
        value = np.sum(np.log(risk) + shift) - np.sum(eta[self.event])
        n = len(self.times)
        rate = self.spread(np.bincount(self.at, 1 / risk, n))
        spared = np.bincount(self.at, self.left_out / risk, n)
        gradient = weights * rate - self.event
        own = self.stop[self.event] - 1
        gradient[self.event] -= weights[self.event] * spared[own]
        return value, gradient


class CoxLikelihood:
    """Negative log partial likelihood of log-hazards, with Efron's treatment of ties.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
        As of ``make_survival_target``, each row labelled. Rows are compared within
        their stratum.
    """

    # Of the outputs, as of the other likelihoods; log-hazards have no origin.
    unit = 1.0
    origin = np.zeros(1)

    def __init__(self, target: NDArray) -> None:
        strata = strata_of(target)
        parts = (np.flatnonzero(strata == s) for s in np.unique(strata))
        self.strata = [
            _Stratum(target, rows) for rows in parts if target["event"][rows].any()
        ]

    def __call__(self, outputs: Floats) -> tuple[float, Floats]:
        """Value, and gradient in `outputs` of shape (n_rows, 1)."""
        eta = outputs[:, 0]
        value, gradient = 0.0, np.zeros(len(eta))
        for stratum in self.strata:
            part, gradient[stratum.rows] = stratum(eta[stratum.rows])
            value += part
        return value, gradient[:, None]


@dataclass(frozen=True)
class Baseline(ModelPart):
    """Cumulative baseline hazard of one stratum, a step function.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        Of events, rising.
    hazard : ndarray of shape (n_times,)
        Cumulative, from each time on; 0 before the first.
    """

    times: Floats
    hazard: Floats

    def __call__(self, times: Floats) -> Floats:
        """Cumulative hazard at any times."""
        place = np.searchsorted(self.times, times, side="right")
        return np.append(0.0, self.hazard)[place]


def fit_baseline(target: NDArray, eta: Floats) -> dict[Any, Baseline]:
    """Baseline hazards for log-hazards `eta`: dict of stratum to Baseline.

    Breslow's estimate. A stratum of some dozens of rows does not show its hazard over
    all times: Breslow's estimate of all rows, in proportion to the events of the
    stratum, is added as if `PRIOR_AT_RISK` rows were at risk (the mean of a gamma
    process given the rows). A single stratum is not changed by it.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
        Each row labelled.
    eta : ndarray of shape (n_rows,)
    """
    strata, weights = strata_of(target), np.exp(eta)
    every = _Stratum(target, np.arange(len(target)))
    at_risk = np.maximum(every.at_risk(weights), np.finfo(float).tiny)
    pooled = every.n_events / at_risk
    found = {}
    for number in np.unique(strata).tolist():
        rows = np.flatnonzero(strata == number)
        stratum = _Stratum(target, rows, every.times)
        at_risk = np.maximum(stratum.at_risk(weights[rows]), 0.0)
        expected = np.sum(at_risk * pooled)
        ratio = (stratum.n_events.sum() + PRIOR_EVENTS) / (expected + PRIOR_EVENTS)
        events = stratum.n_events + PRIOR_AT_RISK * ratio * pooled
        hazard = np.cumsum(events / (at_risk + PRIOR_AT_RISK))
        found[number] = Baseline(every.times, hazard)
    return found


def nelson_aalen(target: NDArray) -> Floats:
    """Cumulative hazard that each row has been through, of rows all alike.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
        NaN times are given NaN.

    Returns
    -------
    hazard : ndarray of shape (n_rows,)
        From its entry to its time, in its stratum.
    """
    known = ~np.isnan(target["time"])
    hazard = np.full(len(target), np.nan)
    own = target[known]
    baseline = fit_baseline(own, np.zeros(len(own)))
    found = np.zeros(len(own))
    for number, of_stratum in baseline.items():
        rows = strata_of(own) == number
        found[rows] = of_stratum(own["time"][rows])
        if "entry" in (own.dtype.names or ()):
            found[rows] -= of_stratum(own["entry"][rows])
    hazard[known] = found
    return hazard
