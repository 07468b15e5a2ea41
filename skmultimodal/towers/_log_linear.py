"""Log-linear models: the one convex fit that calibration and pooling share."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning

from skmultimodal.utils._warnings import warn

__all__ = ["LogLinear", "fit_log_linear"]

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
):
    """Fit a multinomial logistic regression whose weights have a prior mean.

    The logits of a row are ``intercept + sum_m weights[m] * opinions[m] + features @
    coef``. What is minimised is the sum over rows of the cross-entropy, plus half of
    ``weight_penalty * sum_m (weights[m] - prior_weight)^2``, of ``intercept_penalty *
    |intercept - log(class shares)|^2`` and of ``sum_j feature_penalty[j] *
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

    Returns
    -------
    model : LogLinear
    """
    opinions = np.asarray(opinions, dtype=np.float64)
    # In units in which each penalty is 1, one tolerance suits all columns.
    unit = np.sqrt(feature_penalty)
    features = np.asarray(features, dtype=np.float64) / unit
    n_opinions, n_features = len(opinions), features.shape[1]
    target = np.eye(n_classes)[codes]
    shares = target.mean(axis=0)
    # A class without rows here keeps a small share, as if half a row had it.
    prior = np.log(np.maximum(shares, 0.5 / len(codes)))
    prior -= prior.mean()

    def split(theta):
        weights, intercept, coef = np.split(theta, [n_opinions, n_opinions + n_classes])
        return weights, intercept, coef.reshape(n_features, n_classes)

    def loss(theta):
        weights, intercept, coef = split(theta)
        logits = intercept + np.tensordot(weights, opinions, 1) + features @ coef
        logs = log_softmax(logits, axis=1)
        excess = np.exp(logs) - target
        shrunk, moved = weights - prior_weight, intercept - prior
        value = (
            -np.sum(target * logs)
            + weight_penalty * np.sum(shrunk**2) / 2
            + intercept_penalty * np.sum(moved**2) / 2
            + np.sum(coef**2) / 2
        )
        gradient = [
            np.tensordot(opinions, excess, 2) + weight_penalty * shrunk,
            excess.sum(axis=0) + intercept_penalty * moved,
            (features.T @ excess + coef).ravel(),
        ]
        return value, np.concatenate(gradient)

    start = [np.full(n_opinions, prior_weight), prior, np.zeros(n_features * n_classes)]
    free = n_classes + n_features * n_classes
    solution = minimize(
        loss,
        np.concatenate(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * n_opinions + [(None, None)] * free,
        options={"maxiter": MAX_ITER, "gtol": 1e-6, "ftol": 1e-12},
    )
    if solution.status == 1:
        warn(
            f"no minimum of the loss was found in {MAX_ITER} iterations.",
            ConvergenceWarning,
        )
    weights, intercept, coef = split(solution.x)
    return LogLinear(weights, intercept, coef / unit[:, None], int(solution.nit))
