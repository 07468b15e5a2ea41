"""What is known after several models were tested on the same folds."""

from html import escape
from itertools import combinations, product

import numpy as np
import pandas as pd

from skmultimodal.model_selection._draws import DRAW_COLUMNS
from skmultimodal.model_selection._fixed import fixed_scores
from skmultimodal.model_selection._metrics import PatientCounts, range_of
from skmultimodal.model_selection._out_of_fold import OutOfFold
from skmultimodal.model_selection._remarks import find_remarks, heading_of
from skmultimodal.model_selection._reweighting import check_weights, reweighted_scores
from skmultimodal.model_selection._score_table import (
    choose_names,
    compare_pairs,
    rows_of,
    summarise,
    text_table,
)
from skmultimodal.model_selection._weighting import effective_number

__all__ = ["Comparison"]

SEED_COLUMNS = ["model", "metric", "seed", "score"]


class Comparison(OutOfFold):
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
        scores,
        predictions,
        proba,
        *,
        folds,
        classes,
        positive,
        test_to_train,
        confidence_level=0.95,
        estimators=None,
        known_as=None,
        reference=None,
        primary=None,
        by_seed=None,
        n_unpaired=0,
        draws=None,
        sample_weight=None,
    ):
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

    @property
    def metrics(self):
        """Names of the metrics."""
        return self._scores["metric"].unique().tolist()

    def scores(self, *, models=None, metrics=None):
        """Score of each model on each fold.

        Parameters
        ----------
        models, metrics : list of str, default=None
            Which ones, in this order. None is all.

        Returns
        -------
        scores : DataFrame
            One row per model, fold and metric, with columns ``model``, ``repeat``,
            ``fold``, ``metric`` and ``score``. NaN is a metric that is undefined on
            the fold, such as the AUC of test rows of one class.

        Raises
        ------
        ValueError
            If a model or metric is not in the comparison.
        """
        models = choose_names("model", self.models, models)
        metrics = choose_names("metric", self.metrics, metrics)
        return rows_of(self._scores[self._scores["metric"].isin(metrics)], models)

    def summary(self, *, models=None, metrics=None):
        """Mean of the folds and its interval, for each model and metric.

        Parameters
        ----------
        models, metrics : list of str, default=None
            Which ones, in this order. None is all.

        Returns
        -------
        summary : DataFrame
            One row per model and metric: ``model``, ``metric``, ``mean`` of the folds,
            its interval from ``low`` to ``high``, ``std`` of the folds, ``n_folds``.

        Raises
        ------
        ValueError
            If a model or metric is not in the comparison.

        Notes
        -----
        The intervals are those of `corrected_t_interval`. Each is for one mean: they
        are not adjusted for the number of models, and overlapping intervals are no
        test of a difference.

        A model that no fold changes (a ``FrozenEstimator``, or one whose tag
        ``requires_fit`` is False) is tested once on all patients: with two classes its
        ``roc_auc`` is that of all of them, with `delong_interval`, its accuracy,
        recall, precision and the like their share, with `wilson_interval`, and nothing
        is corrected for folds.
        """
        models = choose_names("model", self.models, models)
        metrics = choose_names("metric", self.metrics, metrics)
        table = summarise(
            self._scores,
            self.test_to_train,
            self.confidence_level,
            tested=self._tested(),
            known_as=self.known_as,
            draws=self._draws,
        )
        table = table.set_index(["model", "metric"])
        for place, found in fixed_scores(self).items():
            table.loc[place, ["mean", "low", "high"]] = found
        # A scorer may return other metrics for other models.
        chosen = [pair for pair in product(models, metrics) if pair in table.index]
        return table.loc[chosen].reset_index()

    def seeds(self):
        """Mean score of each model for each random seed that it was fitted with.

        Returns
        -------
        seeds : DataFrame
            One row per model, metric and seed (0, 1, ...): ``model``, ``metric``,
            ``seed``, ``score``. How far seeds of a model are apart is not in the
            intervals of `summary`, unless there are `draws`.
        """
        if self._by_seed is not None:
            return self._by_seed.copy()
        groups = self._scores.groupby(["model", "metric"], sort=False)["score"]
        return groups.mean().reset_index().assign(seed=0)[SEED_COLUMNS]

    def draws(self):
        """Scores of models that were fitted on a part of the unpaired rows.

        Returns
        -------
        draws : DataFrame
            One row per model, metric, draw and fold of its repeat. How far draws move a
            score is in the intervals of `summary` and `differences`, and no others.
        """
        return pd.DataFrame(self._draws, columns=DRAW_COLUMNS)

    def _tested(self):
        """The patients tested; of weighted ones as many as vary so much."""
        first = self._predictions.drop_duplicates("row")
        hits = (first["y_true"] == self.positive).to_numpy()
        weights = np.ones(len(hits))
        if self.sample_weight is not None:
            weights = self.sample_weight[first["row"].to_numpy()]
        sizes = (effective_number(weights[part]) for part in (hits, ~hits))
        return PatientCounts(*sizes, len(self.classes))

    def reweighted(self, sample_weight, *, metrics=None):
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

    def differences(self, *, models=None, metrics=None, reference=None):
        """Paired tests of the differences between models.

        Parameters
        ----------
        models, metrics : list of str, default=None
            Which ones, in this order: the earlier model is ``model_a``. None is all.
        reference : str, default=None
            Compare each of `models` with this model, which is then ``model_b``. None is
            the one that the comparison was made with; without, all pairs of `models`.

        Returns
        -------
        differences : DataFrame
            One row per metric and pair: ``metric``, ``model_a``, ``model_b``, the mean
            ``difference`` of a less b, its interval from ``low`` to ``high``, ``t`` and
            ``p`` of `corrected_t_test`, and ``p_holm``. No rows if there is no pair.

        Raises
        ------
        ValueError
            If a model, metric or `reference` is not in the comparison.

        Notes
        -----
        ``p_holm`` is adjusted (`holm_adjust`) for a family of tests on one metric. If
        the comparison was made with a reference, these are the comparisons with it, and
        other pairs have no ``p_holm``; else all pairs of models in the comparison.
        Choosing models or a reference afterwards does not make it smaller. If it was
        made with a primary metric, tests on others are secondary, and not adjusted for.
        The intervals are not adjusted.
        """
        models = choose_names("model", self.models, models)
        metrics = choose_names("metric", self.metrics, metrics)
        reference = self.reference if reference is None else reference
        if reference is None:
            pairs = list(combinations(models, 2))
        else:
            choose_names("reference", self.models, [reference])
            pairs = [(name, reference) for name in models if name != reference]
        options = self.test_to_train, self.confidence_level, self.reference
        rows = [
            row
            for metric in metrics
            for row in compare_pairs(
                *(self._scores, metric, pairs, *options),
                bounds=range_of(self.known_as.get(metric, metric)),
                draws=self._draws,
            )
        ]
        columns = ["metric", "model_a", "model_b", "difference", "low", "high"]
        return pd.DataFrame(rows, columns=[*columns, "t", "p", "p_holm"])

    def remarks(self, *, models=None):
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

    def table(self):
        """Means and intervals as text, such as ``"0.808 [0.65, 0.90]"``.

        Returns
        -------
        table : DataFrame of shape (n_models, n_metrics)
            A row per model and a column per metric. A mean without an interval stands
            alone; a metric that is undefined on all folds is ``"undefined"``.
        """
        return text_table(self.summary(), self.models, self.metrics)

    def __repr__(self):
        cells = self.table().rename_axis(index=None, columns=None)
        return "\n".join([*heading_of(self), cells.to_string(line_width=80)])

    def _repr_html_(self):
        heading = "<br>".join(map(escape, heading_of(self)))
        return f"<p>{heading}</p>{self.table().to_html()}"
