"""Features that differ between the classes."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin, f_classif
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.utils._sklearn import Interval, fit_context

__all__ = ["SignificantFeatureSelector"]


class SignificantFeatureSelector(SelectorMixin, BaseEstimator):
    """Keep the features whose F test is significant, or the best few if none is.

    scikit-learn's ``SelectFpr`` with two differences that small cohorts need: some
    features are always left, and constant ones are never chosen before others.

    Parameters
    ----------
    alpha : float, default=0.05
        Features with a smaller p value are kept.
    min_features : int, default=5
        Features to keep, the smallest p values first, where fewer are significant.

    Attributes
    ----------
    pvalues_ : ndarray of shape (`n_features_in_`,)
        1 for a constant feature.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
    """

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "min_features": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, alpha=0.05, *, min_features=5):
        self.alpha = alpha
        self.min_features = min_features

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Test each feature.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
            Class labels.

        Returns
        -------
        self : object
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        # Rounding leaves a constant column a spread of about 1e-16 of its level.
        spread, level = np.ptp(X, axis=0), np.abs(X).max(axis=0)
        varying = spread > 1e-12 * level
        self.pvalues_ = np.ones(X.shape[1])
        if varying.any():
            with np.errstate(divide="ignore", invalid="ignore"):
                pvalues = f_classif(X[:, varying], y)[1]
            self.pvalues_[varying] = np.nan_to_num(pvalues, nan=1.0)
        return self

    def _get_support_mask(self):
        check_is_fitted(self)
        support = self.pvalues_ < self.alpha
        if support.sum() < self.min_features:
            best = np.argsort(self.pvalues_, kind="stable")[: self.min_features]
            support = np.zeros(len(self.pvalues_), dtype=bool)
            support[best] = True
        return support

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
