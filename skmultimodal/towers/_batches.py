"""Batches of rows for a network, and how many epochs of them it is trained for.

Batches are indices into one tensor (or into a lazy block), so no Python runs per row.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from math import ceil, log2
from typing import Any, NamedTuple

import torch
from torch.utils.data import Dataset

__all__ = ["BatchIterator", "Budget", "Rows", "choose_batch_size", "count_epochs"]

# Few rows are learnt by heart, and many need more epochs:
# benchmarks/accuracy/results/towers_gene.md.
ROWS_PER_EPOCH = 50
# Of dense networks. Larger batches of many rows take less time and err less, up to a
# size: benchmarks/accuracy/results/many_rows.md.
SMALLEST_BATCH, LARGEST_BATCH, BATCHES_PER_EPOCH = 32, 256, 64


class Rows(Dataset):
    """Rows read by index vectors.

    Parameters
    ----------
    read : callable
        Maps an index tensor (B,) to a batch of inputs (B, ...).
    targets : Tensor of shape (n_rows,)
    augment : callable, default=None
        Maps a batch of inputs to an augmented batch.
    reconstruct : bool, default=False
        Whether the inputs are a target as well.
    prefetch : bool, default=False
        Whether `read` takes so long that it is worth a thread, which reads the next
        batch while one is trained on.
    weights : Tensor of shape (n_rows,), default=None
        Of mean 1. A target is then a pair of it and its weight.
    """

    def __init__(
        self,
        read: Callable[..., Any],
        targets: Any,
        augment: Callable[..., Any] | None = None,
        reconstruct: bool = False,
        prefetch: bool = False,
        weights: Any = None,
    ) -> None:
        self.read = read
        self.targets = targets
        self.augment = augment
        self.reconstruct = reconstruct
        self.prefetch = prefetch
        self.weights = weights

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: Any) -> Any:
        return self.make_batch(self.read(rows), rows)

    def make_batch(self, inputs: Any, rows: Any) -> tuple[Any, Any]:
        target = self.targets[rows]
        if self.weights is not None:
            target = target, self.weights[rows]
        if self.augment is not None:
            inputs = self.augment(inputs)
        return inputs, (inputs, target) if self.reconstruct else target


def choose_batch_size(n_rows: int) -> int:
    """Rows per step of a dense network: of 64 batches an epoch, within bounds."""
    return min(max(n_rows // BATCHES_PER_EPOCH, SMALLEST_BATCH), LARGEST_BATCH)


def count_batches(n_rows: int, batch_size: int) -> int:
    """Batches of one epoch: a single row at the end joins the batch before it."""
    n_batches, rest = divmod(n_rows, batch_size)
    return max(n_batches + (rest > 1), 1)


def count_epochs(n_steps: int, n_classes: int, n_rows: int, batch_size: int) -> int:
    """Whole epochs that make at least `n_steps` optimisation steps per bit of a label.

    A label of n classes has log2(n) bits, and of fewer than two classes one.
    """
    bits = log2(max(n_classes, 2))
    return ceil(n_steps * bits / count_batches(n_rows, batch_size))


class Budget(NamedTuple):
    """How long a network is trained whose ``n_steps`` is None.

    Epochs grow with the rows, one per `ROWS_PER_EPOCH`, within these bounds. Steps are
    per bit of a label, and the fewest are made in any case.
    """

    fewest_steps: int = 120
    most_steps: int = 20_000
    most_epochs: int = 30

    def choose_epochs(self, n_classes: int, n_rows: int, batch_size: int) -> int:
        fewest, most = (
            count_epochs(n_steps, n_classes, n_rows, batch_size)
            for n_steps in (self.fewest_steps, self.most_steps)
        )
        return max(fewest, min(n_rows // ROWS_PER_EPOCH, self.most_epochs, most))


class BatchIterator:
    """Iterate over the batches of `Rows`, in a new order each time if `shuffle`.

    The order comes from `generator`, or from torch's own.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        shuffle: bool = False,
        generator: Any = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = generator

    def __iter__(self) -> Iterator[Any]:
        n_rows = len(self.dataset)
        if self.shuffle:
            rows = torch.randperm(n_rows, generator=self.generator)
        else:
            rows = torch.arange(n_rows)
        batches = list(rows.split(self.batch_size))
        if self.shuffle and len(batches) > 1 and len(batches[-1]) == 1:
            # Batch norm in a user's encoder cannot train on a single row.
            batches[-2:] = [torch.cat(batches[-2:])]
        if not self.dataset.prefetch:
            for batch in batches:
                yield self.dataset[batch]
            return
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self.dataset.read, batches[0])
            for batch, following in zip_longest(batches, batches[1:]):
                inputs = coming.result()
                if following is not None:
                    coming = reader.submit(self.dataset.read, following)
                # Augmentation draws from the generator of this thread.
                yield self.dataset.make_batch(inputs, batch)
