"""Losses of what a network predicts: means over the rows that have a label."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["HazardLoss", "LabelLoss", "SquaredLoss"]

UNLABELLED = -1  # as in skmultimodal.utils, which this room does not import


class LabelLoss(nn.Module):
    """Cross-entropy of the rows whose class is not -1.

    Parameters
    ----------
    class_weight : Tensor of shape (n_classes,), default=None
        Of each class; the mean is then weighted. None is 1.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import LabelLoss
    >>> LabelLoss()(torch.zeros(2, 4), torch.tensor([3, -1])).exp()
    tensor(4.)
    """

    def __init__(self, class_weight: Tensor | None = None) -> None:
        super().__init__()
        self.class_weight = class_weight

    def forward(self, output: Tensor, target: Tensor | tuple[Tensor, Tensor]) -> Tensor:
        """Loss of logits (B, n_classes) against class numbers (B,), a scalar.

        With numbers come weights of the rows (B,), if there are any: of mean 1 over all
        rows, not over a batch, so that none counts more beside light ones.
        """
        if isinstance(target, tuple | list):
            return self._weighted(output, *target)
        n_labelled = (target != UNLABELLED).sum().clamp(min=1)
        total = F.cross_entropy(
            output, target, ignore_index=UNLABELLED, reduction="sum"
        )
        return total / n_labelled

    def _weighted(self, output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        losses = F.cross_entropy(
            output,
            target,
            self.class_weight,
            ignore_index=UNLABELLED,
            reduction="none",
        )
        labelled = target != UNLABELLED
        size = labelled.sum()
        if self.class_weight is not None:
            size = self.class_weight[target[labelled]].sum()
        return (weight * losses).sum() / size.clamp(min=1e-12)


class SquaredLoss(nn.Module):
    """Half the mean squared error of the rows whose target is not NaN.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import SquaredLoss
    >>> SquaredLoss()(torch.tensor([[1.0], [5.0]]), torch.tensor([3.0, torch.nan]))
    tensor(2.)
    """

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Loss of outputs (B, 1) against numbers (B,), a scalar."""
        known = ~target.isnan()
        excess = torch.where(known, output[:, 0] - target.nan_to_num(), 0.0)
        return excess.square().sum() / (2 * known.sum().clamp(min=1))


class HazardLoss(nn.Module):
    """Negative log-likelihood of events for log-hazards, given a baseline hazard.

    A row that has been through a cumulative baseline hazard h loses ``h exp(output)``,
    less its output if its event came. With Breslow's estimate as baseline, the gradient
    is that of Cox's partial likelihood. Here the baseline is that of rows all alike
    (Nelson-Aalen), so the loss is a sum over rows, and batches may be of any size.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import HazardLoss
    >>> target = torch.tensor([[1.0, 0.5], [0.0, 0.7]])  # event, cumulative hazard
    >>> HazardLoss()(torch.zeros(2, 1), target)
    tensor(0.6000)
    """

    # Log-hazards beyond are cut off, lest one row outweigh all.
    largest = 10.0
    # Most of the loss is the baseline hazard: a fall of so little may be learning.
    least_fall = 0.01

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Loss of outputs (B, 1) against (event, hazard) of shape (B, 2), a scalar."""
        known = ~target.isnan().any(dim=1)
        event, hazard = target.nan_to_num().unbind(dim=1)
        eta = output[:, 0].clamp(max=self.largest)
        loss = torch.where(known, hazard * eta.exp() - event * eta, 0.0)
        return loss.sum() / known.sum().clamp(min=1)
