"""Weights before training, drawn from a generator of one's own."""

import torch
from torch import nn

__all__ = ["draw_weights"]


@torch.no_grad()
def draw_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights of dense layers and convolutions as torch does by default.

    torch itself draws them from its global generator, which threads share.

    Parameters
    ----------
    module : torch.nn.Module
        Without weights of other layers; changed in place.
    generator : torch.Generator
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Conv3d):
            # In the order of the axes, whatever the layout in memory.
            weight = torch.empty(layer.weight.shape)
            nn.init.kaiming_uniform_(weight, a=5**0.5, generator=generator)
            layer.weight.copy_(weight)
            if layer.bias is not None:
                bound = weight[0].numel() ** -0.5
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
