"""What a log-opinion pool has learned, from its public attributes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Pool", "pool_table", "read_pool"]

ATTRIBUTES = ["classes_", "factors_", "weights_", "correlations_", "shift_"]


class Pool(NamedTuple):
    """Weights and correlations of the modalities' log-odds, and the intercept's shift.

    ``shifts`` has a pair of class and shift: of two classes the positive one and its
    log-odds, of more every class and its centred log-ratio.
    """

    modalities: list[str]
    weights: list[float]
    correlations: list[list[float]]  # a list for each modality
    shifts: list[tuple[str, float]]


def read_pool(estimator: Any, positive: Any, names: Mapping[Any, Any]) -> Pool | None:
    """The pool that a model ends with, or None.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    positive : class label
    names : dict of class label to str

    Returns
    -------
    pool : Pool or None
        None of a model that ends otherwise, or has one modality.
    """
    pool: Any = getattr(estimator, "final_estimator_", None)
    if not all(hasattr(pool, name) for name in ATTRIBUTES) or len(pool.factors_) < 2:
        return None
    modalities = list(pool.factors_)
    classes, shift = np.asarray(pool.classes_).tolist(), np.asarray(pool.shift_)
    shifts = list(zip(classes, shift.tolist(), strict=True))
    if len(classes) == 2:
        place = classes.index(positive)
        shifts = [(positive, float(shift[place] - shift[1 - place]))]
    return Pool(
        modalities,
        [float(pool.weights_[name]) for name in modalities],
        np.asarray(pool.correlations_).tolist(),
        [(names[label], value) for label, value in shifts],
    )


def pool_table(pool: Pool) -> pd.DataFrame:
    """Weights and correlations: one row per modality."""
    columns = [f"correlation with {name}" for name in pool.modalities]
    table = pd.DataFrame(pool.correlations, pool.modalities, columns)
    table.insert(0, "weight", pool.weights)
    return table.rename_axis("modality")
