"""Classification heads on feature vectors."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skmultimodal.nn._dropout import Dropout

__all__ = ["MixtureOfExperts", "MultilayerPerceptron", "dense_stack", "make_linear"]


def dense_stack(
    n_inputs: int, units: Sequence[int], dropout: float = 0.0
) -> nn.Sequential:
    """Dense layers, each followed by a ReLU and, if asked for, dropout."""
    layers: list[nn.Module] = []
    for n_outputs in units:
        layers += [nn.Linear(n_inputs, n_outputs), nn.ReLU()]
        if dropout:
            layers.append(Dropout(dropout))
        n_inputs = n_outputs
    return nn.Sequential(*layers)


def make_linear(weight: Tensor, bias: Tensor, like: Tensor) -> nn.Linear:
    """A linear layer with these parameters, in the type and on the device of `like`."""
    n_outputs, n_inputs = weight.shape
    layer = nn.Linear(n_inputs, n_outputs, device="meta")  # draws no weights
    layer.weight = nn.Parameter(weight.to(like).contiguous())
    layer.bias = nn.Parameter(bias.to(like).contiguous())
    return layer


class MultilayerPerceptron(nn.Module):
    """ReLU layers and one linear output: (B, n_inputs) -> (B, n_classes) logits.

    Parameters
    ----------
    n_inputs : int
        Length of a vector.
    hidden_units : sequence of int
        Sizes of the ReLU layers.
    n_classes : int
        Number of logits.
    dropout : float, default=0.0
        After each hidden layer.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import MultilayerPerceptron
    >>> MultilayerPerceptron(48, (64, 16), 2)(torch.ones(3, 48)).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_units: Sequence[int],
        n_classes: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.hidden = dense_stack(n_inputs, hidden_units, dropout)
        self.output = nn.Linear([n_inputs, *hidden_units][-1], n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Class logits: (B, n_inputs) -> (B, n_classes)."""
        return self.output(self.hidden(x))


class MixtureOfExperts(nn.Module):
    """Sparse mixture of perceptrons, of which each row uses `top_k` of `n_experts`.

    A linear router gives a logit per expert; the softmax over the `top_k` largest
    weights the outputs of those experts, and one linear layer makes the class logits.

    Parameters
    ----------
    n_inputs : int
        Length of a vector.
    expert_units : sequence of int
        Layers of each expert.
    n_classes : int
        Number of logits.
    n_experts : int, default=4
        Perceptrons to choose from.
    top_k : int, default=2
        Perceptrons used for each row.
    dropout : float, default=0.0
        Inside the experts.

    References
    ----------
    Jiang et al., Mixtral of Experts, arXiv:2401.04088, section 2.1.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import MixtureOfExperts
    >>> net = MixtureOfExperts(48, (16,), 2)
    >>> int((net.gates(torch.rand(3, 48)) > 0).sum())  # two of four for each row
    6
    """

    def __init__(
        self,
        n_inputs: int,
        expert_units: Sequence[int],
        n_classes: int,
        n_experts: int = 4,
        top_k: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.top_k = top_k
        self.router = nn.Linear(n_inputs, n_experts, bias=False)
        self.experts = nn.ModuleList(
            dense_stack(n_inputs, expert_units, dropout) for _ in range(n_experts)
        )
        self.output = nn.Linear([n_inputs, *expert_units][-1], n_classes)

    def gates(self, x: Tensor) -> Tensor:
        """Weight of each expert, 0 beyond the `top_k`: (B, n_experts)."""
        scores = self.router(x)
        best, chosen = scores.topk(self.top_k, dim=-1)
        return torch.zeros_like(scores).scatter(-1, chosen, best.softmax(dim=-1))

    def forward(self, x: Tensor) -> Tensor:
        """Class logits: (B, n_inputs) -> (B, n_classes)."""
        # With some dozens of rows, running every expert is cheaper than dispatching.
        outputs = torch.stack(
            [expert(x) for expert in self.experts], dim=1
        )  # (B, E, U)
        mixed = torch.einsum("be,beu->bu", self.gates(x), outputs)
        return self.output(mixed)
