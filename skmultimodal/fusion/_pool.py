"""The logarithmic opinion pool."""

from numbers import Real

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch.nn.functional import log_softmax

from skmultimodal.fusion._head import check_spans
from skmultimodal.towers._log_linear import fit_log_linear
from skmultimodal.utils._labels import encode_labels, refuse_one_class
from skmultimodal.utils._sklearn import Interval, fit_context
from skmultimodal.utils._torch_views import TorchView, tensor_like, torch_view

__all__ = ["LogOpinionPoolClassifier"]


class LogOpinionPoolClassifier(ClassifierMixin, BaseEstimator):
    """Logarithmic opinion pool of the towers' log-odds, with a residual of features.

    The logit of a class is an intercept, plus the sum over modalities of a weight times
    the log-odds that the modality's tower gives it, plus a linear function of the
    towers' features (the residual). With calibrated towers that are independent given
    the class, weights of 1 and no residual are Bayes' rule; how
    far to depart from that is fitted on the paired rows. The logit is a sum of one term
    per modality, which ``decision_terms`` returns; an absent modality is a term of 0.

    The loss is the cross-entropy summed over the rows, plus ``weight_penalty / 2 *
    sum_m (weight_m - 1)^2``, plus half the squared distance of the intercept from the
    logarithm of the class frequencies, plus ``feature_penalty / 2 * sum_m d_m *
    |coef_m|^2`` where modality m has d_m features; no weight is negative. It is convex.

    Parameters
    ----------
    weight_penalty : float, default=30.0
        Strength by which the weights are held at 1.
    feature_penalty : float, default=2.0
        Strength by which the residual is held at 0. It is multiplied by the number of
        features of a modality, so that a long vector counts as much as a short one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    weights_ : dict of str to float
        Weight of the log-odds of each modality.
    intercept_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (n_classes, `n_features_in_`)
        Of the features; 0 for the columns that are log-odds.
    feature_range_ : ndarray of shape (2, `n_features_in_`)
        Least and largest value of each feature in ``fit``; infinite for log-odds.
    modalities_ : dict of str to slice
        Columns of each modality.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    See Also
    --------
    TwinTowerClassifier : Trains the towers and this head, which is its default.
    FusionHeadClassifier : The paper's head.

    Notes
    -----
    A feature beyond its range in ``fit`` is read as the end of that range. What hardly
    varied over some dozens of rows is large in another row once it is standardised.

    How the penalties were chosen is in the user guide, "Choosing a fusion".

    References
    ----------
    Genest & Zidek (1986), Combining probability distributions: a critique and an
    annotated bibliography, Statistical Science 1(1): the logarithmic opinion pool.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import LogOpinionPoolClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> image, gene = (rng.normal(scale=2, size=(2, 40)) + 4 * y - 2) * [[0.5], [1.0]]
    >>> Z = np.column_stack([image, gene])
    >>> spans = {"image": slice(0, 1), "gene": slice(1, 2)}
    >>> pool = LogOpinionPoolClassifier().fit(Z, y, modalities=spans, log_odds=spans)
    >>> pool.decision_terms(Z[:1]).columns.tolist()
    [('intercept', ''), ('image', 'log-odds'), ('gene', 'log-odds')]
    """

    _parameter_constraints: dict = {
        "weight_penalty": [Interval(Real, 0, None, closed="left")],
        "feature_penalty": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, weight_penalty=30.0, feature_penalty=2.0):
        self.weight_penalty = weight_penalty
        self.feature_penalty = feature_penalty

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, modalities=None, log_odds=None):
        """Fit weights, intercept and residual.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Log-odds of the towers, centred, and their standardised features.
        y : array-like of shape (n_rows,)
            Class labels.
        modalities : dict of str to slice, default=None
            Columns of `X` that each modality gave; together all columns. None: all
            columns are of one modality, ``"x"``.
        log_odds : dict of str to slice, default=None
            Which columns of a modality are its log-odds: one for two classes, else one
            a class, in the order of the sorted classes. Other columns are features.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `y` has one class, or the columns do not fit the classes.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        self.classes_, codes = encode_labels(y)
        refuse_one_class(self, self.classes_)
        spans = check_spans(modalities, X.shape[1])
        self.modalities_ = {"x": slice(0, X.shape[1])} if spans is None else spans
        self._odds = self._check_log_odds(log_odds or {}, X.shape[1])
        self._features = self._feature_columns(X.shape[1])
        owned = self._features.values()
        columns = np.concatenate([*owned, np.empty(0, int)]).astype(int)
        width = np.concatenate([np.full(len(own), len(own)) for own in [*owned, []]])
        self.feature_range_ = np.full((2, X.shape[1]), [[-np.inf], [np.inf]])
        self.feature_range_[:, columns] = X[:, columns].min(0), X[:, columns].max(0)
        model = fit_log_linear(
            self._opinions(X),
            X[:, columns],
            codes,
            len(self.classes_),
            prior_weight=1.0,
            weight_penalty=self.weight_penalty,
            intercept_penalty=1.0,
            feature_penalty=self.feature_penalty * width,
        )
        self.weights_ = dict(zip(self._odds, model.weights.tolist(), strict=True))
        self.intercept_ = model.intercept
        self.coef_ = np.zeros((len(self.classes_), X.shape[1]))
        self.coef_[:, columns] = model.coef.T
        self.n_iter_ = model.n_iter
        return self

    def _check_log_odds(self, log_odds, n_columns):
        """Columns of the log-odds of each modality that has any."""
        wanted = 1 if len(self.classes_) == 2 else len(self.classes_)
        every = np.arange(n_columns)
        columns = {}
        for name, span in log_odds.items():
            if name not in self.modalities_:
                raise ValueError(
                    f"log_odds names {name!r}, which is none of the modalities "
                    f"{list(self.modalities_)}."
                )
            columns[name] = every[span]
            if not np.isin(columns[name], every[self.modalities_[name]]).all():
                raise ValueError(
                    f"log_odds of {name!r} are the columns {columns[name].tolist()}, "
                    "which are not all columns of that modality."
                )
            if len(columns[name]) != wanted:
                raise ValueError(
                    f"log_odds of {name!r} have {len(columns[name])} columns; "
                    f"{len(self.classes_)} classes need {wanted}."
                )
        return columns

    def _feature_columns(self, n_columns):
        """Columns of each modality that are no log-odds."""
        every = np.arange(n_columns)
        odds = np.concatenate([*self._odds.values(), every[:0]])
        return {n: np.setdiff1d(every[s], odds) for n, s in self.modalities_.items()}

    def _opinions(self, X):
        """Centred log-ratios: (n_modalities_with_log_odds, n_rows, n_classes)."""
        n_classes = len(self.classes_)
        opinions = np.empty((len(self._odds), len(X), n_classes))
        for opinion, columns in zip(opinions, self._odds.values(), strict=True):
            odds = X[:, columns]
            opinion[:] = np.hstack([-odds / 2, odds / 2]) if n_classes == 2 else odds
        return opinions

    def _terms(self, X):
        """Summands of the logits: dict of (modality, part) to (n_rows, n_classes)."""
        opinions = dict(zip(self._odds, self._opinions(X), strict=True))
        terms = {("intercept", ""): np.tile(self.intercept_, (len(X), 1))}
        X = X.clip(*self.feature_range_)
        for name, columns in self._features.items():
            if name in opinions:
                terms[name, "log-odds"] = self.weights_[name] * opinions[name]
            if len(columns):
                terms[name, "features"] = X[:, columns] @ self.coef_[:, columns].T
        return terms

    def decision_terms(self, X):
        """What each modality adds to the log-odds, row by row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        terms : DataFrame of shape (n_rows, n_terms) or (n_rows, n_terms * n_classes)
            Columns are pairs of modality and part (``"log-odds"``, weighted, or
            ``"features"``), the first one ``("intercept", "")``. Two classes: the
            terms of a row add up to the log-odds of the second. More: a third level is
            the class, and the terms of a class add up to its logit.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        terms = self._terms(X)
        if len(self.classes_) == 2:
            table = pd.DataFrame({key: t[:, 1] - t[:, 0] for key, t in terms.items()})
        else:
            table = pd.DataFrame(
                {
                    (*key, label): column
                    for key, t in terms.items()
                    for label, column in zip(self.classes_.tolist(), t.T, strict=True)
                }
            )
        return table

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

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
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return softmax(sum(self._terms(X).values()), axis=1)


@torch_view.register(LogOpinionPoolClassifier)
class PoolView(TorchView):
    """View of the pool."""

    def log_probabilities(self, batch):
        pool, x = self.estimator, batch.x
        inside = x.clamp(*tensor_like(pool.feature_range_, x))
        coef = tensor_like(pool.coef_, x)
        logits = inside @ coef.T + tensor_like(pool.intercept_, x)
        for name, columns in pool._odds.items():
            opinion = odds = x[:, columns]
            if len(pool.classes_) == 2:
                opinion = torch.cat([-odds / 2, odds / 2], dim=1)
            logits = logits + pool.weights_[name] * opinion
        return log_softmax(logits, dim=1)
