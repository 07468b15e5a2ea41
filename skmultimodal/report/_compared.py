"""One model of a comparison: scores, differences, out-of-fold predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import get_scorer_names

from skmultimodal.baselines import MetadataClassifier
from skmultimodal.utils._progress import count_networks

__all__ = ["GUESSING", "AtThreshold", "ComparedModel", "Score", "Share"]

# Areas under the curve, and what guessing has.
GUESSING = {"roc_auc": 0.5, "roc_auc_ovr": 0.5}


class Score(NamedTuple):
    """A mean and the ends of its interval, NaN where unknown."""

    mean: float
    low: float
    high: float


NOTHING = Score(np.nan, np.nan, np.nan)


class PatternScores(NamedTuple):
    """Scores of a model for tested rows with the same modalities; NaN is undefined."""

    model: str
    pattern: str
    n: int
    n_positive: int
    area: float
    brier: float
    log_loss: float
    slope: Score
    intercept: Score


class Difference(NamedTuple):
    """Score of another model less that of the model; p values are NaN if untested."""

    other: str
    mean: float
    low: float
    high: float
    p: float
    p_holm: float


class Share(NamedTuple):
    """A share of patients, undefined of none."""

    metric: str
    score: Score
    n_right: int
    n: int


class AtThreshold(NamedTuple):
    """What comes of acting from a threshold on.

    ``benefit`` is the net benefit per patient, ``everyone`` that of treating all, and
    ``gain`` that of the model on the better of treating all and no one.
    """

    threshold: float
    shares: list[Share]
    benefit: Score
    everyone: float
    gain: Score


@dataclass(frozen=True)
class ComparedModel:
    """What a comparison found for one of its models.

    No other part of the report reads the tables of a comparison.

    Parameters
    ----------
    comparison : Comparison
    model : str
        Its name in the comparison.
    """

    comparison: Any
    model: str

    @cached_property
    def classes(self) -> list[Any]:
        """Labels of the classes: list."""
        return np.asarray(self.comparison.classes).tolist()

    @property
    def level(self) -> float:
        """Confidence level of the intervals."""
        return self.comparison.confidence_level

    @property
    def test_to_train(self) -> float:
        """Tested over training rows, by which intervals over patients are widened."""
        ratio = self.comparison.test_to_train
        return ratio if np.isfinite(ratio) else 0.0

    @property
    def remarks(self) -> list[str]:
        """What to know before its scores are read: list of str."""
        return self.comparison.remarks(models=[self.model])

    @property
    def folds(self) -> Any:
        """Named tuples with ``train`` and ``test``."""
        return self.comparison.folds

    @cached_property
    def _scores(self) -> dict[tuple[str, str], Score]:
        """Score by model and metric: dict, in the order of the comparison."""
        columns = ["model", "metric", "mean", "low", "high"]
        return {
            (model, metric): Score(*row)
            for model, metric, *row in self.comparison.summary()[columns].to_numpy()
        }

    @property
    def models(self) -> list[str]:
        """Names of all models: list."""
        return self.comparison.models

    @cached_property
    def metrics(self) -> list[str]:
        """The leading metric, an area under the curve if none was named, and others."""
        known = self.comparison.metrics
        leading = self.comparison.primary
        if leading is None:
            leading = next((name for name in GUESSING if name in known), known[0])
        return list(dict.fromkeys([leading, *known]))

    @property
    def metric(self) -> str:
        """The leading metric."""
        return self.metrics[0]

    @property
    def can_be_weighted(self) -> bool:
        """Whether the leading metric is one of scikit-learn's, which take weights."""
        known = self.comparison.known_as.get(self.metric, self.metric)
        return known in get_scorer_names()

    @property
    def guessing(self) -> float | None:
        """What guessing has on the leading metric, None where it depends on y."""
        return GUESSING.get(self.metric)

    def score(self, model: str, metric: str) -> Score | None:
        """Score of a model, or None; a precision of nobody is none."""
        if metric == "precision" and model in self._naming_nobody:
            return None
        return self._scores.get((model, metric))

    @cached_property
    def _naming_nobody(self) -> set[str]:
        """Models that assign no tested row to the positive class: set."""
        table = self.comparison.predictions()
        called = table["model"][table["y_pred"] == self.comparison.positive]
        return {*self.models} - {*called}

    @property
    def own(self) -> Score:
        """Score of the model on the leading metric."""
        return self._scores[self.model, self.metric]

    @cached_property
    def others(self) -> dict[str, Score]:
        """Score of each other model on the leading metric, where defined: dict."""
        found = {m: self.score(m, self.metric) for m in self.models if m != self.model}
        return {m: s for m, s in found.items() if s and not np.isnan(s.mean)}

    @property
    def best_other(self) -> str | None:
        """Name of the other model with the highest mean, or None."""
        return max(self.others, key=lambda m: self.others[m].mean, default=None)

    @property
    def of_metadata(self) -> str | None:
        """Name of another model of what is known beforehand alone, or None."""
        estimators = self.comparison.estimators or {}
        return next(
            (
                m
                for m in self.others
                if isinstance(estimators.get(m), MetadataClassifier)
            ),
            None,
        )

    @cached_property
    def differences(self) -> dict[str, Difference]:
        """Difference of each other model on the leading metric: dict by its name."""
        table = self.comparison.differences(metrics=[self.metric], reference=self.model)
        columns = ["model_a", "difference", "low", "high", "p", "p_holm"]
        return {row[0]: Difference(*row) for row in table[columns].to_numpy()}

    @property
    def largest_p(self) -> float:
        """Largest p value of the models that are worse; NaN if one is not, or untested.

        To be better than every other, each difference must be found: the least certain
        one decides, and needs no adjustment.
        """
        found = [d.p if d.mean < 0 else np.nan for d in self.differences.values()]
        return float(np.max(found)) if found else np.nan

    @property
    def seeds(self) -> list[float]:
        """Score of the model on the leading metric, of each seed: list of float."""
        table = self.comparison.seeds()
        own = (table["model"] == self.model) & (table["metric"] == self.metric)
        return table.loc[own, "score"].tolist()

    @property
    def n_draws(self) -> int:
        """Draws of the unpaired rows that are part of the intervals."""
        return int(self.comparison.draws()["draw"].nunique())

    @property
    def networks(self) -> dict[str, int]:
        """Networks that a fit of each model averages or combines: dict, or empty."""
        estimators = self.comparison.estimators or {}
        return {name: count_networks(model) for name, model in estimators.items()}

    @cached_property
    def by_pattern(self) -> list[PatternScores]:
        """Scores by pattern of the model and the best other: list of PatternScores.

        Those of a pattern follow each other; of models without probabilities are none.
        """
        shown = [name for name in (self.model, self.best_other) if name is not None]
        table = self.comparison.by_pattern(models=shown)
        rows = [
            PatternScores._make((*row[:7], Score(*row[7:10]), Score(*row[10:])))
            for row in table.itertuples(index=False)
        ]
        order = list(dict.fromkeys(row.pattern for row in rows))
        return sorted(rows, key=lambda row: order.index(row.pattern))

    def at_thresholds(
        self, thresholds: Sequence[float], positive: int
    ) -> list[AtThreshold]:
        """What comes of acting on the model from each threshold on.

        Parameters
        ----------
        thresholds : sequence of float
        positive : int
            Number of the class acted on.

        Returns
        -------
        rows : list of AtThreshold
        """
        options = {"models": [self.model], "positive": self.classes[positive]}
        table = self.comparison.net_benefit(thresholds, **options)
        rows = []
        for _, threshold, *benefit, everyone, gain, low, high in table.to_numpy():
            shares = self.comparison.at_threshold(threshold, **options).to_numpy()
            shares = [
                Share(metric, Score(*score), n_right, n)
                for _, metric, *score, n_right, n in shares
            ]
            gain = Score(gain, low, high)
            rows.append(AtThreshold(threshold, shares, Score(*benefit), everyone, gain))
        return rows

    @property
    def named(self) -> bool:
        """Whether the model was named beforehand as the one to compare with."""
        return self.comparison.reference == self.model

    @property
    def n_tests(self) -> int:
        """Number of pairs of models that the p values are adjusted for."""
        table = self.comparison.differences(metrics=[self.metric])
        return int(table["p_holm"].notna().sum())

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Out-of-fold predictions: one row per repeat and tested row.

        Columns ``repeat``, ``fold``, ``row``, ``y_pred``, and the number of each class
        for its probability, NaN if the model has none.
        """
        table = self.comparison.predictions(models=[self.model])
        table = table[["repeat", "fold", "row", "y_pred"]].reset_index(drop=True)
        numbers = range(len(self.classes))
        p = np.full((len(table), len(numbers)), np.nan)
        if self.has_probabilities:
            p = self.comparison.proba(self.model).to_numpy()
        return table.join(pd.DataFrame(p, columns=numbers))

    @property
    def has_probabilities(self) -> bool:
        """Whether the model has predict_proba."""
        return self.comparison.has_proba(self.model)

    @property
    def models_with_probabilities(self) -> list[str]:
        """Names of the models that have predict_proba: list."""
        return [name for name in self.models if self.comparison.has_proba(name)]

    @cached_property
    def probabilities(self) -> pd.DataFrame:
        """Mean over the repeats: DataFrame by row number and number of the class."""
        return self.predictions.groupby("row")[list(range(len(self.classes)))].mean()

    @property
    def rows(self) -> NDArray[Any]:
        """Numbers of the tested rows."""
        return self.probabilities.index.to_numpy()

    @cached_property
    def n_repeats(self) -> int:
        return int(self.predictions["repeat"].nunique())

    @cached_property
    def n_folds(self) -> int:
        return int(self.predictions.groupby("repeat")["fold"].nunique().max())
