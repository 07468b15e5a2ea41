"""Ensembles of one estimator whose members did not see every row."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from skmultimodal.towers._cross_fitting import BaseCrossFittedEnsemble
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._cox import fit_baseline
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._parts import about_rows
from skmultimodal.utils._sklearn import fit_context
from skmultimodal.utils._survival import BaselineMixin
from skmultimodal.utils._weights import WeightedFitMixin, pop_sample_weight

__all__ = [
    "CrossFittedEnsembleClassifier",
    "CrossFittedEnsembleRegressor",
    "CrossFittedEnsembleSurvival",
]


class CrossFittedEnsembleClassifier(
    WeightedFitMixin, ProbableClassMixin, BaseCrossFittedEnsemble
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
    (``noise_share``, as measured once); ``slope_`` and ``intercept_`` are larger by
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
    >>> tower = CrossFittedEnsembleClassifier(gene, cv=3, random_state=0).fit(X, y)
    >>> tower.transform(X).shape, tower.predict_proba(X).shape
    ((60, 4), (60, 2))
    """

    _outcome_type = ClassLabels

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None, **params: Any) -> Self:
        """Fit the members, calibrate their mean and align their features.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)
            In memory or lazy.
        y : array-like of shape (n_rows,)
            Class labels; NaN marks an unlabelled row, which trains if the estimator
            ``uses_unlabelled_rows`` and is no part of a fold in any case.
        groups : array-like of shape (n_rows,), default=None
            Rows that are held out together, such as those of a hospital: the slope
            then is that of log-odds in a hospital not seen.
        **params : dict
            ``sample_weight``, array-like of shape (n_rows,): a row counts as so many,
            in the calibration, and in the members if their ``fit`` takes it. One of
            weight 0 is as if it were not there.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If all labelled rows have the same `y`, or a weight is below 0.
        TypeError
            If there is another parameter.

        Warns
        -----
        UserWarning
            If no row of a class can be held out, since it has one row or one group, or
            fewer than 8 rows can be.
        NoSignalWarning
            If predictions for held-out rows do not follow their labels.
        """
        return self._fit(X, y, groups, pop_sample_weight(self, params))

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities, calibrated.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        return self._predict(X)

    def held_out_proba(self, rows: NDArray) -> NDArray:
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
        return self._held_out(self.oof_proba_, rows)

    def _keep_held_out(
        self, held_out: NDArray, y: Any, codes: NDArray, seen: Any
    ) -> None:
        self.oof_proba_ = held_out


class _OneOutputEnsemble(BaseCrossFittedEnsemble):
    """Ensemble of one output, whose ``predict`` is that output."""

    def predict(self, X: Any) -> NDArray:
        """Predict a number of each row, calibrated: its mean, or its log-hazard.

        Parameters
        ----------
        X : array-like of shape (n_rows, ...)

        Returns
        -------
        predicted : ndarray of shape (n_rows,)
        """
        return self._predict(X)[:, 0]

    def held_out_prediction(self, rows: NDArray) -> NDArray:
        """Predictions for rows of ``fit`` by members that have not seen them.

        Parameters
        ----------
        rows : ndarray of int, shape (n_rows,)
            Numbers of the rows in ``fit``.

        Returns
        -------
        predicted : ndarray of shape (n_rows,)
            ``oof_prediction_``; where that is NaN, the prediction without evidence.
        """
        return self._held_out(self.oof_prediction_, rows)

    def _keep_held_out(
        self, held_out: NDArray, y: Any, codes: NDArray, seen: Any
    ) -> None:
        self.oof_prediction_ = held_out[:, 0]


@described_like(
    CrossFittedEnsembleClassifier,
    without=("classes_", "oof_proba_"),
    estimator="Regressor; or with ``transform``, whose features a ridge reads.",
    cv="An int means folds stratified by fifths of the number, or of whole groups.",
    calibrate="False leaves the mean prediction as it is.",
)
class CrossFittedEnsembleRegressor(RegressorMixin, _OneOutputEnsemble):
    """Average of clones of one regressor, each fitted without one fold, calibrated.

    It is `CrossFittedEnsembleClassifier` for numbers: one slope and one intercept,
    fitted by least squares on the predictions of each member for the fold that it was
    fitted without, calibrate the mean. Folds are stratified by fifths of the number.

    Attributes
    ----------
    slope_ : float
        Factor of the mean prediction, 0 or more.
    intercept_ : ndarray of shape (1,)
    oof_prediction_ : ndarray of shape (n_rows,)
        Calibrated prediction of each row by members that have not seen it; NaN where
        there is none. A loaded model has none.
    target_mean_, target_std_ : float
        Mean and standard deviation of `y` in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``, beyond which nothing is predicted.

    See Also
    --------
    CrossFittedEnsembleClassifier : For class labels, with the details.
    TwinTowerRegressor : Fits each tower like this.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal import CrossFittedEnsembleRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 30))
    >>> y = 50 + 10 * X[:, 0]
    >>> tower = CrossFittedEnsembleRegressor(Ridge(), cv=3, random_state=0).fit(X, y)
    >>> tower.score(X, y) > 0.8
    True
    """

    _outcome_type = Numbers


@described_like(
    CrossFittedEnsembleClassifier,
    without=("classes_", "oof_proba_"),
    estimator="With ``predict``, a risk; or ``transform``, which Cox's model reads.",
    cv="An int means folds stratified by event, or of whole groups.",
    calibrate="False leaves the mean risk as it is.",
)
class CrossFittedEnsembleSurvival(BaselineMixin, _OneOutputEnsemble):
    """Average of clones of one survival estimator, each without one fold, calibrated.

    It is `CrossFittedEnsembleClassifier` for times to an event: one slope, fitted by
    Cox's partial likelihood on the risks that each member predicts for the fold that it
    was fitted without, makes log-hazards of their mean. Folds are stratified by event.

    Attributes
    ----------
    slope_ : float
        Factor of the mean risk, 0 or more.
    intercept_ : ndarray of shape (1,)
        With it, hazards of held-out rows are multiples of mean 1.
    oof_prediction_ : ndarray of shape (n_rows,)
        Log-hazard of each row by members that have not seen it; NaN where there is
        none. A loaded model has none.
    baselines_ : dict of int to Baseline
        Cumulative baseline hazard of each stratum, of the held-out log-hazards.

    See Also
    --------
    CrossFittedEnsembleClassifier : For class labels, with the details.
    TwinTowerSurvival : Fits each tower like this.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import (
    ...     CoxRidgeSurvival,
    ...     CrossFittedEnsembleSurvival,
    ...     make_survival_target,
    ... )
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 3))
    >>> time = rng.exponential(np.exp(-X[:, 0]))
    >>> y = make_survival_target(event=rng.random(60) < 0.7, time=time)
    >>> cox = CoxRidgeSurvival()
    >>> tower = CrossFittedEnsembleSurvival(cox, cv=3, random_state=0).fit(X, y)
    >>> tower.predict_survival_function(X, times=[0.5, 1.0]).shape
    (60, 2)
    """

    _outcome_type = TimeToEvent

    def _keep_held_out(
        self, held_out: NDArray, y: Any, codes: NDArray, seen: Any
    ) -> None:
        super()._keep_held_out(held_out, y, codes, seen)
        known = codes >= 0
        risk = np.where(seen, np.nan_to_num(held_out[:, 0]), 0.0)
        self.baselines_ = fit_baseline(y[known], risk[known])


@about_rows.register
def _(estimator: BaseCrossFittedEnsemble) -> set[str]:
    return {"oof_proba_", "oof_prediction_"}
