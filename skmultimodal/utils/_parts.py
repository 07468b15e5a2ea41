"""Parts of fitted models."""

from functools import singledispatch
from typing import Any

__all__ = ["ModelPart", "about_rows", "bound_to_memory"]


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
