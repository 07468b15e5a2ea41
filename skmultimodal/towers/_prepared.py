"""Images prepared as the input of a network, once for all members of an ensemble."""

from collections.abc import Callable
from threading import Lock
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
# Images whose statistics are computed at a time.
MEASURED = 64


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
    return PreparedRows(
        X, np.arange(n_rows), PreparedImages(place(images), preparation)
    )


def as_tensor(images: NDArray) -> torch.Tensor:
    """Images as a tensor in the layout in which convolutions are fastest."""
    memory_format = choose_memory_format(images.shape[1:])
    return torch.from_numpy(images).contiguous(memory_format=memory_format)


class PreparedImages:
    """All images of a block as networks read them, and their statistics.

    Parameters
    ----------
    images : Tensor of shape (n_block_rows, ...)
    preparation : ImagePreparation
        How they were prepared.
    """

    def __init__(self, images: torch.Tensor, preparation: Any) -> None:
        self.images = images
        self.preparation = preparation
        self._lock = Lock()
        self._statistics: torch.Tensor | None = None

    def statistics(self, device: torch.device) -> torch.Tensor:
        """What linear models beside networks read: (n_block_rows, n_statistics).

        The first of several networks in threads computes them for all.
        """
        with self._lock:
            if self._statistics is None:
                measure = self.preparation.statistics
                with torch.no_grad():
                    batches = self.images.split(MEASURED)
                    parts = [measure(batch.to(device)) for batch in batches]
                self._statistics = torch.cat(parts)
            return self._statistics


class PreparedRows(RowView):
    """Rows of a block with the prepared images that a tower reads instead.

    Parameters
    ----------
    block, positions
        As of `RowView`.
    prepared : PreparedImages
        Of all rows of `block`. An estimator with another preparation reads `block`.
    """

    def __init__(self, block: Any, positions: Any, prepared: PreparedImages) -> None:
        super().__init__(block, positions)
        self.prepared = prepared

    @property
    def preparation(self) -> Any:
        """How the images were prepared: ImagePreparation."""
        return self.prepared.preparation

    def view(self, positions: Any) -> Any:
        return type(self)(self.block, self.positions[positions], self.prepared)

    def read_prepared(self, rows: Any) -> torch.Tensor:
        """Prepared images of the index tensor `rows`."""
        return self.prepared.images[self.positions[rows.numpy()]]

    def read_statistics(self, rows: Any, device: torch.device) -> torch.Tensor:
        """Statistics of the images of the index tensor `rows`."""
        return self.prepared.statistics(device)[self.positions[rows.numpy()]]
