"""The paper's convolutional tower (SurvNet)."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmultimodal.nn._heads import dense_stack, make_linear
from skmultimodal.nn._statistics import ImageStatistics, count_statistics

__all__ = ["ConvBlocks", "ConvTower", "choose_memory_format", "flip"]

# Feature maps of up to this many positions are flattened: pooling them away would lose
# the place, flattening larger ones would make the first dense layer outgrow the data.
MAX_FLATTENED = 16


class ConvBlocks(nn.Module):
    """Blocks of convolution (3 x 3, same), max-pooling (2 x 2) and ReLU, in that order.

    An axis of length 1 is not pooled, so that flat and tiny images pass as well. With
    ``n_axes=3``, kernels have a third axis, and images are volumes (B, C, D, H, W).

    Shape: (B, in_channels, H, W) -> (B, filters[-1], H / 2^n, W / 2^n).
    """

    def __init__(
        self, in_channels: int, filters: Sequence[int], n_axes: int = 2
    ) -> None:
        super().__init__()
        self.filters = tuple(filters)
        channels = [in_channels, *filters]
        make = nn.Conv3d if n_axes == 3 else nn.Conv2d
        self.convolutions = nn.ModuleList(
            make(a, b, kernel_size=3, padding="same") for a, b in pairwise(channels)
        )

    def output_shape(self, image_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of the feature maps of one image: filters[-1], height, width."""
        for channels in self.filters:
            image_shape = (channels, *(max(side // 2, 1) for side in image_shape[1:]))
        return tuple(image_shape)

    def forward(self, x: Tensor) -> Tensor:
        pool = F.max_pool3d if x.ndim == 5 else F.max_pool2d
        for convolution in self.convolutions:
            x = convolution(x)
            x = pool(x, [min(2, side) for side in x.shape[2:]])
            x = F.relu(x)
        return x


class ConvTower(nn.Module):
    """Feature maps, pooled to a vector, then dense layers and class logits.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height, width; or channels, depth, height, width of volumes.
    n_classes : int
        Number of logits.
    encoder : sequence of int or callable
        Filters of the convolutional blocks. Or ``encoder(in_channels=...)``, which
        returns a module that maps images to feature maps (B, C, h, w) or vectors
        (B, F).
    dense_units : sequence of int
        Dense ReLU layers; the last gives the features.
    pool : {"auto", "flatten", "mean", "max", "mask"}
        "mask" is the mean over the map beside the mean weighted by channel
        `mask_channel`, averaged to the map's size. "auto" flattens maps of up to 16
        positions and takes the mean of larger ones.
    mask_channel : int or None, default=None
        Channel of the segmentation, for "mask" and the statistics.
    linear : bool, default=False
        Whether a linear model of the image's statistics, as of `set_linear`, stands
        beside the network.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import ConvTower
    >>> net = ConvTower((5, 24, 20), 2, (4, 8), (16,), pool="mean")
    >>> net.features(torch.ones(3, 5, 24, 20)).shape
    torch.Size([3, 16])
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        n_classes: int,
        encoder: Sequence[int] | Callable[..., nn.Module],
        dense_units: Sequence[int],
        pool: str,
        mask_channel: int | None = None,
        linear: bool = False,
    ) -> None:
        super().__init__()
        in_channels = image_shape[0]
        self.mask_channel = mask_channel
        if callable(encoder):
            self.encoder = encoder(in_channels=in_channels)
            maps = self._shape_of_maps(image_shape)
        else:
            self.encoder = ConvBlocks(in_channels, encoder, len(image_shape) - 1)
            maps = self.encoder.output_shape(image_shape)
        self.pool = _choose_pool(maps) if pool == "auto" else pool
        n_pooled = self._count_pooled(maps)
        self.dense = dense_stack(n_pooled, dense_units)
        self.output = nn.Linear([n_pooled, *dense_units][-1], n_classes)
        self.statistics = ImageStatistics(in_channels, mask_channel)
        self.linear = None
        if linear:
            n_statistics = count_statistics(tuple(image_shape), mask_channel)
            self.linear = nn.Linear(n_statistics, n_classes)

    @torch.no_grad()
    def _shape_of_maps(self, image_shape: Sequence[int]) -> tuple[int, ...]:
        # In evaluation mode, a batch of one image passes through batch norm.
        self.encoder.eval()
        try:
            maps = self.encoder(torch.zeros(1, *image_shape))
        except RuntimeError as error:
            raise ValueError(
                f"the encoder cannot read an image of shape {tuple(image_shape)} "
                "(channels, then its sides), which is what a row of X is to it; rows "
                f"of a table are images of height 1. From torch: {error}"
            ) from error
        self.encoder.train()
        return tuple(maps.shape[1:])

    def _count_pooled(self, maps: tuple[int, ...]) -> int:
        """Length of what `_pooled` makes of maps of this shape."""
        if len(maps) == 1 or self.pool == "flatten":
            return math.prod(maps)
        return maps[0] * (2 if self.pool == "mask" else 1)

    def _pooled(self, x: Tensor, maps: Tensor) -> Tensor:
        if maps.ndim == 2 or self.pool == "flatten":
            return maps.flatten(1)
        axes = tuple(range(2, maps.ndim))
        if self.pool == "max":
            return maps.amax(dim=axes)
        mean = maps.mean(dim=axes)
        if self.pool == "mean":
            return mean
        weight = (x[:, self.mask_channel, None] > 0).to(maps.dtype)
        pool: Callable[..., Tensor] = F.adaptive_avg_pool2d
        if maps.ndim == 5:
            pool = F.adaptive_avg_pool3d
        weight = pool(weight, tuple(maps.shape[2:]))  # (B, 1, h, w)
        total = weight.sum(dim=axes)
        inside = (maps * weight).sum(dim=axes) / total.clamp(min=1e-6)
        # An image without a mask has no mean inside it: the plain mean is used.
        return torch.cat([mean, torch.where(total > 0, inside, mean)], dim=1)

    def features(self, x: Tensor) -> Tensor:
        """Last dense layer: (B, C, H, W) -> (B, dense_units[-1])."""
        return self.dense(self._pooled(x, self.encoder(x)))

    def logits(self, x: Tensor, statistics: Tensor | None = None) -> Tensor:
        """Class logits: (B, C, H, W) -> (B, n_classes).

        With the images' `statistics` (B, n_statistics), these are not computed again.
        """
        own = self(x)
        if self.linear is None:
            return own
        return self.average(
            own, self.statistics(x) if statistics is None else statistics
        )

    def average(self, own: Tensor, statistics: Tensor) -> Tensor:
        """Logits of the network averaged with those of the linear model beside it."""
        assert self.linear is not None
        # What is marked is learnt better by the network, and colours by the other.
        share = 1 / 2 if self.mask_channel is not None else 2 / 3
        return (1 - share) * own + share * self.linear(statistics)

    def set_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Average the logits with those of a linear model that was fitted by itself.

        Parameters
        ----------
        weight : Tensor of shape (n_classes, n_statistics)
        bias : Tensor of shape (n_classes,)
        """
        self.linear = make_linear(weight, bias, like=self.output.weight)

    def forward(self, x: Tensor) -> Tensor:
        """What is trained: class logits of the network alone, (B, n_classes)."""
        return self.output(self.features(x))


def _choose_pool(maps: tuple[int, ...]) -> str:
    return "flatten" if math.prod(maps[1:]) <= MAX_FLATTENED else "mean"


def choose_memory_format(image_shape: Sequence[int]) -> torch.memory_format:
    """Choose the layout in memory that convolutions are fastest in.

    Channels last is faster on a CPU. Flat images (C, 1, W) stay contiguous, in which
    batches of all sizes round alike, and so do volumes.

    Parameters
    ----------
    image_shape : sequence of int
        Channels, height, width, or those of a volume.

    Returns
    -------
    memory_format : torch.memory_format
        For ``Tensor.to`` and ``Module.to``.

    Examples
    --------
    >>> from skmultimodal.nn import choose_memory_format
    >>> choose_memory_format((5, 24, 20))
    torch.channels_last
    """
    other = image_shape[1] == 1 or len(image_shape) != 3
    return torch.contiguous_format if other else torch.channels_last


def flip(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Mirror half of a batch, chosen at random, left to right.

    Parameters
    ----------
    images : Tensor of shape (B, C, H, W) or (B, C, D, H, W)
        The last axis runs from left to right.
    generator : torch.Generator, default=None
        Chooses; None is torch's own.

    Returns
    -------
    images : Tensor, same shape
        A copy.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import flip
    >>> flip(torch.ones(3, 5, 24, 20)).shape
    torch.Size([3, 5, 24, 20])
    """
    draws = torch.rand(len(images), device=images.device, generator=generator)
    chosen = (draws < 0.5).reshape(-1, *[1] * (images.ndim - 1))
    return torch.where(chosen, images.flip(-1), images)
