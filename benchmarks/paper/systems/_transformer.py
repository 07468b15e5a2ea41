"""A transformer over the planes of one patient."""

import torch
from torch import Tensor, nn

__all__ = ["PlaneTransformer"]


class PlaneTransformer(nn.Module):
    """Self-attention over the features of a patient's planes, pooled by attention.

    Parameters
    ----------
    n_planes : int
        Tokens.
    n_inputs : int
        Features of each.
    n_classes : int
        Number of logits.
    width : int, default=32
        Size of a token inside, a multiple of `n_heads`.
    n_heads : int, default=4
        Attention heads of a layer.
    n_layers : int, default=1
        Layers of self-attention.
    dropout : float, default=0.1
        Inside the layers.

    References
    ----------
    After Jalalifar et al. (2022): InceptionResNetV2 features of each slice, and a
    transformer across slices. Sizes are not known; these are small, as cohorts are.
    """

    def __init__(
        self,
        n_planes: int,
        n_inputs: int,
        n_classes: int,
        width: int = 32,
        n_heads: int = 4,
        n_layers: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.n_planes = n_planes
        self.project = nn.Linear(n_inputs, width)
        self.place = nn.Parameter(torch.zeros(n_planes, width))
        layer = nn.TransformerEncoderLayer(
            width, n_heads, 2 * width, dropout, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, n_layers, enable_nested_tensor=False
        )
        self.score = nn.Linear(width, 1)
        self.output = nn.Linear(width, n_classes)

    def attention(self, tokens: Tensor) -> Tensor:
        """Weight of each plane: (B, n_planes, width) -> (B, n_planes)."""
        return self.score(tokens).squeeze(-1).softmax(dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, n_planes * n_inputs) features to (B, n_classes) logits."""
        tokens = self.project(x.unflatten(1, (self.n_planes, -1)))  # (B, P, W)
        tokens = self.encoder(tokens + self.place)
        pooled = torch.einsum("bp,bpw->bw", self.attention(tokens), tokens)
        return self.output(pooled)
