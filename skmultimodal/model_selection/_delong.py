"""Areas under the ROC curve of one test, over patients (DeLong)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skmultimodal.model_selection._intervals import score_interval
from skmultimodal.model_selection._metrics import PatientCounts, least_variance

__all__ = ["delong", "delong_interval"]

# Of Hanley and McNeil's variance, below which DeLong's is chance.
LEAST_SHARE = 0.5


def delong(hits: NDArray, scores: Any) -> tuple[NDArray, NDArray]:
    """Areas under the ROC curves of models on the same patients, and how they vary.

    Parameters
    ----------
    hits : ndarray of bool, shape (n_patients,)
        Whether a patient is of the positive class.
    scores : array-like of shape (n_models, n_patients)

    Returns
    -------
    areas : ndarray of shape (n_models,)
    covariance : ndarray of shape (n_models, n_models)
        Of the areas; NaN where a class has one patient.
    """
    scores = np.atleast_2d(np.asarray(scores, dtype=float))
    n_positive, n_others = int(hits.sum()), int((~hits).sum())
    both = stats.rankdata(scores, axis=1)
    # Of each patient the share of the other class that is on the right side: its rank
    # among all, less that in its own class (midranks, so that a tie counts half).
    placed = (both[:, hits] - stats.rankdata(scores[:, hits], axis=1)) / n_others
    others = (both[:, ~hits] - stats.rankdata(scores[:, ~hits], axis=1)) / n_positive
    covariance = np.full((len(scores), len(scores)), np.nan)
    if min(n_positive, n_others) > 1:
        covariance = np.cov(placed) / n_positive + np.cov(others) / n_others
    return placed.mean(axis=1), np.atleast_2d(covariance)


def delong_interval(
    y_true: Any,
    y_score: Any,
    *,
    test_to_train: float = 0.0,
    confidence_level: float = 0.95,
) -> tuple[float, float]:
    """Interval for the area under the ROC curve of one model on one test set.

    It is for a model that was fitted once, on other patients. Of predictions out of
    fold it is too narrow, as it leaves out that other training patients would give
    other models: `test_to_train` widens it.

    Parameters
    ----------
    y_true : array-like of shape (n_patients,)
        1 or True for the positive class, 0 or False for the other.
    y_score : array-like of shape (n_patients,)
        Probability of the positive class, or what else grows with it.
    test_to_train : float, default=0.0
        As of `corrected_t_test`, of predictions out of fold, one for each patient: the
        variance is then ``1 + test_to_train`` times that of a fixed model.
    confidence_level : float, default=0.95
        Of the interval.

    Returns
    -------
    low, high : float
        Ends of the interval, between 0 and 1. NaN if a class has fewer than two
        patients.

    Raises
    ------
    ValueError
        If `y_true` holds anything but 0 and 1.

    See Also
    --------
    corrected_t_interval : For cross-validation.
    wilson_interval : The same for an accuracy.

    Notes
    -----
    The variance is DeLong's, by Sun and Xu's ranks, and no less than half of Hanley and
    McNeil's at the value in question (all of it, out of fold): an area of 1 in the
    sample is no certainty. The interval is a score interval, as that of
    `corrected_t_interval`.

    References
    ----------
    .. [1] DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more
       correlated receiver operating characteristic curves", Biometrics 44 (1988).
       :doi:`10.2307/2531595`
    .. [2] Sun and Xu, "Fast implementation of DeLong's algorithm", IEEE Signal
       Processing Letters 21 (2014). :doi:`10.1109/LSP.2014.2337313`

    Examples
    --------
    >>> from skmultimodal.model_selection import delong_interval
    >>> y, score = [0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.3, 0.35, 0.8, 0.9]
    >>> low, high = delong_interval(y, score)
    >>> f"{low:.2f} to {high:.2f}"
    '0.41 to 0.99'
    """
    hits = np.asarray(y_true)
    if not np.isin(hits, [0, 1]).all():
        raise ValueError("y_true must hold 1 for the positive class, and 0.")
    hits = hits.astype(bool)
    n_positive, n_others = int(hits.sum()), int((~hits).sum())
    if min(n_positive, n_others) < 2:
        return np.nan, np.nan
    areas, covariance = delong(hits, y_score)
    quantile = stats.norm.ppf((1 + confidence_level) / 2)
    wider = 1 + test_to_train
    # All of it covers 97 % for a fixed model, and up to 99 %, half of it 95 %
    # (`benchmarks.statistics.external_candidates`).
    share = 1.0 if test_to_train else LEAST_SHARE
    half = quantile * float(np.sqrt(wider * covariance[0, 0]))
    least = least_variance("roc_auc", PatientCounts(n_positive, n_others))
    return score_interval(
        float(areas[0]),
        half,
        (0.0, 1.0),
        lambda area: wider * share * least(area),
        quantile,
    )
