"""An ensemble of one estimator whose members did not see every row."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches, get_tags
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
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._labels import (
    UNLABELLED,
    encode_labels,
    refuse_one_class,
)
from skmultimodal.utils._parts import about_rows
from skmultimodal.utils._probability import align_classes, log_ratios
from skmultimodal.utils._progress import count_networks
from skmultimodal.utils._rows import as_dense, view_rows
from skmultimodal.utils._sklearn import HasMethods, Interval, fit_context
from skmultimodal.utils._threads import Workers, one_thread
from skmultimodal.utils._validation import check_rows
from skmultimodal.utils._warnings import warn

__all__ = ["CrossFittedEnsembleClassifier"]

# Principal components with a smaller share of the variance are rounding.
MIN_VARIANCE = 1e-6
NDIMS = range(1, 8)  # bags have 1
# Rows that are prepared at a time.
CHUNK = 64


def _gives_features(self):
    return hasattr(self.estimator, "transform")


def _prepare_rows(estimator, X):
    """Rows that clones share, prepared once by an estimator that can do that."""
    return estimator._prepare_rows(X) if hasattr(estimator, "_prepare_rows") else X


class CrossFittedEnsembleClassifier(
    MetaEstimatorMixin,
    ClassNamePrefixFeaturesOutMixin,
    ProbableClassMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Average of clones of one estimator, each fitted without one fold, calibrated.

    The log-odds are the mean of the members', which removes what a network owes to its
    initialisation. One slope, fitted on the predictions of each member for the fold
    that it was fitted without, calibrates them. There are as many fits as folds.

    Parameters
    ----------
    estimator : estimator
        With ``predict_proba``, or with ``transform``: a logistic regression then reads
        the features.
    cv : int or splitter, default=5
        An int means folds stratified by class, shuffled if there is a `random_state`.
        With `groups` in ``fit`` they are made of whole groups.
    calibrate : bool, default=True
        False leaves the mean log-odds as they are.
    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds what is unset in the members. Each member gets a
        seed of its own in either case: an int `random_state` inside `estimator` is
        where those come from.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimators_ : list of estimator
        The members.
    slope_ : float
        Factor of the mean log-odds, 0 or more. Below 1, the members are overconfident;
        at 0, their predictions for rows not seen do not depend on the class.
    intercept_ : ndarray of shape (n_classes,)
        Added to the calibrated centred log-ratios.
    oof_proba_ : ndarray of shape (n_rows, n_classes)
        Calibrated probabilities of each row by members that have not seen it; NaN where
        there are none, as for rows without a label. A loaded model has none: they are
        not saved unless ``save_model(..., strip=False)``.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of a DataFrame with names.

    See Also
    --------
    TwinTowerClassifier : Fits each tower like this where the final estimator reads
        log-odds.
    sklearn.calibration.CalibratedClassifierCV : Calibrates each member by itself, and
        gives no features.

    Notes
    -----
    The calibrated log-ratios are ``slope_ * mean + intercept_``: a multinomial logistic
    regression of the log-ratios of held-out rows in units of their standard deviation,
    whose loss, summed over rows, has ``4 / 2 * (slope - 0.5)^2`` added: a weak prior
    for some dozens of rows. With fewer than 8 such rows, or none of some class, the
    slope is 0, and the probabilities are the class frequencies. A fold without which a
    class has no rows left is not held out.

    A member is noisier than the mean of all, which the slope of held-out predictions
    does not show. Networks name the share of a member's variance that is noise
    (``noise_share``, measured once); ``slope_`` and ``intercept_`` are larger by
    ``1 / (1 - share * (1 - 1 / n_members))`` for it.

    Features of different members have axes of their own; ``transform`` gives as many
    principal components of all of them, standardised, as one member has features.

    References
    ----------
    Parmanto, Munro & Doyle (1996), Improving committee diagnosis with resampling
    techniques, NIPS 8: committees of networks that each lack one fold.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import CrossFittedEnsembleClassifier
    >>> from skmultimodal import GeneAutoencoderTransformer
    >>> X = np.random.default_rng(0).normal(size=(60, 30))
    >>> y = (X[:, :3].sum(axis=1) > 0).astype(int)
    >>> gene = GeneAutoencoderTransformer(encoder_units=(8, 4), random_state=0)
    >>> tower = CrossFittedEnsembleClassifier(gene, cv=3).fit(X, y)
    >>> tower.transform(X).shape, tower.predict_proba(X).shape
    ((60, 4), (60, 2))
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

    def __init__(self, estimator, *, cv=5, calibrate=True, random_state=None):
        self.estimator = estimator
        self.cv = cv
        self.calibrate = calibrate
        self.random_state = random_state

    @property
    def uses_unlabelled_rows(self):
        """Whether the members learn from rows without a label as well."""
        return getattr(self.estimator, "uses_unlabelled_rows", False)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None):
        """Fit the members, calibrate their mean and align their features.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)
            In memory or lazy.
        y : array-like of shape (n_rows,)
            Class labels; NaN or None marks an unlabelled row, which trains if the
            estimator ``uses_unlabelled_rows`` and is no part of a fold in any case.
        groups : array-like of shape (n_rows,), default=None
            Rows that are held out together, such as those of a hospital: the slope
            then is that of log-odds in a hospital not seen.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `y` has one class.

        Warns
        -----
        UserWarning
            If no row of a class can be held out, since it has one row or one group, or
            fewer than 8 rows can be.
        NoSignalWarning
            If predictions for held-out rows do not follow their labels.
        """
        X, y = check_rows(self, X, y, ndims=NDIMS, finite=False, words=True)
        self.classes_, codes = encode_labels(y, allow_unlabelled=True)
        refuse_one_class(self, self.classes_)
        rest = np.flatnonzero(codes == UNLABELLED) if self.uses_unlabelled_rows else []
        folds = hold_out(self.cv, codes, groups, self.random_state)
        X = _prepare_rows(clone(self.estimator), X)
        ratios = self._fit_members(X, y, codes, folds, np.asarray(rest, dtype=int))
        held_out = np.full((len(y), len(self.classes_)), np.nan)
        n_seen = np.zeros(len(y), dtype=int)
        for (_, test), of_fold in zip(folds, ratios, strict=True):
            held_out[test] = np.where(n_seen[test, None], held_out[test], 0) + of_fold
            n_seen[test] += 1
        held_out /= np.maximum(n_seen, 1)[:, None]
        seen = n_seen > 0
        if len(np.unique(codes[seen])) < len(self.classes_):
            self._warn("a class has one labelled row, or all in one group")
            # Which rows are NaN would give away their class.
            held_out[:], seen[:] = np.nan, False
        elif self.calibrate and seen.sum() < MIN_ROWS:
            self._warn(f"only {seen.sum()} labelled rows can be held out")
        self._calibrate(held_out, codes, seen)
        if hasattr(self, "transform"):
            known = np.flatnonzero(codes >= 0)
            used = np.concatenate([known, rest]).astype(int)
            self._fit_axes(view_rows(X, used))
        return self

    def _fit_members(self, X, y, codes, folds, rest):
        """Fit a member for each fold; centred log-ratios of the rows it has not seen.

        Returns
        -------
        ratios : list of ndarray of shape (n_held_out_rows, n_classes)
        """
        seeds = draw_member_seeds(self.estimator, self.random_state, len(folds))

        def fit_one(seed, train, test):
            rows = np.concatenate([train, rest])
            # Without gaps the labels have a type that every classifier takes.
            gaps = (codes[rows] < 0).any()
            labels = y[rows] if gaps else self.classes_[codes[rows]]
            member = clone(self.estimator).set_params(**seed)
            member.fit(view_rows(X, rows), labels)
            known = self.classes_[codes[train]]
            head = fit_feature_head(member, view_rows(X, train), known)
            if not len(test):
                return member, head, np.empty((0, len(self.classes_)))
            return member, head, self._ratios(member, head, view_rows(X, test))

        trains, tests = zip(*folds, strict=True)
        if trains_in_threads(self.estimator, X):
            with Workers() as workers:
                fitted = workers.map(fit_one, seeds, trains, tests)
        else:
            fitted = list(map(fit_one, seeds, trains, tests))
        members, heads, ratios = zip(*fitted, strict=True)
        self.estimators_, self.heads_ = list(members), list(heads)
        return ratios

    def _calibrate(self, held_out, codes, seen):
        """Calibrate one member by rows that it has not seen, and the mean from it."""
        self.slope_, self.intercept_ = 1.0, np.zeros(len(self.classes_))
        if self.calibrate:
            self.slope_, self.intercept_ = fit_slope(held_out, codes, seen)
            if not self.slope_ and seen.sum() >= MIN_ROWS:
                warn(
                    f"{type(self).__name__}: predictions for {seen.sum()} held-out "
                    "rows do not follow their labels, so it predicts the class "
                    "frequencies: give it more rows or other folds (cv), or leave it "
                    "out.",
                    NoSignalWarning,
                )
        self.oof_proba_ = self._calibrated(held_out)
        if self.calibrate:
            one = self.slope_, self.intercept_, codes
            self.slope_, self.intercept_ = scale_to_mean(
                self.estimator, len(self.estimators_), *one
            )

    def _ratios(self, member, head, X):
        """Centred log-ratios of the classes, of one member: (n_rows, n_classes)."""
        classifier = member if head is None else head
        Z = X if head is None else as_dense(member.transform(X))
        p = align_classes(
            classifier.predict_proba(Z), classifier.classes_, self.classes_
        )
        return log_ratios(p)

    def _mean_ratios(self, X):
        members = zip(self.estimators_, self.heads_, strict=True)
        return np.mean([self._ratios(*member, X) for member in members], axis=0)

    def _warn(self, reason):
        instead = ", and predicts the class frequencies" if self.calibrate else ""
        warn(f"{reason}: {type(self).__name__} cannot be calibrated{instead}.")

    def _fit_axes(self, X):
        parts = self._member_features(X)
        features = np.hstack(parts, dtype=np.float64)
        n_axes = min(parts[0].shape[1], *features.shape)
        self._scaler = StandardScaler().fit(features)
        scaled = self._scaler.transform(features)
        # All features may be constant.
        with one_thread(), np.errstate(invalid="ignore"):
            self._axes = PCA(n_axes, svd_solver="full").fit(scaled)
        rounding = self._axes.explained_variance_ratio_ < MIN_VARIANCE
        self._axes.components_[rounding] = 0

    def _member_features(self, X):
        return [as_dense(member.transform(X)) for member in self.estimators_]

    def predict_proba(self, X):
        """Predict class probabilities, calibrated.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        ratios = [self._mean_ratios(rows) for rows in self._read(X)]
        return self._calibrated(np.vstack(ratios))

    def _read(self, X):
        """Checked rows for the members; in parts where each is prepared first."""
        check_is_fitted(self)
        X = check_rows(self, X, ndims=NDIMS, reset=False, finite=False, words=True)
        member = self.estimators_[0]
        if not hasattr(member, "_prepare_rows"):
            return [X]
        parts = gen_batches(X.shape[0], CHUNK)
        return (_prepare_rows(member, X[part]) for part in parts)

    def held_out_proba(self, rows):
        """Probabilities of rows of ``fit`` by members that have not seen them.

        Parameters
        ----------
        rows : ndarray of int, shape (n_rows,)
            Numbers of the rows in ``fit``.

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
            ``oof_proba_``; where that is NaN, the probabilities of log-ratios of 0.
        """
        check_is_fitted(self)
        unknown = self._calibrated(np.zeros((1, len(self.classes_))))
        held_out = self.oof_proba_[rows]
        return np.where(np.isnan(held_out), unknown, held_out)

    def _calibrated(self, ratios):
        return softmax(self.slope_ * ratios + self.intercept_, axis=1)

    def transform(self, X):
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
    def _n_features_out(self):
        return self._axes.n_components_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "slope_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = replace(inner.input_tags, sparse=False)
        if inner.transformer_tags is not None:
            tags.transformer_tags = inner.transformer_tags
        return tags


# Within the class, the wrapper of set_output would take the condition off.
for _method in ("transform", "fit_transform", "get_feature_names_out"):
    _function = getattr(CrossFittedEnsembleClassifier, _method)
    _conditional = available_if(_gives_features)(_function)
    setattr(CrossFittedEnsembleClassifier, _method, _conditional)


@count_networks.register
def _(estimator: CrossFittedEnsembleClassifier):
    cv = estimator.cv
    n_members = cv if isinstance(cv, Integral) else cv.get_n_splits()
    return n_members * count_networks(estimator.estimator)


@about_rows.register
def _(estimator: CrossFittedEnsembleClassifier):
    return {"oof_proba_"}
