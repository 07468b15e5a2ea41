"""The default twin tower where the label has nothing in it.

``python -m benchmarks.accuracy.permuted_label --data FOLDER [--draws 50]``

Each draw is another setting of ``benchmarks.accuracy.powered``, with the labels of its
patients permuted, those who train and those who are tested together. An interrupted run
of the same code continues.
"""

import argparse
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.pooling import markdown, run_tasks, t_interval
from benchmarks.accuracy.powered import fit_default, score
from benchmarks.accuracy.powered_cohorts import draw_two, two_modality_settings

OURS, SHARE = "twin tower", "share of the class"
EXPLANATION = """The share is that of the class among the training patients, predicted
for everyone. Intervals are t intervals over the draws."""


def run(data, draw):
    """Scores of one draw: DataFrame."""
    settings = two_modality_settings()
    cohort, label, scarce, plentiful = settings[draw % len(settings)]
    X, y, X_test, y_test = draw_two(data / cohort, label, scarce, plentiful, draw)
    rng = np.random.default_rng([draw, 5])
    y, y_test = np.split(rng.permutation(np.concatenate([y, y_test])), [len(y)])
    p = fit_default(X, y, draw).predict_proba(X_test)[:, 1]
    found = {OURS: score(y_test, p)}
    found[SHARE] = score(y_test, np.full(len(y_test), y.mean()))
    return pd.DataFrame(found).rename_axis("metric").reset_index().assign(draw=draw)


def report(scores):
    """The table as Markdown."""
    rows = {}
    for metric, part in scores.groupby("metric", sort=False):
        rows[metric] = {
            "mean": part[OURS].mean(),
            "of the share": part[SHARE].mean(),
            **t_interval(part[OURS] - part[SHARE]),
            "lowest": (part[OURS] - part[SHARE]).min(),
        }
    table = pd.DataFrame(rows).T.rename_axis("metric")
    return f"{EXPLANATION}\n\n{markdown(table, 4)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the powered cohorts")
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/permuted_label"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    tasks = [(draw,) for draw in range(options.draws)]
    work = partial(run, options.data)
    text = report(run_tasks(work, tasks, options.work, options.n_jobs))
    print(text)
    command = f"`python -m benchmarks.accuracy.permuted_label --draws {options.draws}`"
    head = f"# A permuted label\n\n{command}, {date.today()}\n\n"
    (options.out / "permuted_label.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
