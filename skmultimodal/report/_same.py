"""Whether a fitted model is the one that was compared."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import BaseCrossValidator

from skmultimodal.model_selection import Comparison
from skmultimodal.utils._sklearn import BaseSearchCV

__all__ = ["find_model", "same_model"]

# What changes how a model is computed, and not what it is.
HOW = {"device", "memory", "n_jobs", "random_state", "verbose"}


def find_model(estimator: Any, comparison: Comparison, model: str | None) -> str:
    """Name of the model of the comparison that `estimator` is.

    Raises
    ------
    ValueError
        If it is none of them, or another than `model`.
    """
    names, known = comparison.models, comparison.estimators or {}
    if model is not None and model not in names:
        raise ValueError(
            f"model {model!r} is not in the comparison, which has {', '.join(names)}."
        )
    if model is None and len(names) > 1:
        equal = [n for n in names if n in known and same_model(estimator, known[n])]
        if len(equal) != 1:
            raise ValueError(
                f"{len(equal) or 'none'} of the {len(names)} models of the comparison "
                f"can be seen to be the estimator, {_short(estimator)}: name it in "
                f"model, as one of {', '.join(names)}."
            )
        return equal[0]
    name = names[0] if model is None else model
    if name in known and not same_model(estimator, known[name]):
        raise ValueError(
            f"the estimator is {_short(estimator)}, and model {name!r} of the "
            f"comparison is {_short(known[name])}: scores of one would stand beside "
            "explanations of the other. Pass the model that was compared."
        )
    return name


def _short(estimator: Any) -> str:
    """An estimator in one line."""
    text = " ".join(repr(estimator).split())
    return text if len(text) <= 120 else f"{text[:120]}..."


def same_model(estimator: Any, compared: Any) -> bool:
    """Whether two estimators are of one class and have equal parameters.

    Parameters
    ----------
    estimator : estimator
        If `compared` is a search, its best estimator is the same model.
    compared : estimator
    """
    while isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    while isinstance(compared, FrozenEstimator):
        compared = compared.estimator
    if isinstance(compared, BaseSearchCV) and not isinstance(estimator, BaseSearchCV):
        return type(estimator) is type(compared.estimator)
    return _equal(estimator, compared)


def _equal(left: Any, right: Any) -> bool:
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, BaseEstimator) and not isinstance(left, FrozenEstimator):
        return _equal(_parameters(left), _parameters(right))
    if isinstance(left, BaseCrossValidator):
        return _equal(_parameters(left), _parameters(right))
    if isinstance(left, Mapping):
        return list(left) == list(right) and _equal([*left.values()], [*right.values()])
    if isinstance(left, list | tuple):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(_equal(a, b) for a, b in pairs)
    if isinstance(left, np.ndarray):
        return np.array_equal(left, right)
    if callable(left):
        return getattr(left, "__qualname__", left) == getattr(
            right, "__qualname__", right
        )
    return _plainly_equal(left, right)


def _parameters(thing: Any) -> dict[str, Any]:
    """Parameters by name, but for those of `HOW`."""
    known = vars(thing)
    if hasattr(thing, "get_params"):
        known = thing.get_params(deep=False)
    return {name: known[name] for name in sorted(known) if name not in HOW}


def _plainly_equal(left: Any, right: Any) -> bool:
    # NaN is a parameter too.
    if isinstance(left, float) and np.isnan(left):
        return np.isnan(right)
    return bool(np.all(left == right))
