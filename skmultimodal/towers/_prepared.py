"""Images prepared as the input of a network, once for all members of an ensemble."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from sklearn.utils import gen_batches

from skmultimodal.nn import choose_memory_format
from skmultimodal.preprocessing._intensity import (
    normalize_channels,
    resolve_intensity,
    resolve_mask_channel,
    shrink,
)
from skmultimodal.towers._base import KEPT_BYTES
from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._rows import RowView, is_lazy
from skmultimodal.utils._validation import check_finite_rows

__all__ = ["ImagePreparation", "PreparedRows", "as_tensor"]

CHUNK = 32
N_MASK_ROWS = 64


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
    def choose(cls, X, max_size, intensity, mask_channel):
        """The preparation of images such as `X` by the parameters of a tower."""
        shape = tuple(X.shape[1:])
        some = X[: min(N_MASK_ROWS, X.shape[0])]
        factor = 1 if max_size is None else ceil(max(shape[1:]) / max_size)
        mask_channel = resolve_mask_channel(mask_channel, some)
        intensity = resolve_intensity(intensity, np.asarray(some), mask_channel)
        return cls(shape, factor, intensity, mask_channel)

    @property
    def net_shape(self):
        """Channels, height and width of the network's input."""
        n_channels, *sides = self.image_shape
        return (n_channels, *(ceil(side / self.factor) for side in sides))

    def __call__(self, X, rows):
        """Prepare `rows` of `X`: float32 of shape (n_rows, *net_shape)."""
        images = np.asarray(X[rows])
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            images = images.astype(np.float32, copy=False)
        check_finite_rows(images, rows)
        normalized = normalize_channels(images, self.intensity, self.mask_channel)
        return shrink(normalized, self.factor)

    def keep(self, X, place):
        """Prepare all rows of `X`; of a lazy block only if that takes little memory.

        Parameters
        ----------
        X : ndarray or lazy block of shape (n_rows, *image_shape)
        place : callable
            Turns an array of prepared images into a tensor, on a GPU if it fits.

        Returns
        -------
        rows : PreparedRows
            Or `X` itself if it is too large to be kept.
        """
        n_rows = X.shape[0]
        n_bytes = 4 * n_rows * int(np.prod(self.net_shape))
        too_large = is_lazy(X) and n_bytes > KEPT_BYTES
        if too_large or tuple(X.shape[1:]) != self.image_shape:
            return X
        images = np.empty((n_rows, *self.net_shape), dtype=np.float32)
        for chunk in gen_batches(n_rows, CHUNK):
            images[chunk] = self(X, np.arange(chunk.start, chunk.stop))
        return PreparedRows(X, np.arange(n_rows), place(images), self)


def as_tensor(images):
    """Images as a tensor in the layout in which convolutions are fastest."""
    memory_format = choose_memory_format(images.shape[1:])
    return torch.from_numpy(images).contiguous(memory_format=memory_format)


class PreparedRows(RowView):
    """Rows of a block with the prepared images that a tower reads instead.

    Parameters
    ----------
    block, positions
        As of `RowView`.
    images : Tensor of shape (n_block_rows, ...)
        Prepared rows of `block`.
    preparation : ImagePreparation
        How they were prepared. An estimator with another preparation reads `block`.
    """

    def __init__(self, block, positions, images, preparation):
        super().__init__(block, positions)
        self.images = images
        self.preparation = preparation

    def view(self, positions):
        return type(self)(
            self.block, self.positions[positions], self.images, self.preparation
        )

    def read_prepared(self, rows):
        """Prepared images of the index tensor `rows`."""
        return self.images[self.positions[rows.numpy()]]
