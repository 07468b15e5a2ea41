"""Learning curves extrapolated by power laws, averaged over what the exponent may be.

The score of n rows is taken as ``a - b * (n + n0) ** -c``. A curve of a few noisy
points determines neither the exponent c nor the offset n0 (what other rows, or what is
built into the model, stand for), so both are averaged over a grid, which is all that is
assumed beforehand. Given both, the law is a straight line in ``(n + n0) ** -c``, whose
slope is computed in each fold. Folds share rows, so the variance of its mean is not
that of independent folds, which a bootstrap of folds would give, but that of Nadeau and
Bengio, less what is due to the rows drawn.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["EXPONENTS", "OFFSETS", "PowerLaws"]

# Excess losses fall as 1 / n for a model with few parameters, slower for many, and
# faster where the scores stop rising.
EXPONENTS = (0.5, 1.0, 2.0)
OFFSETS = (0.0, 0.25, 1.0)  # times the largest number of rows
SURE = 0.9  # that the variance by the rows drawn is no smaller than is taken off


class Change(NamedTuple):
    """Expected change of a score, and its interval."""

    mean: float
    low: float
    high: float


class PowerLaws:
    """Power laws of a learning curve, with the weight of each.

    Parameters
    ----------
    numbers : ndarray of shape (n_sizes,)
        Rows that train, ascending.
    scores : ndarray of shape (n_folds, n_sizes)
        On the same folds; a fold with a NaN is left out.
    repeats : ndarray of shape (n_folds,)
        The repeat of each fold.
    test_to_train : float
        As of `corrected_t_test`.

    Attributes
    ----------
    n_folds : int
        Those without a NaN. With fewer than two, changes are NaN.
    laws : list of (float, float)
        Exponent and offset in rows.
    weights : ndarray of shape (n_laws,)
        Sum to 1. Before the scores are seen all laws have the same.
    """

    def __init__(
        self, numbers: NDArray, scores: NDArray, repeats: NDArray, test_to_train: float
    ) -> None:
        numbers, scores = np.asarray(numbers, float), np.asarray(scores, float)
        whole = np.isfinite(scores).all(axis=1)
        scores, repeats = scores[whole], np.asarray(repeats)[whole]
        self.n_folds = len(scores)
        self.laws = [(c, n0 * numbers[-1]) for c in EXPONENTS for n0 in OFFSETS]
        if self.n_folds < 2:
            self.weights = np.full(len(self.laws), 1 / len(self.laws))
            return
        inflation = 1 / self.n_folds + test_to_train
        centred = scores - scores.mean(axis=1, keepdims=True)
        mean, n_sizes = centred.mean(axis=0), len(numbers)
        slopes, misfits = [], []
        for law in self.laws:
            h = _transform(numbers, law)
            h = (h - h.mean()) / np.sum((h - h.mean()) ** 2)
            slopes.append(centred @ h)
            fitted = slopes[-1].mean() * h / np.sum(h**2)
            misfits.append(np.sum((mean - fitted) ** 2))
        self.slopes = np.mean(slopes, axis=1)
        self.errors = np.array([_error(own, repeats, test_to_train) for own in slopes])
        # What is left of scores without their fold and their size: noise of a point.
        noise = np.sum((centred - mean) ** 2) / ((self.n_folds - 1) * (n_sizes - 1))
        misfits = np.array(misfits) - min(misfits)
        tiny = np.finfo(float).eps * max(np.sum(mean**2), np.finfo(float).tiny)
        likelihood = np.exp(-misfits / (2 * max(inflation * noise, tiny)))
        self.weights = likelihood / likelihood.sum()

    def change(
        self, start: float, stop: float, confidence_level: float = 0.95
    ) -> Change:
        """Change of the score from `start` to `stop` rows.

        Parameters
        ----------
        start, stop : float
        confidence_level : float, default=0.95

        Returns
        -------
        change : Change
        """
        if self.n_folds < 2:
            return Change(np.nan, np.nan, np.nan)
        steps = np.array(
            [np.diff(_transform([start, stop], law))[0] for law in self.laws]
        )
        means, errors = steps * self.slopes, np.abs(steps) * self.errors
        tail = (1 - confidence_level) / 2
        ends = [self._quantile(q, means, errors) for q in (tail, 1 - tail)]
        return Change(float(self.weights @ means), *ends)

    def _quantile(self, share: Any, means: NDArray, errors: Any) -> float:
        """Quantile of the mixture of t distributions, by bisection."""
        df = self.n_folds - 1
        own = means + stats.t.ppf(share, df) * errors
        low, high = own.min(), own.max()
        # 60 halvings leave 1e-18 of the distance.
        for _ in range(60):
            middle = (low + high) / 2
            with np.errstate(divide="ignore", invalid="ignore"):
                t = np.nan_to_num((middle - means) / errors)
            if self.weights @ stats.t.cdf(t, df) < share:
                low = middle
            else:
                high = middle
        return float((low + high) / 2)


def _error(slopes: NDArray, repeats: Any, test_to_train: float) -> NDArray:
    """Standard error of the mean slope.

    Nadeau and Bengio's variance takes all that differs between folds as due to the
    patients tested and shared. Rows are drawn anew in each fold, though, which averages
    out over folds. How much that is shows between repeats, which test the same
    patients: it is taken off, but for what so few repeats may overstate.
    """
    n_folds, variance = len(slopes), np.var(slopes, ddof=1)
    means = np.array([slopes[repeats == one].mean() for one in np.unique(repeats)])
    if len(means) < 2:
        return np.sqrt((1 / n_folds + test_to_train) * variance)
    between, df = np.var(means, ddof=1), len(means) - 1
    drawn = n_folds / len(means) * between * df / stats.chi2.ppf(SURE, df)
    independent = max(variance / n_folds, between / len(means))
    return np.sqrt(independent + test_to_train * max(variance - drawn, 0.0))


def _transform(numbers: Any, law: Any) -> NDArray:
    """What scores are a straight line of. It rises: a positive slope is a gain."""
    exponent, offset = law
    return -((np.asarray(numbers, float) + offset) ** -exponent)
