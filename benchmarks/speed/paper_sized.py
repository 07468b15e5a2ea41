"""A whole fit of the paper's size, against the obvious implementation.

Run as a module, it prints the private memory of such a fit, in MB.
"""

import sys

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.helper import SliceDict

from benchmarks.speed.cohorts import make_blocks, make_cohort, shape, twin_tower
from benchmarks.speed.measure import (
    PrivateMemory,
    Row,
    in_fresh_process,
    in_turn,
    median_ratio,
    memory_of,
    told,
)
from benchmarks.speed.nets import ReconstructionLoss, WithInputs, make_autoencoder
from skmultimodal import (
    Cohort,
    FusionHeadClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.nn import ConvTower, MultilayerPerceptron

IMAGE_EPOCHS, GENE_EPOCHS, HEAD_EPOCHS = 20, 10, 50


class Fusion(torch.nn.Module):
    """Frozen towers below a head: what one writes first."""

    def __init__(self, image, gene):
        super().__init__()
        self.image, self.gene = image, gene
        for parameter in self.parameters():
            parameter.requires_grad_(False)
        self.head = MultilayerPerceptron(48, (64, 128, 16), 2)

    def forward(self, image, gene):
        with torch.no_grad():
            features = [self.image.features(image), self.gene.features(gene)]
        return self.head(torch.cat(features, dim=1))


def skorch_net(module, criterion, epochs, batch_size, lr):
    return NeuralNetClassifier(
        module,
        criterion=criterion,
        optimizer=torch.optim.AdamW,
        lr=lr,
        max_epochs=epochs,
        batch_size=batch_size,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )


def fit_obviously(X, y):
    """Towers by stock skorch, then a head that runs them in every epoch.

    Each tower is fitted once, with the steps, batches and learning rates of the
    library's defaults; images keep every pixel.
    """
    paired = X.paired
    image, gene = X[X.has("image")], X[X.has("gene")]
    images = np.asarray(image.block("image"))
    mean, std = images.mean(axis=(2, 3)), images.std(axis=(2, 3))
    images = (images - mean[..., None, None]) / std[..., None, None]
    only = ~image.paired
    tower = ConvTower(images.shape[1:], 2, (16, 32, 64), (32, 16), "mean")
    net = skorch_net(tower, torch.nn.CrossEntropyLoss, IMAGE_EPOCHS, 16, 3e-3)
    net.fit(images[only], y[X.has("image")][only])
    genes = np.asarray(gene.block("gene"))
    unpaired = ~gene.paired
    scaler = StandardScaler().fit(genes[unpaired])
    genes = scaler.transform(genes)
    wrapped = WithInputs(make_autoencoder(genes.shape[1]))
    labels = y[X.has("gene")]
    inner = skorch_net(wrapped, ReconstructionLoss, GENE_EPOCHS, 32, 3e-3)
    inner.fit(genes[unpaired], labels[unpaired])
    fusion = skorch_net(
        Fusion(net.module_, inner.module_.net),
        torch.nn.CrossEntropyLoss,
        HEAD_EPOCHS,
        16,
        1e-3,
    )
    both = SliceDict(image=images[~only], gene=genes[~unpaired])
    return fusion.fit(both, y[paired])


def fit_row(quick, repeats):
    X, y = make_cohort(*shape(quick))
    head = FusionHeadClassifier()
    once = twin_tower(quick, final_estimator=head)
    image_epochs, gene_epochs = (1, 1) if quick else (20, 36)
    before = TwinTowerClassifier(
        [
            ("image", ImageTowerClassifier(lr=1e-3, max_epochs=image_epochs)),
            ("gene", GeneAutoencoderTransformer(lr=1e-3, max_epochs=gene_epochs)),
        ],
        head,
        random_state=0,
    )
    models = [twin_tower(quick), once, before]
    fits = [lambda m=m: m.fit(X, y) for m in models]
    times = in_turn([*fits, lambda: fit_obviously(X, y)], repeats)
    names = ["default (5 members a tower)", "towers fitted once (paper)"]
    note = told(times, [*names, "once, steps as before ensembles", "obvious"])
    what = "obvious implementation of the paper to the"
    for number, name in enumerate(names):
        ratio = median_ratio(times, 3, number)
        yield Row(f"{what} {name}", ratio, 5, at_least=True, note=note)
    yield Row(
        "default to the concat version of before",
        median_ratio(times, 0, 2),
        2.0,
        note=note,
    )


def memory_row(quick):
    name = "benchmarks.speed.paper_sized"
    fit = [float(v) for v in in_fresh_process(name, "cohort", int(quick))]
    padded = [float(v) for v in in_fresh_process(name, "padded", int(quick))]
    imported, blocks, peak = fit
    note = (
        f"import {imported:.0f} MB, blocks {blocks:.0f} MB, peak {peak:.0f} MB; as a "
        f"NaN-padded SliceDict the blocks take {padded[1]:.0f} MB, and a slice of the "
        f"training rows brings the peak to {padded[2]:.0f} MB before anything is fitted"
    )
    extra = peak - imported - blocks
    return Row("peak memory beyond import and blocks", extra, 400, "MB", note=note)


def print_memory(kind, quick):
    """Private memory in MB: after the import, of the blocks, and at the peak."""
    size = shape(quick)
    torch.zeros(1)
    imported = memory_of("RssAnon")
    blocks, y = make_blocks(*size)
    if kind == "padded":
        n = len(y)
        padded = SliceDict()
        for name, (ids, rows) in blocks.items():
            padded[name] = np.full((n, *rows.shape[1:]), np.nan, dtype=np.float32)
            padded[name][ids] = rows
        blocks = {}
    own = memory_of("RssAnon") - imported
    with PrivateMemory() as used:
        if kind == "padded":
            kept = padded[np.arange(n) % 3 > 0]  # what each fold of a search holds
            del kept
        else:
            twin_tower(quick).fit(Cohort(blocks), y)
    print(imported, own, max(used.peak, imported + own))


def rows(quick, repeats):
    """Rows of the table."""
    yield from fit_row(quick, min(repeats, 3))
    yield memory_row(quick)


if __name__ == "__main__":
    print_memory(sys.argv[1], bool(int(sys.argv[2])))
