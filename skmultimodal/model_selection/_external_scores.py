"""Scores of one fitted model on patients who did not train it, with intervals."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from skmultimodal.model_selection._delong import delong_interval
from skmultimodal.utils._calibration_line import calibration_line

__all__ = ["METRICS", "external_scores", "patient_losses", "recalibrated_scores"]

METRICS = [
    *["roc_auc", "brier", "log_loss", "brier_gain", "log_loss_gain"],
    *["calibration_slope", "calibration_intercept", "observed_expected"],
]
# Above, the bootstrap and the t interval of a mean are the same.
MOST_RESAMPLED = 2000
# Probabilities of 0 and 1 are drawn in, as in scikit-learn's log_loss.
LEAST = np.finfo(np.float64).eps
N_FOLDS = 10


def patient_losses(codes: NDArray, p: Any) -> dict[str, Any]:
    """Brier score and log-loss of each patient: dict of str to ndarray."""
    hits = np.eye(p.shape[1])[codes]
    squares = ((p - hits) ** 2).sum(axis=1)
    own = p[np.arange(len(p)), codes].clip(LEAST, 1)
    # Of two classes both squares are the same, and one is counted.
    return {
        "brier": squares / 2 if p.shape[1] == 2 else squares,
        "log_loss": -np.log(own),
    }


def external_scores(
    codes: NDArray,
    p: NDArray,
    positive: int,
    *,
    level: float,
    n_resamples: int,
    rng: np.random.RandomState,
) -> pd.DataFrame:
    """Scores of some patients.

    Parameters
    ----------
    codes : ndarray of int, shape (n_patients,)
        Class numbers.
    p : ndarray of shape (n_patients, n_classes)
    positive : int
        Number of the class that the intercept and the ratio are about.
    level : float
        Confidence level.
    n_resamples : int
        Draws of the patients.
    rng : RandomState

    Returns
    -------
    scores : DataFrame with one row per metric
        ``value``, ``low`` and ``high``; NaN where it cannot be estimated.
    """
    own = patient_losses(codes, p)
    constant = _losses_of_share(codes, p.shape[1])
    resample = _Resampling(len(p), n_resamples, level, rng)
    found = {"roc_auc": _area(codes, p, positive, level, resample)}
    for name, losses in own.items():
        found[name] = resample.mean_interval(losses, positive=True)
        found[f"{name}_gain"] = resample.mean_interval(constant[name] - losses)
    line = calibration_line(codes, p, positive, level)
    found["calibration_slope"] = line.slope, line.slope_low, line.slope_high
    two = p.shape[1] == 2
    hits, p_hit = codes == positive, p[:, positive]
    nothing = np.nan, np.nan, np.nan
    found["calibration_intercept"] = (
        _in_the_large(hits, p_hit, level) if two else nothing
    )
    found["observed_expected"] = _observed_expected(hits, p_hit, level)
    columns = ["value", "low", "high"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns).loc[METRICS]


def _losses_of_share(codes: NDArray, n_classes: int) -> dict[str, Any]:
    """Losses of the share of each class among these patients, for other patients.

    That of the patients themselves fits them by chance: what that gains on average is
    taken away.
    """
    n = len(codes)
    share = np.bincount(codes, minlength=n_classes) / n
    losses = patient_losses(codes, np.tile(share, (n, 1)))
    losses["brier"] *= n / max(n - 1, 1)
    losses["log_loss"] += (n_classes - 1) / (2 * n)
    return losses


class _Resampling:
    """Patients drawn with replacement, the same draws for every metric.

    Parameters
    ----------
    n : int
        Patients.
    n_resamples : int
    level : float
    rng : RandomState
    """

    def __init__(
        self, n: int, n_resamples: int, level: float, rng: np.random.RandomState
    ) -> None:
        self.level, self.n = level, n
        self.drawn = None
        if 1 < n <= MOST_RESAMPLED:
            self.drawn = rng.randint(n, size=(n_resamples, n))
            # How often each patient is drawn: means are then products of matrices.
            places = self.drawn + n * np.arange(n_resamples)[:, None]
            counts = np.bincount(places.ravel(), minlength=n * n_resamples)
            self.counts = counts.reshape(n_resamples, n).astype(float)

    def mean_interval(
        self, values: Any, *, positive: Any = False
    ) -> tuple[float, float, float]:
        """Mean and its interval by the studentised bootstrap.

        It is that of the logarithm of what is positive. A loss is skewed: most patients
        have little of it, few have much. The plain bootstrap is then too short above;
        how far means of resamples are from the mean, in their own standard errors, is
        not.
        """
        n, mean = self.n, float(np.mean(values))
        error = np.std(values, ddof=1) / np.sqrt(n) if n > 1 else np.nan
        # What is constant has no interval; rounding is no spread.
        if not error > 1e-12 * np.abs(values).max() or (positive and mean <= 0):
            return mean, np.nan, np.nan
        ends = stats.t.ppf([(1 - self.level) / 2, (1 + self.level) / 2], n - 1)
        if self.drawn is not None:
            ends = self._quantiles(values, mean, positive)
        if positive:
            low, high = mean * np.exp(-ends[::-1] * error / mean)
        else:
            low, high = mean - ends[::-1] * error
        return mean, float(low), float(high)

    def _quantiles(self, values: Any, mean: Any, positive: Any) -> NDArray:
        means = self.counts @ values / self.n
        spread = self.counts @ values**2 / self.n - means**2
        errors = np.sqrt(spread.clip(0) / (self.n - 1))
        if positive:
            good = (means > 0) & (errors > 0)
            far = np.log(means[good] / mean) / (errors[good] / means[good])
        else:
            good = errors > 0
            far = (means[good] - mean) / errors[good]
        return np.quantile(far, [(1 - self.level) / 2, (1 + self.level) / 2])

    def percentiles(self, statistic: Any) -> tuple[float, float]:
        """Interval of a statistic of some rows, by its percentiles."""
        if self.drawn is None:
            return np.nan, np.nan
        drawn = np.array([statistic(rows) for rows in self.drawn])
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn) < len(self.drawn) / 2:
            return np.nan, np.nan
        ends = (1 - self.level) / 2, (1 + self.level) / 2
        return tuple(np.quantile(drawn, ends).tolist())


def _area(
    codes: NDArray, p: Any, positive: Any, level: float, resample: Any
) -> tuple[float, float, float]:
    """Area under the ROC curve; of more than two classes the mean over them."""
    if p.shape[1] == 2:
        hits = codes == positive
        if hits.all() or not hits.any():
            return np.nan, np.nan, np.nan
        area = roc_auc_score(hits, p[:, positive])
        return (area, *delong_interval(hits, p[:, positive], confidence_level=level))

    def mean_area(rows: Any) -> float:
        hits = codes[rows, None] == np.arange(p.shape[1])
        areas = [
            roc_auc_score(hits[:, k], p[rows, k])
            for k in range(p.shape[1])
            if 0 < hits[:, k].sum() < len(rows)
        ]
        return np.mean(areas) if areas else np.nan

    area = mean_area(np.arange(len(codes)))
    return (area, *resample.percentiles(mean_area))


def _in_the_large(hits: NDArray, p: Any, level: float) -> tuple[float, float, float]:
    """Intercept of a logistic regression whose slope is 1, by its score interval.

    The variance is that of the residuals, as the true slope may be another.
    """
    if hits.all() or not hits.any():
        return np.nan, np.nan, np.nan
    p = p.clip(1e-9, 1 - 1e-9)
    odds = np.log(p) - np.log1p(-p)
    n = len(hits)
    quantile = stats.t.ppf((1 + level) / 2, n - 1)

    def excess(intercept: Any, far: float) -> float:
        rest = expit(odds + intercept) - hits
        return rest.sum() - far * np.sqrt(n) * rest.std(ddof=1)

    ends = np.array([-60.0, 60.0])
    value, low, high = (
        optimize.brentq(excess, *ends, args=(far,))
        if _changes(excess, ends, far)
        else e
        for far, e in ((0.0, np.nan), (-quantile, -np.inf), (quantile, np.inf))
    )
    return value, low, high


def _changes(function: Any, ends: NDArray, far: float) -> bool:
    return function(ends[0], far) * function(ends[1], far) < 0


def _observed_expected(
    hits: NDArray, p: Any, level: float
) -> tuple[float, float, float]:
    """Patients of the class over those expected, by Fieller's interval."""
    n, expected = len(hits), p.mean()
    if n < 2 or not expected > 0:
        return np.nan, np.nan, np.nan
    ratio = hits.mean() / expected
    # Ratios r at which the mean of hits - r * p is no further from 0 than it may be.
    far = stats.t.ppf((1 + level) / 2, n - 1) ** 2 / n
    (vh, c), (_, vp) = np.cov(hits, p)
    a, b = expected**2 - far * vp, hits.mean() * expected - far * c
    d = b**2 - a * (hits.mean() ** 2 - far * vh)
    if a <= 0 or d < 0:
        return ratio, np.nan, np.nan
    low, high = (b - np.sqrt(d)) / a, (b + np.sqrt(d)) / a
    return ratio, max(low, 0.0), high


def recalibrated_scores(
    codes: NDArray,
    p: Any,
    positive: Any,
    *,
    random_state: int | np.random.RandomState | None,
) -> pd.DataFrame:
    """Losses after recalibration on other patients of the same hospital, out of fold.

    Parameters
    ----------
    codes, p, positive : as of `external_scores`
        Of two classes.
    random_state : int or RandomState
        Draws the ten folds.

    Returns
    -------
    table : DataFrame with three rows
        ``brier`` and ``log_loss`` of probabilities as they are, and out of fold after
        recalibration in the large and by slope and intercept; ``slope`` and
        ``intercept`` that all patients give. NaN with fewer than ten of a class.
    """
    hits = codes == positive
    odds = np.log(p[:, positive].clip(1e-9)) - np.log((1 - p[:, positive]).clip(1e-9))
    kinds = {"as predicted": None, "in the large": _fit_intercept, "slope": _fit_line}
    few = min(hits.sum(), (~hits).sum()) < N_FOLDS
    folds = _folds(hits, random_state) if not few else []
    rows = {}
    for name, fit in kinds.items():
        changed, slope, intercept = odds, 1.0, 0.0
        if fit is not None:
            if few:
                rows[name] = [np.nan] * 4
                continue
            changed = np.empty(len(odds))
            for train, test in folds:
                a, b = fit(odds[train], hits[train])
                changed[test] = a * odds[test] + b
            slope, intercept = fit(odds, hits)
        q = expit(changed)
        losses = patient_losses(hits.astype(int), np.column_stack([1 - q, q]))
        rows[name] = [*(float(v.mean()) for v in losses.values()), slope, intercept]
    columns = ["brier", "log_loss", "slope", "intercept"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _folds(
    hits: NDArray, random_state: int | np.random.RandomState | None
) -> list[Any]:
    cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state)
    return list(cv.split(hits, hits))


def _fit_intercept(odds: Any, hits: NDArray) -> tuple[float, float]:
    def excess(intercept: Any) -> float:
        return expit(odds + intercept).sum() - hits.sum()

    return 1.0, float(optimize.brentq(excess, -60, 60))


def _fit_line(odds: Any, hits: NDArray) -> tuple[float, float]:
    """Slope and intercept by maximum likelihood, drawn in a little.

    Without it there would be none where the log-odds separate the classes.
    """
    centre, spread = odds.mean(), odds.std() or 1.0
    model = LogisticRegression(C=10.0).fit(((odds - centre) / spread)[:, None], hits)
    slope = float(model.coef_[0, 0] / spread)
    return slope, float(model.intercept_[0] - slope * centre)
