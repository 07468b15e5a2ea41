"""A sparse linear model of many columns: a label may follow a single gene."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from skmultimodal.towers._components import doubled, row_chunks
from skmultimodal.utils._threads import one_thread
from skmultimodal.utils._warnings import warn

__all__ = ["fit_lasso"]

# The solver sees the columns that the label varies with most. Of 20,000 without any
# relation to it, some 900 reach two standard deviations.
MAX_COLUMNS = 1000
MAX_ITER = 1000


def fit_lasso(
    read: Callable[..., Any],
    n_columns: int,
    rows: NDArray,
    likelihood: Any,
    strength: float,
) -> tuple[NDArray, NDArray]:
    """Weight and bias of a linear model with a lasso penalty.

    What is minimised is the loss of the outputs plus, for each output, a penalty times
    the sum of the absolute weights. The penalty is `strength` standard deviations of
    the slope that a column unrelated to the outcome has at weights of 0, so that one
    strength suits any number of rows and any share of a class.

    Parameters
    ----------
    read : callable
        Maps an array of row numbers to rows, (n, n_columns), in units of the columns'
        standard deviations.
    n_columns : int
    rows : ndarray of int, shape (n_rows,)
        Numbers of the rows to fit on.
    likelihood : CrossEntropy, Gaussian or CoxLikelihood
        Of these rows.
    strength : float

    Returns
    -------
    weight : ndarray of float64, shape (n_outputs, n_columns)
    bias : ndarray of float64, shape (n_outputs,)
    """
    bias = np.asarray(likelihood.origin, dtype=np.float64)
    n_outputs = len(bias)
    _, excess = likelihood(np.tile(bias, (len(rows), 1)))
    penalty = strength * np.sqrt(np.sum(excess**2, axis=0))
    chunks = row_chunks(len(rows), n_columns)
    with one_thread():
        slopes = np.zeros((n_columns, n_outputs))
        for chunk in chunks:
            slopes += doubled(read, rows[chunk]).T @ excess[chunk]
        # A stable order, lest equal columns depend on the machine.
        order = np.argsort(-np.abs(slopes).max(axis=1), kind="stable")
        columns = np.sort(order[:MAX_COLUMNS])
        table = np.empty((len(rows), len(columns)))
        for chunk in chunks:
            table[chunk] = read(rows[chunk])[:, columns]
        coef, bias = _minimise(table, likelihood, penalty, bias)
    weight = np.zeros((n_outputs, n_columns))
    weight[:, columns] = coef.T
    return weight, bias


def _minimise(
    table: NDArray, likelihood: Any, penalty: NDArray, bias: NDArray
) -> tuple[NDArray, NDArray]:
    """Coefficients (n_columns, n_outputs) and bias (n_outputs,).

    Each coefficient is the difference of two that are at least 0, which makes the
    penalty smooth: it is their sum.
    """
    shape = table.shape[1], len(bias)
    size = table.shape[1] * len(bias)

    def loss(theta: NDArray) -> tuple[float, NDArray]:
        parts = theta[: 2 * size].reshape(2, *shape)
        outputs = table @ (parts[0] - parts[1]) + theta[2 * size :]
        value, excess = likelihood(outputs)
        slope = table.T @ excess
        gradient = np.concatenate(
            [(penalty + slope).ravel(), (penalty - slope).ravel(), excess.sum(axis=0)]
        )
        return value + np.sum(parts * penalty), gradient

    solution = minimize(
        loss,
        np.append(np.zeros(2 * size), bias),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * size) + [(None, None)] * len(bias),
        options={"maxiter": MAX_ITER, "ftol": 1e-9, "gtol": 1e-5},
    )
    if solution.status == 1:
        warn(
            f"no minimum of the lasso's loss was found in {MAX_ITER} iterations.",
            ConvergenceWarning,
        )
    positive, negative = solution.x[: 2 * size].reshape(2, *shape)
    return positive - negative, solution.x[2 * size :]
