"""Time the fits of the nets against hand-written torch loops.

``python -m benchmarks.speed [--repeats N] [--out FILE]``

Both sides prepare the same rows, build the same module with the same seed and take the
same steps; the weights are compared afterwards, so that a ratio is of equal work. (The
image tower keeps its channels last, which rounds differently.)
"""

import argparse
import os
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import skorch
import torch
from sklearn.preprocessing import StandardScaler

from skmultimodal import (
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.nn import (
    Autoencoder,
    AutoencoderLoss,
    ConvTower,
    MultilayerPerceptron,
)
from skmultimodal.preprocessing._expression import signed_log
from skmultimodal.preprocessing._intensity import normalize_channels
from skmultimodal.utils._seed import draw_seed


def train_by_hand(module, criterion, x, y, epochs, batch_size, lr, reconstruct=False):
    """The obvious loop: AdamW, shuffled batches that index one tensor."""
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=lr, weight_decay=1e-4, fused=True
    )
    module.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            inputs = x[rows]
            target = (inputs, y[rows]) if reconstruct else y[rows]
            optimizer.zero_grad()
            loss = criterion(module(inputs), target)
            loss.backward()
            optimizer.step()
            loss.item()
    return module


def image_case(rng, quick, memory_format=torch.contiguous_format):
    """With ``torch.channels_last``, as the tower has it, the loop has its bits."""
    side, epochs = (64, 10) if quick else (240, 4)
    X = rng.normal(100, 20, size=(76, 5, side, side)).astype(np.float32)
    y = rng.permutation(np.arange(76) % 2)
    tower = ImageTowerClassifier(
        global_pool="mean", max_size=None, max_epochs=epochs, random_state=0
    )

    def by_hand():
        x = torch.from_numpy(normalize_channels(X, "zscore"))
        x = x.contiguous(memory_format=memory_format)
        torch.manual_seed(draw_seed(0))
        net = ConvTower((5, side, side), 2, (16, 32, 64), (32, 16), "mean")
        net = net.to(memory_format=memory_format)
        loss = torch.nn.CrossEntropyLoss()
        return train_by_hand(net, loss, x, torch.from_numpy(y), epochs, 16, tower.lr)

    name = f"ImageTowerClassifier, 76 x 5 x {side} x {side}, {epochs} epochs"
    return name, lambda: tower.fit(X, y), by_hand


def gene_case(rng, quick):
    n_genes = 2000 if quick else 19196
    X = rng.normal(size=(361, n_genes)).astype(np.float32)
    y = rng.permutation(np.arange(361) % 2)
    tower = GeneAutoencoderTransformer(max_epochs=5, random_state=0)

    def by_hand():
        x = torch.from_numpy(StandardScaler().fit_transform(signed_log(X)))
        torch.manual_seed(draw_seed(0))
        net = Autoencoder(n_genes, (64, 32), (64,), 2, 0.2)
        loss = AutoencoderLoss(0.3)
        return train_by_hand(net, loss, x, torch.from_numpy(y), 5, 32, tower.lr, True)

    name = f"GeneAutoencoderTransformer, 361 x {n_genes}, 5 epochs"
    return name, lambda: tower.fit(X, y), by_hand


def head_case(rng, quick):
    X = rng.normal(size=(30, 48)).astype(np.float32)
    y = rng.permutation(np.arange(30) % 2)
    head = FusionHeadClassifier(max_epochs=50, random_state=0)

    def by_hand():
        torch.manual_seed(draw_seed(0))
        net = MultilayerPerceptron(48, (64, 128, 16), 2)
        x, codes = torch.from_numpy(X), torch.from_numpy(y)
        loss = torch.nn.CrossEntropyLoss()
        return train_by_hand(net, loss, x, codes, 50, 16, head.lr)

    return "FusionHeadClassifier, 30 x 48, 50 epochs", lambda: head.fit(X, y), by_hand


def largest_difference(estimator, module):
    """Largest difference between the weights of both sides."""
    theirs = module.state_dict()
    return max(
        float(np.abs(value - theirs[name].numpy()).max())
        for name, value in estimator.weights_.items()
    )


def seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def compare(case, repeats):
    """Times of both sides in turn, and the median of their ratios."""
    name, fit, by_hand = case
    fit(), by_hand()
    pairs = []
    for _ in range(repeats):
        ours, estimator = seconds(fit)
        theirs, module = seconds(by_hand)
        pairs.append((ours, theirs))
    ours, theirs = np.array(pairs).T
    return {
        "fit": name,
        "seconds": np.median(ours),
        "loop seconds": np.median(theirs),
        "ratio": np.median(ours / theirs),
        "weights differ by": largest_difference(estimator, module),
    }


def machine():
    """One line on the machine and the versions."""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} "
        f"threads; Python {platform.python_version()}, torch {torch.__version__}, "
        f"skorch {skorch.__version__}, scikit-learn {sklearn.__version__}"
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="smaller shapes")
    parser.add_argument("--out", type=Path, help="CSV file")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(0)
    cases = [make(rng, options.quick) for make in (image_case, gene_case, head_case)]
    table = pd.DataFrame([compare(case, options.repeats) for case in cases])
    print(machine())
    print(table.to_string(index=False, float_format=lambda v: f"{v:.3g}"))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
