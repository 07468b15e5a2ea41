"""Training on bags that do not fit into memory.

Run as a module, it fits a tower on a folder of bags and prints the peak of its private
memory in MB.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.speed.measure import (
    PrivateMemory,
    Row,
    in_fresh_process,
    in_turn,
    median_ratio,
    told,
)
from skmultimodal import BagTowerClassifier
from skmultimodal.io import read_bags

BATCH_SIZE = 8


def write_bags(folder, n_bags, shape):
    """A file of float16 for each bag; every bag differs."""
    some = np.random.default_rng(0).normal(size=shape).astype(np.float16)
    for number in range(n_bags):
        some[0] = number % 100
        np.save(Path(folder, f"P{number:04d}.npy"), some)


def hand_written_epoch(paths, y, max_instances):
    """One epoch of a network of the same size, as a script would train it."""
    rng = np.random.default_rng(0)
    width = np.load(paths[0], mmap_mode="r").shape[1]
    encoder = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.25))
    v, u, w = nn.Linear(64, 32), nn.Linear(64, 32), nn.Linear(32, 1, bias=False)
    output = nn.Linear(64, 2)
    net = nn.ModuleList([encoder, v, u, w, output])
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
    for rows in np.split(
        rng.permutation(len(y)), range(BATCH_SIZE, len(y), BATCH_SIZE)
    ):
        pooled = []
        for row in rows:
            bag = np.load(paths[row])
            if max_instances is not None and len(bag) > max_instances:
                bag = bag[rng.choice(len(bag), max_instances, replace=False)]
            hidden = encoder(torch.from_numpy(bag.astype(np.float32)))
            weights = w(v(hidden).tanh() * u(hidden).sigmoid()).softmax(dim=0)
            pooled.append((weights * hidden).sum(dim=0))
        loss = nn.functional.cross_entropy(
            output(torch.stack(pooled)), torch.from_numpy(y[rows])
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()


def fit_once(folder, max_instances):
    ids, X = read_bags(folder)
    tower = BagTowerClassifier(
        max_instances=max_instances,
        max_epochs=1,
        batch_size=BATCH_SIZE,
        random_state=0,
    )
    return tower.fit(X, np.arange(len(ids)) % 2)


def speed_rows(folder, repeats):
    paths = sorted(Path(folder).iterdir())
    y = np.arange(len(paths)) % 2
    for max_instances in (1024, None):
        sides = [
            lambda m=max_instances: fit_once(folder, m),
            lambda m=max_instances: hand_written_epoch(paths, y, m),
        ]
        times = in_turn(sides, min(repeats, 3))
        yield Row(
            f"a fit of one epoch on {len(paths)} bags to a hand-written loop, "
            f"max_instances={max_instances}",
            median_ratio(times),
            1.0,
            note=told(times, ["fit", "loop"]),
        )


def rows(quick, repeats):
    """Rows of the table."""
    shape = (50, 128) if quick else (5000, 1024)
    some, many = (16, 20) if quick else (64, 1000)
    with tempfile.TemporaryDirectory() as folder:
        write_bags(folder, some, shape)
        yield from speed_rows(folder, repeats)
        write_bags(folder, many, shape)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**30
        peak = float(in_fresh_process("benchmarks.speed.bags", folder)[0])
        what = f"private memory of a fit on {many} bags of {shape[0]} x {shape[1]}"
        note = f"{size:.3g} GB on disk, one epoch of max_instances=1024"
        yield Row(what, peak, 500, "MB", note=note)


def main(folder):
    with PrivateMemory() as used:
        fit_once(folder, 1024)
    print(used.peak)


if __name__ == "__main__":
    main(*sys.argv[1:])
