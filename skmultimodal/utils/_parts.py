"""Parts of fitted models."""

from functools import singledispatch
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

__all__ = ["ModelPart", "about_rows", "bound_to_memory", "innermost"]


class ModelPart:
    """A part of a fitted model that is no estimator; a saved model may hold it."""


@singledispatch
def about_rows(estimator: Any) -> set[str]:
    """Attributes about single training rows, which no prediction needs."""
    return set()


@singledispatch
def bound_to_memory(estimator: Any) -> dict[str, Any]:
    """Attributes that only the `memory` of ``fit`` can use, and what replaces them."""
    return {}


def innermost(estimator: Any) -> Any:
    """The model inside a search, a frozen estimator or a pipeline."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        else:
            return estimator
