"""How images are brought into the form that networks and statistics read."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skmultimodal.nn import ImageStatistics
from skmultimodal.preprocessing._intensity import (
    normalize_channels,
    resolve_intensity,
    resolve_mask_channel,
    shrink,
)
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._validation import check_finite_rows

__all__ = ["ImagePreparation"]

# Images by which a segmentation and a range are recognised.
N_JUDGED = 64


@dataclass(frozen=True)
class ImagePreparation(ModelPart):
    """Normalisation of single images, and averaging of blocks of their pixels.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height and width of the images.
    factor : int
        Side of the blocks.
    intensity : {"zscore", "minmax", "none"} or float
        As of `normalize_channels`.
    mask_channel : int or None
        Channel that is divided by 4 rather than normalised.
    """

    image_shape: tuple[int, ...]
    factor: int
    intensity: str | float
    mask_channel: int | None

    @classmethod
    def choose(
        cls, X: Any, max_size: int | None, intensity: str | float, mask_channel: Any
    ) -> Self:
        """The preparation of images such as `X` by the parameters of a tower."""
        shape = tuple(X.shape[1:])
        some = X[: min(N_JUDGED, X.shape[0])]
        factor = 1 if max_size is None else ceil(max(shape[1:]) / max_size)
        mask_channel = resolve_mask_channel(mask_channel, some)
        intensity = resolve_intensity(intensity, np.asarray(some), mask_channel)
        return cls(shape, factor, intensity, mask_channel)

    @property
    def net_shape(self) -> tuple[int, ...]:
        """Channels, height and width of the network's input."""
        n_channels, *sides = self.image_shape
        return (n_channels, *(ceil(side / self.factor) for side in sides))

    @property
    def statistics(self) -> ImageStatistics:
        """Measures prepared images."""
        return ImageStatistics(self.image_shape[0], self.mask_channel)

    def __call__(self, X: Any, rows: Any) -> NDArray:
        """Prepare `rows` of `X`: float32 of shape (n_rows, *net_shape)."""
        images = np.asarray(X[rows])
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            images = images.astype(np.float32, copy=False)
        check_finite_rows(images, rows)
        normalized = normalize_channels(images, self.intensity, self.mask_channel)
        return shrink(normalized, self.factor)
