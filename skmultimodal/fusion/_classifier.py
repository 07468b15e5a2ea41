"""The twin tower for class labels."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.metaestimators import available_if

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._inputs import CohortClassifierMixin
from skmultimodal.fusion._pool import LogOpinionPoolClassifier
from skmultimodal.fusion._twin_tower import BaseTwinTower, final_has
from skmultimodal.towers._outcomes import ClassLabels
from skmultimodal.utils._probability import log_odds
from skmultimodal.utils._sklearn import fit_context
from skmultimodal.utils._weights import WeightedFitMixin, pop_sample_weight

__all__ = ["TwinTowerClassifier"]


class TwinTowerClassifier(WeightedFitMixin, CohortClassifierMixin, BaseTwinTower):
    """Classifier of patients of whom most have only one modality.

    Each tower learns from the rows that have its modality. The towers are then frozen,
    and a final estimator is fitted to combine their outputs: features, log-odds or
    both. The default one learns from every labelled row, whatever modalities it has,
    and predicts every row with two or more; a row with one modality is predicted by its
    tower. Any other final estimator learns from and predicts the paired rows, which
    have every modality.

    Parameters
    ----------
    towers : list of (name, estimator) or (name, estimator, columns), default=None
        A tower is an estimator with ``transform`` (its features) or ``predict_proba``,
        a Pipeline for example; a `sklearn.frozen.FrozenEstimator` is a tower that is
        already trained. `name` is its modality, unless `columns` is given: the
        name of a modality, or the columns of a DataFrame or 2-D array. A tower whose
        modality is absent is left out, with a warning. None chooses a tower for each
        modality by its rows, whatever its name: ``ImageTowerClassifier()`` for images
        and volumes, ``BagTowerClassifier()`` for bags;
        for vectors of numbers ``GeneAutoencoderTransformer()``, after a median imputer
        if cells are blank, or a logistic regression of up to 20 standardised columns;
        `make_table_tower` for tables with words, categories or dates. ``towers_``
        shows them.
    final_estimator : estimator, default=None
        Classifier of the towers' outputs. None means ``LogOpinionPoolClassifier()``;
        ``FusionHeadClassifier()`` is the paper's.
    tower_rows : {"auto", "unpaired", "all"}, default="auto"
        Rows a tower learns from: those that lack another modality (the paper), or
        all that have its own. With "all", log-odds of rows that train the final
        estimator are those of members that have not seen them; features cannot be,
        since each net has its own axes, so "both" leaves those that follow labels out.
        "auto" is "all" for the default final estimator with a `tower_cv`, and
        "unpaired" for any other.
    tower_output : {"auto", "features", "log_odds", "both"}, default="auto"
        What the final estimator reads: features of each tower (the paper), its
        calibrated log-odds, or both. "auto" is "both" for one whose ``fit`` takes
        `log_odds`, as the default's does, or a search over one, and "features" for any
        other.
    tower_cv : int, splitter or None, default=5
        With "log_odds" and "both", each tower becomes a `CrossFittedEnsembleClassifier`
        of that many members, fitted on folds of its rows. So does, in any case, a tower
        without features that is fitted on rows of the final estimator. None fits each
        tower once, and takes its log-odds as they are.
    missing : {"tower", "impute", "error"}, default="tower"
        How a row is predicted that the final estimator does not. "tower": by the
        classifier of the tower it has, or a logistic regression on the features of one
        that has none; by their mean log-odds if it has several. "impute": by the final
        estimator nevertheless, absent features at their mean. "error": a row that is
        not paired is refused.
    memory : str, path or joblib.Memory, default=None
        Caches fitted towers and their features. The folder holds pickles: use one
        that only you can write to.
    n_jobs : int, default=None
        Towers fitted at the same time. None is one, in any joblib context.
    device : str or torch.device, default=None
        For towers and final estimator whose own `device` is None.
    random_state : int, RandomState instance or None, default=None
        For towers and final estimator whose own `random_state` is None.
    verbose : int, default=0
        1 prints what will be fitted, and shows a bar for each stage, or a line where
        standard error is no terminal; 2 does so for each network as well.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    towers_ : dict of str to estimator
        The fitted towers, ensembles where log-odds are read. Predictions are made by
        what is in here.
    tower_heads_ : dict of str to classifier
        Of the features of towers that have no ``predict_proba``, where those predict.
    scalers_ : dict of str to StandardScaler
        Of what the final estimator reads of each tower, features and then log-odds.
        Log-odds are centred only, as their scale is how sure a tower is: at those of
        the class shares that the tower was fitted with if the final estimator learns
        from rows that lack a modality, else at their mean.
    final_estimator_ : estimator
    fit_ids_ : ndarray of uint64, shape (n_rows,), or None
        Hashes of the patient ids of ``fit``, by which `prediction_sets` finds rows that
        trained the model. None where rows are only numbered; not saved.
    class_counts_ : dict of str to ndarray of int, shape (n_classes + 1,)
        Rows of each class, and last those without a label, that each tower fitted here
        learned from, and, as ``"final_estimator"``, those whose modalities are fused.
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
    UnimodalClassifier : One modality of a cohort.
    LogOpinionPoolClassifier : The default final estimator.
    FusionHeadClassifier : The paper's final estimator.
    CrossFittedEnsembleClassifier : What a tower becomes.

    Notes
    -----
    With one modality in total, every row is paired, and tower and head learn from all
    rows. ``TwinTowerClassifier(final_estimator=FusionHeadClassifier())`` is the paper's
    architecture.

    References
    ----------
    Lyu & Costen (2025), A twin-tower model using MRI and gene for prediction on brain
    tumor patients' response to therapy, Bioinformatics Advances 5(1), vbaf041.

    Examples
    --------
    >>> from skmultimodal import TwinTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> model = TwinTowerClassifier(random_state=0).fit(X, y)
    >>> model.predict_route(X[[0, 30, 70]]).tolist()
    ['image', 'gene', 'head']
    >>> model.predict_proba(X).shape
    (90, 2)
    """

    _outcome_type = ClassLabels

    @staticmethod
    def _default_final_estimator() -> LogOpinionPoolClassifier:
        return LogOpinionPoolClassifier()

    def _check_final_estimator(self) -> None:
        if not is_classifier(self._final_estimator()):
            raise ValueError(
                "final_estimator must be a classifier, got "
                f"{type(self.final_estimator).__name__}."
            )

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, groups: Any = None, **params: Any) -> Self:
        """Fit towers, scalers and final estimator.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
            Rows are patients. A bare array is one modality: 2-D is "gene", 4-D "image".
        y : array-like of shape (n_rows,)
            Class labels; NaN or None marks an unlabelled row. A Series is joined by
            patient id, and so are groups and weights.
        groups : array-like of shape (n_rows,), default=None
            Rows that a cross-fitted tower holds out together, such as those of a
            hospital: its log-odds then count as far as they hold in another hospital.
            A search or cross-validation passes them on after
            ``set_fit_request(groups=True)``.
        **params : dict
            ``sample_weight``, array-like of shape (n_rows,): as many rows each row
            counts as, in the towers whose ``fit`` takes weights, in their calibration,
            in the final estimator and in the class shares. A row of weight 0 is as if
            it were not there. ``set_fit_request(sample_weight=True)`` has it passed on.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a row has no modality, a present row holds NaN or infinity, labelled rows
            all have the same `y`, there are no rows for a tower, the final estimator
            needs paired rows and there are none, or a weight is below 0.
        TypeError
            If there is another parameter.

        Warns
        -----
        MissingModalityWarning
            If a tower has no modality, or a modality no tower.
        UserWarning
            If outputs of a tower follow the labels of the rows that they are of, its
            log-odds cannot be calibrated, its rows are of one group, no labelled row
            has two modalities, or weights do not reach a tower or the final estimator.
        """
        return self._fit(X, y, groups, pop_sample_weight(self, params))

    def predict(self, X: Any) -> NDArray:
        """Predict class labels.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        cohort, routes = self._read_routed(X)
        predicted = np.empty(len(cohort), dtype=self.classes_.dtype)
        if routes.by_head.any():
            Z = self._features(cohort[routes.by_head])
            predicted[routes.by_head] = self.final_estimator_.predict(Z)
        for rows, p in self._predict_by_towers(cohort, routes):
            predicted[rows] = self._outcome.decide(p)
        return predicted

    @available_if(final_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)

        Raises
        ------
        ValueError
            If a row has no modality, a modality was never fitted, or rows that are not
            paired meet ``missing="error"``.
        """
        cohort, routes = self._read_routed(X)
        parts = list(self._predict_by_towers(cohort, routes))
        if routes.by_head.any():
            Z = self._features(cohort[routes.by_head])
            p = self._outcome.predict_by(self.final_estimator_, Z)
            parts.append((routes.by_head, p))
        dtype = np.result_type(*(p.dtype for _, p in parts))
        probabilities = np.empty((len(cohort), len(self.classes_)), dtype)
        for rows, p in parts:
            probabilities[rows] = p
        return probabilities

    @available_if(final_has("decision_terms"))
    def decision_terms(self, X: Any) -> pd.DataFrame:
        """Compute what each modality adds to the log-odds of each row.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        terms : DataFrame with one row per patient
            As of ``LogOpinionPoolClassifier.decision_terms``, whose ``weights_`` are
            the weights. The terms of a row add up to the log-odds of
            ``predict_proba``: where towers predict without the final estimator (see
            ``predict_route``), there are only their log-odds, divided by the number of
            towers. What has no part in the prediction of a row adds 0.
        """
        cohort, routes = self._read_routed(X)
        terms = self.final_estimator_.decision_terms(self._features(cohort))
        terms = terms.set_axis(cohort.index, axis=0)
        if self.missing != "tower":
            return terms
        several = terms.columns.nlevels > 2
        levels = [(c,) for c in self.classes_.tolist()] if several else [()]
        zeros: dict[tuple[Any, ...], NDArray] = {
            (name, "log-odds", *level): np.zeros(len(cohort))
            for name in self.towers_
            for level in levels
        }
        for rows, by_tower in self._tower_probabilities(cohort, routes):
            for name, p in by_tower.items():
                odds = log_odds(p) / len(by_tower)
                for level, column in zip(levels, odds.T, strict=True):
                    zeros[name, "log-odds", *level][rows] = column
        terms[~routes.by_head] = 0.0
        alone = pd.DataFrame(zeros, index=cohort.index)
        columns = terms.columns.union(alone.columns, sort=False)
        return terms.reindex(columns=columns, fill_value=0.0).add(
            alone.reindex(columns=columns, fill_value=0.0)
        )

    def _tower_probabilities(self, cohort: Cohort, routes: Any) -> Iterator[Any]:
        """Pairs of rows with the same towers, and probabilities by tower's name."""
        towers = {tower.name: tower for tower in self._fitted_towers()}
        options = self._outcome, TowerCache(self.memory)
        for rows, names in routes.by_towers():
            part = cohort[rows]
            yield rows, {n: towers[n].predict(part, *options) for n in names}

    def _predict_by_towers(self, cohort: Cohort, routes: Any) -> Iterator[Any]:
        """Pairs of rows that are not the final estimator's, and probabilities."""
        for rows, by_tower in self._tower_probabilities(cohort, routes):
            yield rows, self._outcome.combine(list(by_tower.values()))
