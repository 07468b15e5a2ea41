"""Score intervals by trying all values."""

import numpy as np
from scipy import stats

GRID = np.linspace(0, 1, 400_001)


def interval_on_grid(mean, error, quantile, least=None, level=0.95):
    """Least and greatest share from which `mean` is within so many of its errors.

    The errors of the least variance are those of a normal distribution. Accurate to
    1e-5.
    """
    far = quantile * np.sqrt(error**2 / (mean * (1 - mean)) * GRID * (1 - GRID))
    if least is not None:
        far = np.maximum(far, stats.norm.isf((1 - level) / 2) * np.sqrt(least(GRID)))
    near = GRID[np.abs(GRID - mean) <= far]
    return [near.min(), near.max()]


def area_variance(n_positive, n_others):
    """Of an area under the curve, after Hanley & McNeil (1982)."""

    def variance(area):
        q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
        first = (n_positive - 1) * (q1 - area**2)
        second = (n_others - 1) * (q2 - area**2)
        return (area * (1 - area) + first + second) / (n_positive * n_others)

    return variance
