"""The logarithmic opinion pool."""

from numbers import Real

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data
from torch.nn.functional import log_softmax

from skmultimodal.fusion._evidence import (
    bayes_weights,
    fit_covariance,
    fit_shift,
    largest_evidence,
    limit_evidence,
)
from skmultimodal.fusion._spans import check_log_odds, check_spans, feature_columns
from skmultimodal.towers._log_linear import centred_log_shares, fit_log_linear
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._labels import encode_labels, refuse_one_class
from skmultimodal.utils._sklearn import Interval, fit_context
from skmultimodal.utils._torch_views import TorchView, tensor_like, torch_view

__all__ = ["LogOpinionPoolClassifier"]

# Holds the intercept at the class shares, which are estimated from more rows.
INTERCEPT_PENALTY = 30.0


class LogOpinionPoolClassifier(ProbableClassMixin, BaseEstimator):
    """Logarithmic opinion pool of the towers' log-odds, with a residual of features.

    The logit of a class is an intercept, plus the sum over modalities of a weight times
    the log-odds that the modality's tower gives it, plus a linear function of the
    towers' features (the residual). It is a sum of one term per modality, which
    ``decision_terms`` returns; an absent modality is a term of 0.

    A weight is a factor times that of Bayes' rule for towers that are calibrated and
    correlated within a class: two towers that repeat each other count less than two
    that do not. It depends on which modalities a row has; with one it is 1. Log-odds
    beyond what the rows of a modality can show are drawn in (``limits_``).

    Parameters
    ----------
    weight_penalty : float, default=30.0
        Strength by which the factors are held at 1.
    feature_penalty : float, default=6.0
        Strength by which the residual is held at 0. It is multiplied by the number of
        features of a modality, so that a long vector counts as much as a short one.
    correlation : float, default=0.1
        What the correlation of two towers within a class is drawn to.
    n_prior_rows : float, default=100.0
        Number of rows that `correlation` counts as.
    shift_scale : float, default=0.3
        Standard deviation, in log-odds, of a departure of the rows with several
        modalities from the class shares of all, if there is one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    factors_ : dict of str to float
        Of the weight of each modality.
    weights_ : dict of str to float
        Weights in a row that has every modality; ``weights`` gives those of others.
    limits_ : dict of str to float
        What the log-odds of each modality approach if they are large: ``L tanh(x / L)``
        is added in a row with several modalities, where L is ``log(1 + n / 4)`` of n
        labelled rows (of k classes ``log(1 + n / 2k) + log(k - 1)``).
    correlations_ : ndarray of shape (n_modalities, n_modalities)
        Of the log-odds within a class, in the order of `factors_`.
    scale_ : ndarray of shape (n_modalities,)
        Standard deviations of the log-odds within a class.
    log_prior_ : ndarray of shape (n_classes,)
        Centred logarithm of the class shares of all rows.
    shift_ : ndarray of shape (n_classes,)
        How far the rows with several modalities move it.
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
    Correlations come from the rows that have both modalities, scales from all rows of
    each. The rest is fitted on the rows with two modalities or more (all rows if there
    is one modality). Its loss is the cross-entropy summed over them, plus
    ``weight_penalty / 2 * sum_m (factor_m - 1)^2``, plus ``30 / 2`` times the squared
    distance of the intercept from ``log_prior_ + shift_``, plus ``feature_penalty / 2 *
    sum_m d_m * |coef_m|^2`` where modality m has d_m features; no factor is negative.
    It is convex.

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
    >>> Z[0, 0] = np.nan  # no image
    >>> spans = {"image": slice(0, 1), "gene": slice(1, 2)}
    >>> pool = LogOpinionPoolClassifier().fit(Z, y, modalities=spans, log_odds=spans)
    >>> pool.decision_terms(Z[:1]).columns.tolist()
    [('intercept', ''), ('image', 'log-odds'), ('gene', 'log-odds')]
    >>> pool.weights(["gene"])
    {'gene': 1.0}
    """

    _parameter_constraints: dict = {
        "weight_penalty": [Interval(Real, 0, None, closed="left")],
        "feature_penalty": [Interval(Real, 0, None, closed="neither")],
        "correlation": [Interval(Real, -1, 1, closed="neither")],
        "n_prior_rows": [Interval(Real, 0, None, closed="left")],
        "shift_scale": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        weight_penalty=30.0,
        feature_penalty=6.0,
        *,
        correlation=0.1,
        n_prior_rows=100.0,
        shift_scale=0.3,
    ):
        self.weight_penalty = weight_penalty
        self.feature_penalty = feature_penalty
        self.correlation = correlation
        self.n_prior_rows = n_prior_rows
        self.shift_scale = shift_scale

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, modalities=None, log_odds=None):
        """Fit weights, intercept and residual.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Log-odds of the towers, less those of the class shares that each tower was
            fitted with, and their standardised features. All columns of a modality that
            a row lacks are NaN; another NaN among features is read as their mean, 0.
        y : array-like of shape (n_rows,)
            Class labels.
        modalities : dict of str to slice, default=None
            Columns of `X` that each modality gave; together all columns. None: all
            columns are of one modality, ``"x"``.
        log_odds : dict of str to slice, default=None
            Which columns of a modality are its log-odds: one for two classes, else one
            a class, in the order of the sorted classes. Other columns are features,
            which are not read in rows with one modality.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `y` has one class, the columns do not fit the classes, or a row has NaN
            in a part of a modality's log-odds.
        """
        X, y = self._validate(X, y)
        self.classes_, codes = encode_labels(y)
        refuse_one_class(self, self.classes_)
        spans = check_spans(modalities, X.shape[1])
        self.modalities_ = {"x": slice(0, X.shape[1])} if spans is None else spans
        self._odds = check_log_odds(
            log_odds or {}, self.modalities_, X.shape[1], len(self.classes_)
        )
        self._features = feature_columns(self.modalities_, self._odds, X.shape[1])
        several = self._several(self._present(X))
        self.log_prior_ = centred_log_shares(np.bincount(codes))
        opinions = self._opinions(X)
        counts = (~np.isnan(opinions[:, :, 0])).sum(axis=1)
        limits = largest_evidence(counts, len(self.classes_)).tolist()
        self.limits_ = dict(zip(self._odds, limits, strict=True))
        opinions = self._limited(opinions)
        self.scale_, self.correlations_ = fit_covariance(
            opinions, codes, len(self.classes_), self.correlation, self.n_prior_rows
        )
        self.factors_ = dict.fromkeys(self._odds, 1.0)
        self._fit_departures(X[several], opinions[:, several], codes[several])
        self.weights_ = self.weights(self._odds)
        return self

    def _fit_departures(self, X, opinions, codes):
        """How rows with several modalities depart from Bayes' rule."""
        n_classes = len(self.classes_)
        owned = self._features.values()
        columns = np.concatenate([*owned, np.empty(0, int)]).astype(int)
        width = np.concatenate([np.full(len(own), len(own)) for own in [*owned, []]])
        self.feature_range_ = np.full((2, X.shape[1]), [[-np.inf], [np.inf]])
        self.coef_ = np.zeros((n_classes, X.shape[1]))
        self.shift_, self.intercept_ = np.zeros(n_classes), self.log_prior_
        self.n_iter_ = 0
        if not len(X):
            return
        features = X[:, columns]
        known = ~np.isnan(features)
        low = np.where(known, features, np.inf).min(axis=0)
        high = np.where(known, features, -np.inf).max(axis=0)
        found = known.any(axis=0)
        self.feature_range_[:, columns[found]] = low[found], high[found]
        weights = self._weights(self._present(X))
        added = np.nan_to_num(opinions) * weights.T[:, :, None]
        self.shift_ = fit_shift(
            self.log_prior_ + added.sum(axis=0), codes, self.shift_scale
        )
        model = fit_log_linear(
            added,
            np.nan_to_num(features),
            codes,
            n_classes,
            prior_weight=1.0,
            weight_penalty=self.weight_penalty,
            intercept_penalty=INTERCEPT_PENALTY,
            feature_penalty=self.feature_penalty * width,
            prior_intercept=self.log_prior_ + self.shift_,
        )
        self.factors_ = dict(zip(self._odds, model.weights.tolist(), strict=True))
        self.intercept_ = model.intercept
        self.coef_[:, columns] = model.coef.T
        self.n_iter_ = model.n_iter

    def _validate(self, X, *y, **options):
        options = {"dtype": [np.float64, np.float32], **options}
        return validate_data(self, X, *y, ensure_all_finite="allow-nan", **options)

    def _present(self, X):
        """Which modalities each row has: (n_rows, n_modalities)."""
        present = np.empty((len(X), len(self.modalities_)), dtype=bool)
        for number, (name, features) in enumerate(self._features.items()):
            some = (~np.isnan(X[:, features])).any(axis=1)
            if name not in self._odds:
                present[:, number] = some
                continue
            given = ~np.isnan(X[:, self._odds[name]])
            present[:, number] = given.all(axis=1)
            half = ~present[:, number] & (given.any(axis=1) | some)
            if half.any():
                raise ValueError(
                    f"row {half.argmax()} of X has NaN among the log-odds of modality "
                    f"{name!r} but not in all its columns: a row that lacks a modality "
                    "has NaN in all of them."
                )
        return present

    def _several(self, present):
        """Rows with two modalities; all rows if there is only one."""
        return present.sum(axis=1) >= min(2, len(self.modalities_))

    def _opinions(self, X):
        """Centred log-ratios: (n_modalities_with_log_odds, n_rows, n_classes)."""
        n_classes = len(self.classes_)
        opinions = np.empty((len(self._odds), len(X), n_classes))
        for opinion, columns in zip(opinions, self._odds.values(), strict=True):
            odds = X[:, columns]
            opinion[:] = np.hstack([-odds / 2, odds / 2]) if n_classes == 2 else odds
        return opinions

    def _limited(self, opinions):
        largest = np.array(list(self.limits_.values()))
        return limit_evidence(opinions, largest[:, None, None])

    def _weights(self, present):
        """Weights of the log-odds in each row: (n_rows, n_modalities_with_log_odds)."""
        place = {name: number for number, name in enumerate(self.modalities_)}
        present_odds = present[:, [place[name] for name in self._odds]]
        weights = bayes_weights(self.scale_, self.correlations_, present_odds)
        # One modality alone is a calibrated tower.
        factors = np.array(list(self.factors_.values()))
        return np.where(self._several(present)[:, None], weights * factors, weights)

    def weights(self, modalities):
        """Weights of the log-odds in a row that has these modalities.

        Parameters
        ----------
        modalities : iterable of str

        Returns
        -------
        weights : dict of str to float
            Of those that have log-odds.
        """
        check_is_fitted(self)
        modalities = list(modalities)
        for name in modalities:
            if name not in self.modalities_:
                raise ValueError(
                    f"{name!r} is none of the modalities {list(self.modalities_)}."
                )
        row = np.array([[name in modalities for name in self.modalities_]])
        found = dict(zip(self._odds, self._weights(row)[0].tolist(), strict=True))
        return {name: found[name] for name in modalities if name in found}

    def _terms(self, X):
        """Summands of the logits: dict of (modality, part) to (n_rows, n_classes)."""
        present, opinions = self._present(X), self._opinions(X)
        several = self._several(present)[:, None]
        opinions = np.nan_to_num(np.where(several, self._limited(opinions), opinions))
        opinions = dict(zip(self._odds, opinions, strict=True))
        weights = dict(zip(self._odds, self._weights(present).T, strict=True))
        terms = {("intercept", ""): np.tile(self.intercept_, (len(X), 1))}
        X = np.nan_to_num(X.clip(*self.feature_range_))
        for name, columns in self._features.items():
            if name in opinions:
                terms[name, "log-odds"] = weights[name][:, None] * opinions[name]
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
        X = self._validate(X, reset=False)
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
        X = self._validate(X, reset=False)
        return softmax(sum(self._terms(X).values()), axis=1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


@torch_view.register(LogOpinionPoolClassifier)
class PoolView(TorchView):
    """View of the pool."""

    def log_probabilities(self, batch):
        pool, x = self.estimator, batch.x
        present = pool._present(x.detach().cpu().numpy())
        weights = tensor_like(pool._weights(present), x)
        several = torch.as_tensor(pool._several(present), device=x.device)[:, None]
        inside = x.clamp(*tensor_like(pool.feature_range_, x)).nan_to_num()
        coef = tensor_like(pool.coef_, x)
        logits = inside @ coef.T + tensor_like(pool.intercept_, x)
        for number, (name, columns) in enumerate(pool._odds.items()):
            opinion = odds = x[:, columns].nan_to_num()
            if len(pool.classes_) == 2:
                opinion = torch.cat([-odds / 2, odds / 2], dim=1)
            half = pool.limits_[name] / 2
            opinion = torch.where(several, half * (opinion / half).tanh(), opinion)
            logits = logits + weights[:, number, None] * opinion
        return log_softmax(logits, dim=1)
