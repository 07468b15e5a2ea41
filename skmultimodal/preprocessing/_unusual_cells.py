"""Values that a shift by site would spoil: ties and outliers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_fences", "find_ties"]

FENCE = 10  # interquartile ranges beyond the quartiles, 14 sd of a normal feature
MIN_TIED = 5  # cells of one value, below which they may be alike by chance


def find_ties(values: Any, varies: Any, max_ties: Any) -> tuple[Any, Any]:
    """The value that many cells of a feature share, and which features have several.

    Shifted by the location of a site, such a value would mark the site. Features that
    do not vary within sites have none: there, all of the value is the site's.
    """
    tied = np.full(values.shape[1], np.nan)
    discrete = np.zeros(values.shape[1], dtype=bool)
    ordered = np.sort(values, axis=0)
    apart = MIN_TIED - 1
    some = (ordered[apart:] == ordered[: len(values) - apart]).any(axis=0)
    for feature in np.flatnonzero(varies & some):
        cells = values[:, feature]
        kinds, counts = np.unique(cells[~np.isnan(cells)], return_counts=True)
        many = (counts > max_ties * counts.sum()) & (counts >= MIN_TIED)
        discrete[feature] = many.sum() > 1
        if many.sum() == 1:
            tied[feature] = kinds[many][0]
    return tied, discrete


def find_fences(values: Any, varies: Any) -> NDArray:
    """Lowest and highest cell of each feature that is no outlier, (2, n_features).

    An outlier moves the mean of its site, and by it all its other rows.
    """
    fences = np.full((2, values.shape[1]), [[-np.inf], [np.inf]])
    some = varies & ~np.isnan(values).all(axis=0)
    ordered = np.sort(values[:, some], axis=0)  # NaN is last
    last = (~np.isnan(ordered)).sum(axis=0) - 1
    low, high = np.take_along_axis(ordered, np.stack([last // 4, last - last // 4]), 0)
    fences[:, some] = low - FENCE * (high - low), high + FENCE * (high - low)
    return fences
