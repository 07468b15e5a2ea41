"""How far the log-odds of a tower can be trusted."""

import numpy as np
from sklearn.pipeline import Pipeline

from skmultimodal.towers._log_linear import fit_log_linear

__all__ = ["MIN_ROWS", "fit_slope", "scale_to_mean"]

# With fewer labelled rows it is not fitted.
MIN_ROWS = 8
# Prior of the slope, in units of the standard deviation of held-out log-ratios, and
# its strength: towers tend to be informative, which 20 rows alone cannot show.
SLOPE_PRIOR, SLOPE_PENALTY = 0.5, 4.0


def fit_slope(ratios, codes, seen):
    """Slope and intercept that calibrate log-ratios of rows that were held out.

    Parameters
    ----------
    ratios : ndarray of shape (n_rows, n_classes)
        Centred log-ratios of the classes.
    codes : ndarray of int, shape (n_rows,)
        Class numbers, -1 for a row without label.
    seen : ndarray of bool, shape (n_rows,)
        Labelled rows whose `ratios` are known.

    Returns
    -------
    slope : float
        0 if fewer than 8 rows are known, or their ratios are all equal.
    intercept : ndarray of shape (n_classes,)
    """
    n_classes = ratios.shape[1]
    known = codes[codes >= 0]
    spread = ratios[seen].std() if seen.any() else 0
    if seen.sum() < MIN_ROWS or spread < 1e-12:
        shares = np.bincount(known, minlength=n_classes) / len(known)
        return 0.0, np.log(shares)
    model = fit_log_linear(
        ratios[None, seen] / spread,
        np.empty((seen.sum(), 0)),
        codes[seen],
        n_classes,
        prior_weight=SLOPE_PRIOR,
        weight_penalty=SLOPE_PENALTY,
        intercept_penalty=1e-3,
        feature_penalty=np.empty(0),
    )
    return float(model.weights[0] / spread), model.intercept


def scale_to_mean(estimator, n_members, slope, intercept, codes):
    """Slope and intercept of the mean of members, from those of one member.

    By regression dilution the slope grows by the variance of one member's log-odds over
    that of the mean's.

    Parameters
    ----------
    estimator : estimator
        Its attribute ``noise_share``, if it has one, is the share of the variance of a
        member's log-odds that is not common to all members.
    n_members : int
    slope, intercept : float and ndarray of shape (n_classes,)
        As of `fit_slope`.
    codes : ndarray of int, shape (n_rows,)
        Class numbers, -1 for a row without label.

    Returns
    -------
    slope, intercept : float and ndarray of shape (n_classes,)
        Class shares are what log-odds without evidence give.
    """
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    noise = getattr(last, "noise_share", 0.0)
    gain = 1 / (1 - noise * (1 - 1 / n_members))
    known = codes[codes >= 0]
    shares = np.log(np.bincount(known, minlength=len(intercept)) / len(known))
    return gain * slope, shares + gain * (intercept - shares)
