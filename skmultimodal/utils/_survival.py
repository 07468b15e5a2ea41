"""What survival estimators share: a score, and functions of time."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._cox import Baseline
from skmultimodal.utils._survival_target import read_strata, read_survival

__all__ = ["BaselineMixin", "StepFunction", "SurvivalMixin"]


class SurvivalMixin:
    """For estimators whose ``predict`` is a risk: the higher, the earlier the event."""

    predict: Any

    def score(self, X: Any, y: Any) -> float:
        """Compute Harrell's concordance of the risks of ``predict``.

        Parameters
        ----------
        X : array-like or Cohort of n_rows rows
        y : structured array, DataFrame or array-like of shape (n_rows,)
            As in ``fit``. Rows without a time are left out.

        Returns
        -------
        score : float
            Share of the comparable pairs of patients of which the one with the higher
            risk has the event first; 0.5 is chance. Within strata, if `y` has any.
        """
        target = read_survival(y)
        known = ~np.isnan(target["time"])
        return concordance(target[known], np.asarray(self.predict(X))[known])

    def __sklearn_tags__(self) -> Any:
        # BaseEstimator, whose tags these are, stands beside the mixin.
        tags = cast(Any, super()).__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class StepFunction:
    """A function of time that changes at the times of events.

    Parameters
    ----------
    x : ndarray of shape (n_times,)
        Rising times.
    y : ndarray of shape (n_times,)
        Value from each time on.
    before : float
        Value before the first time.
    """

    def __init__(self, x: NDArray, y: NDArray, before: float) -> None:
        self.x, self.y, self.before = x, y, before

    def __call__(self, times: Any) -> Any:
        """Value at any times, in their shape."""
        place = np.searchsorted(self.x, times, side="right")
        return np.append(self.before, self.y)[place]

    def __repr__(self) -> str:
        return f"StepFunction({len(self.x)} times)"


class BaselineMixin(SurvivalMixin):
    """For those whose ``predict`` is a log-hazard relative to a baseline hazard.

    Attributes
    ----------
    baselines_ : dict of stratum to Baseline
        Cumulative baseline hazard of each stratum.
    """

    baselines_: dict[Any, Baseline]

    @property
    def unique_times_(self) -> NDArray[np.float64]:
        """Times of events in ``fit``: ndarray of shape (n_times,)."""
        return np.unique(np.concatenate([b.times for b in self.baselines_.values()]))

    def predict_cumulative_hazard_function(
        self, X: Any, times: Any = None, strata: Any = None
    ) -> NDArray[Any]:
        """Predict the cumulative hazard over time.

        Parameters
        ----------
        X : array-like or Cohort of n_rows rows
        times : array-like of shape (n_times,), default=None
            In the unit of ``fit``. Beyond the last event of ``fit`` the hazard stays
            as it was there.
        strata : array-like of shape (n_rows,), default=None
            Stratum of each row, needed only if ``fit`` had strata.

        Returns
        -------
        hazard : ndarray of shape (n_rows, n_times)
            Without `times`, an array of functions of time, one per row.
        """
        return self._curves(X, times, strata, lambda hazard: hazard, 0.0)

    def predict_survival_function(
        self, X: Any, times: Any = None, strata: Any = None
    ) -> NDArray[Any]:
        """Predict the probability that the event has not come.

        Parameters
        ----------
        X : array-like or Cohort of n_rows rows
        times : array-like of shape (n_times,), default=None
        strata : array-like of shape (n_rows,), default=None
            As of ``predict_cumulative_hazard_function``.

        Returns
        -------
        survival : ndarray of shape (n_rows, n_times)
            Without `times`, an array of functions of time, one per row.
        """
        return self._curves(X, times, strata, lambda hazard: np.exp(-hazard), 1.0)

    def predict_median(self, X: Any, strata: Any = None) -> NDArray[np.float64]:
        """Predict the time by which the event has come to half of such patients.

        Parameters
        ----------
        X : array-like or Cohort of n_rows rows
        strata : array-like of shape (n_rows,), default=None
            As of ``predict_cumulative_hazard_function``.

        Returns
        -------
        times : ndarray of shape (n_rows,)
            Infinite where survival stays above one half as long as patients were
            followed up.
        """
        risk, rows_of = self._by_stratum(X, strata)
        medians = np.full(len(risk), np.inf)
        for baseline, rows in rows_of:
            needed = np.log(2) * np.exp(-risk[rows])
            place = np.searchsorted(baseline.hazard, needed)
            medians[rows] = np.append(baseline.times, np.inf)[place]
        return medians

    def _curves(
        self, X: Any, times: Any, strata: Any, convert: Any, before: float
    ) -> NDArray[Any]:
        risk, rows_of = self._by_stratum(X, strata)
        if times is not None:
            times = np.atleast_1d(np.asarray(times, dtype=np.float64))
            if times.ndim != 1 or np.isnan(times).any():
                raise ValueError("times must be one or several numbers, none NaN.")
            curves = np.empty((len(risk), len(times)))
            for baseline, rows in rows_of:
                curves[rows] = np.exp(risk[rows])[:, None] * baseline(times)
            return convert(curves)
        functions = np.empty(len(risk), dtype=object)
        for baseline, rows in rows_of:
            for row in rows:
                hazard = np.exp(risk[row]) * baseline.hazard
                functions[row] = StepFunction(baseline.times, convert(hazard), before)
        return functions

    def _by_stratum(self, X: Any, strata: Any) -> tuple[NDArray, list[Any]]:
        """Risks, and pairs of a baseline and the rows that it is of."""
        check_is_fitted(self)
        risk = np.asarray(self.predict(X), dtype=np.float64)
        if strata is None:
            if len(self.baselines_) > 1:
                raise ValueError(
                    f"{type(self).__name__} was fitted with {len(self.baselines_)} "
                    "strata, each with a baseline hazard: name those of the rows in "
                    "strata."
                )
            return risk, [(next(iter(self.baselines_.values())), np.arange(len(risk)))]
        strata = read_strata(strata)
        if strata.shape != risk.shape:
            raise ValueError(f"strata has {len(strata)} values for {len(risk)} rows.")
        other = [s for s in np.unique(strata).tolist() if s not in self.baselines_]
        if other:
            raise ValueError(
                f"stratum {other[0]!r} was not in fit, which had "
                f"{sorted(self.baselines_)}: there is no baseline hazard for its rows."
            )
        parts = [
            (baseline, np.flatnonzero(strata == number))
            for number, baseline in self.baselines_.items()
        ]
        return risk, parts
