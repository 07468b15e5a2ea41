"""Models that no fold changes: one test on all patients, whatever the folds."""

from typing import Any

from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator

from skmultimodal.model_selection._acting import count_shares
from skmultimodal.model_selection._delong import delong, delong_interval
from skmultimodal.model_selection._intervals import wilson_interval
from skmultimodal.utils._labels import class_name

__all__ = ["fixed_scores", "is_fixed"]


def is_fixed(estimator: Any) -> bool:
    """Whether ``fit`` leaves an estimator as it is."""
    if isinstance(estimator, FrozenEstimator):
        return True
    tags = getattr(estimator, "__sklearn_tags__", None)
    return tags is not None and not tags().requires_fit


def fixed_scores(comparison: Any) -> dict[str, tuple[float, float, float]]:
    """Scores over patients, each of whom counts once, of models that no fold changes.

    The mean over folds comes to the same with ever more repeats; how folds of one model
    differ is no measure of how its training rows matter, as they do not.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    scores : dict of (str, str) to (float, float, float)
        By model and metric: of an area its value and DeLong's interval, of an accuracy
        and the like Wilson's. None are of other metrics, more than two classes, or
        weighted scores.
    """
    found: dict[Any, tuple[float, float, float]] = {}
    if len(comparison.classes) != 2 or comparison.sample_weight is not None:
        return found
    for model, estimator in (comparison.estimators or {}).items():
        if is_fixed(estimator):
            part = _predictions(comparison, model)
            for metric in comparison.scores(models=[model])["metric"].unique():
                name = comparison.known_as.get(metric, metric)
                hits, called, p = part
                score = _score(name, hits, called, p, comparison.confidence_level)
                if score is not None:
                    found[model, metric] = score
    return found


def _predictions(comparison: Any, model: Any) -> tuple[Any, Any, Any]:
    """Whether patients are of the class, are called so, and with which probability."""
    table = comparison.predictions(models=[model]).drop_duplicates("row")
    positive = comparison.positive
    hits, called = (
        (table[name] == positive).to_numpy() for name in ("y_true", "y_pred")
    )
    score = None
    if comparison.has_proba(model):
        score = table[f"proba_{class_name(positive)}"].to_numpy()
    return hits, called, score


def _score(
    metric: Any, hits: NDArray, called: Any, score: Any, level: float
) -> tuple[float, float, float] | None:
    """Score and the ends of its interval, or None."""
    if metric == "roc_auc":
        if score is None or hits.all() or not hits.any():
            return None
        area = float(delong(hits, score)[0][0])
        return area, *delong_interval(hits, score, confidence_level=level)
    name = "sensitivity" if metric == "recall" else metric
    n_right, n = count_shares(hits, called).get(name, (0, 0))
    if not n:
        return None
    return n_right / n, *wilson_interval(n_right, n, confidence_level=level)
