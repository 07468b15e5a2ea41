"""What follows from acting on a probability: shares at a threshold, and net benefit."""

import numpy as np
import pandas as pd
from scipy import stats

from skmultimodal.model_selection._intervals import (
    corrected_t_interval,
    score_interval,
)

__all__ = [
    "count_shares",
    "net_benefit",
    "threshold_scores",
]

SHARES = ["model", "metric", "score", "low", "high", "n_right", "n_patients"]
BENEFITS = ["model", "threshold", "net_benefit", "low", "high"]
BENEFITS += ["treat_all", "gain", "gain_low", "gain_high"]


def count_shares(hits, called):
    """How many are right of how many, by metric.

    Parameters
    ----------
    hits, called : ndarray of bool, shape (n_patients,)
        Whether a patient is of the positive class, and is said to be.

    Returns
    -------
    counts : dict of str to (int, int)
    """
    right = hits == called
    return {
        "accuracy": (int(right.sum()), len(hits)),
        "sensitivity": (int(right[hits].sum()), int(hits.sum())),
        "specificity": (int(right[~hits].sum()), int((~hits).sum())),
        "precision": (int(right[called].sum()), int(called.sum())),
        "negative_predictive_value": (
            int(right[~called].sum()),
            int((~called).sum()),
        ),
    }


def threshold_scores(patients, positive, threshold, level, ratios):
    """Shares at a threshold, as of ``Comparison.at_threshold``.

    Parameters
    ----------
    patients : dict of str to PatientPredictions
        By model.
    positive : int
        Number of the positive class.
    threshold, level : float
    ratios : dict of str to float
        Test to training rows that differ between folds; 0 of a fixed model.

    Returns
    -------
    scores : DataFrame
    """
    rows = []
    for model, of_model in patients.items():
        hits = of_model.codes == positive
        called = of_model.proba[:, positive] >= threshold
        for metric, (n_right, n) in count_shares(hits, called).items():
            share, low, high = np.nan, np.nan, np.nan
            if n:
                share = n_right / n
                low, high = _share_interval(share, n / (1 + ratios[model]), level)
            rows.append((model, metric, share, low, high, n_right, n))
    return pd.DataFrame(rows, columns=SHARES)


def net_benefit(patients, positive, thresholds, level, ratios):
    """Net benefit at thresholds, as of ``Comparison.net_benefit``.

    Parameters
    ----------
    patients : dict of str to PatientPredictions
        By model.
    positive : int
        Number of the positive class.
    thresholds : list of float
    level : float
    ratios : dict of str to float
        As of `threshold_scores`.

    Returns
    -------
    benefit : DataFrame
    """
    rows = []
    for model, of_model in patients.items():
        hits = of_model.codes == positive
        given = ratios[model] / len(hits), level
        for threshold in thresholds:
            # What a patient who is treated adds: a hit 1, others the odds.
            value = np.where(hits, 1.0, -threshold / (1 - threshold))
            own = np.where(of_model.proba[:, positive] >= threshold, value, 0.0)
            everyone = value.mean()
            gain = own - value if everyone > 0 else own
            rows.append(
                (
                    *(model, threshold, own.mean(), *_over_patients(own, *given)),
                    *(everyone, gain.mean(), *_over_patients(gain, *given)),
                )
            )
    return pd.DataFrame(rows, columns=BENEFITS)


def _share_interval(share, n, level):
    """Wilson's interval of a share of `n` patients, no whole number perhaps."""
    quantile = float(stats.norm.ppf((1 + level) / 2))
    return score_interval(
        share, 0.0, (0.0, 1.0), lambda true: true * (1 - true) / n, quantile
    )


def _over_patients(values, ratio, level):
    """Interval of a mean over patients, whose variance has the ratio added to 1 / n."""
    return corrected_t_interval(values, ratio, confidence_level=level)
