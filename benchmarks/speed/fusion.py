"""Time the default fit on a cohort of the paper's size, and the paper's architecture.

``python -m benchmarks.speed.fusion [--repeats N] [--out FILE]``

95 patients have an image of 5 x 240 x 240, 452 have 19,196 genes, 50 both. The ratio is
to the same model with ``tower_output="features"``: each tower fitted once, and the
paper's head. It is also given for that model with the steps and learning rates that
towers had before ensembles were the default.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.speed.__main__ import machine
from skmultimodal import (
    Cohort,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)

N_IMAGE, N_GENE, N_PAIRED = 95, 452, 50


def make_cohort(side, n_genes, seed=0):
    """Noise: what a fit costs does not depend on the values."""
    rng = np.random.default_rng(seed)
    n = N_IMAGE + N_GENE + N_PAIRED
    image = rng.normal(100, 20, (N_IMAGE + N_PAIRED, 5, side, side)).astype(np.float32)
    gene = rng.normal(size=(N_GENE + N_PAIRED, n_genes)).astype(np.float32)
    ids = np.arange(n)
    with_gene = np.concatenate([ids[N_IMAGE + N_PAIRED :], ids[N_IMAGE:][:N_PAIRED]])
    blocks = {"image": (ids[: N_IMAGE + N_PAIRED], image), "gene": (with_gene, gene)}
    return Cohort(blocks), rng.permutation(np.arange(n) % 2)


def make_models():
    before = [
        ("image", ImageTowerClassifier(lr=1e-3, max_epochs=20)),
        ("gene", GeneAutoencoderTransformer(lr=1e-3, max_epochs=36)),
    ]
    return {
        "default": TwinTowerClassifier(random_state=0),
        "log-odds only": TwinTowerClassifier(tower_output="log_odds", random_state=0),
        "features (paper)": TwinTowerClassifier(
            tower_output="features", random_state=0
        ),
        "features, steps as before": TwinTowerClassifier(
            before, tower_output="features", random_state=0
        ),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="smaller shapes")
    parser.add_argument("--out", type=Path, help="CSV file")
    options = parser.parse_args(arguments)
    X, y = make_cohort(*((48, 500) if options.quick else (240, 19196)))
    models = make_models()
    times = {name: [] for name in models}
    for _ in range(options.repeats):
        for name, model in models.items():
            start = time.perf_counter()
            model.fit(X, y)
            times[name].append(time.perf_counter() - start)
    seconds = pd.DataFrame(times)
    table = pd.DataFrame({"seconds": seconds.median()})
    for name in list(models)[2:]:
        table[f"ratio to {name}"] = seconds.div(seconds[name], axis=0).median()
    print(machine())
    print(table.to_string(float_format=lambda v: f"{v:.3g}"))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.rename_axis("fit").to_csv(options.out, float_format="%.4g")


if __name__ == "__main__":
    main()
