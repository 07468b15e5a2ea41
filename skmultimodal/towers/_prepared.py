"""Images prepared as the input of a network, once for all members of an ensemble."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skmultimodal.nn import choose_memory_format
from skmultimodal.towers._base import KEPT_BYTES
from skmultimodal.utils._rows import RowView, is_lazy

__all__ = ["PreparedRows", "as_tensor", "keep_images"]

CHUNK = 32


def keep_images(preparation: Any, X: NDArray, place: Callable[..., Any]) -> Any:
    """Prepare all rows of `X`; of a lazy block only if that takes little memory.

    Parameters
    ----------
    preparation : ImagePreparation
    X : ndarray or lazy block of shape (n_rows, *preparation.image_shape)
    place : callable
        Turns an array of prepared images into a tensor, on a GPU if it fits.

    Returns
    -------
    rows : PreparedRows
        Or `X` itself if it is too large to be kept.
    """
    n_rows = X.shape[0]
    n_bytes = 4 * n_rows * int(np.prod(preparation.net_shape))
    too_large = is_lazy(X) and n_bytes > KEPT_BYTES
    if too_large or tuple(X.shape[1:]) != preparation.image_shape:
        return X
    images = np.empty((n_rows, *preparation.net_shape), dtype=np.float32)
    for chunk in gen_batches(n_rows, CHUNK):
        images[chunk] = preparation(X, np.arange(chunk.start, chunk.stop))
    return PreparedRows(X, np.arange(n_rows), place(images), preparation)


def as_tensor(images: NDArray) -> torch.Tensor:
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

    def __init__(
        self, block: Any, positions: Any, images: torch.Tensor, preparation: Any
    ) -> None:
        super().__init__(block, positions)
        self.images = images
        self.preparation = preparation

    def view(self, positions: Any) -> Any:
        return type(self)(
            self.block, self.positions[positions], self.images, self.preparation
        )

    def read_prepared(self, rows: Any) -> torch.Tensor:
        """Prepared images of the index tensor `rows`."""
        return self.images[self.positions[rows.numpy()]]
