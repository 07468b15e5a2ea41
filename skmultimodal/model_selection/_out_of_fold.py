"""What models predicted out of fold, and what follows from it."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.model_selection._acting import net_benefit, threshold_scores
from skmultimodal.model_selection._fixed import is_fixed
from skmultimodal.model_selection._patients import by_patient
from skmultimodal.model_selection._pattern_scores import pattern_scores
from skmultimodal.model_selection._score_table import choose_names, rows_of
from skmultimodal.utils._labels import class_name, find_positive
from skmultimodal.utils._probability import check_threshold, check_thresholds

__all__ = ["OutOfFold"]


class OutOfFold:
    """Predictions of several models for the same rows of the same folds.

    A `Comparison` is these and the scores of the folds; its parameters are described
    there.
    """

    def __init__(
        self,
        predictions: Any,
        proba: NDArray,
        *,
        folds: Any,
        classes: Any,
        positive: Any,
        test_to_train: float,
        confidence_level: float,
        estimators: Any,
    ) -> None:
        self._predictions = predictions
        self._proba = proba
        self.folds = folds
        self.classes = classes
        self.positive = positive
        self.test_to_train = test_to_train
        self.confidence_level = confidence_level
        self.estimators = estimators

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return self._predictions["model"].unique().tolist()

    def predictions(self, *, models: list[str] | None = None) -> pd.DataFrame:
        """Out-of-fold predictions of each model.

        Parameters
        ----------
        models : list of str, default=None
            Which ones, in this order. None is all.

        Returns
        -------
        predictions : DataFrame
            One row per model, repeat and tested row: ``model``, ``repeat``, ``fold``,
            ``row`` (its number), ``id`` of the patient, ``pattern`` of the modalities
            that it has, ``y_true``, ``y_pred``, and a column ``proba_<class>`` for each
            class, NaN where the model has no ``predict_proba``.

        Raises
        ------
        ValueError
            If a model is not in the comparison.

        See Also
        --------
        Comparison.proba : The probabilities by themselves, with columns of labels.
        """
        names = [f"proba_{class_name(label)}" for label in self.classes.tolist()]
        table = self._predictions.assign(**dict(zip(names, self._proba.T, strict=True)))
        return rows_of(table, choose_names("model", self.models, models))

    def proba(self, model: str, label: Any = None) -> pd.DataFrame:
        """Out-of-fold probabilities of one model.

        Parameters
        ----------
        model : str
            Its name.
        label : class label, default=None
            One of the classes. None is all.

        Returns
        -------
        proba : DataFrame of shape (n_predictions, n_classes), or Series
            In the order of ``predictions(models=[model])``, indexed by ``repeat``,
            ``fold``, ``row`` and ``id``. Columns are the class labels. With `label`,
            the Series of that class.

        Raises
        ------
        ValueError
            If the model is not in the comparison or has no ``predict_proba``, or
            `label` is none of the classes.
        """
        labels = self.classes.tolist()
        if label is not None and label not in labels:
            raise ValueError(
                f"label {label!r} is no class of the comparison: they are "
                f"{', '.join(map(class_name, labels))}."
            )
        if not self.has_proba(model):
            raise ValueError(
                f"model {model!r} has no probabilities: it has no predict_proba."
            )
        chosen = (self._predictions["model"] == model).to_numpy()
        levels = self._predictions.loc[chosen, ["repeat", "fold", "row", "id"]]
        table = pd.DataFrame(
            self._proba[chosen], index=pd.MultiIndex.from_frame(levels), columns=labels
        )
        return table if label is None else table[label]

    def at_threshold(
        self,
        threshold: float = 0.5,
        *,
        models: list[str] | None = None,
        positive: Any = None,
    ) -> pd.DataFrame:
        """How often the models are right if one acts on a probability.

        Parameters
        ----------
        threshold : float, default=0.5
            A patient with this probability of the positive class, or more, is
            called positive. Name it before scores are seen.
        models : list of str, default=None
            Which ones, in this order. None is all. Those without probabilities are left
            out.
        positive : class label, default=None
            None is the positive class of the comparison. All others are the other.

        Returns
        -------
        scores : DataFrame
            One row per model and metric: ``model``, ``metric`` ("accuracy",
            "sensitivity", "specificity", "precision" and
            "negative_predictive_value"), its ``score``, the interval from ``low`` to
            ``high``, and ``n_right`` of ``n_patients``, from which they come. NaN is
            undefined, such as the precision of a model that calls nobody positive.

        Raises
        ------
        ValueError
            If `threshold` is not between 0 and 1, a model is not in the comparison, or
            `positive` is none of the classes.

        See Also
        --------
        Comparison.net_benefit : What acting is worth.

        Notes
        -----
        A patient's probability is out of fold, the mean over the repeats, and each
        tested row counts once. The intervals are Wilson's, over patients; as other
        training patients would give other models, they are those of ``1 + r`` times
        fewer patients, where r is the ratio of test to training rows of
        `corrected_t_test`, 0 of a model that no fold changes. From ten folds on they
        are no narrower than the corrected t of the shares of the folds: who is
        called positive may depend much on who trains. Without any signal it depends on
        the share of the class in the cohort, which no fold shows: sensitivity and
        specificity then are held in 56 to 94 % only
        (``benchmarks/statistics/results/printed.md``). Precision and negative
        predictive value are those at this share of the class.

        Examples
        --------
        >>> from sklearn.datasets import make_classification
        >>> from sklearn.linear_model import LogisticRegression
        >>> from skmultimodal.model_selection import compare_classifiers
        >>> from skmultimodal.model_selection import PairedStratifiedKFold
        >>> X, y = make_classification(n_samples=60, random_state=0)
        >>> cv = PairedStratifiedKFold(3, random_state=0)
        >>> models = {"logistic": LogisticRegression()}
        >>> result = compare_classifiers(models, X, y, cv=cv)
        >>> table = result.at_threshold(0.3).set_index("metric")
        >>> numbers = table.loc["sensitivity", ["score", "low", "high"]]
        >>> numbers.astype(float).round(2).tolist()
        [0.8, 0.58, 0.92]
        """
        threshold = check_threshold(threshold)
        patients, place = self._by_patient(models, positive)
        given = self.confidence_level, self._ratios(patients)
        return threshold_scores(patients, place, threshold, *given)

    def net_benefit(
        self, thresholds: Any, *, models: list[str] | None = None, positive: Any = None
    ) -> pd.DataFrame:
        """What it is worth to act on probabilities at thresholds (decision curves).

        Parameters
        ----------
        thresholds : sequence of float
            Probabilities of the positive class from which one would act: where the harm
            of acting on ``1 / threshold - 1`` others is as large as the use to one
            patient of the class. Name those that are sensible beforehand.
        models : list of str, default=None
            As of `at_threshold`.
        positive : class label, default=None
            As of `at_threshold`.

        Returns
        -------
        benefit : DataFrame
            One row per model and threshold: ``model``, ``threshold``,
            ``net_benefit`` (patients of the class who are treated, less the others who
            are, weighted by the odds of the threshold, per tested patient), its
            interval from ``low`` to ``high``, that of treating everyone,
            ``treat_all`` (treating no one has 0), and the ``gain`` on the better of
            both, with its interval from ``gain_low`` to ``gain_high``.

        Raises
        ------
        ValueError
            If a threshold is not between 0 and 1 or there is none, a model is not in
            the comparison, or `positive` is none of the classes.

        See Also
        --------
        skmultimodal.inspection.DecisionCurveDisplay : Draws it.

        Notes
        -----
        The intervals are over patients (Student's), widened as those of `at_threshold`
        and, from ten folds on, no narrower than the corrected t of the folds. They are
        not adjusted for the number of thresholds.

        References
        ----------
        Vickers and Elkin, "Decision curve analysis: a novel method for evaluating
        prediction models", Medical Decision Making 26 (2006).
        :doi:`10.1177/0272989X06295361`
        """
        values = check_thresholds(thresholds)
        patients, place = self._by_patient(models, positive)
        given = self.confidence_level, self._ratios(patients)
        return net_benefit(patients, place, values, *given)

    def _by_patient(self, models: Any, positive: Any) -> tuple[Any, Any]:
        """Predictions by model and patient, and the number of the positive class."""
        names = choose_names("model", self.models, models)
        label = self.find_positive(positive)
        options = self._predictions, self._proba
        found = {
            name: by_patient(*options, name, self.classes)
            for name in names
            if self.has_proba(name)
        }
        return found, self.classes.tolist().index(label)

    def _ratios(self, models: Any) -> dict[str, Any]:
        """Test to training rows that differ between folds: 0 where no fold matters."""
        known = self.estimators or {}
        fixed = {name for name in models if name in known and is_fixed(known[name])}
        ratio = self.test_to_train if np.isfinite(self.test_to_train) else 0.0
        return {name: 0.0 if name in fixed else ratio for name in models}

    def by_pattern(self, *, models: list[str] | None = None) -> pd.DataFrame:
        """Scores and calibration of the tested rows, by the modalities that they have.

        Parameters
        ----------
        models : list of str, default=None
            Which ones, in this order. None is all. Those without probabilities are left
            out.

        Returns
        -------
        by_pattern : DataFrame
            One row per model and pattern: ``model``, ``pattern``, ``n_patients``,
            ``n_positive`` (of the positive class), ``roc_auc``, ``brier``,
            ``log_loss``, ``calibration_slope`` with its interval from
            ``calibration_slope_low`` to ``calibration_slope_high``, and
            ``calibration_intercept`` likewise. NaN is undefined.

        Raises
        ------
        ValueError
            If a model is not in the comparison.

        Notes
        -----
        All are of the mean of a patient's out-of-fold probabilities over the repeats.
        With more than two classes the area is the mean of those of each class against
        the others, and the Brier score their sum.

        Slope and intercept are those of a logistic regression, not penalised, of the
        class on its log-odds. Calibrated probabilities have 1 and 0; too extreme ones
        have a slope below 1. With more than two classes the slope is one for the
        log-ratios of all pairs, and there is no intercept. They are NaN with fewer than
        30 patients, fewer than two classes with 5, and where probabilities are constant
        or separate the classes. The intervals are over patients (Wald), widened as
        those of `at_threshold`; of probabilities that do not go with the class at all
        they are too narrow.
        """
        patients, place = self._by_patient(models, None)
        given = self.confidence_level, self._ratios(patients)
        return pattern_scores(patients, place, *given)

    def has_proba(self, model: str) -> bool:
        """Whether a model has probabilities.

        Parameters
        ----------
        model : str
            Its name.

        Returns
        -------
        has_proba : bool
            False if the model has no ``predict_proba``.
        """
        choose_names("model", self.models, [model])
        chosen = (self._predictions["model"] == model).to_numpy()
        return not np.isnan(self._proba[chosen]).any()

    def find_positive(self, positive: Any = None) -> Any:
        """The class that `positive` stands for.

        Parameters
        ----------
        positive : class label, default=None
            One of the classes, or its name as text. None is the positive class of the
            comparison.

        Returns
        -------
        label : class label

        Raises
        ------
        ValueError
            If `positive` is none of the classes.
        """
        if positive is None:
            positive = self.positive
        place = find_positive(self.classes, positive, of="the comparison")
        return self.classes.tolist()[place]
