"""``python -m benchmarks.statistics.operating_points``: sensitivity at a specificity.

Cohorts of pairs with a known truth, some of a rare class, on which a logistic model is
cross-validated (3 folds x 10 repeats). Counted is how often the intervals of
`Comparison.sensitivity_at` hold the sensitivity of such models, at the threshold that
has this specificity on the population: of the mean probability of one model of each
repeat, averaged over cohorts. Beside it:

- Wilson: the interval of the share alone, as if the threshold had been known;
- bias: the sensitivity found less the true one, in points;
- for a new patient: the same with the threshold below which a new other patient stays
  with the probability of the specificity, whatever the scores are like: the k-th
  smallest of n, k being specificity * (n + 1) rounded up;
- held out: specificity of thresholds chosen on the other folds, on the fold left out.
"""

import argparse
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit, ndtri

from benchmarks.accuracy.pooling import markdown
from benchmarks.statistics.simulate import draw, logistic_fits
from skmultimodal.model_selection import PairedStratifiedKFold, wilson_interval
from skmultimodal.model_selection._operating_points import rates_at
from skmultimodal.model_selection._patients import PatientPredictions

N_SPLITS, N_REPEATS, N_FEATURES, N_NEW = 3, 10, 5, 4000
RATIO = 1 / (N_SPLITS - 1)
SPECIFICITY = 0.9


class Setting(NamedTuple):
    """`oracle_auc` is that of all features with perfect weights."""

    n_positive: int
    n_others: int
    oracle_auc: float

    def __str__(self):
        return f"{self.n_positive} of {self.n_positive + self.n_others}"


SETTINGS = [
    Setting(*sizes, auc)
    for auc in (0.5, 0.8, 0.95)
    for sizes in ((10, 40), (10, 115), (25, 25), (25, 285), (100, 100))
]


def cross_validated(setting, rng):
    """Predictions of a cohort, as `rates_at` reads them, and those of new patients."""
    effects = np.full(N_FEATURES, np.sqrt(2 / N_FEATURES) * ndtri(setting.oracle_auc))
    y = np.repeat([1.0, 0.0], setting[:2])
    X, n = draw(rng, y, effects), len(y)
    y_new = np.repeat([1.0, 0.0], N_NEW)
    X_new, p_new = draw(rng, y_new, effects), np.zeros(2 * N_NEW)
    seed = int(rng.integers(2**31))
    cv = PairedStratifiedKFold(N_SPLITS, N_REPEATS, random_state=seed)
    each, rows, folds = [], [], []
    for number, (train, test) in enumerate(cv.split(np.ones((n, 1)), y)):
        weights = logistic_fits(X[train][None], y[train][None])[0]
        each.append(expit(X[test] @ weights[:-1] + weights[-1]))
        rows.append(test)
        folds.append(np.full(len(test), number))
        if number % N_SPLITS == 0:
            p_new += expit(X_new @ weights[:-1] + weights[-1]) / N_REPEATS
    each, rows, folds = map(np.concatenate, (each, rows, folds))
    p = np.bincount(rows, each) / N_REPEATS
    patients = PatientPredictions(
        np.arange(n),
        y.astype(int),
        np.column_stack([1 - p, p]),
        np.full(n, "a"),
        np.column_stack([1 - each, each]),
        rows,
        folds,
        folds // N_SPLITS,
    )
    return patients, np.mean(p_new[:N_NEW] > np.quantile(p_new[N_NEW:], SPECIFICITY))


def run(setting, seed):
    """Estimates, intervals and truth of one cohort."""
    key = [seed, *setting[:2], int(setting.oracle_auc * 1000)]
    patients, truth = cross_validated(setting, np.random.default_rng(key))
    given = 1, SPECIFICITY, 0.95, {"m": RATIO}
    row = rates_at({"m": patients}, *given, of_positive=True).iloc[0]
    p, hits = patients.proba[:, 1], patients.codes == 1
    new = np.sort(p[~hits])[int(np.ceil(SPECIFICITY * (1 + (~hits).sum()) - 1e-9)) - 1]
    n_right = round(row["sensitivity"] * hits.sum())
    low, high = wilson_interval(n_right, int(hits.sum()))
    return {
        "truth": truth,
        "low": row["low"],
        "high": row["high"],
        "wilson low": low,
        "wilson high": high,
        "found": row["sensitivity"],
        "new": np.mean(p[hits] > new),
        "held out": row["held_out_specificity"],
    }


def summary(setting, found):
    """One row of the table."""
    truth = found["truth"].mean()

    def holds(low, high):
        return 100 * np.mean((found[low] <= truth) & (truth <= found[high]))

    return {
        "of the class": str(setting),
        "area of a perfect model": setting.oracle_auc,
        "true sensitivity": f"{truth:.2f}",
        "coverage": f"{holds('low', 'high'):.1f}",
        "width": f"{(found['high'] - found['low']).mean():.2f}",
        "Wilson": f"{holds('wilson low', 'wilson high'):.1f}",
        "bias": f"{100 * (found['found'].mean() - truth):+.1f}",
        "for a new patient": f"{100 * (found['new'].mean() - truth):+.1f}",
        "held out": f"{found['held out'].mean():.3f}",
    }


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.statistics.operating_points",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("--cohorts", type=int, default=400, help="drawn per setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    rows = []
    for setting in SETTINGS:
        cases = range(options.seed * 100_000, options.seed * 100_000 + options.cohorts)
        found = Parallel(options.n_jobs)(delayed(run)(setting, case) for case in cases)
        rows.append(summary(setting, pd.DataFrame(found)))
        print(rows[-1], flush=True)
    error = 196 * np.sqrt(0.95 * 0.05 / options.cohorts)
    command = f"{options.cohorts} --seed {options.seed}"
    text = [
        "# Sensitivity at a specificity of 0.9",
        f"`python -m benchmarks.statistics.operating_points --cohorts {command}`, "
        f"{date.today()}",
        __doc__.split("\n\n", 1)[1].strip(),
        f"Coverage of 95 % intervals in %; Monte-Carlo error at 95 %: {error:.1f} "
        "points.",
        markdown(pd.DataFrame(rows)),
    ]
    path = options.out / "operating_points.md"
    path.write_text("\n\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
