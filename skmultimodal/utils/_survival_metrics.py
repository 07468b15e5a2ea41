"""How good predictions of times to an event are, under censoring."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skmultimodal.utils._concordance import kept_under_observation

__all__ = [
    "DCalibration",
    "auc_at",
    "brier_scores",
    "d_calibration",
    "integrated_brier_score",
]

Floats = NDArray[np.float64]


def brier_scores(
    target: NDArray, survival: Floats, times: Floats, *, train: NDArray
) -> Floats:
    """Mean squared error of survival probabilities at some times: (n_times,).

    Patients censored before a time are left out of it, and the others weighted by the
    inverse of the probability of being under observation (Graf et al.), estimated from
    `train` by Kaplan-Meier.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
    survival : ndarray of shape (n_rows, n_times)
        Predicted probability that the event comes after each time.
    times : ndarray of shape (n_times,)
    train : structured ndarray of shape (n_train,)
    """
    time, event = target["time"][:, None], target["event"][:, None]
    own = kept_under_observation(train, target["time"])[:, None]
    at_times = kept_under_observation(train, times, including=True)
    early = event & (time <= times) & (own > 0)
    before = np.where(early, 1 / np.maximum(own, 1e-12), 0.0)
    later = (time > times) & (at_times > 0)
    after = np.where(later, 1 / np.maximum(at_times, 1e-12), 0.0)
    errors = before * survival**2 + after * (1 - survival) ** 2
    return errors.mean(axis=0)


def integrated_brier_score(
    target: NDArray, survival: Floats, times: Floats, *, train: NDArray
) -> float:
    """Mean of `brier_scores` over the time between the first and last of `times`."""
    scores = brier_scores(target, survival, times, train=train)
    return float(np.trapezoid(scores, times) / (times[-1] - times[0]))


def auc_at(target: NDArray, risk: Any, time: float, *, train: NDArray) -> float:
    """Area under the ROC curve of an event up to a time (cumulative, dynamic).

    Patients with the event up to `time` are weighted by the inverse probability of
    being under observation; those who are censored before are left out.

    Parameters
    ----------
    target : structured ndarray of shape (n_rows,)
    risk : array-like of shape (n_rows,)
    time : float
    train : structured ndarray of shape (n_train,)

    Returns
    -------
    area : float
        NaN if there are no patients of one kind.
    """
    risk = np.asarray(risk, dtype=float)
    cases = target["event"] & (target["time"] <= time)
    controls = target["time"] > time
    kept = kept_under_observation(train, target["time"][cases])
    weights = np.where(kept > 0, 1 / np.maximum(kept, 1e-12), 0.0)
    if not weights.sum() or not controls.any():
        return float("nan")
    order = np.sort(risk[controls])
    below = np.searchsorted(order, risk[cases], side="left")
    tied = np.searchsorted(order, risk[cases], side="right") - below
    share = (below + tied / 2) / len(order)
    return float((weights * share).sum() / weights.sum())


class DCalibration(NamedTuple):
    """How many patients have their event in each part of their survival curve.

    Parameters
    ----------
    counts : ndarray of shape (n_bins,)
        Of predicted survival from 0 to 1 in equal parts; a censored patient is spread
        over the parts that may still come.
    statistic, pvalue : float
        Chi-squared test of equal counts.
    """

    counts: Floats
    statistic: float
    pvalue: float


def d_calibration(event: Any, survival: Any, n_bins: int = 10) -> DCalibration:
    """Test whether predicted survival curves are right for a group of patients.

    If they are, the predicted probability of living until the own event is spread
    evenly from 0 to 1.

    Parameters
    ----------
    event : array-like of bool, shape (n_rows,)
    survival : array-like of float, shape (n_rows,)
        Predicted probability of being without the event by the own time.
    n_bins : int, default=10

    References
    ----------
    Haider et al. (2020), Effective ways to build and evaluate individual survival
    distributions, Journal of Machine Learning Research 21(85).
    """
    event, survival = np.asarray(event, dtype=bool), np.asarray(survival, dtype=float)
    place = np.minimum((survival * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(place[event], minlength=n_bins).astype(float)
    own, place = survival[~event, None], place[~event, None]
    bins, width = np.arange(n_bins), 1 / n_bins
    # The event of a censored patient comes anywhere below their survival.
    share = np.where(
        bins < place, width, np.where(bins == place, own - bins * width, 0)
    )
    total = share.sum(axis=1, keepdims=True)
    share = np.where(total > 0, share / np.where(total > 0, total, 1), bins == 0)
    counts += share.sum(axis=0)
    statistic, pvalue = stats.chisquare(counts)
    return DCalibration(counts, float(statistic), float(pvalue))
