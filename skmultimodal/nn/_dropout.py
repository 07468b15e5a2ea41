"""Dropout."""

import torch
from torch import Tensor, nn

__all__ = ["Dropout", "use_generator"]

LEVELS = 2**16


class Dropout(nn.Dropout):
    """Dropout whose random draws on a CPU cost a third of torch's.

    Each value takes 16 random bits instead of a float, so the rate is the nearest
    multiple of 1 / 65536. For the input of a wide autoencoder torch's own draws cost as
    much as its matrix products. They come from the module's `generator` if it has one,
    so that networks in other threads do not change them.
    """

    generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0 or x.device.type != "cpu":
            return super().forward(x)
        n_dropped = min(round(self.p * LEVELS), LEVELS - 1)
        n_draws = -(-x.numel() // 4)
        bits = torch.randint(-(2**63), 2**63 - 1, (n_draws,), generator=self.generator)
        levels = bits.view(torch.int16)[: x.numel()].view(x.shape)
        kept = levels >= n_dropped - LEVELS // 2
        return x * kept * (LEVELS / (LEVELS - n_dropped))


def use_generator(module: nn.Module, generator: torch.Generator) -> None:
    """Make every `Dropout` inside a module draw from `generator`."""
    for part in module.modules():
        if isinstance(part, Dropout):
            part.generator = generator
