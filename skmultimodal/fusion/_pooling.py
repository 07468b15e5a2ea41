"""How opinions of towers are pooled, for any outcome."""

from numbers import Real
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted, validate_data
from torch.nn.functional import log_softmax

from skmultimodal.fusion._evidence import bayes_weights, fit_covariance
from skmultimodal.fusion._spans import check_log_odds, check_spans, feature_columns
from skmultimodal.towers._log_linear import fit_log_linear
from skmultimodal.utils._sklearn import Interval, fit_context
from skmultimodal.utils._torch_views import (
    TorchView,
    as_pair,
    tensor_like,
    torch_view,
)
from skmultimodal.utils._weights import check_sample_weight, drop_unweighted, given

__all__ = ["BaseOpinionPool"]


class BaseOpinionPool(BaseEstimator):
    """Pool of the towers' evidence, with a residual of features, for any outcome.

    Parameters and attributes are those of `LogOpinionPoolClassifier`; a subclass names
    its outcome in ``_outcome_type``.
    """

    _parameter_constraints: dict = {
        "weight_penalty": [Interval(Real, 0, None, closed="left")],
        "feature_penalty": [Interval(Real, 0, None, closed="neither")],
        "correlation": [Interval(Real, -1, 1, closed="neither")],
        "n_prior_rows": [Interval(Real, 0, None, closed="left")],
    }
    # Holds the intercept at what is known of all rows, which are more.
    _intercept_penalty = 30.0

    def __init__(
        self,
        weight_penalty: float = 30.0,
        feature_penalty: float = 6.0,
        *,
        correlation: Any = 0.1,
        n_prior_rows: float = 100.0,
    ) -> None:
        self.weight_penalty = weight_penalty
        self.feature_penalty = feature_penalty
        self.correlation = correlation
        self.n_prior_rows = n_prior_rows

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, modalities: Any = None, log_odds: Any = None) -> Self:
        """Fit weights, intercept and residual.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Evidence of the towers, and their standardised features. Evidence is what a
            tower predicts less what it would without knowing the row: log-odds less
            those of the class shares that it was fitted with, a number less their mean,
            or a log-hazard. All columns of a modality that a row lacks are NaN; another
            NaN among features is read as their mean, 0.
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``.
        modalities : dict of str to slice, default=None
            Columns of `X` that each modality gave; together all columns. None: all
            columns are of one modality, ``"x"``.
        log_odds : dict of str to slice, default=None
            Which columns of a modality are its evidence: one, or for three and more
            classes one a class, in the order of the sorted classes. Other columns are
            features, which are not read in rows with one modality.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If all rows have the same `y`, the columns do not fit it, or a row has NaN
            in a part of a modality's evidence.
        """
        return self._fit(X, y, modalities, log_odds)

    def _fit(
        self, X: Any, y: Any, modalities: Any, log_odds: Any, weights: Any = None
    ) -> Self:
        X, outcome, y, codes, weights = self._validate_fit(X, y, weights)
        spans = check_spans(modalities, X.shape[1])
        self.modalities_ = {"x": slice(0, X.shape[1])} if spans is None else spans
        self._odds = check_log_odds(
            log_odds or {}, self.modalities_, X.shape[1], outcome.n_outputs
        )
        self._features = feature_columns(self.modalities_, self._odds, X.shape[1])
        several = self._several(self._present(X))
        opinions = self._opinions(X)
        self._learn_evidence(opinions, y, codes, weights)
        opinions = self._limited(opinions)
        groups, n_groups = self._evidence_groups(codes)
        self.scale_, self.correlations_ = fit_covariance(
            opinions, groups, n_groups, self.correlation, self.n_prior_rows, weights
        )
        self.factors_ = dict.fromkeys(self._odds, 1.0)
        self._fit_departures(X, opinions, y, codes, several, weights)
        self.weights_ = self.weights(self._odds)
        self._learn_baseline(X, y)
        return self

    def _validate_fit(
        self, X: Any, y: Any, weights: Any
    ) -> tuple[Any, Any, Any, Any, Any]:
        """Checked rows, and the target of all, of which none may lack its own."""
        X = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        check_consistent_length(X, y)
        weights = check_sample_weight(weights, len(X))
        X, y, weights = drop_unweighted(X, y, weights)
        outcome, y, codes = self._outcome_type.encode(y)
        if (codes < 0).any():
            row = np.flatnonzero(codes < 0)[0]
            raise ValueError(
                f"Input y contains NaN: the label of row {row} is missing."
            )
        outcome.refuse_alike(self, codes)
        outcome.record(self)
        return X, outcome, y, codes, weights

    def _fit_departures(
        self,
        X: Any,
        opinions: NDArray,
        y: Any,
        codes: NDArray,
        several: NDArray,
        weights: Any,
    ) -> None:
        """How rows with several modalities depart from Bayes' rule."""
        owned = self._features.values()
        columns = np.concatenate([*owned, np.empty(0, int)]).astype(int)
        width = np.concatenate([np.full(len(own), len(own)) for own in [*owned, []]])
        self.feature_range_ = np.full((2, X.shape[1]), [[-np.inf], [np.inf]])
        self.coef_ = np.zeros((len(self._origin), X.shape[1]))
        self.intercept_ = self._origin
        self.n_iter_ = 0
        X, codes, y = X[several], codes[several], y[several]
        opinions, counts = opinions[:, several], given(weights, several)
        if not len(X):
            return
        features = X[:, columns]
        known = ~np.isnan(features)
        low = np.where(known, features, np.inf).min(axis=0)
        high = np.where(known, features, -np.inf).max(axis=0)
        found = known.any(axis=0)
        self.feature_range_[:, columns[found]] = low[found], high[found]
        trust = self._weights(self._present(X))
        added = np.nan_to_num(opinions) * trust.T[:, :, None]
        model = fit_log_linear(
            added,
            np.nan_to_num(features),
            self._outcome.likelihood(y, codes, *counts),
            prior_weight=1.0,
            weight_penalty=self.weight_penalty,
            intercept_penalty=self._intercept_penalty,
            feature_penalty=self.feature_penalty * width,
            prior_intercept=self._prior_intercept(added, codes, *counts),
        )
        self.factors_ = dict(zip(self._odds, model.weights.tolist(), strict=True))
        self.intercept_ = model.intercept
        self.coef_[:, columns] = model.coef.T
        self.n_iter_ = model.n_iter

    @property
    def _outcome(self) -> Any:
        return self._outcome_type.recorded(self)

    # What a subclass may change

    def _learn_evidence(
        self, opinions: NDArray, y: Any, codes: NDArray, weights: Any
    ) -> None:
        """Learn of all rows what `_limited` and `_origin` need."""

    def _learn_baseline(self, X: Any, y: Any) -> None:
        """Learn of the fitted pool what its outputs are relative to."""

    @property
    def _origin(self) -> NDArray:
        """Output of a row of which nothing is known: (n_outputs,)."""
        return np.zeros(1)

    def _prior_intercept(self, added: Any, codes: NDArray) -> NDArray:
        """What the intercept of rows with several modalities is held at."""
        return self._origin

    def _evidence_groups(self, codes: NDArray) -> tuple[Any, Any]:
        """Groups of rows within which evidence is correlated, and their number.

        The best linear combination of calibrated predictions of one number depends on
        their covariance over all rows: one group.
        """
        return np.zeros(len(codes), dtype=int), 1

    def _opinions(self, X: Any) -> NDArray:
        """Evidence: (n_modalities_with_log_odds, n_rows, n_outputs)."""
        opinions = np.empty((len(self._odds), len(X), 1))
        for opinion, columns in zip(opinions, self._odds.values(), strict=True):
            opinion[:] = X[:, columns]
        return opinions

    def _limited(self, opinions: NDArray) -> NDArray:
        return opinions

    def _validate(self, X: Any) -> Any:
        options = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}
        return validate_data(self, X, reset=False, **options)

    def _present(self, X: Any) -> NDArray:
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

    def _several(self, present: NDArray) -> NDArray:
        """Rows with two modalities; all rows if there is only one."""
        return present.sum(axis=1) >= min(2, len(self.modalities_))

    def _weights(self, present: NDArray) -> NDArray:
        """Weights of the log-odds in each row: (n_rows, n_modalities_with_log_odds)."""
        place = {name: number for number, name in enumerate(self.modalities_)}
        present_odds = present[:, [place[name] for name in self._odds]]
        weights = bayes_weights(self.scale_, self.correlations_, present_odds)
        # One modality alone is a calibrated tower.
        factors = np.array(list(self.factors_.values()))
        return np.where(self._several(present)[:, None], weights * factors, weights)

    def weights(self, modalities: Any) -> dict[str, float]:
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

    def _terms(self, X: Any) -> dict[tuple[str, str], NDArray]:
        """Summands of the output: dict of (modality, part) to (n_rows, n_outputs)."""
        present, opinions = self._present(X), self._opinions(X)
        several = self._several(present)[:, None]
        opinions = np.nan_to_num(np.where(several, self._limited(opinions), opinions))
        named = dict(zip(self._odds, opinions, strict=True))
        weights = dict(zip(self._odds, self._weights(present).T, strict=True))
        terms = {("intercept", ""): np.tile(self.intercept_, (len(X), 1))}
        X = np.nan_to_num(X.clip(*self.feature_range_))
        for name, columns in self._features.items():
            if name in named:
                terms[name, "log-odds"] = weights[name][:, None] * named[name]
            if len(columns):
                terms[name, "features"] = X[:, columns] @ self.coef_[:, columns].T
        return terms

    def decision_terms(self, X: Any) -> pd.DataFrame:
        """What each modality adds to the prediction, row by row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        terms : DataFrame of shape (n_rows, n_terms)
            Columns are pairs of modality and part (``"log-odds"``: its evidence,
            weighted; or ``"features"``), the first one ``("intercept", "")``. The terms
            of a row add up to what is predicted.
        """
        check_is_fitted(self)
        terms = self._terms(self._validate(X))
        return pd.DataFrame({key: term[:, 0] for key, term in terms.items()})

    def predict(self, X: Any) -> NDArray:
        """Predict a number of each row: its mean, or its log-hazard.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        predicted : ndarray of shape (n_rows,)
        """
        check_is_fitted(self)
        total: Any = sum(self._terms(self._validate(X)).values())
        return total[:, 0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


@torch_view.register(BaseOpinionPool)
class PoolView(TorchView):
    """View of a pool."""

    def outputs(self, batch: Any) -> torch.Tensor:
        return self._sum(batch.x, lambda odds, name, several: odds)

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        pool = self.estimator
        if not hasattr(pool, "classes_"):
            return as_pair(self.outputs(batch))

        def opinion_of(odds: Any, name: str, several: torch.Tensor) -> torch.Tensor:
            if len(pool.classes_) == 2:
                odds = torch.cat([-odds / 2, odds / 2], dim=1)
            half = pool.limits_[name] / 2
            return torch.where(several, half * (odds / half).tanh(), odds)

        return log_softmax(self._sum(batch.x, opinion_of), dim=1)

    def _sum(self, x: Any, opinion_of: Any) -> torch.Tensor:
        """Intercept, residual and weighted evidence: (n_rows, n_outputs)."""
        pool = self.estimator
        present = pool._present(x.detach().cpu().numpy())
        weights = tensor_like(pool._weights(present), x)
        several = torch.as_tensor(pool._several(present), device=x.device)[:, None]
        inside = x.clamp(*tensor_like(pool.feature_range_, x)).nan_to_num()
        coef = tensor_like(pool.coef_, x)
        total = inside @ coef.T + tensor_like(pool.intercept_, x)
        for number, (name, columns) in enumerate(pool._odds.items()):
            opinion = opinion_of(x[:, columns].nan_to_num(), name, several)
            total = total + weights[:, number, None] * opinion
        return total
