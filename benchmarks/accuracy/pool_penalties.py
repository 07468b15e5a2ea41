"""Measure the penalties of the opinion pool on labels and views that are not reported.

``python -m benchmarks.accuracy.pool_penalties --data multifeature.parquet --out FILE``

Digits as in `benchmarks.accuracy.views`, but for another question (is the digit odd?)
and, for ten classes, with other views.
"""

import argparse
import tempfile
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import get_scorer

from benchmarks.accuracy.models import make_towers
from benchmarks.accuracy.pooling import run_tasks
from benchmarks.accuracy.views import N_IMAGE, N_OTHER, deal, read_views
from skmultimodal import LogOpinionPoolClassifier, TwinTowerClassifier

CELLS = [("odd digit", view, 50) for view in ("zer", "fou", "mor", "kar")]
CELLS += [("ten classes", view, 200) for view in ("kar", "fac")]
WEIGHT, FEATURE = [10, 30, 100], [0.3, 1, 2, 3, 10]
METRICS = ["neg_log_loss", "neg_brier_score"]


def run(path, task, view, n_paired, seed):
    digit, X = read_views(path, [view])
    y = digit if task == "ten classes" else digit % 2
    sizes = {"image": N_IMAGE, view: N_OTHER, "paired": n_paired}
    X, (train, test) = deal(X, y, sizes, seed)
    rows = []
    with tempfile.TemporaryDirectory() as memory:
        towers = make_towers(X.modalities, seed)
        for penalties in product(WEIGHT, FEATURE):
            head = LogOpinionPoolClassifier(*penalties)
            model = TwinTowerClassifier(towers, head, memory=memory, random_state=seed)
            model.fit(X[train], y[train])
            scores = [get_scorer(m)(model, X[test], y[test]) for m in METRICS]
            rows.append((task, view, *penalties, *scores))
    names = ["task", "view", "weight_penalty", "feature_penalty", *METRICS]
    return pd.DataFrame(rows, columns=names)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/pool_penalties"))
    parser.add_argument("--out", type=Path, help="CSV file")
    options = parser.parse_args(arguments)
    # Draws that the benchmark of views does not use.
    seeds = 100 + np.arange(options.draws)
    tasks = [(*cell, seed) for seed in seeds for cell in CELLS]
    scores = run_tasks(partial(run, options.data), tasks, options.work, options.jobs)
    keys = ["task", "weight_penalty", "feature_penalty"]
    table = scores.groupby(keys)[METRICS].mean().unstack("task")
    print(table.round(4).to_string())
    if options.out:
        table.columns = [f"{task}: {metric}" for metric, task in table.columns]
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.round(5).to_csv(options.out)


if __name__ == "__main__":
    main()
