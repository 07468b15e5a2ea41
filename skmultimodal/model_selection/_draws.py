"""Unpaired training rows drawn anew: what an interval is otherwise given."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._fold_assignment import (
    assign_groups,
    assign_rows,
    number_strata,
)
from skmultimodal.model_selection._folds import paired_rows
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._labels import encode_labels
from skmultimodal.utils._seed import reseed

__all__ = ["DRAW_COLUMNS", "UnpairedDraws", "added_variance", "variance_of_draws"]

DRAW_COLUMNS = ["model", "metric", "draw", "share", "repeat", "fold", "score"]


class UnpairedDraws:
    """Halves of the unpaired rows, with which models are fitted on a repeat each.

    Rows are drawn without replacement: a patient that is drawn twice would be on both
    sides of a split that a tower makes of its rows, and not every tower takes weights.
    By half of the rows a mean varies as much about that by all of them as the latter
    does over cohorts (the delete-half jackknife).

    Parameters
    ----------
    n_draws : int
        0 is none.
    folds : list of Fold
        What is tested. Draw b is of repeat b, or starts again with the first.
    X, y : rows and labels
    groups : array-like of shape (n_rows,), default=None
        Drawn whole.

    Raises
    ------
    ValueError
        If `n_draws` is neither 0 nor at least 2, or no two unpaired rows, or groups of
        them, train.
    """

    def __init__(
        self, n_draws: int, folds: Any, X: Any, y: Any, groups: Any = None
    ) -> None:
        if not isinstance(n_draws, Integral) or n_draws < 0 or n_draws == 1:
            raise ValueError(
                f"n_draws must be 0, or an integer of at least 2, got {n_draws!r}."
            )
        # Repeat, rows left out, and share of those kept.
        self.drawn: list[tuple[int, NDArray, float]] = []
        if n_draws == 0:
            return
        trains = np.zeros(len(y), dtype=bool)
        for fold in folds:
            trains[fold.train] = True
        rows = np.flatnonzero(trains & ~paired_rows(folds, X))
        groups = check_groups(groups, len(y))
        if len(rows if groups is None else np.unique(groups[rows])) < 2:
            raise ValueError(
                f"n_draws={n_draws}: fewer than two unpaired rows train, or they are "
                "of one group: there is nothing to draw from, set n_draws=0."
            )
        # Stratified as cohorts of this kind would be: by pattern, and class within it.
        _, codes = encode_labels(y, allow_unlabelled=True)
        strata = number_strata(as_cohort(X)[rows].patterns, codes[rows])
        repeats = list(dict.fromkeys(fold.repeat for fold in folds))
        for number in range(n_draws):
            rng = np.random.RandomState(number)
            if groups is None:
                out, _ = assign_rows(strata, 2, rng)
            else:
                out, _ = assign_groups(strata, groups[rows], 2, rng)
            share = 1 - len(out) / len(rows)
            self.drawn.append((repeats[number % len(repeats)], rows[out], share))

    def arms(self, arms: Any, n_seeds: int) -> list[Any]:
        """What is fitted: list of lists of (name, estimator, folds), one for each draw.

        Parameters
        ----------
        arms : list of (name, estimator, folds)
            What is fitted on all rows.
        n_seeds : int
            Seeds that are taken. Those of draws are others.
        """
        return [
            [
                (name, reseed(model, n_seeds + number), _without(folds, repeat, out))
                for name, model, folds in arms
            ]
            for number, (repeat, out, _) in enumerate(self.drawn)
        ]

    def table(self, scores: Any) -> pd.DataFrame | None:
        """Scores of the draws as of ``Comparison.draws``, or None without any.

        Parameters
        ----------
        scores : list of DataFrame of `score_table`
            Of each draw.
        """
        tables = [
            table.assign(draw=number, share=self.drawn[number][2])
            for number, table in enumerate(scores)
        ]
        return pd.concat(tables, ignore_index=True)[DRAW_COLUMNS] if tables else None


def _without(folds: Any, repeat: int, out: Any) -> list[Any]:
    return [
        fold._replace(train=np.setdiff1d(fold.train, out))
        for fold in folds
        if fold.repeat == repeat
    ]


def added_variance(
    scores: pd.DataFrame,
    draws: pd.DataFrame | None,
    test_to_train: float,
    metric: Any,
    model: Any,
    other: Any = None,
) -> Any:
    """Variance of a mean, or of a difference of means, by the unpaired rows.

    Parameters
    ----------
    scores : DataFrame
        As of ``Comparison.scores``.
    draws : DataFrame or None
        As of ``Comparison.draws``.
    test_to_train : float
    metric : str
    model, other : str
        The score is of `model`, less that of `other` if that is given.

    Returns
    -------
    added : (float, float) or None
        As of `corrected_t_test`. None without draws.
    """
    if draws is None:
        return None

    def score_of(table: Any, index: Any) -> pd.DataFrame:
        own = table[table["metric"] == metric]
        wide = own.pivot(index=index, columns="model", values="score")
        score = wide[model] if other is None else wide[model] - wide[other]
        return score.rename("score").reset_index()

    place = ["repeat", "fold"]
    both = score_of(draws, ["draw", "share", *place]).merge(
        score_of(scores, place), on=place, suffixes=("", "_of_all")
    )
    both["moved"] = both["score"] - both["score_of_all"]
    both = both.dropna(subset="moved")
    # Variance by all rows over that by a draw of a share of them without replacement.
    both["moved"] *= np.sqrt(both["share"] / (1 - both["share"]))
    moved = [part.to_numpy() for _, part in both.groupby("draw")["moved"]]
    if len(moved) < 2:
        return None
    own = score_of(scores, place)["score"].dropna().to_numpy()
    return variance_of_draws(moved, own, test_to_train)


def variance_of_draws(
    moved: Any, scores: NDArray, test_to_train: float
) -> tuple[float, float]:
    """Variance of a mean score by the unpaired rows that train, and its df.

    A draw moves the scores of the folds of a repeat. The mean movement differs between
    draws by how much the models depend on these rows, and by how that depends on the
    patients tested. The folds of all rows show the latter too: it is taken off, lest it
    count twice, but no more than these folds show in all.

    Parameters
    ----------
    moved : list of ndarray of shape (n_folds,)
        By draw: score of each fold less that of the same fold with all rows.
    scores : ndarray of shape (n_folds,)
        Of all folds with all rows.
    test_to_train : float
        As of `corrected_t_test`.

    Returns
    -------
    variance, df : float
    """

    def corrected(values: Any) -> float:
        return (1 / len(values) + test_to_train) * float(np.var(values, ddof=1))

    between = float(np.var([values.mean() for values in moved], ddof=1))
    within = [corrected(values) for values in moved if len(values) > 1]
    counted = min(float(np.mean(within)), corrected(scores)) if within else 0.0
    variance = max(between - counted, 0.0)
    # What is taken off is known better: the error is that of the variance between.
    df = (len(moved) - 1) * (variance / between) ** 2 if between else 0.0
    return variance, df
