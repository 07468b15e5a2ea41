"""Coverage of prediction sets, by availability pattern, over simulated cohorts.

``python -m benchmarks.accuracy.coverage [--cohorts 200]``

Each cohort has a default twin tower, fitted on its training rows, and prediction sets
of its test rows, calibrated by rows that are neither: by the calibration rows of the
same pattern (``prediction_sets``), or of all patterns (marginal).
"""

import argparse
import time
from datetime import date
from pathlib import Path

import crepes
import numpy as np
import pandas as pd
import sklearn
import torch
from crepes.extras import hinge
from joblib import Parallel, delayed

from benchmarks.accuracy.pooling import markdown
from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import prediction_sets

STATED = (0.9, 0.8)
BY_PATTERN, MARGINAL = "by pattern", "marginal"
PATTERNS = ["image", "gene", "image+gene"]
N_TRAIN = dict(zip(PATTERNS, (60, 100, 50), strict=True))
# Test rows mix the patterns as calibration rows do, as marginal coverage assumes.
N_CALIBRATION = dict(zip(PATTERNS, (60, 100, 80), strict=True))
N_TEST = {pattern: 3 * n // 2 for pattern, n in N_CALIBRATION.items()}
EXPLANATION = """`coverage` is the mean over cohorts of the share of test rows whose set
has their class, `error` its standard error, `spread` the standard deviation over
cohorts (of models, calibration and test rows). `expected` is what theory says of the
mean for so many calibration rows. `size` is the mean number of classes, of two, in a
set, `one` the share of sets with one class. "All" mixes the patterns as calibration
does. A tower that has learnt nothing says the same of every patient: its sets have both
classes, and hold more often than expected. That was so of the {pattern} tower in {n}
cohorts."""


def split(X, seed):
    """Rows that train, calibrate and test: three arrays of row numbers."""
    rng = np.random.default_rng(seed)
    parts = [], [], []
    for pattern in PATTERNS:
        rows = rng.permutation(np.flatnonzero(X.patterns == pattern))
        n_train, n_calibration = N_TRAIN[pattern], N_CALIBRATION[pattern]
        cut = np.split(rows, [n_train, n_train + n_calibration])
        for part, some in zip(parts, cut, strict=True):
            part.append(some)
    return tuple(np.concatenate(part) for part in parts)


def run(seed):
    """Coverage and size of the sets of one cohort: DataFrame."""
    torch.set_num_threads(1)
    sizes = [N_TRAIN[p] + N_CALIBRATION[p] + N_TEST[p] for p in PATTERNS]
    X, y = make_glioma_cohort(
        *sizes, n_genes=40, image_size=16, random_state=seed, return_X_y=True
    )
    train, calibration, test = split(X, seed)
    model = TwinTowerClassifier(random_state=seed).fit(X[train], y[train])
    rows = []
    for stated in STATED:
        sets = prediction_sets(
            model,
            X[test],
            X_calibration=X[calibration],
            y_calibration=y[calibration],
            coverage=stated,
        ).sets.to_numpy()
        marginal = marginal_sets(model, X, y, calibration, test, stated)
        for kind, found in ((BY_PATTERN, sets), (MARGINAL, marginal)):
            rows += measure(found, y[test], X.patterns[test], kind, stated)
    return pd.DataFrame(rows).assign(cohort=seed)


def marginal_sets(model, X, y, calibration, test, stated):
    """Sets calibrated by the rows of all patterns at once."""
    told = hinge(model.predict_proba(X[calibration]), model.classes_, y[calibration])
    predictor = crepes.ConformalClassifier().fit(told)
    scores = hinge(model.predict_proba(X[test]))
    p_values = predictor.predict_p(scores, smoothing=False)
    return p_values > 1 - stated + 1e-12


def measure(sets, y, patterns, kind, stated):
    """A dict a pattern, and one for all."""
    held, size = sets[np.arange(len(y)), y], sets.sum(axis=1)
    rows = []
    for pattern in [*PATTERNS, "all"]:
        of_pattern = np.ones(len(y), bool) if pattern == "all" else patterns == pattern
        rows.append(
            {
                "stated": stated,
                "sets": kind,
                "pattern": pattern,
                "coverage": held[of_pattern].mean(),
                "size": size[of_pattern].mean(),
                "one": np.mean(size[of_pattern] == 1),
            }
        )
    return rows


def expected_coverage(stated, n_calibration):
    """Mean coverage of sets from so many calibration rows without ties."""
    return 1 - np.floor((1 - stated) * (n_calibration + 1) + 1e-9) / (n_calibration + 1)


def summarise(scores):
    """Mean, standard error and spread over cohorts: DataFrame."""
    parts = scores.groupby(["stated", "sets", "pattern"], sort=False)
    table = parts[["coverage", "size", "one"]].mean()
    spread = parts["coverage"].std(ddof=1)
    n_cohorts = scores["cohort"].nunique()
    table.insert(1, "error", spread / np.sqrt(n_cohorts))
    table.insert(2, "spread", spread)
    table.insert(3, "expected", [_theory(*key) for key in table.index])
    return table


def _theory(stated, kind, pattern):
    """What is known of the mean beforehand; nothing of a pattern in marginal sets."""
    counts = pd.Series(N_CALIBRATION)
    if kind == MARGINAL:
        all_rows = expected_coverage(stated, counts.sum())
        return all_rows if pattern == "all" else np.nan
    by_pattern = counts.map(lambda n: expected_coverage(stated, n))
    if pattern == "all":
        return np.average(by_pattern, weights=counts)
    return by_pattern[pattern]


def count_tied(scores, pattern):
    """Cohorts in which every set of a pattern has both classes at any coverage."""
    chosen = scores[(scores["sets"] == BY_PATTERN) & (scores["pattern"] == pattern)]
    return int((chosen.groupby("cohort")["size"].min() == 2).sum())


def report(scores, command):
    """The tables in Markdown."""
    counts = ", ".join(
        f"{p} {N_TRAIN[p]} / {N_CALIBRATION[p]} / {N_TEST[p]}" for p in PATTERNS
    )
    lines = [
        f"# Coverage of prediction sets: {scores['cohort'].nunique()} simulated "
        f"cohorts, {date.today()}, scikit-learn {sklearn.__version__}, torch "
        f"{torch.__version__}, crepes {crepes.__version__}",
        "",
        f"`{command}`",
        "",
        f"`make_glioma_cohort` with 40 genes and images of 16 x 16; rows that train / "
        f"calibrate / test: {counts}. The model is `TwinTowerClassifier()`.",
        "",
        EXPLANATION.format(pattern="image", n=count_tied(scores, "image")),
        "",
    ]
    for stated, table in summarise(scores).groupby(level="stated", sort=False):
        text = markdown(table.droplevel("stated")).replace("nan", "")
        lines += [f"## Stated: {stated}", "", text, ""]
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/accuracy/results"))
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    tables = Parallel(n_jobs=options.jobs, verbose=5)(
        delayed(run)(seed) for seed in range(options.cohorts)
    )
    scores = pd.concat(tables, ignore_index=True)
    options.out.mkdir(parents=True, exist_ok=True)
    scores.round(5).to_csv(options.out / "coverage.csv", index=False)
    command = f"python -m benchmarks.accuracy.coverage --cohorts {options.cohorts}"
    text = report(scores, command)
    (options.out / "coverage.md").write_text(text)
    print(text)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
