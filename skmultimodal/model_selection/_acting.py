"""What follows from acting on a probability: shares at a threshold, and net benefit."""

import numpy as np
import pandas as pd

from skmultimodal.model_selection._intervals import (
    corrected_t_interval,
    wilson_interval,
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


def threshold_scores(patients, positive, threshold, level):
    """Shares at a threshold, as of ``Comparison.at_threshold``.

    Parameters
    ----------
    patients : dict of str to PatientPredictions
        By model.
    positive : int
        Number of the positive class.
    threshold, level : float

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
                low, high = wilson_interval(n_right, n, confidence_level=level)
            rows.append((model, metric, share, low, high, n_right, n))
    return pd.DataFrame(rows, columns=SHARES)


def net_benefit(patients, positive, thresholds, level):
    """Net benefit at thresholds, as of ``Comparison.net_benefit``.

    Parameters
    ----------
    patients : dict of str to PatientPredictions
        By model.
    positive : int
        Number of the positive class.
    thresholds : list of float
    level : float

    Returns
    -------
    benefit : DataFrame
    """
    rows = []
    for model, of_model in patients.items():
        hits = of_model.codes == positive
        for threshold in thresholds:
            # What a patient who is treated adds: a hit 1, others the odds.
            value = np.where(hits, 1.0, -threshold / (1 - threshold))
            own = np.where(of_model.proba[:, positive] >= threshold, value, 0.0)
            everyone = value.mean()
            gain = own - value if everyone > 0 else own
            rows.append(
                (
                    *(model, threshold, own.mean(), *_over_patients(own, level)),
                    *(everyone, gain.mean(), *_over_patients(gain, level)),
                )
            )
    return pd.DataFrame(rows, columns=BENEFITS)


def _over_patients(values, level):
    """Interval of a mean over patients, given the models."""
    return corrected_t_interval(values, 0.0, confidence_level=level)
