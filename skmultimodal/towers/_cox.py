"""Cox's regression with a ridge penalty."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.towers._log_linear import fit_log_linear
from skmultimodal.utils._cox import CoxLikelihood, fit_baseline
from skmultimodal.utils._sklearn import Interval, fit_context
from skmultimodal.utils._survival import BaselineMixin
from skmultimodal.utils._survival_target import read_survival, refuse_no_event

__all__ = ["CoxRidgeSurvival"]


class CoxRidgeSurvival(BaselineMixin, BaseEstimator):
    """Cox's proportional hazards regression with a ridge penalty.

    The log-hazard of a row is a linear function of its columns. It is the tower of
    narrow tables, the comparator of clinical covariates, and what reads the features of
    a tower that predicts no risk.

    Parameters
    ----------
    penalty : float, default=10.0
        The loss is the negative log partial likelihood (Efron's for ties) plus
        ``penalty / 2 * |coef|^2``: standardise the columns first.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    mean_ : ndarray of shape (n_features,)
        Of the columns in ``fit``; a row with these values has a log-hazard of 0.
    baselines_ : dict of int to Baseline
        Cumulative baseline hazard of each stratum (Breslow).
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    See Also
    --------
    TwinTowerSurvival : Fuses modalities.

    References
    ----------
    Cox (1972), Regression models and life-tables, JRSS B 34(2).
    Efron (1977), The efficiency of Cox's likelihood function for censored data, JASA
    72.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import CoxRidgeSurvival, make_survival_target
    >>> age = np.array([[40.0], [50.0], [60.0], [70.0]])
    >>> y = make_survival_target([True, False, True, True], [9.0, 8.0, 4.0, 2.0])
    >>> model = CoxRidgeSurvival().fit(age / 10, y)
    >>> model.score(age / 10, y)
    1.0
    >>> model.predict_survival_function(age / 10, times=[3.0]).shape
    (4, 1)
    """

    _parameter_constraints: dict = {
        "penalty": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, penalty: float = 10.0) -> None:
        self.penalty = penalty

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Fit coefficients and baseline hazards.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : structured array, DataFrame or array-like of shape (n_rows,)
            As of ``make_survival_target``, or times that are negative where the patient
            was censored. Rows without a time are left out.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If no row has an event.
        """
        target = read_survival(y)
        X = validate_data(self, X, dtype=np.float64)
        if len(X) != len(target):
            raise ValueError(f"y has {len(target)} rows and X {len(X)}.")
        known = ~np.isnan(target["time"])
        X, target = X[known], target[known]
        refuse_no_event(self, target)
        self.mean_ = X.mean(axis=0)
        centred = X - self.mean_
        model = fit_log_linear(
            np.empty((0, *centred.shape[:1], 1)),
            centred,
            CoxLikelihood(target),
            prior_weight=1.0,
            weight_penalty=1.0,
            intercept_penalty=1.0,
            feature_penalty=np.full(X.shape[1], float(self.penalty)),
        )
        self.coef_, self.n_iter_ = model.coef[:, 0], model.n_iter
        self.baselines_ = fit_baseline(target, centred @ self.coef_)
        return self

    def predict(self, X: Any) -> NDArray:
        """Predict log-hazards: the higher, the earlier the event.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        risk : ndarray of shape (n_rows,)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return (X - self.mean_) @ self.coef_
