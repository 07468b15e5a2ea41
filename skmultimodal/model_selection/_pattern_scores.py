"""Scores and calibration of out-of-fold probabilities, by missing-modality pattern."""

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from skmultimodal.utils._calibration_line import CalibrationLine, calibration_line
from skmultimodal.utils._patterns import modalities_of

__all__ = ["pattern_scores"]

COLUMNS = ["model", "pattern", "n_patients", "n_positive", "roc_auc", "brier"]
COLUMNS += ["log_loss", *(f"calibration_{name}" for name in CalibrationLine._fields)]


def pattern_scores(predictions, proba, models, classes, positive, level):
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
    level : float
        Confidence level of the intervals.

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
            scores = _score(code[here], p[here], positive, level)
            found.append({"model": model, "pattern": name, **scores})
    return pd.DataFrame(found, columns=COLUMNS)


def _by_size(pattern):
    names = modalities_of(pattern)
    return len(names), names


def _score(codes, p, positive, level):
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
    line = calibration_line(codes, p, positive, level)._asdict()
    return {
        "n_patients": len(p),
        "n_positive": int(hits[:, positive].sum()),
        "roc_auc": np.mean(areas) if areas else np.nan,
        "brier": briers[positive] if n_classes == 2 else np.sum(briers),
        "log_loss": log_loss(codes, p, labels=np.arange(n_classes)),
        **{f"calibration_{name}": value for name, value in line.items()},
    }
