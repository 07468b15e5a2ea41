"""Scores of models on folds: their means, intervals and differences."""

from html import escape
from itertools import combinations, product
from typing import TYPE_CHECKING

import pandas as pd

from skmultimodal.model_selection._draws import DRAW_COLUMNS
from skmultimodal.model_selection._metrics import range_of
from skmultimodal.model_selection._remarks import heading_of
from skmultimodal.model_selection._score_table import (
    choose_names,
    compare_pairs,
    rows_of,
    summarise,
    text_table,
)

__all__ = ["FoldScores"]

SEED_COLUMNS = ["model", "metric", "seed", "score"]


class FoldScores:
    """What a comparison of models derives from their scores on the same folds.

    A subclass sets ``_scores``, ``test_to_train``, ``confidence_level`` and
    ``reference``, and has ``models`` and ``folds``.
    """

    # Names in scikit-learn of metrics with names of their own, and scores of models of
    # other unpaired rows, where there are any.
    known_as: dict = {}
    _scores: pd.DataFrame
    test_to_train: float
    confidence_level: float
    reference: str | None
    _draws: pd.DataFrame | None = None
    # Scores by seed, if there are several, and rows that train but are not tested.
    _by_seed: pd.DataFrame | None = None
    n_unpaired = 0

    if TYPE_CHECKING:

        @property
        def models(self) -> list[str]: ...

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics."""
        return self._scores["metric"].unique().tolist()

    def scores(
        self, *, models: list[str] | None = None, metrics: list[str] | None = None
    ) -> pd.DataFrame:
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

    def summary(
        self, *, models: list[str] | None = None, metrics: list[str] | None = None
    ) -> pd.DataFrame:
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

        Of class labels, a model that no fold changes (a ``FrozenEstimator``, or one
        whose tag ``requires_fit`` is False) is tested once on all patients: with two
        classes its ``roc_auc`` is that of all of them, with `delong_interval`, its
        accuracy, recall, precision and the like their share, with `wilson_interval`,
        and nothing is corrected for folds.
        """
        models = choose_names("model", self.models, models)
        metrics = choose_names("metric", self.metrics, metrics)
        table = self._summarised().set_index(["model", "metric"])
        # A scorer may return other metrics for other models.
        chosen = [pair for pair in product(models, metrics) if pair in table.index]
        return table.loc[chosen].reset_index()

    def _summarised(self) -> pd.DataFrame:
        """Mean and interval of each model and metric."""
        options = self.test_to_train, self.confidence_level
        return summarise(self._scores, *options)

    def seeds(self) -> pd.DataFrame:
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

    def draws(self) -> pd.DataFrame:
        """Scores of models that were fitted on a part of the unpaired rows.

        Returns
        -------
        draws : DataFrame
            One row per model, metric, draw and fold of its repeat. How far draws move a
            score is in the intervals of `summary` and `differences`, and no others.
        """
        return pd.DataFrame(self._draws, columns=DRAW_COLUMNS)

    def differences(
        self,
        *,
        models: list[str] | None = None,
        metrics: list[str] | None = None,
        reference: str | None = None,
    ) -> pd.DataFrame:
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

    def table(self) -> pd.DataFrame:
        """Means and intervals as text, such as ``"0.808 [0.65, 0.90]"``.

        Returns
        -------
        table : DataFrame of shape (n_models, n_metrics)
            A row per model and a column per metric. A mean without an interval stands
            alone; a metric that is undefined on all folds is ``"undefined"``.
        """
        return text_table(self.summary(), self.models, self.metrics)

    def __repr__(self) -> str:
        cells = self.table().rename_axis(index=None, columns=None)
        return "\n".join([*self._heading(), cells.to_string(line_width=80)])

    def _repr_html_(self) -> str:
        heading = "<br>".join(map(escape, self._heading()))
        return f"<p>{heading}</p>{self.table().to_html()}"

    def _heading(self) -> list[str]:
        """Lines above the means."""
        return heading_of(self)
