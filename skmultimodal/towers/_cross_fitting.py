"""How an ensemble is fitted whose members each lack a fold, for any outcome."""

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_consistent_length, gen_batches, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmultimodal.exceptions import NoSignalWarning
from skmultimodal.towers._calibration import MIN_ROWS, fit_slope, scale_to_mean
from skmultimodal.towers._folds import hold_out
from skmultimodal.towers._members import (
    draw_member_seeds,
    fit_feature_head,
    trains_in_threads,
)
from skmultimodal.utils._labels import UNLABELLED
from skmultimodal.utils._progress import count_networks
from skmultimodal.utils._rows import as_dense, view_rows
from skmultimodal.utils._sklearn import HasMethods, Interval, fit_context
from skmultimodal.utils._sparse import rows_for, sparse_of
from skmultimodal.utils._threads import Workers, one_thread
from skmultimodal.utils._validation import check_rows
from skmultimodal.utils._warnings import warn
from skmultimodal.utils._weights import (
    check_sample_weight,
    drop_unweighted,
    fit_weighted,
    given,
    part_of,
)

__all__ = ["BaseCrossFittedEnsemble"]

# Principal components with a smaller share of the variance are rounding.
MIN_VARIANCE = 1e-6
NDIMS = range(1, 8)  # bags have 1
# Rows that are prepared at a time.
CHUNK = 64
# With more, principal components come from the covariance, without a matrix as large as
# the features.
MANY_ROWS = 10_000
# Of sparse rows that are made dense for all members.
DENSE_BYTES = 2**26


def _gives_features(self: Any) -> bool:
    return hasattr(self.estimator, "transform")


def _prepare_rows(estimator: Any, X: Any) -> Any:
    """Rows that clones share, prepared once, or sparse, where the estimator can.

    Few sparse rows are made dense once, for clones that train side by side.
    """
    if hasattr(estimator, "_prepare_rows"):
        return estimator._prepare_rows(X)
    rows = rows_for(estimator, X)
    if issparse(rows) or len(X.shape) != 2 or 4 * X.shape[0] * X.shape[1] > DENSE_BYTES:
        return rows
    matrix = sparse_of(rows)
    return rows if matrix is None else matrix.toarray()


class BaseCrossFittedEnsemble(
    MetaEstimatorMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Average of clones of one estimator, each fitted without one fold, calibrated.

    Parameters and attributes are those of `CrossFittedEnsembleClassifier`. A subclass
    names its outcome in ``_outcome_type``, and keeps what is predicted for held-out
    rows in ``_keep_held_out``.
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"])],
        "cv": [
            Interval(Integral, 2, None, closed="left"),
            HasMethods(["split", "get_n_splits"]),
        ],
        "calibrate": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        cv: Any = 5,
        calibrate: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.cv = cv
        self.calibrate = calibrate
        self.random_state = random_state

    @property
    def uses_unlabelled_rows(self) -> bool:
        """Whether the members learn from rows without a label as well."""
        return getattr(self.estimator, "uses_unlabelled_rows", False)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit the members, calibrate their mean and align their features.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)
            In memory or lazy.
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``;
            NaN marks an unlabelled row, which trains if the estimator
            ``uses_unlabelled_rows`` and is no part of a fold in any case.
        groups : array-like of shape (n_rows,), default=None
            Rows that are held out together, such as those of a hospital: the slope
            then is that of log-odds in a hospital not seen.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If all labelled rows have the same `y`.

        Warns
        -----
        UserWarning
            If no row of a class can be held out, since it has one row or one group, or
            fewer than 8 rows can be.
        NoSignalWarning
            If predictions for held-out rows do not follow their labels.
        """
        return self._fit(X, y, groups)

    def _fit(self, X: Any, y: Any, groups: Any, weights: Any = None) -> Self:
        options = {"finite": False, "words": True, "read_y": False}
        X = check_rows(self, X, y, ndims=NDIMS, **options)
        outcome, y, codes = self._outcome_type.encode(y)
        check_consistent_length(X, codes)
        weights = check_sample_weight(weights, len(codes))
        every = codes
        if weights is not None:
            outcome, codes = self._encode_weighted(y, weights)
        outcome.refuse_alike(self, codes)
        outcome.record(self)
        rest = np.zeros(len(codes), dtype=bool)
        if self.uses_unlabelled_rows:
            rest = (every == UNLABELLED) & (True if weights is None else weights > 0)
        rest = np.flatnonzero(rest)
        # A splitter may number the rows itself.
        held = codes if isinstance(self.cv, Integral) else every
        folds = hold_out(self.cv, held, groups, self.random_state, counted=codes >= 0)
        X = _prepare_rows(clone(self.estimator), X)
        outputs = self._fit_members(X, y, codes, folds, rest, weights)
        held_out = np.full((len(y), outcome.n_outputs), np.nan)
        n_seen = np.zeros(len(y), dtype=int)
        for (_, test), of_fold in zip(folds, outputs, strict=True):
            held_out[test] = np.where(n_seen[test, None], held_out[test], 0) + of_fold
            n_seen[test] += 1
        held_out /= np.maximum(n_seen, 1)[:, None]
        seen = n_seen > 0
        if len(np.unique(codes[seen])) < len(np.unique(codes[codes >= 0])):
            self._warn(f"{outcome.stratum} has one labelled row, or all in one group")
            # Which rows are NaN would give away their class.
            held_out[:], seen[:] = np.nan, False
        elif self.calibrate and seen.sum() < MIN_ROWS:
            self._warn(f"only {seen.sum()} labelled rows can be held out")
        self._calibrate(held_out, y, codes, seen, weights)
        if hasattr(self, "transform"):
            known = np.flatnonzero(codes >= 0)
            used = np.concatenate([known, rest]).astype(int)
            self._fit_axes(view_rows(X, used))
        return self

    def _encode_weighted(self, y: Any, weights: Any) -> tuple[Any, Any]:
        """Outcome and codes as if rows of weight 0 had no label."""
        kept = np.arange(len(y))
        kept, labels, _ = drop_unweighted(kept, y, weights)
        outcome, _, of_kept = self._outcome_type.encode(labels)
        codes = np.full(len(y), UNLABELLED)
        codes[kept] = of_kept
        return outcome, codes

    def _fit_members(
        self, X: Any, y: Any, codes: NDArray, folds: Any, rest: Any, weights: Any = None
    ) -> Sequence[NDArray]:
        """Fit a member for each fold; its outputs for the rows it has not seen.

        Returns
        -------
        outputs : list of ndarray of shape (n_held_out_rows, n_outputs)
        """
        outcome = self._outcome
        seeds = draw_member_seeds(self.estimator, self.random_state, len(folds))

        def fit_one(seed: Any, train: Any, test: Any) -> tuple[Any, Any, Any]:
            rows = np.concatenate([train, rest])
            member = clone(self.estimator).set_params(**seed)
            targets = outcome.targets(y[rows], codes[rows])
            fit_weighted(member, view_rows(X, rows), targets, part_of(weights, rows))
            known = outcome.targets(y[train], codes[train])
            own = view_rows(X, train), known, outcome, part_of(weights, train)
            head = fit_feature_head(member, *own)
            if not len(test):
                return member, head, np.empty((0, outcome.n_outputs))
            return member, head, self._outputs(member, head, view_rows(X, test))

        trains, tests = zip(*folds, strict=True)
        if trains_in_threads(self.estimator, X):
            with Workers() as workers:
                fitted = workers.map(fit_one, seeds, trains, tests)
        else:
            fitted = list(map(fit_one, seeds, trains, tests))
        members, heads, outputs = zip(*fitted, strict=True)
        self.estimators_, self.heads_ = list(members), list(heads)
        return outputs

    def _calibrate(
        self, held_out: NDArray, y: Any, codes: NDArray, seen: Any, weights: Any = None
    ) -> None:
        """Calibrate one member by rows that it has not seen, and the mean from it."""
        outcome = self._outcome
        self.slope_, self.intercept_ = 1.0, np.zeros(outcome.n_outputs)
        if self.calibrate:
            known = held_out, y, codes, seen, outcome, weights
            self.slope_, self.intercept_ = fit_slope(*known)
            if not self.slope_ and seen.sum() >= MIN_ROWS:
                warn(
                    f"{type(self).__name__}: predictions for {seen.sum()} held-out "
                    f"rows do not follow their labels, so it predicts "
                    f"{outcome.nothing}: give it more rows or other folds (cv), or "
                    "leave it out.",
                    NoSignalWarning,
                )
        self._keep_held_out(self._calibrated(held_out), y, codes, seen)
        if self.calibrate:
            nothing = outcome.no_evidence(y, codes, *given(weights))
            one = self.slope_, self.intercept_, nothing
            self.slope_, self.intercept_ = scale_to_mean(self.estimators_, *one)

    def _outputs(self, member: Any, head: Any, X: Any) -> NDArray:
        """Uncalibrated outputs of one member: (n_rows, n_outputs)."""
        if head is None:
            return self._outcome.outputs_of(member, X)
        return self._outcome.outputs_of(head, as_dense(member.transform(X)))

    def _mean_outputs(self, X: Any) -> NDArray:
        members = zip(self.estimators_, self.heads_, strict=True)
        return np.mean([self._outputs(*member, X) for member in members], axis=0)

    def _warn(self, reason: str) -> None:
        nothing = self._outcome.nothing
        instead = f", and predicts {nothing}" if self.calibrate else ""
        warn(f"{reason}: {type(self).__name__} cannot be calibrated{instead}.")

    def _fit_axes(self, X: Any) -> None:
        parts = self._member_features(X)
        features = np.hstack(parts, dtype=np.float64)
        n_axes = min(parts[0].shape[1], *features.shape)
        # In place: a copy for each step would be the peak of a fit of many rows.
        self._scaler = StandardScaler(copy=False).fit(features)
        solver = "full" if len(features) <= MANY_ROWS else "covariance_eigh"
        self._axes = PCA(n_axes, svd_solver=solver, copy=False)
        # All features may be constant.
        with one_thread(), np.errstate(invalid="ignore"):
            self._axes.fit(self._scaler.transform(features))
        rounding = self._axes.explained_variance_ratio_ < MIN_VARIANCE
        self._axes.components_[rounding] = 0

    def _member_features(self, X: Any) -> list[Any]:
        return [as_dense(member.transform(X)) for member in self.estimators_]

    def _predict(self, X: Any) -> NDArray:
        """Calibrated outputs, as ``undo`` of the outcome gives them."""
        outputs = [self._mean_outputs(rows) for rows in self._read(X)]
        return self._calibrated(np.vstack(outputs))

    def _read(self, X: Any) -> Any:
        """Checked rows for the members; in parts where each is prepared first."""
        check_is_fitted(self)
        X = check_rows(self, X, ndims=NDIMS, reset=False, finite=False, words=True)
        member = self.estimators_[0]
        if not hasattr(member, "_prepare_rows"):
            return [_prepare_rows(member, X)]
        parts = gen_batches(X.shape[0], CHUNK)
        return (_prepare_rows(member, X[part]) for part in parts)

    def _held_out(self, known: Any, rows: Any) -> NDArray:
        """Some rows of what is `known` of those in ``fit``; no evidence where NaN."""
        nothing = self._calibrated(np.zeros((1, self._outcome.n_outputs)))
        some = known[rows]
        return np.where(np.isnan(some), nothing.reshape(1, *some.shape[1:]), some)

    @property
    def _outcome(self) -> Any:
        return self._outcome_type.recorded(self)

    def _calibrated(self, outputs: Any) -> NDArray:
        return self._outcome.calibrated(self.slope_ * outputs + self.intercept_)

    def transform(self, X: Any) -> NDArray:
        """Compute principal components of the members' features.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)

        Returns
        -------
        Z : ndarray of shape (n_rows, n_features_of_a_member)
            Fewer columns if there were fewer rows in ``fit``.
        """
        parts = [np.hstack(self._member_features(rows)) for rows in self._read(X)]
        # In float64, a row does not depend on those beside it.
        features = np.vstack(parts, dtype=np.float64)
        axes = self._axes.transform(self._scaler.transform(features))
        return axes.astype(np.result_type(parts[0], np.float32))

    @property
    def _n_features_out(self) -> int:
        return self._axes.n_components_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "slope_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = replace(inner.input_tags, sparse=False)
        if inner.transformer_tags is not None:
            tags.transformer_tags = inner.transformer_tags
        return tags

    # Within the class, the wrapper of set_output would take the condition off.
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("transform", "fit_transform", "get_feature_names_out"):
            setattr(cls, name, available_if(_gives_features)(getattr(cls, name)))


@count_networks.register
def _(estimator: BaseCrossFittedEnsemble) -> int:
    cv = estimator.cv
    n_members = cv if isinstance(cv, Integral) else cv.get_n_splits()
    return int(n_members) * count_networks(estimator.estimator)
