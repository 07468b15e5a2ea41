"""One model of a comparison: scores, differences, out-of-fold predictions."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

__all__ = ["GUESSING", "ComparedModel", "Score"]

# Areas under the curve, and what guessing has.
GUESSING = {"roc_auc": 0.5, "roc_auc_ovr": 0.5}


class Score(NamedTuple):
    """A mean and the ends of its interval, NaN where unknown."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """Score of another model less that of the model; p values are NaN if untested."""

    other: str
    mean: float
    low: float
    high: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class ComparedModel:
    """What a comparison found for one of its models.

    No other part of the report reads the tables of a comparison.

    Parameters
    ----------
    comparison : Bunch
        Of `compare_classifiers`.
    model : str
        Its name in the comparison.
    """

    comparison: Any
    model: str

    @cached_property
    def classes(self):
        """Labels of the classes: list."""
        return np.asarray(self.comparison.classes).tolist()

    @property
    def level(self):
        """Confidence level of the intervals, or None."""
        return getattr(self.comparison, "confidence_level", None)

    @property
    def folds(self):
        """Named tuples with ``train`` and ``test``."""
        return self.comparison.folds

    @cached_property
    def _scores(self):
        """Score by model and metric: dict, in the order of the comparison."""
        columns = ["model", "metric", "mean", "low", "high"]
        return {
            (model, metric): Score(*row)
            for model, metric, *row in self.comparison.summary[columns].to_numpy()
        }

    @cached_property
    def models(self):
        """Names of all models: list."""
        return list(dict.fromkeys(model for model, _ in self._scores))

    @cached_property
    def metrics(self):
        """The leading metric, an area under the curve if there is one, and others."""
        known = list(dict.fromkeys(metric for _, metric in self._scores))
        leading = next((name for name in GUESSING if name in known), known[0])
        return list(dict.fromkeys([leading, *known]))

    @property
    def metric(self):
        """The leading metric."""
        return self.metrics[0]

    @property
    def guessing(self):
        """What guessing has on the leading metric, None where it depends on y."""
        return GUESSING.get(self.metric)

    def score(self, model, metric):
        """Score of a model, or None."""
        return self._scores.get((model, metric))

    @property
    def own(self):
        """Score of the model on the leading metric."""
        return self._scores[self.model, self.metric]

    @cached_property
    def others(self):
        """Score of each other model on the leading metric, where defined: dict."""
        found = {m: self.score(m, self.metric) for m in self.models if m != self.model}
        return {m: s for m, s in found.items() if s and not np.isnan(s.mean)}

    @property
    def best_other(self):
        """Name of the other model with the highest mean, or None."""
        return max(self.others, key=lambda m: self.others[m].mean, default=None)

    @cached_property
    def differences(self):
        """Difference of each other model on the leading metric: dict by its name."""
        table = self.comparison.differences
        found = {}
        for row in table[table["metric"] == self.metric].itertuples():
            ends = (row.difference, row.low, row.high)
            if row.model_a == self.model:
                ends = (-row.difference, -row.high, -row.low)
            elif row.model_b != self.model:
                continue
            other = row.model_b if row.model_a == self.model else row.model_a
            found[other] = Difference(other, *ends, row.p, row.p_holm)
        return {name: found[name] for name in self.models if name in found}

    @property
    def n_tests(self):
        """Number of pairs of models that the p values are adjusted for."""
        table = self.comparison.differences
        return int(table.loc[table["metric"] == self.metric, "p_holm"].notna().sum())

    @property
    def _columns(self):
        return [f"proba_{label}" for label in self.comparison.classes]

    @cached_property
    def predictions(self):
        """Out-of-fold predictions: one row per repeat and tested row.

        Columns ``repeat``, ``fold``, ``row``, ``y_pred``, and the number of each class
        for its probability.
        """
        table = self.comparison.predictions
        table = table[table["model"] == self.model]
        numbers = dict(zip(self._columns, range(len(self.classes)), strict=True))
        return table.rename(columns=numbers)

    @cached_property
    def has_probabilities(self):
        """Whether the model has predict_proba."""
        return self.model in self.models_with_probabilities

    @cached_property
    def models_with_probabilities(self):
        """Names of the models that have predict_proba: list."""
        table = self.comparison.predictions
        known = table[self._columns].notna().all(axis=1).groupby(table["model"]).all()
        return [name for name in self.models if known[name]]

    @cached_property
    def probabilities(self):
        """Mean over the repeats: DataFrame by row number and number of the class."""
        return self.predictions.groupby("row")[list(range(len(self.classes)))].mean()

    @property
    def rows(self):
        """Numbers of the tested rows."""
        return self.probabilities.index.to_numpy()

    @cached_property
    def n_repeats(self):
        return int(self.predictions["repeat"].nunique())

    @cached_property
    def n_folds(self):
        return int(self.predictions.groupby("repeat")["fold"].nunique().max())
