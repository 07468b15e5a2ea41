"""Late fusion: the mean of the predictions of single modalities."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from skmultimodal.fusion._inputs import (
    AlignedInputMixin,
    CohortClassifierMixin,
    read_cohort,
)
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._labels import check_labels, encode_labels
from skmultimodal.utils._probability import align_classes, pool_log_odds
from skmultimodal.utils._sklearn import BaseComposition, StrOptions, fit_context

__all__ = ["LateFusionClassifier"]


class LateFusionClassifier(
    AlignedInputMixin, ProbableClassMixin, CohortClassifierMixin, BaseComposition
):
    """Mean of the probabilities, or of the log-odds, of several classifiers.

    scikit-learn's ``VotingClassifier(voting="soft")`` does the same where every row
    has a label; this one passes unlabelled rows on.

    Parameters
    ----------
    estimators : list of (name, estimator)
        Classifiers of a cohort, such as `skmultimodal.UnimodalClassifier`.
    pool : {"probability", "log_odds"}, default="probability"
        What is averaged.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimators_ : list of estimator
        Fitted.
    fit_ids_ : ndarray of uint64, shape (n_rows,), or None
        As of `TwinTowerClassifier`.
    modalities_in_ : list of str
        Modalities of the data seen in ``fit``.
    features_in_ : dict of str to ndarray of str
        Column names of each modality that had names in ``fit``. Those of later data
        are put in this order.
    n_features_in_ : int
        Only after a ``fit`` on one bare array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Only after a ``fit`` on one bare DataFrame.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import UnimodalClassifier
    >>> from skmultimodal.baselines import LateFusionClassifier
    >>> X = {"gene": np.eye(4), "clinical": np.arange(8.0).reshape(4, 2)}
    >>> models = [(m, UnimodalClassifier(m, LogisticRegression())) for m in X]
    >>> LateFusionClassifier(models).fit(X, [0, 0, 1, 1]).predict(X).tolist()
    [0, 0, 1, 1]
    """

    _parameter_constraints: dict = {
        "estimators": [list],
        "pool": [StrOptions({"probability", "log_odds"})],
    }

    def __init__(self, estimators: Any, *, pool: str = "probability") -> None:
        self.estimators = estimators
        self.pool = pool

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, with those of the estimators.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        return self._get_params("estimators", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also of the estimators.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : object
        """
        self._set_params("estimators", **params)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> Self:
        """Fit every estimator on all rows.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
        y : array-like of shape (n_rows,)
            Class labels; NaN or None marks an unlabelled row.

        Returns
        -------
        self : object
        """
        cohort = read_cohort(self, X, reset=True)
        (y,) = join_rows(X, cohort, y=y)
        y = check_labels(y, len(cohort))
        if not self.estimators:
            raise ValueError("estimators is an empty list.")
        self._validate_names([name for name, _ in self.estimators])
        self.classes_, _ = encode_labels(y, allow_unlabelled=True)
        self.estimators_ = [clone(e).fit(cohort, y) for _, e in self.estimators]
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        cohort = read_cohort(self, X, reset=False)
        predictions = [
            align_classes(e.predict_proba(cohort), e.classes_, self.classes_)
            for e in self.estimators_
        ]
        if self.pool == "log_odds":
            return pool_log_odds(predictions)
        return np.mean(predictions, axis=0)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        allow = [get_tags(e).input_tags.allow_nan for _, e in self.estimators]
        tags.input_tags.allow_nan = all(allow)
        return tags
