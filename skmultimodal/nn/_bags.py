"""The tower of bags: vectors are encoded one by one, then pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from skmultimodal.nn._dropout import Dropout
from skmultimodal.nn._heads import dense_stack

__all__ = ["BagBatch", "BagTower"]


@dataclass(frozen=True)
class BagBatch:
    """The vectors of some bags, one bag after the other: nothing is padded.

    Parameters
    ----------
    vectors : Tensor of shape (n_vectors, n_features)
    counts : list of int, length n_bags
        Vectors of each bag.
    """

    vectors: Tensor
    counts: list[int]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def device(self) -> torch.device:
        return self.vectors.device

    def to(self, *args: Any, **options: Any) -> BagBatch:
        """The same on another device or in another type, as of ``Tensor.to``."""
        return replace(self, vectors=self.vectors.to(*args, **options))


class BagTower(nn.Module):
    """Dense layers on each vector, pooling to one per bag, and class logits.

    Parameters
    ----------
    n_features : int
        Length of a vector.
    n_classes : int
        Number of logits.
    encoder_units : sequence of int
        Dense ReLU layers; the last one's size is that of the pooled features.
    pooling : {"attention", "mean", "max"}
        "attention" weights vectors by ``softmax(w' (tanh(V h) * sigmoid(U h)))``.
    attention_units : int
        Rows of V and U.
    dropout : float, default=0.0
        Of the values of each layer.

    References
    ----------
    Ilse, Tomczak & Welling (2018), Attention-based deep multiple instance learning,
    ICML, equation 9.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import BagBatch, BagTower
    >>> net = BagTower(7, 2, (5,), "attention", 4)
    >>> net(BagBatch(torch.ones(6, 7), [1, 3, 2])).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        encoder_units: Sequence[int],
        pooling: str,
        attention_units: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_hidden = [n_features, *encoder_units][-1]
        self.encoder = dense_stack(n_features, encoder_units, dropout)
        self.pooling = pooling
        if pooling == "attention":
            self.attention_v = nn.Linear(n_hidden, attention_units)
            self.attention_u = nn.Linear(n_hidden, attention_units)
            self.attention_w = nn.Linear(attention_units, 1, bias=False)
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(n_hidden, n_classes)

    def weights(self, bags: BagBatch) -> Tensor:
        """Weight of each vector in its bag: (n_vectors,)."""
        scores = self._scores(self.encoder(bags.vectors))
        return torch.cat([part.softmax(dim=0) for part in scores.split(bags.counts)])

    def features(self, bags: BagBatch) -> Tensor:
        """Pooled vectors: (n_bags, encoder_units[-1])."""
        hidden = self.encoder(bags.vectors)
        parts = hidden.split(bags.counts)
        if self.pooling == "mean":
            return torch.stack([part.mean(dim=0) for part in parts])
        if self.pooling == "max":
            return torch.stack([part.amax(dim=0) for part in parts])
        scores = self._scores(hidden).split(bags.counts)
        pairs = zip(parts, scores, strict=True)
        return torch.stack([score.softmax(dim=0) @ part for part, score in pairs])

    def _scores(self, hidden: Tensor) -> Tensor:
        gated = self.attention_v(hidden).tanh() * self.attention_u(hidden).sigmoid()
        return self.attention_w(gated)[:, 0]

    def logits(self, bags: BagBatch) -> Tensor:
        """Class logits: (n_bags, n_classes)."""
        return self.output(self.dropout(self.features(bags)))

    def forward(self, bags: BagBatch) -> Tensor:
        """Class logits: (n_bags, n_classes)."""
        return self.logits(bags)
