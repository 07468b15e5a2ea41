"""What follows from acting on a probability: shares at a threshold, and net benefit."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from skmultimodal.model_selection._intervals import (
    corrected_t_interval,
    score_interval,
)

__all__ = [
    "count_shares",
    "half_of_share",
    "net_benefit",
    "share_interval",
    "threshold_scores",
]

# With fewer, how they differ is too uncertain to go by.
MIN_FOLDS = 10

SHARES = ["model", "metric", "score", "low", "high", "n_right", "n_patients"]
BENEFITS = ["model", "threshold", "net_benefit", "low", "high"]
BENEFITS += ["treat_all", "gain", "gain_low", "gain_high"]


def count_shares(hits: NDArray, called: NDArray) -> dict[str, Any]:
    """How many are right of how many, by metric.

    Parameters
    ----------
    hits, called : ndarray of bool, shape (n_patients,)
        Whether a patient is of the positive class, and is called so.

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


def threshold_scores(
    patients: Any,
    positive: int,
    threshold: float,
    level: float,
    ratios: dict[str, float],
) -> pd.DataFrame:
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
        each = of_model.each[:, positive] >= threshold
        of_folds = _count_by(of_model.folds, hits[of_model.places], each)
        for metric, (n_right, n) in count_shares(hits, called).items():
            share, low, high = np.nan, np.nan, np.nan
            if n:
                share = n_right / n
                right, of = of_folds[metric].T
                half = half_of_share(share, right, of, ratios[model], level)
                n_effective = n / (1 + ratios[model])
                low, high = share_interval(share, n_effective, half, level)
            rows.append((model, metric, share, low, high, n_right, n))
    return pd.DataFrame(rows, columns=SHARES)


def _count_by(folds: Any, hits: NDArray, called: Any) -> dict[str, Any]:
    """How many are right of how many in each fold, by metric: (n_folds, 2) each."""
    parts = [folds == fold for fold in np.unique(folds)]
    counts = [count_shares(hits[part], called[part]) for part in parts]
    return {m: np.array([c[m] for c in counts], dtype=float) for m in counts[0]}


def half_of_share(
    share: Any, n_right: NDArray, n: NDArray, ratio: float, level: float
) -> float:
    """Half of the interval of a share by how folds differ (linearised as a ratio)."""
    if not ratio or len(n) < MIN_FOLDS:
        return 0.0
    return _half(share + (n_right - share * n) / n.mean(), ratio, level)


def _half(values: Any, ratio: float, level: float) -> float:
    low, high = corrected_t_interval(values, ratio, confidence_level=level)
    return 0.0 if np.isnan(low) else (high - low) / 2


def net_benefit(
    patients: Any,
    positive: int,
    thresholds: Any,
    level: float,
    ratios: dict[str, float],
) -> pd.DataFrame:
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
        given = of_model, ratios[model], level
        for threshold in thresholds:
            # What a patient who is treated adds: a hit 1, others the odds.
            value = np.where(hits, 1.0, -threshold / (1 - threshold))
            own = _treated(of_model.proba, positive, threshold, value)
            each = value[of_model.places]
            own_each = _treated(of_model.each, positive, threshold, each)
            everyone = value.mean()
            gain, gain_each = own, own_each
            if everyone > 0:
                gain, gain_each = own - value, own_each - each
            rows.append(
                (
                    *(model, threshold, own.mean(), *_ends(own, own_each, *given)),
                    *(everyone, gain.mean(), *_ends(gain, gain_each, *given)),
                )
            )
    return pd.DataFrame(rows, columns=BENEFITS)


def _treated(proba: NDArray, positive: Any, threshold: Any, value: Any) -> NDArray:
    return np.where(proba[:, positive] >= threshold, value, 0.0)


def share_interval(
    share: Any, n: float, half: Any, level: float
) -> tuple[float, float]:
    """Score interval of a share, no narrower than Wilson's of `n` patients.

    `n` is perhaps no whole number; `half` is how far it reaches by other evidence.
    """
    quantile = float(stats.norm.ppf((1 + level) / 2))
    return score_interval(
        share, half, (0.0, 1.0), lambda true: true * (1 - true) / n, quantile
    )


def _ends(
    values: Any, each: Any, of_model: Any, ratio: float, level: float
) -> tuple[float, float]:
    """Interval of a mean over patients: by them, or by folds if that is wider."""
    mean, half = values.mean(), _half(values, ratio / len(values), level)
    n = np.bincount(of_model.folds)
    if ratio and len(n) >= MIN_FOLDS:
        of_folds = np.bincount(of_model.folds, weights=each) / n
        half = max(half, _half(of_folds, ratio, level))
    return mean - half, mean + half
