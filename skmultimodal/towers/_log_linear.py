"""Log-linear models: the one convex fit that calibration and pooling share."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning

from skmultimodal.utils._warnings import warn

__all__ = ["LogLinear", "centred_log_shares", "fit_log_linear"]

MAX_ITER = 1000


class LogLinear(NamedTuple):
    """Parameters of a log-linear model.

    Parameters
    ----------
    weights : ndarray of shape (n_opinions,)
        Of the log-odds of each opinion.
    intercept : ndarray of shape (n_classes,)
    coef : ndarray of shape (n_features, n_classes)
    n_iter : int
        Iterations of the solver.
    """

    weights: np.ndarray
    intercept: np.ndarray
    coef: np.ndarray
    n_iter: int


def fit_log_linear(
    opinions,
    features,
    codes,
    n_classes,
    *,
    prior_weight,
    weight_penalty,
    intercept_penalty,
    feature_penalty,
    prior_intercept=None,
):
    """Fit a multinomial logistic regression whose weights have a prior mean.

    The logits of a row are ``intercept + sum_m weights[m] * opinions[m] + features @
    coef``. What is minimised is the sum over rows of the cross-entropy, plus half of
    ``weight_penalty * sum_m (weights[m] - prior_weight)^2``, of ``intercept_penalty *
    |intercept - prior_intercept|^2`` and of ``sum_j feature_penalty[j] *
    |coef[j]|^2``, under ``weights >= 0``.

    Parameters
    ----------
    opinions : ndarray of shape (n_opinions, n_rows, n_classes)
        Centred log-ratios of the classes.
    features : ndarray of shape (n_rows, n_features)
    codes : ndarray of int, shape (n_rows,)
    n_classes : int
    prior_weight, weight_penalty, intercept_penalty : float
    feature_penalty : ndarray of shape (n_features,)
        Above 0.
    prior_intercept : ndarray of shape (n_classes,), default=None
        Centred. None is the logarithm of the class shares.

    Returns
    -------
    model : LogLinear
    """
    # In units in which each penalty is 1, one tolerance suits all columns.
    unit = np.sqrt(feature_penalty)
    target = np.eye(n_classes)[codes]
    if prior_intercept is None:
        prior_intercept = centred_log_shares(target.sum(axis=0))
    loss = _Loss(
        np.asarray(opinions, dtype=np.float64),
        np.asarray(features, dtype=np.float64) / unit,
        target,
        prior_intercept,
        prior_weight,
        weight_penalty,
        intercept_penalty,
    )
    start, bounds = loss.start()
    solution = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": MAX_ITER, "gtol": 1e-6, "ftol": 1e-12},
    )
    if solution.status == 1:
        warn(
            f"no minimum of the loss was found in {MAX_ITER} iterations.",
            ConvergenceWarning,
        )
    weights, intercept, coef = loss.split(solution.x)
    return LogLinear(weights, intercept, coef / unit[:, None], int(solution.nit))


def centred_log_shares(counts):
    """Logarithm of the share of each class, less their mean: (n_classes,)."""
    # A class without rows keeps a small share, as if half a row had it.
    logs = np.log(np.maximum(counts, 0.5) / counts.sum())
    return logs - logs.mean()


@dataclass(frozen=True)
class _Loss:
    """The penalised cross-entropy and its gradient; parameters are one vector."""

    opinions: np.ndarray
    features: np.ndarray  # in units in which the penalty of each coefficient is 1
    target: np.ndarray  # one-hot
    prior: np.ndarray  # of the intercept
    prior_weight: float
    weight_penalty: float
    intercept_penalty: float

    def split(self, theta):
        """Weights, intercept and coefficients in a vector of parameters."""
        n_opinions, n_classes = len(self.opinions), len(self.prior)
        weights, intercept, coef = np.split(theta, [n_opinions, n_opinions + n_classes])
        return weights, intercept, coef.reshape(self.features.shape[1], n_classes)

    def start(self):
        """Parameters at their priors, and the bounds of each."""
        weights = np.full(len(self.opinions), self.prior_weight)
        coef = np.zeros(self.features.shape[1] * len(self.prior))
        free = np.append(self.prior, coef)
        bounds = [(0, None)] * len(weights) + [(None, None)] * len(free)
        return np.append(weights, free), bounds

    def __call__(self, theta):
        weights, intercept, coef = self.split(theta)
        pooled = np.tensordot(weights, self.opinions, 1)
        logs = log_softmax(intercept + pooled + self.features @ coef, axis=1)
        excess = np.exp(logs) - self.target
        shrunk, moved = weights - self.prior_weight, intercept - self.prior
        value = (
            -np.sum(self.target * logs)
            + self.weight_penalty * np.sum(shrunk**2) / 2
            + self.intercept_penalty * np.sum(moved**2) / 2
            + np.sum(coef**2) / 2
        )
        gradient = [
            np.tensordot(self.opinions, excess, 2) + self.weight_penalty * shrunk,
            excess.sum(axis=0) + self.intercept_penalty * moved,
            (self.features.T @ excess + coef).ravel(),
        ]
        return value, np.concatenate(gradient)
