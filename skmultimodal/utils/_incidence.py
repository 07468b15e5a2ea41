"""Cumulative incidence of competing events (Aalen and Johansen)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skmultimodal.utils._labels import missing_labels

__all__ = ["Incidence", "cumulative_incidence", "read_causes"]

Floats = NDArray[np.float64]


class Incidence(NamedTuple):
    """Share of patients with an event of one cause, over time.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        Of events of any cause, rising.
    share, low, high : ndarray of shape (n_times,)
        From each time on, and the ends of its interval.
    n_events : int
    """

    times: Floats
    share: Floats
    low: Floats
    high: Floats
    n_events: int

    def at(self, time: float) -> float:
        """Share at a time."""
        place = np.searchsorted(self.times, time, side="right")
        return float(np.append(0.0, self.share)[place])


def read_causes(cause: Any) -> NDArray[Any]:
    """Cause of each event as text, "" where the patient was censored.

    Parameters
    ----------
    cause : array-like of shape (n_rows,)
        Missing, 0, False or "" where the patient was censored.
    """
    values = np.asarray(cause)
    if values.ndim != 1:
        raise ValueError(f"cause has shape {values.shape}, not one value per row.")
    missing = missing_labels(values)
    return np.array(
        [
            "" if gone or value in (0, "") else _name(value)
            for gone, value in zip(missing, values.tolist(), strict=True)
        ]
    )


def _name(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def cumulative_incidence(
    time: Any, cause: NDArray[Any], confidence_level: float = 0.95
) -> dict[str, Incidence]:
    """Share of patients with an event of each cause, over time: dict by cause.

    A patient with one event can have no other: unlike one minus Kaplan-Meier, which
    takes the others for censored, the shares of all causes and of those without an
    event add up to one.

    Parameters
    ----------
    time : array-like of float, shape (n_rows,)
    cause : ndarray of str, shape (n_rows,)
        As of `read_causes`.
    confidence_level : float, default=0.95
        Of the intervals, point by point: Aalen's variance on the scale of the logarithm
        of minus the logarithm.

    References
    ----------
    Aalen (1978), Nonparametric estimation of partial transition probabilities in
    multiple decrement models, Annals of Statistics 6(3).
    """
    time = np.asarray(time, dtype=float)
    times = np.unique(time[cause != ""])
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    n_all = _count(time[cause != ""], times)
    free = np.cumprod(1 - n_all / at_risk)
    before = np.append(1.0, free[:-1])
    found = {}
    for name in np.unique(cause[cause != ""]).tolist():
        n_own = _count(time[cause == name], times)
        share = np.cumsum(before * n_own / at_risk)
        variance = _variance(share, before, at_risk, n_all, n_own)
        ends = _interval(share, variance, confidence_level)
        found[name] = Incidence(times, share, *ends, int(n_own.sum()))
    return found


def _count(own: Floats, times: Floats) -> NDArray[np.intp]:
    return np.bincount(np.searchsorted(times, own), minlength=len(times))


def _variance(
    share: Floats, before: Floats, at_risk: NDArray, n_all: NDArray, n_own: NDArray
) -> Floats:
    """Aalen's variance of a cumulative incidence at each time."""
    n = at_risk.astype(float)
    # The last patient at risk has no variance of their own.
    rest, left = np.maximum(n - 1, 1), np.maximum(n - n_all, 1)
    left_any = (n > n_all).astype(float)
    a = left_any * n_all / (rest * left)
    b = before**2 * n_own * (n - n_own) / (n**2 * rest)
    c = left_any * before * n_own * (n - n_own) / (n * rest * left)
    # Sums of (F - F_j)^2 a_j + b_j - 2 (F - F_j) c_j over the times up to each.
    sums = {key: np.cumsum(v) for key, v in {"a": a, "b": b, "c": c}.items()}
    squares = share**2 * sums["a"] - 2 * share * np.cumsum(share * a)
    squares += np.cumsum(share**2 * a)
    cross = share * sums["c"] - np.cumsum(share * c)
    return np.maximum(squares + sums["b"] - 2 * cross, 0.0)


def _interval(share: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    inside = (share > 0) & (share < 1)
    own = np.where(inside, share, 0.5)
    width = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance) / (own * -np.log(own))
    low, high = own ** np.exp(width), own ** np.exp(-width)
    return np.where(inside, low, share), np.where(inside, high, share)
