"""What scores can be, and how much they vary by the patients tested alone."""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["PatientCounts", "is_of_a_constant", "least_variance", "range_of"]

SHARES = (
    *("accuracy", "average_precision", "balanced_accuracy", "f1", "jaccard"),
    *("precision", "recall", "roc_auc", "sensitivity", "specificity"),
    "top_k_accuracy",
)
VARIANTS = (
    *("_micro", "_macro", "_weighted", "_samples", "_ovr", "_ovo"),
    *("_ovr_weighted", "_ovo_weighted"),
)
RANGES = {
    "neg_brier_score": (-1.0, 0.0),
    "neg_integrated_brier_score": (-1.0, 0.0),
    "uno_c": (0.0, 1.0),
    "auc": (0.0, 1.0),
    "coverage": (0.0, 1.0),
    "matthews_corrcoef": (-1.0, 1.0),
    "mcc": (-1.0, 1.0),
    "cohen_kappa": (-1.0, 1.0),
    "kappa": (-1.0, 1.0),
    "d2_brier_score": (-np.inf, 1.0),
    "d2_log_loss_score": (-np.inf, 1.0),
    "r2": (-np.inf, 1.0),
}
RANGES |= {f"{n}{v}": (0.0, 1.0) for n in SHARES for v in ("", *VARIANTS)}
OF_POSITIVE = ("average_precision", "f1", "precision")
UNKNOWN = (-np.inf, np.inf)


class PatientCounts(NamedTuple):
    """Tested patients, each counted once: of the positive class, and others.

    No whole numbers if they are weighted.
    """

    n_positive: float
    n_others: float
    n_classes: int = 2


def range_of(metric: Any) -> tuple[float, float]:
    """What the scores of a metric lie between, by its name in scikit-learn.

    The scores do not tell: a coefficient from -1 to 1 may be above 0 on all folds.
    """
    metric = metric.partition(" ")[0]
    if metric.startswith("neg_"):
        return RANGES.get(metric, (-np.inf, 0.0))
    return RANGES.get(metric, UNKNOWN)


def least_variance(metric: str, tested: Any) -> Any:
    """Variance of a score by the patients tested, at each value that is the true one.

    Folds that agree by chance, as near the end of the range, show less.

    Parameters
    ----------
    metric : str
    tested : PatientCounts or None

    Returns
    -------
    variance : callable or None
        Of the true value. None where it is not known.
    """
    if tested is None:
        return None
    n_rows = {
        "accuracy": tested.n_positive + tested.n_others,
        "recall": tested.n_positive,
        "sensitivity": tested.n_positive,
        "specificity": tested.n_others,
    }
    if tested.n_classes == 2:
        # No shares of so many patients, but about as uncertain (Boyd, Eng and Page 2013
        # on average precision): as many as are of the class should be found.
        n_rows |= dict.fromkeys(OF_POSITIVE, tested.n_positive)
        # Half the sum of two shares.
        if min(tested[:2]):
            n_rows["balanced_accuracy"] = 4 / sum(1 / n for n in tested[:2])
    if n := n_rows.get(metric):
        return lambda share: share * (1 - share) / n
    if metric == "roc_auc" and tested.n_classes == 2 and min(tested[:2]):
        return lambda area: _area_variance(area, *tested[:2])
    return None


def is_of_a_constant(metric: Any, score: Any) -> bool:
    """Whether a score is that of predicting every patient alike, whoever is tested."""
    return metric in ("roc_auc", "balanced_accuracy") and score == 0.5


def _area_variance(area: Any, n_positive: float, n_others: float) -> Any:
    """Hanley and McNeil's variance of an area under the ROC curve."""
    of_positive = area / (2 - area) - area**2
    of_others = 2 * area**2 / (1 + area) - area**2
    total = area * (1 - area)
    total += (n_positive - 1) * of_positive + (n_others - 1) * of_others
    return total / (n_positive * n_others)
