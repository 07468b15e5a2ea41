"""Class probabilities and log-odds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

__all__ = [
    "SMALLEST",
    "align_classes",
    "check_threshold",
    "check_thresholds",
    "log_odds",
    "log_ratios",
    "pool_log_odds",
]

# Probabilities of 0 and 1 would have infinite log-odds.
SMALLEST = 1e-6


def check_threshold(threshold: Any, name: str = "threshold") -> float:
    """A probability strictly between 0 and 1, or an error that names it."""
    is_number = isinstance(threshold, int | float | np.number)
    if not is_number or not 0 < threshold < 1:
        raise ValueError(
            f"{name} must be a probability between 0 and 1, both excluded, got "
            f"{threshold!r}."
        )
    return float(threshold)


def check_thresholds(thresholds: Sequence[Any]) -> list[float]:
    """Several of them, each once, in order."""
    if np.ndim(thresholds) != 1 or not len(thresholds):
        raise ValueError(f"thresholds must be a list of some, got {thresholds!r}.")
    return sorted({check_threshold(t, "each threshold") for t in thresholds})


def align_classes(probabilities: NDArray, fitted: NDArray, classes: NDArray) -> NDArray:
    """Probabilities of all `classes`; 0 for one that the estimator was not fitted on.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_fitted)
    fitted : ndarray of shape (n_fitted,)
        Classes of the estimator, among `classes`.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    aligned : ndarray of shape (n_rows, n_classes)
    """
    if len(fitted) == len(classes):
        return probabilities
    aligned = np.zeros((len(probabilities), len(classes)), probabilities.dtype)
    aligned[:, np.searchsorted(classes, fitted)] = probabilities
    return aligned


def _log(probabilities: NDArray) -> NDArray:
    return np.log(np.clip(probabilities, SMALLEST, 1))


def log_ratios(probabilities: NDArray) -> NDArray:
    """Log-probabilities centred over the classes: (n_rows, n_classes)."""
    logs = _log(probabilities)
    return logs - logs.mean(axis=1, keepdims=True)


def log_odds(probabilities: NDArray) -> NDArray:
    """Log-odds of the second of two classes, or centred log-ratios of more.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)

    Returns
    -------
    odds : ndarray of shape (n_rows, 1) or (n_rows, n_classes)
    """
    if probabilities.shape[1] == 2:
        logs = _log(probabilities)
        return logs[:, 1:] - logs[:, :1]
    return log_ratios(probabilities)


def pool_log_odds(probabilities: list) -> NDArray:
    """Probabilities of the mean log-odds of several estimators.

    Parameters
    ----------
    probabilities : list of ndarray of shape (n_rows, n_classes)

    Returns
    -------
    pooled : ndarray of shape (n_rows, n_classes)
    """
    if len(probabilities) == 1:
        return probabilities[0]
    return softmax(np.mean([_log(p) for p in probabilities], axis=0), axis=1)
