"""Heads: size, gates of the mixture of experts."""

import numpy as np
import pytest
import torch

from skmultimodal.nn import MixtureOfExperts, MultilayerPerceptron


def relu(x):
    return np.maximum(x, 0)


def layer(linear, x):
    weight, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
    return x @ weight.T.astype(float) + bias


@pytest.mark.parametrize(
    ("n_inputs", "hidden_units", "size"),
    [(48, (64, 128, 16), 13_554), (32, (64, 16), 3_186)],
)
def test_size_of_the_papers_heads(n_inputs, hidden_units, size):
    net = MultilayerPerceptron(n_inputs, hidden_units, 2)
    assert sum(p.numel() for p in net.parameters()) == size


def test_perceptron_against_numpy():
    torch.manual_seed(0)
    net = MultilayerPerceptron(5, (7, 4), 3)
    x = torch.randn(6, 5)
    hidden = relu(layer(net.hidden[2], relu(layer(net.hidden[0], x.numpy()))))
    np.testing.assert_allclose(
        net(x).detach().numpy(), layer(net.output, hidden), rtol=1e-5, atol=1e-6
    )


def test_no_hidden_units_is_a_linear_head():
    net = MultilayerPerceptron(5, (), 3)
    assert [tuple(p.shape) for p in net.parameters()] == [(3, 5), (3,)]


def test_dropout_only_while_training():
    torch.manual_seed(0)
    net = MultilayerPerceptron(5, (50,), 3, dropout=0.5)
    x = torch.randn(6, 5)
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))


@pytest.mark.parametrize(("n_experts", "top_k"), [(4, 2), (4, 1), (3, 3), (6, 4)])
def test_gates(n_experts, top_k):
    torch.manual_seed(0)
    net = MixtureOfExperts(5, (7, 6), 3, n_experts, top_k)
    x = torch.randn(40, 5)
    gates = net.gates(x).detach()
    assert gates.shape == (40, n_experts)
    assert ((gates > 0).sum(dim=1) == top_k).all()
    torch.testing.assert_close(gates.sum(dim=1), torch.ones(40))
    scores = x @ net.router.weight.T
    dropped = scores.masked_fill(gates > 0, -np.inf).amax(dim=1)
    kept = scores.masked_fill(gates == 0, np.inf).amin(dim=1)
    assert (kept >= dropped).all()
    assert len(gates.argmax(dim=1).unique()) > 1


def test_mixture_against_numpy():
    torch.manual_seed(0)
    net = MixtureOfExperts(5, (7, 6), 3, n_experts=4, top_k=2)
    x = torch.randn(9, 5)
    scores = x.numpy().astype(float) @ net.router.weight.detach().numpy().T
    mixed = np.zeros((9, 6))
    for row, score in enumerate(scores):
        best = np.argsort(score)[-2:]
        weight = np.exp(score[best]) / np.exp(score[best]).sum()
        for expert, share in zip(best, weight, strict=True):
            first, _, second, _ = net.experts[expert]
            mixed[row] += share * relu(
                layer(second, relu(layer(first, x[row].numpy())))
            )
    np.testing.assert_allclose(
        net(x).detach().numpy(), layer(net.output, mixed), rtol=1e-4, atol=1e-5
    )


def test_router_and_chosen_experts_learn():
    torch.manual_seed(0)
    net = MixtureOfExperts(5, (7,), 3, n_experts=4, top_k=2)
    x = torch.randn(1, 5)
    net(x)[0, 0].backward()
    chosen = net.gates(x)[0] > 0
    moved = [bool(expert[0].bias.grad.any()) for expert in net.experts]
    assert moved == chosen.tolist()
    assert net.router.weight.grad.any()
