"""Scores and calibration of out-of-fold probabilities, by missing-modality pattern."""

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from skmultimodal.utils._patterns import modalities_of

__all__ = ["pattern_scores"]

# What a calibration slope needs: rows, and of each class that enters.
MIN_ROWS = 30
MIN_OF_CLASS = 5
COLUMNS = ["model", "pattern", "n_patients", "n_positive", "roc_auc", "brier"]
COLUMNS += ["log_loss", "calibration_slope", "calibration_intercept"]


def pattern_scores(predictions, proba, models, classes, positive):
    """Scores by model and pattern, as of ``Comparison.by_pattern``.

    Parameters
    ----------
    predictions : DataFrame
        With columns ``model``, ``row``, ``pattern`` and ``y_true``.
    proba : ndarray of shape (n_predictions, n_classes)
    models : list of str
        Those that have probabilities.
    classes : ndarray of shape (n_classes,)
    positive : int
        Number of the positive class.

    Returns
    -------
    scores : DataFrame
    """
    codes = pd.Categorical(predictions["y_true"], categories=classes.tolist()).codes
    found = []
    for model in models:
        chosen = (predictions["model"] == model).to_numpy()
        row = predictions["row"].to_numpy()[chosen]
        p = pd.DataFrame(proba[chosen]).groupby(row).mean().to_numpy()
        p = p / p.sum(axis=1, keepdims=True)  # lest rounding be taken for an error
        first = np.unique(row, return_index=True)[1]
        pattern = predictions["pattern"].to_numpy()[chosen][first]
        code = codes[chosen][first].astype(int)
        for name in sorted(set(pattern), key=_by_size):
            here = pattern == name
            scores = _score(code[here], p[here], positive)
            found.append({"model": model, "pattern": name, **scores})
    return pd.DataFrame(found, columns=COLUMNS)


def _by_size(pattern):
    names = modalities_of(pattern)
    return len(names), names


def _score(codes, p, positive):
    """Scores of some rows, of which `p` has the probabilities of all classes."""
    n_classes = p.shape[1]
    hits = np.eye(n_classes, dtype=int)[codes]
    areas = [
        roc_auc_score(hits[:, k], p[:, k])
        for k in range(n_classes)
        if 0 < hits[:, k].sum() < len(p)
    ]
    briers = [
        brier_score_loss(hits[:, k], p[:, k].clip(0, 1), pos_label=1)
        for k in range(n_classes)
    ]
    slope, intercept = _calibrate(codes, p, positive)
    return {
        "n_patients": len(p),
        "n_positive": int(hits[:, positive].sum()),
        "roc_auc": np.mean(areas) if areas else np.nan,
        "brier": briers[positive] if n_classes == 2 else np.sum(briers),
        "log_loss": log_loss(codes, p, labels=np.arange(n_classes)),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }


def _calibrate(codes, p, positive):
    """Slope of the log-ratios of all pairs of classes, and intercept of two classes.

    Among rows of two classes, which of them a row is of depends on their log-ratio
    alone: a logistic regression, whose slope is common to all pairs.
    """
    classes = np.flatnonzero(np.bincount(codes) >= MIN_OF_CLASS)
    if len(p) < MIN_ROWS or len(classes) < 2:
        return np.nan, np.nan
    logs = np.log(p.clip(np.finfo(float).eps))  # as in log_loss
    ratios, hits, pairs = [], [], []
    for number, (j, k) in enumerate(combinations(classes, 2)):
        own = np.isin(codes, [j, k])
        ratios.append(logs[own, k] - logs[own, j])
        hits.append(codes[own] == k)
        pairs.append(np.full(own.sum(), number))
    for sign in (1, -1):
        if all(_are_apart(sign * r, h) for r, h in zip(ratios, hits, strict=True)):
            return np.nan, np.nan
    ratios, pairs = np.concatenate(ratios), np.concatenate(pairs)
    # Nearly constant ratios have a steep slope: it is fitted in units of their spread.
    centre, spread = ratios.mean(), ratios.std()
    design = np.column_stack(
        [(ratios - centre) / spread, np.eye(pairs.max() + 1)[pairs]]
    )
    model = LogisticRegression(
        C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-8
    )
    steep, intercept, *_ = model.fit(design, np.concatenate(hits)).coef_[0]
    slope = steep / spread
    if p.shape[1] > 2:
        return slope, np.nan
    intercept = intercept - slope * centre
    return slope, intercept if positive else -intercept


def _are_apart(ratios, hits):
    """Whether no row has a greater log-ratio than one that is a hit and it is not.

    Then the likelihood has no maximum.
    """
    return ratios[~hits].max() <= ratios[hits].min()
