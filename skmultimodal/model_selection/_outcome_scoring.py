"""Metrics of models of numbers, and of times to an event."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring, get_scorer
from sklearn.pipeline import Pipeline

from skmultimodal.model_selection._scoring import by_name
from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._sklearn import is_scorer
from skmultimodal.utils._survival_metrics import auc_at, integrated_brier_score
from skmultimodal.utils._survival_target import strata_of

__all__ = [
    "SURVIVAL_METRICS",
    "NumberScoring",
    "SurvivalScoring",
    "survival_curves",
    "survival_when_seen",
]

SURVIVAL_METRICS = ("uno_c", "auc", "neg_integrated_brier_score")
# Beyond the horizon, so few training rows are still followed up that censoring weights
# of single patients decide a score.
SHARE_AT_RISK = 0.1
N_TIMES = 50


class NumberScoring:
    """Metrics of a fitted regressor on its test rows.

    Parameters
    ----------
    scoring : str, callable, list, tuple, set or dict
        As in ``cross_validate``.
    with_coverage : bool, default=False
        Whether the coverage of ``predict_interval`` is one more metric, of models that
        have it.
    """

    positive = None
    known_as: ClassVar[dict] = {}

    def __init__(self, scoring: Any, *, with_coverage: bool = False) -> None:
        self.with_coverage = with_coverage
        self.scorers = {
            name: get_scorer(metric)
            if isinstance(metric, str)
            else check_scoring(scoring=metric)
            for name, metric in by_name(scoring).items()
        }

    def given(self, y: Any, fold: Any) -> Self:
        """The metrics after training on a fold: the same."""
        return self

    def __call__(self, model: Any, X: Any, y: Any) -> dict[str, Any]:
        scores = {
            # A callable may read attributes of the model, not only its predictions.
            name: float(scorer(model if is_scorer(scorer) else model.fitted, X, y))
            for name, scorer in self.scorers.items()
        }
        if self.with_coverage and hasattr(model, "predict_interval"):
            low, high = model.predict_interval(X).T
            scores["coverage"] = float(np.mean((low <= y) & (y <= high)))
        return scores


@dataclass(frozen=True)
class SurvivalScoring:
    """Metrics of a fitted survival estimator on its test rows.

    Parameters
    ----------
    horizon : float or None
        None is where a tenth of the training rows is under observation.
    metrics : dict of str to str or callable, default=None
        Names of `SURVIVAL_METRICS`, or callables with the arguments of a scorer. None
        is all three, without that of survival functions for models that have none.
    trains : dict of (int, int) to ndarray of int, default={}
        By repeat and fold, rows from which censoring is known in place of those that
        train: they are the same for training sets of different sizes.
    y_train : structured ndarray, default=None
        From which censoring is known, and the horizon if it is None.
    """

    horizon: Any  # float, or None before `given`
    metrics: dict | None = None
    trains: dict = field(default_factory=dict)
    y_train: Any = None
    positive: ClassVar[None] = None
    known_as: ClassVar[dict] = {}

    @classmethod
    def read(cls, scoring: Any, folds: Any = ()) -> Self:
        """Metrics that a user names, on folds of which only a part may train."""
        metrics = by_name(scoring)
        for metric in metrics.values():
            if metric not in SURVIVAL_METRICS and not callable(metric):
                raise ValueError(
                    f"scoring {metric!r} is no metric of times to an event: choose of "
                    f"{', '.join(SURVIVAL_METRICS)}, or give a callable of model, X "
                    "and y."
                )
        trains = {(fold.repeat, fold.fold): fold.train for fold in folds}
        return cls(None, metrics, trains)

    def given(self, y: Any, fold: Any) -> Any:
        """The metrics after training on a fold."""
        y_train = y[self.trains.get((fold.repeat, fold.fold), fold.train)]
        known = y_train[~np.isnan(y_train["time"])]
        horizon = self.horizon
        if horizon is None:
            horizon = float(np.quantile(known["time"], 1 - SHARE_AT_RISK))
        return replace(self, horizon=horizon, y_train=known)

    def __call__(self, model: Any, X: Any, y: Any) -> dict[str, Any]:
        metrics = self.metrics or {name: name for name in SURVIVAL_METRICS}
        scores: dict[str, Any] = {}
        for name, metric in metrics.items():
            if callable(metric):
                found = metric(model.fitted, X, y)
                scores |= found if isinstance(found, Mapping) else {name: found}
                continue
            score = getattr(self, f"_{metric}")(model, X, y)
            if score is not None:
                scores[name] = score
            elif self.metrics is not None:
                raise ValueError(
                    f"scoring {metric!r} needs predict_survival_function, which "
                    f"{type(model.fitted).__name__} has not: choose uno_c or auc."
                )
        return {name: float(score) for name, score in scores.items()}

    def _uno_c(self, model: Any, X: Any, y: Any) -> Any:
        risk = model.predict(X)
        return concordance(y, risk, train=self.y_train, horizon=self.horizon)

    def _auc(self, model: Any, X: Any, y: Any) -> Any:
        return auc_at(y, model.predict(X), self.horizon / 2, train=self.y_train)

    def _neg_integrated_brier_score(self, model: Any, X: Any, y: Any) -> float | None:
        times = np.linspace(0, self.horizon, N_TIMES)
        risk = np.asarray(model.predict(X), dtype=float)
        curves = survival_curves(model.fitted, X, times, y, risk)
        if curves is None:
            return None
        # A stratum that was not in training has no baseline hazard.
        known = ~np.isnan(curves).any(axis=1)
        if not known.any():
            return np.nan
        part = y[known], curves[known], times
        return -integrated_brier_score(*part, train=self.y_train)


def survival_curves(
    model: Any, X: Any, times: NDArray, y: Any, risk: NDArray
) -> NDArray | None:
    """Survival probabilities of rows at some times: (n_rows, n_times).

    NaN where the stratum of a row has no baseline hazard; None of a model without
    survival functions. Those of scikit-survival end where training rows do.

    Parameters
    ----------
    model : fitted estimator
    X : Cohort or array of n_rows rows
    times : ndarray of shape (n_times,), or (n_rows, n_times) for times of each row
    y : structured ndarray of shape (n_rows,)
        Of which the strata are read.
    risk : ndarray of shape (n_rows,)
    """
    last = model[-1] if isinstance(model, Pipeline) else model
    times = np.broadcast_to(times, (len(risk), np.shape(times)[-1]))
    if hasattr(last, "baselines_"):
        curves = np.full(times.shape, np.nan)
        for stratum, baseline in last.baselines_.items():
            rows = strata_of(y) == stratum
            if len(last.baselines_) == 1:
                rows = np.ones(len(risk), dtype=bool)
            hazard = np.exp(risk[rows])[:, None] * baseline(times[rows])
            curves[rows] = np.exp(-hazard)
        return curves
    if not hasattr(model, "predict_survival_function"):
        return None
    functions = model.predict_survival_function(X)
    ends = [np.clip(own, *f.domain) for f, own in zip(functions, times, strict=True)]
    # Of one time, a function of scikit-survival has no array.
    return np.array(
        [np.atleast_1d(f(own)) for f, own in zip(functions, ends, strict=True)]
    )


def survival_when_seen(model: Any, X: Any, y: Any, risk: Any) -> NDArray:
    """Predicted probability of being without the event by the own time: (n_rows,).

    Given that it had not come at entry, if `y` has one; NaN of a model without survival
    functions. Parameters are those of `survival_curves`.
    """
    ends = y["time"][:, None]
    if "entry" in y.dtype.names:
        ends = np.column_stack([y["entry"], y["time"]])
    curves = survival_curves(model, X, ends, y, risk)
    if curves is None:
        return np.full(len(risk), np.nan)
    if curves.shape[1] == 1:
        return curves[:, 0]
    return curves[:, 1] / np.maximum(curves[:, 0], np.finfo(float).tiny)
