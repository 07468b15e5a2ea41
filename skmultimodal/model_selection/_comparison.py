"""What is known after several models were tested on the same folds."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.model_selection._fixed import fixed_scores
from skmultimodal.model_selection._fold_scores import FoldScores
from skmultimodal.model_selection._metrics import PatientCounts
from skmultimodal.model_selection._operating_points import check_rate, rates_at
from skmultimodal.model_selection._out_of_fold import OutOfFold
from skmultimodal.model_selection._remarks import find_remarks, heading_of
from skmultimodal.model_selection._reweighting import check_weights, reweighted_scores
from skmultimodal.model_selection._score_table import (
    choose_names,
    summarise,
)
from skmultimodal.model_selection._weighting import effective_number
from skmultimodal.utils._labels import class_name

__all__ = ["Comparison"]


class Comparison(FoldScores, OutOfFold):
    """Several models, tested on the same rows of the same folds.

    `compare_classifiers` and `unpaired_gain` return it. It holds a score for each
    model, fold and metric, and the out-of-fold predictions; its methods derive means
    with intervals, paired tests and probabilities from them. Displays draw it
    (``from_comparison``), `evaluation_report` reports it, and printing it shows the
    means.

    Parameters
    ----------
    scores : DataFrame
        One row per model, fold and metric, see `scores`.
    predictions : DataFrame
        One row per model, repeat and tested row, see `predictions`, without
        probabilities. Every model has the same rows.
    proba : ndarray of shape (n_predictions, n_classes)
        Probabilities of the rows of `predictions`; NaN where a model has none.
    folds : list of Fold
        Named tuples ``(repeat, fold, train, test)``, with numbers of rows. A repeat is
        a round of cross-validation: no row is tested twice in it.
    classes : ndarray of shape (n_classes,)
        The class labels, sorted.
    positive : class label
        The class that metrics such as ``"f1"`` are about.
    test_to_train : float
        Tested over training rows, as for `corrected_t_test`.
    confidence_level : float, default=0.95
        Of the intervals.
    estimators : dict of str to estimator, default=None
        The models, unfitted. None if they are not known.
    known_as : dict of str to str, default=None
        Names in scikit-learn of metrics that have names of their own, from which the
        range of their scores is known. None is those names.
    reference : str, default=None
        The model that others are compared with, if it was named beforehand.
    primary : str, default=None
        The metric that conclusions rest on, if it was named beforehand.
    by_seed : DataFrame, default=None
        Of `seeds`. None is of one seed.
    n_unpaired : int, default=0
        Rows with fewer modalities than those tested, which train the models of each
        fold: without draws, what is estimated is given these rows.
    draws : DataFrame, default=None
        Of `draws`. None is no draw.
    sample_weight : ndarray of shape (n_rows,), default=None
        Weights of all rows in the scores, see `reweighted`.

    Attributes
    ----------
    models : list of str
        Names of the models, in the order in which they were given.
    metrics : list of str
        Names of the metrics, in the order in which they were given.

    See Also
    --------
    compare_classifiers : Cross-validate models, and compare them.
    skmultimodal.inspection.MetricIntervalsDisplay : Draws the means.
    skmultimodal.inspection.DifferencesDisplay : Draws the differences.
    skmultimodal.inspection.RocBandsDisplay : Draws the ROC curves.
    skmultimodal.inspection.DecisionCurveDisplay : Draws the net benefit.
    skmultimodal.inspection.PatternCalibrationDisplay : Draws the calibration.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.model_selection import compare_classifiers
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> X, y = make_classification(n_samples=60, random_state=0)
    >>> models = {"majority": DummyClassifier(), "logistic": LogisticRegression()}
    >>> cv = PairedStratifiedKFold(3, n_repeats=10, random_state=0)
    >>> scoring = ["roc_auc", "accuracy"]
    >>> result = compare_classifiers(models, X, y, cv=cv, scoring=scoring)
    >>> result.table()["roc_auc"]["logistic"]
    '0.808 [0.66, 0.90]'
    >>> table = result.differences(metrics=["roc_auc"], reference="majority")
    >>> table[["model_a", "model_b", "difference", "low", "high"]].round(2)
        model_a   model_b  difference   low  high
    0  logistic  majority        0.31  0.18  0.43
    >>> result.proba("logistic", 1).groupby("row").mean().head(2).round(2).tolist()
    [0.71, 0.34]
    """

    def __init__(
        self,
        scores: pd.DataFrame,
        predictions: pd.DataFrame,
        proba: NDArray,
        *,
        folds: Any,
        classes: NDArray,
        positive: Any,
        test_to_train: float,
        confidence_level: float = 0.95,
        estimators: Any = None,
        known_as: Any = None,
        reference: str | None = None,
        primary: str | None = None,
        by_seed: pd.DataFrame | None = None,
        n_unpaired: int = 0,
        draws: pd.DataFrame | None = None,
        sample_weight: NDArray | None = None,
    ) -> None:
        super().__init__(
            predictions,
            proba,
            folds=folds,
            classes=classes,
            positive=positive,
            test_to_train=test_to_train,
            confidence_level=confidence_level,
            estimators=estimators,
        )
        self._scores = scores
        self.known_as = {} if known_as is None else known_as
        self.reference = reference
        self.primary = primary
        self.n_unpaired = n_unpaired
        self.sample_weight = sample_weight
        self._by_seed = by_seed
        self._draws = draws

    def _tested(self) -> PatientCounts:
        """The patients tested; of weighted ones as many as vary so much."""
        first = self._predictions.drop_duplicates("row")
        hits = (first["y_true"] == self.positive).to_numpy()
        weights = np.ones(len(hits))
        if self.sample_weight is not None:
            weights = self.sample_weight[first["row"].to_numpy()]
        n_positive, n_others = (effective_number(weights[p]) for p in (hits, ~hits))
        return PatientCounts(n_positive, n_others, len(self.classes))

    def reweighted(
        self, sample_weight: Any, *, metrics: list[str] | None = None
    ) -> "Comparison":
        """The same predictions, scored with weights for the tested rows.

        Parameters
        ----------
        sample_weight : array-like of shape (n_rows,)
            Of each row of the data compared on, such as those of `selection_weights`.
            Those of rows that are not tested do not matter.
        metrics : list of str, default=None
            Which ones, in this order. None is all.

        Returns
        -------
        comparison : Comparison
            Its scores, and what follows from them, are weighted. Predictions, and what
            follows from these, such as `by_pattern`, are not. The intervals are given
            the weights.

        Raises
        ------
        ValueError
            If a tested row has no weight or one below 0, or a metric is none of
            scikit-learn's by name.

        See Also
        --------
        selection_weights : Weights by the probability of being tested.

        Notes
        -----
        Of several seeds, metrics are those of the mean probabilities, not their means.
        """
        metrics = choose_names("metric", self.metrics, metrics)
        weights = check_weights(sample_weight, self._predictions["row"].to_numpy())
        names = ["folds", "classes", "positive", "test_to_train", "confidence_level"]
        names += ["estimators", "known_as", "reference", "primary", "n_unpaired"]
        return Comparison(
            reweighted_scores(self, weights, metrics),
            self._predictions,
            self._proba,
            **{name: getattr(self, name) for name in names},
            sample_weight=weights,
        )

    def sensitivity_at(
        self,
        specificity: float = 0.9,
        *,
        models: list[str] | None = None,
        positive: Any = None,
    ) -> pd.DataFrame:
        """How many of the class the models find, if few others may be called wrongly.

        Parameters
        ----------
        specificity : float, default=0.9
            Share of the other patients who are not to be called. Name it before scores
            are seen.
        models : list of str, default=None
            Which ones, in this order. None is all. Those without probabilities are left
            out.
        positive : class label, default=None
            None is the positive class of the comparison. All others are the other.

        Returns
        -------
        rates : DataFrame
            One row per model: ``model``, ``specificity``, ``sensitivity`` with its
            interval from ``low`` to ``high``, the ``threshold`` of the probability at
            which it is reached, ``held_out_sensitivity`` and ``held_out_specificity``
            (of thresholds that were chosen on the other folds), ``n_patients`` of the
            class and ``n_others``. NaN is undefined.

        Raises
        ------
        ValueError
            If `specificity` is not between 0 and 1, a model is not in the comparison,
            or `positive` is none of the classes.

        Warns
        -----
        FewPatientsWarning
            If there are too few others to place the threshold: below 10 for 0.9.

        See Also
        --------
        Comparison.specificity_at : The reverse.
        Comparison.at_threshold : Both, at a threshold named beforehand.
        skmultimodal.inspection.RocBandsDisplay : Draws them at all thresholds.

        Notes
        -----
        A patient's probability is out of fold, the mean over the repeats, and each
        tested row counts once. What is estimated is a point of the ROC curve: the share
        found at the threshold that has this specificity. That threshold is not known,
        and is chosen on the tested others, of whom at least this share stay below it.

        The interval is Wilson's, of as many patients as would give a share the variance
        that it has by the patients of the class and by the choice of the threshold (the
        exact bootstrap of an order statistic), widened as that of `at_threshold`. It is
        about this curve, and not about a threshold that is kept: for other patients its
        specificity is another as well, and with few others lower. Those that are held
        out are of patients on whom the threshold was not chosen. How often the interval
        holds is in ``benchmarks/statistics/results/operating_points.md``.

        References
        ----------
        Maritz and Jarrett, "A note on estimating the variance of the sample median",
        Journal of the American Statistical Association 73 (1978).
        :doi:`10.1080/01621459.1978.10480027`

        Examples
        --------
        >>> from sklearn.datasets import make_classification
        >>> from sklearn.linear_model import LogisticRegression
        >>> from skmultimodal.model_selection import compare_classifiers
        >>> from skmultimodal.model_selection import PairedStratifiedKFold
        >>> X, y = make_classification(n_samples=90, random_state=0)
        >>> cv = PairedStratifiedKFold(3, random_state=0)
        >>> models = {"logistic": LogisticRegression()}
        >>> result = compare_classifiers(models, X, y, cv=cv)
        >>> table = result.sensitivity_at(specificity=0.8)
        >>> table[["sensitivity", "low", "high"]].round(2).iloc[0].tolist()
        [1.0, 0.89, 1.0]
        """
        return self._rates_at("specificity", specificity, models, positive)

    def specificity_at(
        self,
        sensitivity: float = 0.9,
        *,
        models: list[str] | None = None,
        positive: Any = None,
    ) -> pd.DataFrame:
        """How many others the models spare, if few of the class may be missed.

        Parameters
        ----------
        sensitivity : float, default=0.9
            Share of the patients of the class who are to be called.
        models : list of str, default=None
            As of `sensitivity_at`.
        positive : class label, default=None
            As of `sensitivity_at`.

        Returns
        -------
        rates : DataFrame
            As of `sensitivity_at`, with both rates exchanged: ``n_patients`` are those
            that the specificity is of, ``n_others`` those of the class.

        Raises
        ------
        ValueError
            As of `sensitivity_at`.

        Warns
        -----
        FewPatientsWarning
            If there are too few patients of the class to place the threshold.

        See Also
        --------
        Comparison.sensitivity_at : The reverse, with what is estimated.
        """
        return self._rates_at("sensitivity", sensitivity, models, positive)

    def _rates_at(
        self, name: str, value: Any, models: Any, positive: Any
    ) -> pd.DataFrame:
        value = check_rate(name, value)
        patients, place = self._by_patient(models, positive)
        given = value, self.confidence_level, self._ratios(patients)
        of_positive = name == "specificity"
        return rates_at(patients, place, *given, of_positive=of_positive)

    def remarks(self, *, models: list[str] | None = None) -> list[str]:
        """What to know before the means are read.

        Parameters
        ----------
        models : list of str, default=None
            Which ones. None is all.

        Returns
        -------
        remarks : list of str
            Sentences on classes with fewer than ten tested patients, intervals without
            width, and models that never predict a class; of none that guesses by
            design, as ``DummyClassifier`` does. Empty if there is nothing to know.
        """
        return find_remarks(self, choose_names("model", self.models, models))

    def _summarised(self) -> pd.DataFrame:
        table = summarise(
            self._scores,
            self.test_to_train,
            self.confidence_level,
            tested=self._tested(),
            known_as=self.known_as,
            draws=self._draws,
        ).set_index(["model", "metric"])
        for place, found in fixed_scores(self).items():
            table.loc[place, ["mean", "low", "high"]] = found
        return table.reset_index()

    def _heading(self) -> list[str]:
        return heading_of(self, f", positive class {class_name(self.positive)}")
