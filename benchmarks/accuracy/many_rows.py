"""Batches and steps of a network of many rows: as with few rows, or the default.

``python -m benchmarks.accuracy.many_rows [--rows 5000 10000 ...] [--out FOLDER]``

Rows are simulated, since no cohort here has so many: a label of two classes depends on
sums and on products of columns (a random network of two layers), and is flipped in one
row of ten. One gene tower without ensemble, one thread; boosting of scikit-learn beside
it. Tested are 20,000 other rows. All but "30 epochs" are trained for 10,000 steps at
most, which are fewer epochs from 11,000 rows in batches of 32 on.
"""

import argparse
import time
import warnings
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.accuracy.pooling import markdown
from benchmarks.speed.measure import machine
from skmultimodal import GeneAutoencoderTransformer

N_COLUMNS, N_TEST = 50, 20_000


def simulate(n_rows, seed):
    """Rows (n_rows + N_TEST, N_COLUMNS) and labels."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows + N_TEST, N_COLUMNS), np.float32)
    hidden = np.maximum(X @ rng.normal(size=(N_COLUMNS, 20)) / N_COLUMNS**0.5, 0)
    score = hidden @ rng.normal(size=20) + X[:, :5].sum(axis=1) / 3
    y = (score > np.median(score)).astype(int)
    flipped = rng.random(len(y)) < 0.1
    return X, np.where(flipped, 1 - y, y)


def models(seed):
    tower = GeneAutoencoderTransformer(random_state=seed)
    sizes = (32, 128, 256, 512)
    batches = {f"batches of {n}": clone(tower).set_params(batch_size=n) for n in sizes}
    boosting = HistGradientBoostingClassifier(random_state=seed)
    batches["30 epochs"] = clone(tower).set_params(max_epochs=30)
    return {"default": tower, **batches, "boosting": boosting}


def measure(sizes, seeds):
    """Scores on other rows, and seconds of the processor: DataFrame."""
    rows = []
    for n_rows in sizes:
        for seed in range(seeds):
            X, y = simulate(n_rows, seed)
            for name, model in models(seed).items():
                start = time.process_time()
                model.fit(X[:n_rows], y[:n_rows])
                seconds = time.process_time() - start
                p = model.predict_proba(X[n_rows:])[:, 1]
                scores = roc_auc_score(y[n_rows:], p), log_loss(y[n_rows:], p)
                rows.append((n_rows, name, *scores, seconds))
                print(*rows[-1], flush=True)
    names = ["rows", "model", "AUC", "log-loss", "fit, s"]
    return pd.DataFrame(rows, columns=names)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = [3_000, 5_000, 10_000, 50_000, 200_000]
    parser.add_argument("--rows", type=int, nargs="+", default=sizes)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for many_rows.md")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    table = measure(options.rows, options.seeds)
    means = table.groupby(["rows", "model"], sort=False).mean()
    text = f"{date.today()}; {machine()}\n\n{markdown(means, 3)}\n"
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        head = f"# Many rows\n\n{__doc__.split(chr(10) * 2, 2)[2]}\n"
        (options.out / "many_rows.md").write_text(head + text)


if __name__ == "__main__":
    main()
