"""Towers in torch: the same that their ``predict_proba`` computes."""

from functools import partial
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import log_softmax

from skmultimodal.exceptions import NotExplainableError
from skmultimodal.towers._bag import BagTowerClassifier
from skmultimodal.towers._base import NetEstimator
from skmultimodal.towers._cox import CoxRidgeSurvival
from skmultimodal.towers._cross_fitting import BaseCrossFittedEnsemble
from skmultimodal.towers._gene_base import BaseGeneAutoencoder
from skmultimodal.towers._image_base import BaseImageTower
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._torch_views import (
    Batch,
    NoGradientError,
    TorchView,
    align_logs,
    as_pair,
    center_logs,
    clip_logs,
    scale,
    tensor_like,
    torch_view,
)

__all__ = ["NetView"]


@torch_view.register(NetEstimator)
class NetView(TorchView):
    """View of a network."""

    @property
    def module(self) -> Any:
        """The trained module, in the type and on the device that it predicts with."""
        return self.estimator._fitted_module()

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        if not hasattr(self.estimator, "classes_"):
            return as_pair(self.outputs(batch))
        return log_softmax(self.logits(batch).double(), dim=1)

    def outputs(self, batch: Any) -> torch.Tensor:
        return _as_predicted(self.estimator, self.logits(batch).double())

    def logits(self, batch: Any) -> torch.Tensor:
        """Output of the network: (n_rows, n_outputs)."""
        raise NoGradientError(self.estimator)

    def check_weights(self) -> None:
        """Compare the weights with the network, whose tensors are not allocated.

        Raises
        ------
        ValueError
            If they are not those of a network with ``net_params_``.
        """
        self.estimator._check_weights()


@torch_view.register(BaseImageTower)
class ImageView(NetView):
    """View of an image tower."""

    def read_rows(self, rows: Any) -> torch.Tensor:
        tower = self.estimator
        images = tower._preparation(np.asarray(rows), np.arange(len(rows)))
        return torch.as_tensor(images, device=resolve_device(tower.device))

    def features(self, batch: Any) -> torch.Tensor:
        return batch.once(self.estimator, self.module.features)

    def logits(self, batch: Any) -> torch.Tensor:
        module = self.module
        own = module.output(self.features(batch))
        if module.linear is None:
            return own
        # They are the same for all members of an ensemble.
        shared = "statistics", self.mask_channel
        return module.average(own, batch.once(shared, module.statistics))

    def image_views(self) -> list[Any]:
        return [self]

    @property
    def mask_channel(self) -> int | None:
        """Channel of the segmentation, or None."""
        return self.estimator.mask_channel_

    @property
    def block_side(self) -> int:
        """Pixels of an image that are averaged to one, along a side."""
        return self.estimator._preparation.factor

    @property
    def encoder(self) -> Any:
        """Layers that return feature maps: torch module."""
        return self.module.encoder


@torch_view.register(BaseGeneAutoencoder)
class GeneView(NetView):
    """View of a gene tower."""

    def read_rows(self, rows: Any) -> torch.Tensor:
        genes = self.estimator._unscaled(np.asarray(rows), np.arange(len(rows)))
        device = resolve_device(self.estimator.device)
        return torch.as_tensor(genes, dtype=torch.float64, device=device)

    def features(self, batch: Any) -> torch.Tensor:
        return batch.once(self.estimator, self._encode)

    def _encode(self, x: Any) -> torch.Tensor:
        return self.module.features(self._scaled(x))

    def _scaled(self, x: Any) -> torch.Tensor:
        return scale(self.estimator.scaler_, x)

    def logits(self, batch: Any) -> torch.Tensor:
        if self.module.classifier is None:
            raise NoGradientError(self.estimator)
        return self.module.classify(self._scaled(batch.x), self.features(batch))

    def typical_row(self) -> NDArray | None:
        return self.estimator.scaler_.mean_


@torch_view.register(BagTowerClassifier)
class BagView(NetView):
    """View of a tower of bags, whose rows are no tensor."""

    def read_rows(self, rows: Any) -> NoReturn:
        raise NotExplainableError(
            "bags have different numbers of vectors, along which no gradients are "
            "followed: BagTowerClassifier.attention(X) weights the vectors of each."
        )


@torch_view.register(CoxRidgeSurvival)
class CoxView(TorchView):
    """View of Cox's regression."""

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        return as_pair(self.outputs(batch))

    def outputs(self, batch: Any) -> torch.Tensor:
        x = batch.x - tensor_like(self.estimator.mean_, batch.x)
        return (x @ tensor_like(self.estimator.coef_, x))[:, None]

    def typical_row(self) -> NDArray | None:
        return self.estimator.mean_


@torch_view.register(BaseCrossFittedEnsemble)
class EnsembleView(TorchView):
    """View of an ensemble whose members have views."""

    def read_rows(self, rows: Any) -> torch.Tensor:
        return torch_view(self._members()[0]).read_rows(rows)

    def features(self, batch: Any) -> torch.Tensor:
        views = map(torch_view, self._members())
        joint = torch.cat([view.features(batch) for view in views], dim=1).double()
        scaled = scale(self.estimator._scaler, joint)
        return torch_view(self.estimator._axes).features(Batch(scaled))

    def outputs(self, batch: Any) -> torch.Tensor:
        ensemble = self.estimator
        pairs = zip(ensemble.estimators_, ensemble.heads_, strict=True)
        mean = torch.stack([self._output_of(*p, batch) for p in pairs]).mean(dim=0)
        return ensemble.slope_ * mean + tensor_like(ensemble.intercept_, mean)

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        ensemble = self.estimator
        if not hasattr(ensemble, "classes_"):
            return as_pair(self.outputs(batch))
        ratios = [center_logs(clip_logs(member(batch))) for member in self.members()]
        mean = torch.stack(ratios).mean(dim=0)
        intercept = tensor_like(ensemble.intercept_, mean)
        return log_softmax(ensemble.slope_ * mean + intercept, dim=1)

    def members(self) -> list[Any]:
        pairs = zip(self.estimator.estimators_, self.estimator.heads_, strict=True)
        if not hasattr(self.estimator, "classes_"):
            return [partial(self._pair_of, *pair) for pair in pairs]
        return [partial(self._log_probabilities_of, *pair) for pair in pairs]

    def _pair_of(self, member: Any, head: Any, batch: Any) -> torch.Tensor:
        return as_pair(self._output_of(member, head, batch))

    def _output_of(self, member: Any, head: Any, batch: Any) -> torch.Tensor:
        """Output of one member, as the ensemble reads it."""
        if head is None:
            output = torch_view(member).outputs(batch)
        else:
            features = torch_view(member).features(batch).double()
            output = torch_view(head).outputs(Batch(features))
        return _in_range(self.estimator, output)

    def _log_probabilities_of(self, member: Any, head: Any, batch: Any) -> torch.Tensor:
        classifier, read = member, batch
        if head is not None:
            classifier = head
            read = Batch(torch_view(member).features(batch).double())
        logs = torch_view(classifier).log_probabilities(read)
        return align_logs(logs, classifier.classes_, self.estimator.classes_)

    def typical_row(self) -> NDArray | None:
        rows = [torch_view(member).typical_row() for member in self._members()]
        return None if any(row is None for row in rows) else np.mean(rows, axis=0)

    def image_views(self) -> list[Any]:
        views = [torch_view(member).image_views() for member in self._members()]
        return [view for inner in views for view in inner]

    def _members(self) -> list[Any]:
        return self.estimator.estimators_


def _as_predicted(estimator: Any, outputs: Any) -> torch.Tensor:
    """Outputs of a network as its estimator predicts them."""
    if hasattr(estimator, "target_mean_"):
        outputs = estimator.target_mean_ + estimator.target_std_ * outputs
    return _in_range(estimator, outputs)


def _in_range(estimator: Any, outputs: Any) -> torch.Tensor:
    """Numbers within the range of those in ``fit``; log-hazards as they are."""
    if not hasattr(estimator, "target_range_"):
        return outputs
    return outputs.clamp(*estimator.target_range_.tolist())
