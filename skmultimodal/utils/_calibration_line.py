"""Slope and intercept of the classes on their predicted log-odds."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

__all__ = ["CalibrationLine", "calibration_line"]

# What a calibration slope needs: rows, and of each class that enters.
MIN_ROWS = 30
MIN_OF_CLASS = 5


class CalibrationLine(NamedTuple):
    """Slope and intercept with their intervals; NaN is not estimable."""

    slope: float = np.nan
    slope_low: float = np.nan
    slope_high: float = np.nan
    intercept: float = np.nan
    intercept_low: float = np.nan
    intercept_high: float = np.nan


def calibration_line(
    codes: NDArray[np.intp],
    p: NDArray[np.floating],
    positive: int,
    confidence_level: float = 0.95,
    test_to_train: float = 0.0,
) -> CalibrationLine:
    """Slope of the log-ratios of all pairs of classes, and intercept of two classes.

    Among rows of two classes, which of them a row is of depends on their log-ratio
    alone: a logistic regression, whose slope is common to all pairs.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Class numbers.
    p : ndarray of shape (n_rows, n_classes)
        Probabilities.
    positive : int
        Number of the class that the intercept is of.
    confidence_level : float, default=0.95
        Of the intervals, by the normal approximation (Wald). Of more than two classes
        there are none, as a row is in several pairs.
    test_to_train : float, default=0.0
        As of `corrected_t_test`, of probabilities out of fold: the variance is
        ``1 + test_to_train`` times that of a model that no fold changes.

    Returns
    -------
    line : CalibrationLine
        NaN of fewer than 30 rows or two classes with 5, and where probabilities are
        constant or separate the classes.
    """
    classes = np.flatnonzero(np.bincount(codes) >= MIN_OF_CLASS)
    if len(p) < MIN_ROWS or len(classes) < 2:
        return CalibrationLine()
    logs = np.log(p.clip(np.finfo(float).eps))  # as in log_loss
    ratios, hits, pairs = [], [], []
    for number, (j, k) in enumerate(combinations(classes, 2)):
        own = np.isin(codes, [j, k])
        ratios.append(logs[own, k] - logs[own, j])
        hits.append(codes[own] == k)
        pairs.append(np.full(own.sum(), number))
    for sign in (1, -1):
        if all(_are_apart(sign * r, h) for r, h in zip(ratios, hits, strict=True)):
            return CalibrationLine()
    ratio, pair = np.concatenate(ratios), np.concatenate(pairs)
    # Nearly constant ratios have a steep slope: it is fitted in units of their spread.
    centre, spread = ratio.mean(), ratio.std()
    design = np.column_stack([(ratio - centre) / spread, np.eye(pair.max() + 1)[pair]])
    # Without a penalty: of an infinite C scikit-learn 1.8 warns.
    model = LogisticRegression(
        C=1e12, fit_intercept=False, solver="newton-cholesky", tol=1e-8
    )
    coef = model.fit(design, np.concatenate(hits)).coef_[0]
    if p.shape[1] > 2:
        return CalibrationLine(slope=coef[0] / spread)
    fitted = expit(design @ coef)
    covariance = np.linalg.inv(design.T * (fitted * (1 - fitted)) @ design)
    # Slope and intercept in the units of the ratios, and their standard errors.
    units = np.array([[1 / spread, 0], [-centre / spread, 1]])
    slope, intercept = units @ coef
    reach = stats.norm.ppf((1 + confidence_level) / 2) * np.sqrt(1 + test_to_train)
    reach_slope, reach_intercept = reach * np.sqrt(
        np.diag(units @ covariance @ units.T)
    )
    intercept = intercept if positive else -intercept
    return CalibrationLine(
        *(slope, slope - reach_slope, slope + reach_slope),
        *(intercept, intercept - reach_intercept, intercept + reach_intercept),
    )


def _are_apart(ratios: NDArray[np.floating], hits: NDArray[np.bool_]) -> bool:
    """Whether no row has a greater log-ratio than one that is a hit and it is not.

    Then the likelihood has no maximum.
    """
    return bool(ratios[~hits].max() <= ratios[hits].min())
