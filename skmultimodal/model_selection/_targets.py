"""The target of a model of any outcome, for functions that cross-validate it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from skmultimodal.model_selection._folds import check_X_y
from skmultimodal.model_selection._outcome_scoring import (
    NumberScoring,
    SurvivalScoring,
)
from skmultimodal.model_selection._scoring import Scoring
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._numbers import read_numbers
from skmultimodal.utils._strata import fifths, has_columns
from skmultimodal.utils._survival_target import read_survival

__all__ = ["Target", "dealt_by", "make_scoring", "read_target", "refuse_untestable"]

READERS = {Numbers: read_numbers, TimeToEvent: read_survival}


class Target(NamedTuple):
    """What a model predicts.

    Parameters
    ----------
    outcome : ClassLabels, Numbers or TimeToEvent
    y : ndarray of shape (n_rows,)
    codes : ndarray of int, shape (n_rows,)
        Stratum of each row: its class, fifth, or event; -1 where it is unlabelled.
    dealt : ndarray of shape (n_rows,)
        What rows are dealt into folds by.
    """

    outcome: Any
    y: np.ndarray
    codes: np.ndarray
    dealt: np.ndarray


def read_target(
    estimator: Any, X: Any, y: Any, groups: Any = None, *, kind: Any = None
) -> tuple[Any, Any, NDArray]:
    """Rows, target and groups in one order, read as what the estimator predicts.

    Parameters
    ----------
    estimator : estimator or None
        None, or one that is neither a regressor nor has survival functions, predicts
        class labels, unless `y` has an event and a time.
    X, y, groups : as users give them
    kind : type, default=None
        Outcome where it is known.

    Returns
    -------
    X : Cohort, table or array
    target : Target
    groups : ndarray of shape (n_rows,) or None
    """
    kind = kind or _outcome_of(estimator, y)
    X, y, groups = check_X_y(X, y, groups, READERS.get(kind))
    outcome, y, codes = kind.encode(y)
    dealt = y if kind is ClassLabels else dealt_by(y)
    return X, Target(outcome, y, codes, dealt), groups


def _outcome_of(estimator: Any, y: Any) -> Any:
    if estimator is not None and is_classifier(estimator):
        return ClassLabels
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if has_columns(y) or hasattr(last, "predict_survival_function"):
        return TimeToEvent
    is_number = estimator is not None and is_regressor(estimator)
    return Numbers if is_number else ClassLabels


def refuse_untestable(target: Any, folds: Any) -> None:
    """Raise a ValueError if no model of numbers or times can be learnt, or scored."""
    outcome, y, codes, _ = target
    if isinstance(outcome, ClassLabels):
        return
    known = codes >= 0
    if not outcome.differ(codes[known]):
        raise ValueError(
            f"the {known.sum()} labelled rows {outcome.describe_alike(codes[known])}: "
            f"{outcome.remedy}."
        )
    if y.dtype.names is not None and len(np.unique(y["time"][known])) == 1:
        raise ValueError(
            f"all {known.sum()} times are {y['time'][known][0]:g}: give times that "
            "differ, or predict who has the event with a classifier, such as "
            "TwinTowerClassifier."
        )
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    if not outcome.differ(codes[tested]):
        raise ValueError(
            f"the {len(tested)} tested rows {outcome.describe_alike(codes[tested])}, "
            "so that no model can be scored: test others as well, as "
            "PatternStratifiedKFold does."
        )


def dealt_by(y: Any) -> Any:
    """What rows of numbers, or of times to an event, are dealt into folds by.

    A score of few values would be read as classes, of which some are rare.
    """
    if y.dtype.names is not None:
        return y
    codes = fifths(y)
    return np.where(codes < 0, np.nan, codes)


def make_scoring(
    target: Any,
    scoring: Any,
    positive: Any = None,
    *,
    folds: Any = (),
    default: Any = None,
) -> Any:
    """Metrics of a target.

    Parameters
    ----------
    target : Target
    scoring : str, callable, list, tuple, set, dict or None
        As in ``cross_validate``; of times to an event names of `SURVIVAL_METRICS`.
    positive : class label, default=None
        Only of class labels.
    folds : list of Fold, default=()
        From whose training rows censoring is known, where only a part of them trains.
    default : dict of type to list of str, default=None
        What None is, by the type of the outcome. Of those that are not in it None is
        the estimator's ``score``, Uno's concordance or R2.

    Returns
    -------
    scoring : Scoring, NumberScoring or SurvivalScoring
    """
    kind = type(target.outcome)
    if scoring is None:
        scoring = (default or {}).get(kind)
    if kind is ClassLabels:
        return Scoring(scoring, target.y, positive)
    if positive is not None:
        raise ValueError(
            f"positive={positive!r} is a class, and {kind.described} have none: leave "
            "it out."
        )
    if kind is Numbers:
        return NumberScoring("r2" if scoring is None else scoring)
    return SurvivalScoring.read("uno_c" if scoring is None else scoring, folds)
