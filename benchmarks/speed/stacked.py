"""Five members of an ensemble one after another, and stacked into one network.

``python -m benchmarks.speed.stacked [--quick]``

A stacked network takes one step of all members at once: ``torch.func.vmap`` over their
weights, and one fused optimizer. Both sides take the same steps on one thread, in turn;
the times are those of the processor for a step of all five.
"""

import argparse
import copy
import time
from datetime import date

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from benchmarks.speed.measure import machine
from benchmarks.speed.nets import with_torchs_dropout
from skmultimodal.nn import Autoencoder, AutoencoderLoss, ConvTower
from skmultimodal.nn import MultilayerPerceptron as Head

N_MEMBERS = 5


class Gene(nn.Module):
    """The gene tower's network and its loss."""

    def __init__(self, n_columns):
        super().__init__()
        net = Autoencoder(n_columns, (64, 32), (64,), 2, 0.2)
        self.net, self.loss = with_torchs_dropout(net), AutoencoderLoss(0.3)

    def forward(self, x, y):
        return self.loss(self.net(x), (x, y))


class Classifier(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, y):
        return nn.functional.cross_entropy(self.net(x), y)


def image(side):
    shape = 5, side, side
    return Classifier(ConvTower(shape, 2, (16, 32, 64), (32, 16), "mean"))


# What, a function that makes a member, the shape of a batch, and steps of a round.
CASES = [
    ("gene tower, 50 components", lambda: Gene(50), (32, 50), 40),
    ("gene tower, 3,000 columns", lambda: Gene(3000), (32, 3000), 10),
    ("head, 48 inputs", lambda: Classifier(Head(48, (64, 128, 16), 2)), (16, 48), 40),
    ("image tower, 5 x 16 x 16", lambda: image(16), (16, 5, 16, 16), 10),
    ("image tower, 5 x 64 x 64", lambda: image(64), (16, 5, 64, 64), 4),
]


def optimizer_of(parameters):
    return torch.optim.AdamW(parameters, lr=1e-3, fused=True)


def steps_in_turn(make, shape):
    """A step of all members one after another, and one of the stacked network.

    Also the members, and the weights of the stacked network by name.
    """
    members = [make() for _ in range(N_MEMBERS)]
    x, y = torch.randn(N_MEMBERS, *shape), torch.arange(shape[0]) % 2
    optimizers = [optimizer_of(member.parameters()) for member in members]
    weights, buffers = stack_module_state(members)
    of_all = optimizer_of(weights.values())
    base = copy.deepcopy(members[0]).to("meta")

    def loss(weights, buffers, x):
        return functional_call(base, (weights, buffers), (x, y))

    losses = vmap(loss, randomness="different")

    def one_by_one():
        for member, optimizer, batch in zip(members, optimizers, x, strict=True):
            optimizer.zero_grad()
            member(batch, y).backward()
            optimizer.step()

    def stacked():
        of_all.zero_grad()
        losses(weights, buffers, x).sum().backward()
        of_all.step()

    return (one_by_one, stacked), members, weights


def measure(make, shape, n_steps, rounds=5):
    """Median milliseconds of the processor for a step: one by one, and stacked."""
    sides, _, _ = steps_in_turn(make, shape)
    times = np.empty((rounds, len(sides)))
    for step in sides:
        step()
    for row in times:
        for side, step in enumerate(sides):
            start = time.process_time()
            for _ in range(n_steps):
                step()
            row[side] = 1e3 * (time.process_time() - start) / n_steps
    return np.median(times, axis=0), np.median(times[:, 1] / times[:, 0])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one step each")
    quick = parser.parse_args(arguments).quick
    torch.set_num_threads(1)
    print(f"# Members one by one, and stacked\n\n{date.today()}; {machine()}\n")
    print("| a step of five | one by one | stacked | ratio |\n|---|---|---|---|")
    for what, make, shape, n_steps in CASES:
        (alone, together), ratio = measure(
            make, shape, 1 if quick else n_steps, 1 if quick else 5
        )
        print(
            f"| {what}, batch of {shape[0]} | {alone:.2f} ms | {together:.2f} ms | "
            f"{ratio:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
