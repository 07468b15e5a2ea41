"""Bags as the input of a network: kept in memory if small, drawn, standardised."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from skmultimodal.nn import BagBatch
from skmultimodal.towers._base import KEPT_BYTES
from skmultimodal.utils._bags import as_bags, describe_bad_bag, name_row
from skmultimodal.utils._rows import is_lazy

__all__ = ["BagReader", "fit_scaler", "keep_bags"]

# By which it is judged whether all bags of a lazy block can be kept in memory.
N_JUDGED = 8
# Vectors whose mean and deviation stand for all, and most of one bag among them.
SCALED_VECTORS, SCALED_OF_BAG = 2**15, 2**10


def refuse_bag(X: Any, row: Any, wrong: Any) -> None:
    """Raise a ValueError that names a row, unless nothing is `wrong` with its bag."""
    if wrong is not None:
        raise ValueError(f"the bag of {name_row(X, row)} {wrong}.")


def keep_bags(X: Any, width: Any) -> Any:
    """Lazy bags in memory, checked, if that takes little of it; else `X` itself."""
    if not is_lazy(X):
        return X
    n_bags, kept, n_bytes = X.shape[0], [], 0
    for row in range(n_bags):
        kept.append(np.atleast_2d(np.array(X[row])))  # a vector is a bag of one
        refuse_bag(X, row, describe_bad_bag(kept[-1], width))
        n_bytes += kept[-1].nbytes
        expected = n_bytes / len(kept) * n_bags
        if n_bytes > KEPT_BYTES or (row < N_JUDGED and expected > KEPT_BYTES):
            return X
    return as_bags(kept)


def fit_scaler(X: NDArray, width: int) -> Any:
    """Mean and deviation of the features, by vectors of bags at random.

    Parameters
    ----------
    X : ndarray or lazy block
        Bags, as of `BagReader`.
    width : int

    Returns
    -------
    scaler : StandardScaler
    """
    scaler, parts, n_read = StandardScaler(), [], 0
    rng = np.random.default_rng(0)
    reader = BagReader(X, width, max_instances=SCALED_OF_BAG, rng=rng)
    for row in rng.permutation(X.shape[0]).tolist():
        parts.append(reader.read([row])[0])
        n_read += len(parts[-1])
        if sum(map(len, parts)) >= SCALED_OF_BAG:
            scaler.partial_fit(np.concatenate(parts))
            parts = []
        if n_read >= SCALED_VECTORS:
            break
    return scaler.partial_fit(np.concatenate(parts)) if parts else scaler


class BagReader:
    """Reads batches of bags for a network.

    Parameters
    ----------
    X : ndarray or lazy block
        Bags; an array (n_bags, n_vectors, n_features) or (n_bags, n_features), whose
        bags are of one vector, is one as well.
    width : int
        Features of a vector.
    scaler : StandardScaler, default=None
    device : torch.device, default=None
    max_instances : int or None, default=None
        Of larger bags, so many vectors are drawn at each call.
    rng : numpy.random.Generator, default=None
        Draws them.
    """

    def __init__(
        self,
        X: NDArray,
        width: int,
        scaler: Any = None,
        device: Any = None,
        max_instances: int | None = None,
        rng: Any = None,
    ) -> None:
        self.X = X
        self.width = width
        self.scaler = scaler
        self.device = device
        self.max_instances = max_instances
        self.rng = rng

    def __call__(self, rows: Any) -> BagBatch:
        """The bags of an index tensor, standardised: BagBatch."""
        flat, counts = self.read(rows.tolist())
        flat -= self.scaler.mean_.astype(np.float32)
        flat *= (1 / self.scaler.scale_).astype(np.float32)
        return BagBatch(torch.from_numpy(flat).to(self.device), counts)

    def read(self, rows: Sequence[int]) -> tuple[NDArray, list[int]]:
        """Vectors of some bags, or those drawn of them, one bag after the other.

        Parameters
        ----------
        rows : list of int

        Returns
        -------
        vectors : ndarray of float32, shape (n_vectors, n_features)
        counts : list of int
            Vectors of each bag.

        Raises
        ------
        ValueError
            If a bag is empty, of another width, or holds NaN or infinity.
        """
        bags = [np.atleast_2d(self.X[row]) for row in rows]
        for row, bag in zip(rows, bags, strict=True):
            refuse_bag(self.X, row, describe_bad_bag(bag, self.width, values=False))
        chosen = [self._draw(len(bag)) for bag in bags]
        counts = [min(len(bag), self.max_instances or len(bag)) for bag in bags]
        # Filled part by part: what a file holds may be a half of its float32.
        vectors, start = np.empty((sum(counts), self.width), dtype=np.float32), 0
        for row, bag, some, count in zip(rows, bags, chosen, counts, strict=True):
            part = vectors[start : start + count]
            with np.errstate(over="ignore"):  # what is too large becomes infinite
                part[:] = bag[some]
            refuse_bag(self.X, row, describe_bad_bag(part, self.width))
            start += count
        return vectors, counts

    def _draw(self, n_vectors: int) -> Any:
        """Which vectors of a bag are read."""
        if self.max_instances is None or n_vectors <= self.max_instances:
            return slice(None)
        drawn = self.rng.choice(n_vectors, self.max_instances, replace=False)
        return np.sort(drawn)
