"""The pools of numbers and of log-hazards."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from skmultimodal.fusion._pool import LogOpinionPoolClassifier
from skmultimodal.fusion._pooling import BaseOpinionPool
from skmultimodal.towers._outcomes import Numbers, TimeToEvent
from skmultimodal.utils._cox import fit_baseline
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._survival import BaselineMixin

__all__ = ["GaussianPoolRegressor", "HazardPoolSurvival"]


@described_like(
    LogOpinionPoolClassifier,
    without=("shift_scale", "classes_", "limits_", "log_prior_", "shift_"),
)
class GaussianPoolRegressor(RegressorMixin, BaseOpinionPool):
    """Pool of the means that towers predict, with a residual of features.

    The prediction is the mean of all rows, plus the sum over modalities of a weight
    times what its tower predicts above or below the mean, plus a linear function of the
    towers' features. A weight is a factor times that of the best linear combination of
    calibrated predictions, which depends on their covariance, and so on the modalities
    that a row has: two towers that repeat each other count less than two that do not,
    and one alone counts 1.

    Attributes
    ----------
    correlations_ : ndarray of shape (n_modalities, n_modalities)
        Of what the towers predict, in the order of `factors_`.
    scale_ : ndarray of shape (n_modalities,)
        Standard deviations of what they predict.
    target_mean_, target_std_ : float
        Mean and standard deviation of `y` in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``, beyond which nothing is predicted.
    intercept_ : ndarray of shape (1,)
    coef_ : ndarray of shape (1, `n_features_in_`)
        Of the features; 0 for the columns that are evidence.

    See Also
    --------
    LogOpinionPoolClassifier : For class labels, with the details.
    TwinTowerRegressor : Trains the towers and this pool.

    Notes
    -----
    A calibrated prediction is the part of the number that its modality shows, so its
    covariance with the number is its own variance, and the best weights are ``S^-1
    diag(S)`` with the covariance S of the predictions (bounded below by 0).

    The intercept is moved from `target_mean_` by the rows with several modalities, and
    is held there as if by 120 rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import GaussianPoolRegressor
    >>> rng = np.random.default_rng(0)
    >>> image, gene, rest = rng.normal(size=(3, 90))
    >>> y = 50 + image + gene + rest
    >>> spans = {"image": slice(0, 1), "gene": slice(1, 2)}
    >>> Z = np.column_stack([image, gene])
    >>> pool = GaussianPoolRegressor().fit(Z, y, modalities=spans, log_odds=spans)
    >>> pool.predict(np.array([[1.0, np.nan]])).round().tolist()
    [51.0]
    """

    _outcome_type = Numbers
    # A class label shows a quarter as much of its log-odds as a number of itself, so
    # that some dozens of paired rows would move the mean of all by their noise.
    _intercept_penalty = 4 * BaseOpinionPool._intercept_penalty

    @property
    def _origin(self) -> NDArray:
        return np.array([self.target_mean_])


@described_like(
    LogOpinionPoolClassifier,
    without=("shift_scale", "classes_", "limits_", "log_prior_", "shift_"),
)
class HazardPoolSurvival(BaselineMixin, BaseOpinionPool):
    """Pool of the log-hazards that towers predict, with a residual of features.

    The log-hazard is the sum over modalities of a weight times that of its tower, plus
    a linear function of the towers' features, fitted by Cox's partial likelihood.
    Weights are those of `GaussianPoolRegressor`: they depend on the modalities that a
    row has, and one alone counts 1.

    Attributes
    ----------
    correlations_ : ndarray of shape (n_modalities, n_modalities)
        Of the log-hazards, in the order of `factors_`.
    scale_ : ndarray of shape (n_modalities,)
        Standard deviations of the log-hazards.
    intercept_ : ndarray of shape (1,)
        0: the baseline hazard holds it.
    baselines_ : dict of int to Baseline
        Cumulative baseline hazard of each stratum, of all rows (Breslow).
    coef_ : ndarray of shape (1, `n_features_in_`)
        Of the features; 0 for the columns that are evidence.

    See Also
    --------
    LogOpinionPoolClassifier : For class labels, with the details.
    TwinTowerSurvival : Trains the towers and this pool.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import HazardPoolSurvival, make_survival_target
    >>> rng = np.random.default_rng(0)
    >>> Z = rng.normal(size=(60, 2))
    >>> time = rng.exponential(np.exp(-Z[:, 0]))
    >>> y = make_survival_target(event=rng.random(60) < 0.8, time=time)
    >>> spans = {"image": slice(0, 1), "gene": slice(1, 2)}
    >>> pool = HazardPoolSurvival().fit(Z, y, modalities=spans, log_odds=spans)
    >>> pool.decision_terms(Z[:1]).columns.tolist()
    [('intercept', ''), ('image', 'log-odds'), ('gene', 'log-odds')]
    """

    _outcome_type = TimeToEvent

    def _learn_baseline(self, X: Any, y: Any) -> None:
        self.baselines_ = fit_baseline(y, self.predict(X))
