"""Scores and calibration of out-of-fold probabilities, by missing-modality pattern."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from skmultimodal.utils._calibration_line import CalibrationLine, calibration_line
from skmultimodal.utils._patterns import modalities_of

__all__ = ["pattern_scores"]

COLUMNS = ["model", "pattern", "n_patients", "n_positive", "roc_auc", "brier"]
COLUMNS += ["log_loss", *(f"calibration_{name}" for name in CalibrationLine._fields)]


def pattern_scores(
    patients: Any, positive: int, level: float, ratios: dict[str, float]
) -> pd.DataFrame:
    """Scores by model and pattern, as of ``Comparison.by_pattern``.

    Parameters
    ----------
    patients : dict of str to PatientPredictions
        By model.
    positive : int
        Number of the positive class.
    level : float
        Confidence level of the intervals.
    ratios : dict of str to float
        Test to training rows that differ between folds; 0 of a fixed model.

    Returns
    -------
    scores : DataFrame
    """
    found = []
    for model, (_, codes, p, patterns, *_) in patients.items():
        for name in sorted(set(patterns), key=_by_size):
            here = patterns == name
            scores = _score(codes[here], p[here], positive, level, ratios[model])
            found.append({"model": model, "pattern": name, **scores})
    return pd.DataFrame(found, columns=COLUMNS)


def _by_size(pattern: str) -> tuple[Any, Any]:
    names = modalities_of(pattern)
    return len(names), names


def _score(
    codes: NDArray, p: Any, positive: Any, level: float, ratio: float
) -> dict[str, Any]:
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
    line = calibration_line(codes, p, positive, level, ratio)._asdict()
    return {
        "n_patients": len(p),
        "n_positive": int(hits[:, positive].sum()),
        "roc_auc": np.mean(areas) if areas else np.nan,
        "brier": briers[positive] if n_classes == 2 else np.sum(briers),
        "log_loss": log_loss(codes, p, labels=np.arange(n_classes)),
        **{f"calibration_{name}": value for name, value in line.items()},
    }
