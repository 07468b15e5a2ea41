"""Fusion with statistical power: handwritten digits of which most have one view.

``python -m benchmarks.accuracy.views --data multifeature.parquet [--draws 20]``

In each draw 95 digits have their image only, 452 another view only and 50 (200 for ten
classes) both; the rest, some hundreds with both, test. Three views: 95 have their image
only, 226 each of two other views only, 50 all three, and the model of three views is
compared with that of each two of them on the same rows.
"""

import argparse
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import torch
from sklearn.model_selection import train_test_split

from benchmarks.accuracy.models import (
    OURS,
    late_models,
    make_towers,
    other_fusions,
)
from benchmarks.accuracy.pooling import differences, markdown, means, run_tasks
from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import compare_classifiers

N_IMAGE, N_OTHER = 95, 452
IMAGE, IMAGE_SHAPE = "pix", (1, 15, 16)
PAIRS = ["zer", "fou", "mor"]
TRIPLES = ["zer+fou", "zer+mor", "fou+mor"]
TASKS = {"digit >= 5": 50, "ten classes": 200}
METRICS = {
    "digit >= 5": ["roc_auc", "neg_brier_score", "accuracy"],
    "ten classes": ["neg_log_loss", "neg_brier_score", "accuracy"],
}


def read_views(path, others):
    """Digits, and a cohort in which everybody has the image and the other views."""
    table = pd.read_parquet(path)

    def view(name):
        columns = [c for c in table if c.startswith(name) and c[len(name) :].isdigit()]
        return table[columns].to_numpy(dtype=np.float32)

    blocks = {"image": view(IMAGE).reshape(-1, *IMAGE_SHAPE)}
    return table["digit"].to_numpy(), Cohort(blocks | {n: view(n) for n in others})


def deal(X, y, sizes, seed):
    """Hide all but one modality of so many rows each, and keep so many paired.

    Parameters
    ----------
    X : Cohort
        Complete rows.
    y : ndarray
    sizes : dict of str to int
        Training rows that have a modality only; ``"paired"`` of those that have all.
    seed : int

    Returns
    -------
    X : Cohort
    split : (train, test)
    """
    rest = np.arange(len(y))
    drawn = {}
    for number, (name, size) in enumerate(sizes.items()):
        drawn[name], rest = train_test_split(
            rest, train_size=size, stratify=y[rest], random_state=seed + 1000 * number
        )
    for name in X.modalities:
        others = [rows for n, rows in drawn.items() if n not in (name, "paired")]
        X = X.hide(name, np.concatenate(others))
    return X, (np.concatenate(list(drawn.values())), rest)


def score(models, X, y, split, metrics):
    result = compare_classifiers(models, X, y, cv=[split], scoring=metrics)
    return result.scores()[["model", "metric", "score"]]


def run(path, task, view, seed):
    digit, X = read_views(path, view.split("+"))
    y = digit if task == "ten classes" else (digit >= 5).astype(int)
    names = X.modalities
    share = N_OTHER // (len(names) - 1)
    sizes = {"image": N_IMAGE, **dict.fromkeys(names[1:], share), "paired": TASKS[task]}
    X, split = deal(X, y, sizes, seed)
    with tempfile.TemporaryDirectory() as memory:
        if len(names) == 2:
            models = late_models(names, seed, memory)
            models |= other_fusions(names, seed, memory)
            # The metrics need to know no name of the view.
            table = score(models, X, y, split, METRICS[task])
            table["model"] = table["model"].str.replace(f"{view} tower", "other tower")
        else:
            table = pd.concat(
                _of_views(kept, X, y, split, METRICS[task], seed, memory)
                for kept in [names, *([n for n in names if n != m] for m in names)]
            )
    return table.assign(task=task, view=view, seed=seed)


def _of_views(kept, X, y, split, metrics, seed, memory):
    """Score of the default on the rows that have at least one of `kept`."""
    part = X[:, kept]
    some = np.flatnonzero(part.available.any(axis=1))
    train, test = (np.searchsorted(some, np.intersect1d(r, some)) for r in split)
    model = TwinTowerClassifier(
        make_towers(kept, seed), memory=memory, random_state=seed
    )
    whole = len(kept) == len(X.modalities)
    # The view left out names the pair, so that triples can be pooled.
    left_out = [n for n in X.modalities if n not in kept]
    name = OURS if whole else f"without {'image' if 'image' in left_out else 'a view'}"
    if not whole and left_out != ["image"]:
        name += f" ({'second' if left_out[0] == X.modalities[1] else 'third'})"
    return score({name: model}, part[some], y[some], (train, test), metrics)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/views"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/accuracy/results"))
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    cells = [(task, view) for task in TASKS for view in PAIRS]
    cells += [("digit >= 5", view) for view in TRIPLES]
    tasks = [(*cell, seed) for seed in range(options.draws) for cell in cells]
    scores = run_tasks(partial(run, options.data), tasks, options.work, options.jobs)
    options.out.mkdir(parents=True, exist_ok=True)
    scores.round(5).to_csv(options.out / "views_scores.csv", index=False)
    lines = [
        f"# Fusion of views of handwritten digits: {options.draws} draws, "
        f"{date.today()}, scikit-learn {sklearn.__version__}, torch "
        f"{torch.__version__}",
        "",
    ]
    scores["kind"] = np.where(scores["view"].str.contains(r"\+"), "three", "two")
    for (task, kind), part in scores.groupby(["task", "kind"], sort=False):
        others = [m for m in part["model"].unique() if m != OURS]
        gaps = differences(part, OURS, others, "view", "seed")
        table = means(part, "view")
        # The towers fitted once and the calibrated ones are in the tables of means.
        shown = [m for m in others if "fitted once" not in m and "calibrated" not in m]
        for metric in METRICS[task]:
            chosen = gaps[(gaps["metric"] == metric) & gaps["other"].isin(shown)]
            chosen = chosen[["other", "view", "difference", "low", "high"]]
            lines += [
                f"## {task}, {kind} views: {metric}",
                "",
                markdown(table.loc[metric], 4),
                "",
                f"{OURS} - other, interval over draws:",
                "",
                markdown(chosen.set_index(["other", "view"]), 4),
                "",
            ]
    (options.out / "views.md").write_text("\n".join(lines))
    print("\n".join(lines))
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
