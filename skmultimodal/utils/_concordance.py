"""How far predicted risks put patients into the order of their events."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.utils._survival_target import strata_of

__all__ = ["comparable", "concordance", "count_pairs", "kept_under_observation"]

Floats = NDArray[np.float64]
# Pairs of rows that are compared at a time.
CHUNK = 2**22


def concordance(
    target: NDArray,
    risk: Any,
    *,
    train: NDArray | None = None,
    horizon: float | None = None,
) -> float:
    """Share of comparable pairs of which the one with the higher risk fails first.

    A pair is comparable if the earlier time is that of an event, and both are of one
    stratum; equal risks count as one half.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
    risk : array-like of shape (n_rows,)
    train : structured ndarray of shape (n_train,), default=None
        Rows from which the distribution of censoring is estimated, for Uno's C, which
        does not depend on it. None is Harrell's C.
    horizon : float, default=None
        Events after it are not compared.

    Returns
    -------
    concordance : float
        NaN if no pair is comparable.

    References
    ----------
    Harrell et al. (1982), Evaluating the yield of medical tests, JAMA 247.
    Uno et al. (2011), On the C-statistics for evaluating overall adequacy of risk
    prediction procedures with censored survival data, Statistics in Medicine 30.
    """
    agreeing, total = count_pairs(target, risk, train=train, horizon=horizon)
    return agreeing / total if total else float("nan")


def count_pairs(
    target: NDArray,
    risk: Any,
    *,
    train: NDArray | None = None,
    horizon: float | None = None,
) -> tuple[float, float]:
    """Comparable pairs in the right order, and all of them, as of `concordance`."""
    risk, time = np.asarray(risk, dtype=float), target["time"]
    early = target["event"] & (True if horizon is None else time <= horizon)
    weights = np.ones(len(time))
    if train is not None:
        kept = kept_under_observation(train, time[early])
        weights[early] = np.where(kept > 0, 1 / np.maximum(kept, 1e-12) ** 2, 0)
    total = agreeing = 0.0
    rows = np.flatnonzero(early)
    size = max(1, CHUNK // max(len(time), 1))
    for start in range(0, len(rows), size):
        first = rows[start : start + size, None]
        compared = comparable(target, first)
        ahead = np.where(risk[first] == risk, 0.5, risk[first] > risk)
        total += float((weights[first] * compared).sum())
        agreeing += float((weights[first] * compared * ahead).sum())
    return agreeing, total


def comparable(target: NDArray, first: NDArray | None = None) -> NDArray[np.bool_]:
    """Whether each row (or those in `first`) is known to fail before each other.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
    first : ndarray of int, shape (n_first, 1), default=None
        None is all rows.

    Returns
    -------
    before : ndarray of bool, shape (n_first, n_rows)
    """
    if first is None:
        first = np.arange(len(target))[:, None]
    time, strata = target["time"], strata_of(target)
    later = (time > time[first]) | ((time == time[first]) & ~target["event"])
    return target["event"][first] & later & (strata == strata[first])


def kept_under_observation(
    train: NDArray, times: Floats, *, including: bool = False
) -> Floats:
    """Kaplan-Meier share of rows that are not censored before each time.

    Parameters
    ----------
    train : structured ndarray of shape (n_train,)
    times : ndarray of shape (n_times,)
    including : bool, default=False
        Whether those that are censored at the time itself count as censored.
    """
    known = train[~np.isnan(train["time"])]
    censored, counts = np.unique(known["time"][~known["event"]], return_counts=True)
    # An event at the same time comes before a censoring.
    order = np.sort(known["time"])
    events = np.sort(known["time"][known["event"]])
    at_risk = len(order) - np.searchsorted(order, censored, side="left")
    at_risk -= np.searchsorted(events, censored, "right") - np.searchsorted(
        events, censored, "left"
    )
    share = np.cumprod(1 - counts / np.maximum(at_risk, 1))
    side: Any = "right" if including else "left"
    return np.append(1.0, share)[np.searchsorted(censored, times, side=side)]
