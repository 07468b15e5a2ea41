"""The one door to scikit-learn's private API: an upgrade touches this file only."""

from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

__all__ = ["BaseComposition", "HasMethods", "Interval", "StrOptions", "fit_context"]
