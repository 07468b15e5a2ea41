"""One modality of a cohort, as a model of its own."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._inputs import (
    AlignedInputMixin,
    CohortClassifierMixin,
    JoinedScoreMixin,
    TowerInput,
    read_cohort,
    takes_nan,
)
from skmultimodal.fusion._plans import TowerPlan
from skmultimodal.fusion._rows import TrainingData, modality_masks
from skmultimodal.fusion._towers import fit_estimator
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._cox import fit_baseline
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._parts import bound_to_memory
from skmultimodal.utils._probability import align_classes
from skmultimodal.utils._sklearn import HasMethods, StrOptions, fit_context
from skmultimodal.utils._survival import BaselineMixin

__all__ = ["UnimodalClassifier", "UnimodalRegressor", "UnimodalSurvival"]


def _has_probabilities(self: Any) -> bool:
    return hasattr(getattr(self, "estimator_", self.estimator), "predict_proba")


class BaseUnimodal(AlignedInputMixin, MetaEstimatorMixin, BaseEstimator):
    """Model of one modality of a cohort, of any outcome.

    Parameters and attributes are those of `UnimodalClassifier`; a subclass names its
    outcome in ``_outcome_type``, and keeps in ``_learn_absent`` what is predicted for
    rows without the modality.
    """

    _parameter_constraints: dict = {
        "modality": [str],
        "estimator": [HasMethods(["fit"])],
        "tower_rows": [StrOptions({"unpaired", "all"})],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
    }

    def __init__(
        self,
        modality: str,
        estimator: Any,
        *,
        tower_rows: str = "all",
        memory: Any = None,
    ) -> None:
        self.modality = modality
        self.estimator = estimator
        self.tower_rows = tower_rows
        self.memory = memory

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> Self:
        """Fit the estimator on the rows that have the modality.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``;
            NaN or None marks an unlabelled row.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If no labelled row has the modality, or all have the same `y`.
        """
        cohort = read_cohort(self, X, reset=True)
        (y,) = join_rows(X, cohort, y=y)
        outcome, y, codes = self._outcome_type.read(y, len(cohort))
        outcome.record(self)
        if self.modality not in cohort.modalities:
            raise ValueError(
                f"the data have no modality {self.modality!r}, only "
                f"{cohort.modalities}."
            )
        present = [m for m in cohort.modalities if cohort.has(m).any()]
        if self.modality not in present:
            raise ValueError(f"no row has modality {self.modality!r}.")
        has = modality_masks(cohort, {name: name for name in present})
        data = TrainingData(cohort, y, outcome, codes, has)
        estimator = clone(self.estimator)
        choice = "all" if len(present) == 1 else self.tower_rows
        rows = data.tower_rows(self.modality, self.modality, estimator, choice)
        known = rows & data.labelled
        if not outcome.differ(codes[known]):
            alike = outcome.describe_alike(codes[known])
            raise ValueError(
                f"{type(self).__name__} cannot learn from the {rows.sum()} rows with "
                f"modality {self.modality!r}: they {alike}: {outcome.remedy}."
            )
        self._learn_absent(outcome, y[known], codes[known])
        self._input = TowerInput.of(estimator, cohort, self._seen[self.modality])
        self._input.check_lazy(cohort[rows])
        plan = TowerPlan(self.modality, estimator, self._input, rows, choice == "all")
        self.estimator_, key = fit_estimator(plan, data, TowerCache(self.memory))
        # Beside the key its estimator: one that replaces it has no key.
        self._key = self.estimator_, key
        self._after_fit(cohort[known], y[known])
        return self

    def _after_fit(self, cohort: Cohort, y: Any) -> None:
        """Learn of what is predicted for the labelled training rows."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = takes_nan(self.estimator)
        return tags

    def _run(self, cohort: Cohort, method: str) -> NDArray:
        fitted, key = self._key
        key = key if self.estimator_ is fitted else None
        cache = TowerCache(self.memory)
        return cache.run(self.estimator_, key, self._input, cohort, method)

    def _has(self, cohort: Cohort) -> NDArray:
        return modality_masks(cohort, {"": self.modality})[""]


class UnimodalClassifier(CohortClassifierMixin, BaseUnimodal):
    """Classifier of one modality of a cohort.

    The "image only" and "gene only" rows of an ablation: `estimator` gets the plain
    array of the rows that have the modality. Rows without it get the frequencies of
    the classes in training.

    Parameters
    ----------
    modality : str
        Name of the modality in the cohort.
    estimator : estimator
        Any classifier, or any estimator with ``predict_proba`` and ``classes_``.
    tower_rows : {"all", "unpaired"}, default="all"
        Rows to learn from: all with the modality, or those that lack another one.
        With one modality in total, all rows.
    memory : str, path or joblib.Memory, default=None
        Caches the fit; a tower of `TwinTowerClassifier` with the same parameters and
        rows shares it. The folder holds pickles: use one that only you can write to.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    class_prior_ : ndarray of shape (n_classes,)
        Frequencies of the classes in the labelled training rows.
    estimator_ : estimator
        Fitted.
    fit_ids_ : ndarray of uint64, shape (n_rows,), or None
        As of `TwinTowerClassifier`.
    modalities_in_ : list of str
        Modalities of the data seen in ``fit``.
    features_in_ : dict of str to ndarray of str
        Column names of each modality that had names in ``fit``. Those of later data
        are put in this order.
    ranges_in_ : dict of str to DataFrame, or None of lazy blocks and words
        Median, interquartile range and the ends between which 99 % of values lay, of up
        to 256 features of each modality.
    n_features_in_ : int
        Only after a ``fit`` on one bare array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Only after a ``fit`` on one bare DataFrame.

    See Also
    --------
    TwinTowerClassifier : Fuses modalities.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> gene = np.array([[0.0, 1.0], [1.0, 0.0], [np.nan, np.nan]])
    >>> X = Cohort({"gene": gene, "image": np.ones((3, 1, 4, 5))})
    >>> model = UnimodalClassifier("gene", LogisticRegression()).fit(X, [0, 1, 1])
    >>> model.predict_proba(X)[2].round(2).tolist()
    [0.5, 0.5]
    """

    _outcome_type = ClassLabels

    def predict(self, X: Any) -> NDArray:
        """Predict class labels.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        y : ndarray of shape (n_rows,)
            The most frequent class where the modality is absent.
        """
        check_is_fitted(self)
        cohort = read_cohort(self, X, reset=False)
        predicted = np.repeat(self.classes_[[self.class_prior_.argmax()]], len(cohort))
        rows = self._has(cohort)
        if not rows.any():
            return predicted
        if hasattr(self.estimator_, "predict"):
            present = self._run(cohort[rows], "predict")
        else:
            probabilities = self._run(cohort[rows], "predict_proba")
            present = self.estimator_.classes_[probabilities.argmax(axis=1)]
        predicted[rows] = present
        return predicted

    @available_if(_has_probabilities)
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
        rows = self._has(cohort)
        if not rows.any():
            return np.tile(self.class_prior_, (len(cohort), 1))
        p = self._run(cohort[rows], "predict_proba")
        p = align_classes(p, self.estimator_.classes_, self.classes_)
        probabilities = np.tile(self.class_prior_.astype(p.dtype), (len(cohort), 1))
        probabilities[rows] = p
        return probabilities

    def _learn_absent(self, outcome: Any, y: Any, codes: NDArray) -> None:
        counts = np.bincount(codes, minlength=len(self.classes_))
        self.class_prior_ = counts / len(codes)


class _OneOutputUnimodal(BaseUnimodal):
    """Model of one modality whose ``predict`` is one number."""

    def predict(self, X: Any) -> NDArray:
        """Predict a number of each row: its mean, or its log-hazard.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        predicted : ndarray of shape (n_rows,)
            ``prior_`` where the modality is absent.
        """
        check_is_fitted(self)
        cohort = read_cohort(self, X, reset=False)
        predicted = np.full(len(cohort), self.prior_)
        rows = self._has(cohort)
        if rows.any():
            predicted[rows] = np.ravel(self._run(cohort[rows], "predict"))
        return predicted

    def _learn_absent(self, outcome: Any, y: Any, codes: NDArray) -> None:
        self.prior_ = float(outcome.no_evidence(y, codes)[0])


@described_like(
    UnimodalClassifier, without=("classes_", "class_prior_"), estimator="Any regressor."
)
class UnimodalRegressor(JoinedScoreMixin, RegressorMixin, _OneOutputUnimodal):
    """Regressor of one modality of a cohort.

    `estimator` gets the plain array of the rows that have the modality. Rows without it
    get the mean of the number in training.

    Attributes
    ----------
    prior_ : float
        Mean number of the labelled training rows.
    target_mean_, target_std_ : float
        Of all labelled rows in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``.
    estimator_ : estimator
        Fitted.

    See Also
    --------
    TwinTowerRegressor : Fuses modalities.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal import Cohort, UnimodalRegressor
    >>> gene = np.array([[0.0, 1.0], [1.0, 0.0], [np.nan, np.nan]])
    >>> X = Cohort({"gene": gene, "image": np.ones((3, 1, 4, 5))})
    >>> model = UnimodalRegressor("gene", Ridge()).fit(X, [30.0, 50.0, 90.0])
    >>> model.predict(X)[2].tolist()
    40.0
    """

    _outcome_type = Numbers


@described_like(
    UnimodalClassifier,
    without=("classes_", "class_prior_"),
    estimator="Any survival estimator.",
)
class UnimodalSurvival(JoinedScoreMixin, BaselineMixin, _OneOutputUnimodal):
    """Survival estimator of one modality of a cohort.

    `estimator` gets the plain array of the rows that have the modality. Rows without it
    get a log-hazard of 0.

    Attributes
    ----------
    prior_ : float
        0.
    baselines_ : dict of int to Baseline
        Cumulative baseline hazard of each stratum: those of the estimator, or of the
        risks that it predicts for its training rows.
    estimator_ : estimator
        Fitted.

    See Also
    --------
    TwinTowerSurvival : Fuses modalities.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import (
    ...     Cohort,
    ...     CoxRidgeSurvival,
    ...     UnimodalSurvival,
    ...     make_survival_target,
    ... )
    >>> gene = np.array([[0.0, 1.0], [1.0, 0.0], [np.nan, np.nan]])
    >>> X = Cohort({"gene": gene, "image": np.ones((3, 1, 4, 5))})
    >>> y = make_survival_target([True, True, False], [3.0, 5.0, 4.0])
    >>> model = UnimodalSurvival("gene", CoxRidgeSurvival()).fit(X, y)
    >>> model.predict(X)[2].tolist()
    0.0
    """

    _outcome_type = TimeToEvent

    def _after_fit(self, cohort: Cohort, y: Any) -> None:
        own = getattr(self.estimator_, "baselines_", None)
        self.baselines_ = fit_baseline(y, self.predict(cohort)) if own is None else own


@bound_to_memory.register
def _(estimator: BaseUnimodal) -> Any:
    return {"_key": (None, None)} if hasattr(estimator, "_key") else {}
