"""Fitted estimators as differentiable functions of what they read.

``features(estimator, batch)`` and ``log_probabilities(estimator, batch)`` give what
``transform`` and ``predict_proba`` give, in torch. Another estimator joins by a
registration of its type.
"""

from functools import singledispatch

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn.functional import log_softmax

from skmultimodal.exceptions import NotExplainableError
from skmultimodal.fusion import FusionHeadClassifier, LogOpinionPoolClassifier
from skmultimodal.towers import (
    CrossFittedEnsembleClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._probability import SMALLEST

__all__ = [
    "Batch",
    "NoGradientError",
    "align",
    "bounded",
    "centred",
    "features",
    "image_nets",
    "log_probabilities",
    "read_rows",
    "scaled",
    "typical_row",
]


class NoGradientError(NotExplainableError):
    """An estimator has no gradients that this library knows."""

    def __init__(self, estimator):
        super().__init__(
            f"{type(estimator).__name__} has no gradients that can be followed: known "
            "are the towers and heads of skmultimodal, and pipelines of "
            "StandardScaler, PCA and LogisticRegression."
        )


class Batch:
    """Inputs of an estimator, and what nets have made of them already.

    Parameters
    ----------
    x : Tensor of shape (n_rows, ...)
    """

    def __init__(self, x):
        self.x = x
        self._made = {}

    def once(self, net, make):
        """``make(x)`` for a net, computed at its first call."""
        if id(net) not in self._made:
            self._made[id(net)] = make(self.x)
        return self._made[id(net)]


def _tensor(array, like):
    return torch.as_tensor(np.asarray(array), dtype=like.dtype, device=like.device)


def scaled(scaler, x):
    """What a fitted StandardScaler makes of a tensor."""
    if scaler.mean_ is not None:
        x = x - _tensor(scaler.mean_, x)
    return x if scaler.scale_ is None else x / _tensor(scaler.scale_, x)


def bounded(logs):
    """Log-probabilities as fusion reads them: none below the smallest it knows."""
    return logs.clamp(min=np.log(SMALLEST))


def align(logs, known, classes):
    """Log-probabilities of all `classes` from those of the `known` ones."""
    if len(known) == len(classes):
        return logs
    aligned = logs.new_full((len(logs), len(classes)), np.log(SMALLEST))
    aligned[:, np.searchsorted(classes, known)] = logs
    return aligned


def centred(logs):
    """Log-ratios of each class to the geometric mean of all."""
    return logs - logs.mean(dim=1, keepdim=True)


# Features


@singledispatch
def features(estimator, batch):
    """Differentiable ``transform``: Tensor of shape (n_rows, n_features)."""
    raise NoGradientError(estimator)


@features.register
def _(estimator: FrozenEstimator, batch):
    return features(estimator.estimator, batch)


@features.register
def _(estimator: ImageTowerClassifier, batch):
    return batch.once(estimator, estimator._fitted_module().features)


@features.register
def _(estimator: GeneAutoencoderTransformer, batch):
    def encode(x):
        return estimator._fitted_module().features(scaled(estimator.scaler_, x))

    return batch.once(estimator, encode)


@features.register
def _(estimator: CrossFittedEnsembleClassifier, batch):
    parts = [features(member, batch) for member in estimator.estimators_]
    joint = torch.cat(parts, dim=1).double()
    return features(estimator._axes, Batch(scaled(estimator._scaler, joint)))


@features.register
def _(estimator: StandardScaler, batch):
    return scaled(estimator, batch.x)


@features.register
def _(estimator: PCA, batch):
    x = batch.x - _tensor(estimator.mean_, batch.x)
    z = x @ _tensor(estimator.components_, x).T
    if estimator.whiten:
        z = z / _tensor(np.sqrt(estimator.explained_variance_), z)
    return z


@features.register
def _(estimator: Pipeline, batch):
    return _through(estimator.steps, batch).x


def _through(steps, batch):
    for _, step in steps:
        if step not in (None, "passthrough"):
            batch = Batch(features(step, batch))
    return batch


# Classes


@singledispatch
def log_probabilities(estimator, batch):
    """Differentiable logarithm of ``predict_proba``: Tensor (n_rows, n_classes)."""
    raise NoGradientError(estimator)


@log_probabilities.register
def _(estimator: FrozenEstimator, batch):
    return log_probabilities(estimator.estimator, batch)


@log_probabilities.register
def _(estimator: ImageTowerClassifier, batch):
    logits = estimator._fitted_module().output(features(estimator, batch))
    return log_softmax(logits.double(), dim=1)


@log_probabilities.register
def _(estimator: GeneAutoencoderTransformer, batch):
    classifier = estimator._fitted_module().classifier
    if classifier is None:
        raise NoGradientError(estimator)
    return log_softmax(classifier(features(estimator, batch)).double(), dim=1)


@log_probabilities.register
def _(estimator: CrossFittedEnsembleClassifier, batch):
    said = []
    for member, head in zip(estimator.estimators_, estimator.heads_, strict=True):
        speaker = member if head is None else head
        read = batch if head is None else Batch(features(member, batch).double())
        logs = log_probabilities(speaker, read)
        logs = align(logs, speaker.classes_, estimator.classes_)
        said.append(centred(bounded(logs)))
    mean = torch.stack(said).mean(dim=0)
    intercept = _tensor(estimator.intercept_, mean)
    return log_softmax(estimator.slope_ * mean + intercept, dim=1)


@log_probabilities.register
def _(estimator: Pipeline, batch):
    return log_probabilities(estimator[-1], _through(estimator.steps[:-1], batch))


@log_probabilities.register
def _(estimator: LogisticRegression, batch):
    x = batch.x
    logits = x @ _tensor(estimator.coef_, x).T + _tensor(estimator.intercept_, x)
    if len(estimator.classes_) == 2:
        logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
    return log_softmax(logits, dim=1)


@log_probabilities.register
def _(estimator: LogOpinionPoolClassifier, batch):
    x = batch.x
    inside = x.clamp(*_tensor(estimator.feature_range_, x))
    logits = inside @ _tensor(estimator.coef_, x).T + _tensor(estimator.intercept_, x)
    for name, columns in estimator._odds.items():
        odds = x[:, columns]
        opinion = odds
        if len(estimator.classes_) == 2:
            opinion = torch.cat([-odds / 2, odds / 2], dim=1)
        logits = logits + estimator.weights_[name] * opinion
    return log_softmax(logits, dim=1)


@log_probabilities.register
def _(estimator: FusionHeadClassifier, batch):
    module = estimator._fitted_module()
    x = batch.x.to(device=resolve_device(estimator.device), dtype=torch.float64)
    return log_softmax(module(x), dim=1)


# What they read


@singledispatch
def read_rows(estimator, rows):
    """Rows as the estimator reads them in this module: Tensor (n_rows, ...).

    A net's own standardisation of columns is part of its function; images come
    normalised and shrunk, and genes after the signed logarithm.
    """
    return torch.as_tensor(np.asarray(rows, dtype=np.float64))


@read_rows.register
def _(estimator: FrozenEstimator, rows):
    return read_rows(estimator.estimator, rows)


@read_rows.register
def _(estimator: CrossFittedEnsembleClassifier, rows):
    return read_rows(estimator.estimators_[0], rows)


@read_rows.register
def _(estimator: GeneAutoencoderTransformer, rows):
    genes = estimator._unscaled(np.asarray(rows), np.arange(len(rows)))
    device = resolve_device(estimator.device)
    return torch.as_tensor(genes, dtype=torch.float64, device=device)


@read_rows.register
def _(estimator: ImageTowerClassifier, rows):
    images = estimator._preparation(np.asarray(rows), np.arange(len(rows)))
    return torch.as_tensor(images, device=resolve_device(estimator.device))


@singledispatch
def typical_row(estimator):
    """Mean of the training rows, in the terms of ``read_rows``; None if not kept."""
    return None


@typical_row.register
def _(estimator: FrozenEstimator):
    return typical_row(estimator.estimator)


@typical_row.register
def _(estimator: CrossFittedEnsembleClassifier):
    means = [typical_row(member) for member in estimator.estimators_]
    return None if any(mean is None for mean in means) else np.mean(means, axis=0)


@typical_row.register
def _(estimator: Pipeline):
    return typical_row(estimator[0])


@typical_row.register(GeneAutoencoderTransformer)
def _(estimator):
    return estimator.scaler_.mean_


@typical_row.register(StandardScaler)
@typical_row.register(PCA)
def _(estimator):
    return estimator.mean_


def image_nets(estimator):
    """The image towers inside an estimator."""
    if isinstance(estimator, FrozenEstimator):
        return image_nets(estimator.estimator)
    if isinstance(estimator, CrossFittedEnsembleClassifier):
        return [net for member in estimator.estimators_ for net in image_nets(member)]
    return [estimator] if isinstance(estimator, ImageTowerClassifier) else []
