"""The model in the shortcut audit: within hospitals, and beside known covariates."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.model_selection._audit_ranks import (
    expected_if_permuted,
    ranked,
    ranked_within,
)
from skmultimodal.model_selection._audit_sources import covariate_predictor
from skmultimodal.model_selection._folds import Fold

__all__ = [
    "FoldScores",
    "area_of_folds",
    "between",
    "gain_over",
    "make_fold_scores",
    "permuted_within",
    "within",
]


class FoldScores(NamedTuple):
    """Scores of the test rows of a fold, (n_rows, n_classes) or (n_rows, 1).

    Of classes the higher is the likelier, of numbers the greater, of times the earlier.
    """

    fold: Fold
    scores: np.ndarray
    is_proba: bool


def make_fold_scores(comparison: Any, name: Any, ranks: Any) -> list[Any]:
    """Scores of a model of a comparison: list of FoldScores."""
    by_fold = ranks.out_of_fold(comparison, name)
    return [
        FoldScores(fold, by_fold[fold.repeat, fold.fold].to_numpy(), is_proba=True)
        for fold in comparison.folds
    ]


def area_of_folds(model: Any, y: Any, ranks: Any) -> NDArray:
    """AUC or concordance of each fold: ndarray of shape (n_folds,)."""
    return np.array([ranks.area(y[f.fold.test], f.scores) for f in model])


def within(model: Any, y: NDArray, ranks: Any, column: NDArray) -> NDArray:
    """The same over pairs of patients with the same value of a covariate.

    Parameters
    ----------
    model : list of FoldScores
    y : ndarray of shape (n_rows,)
    ranks : OfClasses or OfOrder
    column : ndarray of shape (n_rows,)
        Codes of its values, -1 where it is missing.

    Returns
    -------
    areas : ndarray of shape (n_folds,)
        NaN where no two test rows that are to be ranked share a value.
    """
    return _by_fold(_within, model, y, ranks, column)


def between(model: Any, y: Any, ranks: Any, column: Any) -> NDArray:
    """The same over pairs of patients with different values of a covariate.

    Parameters and return value are as of `within`.
    """
    return _by_fold(_between, model, y, ranks, column)


def permuted_within(model: Any, y: Any, ranks: Any, column: Any) -> NDArray:
    """The same that is expected of labels permuted among equal values.

    Pairs with the same value then have an area of one half, and a pair of different
    ones counts as often as permuted labels make it one to be ranked. What lies above
    one half is what the value explains.

    Parameters and return value are as of `within`.
    """
    return _by_fold(_permuted, model, y, ranks, column)


def _by_fold(area: Any, model: Any, y: Any, ranks: Any, column: Any) -> NDArray:
    return np.array(
        [_over_classes(area, f, y[f.fold.test], ranks, column) for f in model]
    )


def _over_classes(area: Any, found: Any, y: Any, ranks: Any, column: Any) -> float:
    """Mean of an area over the classes, by their numbers of pairs."""
    codes = column[found.fold.test]
    known = codes >= 0
    areas, weights = [], []
    for truth, score in ranks.parts(y[known], found.scores[known]):
        value, n_pairs = area(truth, score, codes[known])
        if n_pairs:
            areas.append(value)
            weights.append(n_pairs)
    # With two classes, both have the same pairs and area.
    return np.average(areas, weights=weights) if areas else np.nan


def _within(truth: NDArray, score: Any, codes: NDArray) -> tuple[float, float]:
    right, n = ranked_within(truth, score, codes)
    return (right / n if n else np.nan), n


def _between(truth: NDArray, score: Any, codes: NDArray) -> tuple[float, float]:
    right, n = np.subtract(ranked(truth, score), ranked_within(truth, score, codes))
    return (right / n if n else np.nan), n


def _permuted(truth: NDArray, score: Any, codes: NDArray) -> tuple[float, float]:
    right, n = expected_if_permuted(truth, score, codes)
    return (right / n if n else np.nan), n


def gain_over(
    model: Any, target: Any, ranks: Any, columns: pd.DataFrame
) -> tuple[NDArray, NDArray]:
    """AUC or concordance of covariates with the model's scores, and without.

    Both are regressions fitted, within a repeat, on the test rows of the other
    folds, whose scores are out of fold too: log-odds, numbers or log-hazards.

    Parameters
    ----------
    model : list of FoldScores
    target : Target
    ranks : OfClasses or OfOrder
    columns : DataFrame of shape (n_rows, n_covariates)

    Returns
    -------
    with_model, alone : ndarray of shape (n_folds,)
        NaN where the other folds teach nothing, or the fold has no pair to rank.
    """
    y = target.y
    with_model, alone = [], []
    for here in model:
        repeat = [f for f in model if f.fold.repeat == here.fold.repeat]
        rest = [f for f in repeat if f is not here]
        known = target.codes[np.concatenate(_rows(rest))] if rest else np.empty(0)
        if not len(known) or not target.outcome.differ(known):
            with_model.append(np.nan)
            alone.append(np.nan)
            continue
        for areas, beside in ((with_model, True), (alone, False)):
            train = _table(rest, columns, beside, ranks)
            test = _table([here], columns, beside, ranks)
            fitted = covariate_predictor(train, ranks.predictor())
            fitted.fit(train, y[np.concatenate(_rows(rest))])
            scores, _ = ranks.responses(fitted, test)
            areas.append(ranks.area(y[here.fold.test], scores))
    return np.array(with_model), np.array(alone)


def _rows(folds: Any) -> list[Any]:
    return [f.fold.test for f in folds]


def _table(folds: Any, columns: Any, beside: Any, ranks: Any) -> pd.DataFrame:
    table = columns.iloc[np.concatenate(_rows(folds))].reset_index(drop=True)
    if not beside:
        return table
    kept = np.concatenate([ranks.as_columns(f.scores, f.is_proba) for f in folds])
    found = pd.DataFrame(kept, columns=[f"model {n}" for n in range(kept.shape[1])])
    return pd.concat([table, found], axis=1)
