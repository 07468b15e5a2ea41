"""Comparisons of models of numbers, and of times to an event, on the same folds."""

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._compare import _check_estimators
from skmultimodal.model_selection._folds import (
    count_unpaired,
    fold_stage,
    make_folds,
    paired_ratio,
    run_folds,
)
from skmultimodal.model_selection._outcome_comparison import OutcomeComparison
from skmultimodal.model_selection._outcome_scoring import (
    NumberScoring,
    SurvivalScoring,
    survival_when_seen,
)
from skmultimodal.model_selection._score_table import choose_names, score_table
from skmultimodal.model_selection._targets import read_target, refuse_untestable
from skmultimodal.towers._outcomes import Numbers, TimeToEvent

__all__ = ["compare_outcome_arms", "compare_regressors", "compare_survival"]


def compare_survival(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    horizon: float | None = None,
    groups: Any = None,
    reference: str | None = None,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> OutcomeComparison:
    """Cross-validate several survival estimators on the same folds.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        Their ``predict`` is a risk: the higher, the earlier the event. They are cloned.
        A Cox regression of clinical covariates belongs among them.
    X : Cohort, or anything the estimators take
        The patients.
    y : structured array, DataFrame or array-like of shape (n_rows,)
        As of ``make_survival_target``. Rows without a time are never tested. With
        strata, patients are compared within theirs.
    cv : splitter, iterable of (train, test), or int
        Its splits are drawn once and used for all. An int is the number of folds of
        ``PairedStratifiedKFold``.
    horizon : float, default=None
        Time up to which predictions are scored, in the unit of `y`. None takes from the
        training rows of each fold the time at which a tenth is still under
        observation.
    groups : array-like of shape (n_rows,), default=None
        Passed to `cv`, and to the ``fit`` of estimators that request it.
    reference : str, default=None
        The model that the others are compared with, named before scores are seen.
    confidence_level : float, default=0.95
        Of the intervals.
    n_jobs : int, default=None
        Folds fitted at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    comparison : OutcomeComparison
        With the metrics ``"uno_c"`` (Uno's concordance up to the horizon), ``"auc"``
        (of the event by half the horizon, cumulative and dynamic), and, of models with
        ``predict_survival_function``, ``"neg_integrated_brier_score"`` (up to the
        horizon). The higher, the better.

    Raises
    ------
    RuntimeError
        If a model fails; the message names the model and the fold.

    See Also
    --------
    compare_classifiers : For class labels, with the source of the intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import CoxRidgeSurvival, make_survival_target
    >>> from skmultimodal.model_selection import compare_survival
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 3))
    >>> time = rng.exponential(np.exp(-X[:, 0]))
    >>> y = make_survival_target(event=rng.random(120) < 0.8, time=time)
    >>> models = {"weak": CoxRidgeSurvival(1e6), "cox": CoxRidgeSurvival(1.0)}
    >>> result = compare_survival(models, X, y, cv=3)
    >>> result.metrics
    ['uno_c', 'auc', 'neg_integrated_brier_score']
    """
    X, target, groups = read_target(None, X, y, groups, kind=TimeToEvent)
    if horizon is not None:
        _check_horizon(horizon, target.y)
    scoring = SurvivalScoring(horizon)
    options = {"groups": groups, "reference": reference, "n_jobs": n_jobs}
    options |= {"confidence_level": confidence_level, "verbose": verbose}
    return _compare("compare_survival", estimators, X, target, cv, scoring, **options)


def _check_horizon(horizon: Any, y: Any) -> None:
    last = np.nanmax(y["time"], initial=0)
    is_number = isinstance(horizon, Real) and not isinstance(horizon, bool)
    if not is_number or not 0 < horizon <= last:
        raise ValueError(
            f"horizon must be a number above 0 and not beyond the last time, {last:g}, "
            f"got {horizon!r}."
        )
    first = np.min(y["time"][y["event"]], initial=np.inf)
    if horizon < first < np.inf:
        raise ValueError(
            f"no event comes up to horizon={horizon:g}: the first is at {first:g}. "
            "Give a later one, in the unit of the times."
        )


def compare_regressors(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    scoring: Any = ("r2", "neg_root_mean_squared_error"),
    groups: Any = None,
    reference: str | None = None,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> OutcomeComparison:
    """Cross-validate several regressors on the same folds.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        Regressors that take `X`. They are cloned.
    X : Cohort, or anything the estimators take
        The patients.
    y : array-like of float, shape (n_rows,)
        NaN marks an unlabelled row, which is never tested.
    cv : splitter, iterable of (train, test), or int
        Its splits are drawn once and used for all. An int is the number of folds of
        ``PairedStratifiedKFold``.
    scoring : str or list of str, default=("r2", "neg_root_mean_squared_error")
        Metrics of scikit-learn.
    groups : array-like of shape (n_rows,), default=None
        Passed to `cv`, and to the ``fit`` of estimators that request it.
    reference : str, default=None
        The model that the others are compared with, named before scores are seen.
    confidence_level : float, default=0.95
        Of the intervals.
    n_jobs : int, default=None
        Folds fitted at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    comparison : OutcomeComparison
        With the metrics of `scoring`, and ``"coverage"``: the share of tested patients
        whose number lies in the 90 % interval of ``predict_interval``, of models that
        have one.

    Raises
    ------
    RuntimeError
        If a model fails; the message names the model and the fold.

    See Also
    --------
    compare_classifiers : For class labels, with the source of the intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal.model_selection import compare_regressors
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = {"mean": DummyRegressor(), "ridge": Ridge()}
    >>> result = compare_regressors(models, X, X[:, 0], cv=3)
    >>> result.summary(models=["ridge"], metrics=["r2"])["mean"].round(1).tolist()
    [1.0]
    """
    X, target, groups = read_target(None, X, y, groups, kind=Numbers)
    options = {"groups": groups, "reference": reference, "n_jobs": n_jobs}
    options |= {"confidence_level": confidence_level, "verbose": verbose}
    scoring = NumberScoring(scoring, with_coverage=True)
    return _compare("compare_regressors", estimators, X, target, cv, scoring, **options)


def _compare(
    caller: str,
    estimators: Any,
    X: Any,
    target: Any,
    cv: Any,
    scoring: Any,
    *,
    groups: Any,
    reference: Any,
    confidence_level: float,
    n_jobs: int | None,
    verbose: int,
) -> OutcomeComparison:
    models = _check_estimators(estimators)
    if reference is not None:
        choose_names("reference", [name for name, _ in models], [reference])
    folds = make_folds(cv, X, target.dealt, groups)
    refuse_untestable(target, folds)
    arms = [(name, model, folds) for name, model in models]
    options = {"groups": groups, "confidence_level": confidence_level}
    options |= {"reference": reference, "n_jobs": n_jobs, "verbose": verbose}
    return compare_outcome_arms(caller, arms, X, target.y, scoring, folds, **options)


def compare_outcome_arms(
    caller: str,
    arms: Any,
    X: Any,
    y: Any,
    scoring: Any,
    folds: Any,
    *,
    groups: Any,
    confidence_level: float,
    n_jobs: int | None,
    verbose: int,
    reference: Any = None,
) -> OutcomeComparison:
    """The OutcomeComparison of models that are trained each on rows of its own.

    Parameters are those of `compare_arms`, and `y` is a number or a time to an event.
    """
    with fold_stage(caller, arms, verbose) as stage:
        results = run_folds(
            *(arms, X, y, scoring),
            stage=stage,
            groups=groups,
            inspect=_predict,
            n_jobs=n_jobs,
        )
    return OutcomeComparison(
        score_table(results),
        _prediction_table(results, X, y),
        folds=folds,
        test_to_train=paired_ratio(folds, X, y),
        confidence_level=confidence_level,
        estimators={name: clone(model) for name, model, _ in arms},
        reference=reference,
        n_unpaired=count_unpaired(folds, X),
        horizons=None if y.dtype.names is None else _horizons(scoring, y, folds),
    )


def _horizons(scoring: Any, y: Any, folds: Any) -> NDArray:
    return np.array([scoring.given(y, fold).horizon for fold in folds])


def _predict(model: Any, X: Any, y: Any) -> dict[str, Any]:
    """Columns of the predictions of a model."""
    predicted = np.asarray(model.predict(X), dtype=float)
    if y.dtype.names is not None:
        own = survival_when_seen(model.fitted, X, y, predicted)
        return {"predicted": predicted, "survival": own}
    if not hasattr(model, "predict_interval"):
        return {"predicted": predicted}
    low, high = np.asarray(model.predict_interval(X)).T
    return {"predicted": predicted, "low": low, "high": high}


def _prediction_table(results: Any, X: Any, y: Any) -> pd.DataFrame:
    cohort = as_cohort(X)
    tables = []
    for name, fold, _, predicted in results:
        truth = (
            {"y_true": y[fold.test]}
            if y.dtype.names is None
            else {field: y[field][fold.test] for field in ("event", "time")}
        )
        columns = {
            "model": name,
            "repeat": fold.repeat,
            "fold": fold.fold,
            "row": fold.test,
            "id": cohort.index[fold.test],
            "pattern": cohort.patterns[fold.test],
        }
        tables.append(pd.DataFrame(columns | predicted | truth))
    return pd.concat(tables, ignore_index=True)
