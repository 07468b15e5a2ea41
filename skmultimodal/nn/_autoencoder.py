"""The paper's autoencoder, with a label loss on its bottleneck as an option."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from skmultimodal.nn._dropout import Dropout
from skmultimodal.nn._heads import dense_stack, make_linear
from skmultimodal.nn._losses import LabelLoss

__all__ = ["Autoencoder", "AutoencoderLoss"]


class Autoencoder(nn.Module):
    """ReLU encoder and decoder around a linear bottleneck, with a linear output.

    Parameters
    ----------
    n_features : int
        Length of a vector.
    encoder_units : sequence of int
        Hidden layers of the encoder; the last is the bottleneck.
    decoder_units : sequence of int
        Hidden layers of the decoder.
    n_classes : int, default=0
        Above 0, a linear layer on the bottleneck gives class logits as well.
    dropout : float, default=0.0
        On the input, after each hidden layer of the encoder, and before the logits.
    linear_share : float, default=0.0
        Above 0, the share in the class logits of a linear layer from the input to them,
        as of `set_linear`.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import Autoencoder
    >>> net = Autoencoder(30, encoder_units=(8, 4), decoder_units=(8,))
    >>> net.features(torch.ones(5, 30)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self,
        n_features: int,
        encoder_units: Sequence[int],
        decoder_units: Sequence[int],
        n_classes: int = 0,
        dropout: float = 0.0,
        linear_share: float = 0.0,
    ) -> None:
        super().__init__()
        *hidden, bottleneck = encoder_units
        self.encoder = nn.Sequential(
            Dropout(dropout),
            dense_stack(n_features, hidden, dropout),
            nn.Linear([n_features, *hidden][-1], bottleneck),
        )
        self.decoder = nn.Sequential(
            dense_stack(bottleneck, decoder_units),
            nn.Linear([bottleneck, *decoder_units][-1], n_features),
        )
        self.classifier = (
            nn.Sequential(Dropout(dropout), nn.Linear(bottleneck, n_classes))
            if n_classes
            else None
        )
        self.linear_share = linear_share
        self.linear = nn.Linear(n_features, n_classes) if linear_share else None

    def features(self, x: Tensor) -> Tensor:
        """Bottleneck: (B, n_features) -> (B, bottleneck)."""
        return self.encoder(x)

    def logits(self, x: Tensor) -> Tensor:
        """Class logits: (B, n_features) -> (B, n_classes)."""
        return self.classify(x, self.encoder(x))

    def classify(self, x: Tensor, z: Tensor) -> Tensor:
        """Class logits of inputs (B, n_features) whose bottleneck is known."""
        if self.classifier is None:
            raise RuntimeError("this autoencoder was built without classes")
        logits = self.classifier(z)
        if self.linear is None:
            return logits
        share = self.linear_share
        return (1 - share) * logits + share * self.linear(x)

    def set_linear(self, weight: Tensor, bias: Tensor, share: float) -> None:
        """Average the logits with those of a linear model that was fitted by itself.

        Parameters
        ----------
        weight : Tensor of shape (n_classes, n_features)
        bias : Tensor of shape (n_classes,)
        share : float
            Weight of the linear model's logits; the network's have ``1 - share``.
        """
        self.linear_share = share
        self.linear = make_linear(weight, bias, like=next(self.parameters()))

    def reconstruction_error(self, x: Tensor) -> Tensor:
        """Mean squared error of each row: (B, n_features) -> (B,)."""
        return (self.decode(self.encoder(x)) - x).square().mean(dim=1)

    def decode(self, z: Tensor) -> Tensor:
        """(B, bottleneck) -> (B, n_features), in the precision of the decoder."""
        return self.decoder(z.to(next(self.decoder.parameters()).dtype))

    def change_basis(self, encoding: Tensor, decoding: Tensor) -> None:
        """Read ``x @ encoding`` as the former input, and return ``output @ decoding``.

        Parameters
        ----------
        encoding : Tensor of shape (n_new_features, n_features)
        decoding : Tensor of shape (n_features, n_new_features)
            Both in float64 and on the CPU.
        """
        first = next(m for m in self.encoder.modules() if isinstance(m, nn.Linear))
        *_, last = (m for m in self.decoder.modules() if isinstance(m, nn.Linear))
        _set_parameters(first, _double(first.weight) @ encoding.T, _double(first.bias))
        _set_parameters(
            last, decoding.T @ _double(last.weight), _double(last.bias) @ decoding
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """What is trained: reconstruction (B, n_features), and class logits or None.

        The logits are those of the bottleneck alone.
        """
        z = self.encoder(x)
        return self.decoder(z), None if self.classifier is None else self.classifier(z)


def _double(parameter: Tensor) -> Tensor:
    return parameter.detach().cpu().double()


def _set_parameters(layer: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    """Give a layer other parameters, in its own type and on its own device."""
    layer.out_features, layer.in_features = weight.shape
    layer.weight = nn.Parameter(weight.to(layer.weight).contiguous())
    layer.bias = nn.Parameter(bias.to(layer.bias).contiguous())


class AutoencoderLoss(nn.Module):
    """Mean squared error + `label_weight` x loss of the labels.

    Parameters
    ----------
    label_weight : float, default=0.0
        Weight of the labels; 0 is the plain autoencoder.
    label_loss : Module, default=None
        Maps outputs (B, n_outputs) and labels to the mean loss of the rows that have a
        label. None is the cross-entropy, in which -1 is no label.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import AutoencoderLoss
    >>> x, label = torch.ones(2, 3), torch.tensor([1, -1])  # -1: unlabelled
    >>> AutoencoderLoss()((x + 0.5, None), (x, label)).item()
    0.25
    """

    def __init__(
        self, label_weight: float = 0.0, label_loss: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.label_weight = label_weight
        self.label_loss = label_loss or LabelLoss()

    def forward(
        self, output: tuple[Tensor, Tensor | None], target: tuple[Tensor, Any]
    ) -> Tensor:
        """Loss of (reconstruction, outputs) against (x, label), a scalar.

        A label may be a pair with weights of the rows, as of `LabelLoss`.
        """
        reconstruction, outputs = output
        x, label = target
        if isinstance(label, tuple | list):
            errors = (reconstruction - x).square().mean(dim=1)
            loss = (label[1] * errors).mean()
        else:
            loss = F.mse_loss(reconstruction, x)
        if outputs is None:
            return loss
        return loss + self.label_weight * self.label_loss(outputs, label)
