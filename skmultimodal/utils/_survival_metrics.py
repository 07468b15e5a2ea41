"""How good predictions of times to an event are, under censoring."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.utils._concordance import kept_under_observation

__all__ = ["auc_at", "brier_scores", "integrated_brier_score"]

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
