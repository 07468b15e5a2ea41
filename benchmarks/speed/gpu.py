"""Towers on a GPU: as on the CPU, as fast as a loop written by hand.

``python -m benchmarks.speed.gpu [--quick] [--device cuda]``; ``make bench-gpu``. Some
minutes. Rows of a modality are resident on the GPU where they fit, else pinned.
"""

import argparse
import warnings
from unittest.mock import patch

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.measure import Row, in_turn, machine, median_ratio, told
from benchmarks.speed.nets import make_autoencoder, train_by_hand
from skmultimodal import GeneAutoencoderTransformer, ImageTowerClassifier
from skmultimodal.nn import AutoencoderLoss, ConvTower
from skmultimodal.preprocessing._expression import signed_log
from skmultimodal.preprocessing._intensity import normalize_channels
from skmultimodal.utils import _device
from skmultimodal.utils._seed import draw_seed

# Where the host waits for the GPU. A CPU, on which this is only tried out, has values
# that are asked for instead, with those of fused Adam.
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
ASKED = ("aten::_local_scalar_dense",)


def image_tower(device, epochs, **params):
    """The plain network, without what is drawn at random beside its weights."""
    return ImageTowerClassifier(
        global_pool="mean",
        intensity="zscore",
        max_size=None,
        linear_penalty=None,
        augment=None,
        max_epochs=epochs,
        device=device,
        random_state=0,
        **params,
    )


def make_images(rng, n_rows, side):
    X = rng.normal(100, 20, size=(n_rows, 5, side, side)).astype(np.float32)
    y = rng.permutation(np.arange(n_rows) % 2)
    X[y == 1, 0, : side // 2] += 30
    return X, y


def furthest(a, b):
    """Largest difference of two sets of numbers."""
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


def correctness_rows(X, y, device):
    """The same few steps on whole batches, and the same model's predictions."""
    fits = {
        where: image_tower(where, 4, batch_size=len(X)).fit(X, y)
        for where in ("cpu", device)
    }
    off = furthest(fits["cpu"].weights_, fits[device].weights_)
    yield Row("weights after 4 steps, to those of the CPU", off, 1e-3, "apart")
    p = {0: fits[device].predict_proba(X)}
    moved = fits[device].set_params(device="cpu")
    vars(moved).pop("_module")  # of the GPU
    off = furthest(p, {0: moved.predict_proba(X)})
    yield Row("probabilities of one model, to those of the CPU", off, 1e-5, "apart")


def synchronisations(tower, X, y):
    """How often the host waits for the device in a fit."""
    on_gpu = torch.device(tower.device).type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] * on_gpu)]
    with profile(activities=activities) as found:
        tower.fit(X, y)
    counts = {event.key: event.count for event in found.key_averages()}
    return sum(counts.get(name, 0) for name in (WAITS if on_gpu else ASKED))


def synchronisation_rows(X, y, device):
    """Of two fits that differ in epochs, so that what is done once does not count."""
    counts = []
    n_steps = -(-len(X) // 16)
    for epochs in (1, 3):
        tower = image_tower(device, epochs, batch_size=16)
        counts.append(synchronisations(tower, X, y))
    each = (counts[1] - counts[0]) / (2 * n_steps)
    note = "one is the loss, which is recorded"
    yield Row("image tower, synchronisations of a step", each, 2, "", note=note)


def image_rows(X, y, device, epochs, repeats):
    """Resident rows, pinned ones and bfloat16, to the loop."""
    side = X.shape[-1]

    def by_hand():
        x = torch.from_numpy(normalize_channels(X, "zscore")).to(device)
        torch.manual_seed(draw_seed(0))
        net = ConvTower((5, side, side), 2, (16, 32, 64), (32, 16), "mean").to(device)
        codes, loss = torch.from_numpy(y).to(device), torch.nn.CrossEntropyLoss()
        return train_by_hand(net, loss, x, codes, epochs, 16, 3e-3)

    def pinned():
        with patch.object(_device, "RESIDENT_SHARE", 0):
            image_tower(device, epochs).fit(X, y)

    fits = [
        lambda: image_tower(device, epochs).fit(X, y),
        pinned,
        lambda: image_tower(device, epochs, precision="bfloat16").fit(X, y),
        by_hand,
    ]
    times = in_turn(fits, repeats)
    names = ["resident", "pinned", "bfloat16", "loop"]
    note = told(times, names)
    what = f"image tower, {len(X)} x 5 x {side} x {side}, {epochs} epochs"
    for number, (name, goal) in enumerate(zip(names, (1.1, 1.5, 1.0), strict=False)):
        ratio = median_ratio(times, number, 3)
        yield Row(f"{what}, {name}, to the loop", ratio, goal, note=note)


def gene_rows(rng, device, n_genes, repeats):
    X = rng.normal(size=(361, n_genes)).astype(np.float32)
    y = rng.permutation(np.arange(361) % 2)
    tower = GeneAutoencoderTransformer(
        n_components=None, max_epochs=5, random_state=0, device=device
    )

    def by_hand():
        x = torch.from_numpy(StandardScaler().fit_transform(signed_log(X))).to(device)
        torch.manual_seed(draw_seed(0))
        net, loss = make_autoencoder(n_genes).to(device), AutoencoderLoss(0.3)
        codes = torch.from_numpy(y).to(device)
        return train_by_hand(net, loss, x, codes, 5, 32, tower.lr, True)

    times = in_turn([lambda: tower.fit(X, y), by_hand], repeats)
    note = told(times, ["tower", "loop"])
    what = f"gene tower, 361 x {n_genes}, 5 epochs, to the loop"
    yield Row(what, median_ratio(times), 1.1, note=note)


def rows(quick, repeats, device="cuda"):
    """Rows of the table."""
    rng = np.random.default_rng(0)
    n_rows, side, epochs = (24, 16, 2) if quick else (1000, 240, 4)
    X, y = make_images(rng, n_rows, side)
    some = slice(0, 76)  # of which a whole batch is small
    yield from correctness_rows(X[some], y[some], device)
    yield from synchronisation_rows(X[some], y[some], device)
    yield from image_rows(X, y, device, epochs, repeats)
    yield from gene_rows(rng, device, 60 if quick else 19196, repeats)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="smaller shapes")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("This benchmark needs a GPU, and torch finds no CUDA device.")
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(machine())
    if options.device == "cuda":
        print(torch.cuda.get_device_name())
    for row in rows(options.quick, options.repeats, options.device):
        print(" | ".join(row.cells().values()), flush=True)


if __name__ == "__main__":
    main()
