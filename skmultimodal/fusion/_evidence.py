"""Evidence of several towers: how redundant it is, and how much each then counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize, nnls
from scipy.special import expit, log_softmax

__all__ = [
    "bayes_weights",
    "fit_covariance",
    "fit_shift",
    "largest_evidence",
    "limit_evidence",
]

# Correlations of pairs of towers need not be those of any distribution of all.
MIN_EIGENVALUE = 0.05
# Log-odds that vary less within a class are constant but for rounding.
MIN_SCALE = 1e-9
# Log-odds are far below it, and files hold it as they do not hold infinity.
NO_LIMIT = 1e9


def largest_evidence(n_rows: Any, n_classes: int) -> NDArray:
    """How large the log-odds of a tower with so many labelled rows can be.

    What happens less than once in all rows of a class has not been seen. The odds of a
    class against the others together are at most half as many as it has rows on
    average, plus one. Of a tower of which no row has evidence nothing is known, and
    its log-odds stay as they are.

    Parameters
    ----------
    n_rows : array-like of int
    n_classes : int

    Returns
    -------
    largest : ndarray
        Of the log-odds between two classes.
    """
    n_rows = np.asarray(n_rows)
    largest = np.log1p(n_rows / (2 * n_classes)) + np.log(max(n_classes - 1, 1))
    return np.where(n_rows > 0, largest, NO_LIMIT)


def limit_evidence(opinions: NDArray, largest: Any) -> NDArray:
    """Draw centred log-ratios in, smoothly, to half of `largest`."""
    half = largest / 2
    return half * np.tanh(opinions / half)


def fit_covariance(
    opinions: NDArray,
    codes: NDArray,
    n_classes: int,
    correlation: float,
    n_prior_rows: float,
    weights: NDArray | None = None,
) -> tuple[NDArray, NDArray]:
    """Standard deviations and correlations of evidence within a class.

    Parameters
    ----------
    opinions : ndarray of shape (n_opinions, n_rows, n_classes)
        Centred log-ratios, NaN where the modality is absent.
    codes : ndarray of int, shape (n_rows,)
        Class numbers.
    n_classes : int
    correlation, n_prior_rows : float
        Each correlation is the mean, weighted by rows, of that of the rows that have
        both modalities and of `correlation`, which counts as `n_prior_rows`.
    weights : ndarray of float, shape (n_rows,), default=None
        As many rows each row counts as. None is one.

    Returns
    -------
    scale : ndarray of shape (n_opinions,)
        From all rows of each modality.
    correlations : ndarray of shape (n_opinions, n_opinions)
        Positive definite.
    """
    n_opinions = len(opinions)
    present = ~np.isnan(opinions[:, :, 0])
    counts = np.ones(len(codes)) if weights is None else weights
    scale = np.zeros(n_opinions)
    correlations = np.eye(n_opinions)
    for m in range(n_opinions):
        own = codes[present[m]], counts[present[m]]
        within = _within_class(opinions[m, present[m]], *own, n_classes)
        if within.size:
            squares = np.mean(within**2, axis=1)
            scale[m] = np.sqrt(np.average(squares, weights=own[1]))
        for other in range(m):
            both = present[m] & present[other]
            pair = [
                _within_class(opinions[k, both], codes[both], counts[both], n_classes)
                for k in (m, other)
            ]
            each = counts[both, None]
            spread = np.sqrt(np.prod([np.sum(each * part**2) for part in pair]))
            found = np.sum(each * pair[0] * pair[1]) / spread if spread > 0 else 0.0
            # The mean of each class is estimated as well.
            n_free = max(each.sum() - len(np.unique(codes[both])), 0)
            n_free = n_free if spread > 0 else 0
            total = n_free + n_prior_rows
            if total:
                found = (n_free * found + n_prior_rows * correlation) / total
            correlations[m, other] = correlations[other, m] = found
    return scale, _positive_definite(correlations)


def _within_class(
    opinions: NDArray, codes: NDArray, weights: Any, n_classes: int
) -> NDArray:
    """Opinions less their mean in each class."""
    counts = np.bincount(codes, weights, minlength=n_classes)
    sums = np.zeros((n_classes, opinions.shape[1]))
    np.add.at(sums, codes, weights[:, None] * opinions)
    return opinions - (sums / np.where(counts > 0, counts, 1)[:, None])[codes]


def _positive_definite(correlations: NDArray) -> NDArray:
    if not len(correlations):
        return correlations
    values, vectors = np.linalg.eigh(correlations)
    if values[0] >= MIN_EIGENVALUE:
        return correlations
    raised = (vectors * np.maximum(values, MIN_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    return raised / np.outer(scale, scale)


def bayes_weights(scale: NDArray, correlations: NDArray, present: NDArray) -> NDArray:
    """Weights by which Bayes' rule adds correlated evidence, for each row.

    For calibrated evidence that is normal within a class, its variance equals the
    difference of its class means, so the linear discriminant of the modalities that a
    row has is ``S^-1 diag(S)``, S being their covariance within a class. Weights are 1
    without correlation, and always for one modality alone; none is negative.

    Parameters
    ----------
    scale : ndarray of shape (n_opinions,)
    correlations : ndarray of shape (n_opinions, n_opinions)
    present : ndarray of bool, shape (n_rows, n_opinions)

    Returns
    -------
    weights : ndarray of shape (n_rows, n_opinions)
        0 where a modality is absent.
    """
    weights = np.zeros(present.shape)
    patterns, pattern_of = np.unique(present, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        # A tower that gives every row the same evidence has nothing to add.
        informative = scale > max(1e-6 * scale.max(initial=0), MIN_SCALE)
        own = np.flatnonzero(pattern & informative)
        if not len(own):
            own = np.flatnonzero(pattern)
            row = np.ones(len(own))
        else:
            # In units of the scale, w minimises w' R w / 2 - w' s for w >= 0.
            root = cholesky(correlations[np.ix_(own, own)], lower=True)
            row = nnls(root.T, solve_triangular(root, scale[own], lower=True))[0]
            row = row / scale[own]
        weights[np.ix_(pattern_of.ravel() == number, own)] = row
    return weights


def fit_shift(
    logits: NDArray, codes: NDArray, scale: float, weights: NDArray | None = None
) -> NDArray:
    """How far the class shares of some rows depart from those that logits assume.

    Two hypotheses are averaged by their posterior probabilities, with equal ones
    before: no shift, and a shift whose log-odds are normal with standard deviation
    `scale` (by Laplace's approximation).

    Parameters
    ----------
    logits : ndarray of shape (n_rows, n_classes)
    codes : ndarray of int, shape (n_rows,)
    scale : float
    weights : ndarray of float, shape (n_rows,), default=None
        As many rows each row counts as. None is one.

    Returns
    -------
    shift : ndarray of shape (n_classes,)
        Centred; added to the logits.
    """
    n_classes = logits.shape[1]
    target = np.eye(n_classes)[codes]
    each = np.ones((len(codes), 1)) if weights is None else weights[:, None]
    # The log-odds are a difference of two components.
    precision = 2 / scale**2

    def loss(shift: Any) -> tuple[Any, Any]:
        logs = log_softmax(logits + shift, axis=1)
        value = -np.sum(each * target * logs) + precision * np.sum(shift**2) / 2
        excess = each * (np.exp(logs) - target)
        return value, excess.sum(axis=0) + precision * shift

    start = np.zeros(n_classes)
    solution = minimize(loss, start, jac=True, method="L-BFGS-B", tol=1e-10)
    p = np.exp(log_softmax(logits + solution.x, axis=1))
    spread = np.diag((each * p).sum(axis=0)) - (each * p).T @ p
    curvature = spread / precision + np.eye(n_classes)
    gain = loss(start)[0] - solution.fun - np.linalg.slogdet(curvature)[1] / 2
    return expit(gain) * solution.x
