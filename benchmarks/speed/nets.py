"""Fits of single nets, against what one would write without this library.

All sides prepare the same rows, build the same module with the same seed and take the
same steps. A tower trains a network of vectors in one thread, and so do the others.
"""

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNet
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.speed.measure import Row, in_turn, median_ratio, told
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
from skmultimodal.utils._threads import one_thread


def train_by_hand(module, criterion, x, y, epochs, batch_size, lr, reconstruct=False):
    """The obvious loop: fused AdamW, shuffled batches that index one tensor."""
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


def image_data(rng, quick):
    """Images, their classes, and the epochs that are trained."""
    side, epochs = (24, 2) if quick else (240, 4)
    X = rng.normal(100, 20, size=(76, 5, side, side)).astype(np.float32)
    return X, rng.permutation(np.arange(76) % 2), epochs


def image_case(rng, quick, memory_format=torch.contiguous_format, **params):
    """With ``torch.channels_last``, as the tower has it, the loop has its bits."""
    X, y, epochs = image_data(rng, quick)
    side = X.shape[-1]
    tower = ImageTowerClassifier(
        global_pool="mean",
        intensity="zscore",
        max_size=None,
        linear_penalty=None,
        augment=None,
        max_epochs=epochs,
        random_state=0,
        **params,
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


def with_torchs_dropout(module):
    """The module as one writes it without this library, with torch's own dropout."""
    for name, part in module.named_children():
        if isinstance(part, torch.nn.Dropout):
            setattr(module, name, torch.nn.Dropout(part.p))
        else:
            with_torchs_dropout(part)
    return module


def gene_data(rng, quick):
    X = rng.normal(size=(361, 300 if quick else 19196)).astype(np.float32)
    return X, rng.permutation(np.arange(361) % 2)


def make_autoencoder(n_genes):
    return with_torchs_dropout(Autoencoder(n_genes, (64, 32), (64,), 2, 0.2))


def gene_case(rng, quick, plain=False):
    """The loop has the tower's dropout, and with it its bits, unless `plain`."""
    X, y = gene_data(rng, quick)
    tower = GeneAutoencoderTransformer(n_components=None, max_epochs=5, random_state=0)

    def by_hand():
        x = torch.from_numpy(StandardScaler().fit_transform(signed_log(X)))
        torch.manual_seed(draw_seed(0))
        net = Autoencoder(X.shape[1], (64, 32), (64,), 2, 0.2)
        net = with_torchs_dropout(net) if plain else net
        loss = AutoencoderLoss(0.3)
        return train_by_hand(net, loss, x, torch.from_numpy(y), 5, 32, tower.lr, True)

    name = f"GeneAutoencoderTransformer, 361 x {X.shape[1]}, 5 epochs"
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


class ReconstructionLoss(torch.nn.Module):
    """The autoencoder's loss where a loader gives labels, and inputs ride along."""

    def __init__(self):
        super().__init__()
        self.loss = AutoencoderLoss(0.3)

    def forward(self, output, target):
        *said, inputs = output
        return self.loss(said, (inputs, target))


class WithInputs(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return *self.net(x), x


def stock_skorch(X, y):
    """The gene tower by skorch as it comes: its data loader and its callbacks."""

    def fit():
        x = StandardScaler().fit_transform(signed_log(X))
        torch.manual_seed(draw_seed(0))
        net = NeuralNet(
            WithInputs(make_autoencoder(X.shape[1])),
            ReconstructionLoss,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=1e-4,
            lr=3e-3,
            batch_size=32,
            max_epochs=5,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        )
        return net.fit(x, y)

    return fit


def stock_lightning(X, y):
    """The gene tower by Lightning, with what can be switched off switched off."""
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = make_autoencoder(X.shape[1])
            self.loss = AutoencoderLoss(0.3)

        def training_step(self, batch):
            return self.loss(self.net(batch[0]), batch)

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), lr=3e-3, weight_decay=1e-4)

    def fit():
        x = torch.from_numpy(StandardScaler().fit_transform(signed_log(X)))
        torch.manual_seed(draw_seed(0))
        data = DataLoader(TensorDataset(x, torch.from_numpy(y)), 32, shuffle=True)
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=5,
            logger=False,
            barebones=True,
            enable_progress_bar=False,
        )
        trainer.fit(Module(), data)
        return trainer

    return fit


def largest_difference(estimator, module):
    """Largest difference between the weights of both sides."""
    theirs = module.state_dict()
    return max(
        float(np.abs(value - theirs[name].numpy()).max())
        for name, value in estimator.weights_.items()
    )


def image_rows(rng, quick, repeats):
    name, fit, by_hand = image_case(rng, quick)
    half = image_case(rng, quick, precision="bfloat16")[1]
    times = in_turn([fit, by_hand, half], repeats)
    same_format = image_case(rng, quick, torch.channels_last)
    off = largest_difference(same_format[1](), same_format[2]())
    note = told(times, ["tower", "loop", "tower in bfloat16"])
    yield Row(f"{name}, to the loop", median_ratio(times), 1.0, note=note)
    note_of_parts = "the tower adds up the gradients of parts of a large batch"
    what = "its weights, to a loop with channels last"
    yield Row(what, off, 1e-6, "apart", note=note_of_parts)
    yield Row(
        f"{name}, bfloat16, to the float32 loop", median_ratio(times, 2), 0.5, note=note
    )
    yield from transform_rows(rng, quick, repeats)


def transform_rows(rng, quick, repeats):
    """Features of 76 images, against the forward pass of the same layers."""
    X, y, _ = image_data(rng, quick)
    towers = {
        size: ImageTowerClassifier(
            global_pool="mean", max_size=size, max_epochs=1, random_state=0
        ).fit(X, y)
        for size in (64, None)
    }
    net = ConvTower(X.shape[1:], 2, (16, 32, 64), (32, 16), "mean").eval()

    @torch.no_grad()
    def naive():
        x = torch.from_numpy(normalize_channels(X, "zscore"))
        return np.concatenate([net.features(part).numpy() for part in x.split(16)])

    times = in_turn(
        [*(lambda t=t: t.transform(X) for t in towers.values()), naive], repeats
    )
    note = told(times, ["default", "every pixel", "naive forward of every pixel"])
    what = "ImageTowerClassifier.transform"
    yield Row(f"{what}, default (64 px)", median_ratio(times, 0, 2), 0.35, note=note)
    yield Row(f"{what}, max_size=None", median_ratio(times, 1, 2), 0.35, note=note)


def gene_rows(rng, quick, repeats):
    name, fit, by_hand = gene_case(rng, quick)
    plain = gene_case(rng, quick, plain=True)[2]
    X, y = gene_data(rng, quick)
    others = [stock_skorch(X, y), stock_lightning(X, y)]
    times = in_turn([fit, plain, by_hand, *others], repeats)
    names = ["tower", "loop", "loop with the tower's dropout", "skorch", "Lightning"]
    note = told(times, names)
    yield Row(f"{name}, to the loop", median_ratio(times), 1.0, note=note)
    yield Row(f"{name}, to the loop with its dropout", median_ratio(times, 0, 2), 1.0)
    off = largest_difference(fit(), by_hand())
    yield Row("its weights, to the loop with its dropout", off, 0.0, "apart")
    for number, other in enumerate(names[3:], start=3):
        ratio = median_ratio(times, number, 0)
        yield Row(f"{name}, {other} to the tower", ratio, 1.5, at_least=True, note=note)


def head_rows(rng, quick, repeats):
    name, fit, by_hand = head_case(rng, quick)
    X = rng.normal(size=(30, 48)).astype(np.float32)
    y = rng.permutation(np.arange(30) % 2)
    theirs = MLPClassifier(
        (64, 128, 16), batch_size=16, max_iter=50, n_iter_no_change=50, random_state=0
    )
    times = in_turn([fit, by_hand, lambda: theirs.fit(X, y)], 3 * repeats)
    note = told(times, ["head", "loop", "MLPClassifier"])
    yield Row(f"{name}, to the loop", median_ratio(times), 0.8, note=note)
    yield Row(
        "its weights, to the loop", largest_difference(fit(), by_hand()), 0.0, "apart"
    )
    yield Row(
        f"{name}, to MLPClassifier (stretch)", median_ratio(times, 0, 2), 1.0, note=note
    )


def rows(quick, repeats):
    """Rows of the table."""
    yield from image_rows(np.random.default_rng(0), quick, repeats)
    with one_thread():
        yield from gene_rows(np.random.default_rng(0), quick, repeats)
        yield from head_rows(np.random.default_rng(0), quick, repeats)
