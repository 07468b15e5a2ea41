"""Models that no fold changes: one test on all patients, whatever the folds."""

from sklearn.frozen import FrozenEstimator

from skmultimodal.model_selection._acting import count_shares
from skmultimodal.model_selection._delong import delong, delong_interval
from skmultimodal.model_selection._intervals import wilson_interval

__all__ = ["fixed_score", "is_fixed"]


def is_fixed(estimator):
    """Whether ``fit`` leaves an estimator as it is."""
    if isinstance(estimator, FrozenEstimator):
        return True
    tags = getattr(estimator, "__sklearn_tags__", None)
    return tags is not None and not tags().requires_fit


def fixed_score(metric, hits, called, score, level):
    """Score of a fixed model over patients, each of whom counts once.

    The mean over folds comes to the same with ever more repeats; how folds of one model
    differ is no measure of how its training rows matter, as they do not.

    Parameters
    ----------
    metric : str
        Its name in scikit-learn.
    hits, called : ndarray of bool, shape (n_patients,)
        Whether a patient is of the positive class, and is predicted to be.
    score : ndarray of shape (n_patients,) or None
        Probability of the positive class.
    level : float
        Confidence level of the interval.

    Returns
    -------
    score : (float, float, float) or None
        Of an area its value and DeLong's interval, of an accuracy and the like
        Wilson's; None of other metrics.
    """
    if metric == "roc_auc":
        if score is None or hits.all() or not hits.any():
            return None
        area = float(delong(hits, score)[0][0])
        return area, *delong_interval(hits, score, confidence_level=level)
    name = "sensitivity" if metric == "recall" else metric
    n_right, n = count_shares(hits, called).get(name, (0, 0))
    if not n:
        return None
    return n_right / n, *wilson_interval(n_right, n, confidence_level=level)
