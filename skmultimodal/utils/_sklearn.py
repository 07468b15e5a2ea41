"""All uses of scikit-learn's private API: an upgrade touches this file only."""

import copy
from inspect import signature
from typing import Any

from sklearn.base import _fit_context as fit_context
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

__all__ = [
    "BaseComposition",
    "HasMethods",
    "Interval",
    "StrOptions",
    "check_params",
    "fit_context",
    "is_scorer",
    "names_class",
    "uses_own_metric",
    "with_pos_label",
]


def check_params(estimator: Any) -> None:
    """Refuse parameters that ``fit`` would refuse, with its ValueError."""
    if hasattr(estimator, "_parameter_constraints"):
        estimator._validate_params()


def is_scorer(scorer: Any) -> bool:
    """Whether a scorer was made by ``make_scorer``."""
    return isinstance(scorer, _BaseScorer)


def uses_own_metric(scorer: Any) -> bool:
    """Whether the metric of a scorer is one of scikit-learn's."""
    return getattr(scorer._score_func, "__module__", "").startswith("sklearn.")


def names_class(scorer: Any) -> bool:
    """Whether a scorer was made with ``pos_label`` or ``labels``."""
    return any(scorer._kwargs.get(n) is not None for n in ("pos_label", "labels"))


def with_pos_label(scorer: Any, pos_label: Any) -> Any:
    """A copy of a scorer with this ``pos_label``, if its metric takes one."""
    if "pos_label" not in signature(scorer._score_func).parameters:
        return scorer
    scorer = copy.copy(scorer)
    scorer._kwargs = {**scorer._kwargs, "pos_label": pos_label}
    return scorer
