"""Scores of recorded predictions, with weights for the tested rows."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer_names
from sklearn.utils.metaestimators import available_if

from skmultimodal.model_selection._scoring import Scoring

__all__ = ["check_weights", "reweighted_scores"]


def check_weights(sample_weight: Any, rows: Any) -> NDArray:
    """Weights of all rows, of which some are tested: ndarray of floats."""
    weights = np.asarray(sample_weight, dtype=float)
    if weights.ndim != 1 or len(weights) <= rows.max():
        raise ValueError(
            f"sample_weight has shape {weights.shape}, and row {rows.max()} is tested: "
            "it needs a weight for each row of X."
        )
    bad = np.flatnonzero(~(np.isfinite(weights[rows]) & (weights[rows] >= 0)))
    if len(bad):
        raise ValueError(
            f"sample_weight of row {rows[bad[0]]} is {weights[rows[bad[0]]]}: weights "
            "of tested rows must be 0 or more."
        )
    return weights


def reweighted_scores(
    comparison: Any, weights: NDArray, metrics: list[str]
) -> pd.DataFrame:
    """The scores of a comparison with weights for the rows.

    Parameters
    ----------
    comparison : Comparison
    weights : ndarray of shape (n_rows,)
    metrics : list of str

    Returns
    -------
    scores : DataFrame
        As of ``Comparison.scores``; NaN where a metric is undefined, or needs
        probabilities and a model has none.
    """
    scorings = {metric: _scoring(comparison, metric) for metric in metrics}
    rows = []
    for model in comparison.models:
        table = comparison.predictions(models=[model])
        for place, part in table.groupby(["repeat", "fold"], sort=False):
            for metric, scoring in scorings.items():
                score = _score(comparison, scoring, model, part, weights)
                rows.append((model, *place, metric, score))
    return pd.DataFrame(rows, columns=["model", "repeat", "fold", "metric", "score"])


def _scoring(comparison: Any, metric: Any) -> Scoring:
    known = comparison.known_as.get(metric, metric)
    if known not in get_scorer_names():
        raise ValueError(
            f"metric {metric!r} is none of scikit-learn's, and only those take weights."
        )
    return Scoring({metric: known}, comparison.classes, comparison.positive)


def _score(comparison: Any, scoring: Any, model: Any, part: Any, weights: Any) -> Any:
    """Score of a model on the rows of a fold."""
    has_proba = comparison.has_proba(model)
    proba = part[part.columns[-len(comparison.classes) :]].to_numpy()
    recorded = _Recorded(
        comparison.classes, part["y_pred"].to_numpy(), proba if has_proba else None
    )
    given = weights[part["row"].to_numpy()]
    y = part["y_true"].to_numpy()
    if not given.any():
        return np.nan
    with warnings.catch_warnings():
        # NaN is what it comes to.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        try:
            (score,) = scoring(recorded, np.arange(len(y)), y, given).values()
        except AttributeError:
            if has_proba:
                raise
            return np.nan
    return score


class _Recorded(ClassifierMixin, BaseEstimator):
    """Predictions of some rows as a fitted classifier of their numbers."""

    def __init__(self, classes: Any, predicted: Any, proba: NDArray | None) -> None:
        self.classes = classes
        self.predicted = predicted
        self.proba: Any = proba

    @property
    def classes_(self) -> Any:
        """Labels of the columns of the probabilities."""
        return self.classes

    def predict(self, X: Any) -> Any:
        return self.predicted[X]

    @available_if(lambda self: self.proba is not None)
    def predict_proba(self, X: Any) -> Any:
        return self.proba[X]
