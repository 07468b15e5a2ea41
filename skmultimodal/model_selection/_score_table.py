"""Scores of models on folds as one long table: summarised, and compared in pairs."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from skmultimodal.model_selection._draws import added_variance
from skmultimodal.model_selection._intervals import (
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
    score_interval,
)
from skmultimodal.model_selection._metrics import (
    is_of_a_constant,
    least_variance,
    range_of,
)
from skmultimodal.utils._warnings import warn

__all__ = [
    "as_text",
    "choose_names",
    "compare_pairs",
    "rows_of",
    "score_table",
    "summarise",
    "text_table",
]


def score_table(results: Any) -> pd.DataFrame:
    """Scores of `run_folds`: one row per model, fold and metric."""
    rows = [
        (name, fold.repeat, fold.fold, metric, score)
        for name, fold, scores, _ in results
        for metric, score in scores.items()
    ]
    table = pd.DataFrame(rows, columns=["model", "repeat", "fold", "metric", "score"])
    undefined = table[table["score"].isna()]
    for metric, lacking in undefined.groupby("metric", sort=False):
        n_folds = len(table[["repeat", "fold"]].drop_duplicates())
        n_lacking = len(lacking[["repeat", "fold"]].drop_duplicates())
        first = lacking.iloc[0]
        warn(
            f"{metric} is undefined on {n_lacking} of {n_folds} folds, such as fold "
            f"{first['fold']} of repeat {first['repeat']}, which are left out of its "
            "mean: their test rows may be of one class, or without an event."
        )
    return table


def summarise(
    scores: pd.DataFrame,
    test_to_train: float,
    confidence_level: float,
    tested: Any = None,
    known_as: Any = None,
    draws: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Mean of the folds and its interval, for each model and metric of the scores.

    Parameters
    ----------
    scores : DataFrame of `score_table`
    test_to_train, confidence_level : float
    tested : PatientCounts, default=None
        The patients tested.
    known_as : dict of str to str, default=None
        Names in scikit-learn of metrics with names of their own.
    draws : DataFrame, default=None
        As of ``Comparison.draws``.

    Returns
    -------
    summary : DataFrame
    """
    rows = []
    for (model, metric), part in scores.groupby(["model", "metric"], sort=False):
        values = part["score"].dropna().to_numpy()
        low, high = np.nan, np.nan
        if len(values) > 1:
            known = (known_as or {}).get(metric, metric)
            added = added_variance(scores, draws, test_to_train, metric, model)
            given = test_to_train, confidence_level, tested, added
            low, high = _interval_of(known, values, *given)
        std = np.std(values, ddof=1) if len(values) > 1 else np.nan
        mean = np.mean(values) if len(values) else np.nan
        rows.append((model, metric, mean, low, high, std, len(values)))
    columns = ["model", "metric", "mean", "low", "high", "std", "n_folds"]
    return pd.DataFrame(rows, columns=columns)


def _interval_of(
    metric: Any,
    values: Any,
    test_to_train: float,
    level: float,
    tested: Any,
    added: Any,
) -> tuple[float, float]:
    bounds, least = range_of(metric), least_variance(metric, tested)
    alike = len(np.unique(values)) == 1 and not (added and added[0])
    if alike and least is not None and not is_of_a_constant(metric, values[0]):
        # Folds that agree, as where no one is called positive, show no spread;
        # other patients would.
        quantile = stats.norm.ppf((1 + level) / 2)
        return score_interval(values[0], 0.0, bounds, least, quantile)
    return corrected_t_interval(
        values,
        test_to_train,
        bounded=bounds,
        least_variance=least,
        added=added,
        confidence_level=level,
    )


def compare_pairs(
    scores: Any,
    metric: Any,
    pairs: Any,
    test_to_train: float,
    confidence_level: float,
    reference: Any = None,
    bounds: Any = None,
    draws: Any = None,
) -> list[Any]:
    """Difference of each pair of models on one metric, a dict each.

    ``p_holm`` is adjusted for all pairs of models in the scores, chosen or not. With a
    reference it is so for its pairs among themselves, and others have none.
    """
    models = scores["model"].unique()
    by_fold = (
        scores[scores["metric"] == metric]
        .pivot(index=["repeat", "fold"], columns="model", values="score")
        .reindex(columns=models)
    )

    def test(pair: Any) -> tuple[Any, Any, Any]:
        values = (by_fold[pair[0]] - by_fold[pair[1]]).dropna().to_numpy()
        values = values if len(values) else np.array([np.nan])
        added = added_variance(scores, draws, test_to_train, metric, *pair)
        return values, added, corrected_t_test(values, test_to_train, added=added)

    every = list(combinations(models, 2))
    if reference is not None:
        every = [pair for pair in every if reference in pair]
    adjusted = holm_adjust([test(pair)[-1].pvalue for pair in every])
    # A pair has one p value, whichever of its models is subtracted.
    p_holm = dict(zip(map(frozenset, every), adjusted, strict=True))
    least, most = bounds or range_of(metric)
    rows = []
    for model_a, model_b in pairs:
        values, added, found = test((model_a, model_b))
        low, high = corrected_t_interval(
            values, test_to_train, added=added, confidence_level=confidence_level
        )
        # No more can lie between two scores; the test stays that of the interval.
        low, high = np.clip([low, high], least - most, most - least).tolist()
        rows.append(
            {
                "metric": metric,
                "model_a": model_a,
                "model_b": model_b,
                "difference": found.mean,
                "low": low,
                "high": high,
                "t": found.statistic,
                "p": found.pvalue,
                "p_holm": p_holm.get(frozenset((model_a, model_b)), np.nan),
            }
        )
    return rows


def choose_names(what: Any, known: Any, names: Any) -> list[str]:
    """The names chosen, each once, or all that are known."""
    if names is None:
        return known
    if isinstance(names, str):
        raise TypeError(f"{what}s must be a list of names, got {names!r}.")
    names = list(dict.fromkeys(names))
    if not names:
        raise ValueError(f"{what}s is empty: name at least one.")
    for name in names:
        if name not in known:
            raise ValueError(
                f"{what} {name!r} is not in the comparison, which has "
                f"{', '.join(map(str, known))}."
            )
    return names


def rows_of(table: Any, models: Any) -> pd.DataFrame:
    """Rows of the models, in their order."""
    parts = [table[table["model"] == name] for name in models]
    return pd.concat(parts, ignore_index=True)


def text_table(summary: Any, models: Any, metrics: Any) -> pd.DataFrame:
    """Means and intervals as text: one row per model, one column per metric."""
    cells = [as_text(*row) for row in summary[["mean", "low", "high"]].to_numpy()]
    wide = summary.assign(cell=cells).pivot(
        index="model", columns="metric", values="cell"
    )
    return wide.reindex(index=models, columns=metrics).fillna("undefined")


def as_text(mean: Any, low: Any, high: Any) -> str:
    """Text of a mean and its interval, where there is one."""
    if np.isnan(mean):
        return "undefined"
    return f"{mean:.3f}" + ("" if np.isnan(low) else f" [{low:.2f}, {high:.2f}]")
