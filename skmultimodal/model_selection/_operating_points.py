"""Sensitivity at a fixed specificity, and the reverse, with intervals over patients."""

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from skmultimodal.exceptions import FewPatientsWarning
from skmultimodal.model_selection._acting import half_of_share, share_interval
from skmultimodal.utils._warnings import warn

__all__ = ["check_rate", "rates_at"]


def check_rate(name: str, value: Any) -> float:
    """Raise a ValueError unless a share lies between 0 and 1."""
    if not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ValueError(
            f"{name} must be a number between 0 and 1, got {value!r}: 0.9 is 90 %."
        )
    return float(value)


def rates_at(
    patients: Any,
    positive: int,
    fixed: float,
    level: float,
    ratios: dict[str, float],
    *,
    of_positive: bool,
) -> pd.DataFrame:
    """The share found in one class where that of the other is fixed.

    Parameters
    ----------
    patients : dict of str to PatientPredictions
        By model.
    positive : int
        Number of the positive class.
    fixed, level : float
    ratios : dict of str to float
        As of `threshold_scores`.
    of_positive : bool
        Whether it is the sensitivity that is estimated, at a fixed specificity.

    Returns
    -------
    rates : DataFrame
        One row per model, as of ``Comparison.sensitivity_at``.
    """
    names = ["sensitivity", "specificity"][:: 1 if of_positive else -1]
    rows = []
    for model, of_model in patients.items():
        # Turned round, it is the sensitivity for the other classes.
        sign = 1.0 if of_positive else -1.0
        score = sign * of_model.proba[:, positive]
        each = sign * of_model.each[:, positive]
        hits = (of_model.codes == positive) == of_positive
        cut = _highest_of(score[~hits], fixed)
        share, low, high = np.nan, np.nan, np.nan
        if cut is not None and hits.any():
            given = of_model, ratios[model], level
            share, low, high = _estimate(score, each, hits, cut, fixed, *given)
        others = _held_out(each, hits, of_model, fixed)
        found = share, low, high, _as_threshold(cut, of_positive)
        rows.append((model, fixed, *found, *others, hits.sum(), (~hits).sum()))
    columns = ["model", names[1], names[0], "low", "high", "threshold"]
    columns += [*(f"held_out_{name}" for name in names), "n_patients", "n_others"]
    table = pd.DataFrame(rows, columns=columns)
    if rows:
        _warn_of_few(int(table["n_others"].min()), names[1], fixed)
    return table


def _place(fixed: Any, n: int) -> int:
    """How many of `n` sorted scores are not beyond the threshold."""
    return int(np.ceil(fixed * n - 1e-9))


def _highest_of(scores: Any, fixed: Any) -> float | None:
    """The score beyond which a patient is called positive; None of no one."""
    return np.sort(scores)[_place(fixed, len(scores)) - 1] if len(scores) else None


def _as_threshold(cut: Any, of_positive: bool) -> float:
    """The least probability at which one acts."""
    if cut is None:
        return np.nan
    return float(np.nextafter(cut, 2.0) if of_positive else -cut)


def _estimate(
    score: Any,
    each: Any,
    hits: NDArray,
    cut: Any,
    fixed: Any,
    of_model: Any,
    ratio: float,
    level: float,
) -> tuple[float, float, float]:
    called = score > cut
    n_right, n = int(called[hits].sum()), int(hits.sum())
    share = n_right / n
    moved = _variance_of_choice(score, hits, fixed)
    # Of a share that is not 0 or 1, even where that of so few patients is.
    spread = (n_right + 2) / (n + 4) * (n - n_right + 2) / (n + 4)
    n_effective = 1 / (1 / n + moved / spread) / (1 + ratio)
    of_hits = hits[of_model.places]
    right, numbers = (each > cut)[of_hits], of_model.folds[of_hits]
    folds = np.unique(of_model.folds)
    counts = [[right[numbers == f].sum(), np.sum(numbers == f)] for f in folds]
    rights, ns = np.array(counts, dtype=float).T
    half = half_of_share(share, rights, ns, ratio, level)
    return share, *share_interval(share, n_effective, half, level)


def _variance_of_choice(score: Any, hits: NDArray, fixed: Any) -> float:
    """Variance of the share by which others the threshold was chosen on.

    The k-th smallest of a bootstrap sample of n is the j-th of all with a probability
    that is known (Maritz and Jarrett): nothing is drawn.
    """
    others = np.sort(score[~hits])
    n, place = len(others), _place(fixed, len(others))
    steps = stats.beta.cdf(np.arange(n + 1) / n, place, n - place + 1)
    found = 1 - np.searchsorted(np.sort(score[hits]), others, "right") / hits.sum()
    mean = np.diff(steps) @ found
    return float(np.diff(steps) @ (found - mean) ** 2)


def _held_out(each: Any, hits: NDArray, of_model: Any, fixed: Any) -> Any:
    """Shares of both classes with thresholds chosen on the other folds of a repeat."""
    right = np.full(len(each), np.nan)
    of_hits = hits[of_model.places]
    for fold in np.unique(of_model.folds):
        tested = of_model.folds == fold
        same = of_model.repeats == of_model.repeats[tested.argmax()]
        cut = _highest_of(each[same & ~tested & ~of_hits], fixed)
        if cut is not None:
            right[tested] = (each[tested] > cut) == of_hits[tested]
    if np.isnan(right).any():
        return np.nan, np.nan
    return [
        right[part].mean() if part.any() else np.nan for part in (of_hits, ~of_hits)
    ]


def _warn_of_few(n_others: int, name: str, fixed: Any) -> None:
    if n_others and _place(fixed, n_others) == n_others:
        kind = {"specificity": "other classes", "sensitivity": "the class"}[name]
        warn(
            f"a {name} of {fixed:g} is that of a threshold beyond all {n_others} "
            f"tested patients of {kind}, which so few cannot place. Test "
            f"{int(np.ceil(1 / (1 - fixed) - 1e-9))} or more, or fix a lower {name}.",
            FewPatientsWarning,
        )
