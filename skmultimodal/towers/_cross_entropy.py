"""The loss of classifiers that are networks, with weights of classes and of rows."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import compute_class_weight

from skmultimodal.nn import LabelLoss
from skmultimodal.utils._device import resolve_device

__all__ = ["make_cross_entropy"]


def make_cross_entropy(estimator: Any, y: Any, sample_weight: Any = None) -> Any:
    """Cross-entropy whose weights are the `class_weight` of a classifier.

    With `sample_weight` its targets are pairs of classes and weights; "balanced" is
    then by their sums.
    """
    weights = None
    if estimator.class_weight is not None:
        weights = torch.as_tensor(
            _class_weights(estimator, y, sample_weight),
            dtype=torch.float32,
            device=resolve_device(estimator.device),
        )
    if sample_weight is not None:
        return LabelLoss(weights)
    return torch.nn.CrossEntropyLoss(weight=weights)


def _class_weights(estimator: Any, y: Any, sample_weight: Any) -> NDArray:
    chosen, classes = estimator.class_weight, estimator.classes_
    if sample_weight is None or chosen != "balanced":
        return compute_class_weight(chosen, classes=classes, y=y)
    sums = np.bincount(np.searchsorted(classes, y), sample_weight)
    return sums.sum() / (len(classes) * sums)
