"""Fitted estimators as differentiable functions of what they read.

Beside the ``predict_proba`` of each tower, pool and head stands its view, which
computes the same in torch; `skmultimodal.inspection` follows gradients through it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skmultimodal.exceptions import NotExplainableError
from skmultimodal.utils._probability import SMALLEST

__all__ = [
    "ONE_OUTPUT",
    "Batch",
    "ModalityView",
    "NoGradientError",
    "Route",
    "TorchView",
    "align_logs",
    "as_pair",
    "center_logs",
    "clip_logs",
    "modality_view",
    "scale",
    "tensor_like",
    "torch_view",
]


class NoGradientError(NotExplainableError):
    """An estimator without a view."""

    def __init__(self, estimator: Any) -> None:
        super().__init__(
            f"{type(estimator).__name__} has no gradients that can be followed: the "
            "towers and heads of skmultimodal have, and pipelines of StandardScaler, "
            "PCA, LogisticRegression and, for rows without blanks, SimpleImputer."
        )


class Batch:
    """Inputs of an estimator, and what networks have computed of them already.

    Parameters
    ----------
    x : Tensor of shape (n_rows, ...)
    """

    def __init__(self, x: Tensor) -> None:
        self.x = x
        self._computed: dict[Any, Tensor] = {}

    def once(self, owner: Any, compute: Callable[[Tensor], Tensor]) -> Tensor:
        """``compute(x)`` for its owner, or its name, at the first call only."""
        if owner not in self._computed:
            self._computed[owner] = compute(self.x)
        return self._computed[owner]


class TorchView:
    """View of an estimator; a subclass has what the estimator has.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def read_rows(self, rows: Any) -> Tensor:
        """Rows as the other methods take them: Tensor of shape (n_rows, ...).

        A network's own standardisation of columns is part of its function; images come
        normalised and shrunk, and genes after the signed logarithm.
        """
        return torch.as_tensor(np.asarray(rows, dtype=np.float64))

    def features(self, batch: Batch) -> Tensor:
        """Output of ``transform``: (n_rows, n_features)."""
        raise NoGradientError(self.estimator)

    def log_probabilities(self, batch: Batch) -> Tensor:
        """Logarithm of ``predict_proba``: (n_rows, n_classes)."""
        raise NoGradientError(self.estimator)

    def outputs(self, batch: Batch) -> Tensor:
        """``predict`` of an estimator of numbers or log-hazards: (n_rows, 1)."""
        raise NoGradientError(self.estimator)

    def check_weights(self) -> None:
        """Raise a ValueError if the weights of a network are not those it needs."""
        raise NoGradientError(self.estimator)

    def typical_row(self) -> Any:
        """Mean of the training rows, as of ``read_rows``; None if it is not kept."""
        return None

    def members(self) -> list[Callable[[Batch], Tensor]]:
        """Log-probabilities by each member of an ensemble; no function of others."""
        return []

    def image_views(self) -> list[Any]:
        """Views of the image towers inside."""
        return []


@singledispatch
def torch_view(estimator: Any) -> TorchView:
    """The view of a fitted estimator; its class is registered for the type."""
    return TorchView(estimator)


@dataclass
class Route:
    """Rows that are predicted in the same way.

    Parameters
    ----------
    rows : ndarray of int
        Their numbers.
    log_probabilities : callable
        Maps ``(x, rest)``, Tensors of what the modality's estimator reads and of what
        is computed from the other modalities, to log-probabilities
        (n_rows, n_classes).
    rest : Tensor of shape (n_rows, ...)
    """

    rows: NDArray[Any]
    log_probabilities: Callable[[Tensor, Tensor], Tensor]
    rest: Tensor


@dataclass
class ModalityView:
    """A fitted model as a function of one modality of some rows.

    Parameters
    ----------
    estimator : estimator
        Reads the modality.
    raw : ndarray of shape (n_rows, ...)
        Rows of the modality, as given.
    ids : pandas.Index of shape (n_rows,)
    names : list of str or None
        Names of the features.
    classes : ndarray of shape (n_classes,)
    routes : list of Route
    predict_proba : callable
        Maps other rows of the modality, in the place of `raw`, to probabilities.
    """

    estimator: Any
    raw: NDArray[Any]
    ids: Any
    names: Any
    classes: NDArray[Any]
    routes: list[Route]
    predict_proba: Callable[[Any], NDArray[Any]]


@singledispatch
def modality_view(model: Any, X: Any, modality: str) -> ModalityView | None:
    """View of a model of cohorts for rows that all have `modality`.

    None if `model` is none, but reads rows of one modality itself.
    """
    return None


# Arithmetic

# What stands for the classes of a model that predicts a number or a log-hazard: the
# log-odds of the second are that number.
ONE_OUTPUT = np.array(["", "prediction"])


def as_pair(outputs: Tensor) -> Tensor:
    """Logs of `ONE_OUTPUT`, (n_rows, 2), of which the log-odds are the outputs."""
    return torch.cat([-outputs / 2, outputs / 2], dim=1)


def tensor_like(array: Any, like: Tensor) -> Tensor:
    """An array in the type and on the device of a tensor."""
    return torch.as_tensor(np.asarray(array), dtype=like.dtype, device=like.device)


def scale(scaler: Any, x: Tensor) -> Tensor:
    """``transform`` of a fitted StandardScaler."""
    if scaler.mean_ is not None:
        x = x - tensor_like(scaler.mean_, x)
    return x if scaler.scale_ is None else x / tensor_like(scaler.scale_, x)


def clip_logs(logs: Tensor) -> Tensor:
    """Log-probabilities as fusion reads them, none below its smallest."""
    return logs.clamp(min=np.log(SMALLEST))


def align_logs(logs: Tensor, known: NDArray[Any], classes: NDArray[Any]) -> Tensor:
    """Log-probabilities of all `classes` from those of the `known` ones."""
    if len(known) == len(classes):
        return logs
    aligned = logs.new_full((len(logs), len(classes)), np.log(SMALLEST))
    aligned[:, np.searchsorted(classes, known)] = logs
    return aligned


def center_logs(logs: Tensor) -> Tensor:
    """Log-ratios of each class to the geometric mean of all."""
    return logs - logs.mean(dim=1, keepdim=True)
