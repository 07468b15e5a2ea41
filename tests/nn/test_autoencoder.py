"""The autoencoder and its loss."""

import numpy as np
import pytest
import torch

from skmultimodal.nn import Autoencoder, AutoencoderLoss


def test_size_of_the_papers_autoencoder():
    net = Autoencoder(19_196, (64, 32), (64,))
    assert sum(p.numel() for p in net.parameters()) == 2_480_540


@pytest.mark.parametrize(
    ("encoder_units", "decoder_units"),
    [((7, 4), (7,)), ((4,), ()), ((8, 6, 4), (6, 8))],
)
def test_shapes(encoder_units, decoder_units):
    net = Autoencoder(11, encoder_units, decoder_units, n_classes=3).eval()
    x = torch.randn(5, 11)
    decoded, logits = net(x)
    assert net.features(x).shape == (5, 4)
    assert decoded.shape == (5, 11)
    assert logits.shape == (5, 3)
    torch.testing.assert_close(net.logits(x), logits)
    torch.testing.assert_close(
        net.reconstruction_error(x), ((decoded - x) ** 2).mean(1)
    )


def test_bottleneck_and_output_are_linear():
    torch.manual_seed(0)
    net = Autoencoder(11, (7, 4), (7,)).eval()
    x = torch.randn(50, 11)
    assert (net.features(x) < 0).any()
    assert (net(x)[0] < 0).any()


def test_without_classes_there_are_no_logits():
    net = Autoencoder(11, (7, 4), (7,))
    assert net(torch.zeros(2, 11))[1] is None
    with pytest.raises(RuntimeError, match="without classes"):
        net.logits(torch.zeros(2, 11))


def loss_in_numpy(decoded, x, logits, label, weight):
    labelled = label >= 0
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    entropy = -log_p[labelled, label[labelled]]
    mean = entropy.mean() if labelled.any() else 0
    return ((decoded - x) ** 2).mean() + weight * mean


@pytest.mark.parametrize("label", [[0, 2, 1, 1], [-1, 2, -1, 0], [-1, -1, -1, -1]])
@pytest.mark.parametrize("weight", [0.3, 2.0])
def test_loss_against_numpy(label, weight):
    rng = np.random.default_rng(0)
    decoded, x = rng.normal(size=(2, 4, 11))
    logits, label = rng.normal(size=(4, 3)), np.array(label)
    loss = AutoencoderLoss(weight)(
        (torch.tensor(decoded), torch.tensor(logits)),
        (torch.tensor(x), torch.tensor(label)),
    )
    expected = loss_in_numpy(decoded, x, logits, label, weight)
    np.testing.assert_allclose(loss.item(), expected)


def test_unlabelled_rows_teach_the_classifier_nothing():
    torch.manual_seed(0)
    net = Autoencoder(11, (7, 4), (7,), n_classes=3)
    x = torch.randn(4, 11)
    AutoencoderLoss(0.3)(net(x), (x, torch.full((4,), -1))).backward()
    output = net.classifier[1]
    assert not output.weight.grad.any()
    assert all(p.grad.isfinite().all() for p in net.parameters())
    assert any(p.grad.any() for p in net.encoder.parameters())


@pytest.mark.parametrize("encoder_units", [(6, 4), (4,)])
def test_change_of_basis(encoder_units):
    net = Autoencoder(5, encoder_units, (7,), n_classes=2, dropout=0.3).eval()
    generator = torch.Generator().manual_seed(0)
    encoding = torch.randn(11, 5, generator=generator, dtype=torch.float64)
    decoding = torch.randn(5, 11, generator=generator, dtype=torch.float64)
    x = torch.randn(3, 11, generator=generator)
    z = x @ encoding.float()
    features, logits = net.features(z), net.logits(z)
    decoded = net.decode(features) @ decoding.float()
    net.change_basis(encoding, decoding)
    torch.testing.assert_close(net.features(x), features)
    torch.testing.assert_close(net.logits(x), logits)
    torch.testing.assert_close(net.decode(net.features(x)), decoded)
    new = Autoencoder(11, encoder_units, (7,), n_classes=2, dropout=0.3).eval()
    new.load_state_dict(net.state_dict())
    torch.testing.assert_close(new.features(x), features)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_logits_are_a_mean_with_those_of_a_linear_model(share):
    net = Autoencoder(5, (6, 4), (7,), n_classes=3).eval()
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(9, 5, generator=generator)
    own = net.logits(x)
    weight, bias = torch.randn(3, 5, generator=generator), torch.tensor([1.0, 2, 3])
    net.set_linear(weight.double(), bias.double(), share)
    expected = (1 - share) * own + share * (x @ weight.T + bias)
    torch.testing.assert_close(net.logits(x), expected)
    torch.testing.assert_close(net.classify(x, net.features(x)), expected)
    torch.testing.assert_close(net(x)[1], own)  # what is trained
    new = Autoencoder(5, (6, 4), (7,), n_classes=3, linear_share=share).eval()
    new.load_state_dict(net.state_dict())
    torch.testing.assert_close(new.logits(x), expected)
