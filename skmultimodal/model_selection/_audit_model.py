"""The model in the shortcut audit: within hospitals, and beside known covariates."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from skmultimodal.model_selection._audit_sources import covariate_predictor
from skmultimodal.model_selection._folds import Fold
from skmultimodal.utils._probability import align_classes, log_ratios

__all__ = [
    "FoldScores",
    "area_of_folds",
    "between",
    "gain_over",
    "make_fold_scores",
    "mean_one_against_rest",
    "permuted_within",
    "responses",
    "within",
]


class FoldScores(NamedTuple):
    """Scores of the test rows of a fold: (n_rows, n_classes), higher is likelier."""

    fold: Fold
    scores: np.ndarray
    is_proba: bool


def responses(fitted, X, classes):
    """Scores of a fitted classifier for each class: (n_rows, n_classes).

    Its probabilities, or its decision function; a class that it was not trained on has
    the lowest score.
    """
    if hasattr(fitted, "predict_proba"):
        return align_classes(fitted.predict_proba(X), fitted.classes_, classes)
    scores = fitted.decision_function(X)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    every = np.full((len(scores), len(classes)), scores.min())
    every[:, np.searchsorted(classes, fitted.classes_)] = scores
    return every


def make_fold_scores(comparison, name):
    """Scores of a model of a comparison: list of FoldScores."""
    p = comparison.proba(name)
    by_fold = dict(list(p.groupby(level=["repeat", "fold"], sort=False)))
    return [
        FoldScores(fold, by_fold[fold.repeat, fold.fold].to_numpy(), is_proba=True)
        for fold in comparison.folds
    ]


def mean_one_against_rest(scores, y, classes):
    """Mean AUC of each class against the rest, over the classes in `y`.

    NaN if `y` has one class.
    """
    present = [place for place, label in enumerate(classes) if (y == label).any()]
    if len(present) < 2:
        return np.nan
    areas = [roc_auc_score(y == classes[i], scores[:, i]) for i in present]
    return float(np.mean(areas))


def area_of_folds(model, y, classes):
    """AUC of each fold: ndarray of shape (n_folds,)."""
    return np.array(
        [mean_one_against_rest(f.scores, y[f.fold.test], classes) for f in model]
    )


def within(model, y, classes, column):
    """AUC of each fold over pairs of patients with the same value of a covariate.

    Parameters
    ----------
    model : list of FoldScores
    y : ndarray of shape (n_rows,)
    classes : ndarray of shape (n_classes,)
    column : ndarray of shape (n_rows,)
        Codes of its values, -1 where it is missing.

    Returns
    -------
    areas : ndarray of shape (n_folds,)
        NaN where no two test rows of different classes share a value.
    """
    return _by_fold(_within, model, y, classes, column)


def between(model, y, classes, column):
    """AUC of each fold over pairs of patients with different values of a covariate.

    Parameters and return value are as of `within`.
    """
    return _by_fold(_between, model, y, classes, column)


def permuted_within(model, y, classes, column):
    """AUC of each fold that is expected of labels permuted among equal values.

    Pairs with the same value then have an area of one half, and a pair of different
    ones counts as often as their shares of the class make it one. What lies above one
    half is what the value explains.

    Parameters and return value are as of `within`.
    """
    return _by_fold(_permuted, model, y, classes, column)


def _by_fold(area, model, y, classes, column):
    return np.array(
        [_over_classes(area, f, y[f.fold.test], classes, column) for f in model]
    )


def _over_classes(area, found, y, classes, column):
    """Mean of an area over the classes, by their numbers of pairs."""
    codes = column[found.fold.test]
    known = codes >= 0
    areas, weights = [], []
    for place, label in enumerate(classes):
        hits, score = (y == label)[known], found.scores[known, place]
        value, n_pairs = area(hits, score, codes[known])
        if n_pairs:
            areas.append(value)
            weights.append(n_pairs)
    # With two classes, both have the same pairs and area.
    return np.average(areas, weights=weights) if areas else np.nan


def _ranked(hits, score):
    """Pairs of a hit and another in the right order, and all of them."""
    n = hits.sum() * (~hits).sum()
    return (n * roc_auc_score(hits, score) if n else 0.0), n


def _sums_within(hits, score, codes):
    parts = [_ranked(hits[codes == c], score[codes == c]) for c in np.unique(codes)]
    return np.sum(parts, axis=0) if parts else np.zeros(2)


def _within(hits, score, codes):
    right, n = _sums_within(hits, score, codes)
    return (right / n if n else np.nan), n


def _between(hits, score, codes):
    right, n = np.subtract(_ranked(hits, score), _sums_within(hits, score, codes))
    return (right / n if n else np.nan), n


def _permuted(hits, score, codes):
    _, n_same = _sums_within(hits, score, codes)
    n = hits.sum() * (~hits).sum()
    if not n:
        return np.nan, 0
    sizes = np.bincount(codes)
    share = np.bincount(codes, weights=hits)[codes] / sizes[codes]
    order = (1 + np.sign(score[:, None] - score)) / 2
    weight = share[:, None] * (1 - share) * (codes[:, None] != codes)
    return (n_same / 2 + (weight * order).sum()) / n, n


def gain_over(model, y, classes, columns):
    """AUC of covariates with the model's log-odds, and without, for each fold.

    Both are logistic regressions fitted, within a repeat, on the test rows of the other
    folds, whose log-odds are out of fold too.

    Parameters
    ----------
    model : list of FoldScores
    y : ndarray of shape (n_rows,)
    classes : ndarray of shape (n_classes,)
    columns : DataFrame of shape (n_rows, n_covariates)

    Returns
    -------
    with_model, alone : ndarray of shape (n_folds,)
        NaN where the other folds, or the fold, are of one class.
    """
    with_model, alone = [], []
    for here in model:
        repeat = [f for f in model if f.fold.repeat == here.fold.repeat]
        rest = [f for f in repeat if f is not here]
        if not rest or len(np.unique(y[np.concatenate(_rows(rest))])) < 2:
            with_model.append(np.nan)
            alone.append(np.nan)
            continue
        for areas, beside in ((with_model, True), (alone, False)):
            train, test = _table(rest, columns, beside), _table([here], columns, beside)
            fitted = covariate_predictor(train)
            fitted.fit(train, y[np.concatenate(_rows(rest))])
            y_test = y[here.fold.test]
            scores = responses(fitted, test, classes)
            areas.append(mean_one_against_rest(scores, y_test, classes))
    return np.array(with_model), np.array(alone)


def _rows(folds):
    return [f.fold.test for f in folds]


def _table(folds, columns, beside):
    table = columns.iloc[np.concatenate(_rows(folds))].reset_index(drop=True)
    if not beside:
        return table
    scores = [log_ratios(f.scores) if f.is_proba else f.scores for f in folds]
    scores = np.concatenate(scores).astype(float)
    # Of two classes, one log-ratio has all.
    kept = scores[:, 1:] if scores.shape[1] == 2 else scores
    odds = pd.DataFrame(kept, columns=[f"model {n}" for n in range(kept.shape[1])])
    return pd.concat([table, odds], axis=1)
