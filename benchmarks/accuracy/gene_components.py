"""The gene tower on genes, on components, and with linear models beside it.

``python -m benchmarks.accuracy.gene_components --data FOLDER [--draws 3]``

Each tower is the calibrated ensemble of five that the twin tower fits. FOLDER holds
``tcga_brca``; 145 and 502 patients train (90 and 240 with proteins, of which there are
fewer), all others test. Then one ensemble is timed on 452 rows of 19,000 random genes.
An interrupted run of the same code continues.
"""

import argparse
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone

from benchmarks.accuracy.pooling import (
    differences,
    markdown,
    means,
    run_tasks,
    with_intervals,
)
from benchmarks.accuracy.powered import METRICS, score
from benchmarks.accuracy.powered_cohorts import OMICS, OMICS_LABELS, read_powered
from benchmarks.accuracy.simple_models import reduced_logistic
from skmultimodal import CrossFittedEnsembleClassifier, GeneAutoencoderTransformer

DEFAULT = "components + ridge + lasso (default)"
N_TRAIN = {"scarce": (145, 90), "plentiful": (502, 240)}
TOWERS = {
    DEFAULT: {},
    "components + ridge": {"sparse_penalty": None},
    "components": {"linear_penalty": None, "sparse_penalty": None},
    "genes": {"n_components": None},
}
EXPLANATION = """Differences are the default - other; higher is better. Intervals are t
intervals over the draws of the mean over labels and modalities, not over patients."""


def make_ensembles(n_rows, n_columns, seed):
    towers = {n: GeneAutoencoderTransformer(**p) for n, p in TOWERS.items()}
    towers["PCA + logistic"] = reduced_logistic(n_rows, n_columns)
    return {
        name: CrossFittedEnsembleClassifier(tower, random_state=seed)
        for name, tower in towers.items()
    }


def run(data, label, modality, size, seed):
    """Scores of all towers on one draw: DataFrame."""
    labels, blocks = read_powered(data / "tcga_brca")
    y = labels[label].dropna()
    ids = np.asarray(y.index.intersection(blocks[modality].index))
    n_train = N_TRAIN[size][modality == "rppa"]
    order = np.random.default_rng([seed, 3]).permutation(ids)
    train, test = order[:n_train], order[n_train:]
    X, X_test = (blocks[modality].loc[part].to_numpy() for part in (train, test))
    y_train, y_test = (y[part].to_numpy(int) for part in (train, test))
    found = []
    for name, tower in make_ensembles(*X.shape, seed).items():
        p = tower.fit(X, y_train).predict_proba(X_test)[:, 1]
        found += [(name, *item) for item in score(y_test, p).items()]
    table = pd.DataFrame(found, columns=["model", "metric", "score"])
    return table.assign(setting=f"{label}, {modality}", size=size, draw=seed)


def time_fits():
    """Median seconds of three fits of each ensemble of networks."""
    rng = np.random.default_rng(0)
    genes = rng.normal(size=(452, 19_000)).astype(np.float32)
    y = (genes[:, :50].sum(axis=1) > 0).astype(int)
    seconds = {}
    for name, params in TOWERS.items():
        tower = CrossFittedEnsembleClassifier(
            GeneAutoencoderTransformer(**params), random_state=0
        )
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            clone(tower).fit(genes, y)
            taken.append(time.perf_counter() - start)
        seconds[name] = np.median(taken)
    table = pd.Series(seconds).rename_axis("model").to_frame("seconds")
    return table.assign(ratio=table["seconds"] / table.loc["genes", "seconds"])


def report(scores):
    parts = [EXPLANATION]
    for size, part in scores.groupby("size"):
        n_settings, n_draws = part["setting"].nunique(), part["draw"].nunique()
        others = [name for name in part["model"].unique() if name != DEFAULT]
        gaps = differences(part, DEFAULT, others, "setting", "draw")
        pooled = gaps[gaps["setting"] == "pooled"].set_index(["other", "metric"])
        shown = with_intervals(pooled)
        table = means(part, "setting")["mean"].unstack("metric")[METRICS]
        title = f"## {size}: {N_TRAIN[size][0]} rows, {n_settings} settings"
        parts += [f"{title}, {n_draws} draws", markdown(table, 4)]
        parts.append(markdown(shown.unstack("metric")[METRICS]))
    title = "## One ensemble of 452 rows and 19,000 genes, median of three fits"
    return "\n\n".join([*parts, title, markdown(time_fits(), 2)])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/gene_components"))
    parser.add_argument("--out", type=Path, help="folder for gene_components.md")
    options = parser.parse_args(arguments)
    tasks = [
        (label, modality, size, draw)
        for draw in range(options.draws)
        for label in OMICS_LABELS
        for modality in OMICS
        for size in N_TRAIN
    ]
    scores = run_tasks(partial(run, options.data), tasks, options.work, options.n_jobs)
    text = report(scores)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = f"benchmarks.accuracy.gene_components --draws {options.draws}"
        head = f"# The gene tower and its components\n\n`python -m {command}`"
        head += f", {date.today()}"
        (options.out / "gene_components.md").write_text(f"{head}\n\n{text}\n")


if __name__ == "__main__":
    main()
