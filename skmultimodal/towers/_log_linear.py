"""Log-linear models: the one convex fit that calibration and pooling share."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from skmultimodal.utils._warnings import warn

__all__ = ["LogLinear", "fit_log_linear"]

MAX_ITER = 1000


class LogLinear(NamedTuple):
    """Parameters of a log-linear model.

    Parameters
    ----------
    weights : ndarray of shape (n_opinions,)
    intercept : ndarray of shape (n_outputs,)
    coef : ndarray of shape (n_features, n_outputs)
    n_iter : int
        Iterations of the solver.
    """

    weights: np.ndarray
    intercept: np.ndarray
    coef: np.ndarray
    n_iter: int


def fit_log_linear(
    opinions: NDArray,
    features: NDArray,
    likelihood: Any,
    *,
    prior_weight: float,
    weight_penalty: float,
    intercept_penalty: float,
    feature_penalty: NDArray,
    prior_intercept: NDArray | None = None,
) -> LogLinear:
    """Fit a generalised linear model whose weights have a prior mean.

    The outputs of a row are ``intercept + sum_m weights[m] * opinions[m] + features @
    coef``. What is minimised is the loss of the outputs, plus half of ``weight_penalty
    * sum_m (weights[m] - prior_weight)^2``, of ``intercept_penalty * |intercept -
    prior_intercept|^2`` and of ``sum_j feature_penalty[j] * |coef[j]|^2``, under
    ``weights >= 0``.

    Parameters
    ----------
    opinions : ndarray of shape (n_opinions, n_rows, n_outputs)
        Centred log-ratios of classes, log-hazards or means.
    features : ndarray of shape (n_rows, n_features)
    likelihood : CrossEntropy, Gaussian or CoxLikelihood
        Its ``unit`` is that of outputs, in which penalties of intercept and
        coefficients are.
    prior_weight, weight_penalty, intercept_penalty : float
    feature_penalty : ndarray of shape (n_features,)
        Above 0.
    prior_intercept : ndarray of shape (n_outputs,), default=None
        None is the origin of the likelihood.

    Returns
    -------
    model : LogLinear
    """
    # In units in which each penalty is 1, one tolerance suits all columns.
    unit = np.sqrt(feature_penalty) / likelihood.unit
    if prior_intercept is None:
        prior_intercept = likelihood.origin
    loss = _Loss(
        np.asarray(opinions, dtype=np.float64),
        np.asarray(features, dtype=np.float64) / unit,
        likelihood,
        prior_intercept,
        prior_weight,
        weight_penalty,
        intercept_penalty / likelihood.unit**2,
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


@dataclass(frozen=True)
class _Loss:
    """The penalised loss and its gradient; parameters are one vector."""

    opinions: np.ndarray
    features: np.ndarray  # in units in which the penalty of each coefficient is 1
    likelihood: Any
    prior: np.ndarray  # of the intercept
    prior_weight: float
    weight_penalty: float
    intercept_penalty: float

    def split(self, theta: Any) -> tuple[Any, Any, Any]:
        """Weights, intercept and coefficients in a vector of parameters."""
        n_opinions, n_outputs = len(self.opinions), len(self.prior)
        weights, intercept, coef = np.split(theta, [n_opinions, n_opinions + n_outputs])
        return weights, intercept, coef.reshape(self.features.shape[1], n_outputs)

    def start(self) -> tuple[Any, Any]:
        """Parameters at their priors, and the bounds of each."""
        weights = np.full(len(self.opinions), self.prior_weight)
        coef = np.zeros(self.features.shape[1] * len(self.prior))
        free = np.append(self.prior, coef)
        bounds = [(0, None)] * len(weights) + [(None, None)] * len(free)
        return np.append(weights, free), bounds

    def __call__(self, theta: Any) -> tuple[Any, Any]:
        weights, intercept, coef = self.split(theta)
        pooled = np.tensordot(weights, self.opinions, 1)
        loss, excess = self.likelihood(intercept + pooled + self.features @ coef)
        shrunk, moved = weights - self.prior_weight, intercept - self.prior
        value = (
            loss
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
