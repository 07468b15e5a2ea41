"""Towers in torch: the same that their ``predict_proba`` computes."""

from functools import partial

import numpy as np
import torch
from torch.nn.functional import log_softmax

from skmultimodal.exceptions import NotExplainableError
from skmultimodal.towers._bag import BagTowerClassifier
from skmultimodal.towers._base import NetEstimator
from skmultimodal.towers._ensemble import CrossFittedEnsembleClassifier
from skmultimodal.towers._gene import GeneAutoencoderTransformer
from skmultimodal.towers._image import ImageTowerClassifier
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._torch_views import (
    Batch,
    NoGradientError,
    TorchView,
    align_logs,
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
    def module(self):
        """The trained module, in the type and on the device that it predicts with."""
        return self.estimator._fitted_module()

    def check_weights(self):
        """Compare the weights with the network, whose tensors are not allocated.

        Raises
        ------
        ValueError
            If they are not those of a network with ``net_params_``.
        """
        self.estimator._check_weights()


@torch_view.register(ImageTowerClassifier)
class ImageView(NetView):
    """View of an image tower."""

    def read_rows(self, rows):
        tower = self.estimator
        images = tower._preparation(np.asarray(rows), np.arange(len(rows)))
        return torch.as_tensor(images, device=resolve_device(tower.device))

    def features(self, batch):
        return batch.once(self.estimator, self.module.features)

    def log_probabilities(self, batch):
        logits = self.module.classify(batch.x, self.features(batch))
        return log_softmax(logits.double(), dim=1)

    def image_views(self):
        return [self]

    @property
    def mask_channel(self):
        """Channel of the segmentation, or None."""
        return self.estimator.mask_channel_

    @property
    def block_side(self):
        """Pixels of an image that are averaged to one, along a side."""
        return self.estimator._preparation.factor

    @property
    def encoder(self):
        """Layers that return feature maps: torch module."""
        return self.module.encoder


@torch_view.register(GeneAutoencoderTransformer)
class GeneView(NetView):
    """View of a gene tower."""

    def read_rows(self, rows):
        genes = self.estimator._unscaled(np.asarray(rows), np.arange(len(rows)))
        device = resolve_device(self.estimator.device)
        return torch.as_tensor(genes, dtype=torch.float64, device=device)

    def features(self, batch):
        return batch.once(self.estimator, self._encode)

    def _encode(self, x):
        return self.module.features(self._scaled(x))

    def _scaled(self, x):
        return scale(self.estimator.scaler_, x)

    def log_probabilities(self, batch):
        if self.module.classifier is None:
            raise NoGradientError(self.estimator)
        logits = self.module.classify(self._scaled(batch.x), self.features(batch))
        return log_softmax(logits.double(), dim=1)

    def typical_row(self):
        return self.estimator.scaler_.mean_


@torch_view.register(BagTowerClassifier)
class BagView(NetView):
    """View of a tower of bags, whose rows are no tensor."""

    def read_rows(self, rows):
        raise NotExplainableError(
            "bags have different numbers of vectors, along which no gradients are "
            "followed: BagTowerClassifier.attention(X) weights the vectors of each."
        )


@torch_view.register(CrossFittedEnsembleClassifier)
class EnsembleView(TorchView):
    """View of an ensemble whose members have views."""

    def read_rows(self, rows):
        return torch_view(self._members()[0]).read_rows(rows)

    def features(self, batch):
        views = map(torch_view, self._members())
        joint = torch.cat([view.features(batch) for view in views], dim=1).double()
        scaled = scale(self.estimator._scaler, joint)
        return torch_view(self.estimator._axes).features(Batch(scaled))

    def log_probabilities(self, batch):
        ensemble = self.estimator
        ratios = [center_logs(clip_logs(member(batch))) for member in self.members()]
        mean = torch.stack(ratios).mean(dim=0)
        intercept = tensor_like(ensemble.intercept_, mean)
        return log_softmax(ensemble.slope_ * mean + intercept, dim=1)

    def members(self):
        pairs = zip(self.estimator.estimators_, self.estimator.heads_, strict=True)
        return [partial(self._log_probabilities_of, *pair) for pair in pairs]

    def _log_probabilities_of(self, member, head, batch):
        classifier, read = member, batch
        if head is not None:
            classifier = head
            read = Batch(torch_view(member).features(batch).double())
        logs = torch_view(classifier).log_probabilities(read)
        return align_logs(logs, classifier.classes_, self.estimator.classes_)

    def typical_row(self):
        rows = [torch_view(member).typical_row() for member in self._members()]
        return None if any(row is None for row in rows) else np.mean(rows, axis=0)

    def image_views(self):
        views = [torch_view(member).image_views() for member in self._members()]
        return [view for inner in views for view in inner]

    def _members(self):
        return self.estimator.estimators_
