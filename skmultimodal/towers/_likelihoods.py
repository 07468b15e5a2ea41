"""What a log-linear model is fitted by: a loss of the outputs of all rows together.

That of times to an event is `utils._cox.CoxLikelihood`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

__all__ = ["CrossEntropy", "Gaussian", "centred_log_shares"]


def centred_log_shares(counts: Any) -> NDArray:
    """Logarithm of the share of each class, less their mean: (n_classes,)."""
    # A class without rows keeps a small share, as if half a row had it.
    logs = np.log(np.maximum(counts, 0.5) / counts.sum())
    return logs - logs.mean()


@dataclass(frozen=True)
class CrossEntropy:
    """Of class logits.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Class numbers.
    n_classes : int
    weights : ndarray of float, shape (n_rows,), default=None
        As many rows each row counts as. None is one.
    """

    codes: np.ndarray
    n_classes: int
    weights: np.ndarray | None = None
    unit = 1.0

    @property
    def origin(self) -> NDArray:
        """Outputs of a row of which nothing is known: (n_outputs,)."""
        counts = np.bincount(self.codes, self.weights, minlength=self.n_classes)
        return centred_log_shares(counts)

    def __call__(self, outputs: Any) -> tuple[Any, Any]:
        """Sum of the loss over rows, and its gradient: (n_rows, n_outputs)."""
        target = np.eye(self.n_classes)[self.codes]
        logs = log_softmax(outputs, axis=1)
        excess = np.exp(logs) - target
        if self.weights is None:
            return -np.sum(target * logs), excess
        weights = self.weights[:, None]
        return -np.sum(weights * target * logs), weights * excess


@dataclass(frozen=True)
class Gaussian:
    """Negative log-likelihood of numbers, of the variance that they have.

    Parameters
    ----------
    y : ndarray of float, shape (n_rows,)
    """

    y: np.ndarray

    @property
    def unit(self) -> float:
        """Unit of the outputs, in which penalties of coefficients are."""
        return float(self.y.std()) or 1.0

    @property
    def origin(self) -> NDArray:
        return np.array([self.y.mean()])

    def __call__(self, outputs: Any) -> tuple[Any, Any]:
        excess = (outputs - self.y[:, None]) / self.unit**2
        return np.sum(excess * (outputs - self.y[:, None])) / 2, excess
