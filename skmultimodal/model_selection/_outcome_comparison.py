"""What is known after models of numbers, or of times to an event, were compared."""

from itertools import combinations

import pandas as pd

from skmultimodal.model_selection._metrics import range_of
from skmultimodal.model_selection._score_table import (
    choose_names,
    compare_pairs,
    rows_of,
    summarise,
    text_table,
)

__all__ = ["OutcomeComparison"]


class OutcomeComparison:
    """Several models of a number or of a time, tested on the same rows of the folds.

    `compare_survival` and `compare_regressors` return it. Printing it shows the means.

    Parameters
    ----------
    scores : DataFrame
        One row per model, fold and metric.
    predictions : DataFrame
        One row per model, repeat and tested row.
    folds : list of Fold
        Named tuples ``(repeat, fold, train, test)``, with numbers of rows.
    test_to_train : float
        Tested over training rows, as for `corrected_t_test`.
    confidence_level : float, default=0.95
        Of the intervals.
    estimators : dict of str to estimator, default=None
        The models, unfitted.
    reference : str, default=None
        The model that others are compared with, if it was named beforehand.

    Attributes
    ----------
    models : list of str
        Names of the models.
    metrics : list of str
        Names of the metrics.

    See Also
    --------
    compare_survival : Compares survival estimators.
    compare_regressors : Compares regressors.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal.model_selection import compare_regressors
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = {"mean": DummyRegressor(), "ridge": Ridge()}
    >>> result = compare_regressors(models, X, X[:, 0], cv=3)
    >>> result.differences()[["model_a", "model_b"]].iloc[0].tolist()
    ['mean', 'ridge']
    """

    def __init__(
        self,
        scores,
        predictions,
        *,
        folds,
        test_to_train,
        confidence_level=0.95,
        estimators=None,
        reference=None,
    ):
        self._scores = scores
        self._predictions = predictions
        self.folds = folds
        self.test_to_train = test_to_train
        self.confidence_level = confidence_level
        self.estimators = estimators
        self.reference = reference

    @property
    def models(self):
        """Names of the models."""
        return self._scores["model"].unique().tolist()

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
            One row per model, fold and metric: ``model``, ``repeat``, ``fold``,
            ``metric`` and ``score``. NaN is undefined on the fold.
        """
        models = choose_names("model", self.models, models)
        metrics = choose_names("metric", self.metrics, metrics)
        return rows_of(self._scores[self._scores["metric"].isin(metrics)], models)

    def predictions(self, *, models=None):
        """Out-of-fold predictions of each model.

        Parameters
        ----------
        models : list of str, default=None
            Which ones, in this order. None is all.

        Returns
        -------
        predictions : DataFrame
            One row per model, repeat and tested row: ``model``, ``repeat``, ``fold``,
            ``row``, ``id`` of the patient, ``pattern`` of the modalities that it has,
            ``predicted`` (a number or a risk), and the number ``y_true``, or ``event``
            and ``time``.
        """
        names = choose_names("model", self.models, models)
        return rows_of(self._predictions, names)

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
            its interval from ``low`` to ``high`` (`corrected_t_interval`), ``std`` of
            the folds, ``n_folds``.
        """
        chosen = self.scores(models=models, metrics=metrics)
        return summarise(chosen, self.test_to_train, self.confidence_level)

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
            As of ``Comparison.differences``.
        """
        models = choose_names("model", self.models, models)
        metrics = choose_names("metric", self.metrics, metrics)
        reference = self.reference if reference is None else reference
        pairs = list(combinations(models, 2))
        if reference is not None:
            choose_names("reference", self.models, [reference])
            pairs = [(name, reference) for name in models if name != reference]
        options = self.test_to_train, self.confidence_level, self.reference
        return pd.DataFrame(
            row
            for metric in metrics
            for row in compare_pairs(
                self._scores, metric, pairs, *options, bounds=range_of(metric)
            )
        )

    def table(self):
        """Means and intervals as text, such as ``"0.658 [0.61, 0.70]"``.

        Returns
        -------
        table : DataFrame of shape (n_models, n_metrics)
        """
        return text_table(self.summary(), self.models, self.metrics)

    def __repr__(self):
        n_repeats = len({fold.repeat for fold in self.folds})
        repeats = f" ({n_repeats} repeats)" if n_repeats > 1 else ""
        heading = (
            f"Comparison of {len(self.models)} models on {len(self.folds)} "
            f"folds{repeats}\nMean of the folds [{100 * self.confidence_level:.3g} % "
            "interval]"
        )
        cells = self.table().rename_axis(index=None, columns=None)
        return f"{heading}\n{cells.to_string(line_width=80)}"
