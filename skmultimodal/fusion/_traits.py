"""What an estimator's tags and parts say of it."""

from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skmultimodal.towers import CrossFittedEnsembleClassifier

__all__ = ["follows_labels", "searched", "takes_nan"]


def searched(estimator):
    """What a search is over, to which it hands what ``fit`` is given; else itself."""
    while isinstance(estimator, GridSearchCV | RandomizedSearchCV):
        estimator = estimator.estimator
    return estimator


def takes_nan(estimator):
    """Whether NaN is imputed, or let through to the end; a Pipeline does not say."""
    if isinstance(estimator, CrossFittedEnsembleClassifier):
        return takes_nan(estimator.estimator)
    steps = [estimator]
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if not isinstance(step, str)]
    for step in steps:
        if not get_tags(step).input_tags.allow_nan:
            return False
        if type(step).__module__.startswith("sklearn.impute"):
            return True
    return True


def follows_labels(estimator):
    """Whether what an estimator, fitted, gives depends on labels that it was given."""
    if hasattr(estimator, "classes_") or get_tags(estimator).target_tags.required:
        return True
    selects = isinstance(estimator, SelectorMixin)
    return selects and not isinstance(estimator, VarianceThreshold)
