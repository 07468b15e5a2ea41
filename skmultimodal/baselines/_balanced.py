"""An ensemble of classifiers of balanced subsamples."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.utils._labels import encode_labels, refuse_one_class
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._sklearn import HasMethods, Interval, fit_context

__all__ = ["BalancedSubsampleClassifier"]

LARGEST_SEED = np.iinfo(np.int32).max


class BalancedSubsampleClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Mean of classifiers, each fitted on as many rows of every class.

    Parameters
    ----------
    estimator : classifier, default=None
        Has ``predict_proba``. None means CatBoost with 100 trees of depth 4, which
        needs ``pip install skmultimodal[boost]``.
    n_estimators : int, default=20
        Subsamples, each drawn without replacement from every class, as many rows as
        the scarcest class has.
    random_state : int, RandomState instance or None, default=None
        Draws the subsamples, and seeds the classifiers.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimators_ : list of estimator
        Fitted on class numbers.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    References
    ----------
    Sadique et al. (2023), arXiv:2306.03270: "repeated random sub-sampling" of the
    larger class.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmultimodal.baselines import BalancedSubsampleClassifier
    >>> X, y = np.arange(10.0).reshape(-1, 1), [0] * 8 + [1] * 2
    >>> model = BalancedSubsampleClassifier(DecisionTreeClassifier(), random_state=0)
    >>> model.fit(X, y).predict([[0.0], [9.0]]).tolist()
    [0, 1]
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator=None, *, n_estimators=20, random_state=None):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Fit each classifier on a subsample of its own.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
            Class labels.

        Returns
        -------
        self : object

        Raises
        ------
        ImportError
            If `estimator` is None and CatBoost is not installed.
        """
        X, y = validate_data(self, X, y)
        self.classes_, codes = encode_labels(y)
        refuse_one_class(self, self.classes_)
        rng = check_random_state(self.random_state)
        self.estimators_ = [
            self._make(rng.randint(LARGEST_SEED)).fit(X[rows], codes[rows])
            for rows in (_balanced_rows(codes, rng) for _ in range(self.n_estimators))
        ]
        return self

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return np.mean([e.predict_proba(X) for e in self.estimators_], axis=0)

    def _make(self, seed):
        if self.estimator is None:
            catboost = import_optional("catboost", "boost")
            return catboost.CatBoostClassifier(
                iterations=100,
                depth=4,
                learning_rate=0.1,
                random_seed=seed,
                verbose=False,
                allow_writing_files=False,
                thread_count=1,
            )
        made = clone(self.estimator)
        if "random_state" in made.get_params(deep=False):
            made.set_params(random_state=seed)
        return made


def _balanced_rows(codes, rng):
    """As many rows of each class, in order."""
    n_rows = np.bincount(codes).min()
    chosen = [
        rng.choice(np.flatnonzero(codes == code), n_rows, replace=False)
        for code in np.unique(codes)
    ]
    return np.sort(np.concatenate(chosen))
