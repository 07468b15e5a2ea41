"""All uses of scikit-learn's private API: an upgrade touches this file only."""

import copy
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from sklearn.base import _fit_context
from sklearn.metrics._scorer import _BaseScorer
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

__all__ = [
    "BaseComposition",
    "BaseSearchCV",
    "HasMethods",
    "Interval",
    "StrOptions",
    "check_params",
    "fit_context",
    "is_scorer",
    "names_class",
    "parts_block",
    "scorer_name",
    "uses_own_metric",
    "with_pos_label",
]


# Estimators of others may have none.
_CONSTRAINTS = "_parameter_constraints"


def check_params(estimator: Any) -> None:
    """Refuse parameters that ``fit`` would refuse, with its ValueError."""
    if hasattr(estimator, _CONSTRAINTS):
        estimator._validate_params()


# Of an estimator that is not fitted: settings beyond its parameters.
_SETTINGS = {
    "_callback_fit_ctx",
    "_metadata_request",
    "_parent_callback_ctx",
    "_skl_callbacks",
    "_sklearn_output_config",
}


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Any], Any]:
    """scikit-learn's decorator of ``fit``, which is all or nothing here.

    While ``fit`` runs, and after one that failed or was interrupted, the estimator is
    as unfitted as before its first: old parts never meet new classes.
    """
    validated = _fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )

    def decorate(fit: Any) -> Any:
        checked = validated(fit)

        @wraps(fit)
        def whole_fit(self: Any, *args: Any, **kwargs: Any) -> Any:
            unfitted = _unfitted_state(self)
            try:
                # Each of these is one step, between which an interrupt may come.
                self.__dict__ = unfitted.copy()
                return checked(self, *args, **kwargs)
            except BaseException:
                self.__dict__ = unfitted
                raise

        return whole_fit

    return decorate


def _unfitted_state(estimator: Any) -> dict[str, Any]:
    params = set(estimator._get_param_names())
    return {
        name: value
        for name, value in vars(estimator).items()
        if name in params
        or name in _SETTINGS
        or not (name.startswith("_") or name.endswith("_"))
    }


def parts_block(parts: dict[str, Any]) -> Any:
    """What scikit-learn's HTML shows of a model: its parts, side by side, by name."""
    return _VisualBlock("parallel", list(parts.values()), names=list(parts))


def is_scorer(scorer: Any) -> bool:
    """Whether a scorer was made by ``make_scorer``."""
    return isinstance(scorer, _BaseScorer)


def uses_own_metric(scorer: Any) -> bool:
    """Whether the metric of a scorer is one of scikit-learn's."""
    return getattr(scorer._score_func, "__module__", "").startswith("sklearn.")


def scorer_name(scorer: Any) -> str:
    """Name of the metric of a scorer, as of scikit-learn's scorers.

    Arguments follow the name, after a blank.
    """
    name = scorer._score_func.__name__.removesuffix("_score")
    if scorer._sign < 0:
        name = f"neg_{name.removesuffix('_loss')}"
    return " ".join([name, *map(str, scorer._kwargs)])


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
