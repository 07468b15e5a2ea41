"""``python -m benchmarks.statistics.printed``: every other interval that is printed.

Cohorts of pairs with a known truth, on which a logistic model is cross-validated (3
folds x 10 repeats), and a fixed model tested. Counted is how often the intervals that
`Comparison` and the report print hold what they are of:

- scores (mean over folds): that of the folds' models on the population; of precision
  and F1, which are no means over patients, the expected score of a fold;
- shares at a threshold, net benefit, calibration, subgroups: those on the population of
  the mean probability of one model of each repeat, averaged over cohorts;
- weighted scores: those of the folds' models on the population before some were chosen
  to be tested, given the true probabilities of being chosen;
- fixed models: their own on the population.

An interval may be undefined (NaN); the share of cohorts where it is not is given if it
is below 1.
"""

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import special, stats
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator

from benchmarks.accuracy.pooling import markdown
from benchmarks.statistics.simulate import logistic_fits
from skmultimodal.model_selection import (
    Comparison,
    PairedStratifiedKFold,
    corrected_t_interval,
)
from skmultimodal.model_selection._delong import delong
from skmultimodal.model_selection._folds import Fold
from skmultimodal.model_selection._intervals import score_interval
from skmultimodal.model_selection._metrics import PatientCounts, least_variance
from skmultimodal.utils._calibration_line import calibration_line

N_SPLITS, N_REPEATS, N_FEATURES, N_NEW = 3, 10, 5, 2000
RATIO = 1 / (N_SPLITS - 1)
SCORES = ["roc_auc", "accuracy", "precision", "recall", "f1", "neg_brier_score"]
SCORES += ["neg_log_loss", "balanced_accuracy", "average_precision"]
WEIGHTED = ["roc_auc", "accuracy", "neg_brier_score"]
OF_FOLDS = {"precision", "f1", "average_precision"}  # no mean over patients
THRESHOLDS = (0.3, 0.5)


@dataclass(frozen=True)
class Setting:
    """`oracle_auc` is that of all features with perfect weights."""

    n_pairs: int
    oracle_auc: float
    chosen: bool = False  # whether who is tested depends on how well they are predicted

    def __str__(self):
        chosen = ", chosen" if self.chosen else ""
        return f"{self.n_pairs} / {self.oracle_auc}{chosen}"


SETTINGS = [
    *[Setting(n, auc) for n in (25, 50, 200) for auc in (0.5, 0.8, 0.985)],
    *[Setting(n, 0.8, chosen=True) for n in (50, 200)],
]


def population(setting, n, rng):
    """Features, labels and probabilities of being tested."""
    y = (rng.random(n) < 0.5).astype(float)
    effect = np.sqrt(2) * special.ndtri(setting.oracle_auc) / np.sqrt(N_FEATURES)
    hidden = rng.normal(size=n)
    size = effect * np.exp(0.5 * hidden) if setting.chosen else np.full(n, effect)
    X = (
        rng.normal(size=(n, N_FEATURES))
        + np.outer(y - 0.5, np.ones(N_FEATURES)) * (size[:, None])
    )
    chance = special.expit(hidden) if setting.chosen else np.ones(n)
    return X, y, chance


def draw_tested(setting, rng):
    """Tested patients, at least six of each class."""
    while True:
        X, y, chance = population(setting, 4 * setting.n_pairs, rng)
        rows = np.flatnonzero(rng.random(len(y)) < chance)[: setting.n_pairs]
        sizes = np.bincount(y[rows].astype(int), minlength=2)
        if len(rows) == setting.n_pairs and sizes.min() >= 6:
            return X[rows], y[rows], 1 / chance[rows]


class Case:
    """A cohort, its Comparison, and the truth on new patients."""

    def __init__(self, setting, seed):
        rng = np.random.default_rng(
            [seed, setting.n_pairs, int(setting.oracle_auc * 1e3)]
        )
        self.X, self.y, self.weights = draw_tested(setting, rng)
        self.new = population(setting, N_NEW, rng)
        n = len(self.y)
        cv = PairedStratifiedKFold(
            N_SPLITS, N_REPEATS, random_state=int(rng.integers(2**31))
        )
        splits = cv.split(np.ones((n, 1)), self.y)
        self.folds = [
            Fold(i // N_SPLITS, i % N_SPLITS, train, test)
            for i, (train, test) in enumerate(splits)
        ]
        self.weights_of_folds = self._fit()
        self.p = [self._predict(f.test, w) for f, w in self._fitted()]
        # A model of another study: its weights are off by as much as those of a fold.
        self.fixed = self.weights_of_folds[0] * 0.8
        rest = draw_tested(setting, rng)
        self.fixed_test = rest[:2]
        self.subgroup = rng.random(n) < 0.6
        self.subgroup_new = rng.random(N_NEW) < 0.6

    def _fitted(self):
        return zip(self.folds, self.weights_of_folds, strict=True)

    def _fit(self):
        found = np.empty((len(self.folds), N_FEATURES + 1))
        sizes = np.array([len(f.train) for f in self.folds])
        for size in np.unique(sizes):
            which = np.flatnonzero(sizes == size)
            rows = np.array([self.folds[i].train for i in which])
            found[which] = logistic_fits(self.X[rows], self.y[rows])
        return found

    def _predict(self, rows, weights):
        return special.expit(self.X[rows] @ weights[:-1] + weights[-1])

    def comparison(self):
        table = {
            "model": "m",
            "repeat": [f.repeat for f in self.folds for _ in f.test],
            "fold": [f.fold for f in self.folds for _ in f.test],
            "row": np.concatenate([f.test for f in self.folds]),
        }
        table["id"] = table["row"].astype(str)
        p = np.concatenate(self.p)
        called = (p >= 0.5).astype(float)
        table |= {"pattern": "a", "y_true": self.y[table["row"]], "y_pred": called}
        scores = [
            ("m", f.repeat, f.fold, name, value)
            for f, p in zip(self.folds, self.p, strict=True)
            for name, value in scores_of(self.y[f.test], p).items()
        ]
        columns = ["model", "repeat", "fold", "metric", "score"]
        return Comparison(
            pd.DataFrame(scores, columns=columns),
            pd.DataFrame(table),
            np.column_stack([1 - p, p]),
            folds=self.folds,
            classes=np.array([0.0, 1.0]),
            positive=1.0,
            test_to_train=RATIO,
        )

    def fixed_comparison(self):
        X, y = self.fixed_test
        p = special.expit(X @ self.fixed[:-1] + self.fixed[-1])
        rows = np.arange(len(y))
        half = rows % 2
        folds = [Fold(0, i, rows[half != i], rows[half == i]) for i in (0, 1)]
        order = np.concatenate([f.test for f in folds])
        table = {"model": "m", "repeat": 0, "fold": np.sort(half), "row": order}
        table |= {"id": order.astype(str), "pattern": "a", "y_true": y[order]}
        scores = [("m", 0, f.fold, n, 0.5) for f in folds for n in SCORES[:4]]
        frozen = FrozenEstimator(DummyClassifier().fit([[0], [0]], [0, 1]))
        return Comparison(
            pd.DataFrame(
                scores, columns=["model", "repeat", "fold", "metric", "score"]
            ),
            pd.DataFrame(table | {"y_pred": (p[order] >= 0.5).astype(float)}),
            np.column_stack([1 - p, p])[order],
            folds=folds,
            classes=np.array([0.0, 1.0]),
            positive=1.0,
            test_to_train=1.0,
            estimators={"m": frozen},
        )


def scores_of(y, p):
    """Scores of probabilities without ties, by name, as scikit-learn has them."""
    hits, called = y == 1, p >= 0.5
    found, n, n_called = np.sum(called & hits), hits.sum(), called.sum()
    recall, others = found / n, np.mean(~called[~hits])
    right = hits[np.argsort(-p)]
    kept = np.clip(np.where(hits, p, 1 - p), 1e-15, 1)
    return {
        "roc_auc": area(y, p),
        "accuracy": np.mean(called == hits),
        "precision": found / n_called if n_called else 0.0,
        "recall": recall,
        "f1": 2 * found / (n + n_called),
        "neg_brier_score": -np.mean((hits - p) ** 2),
        "neg_log_loss": np.mean(np.log(kept)),
        "balanced_accuracy": (recall + others) / 2,
        "average_precision": np.mean(
            (np.cumsum(right) / np.arange(1, len(y) + 1))[right]
        ),
    }


def shares(y, p, threshold):
    """True shares and net benefits at a threshold."""
    called, hits = p >= threshold, y == 1
    odds = threshold / (1 - threshold)
    benefit = np.mean(called & hits) - odds * np.mean(called & ~hits)
    everyone = hits.mean() - odds * (~hits).mean()
    with np.errstate(invalid="ignore"):
        return {
            "accuracy": np.mean(called == hits),
            "sensitivity": called[hits].mean(),
            "specificity": (~called[~hits]).mean(),
            "precision": np.divide(np.sum(called & hits), called.sum()),
            "negative_predictive_value": np.divide(
                np.sum(~called & ~hits), (~called).sum()
            ),
            "net benefit": benefit,
            "gain": benefit - max(everyone, 0.0),
        }


def area(y, p):
    n = int(y.sum())
    ranks = stats.rankdata(p)[y == 1].sum()
    return (ranks - n * (n + 1) / 2) / (n * (len(y) - n))


def bootstrap(y, p, rng):
    """Percentiles of the area over patients drawn within their class."""
    order = p[y == 1][:, None] > p[y == 0]
    counts = [rng.multinomial(n, np.full(n, 1 / n), 500) / n for n in order.shape]
    return np.quantile(np.sum((counts[0] @ order) * counts[1], axis=1), [0.025, 0.975])


def simulate(setting, seed):
    """Intervals and truth of one cohort: dict of name to (low, high, truth)."""
    case, found = Case(setting, seed), {}
    comparison = case.comparison()
    X_new, y_new, _ = case.new
    p_new = special.expit(
        X_new @ case.weights_of_folds[:, :-1].T + case.weights_of_folds[:, -1]
    )
    every = pd.DataFrame([scores_of(y_new, p) for p in p_new.T[::6]]).mean()
    summary = comparison.summary().set_index("metric")
    if setting.chosen:
        weighted = comparison.reweighted(case.weights, metrics=WEIGHTED)
        weighted = weighted.summary().set_index("metric")
        for name in WEIGHTED:
            found[f"weighted {name}"] = (
                *weighted.loc[name, ["low", "high"]],
                every[name],
            )
        return found
    for name in SCORES:
        row = summary.loc[name]
        truth = row["mean"] if name in OF_FOLDS else every[name]
        found[f"score: {name}"] = row["low"], row["high"], truth
    p_mean = p_new[:, ::N_SPLITS].mean(axis=1)
    for threshold in THRESHOLDS:
        truth = shares(y_new, p_mean, threshold)
        at = comparison.at_threshold(threshold)
        for row in at.itertuples():
            found[f"at {threshold}: {row.metric}"] = (
                row.low,
                row.high,
                truth[row.metric],
            )
        row = comparison.net_benefit([threshold]).iloc[0]
        found[f"at {threshold}: net benefit"] = row.low, row.high, truth["net benefit"]
        found[f"at {threshold}: gain"] = row.gain_low, row.gain_high, truth["gain"]
    return found | calibration(case, comparison, p_mean) | fixed(case)


def calibration(case, comparison, p_mean):
    """Of calibration, of the Brier score's gain, and of a subgroup."""
    y, y_new = case.y, case.new[1]
    by_row = comparison.proba("m", 1.0).groupby("row").mean()
    p = by_row.to_numpy()[np.argsort(by_row.index)]
    found = {}
    table = comparison.by_pattern().iloc[0]
    line = calibration_line(y_new.astype(int), np.column_stack([1 - p_mean, p_mean]), 1)
    for name in ("slope", "intercept"):
        ends = table[[f"calibration_{name}_low", f"calibration_{name}_high"]]
        found[f"calibration: {name}"] = *ends, getattr(line, name)
        middle, half = table[f"calibration_{name}"], (ends.iloc[1] - ends.iloc[0]) / 2
        half *= np.sqrt(1 + RATIO)
        found[f"calibration: {name}, widened"] = (
            *(middle - half, middle + half),
            getattr(line, name),
        )
    share = y.mean()
    folds = [
        np.mean((share - y[f.test]) ** 2 - (q - y[f.test]) ** 2)
        for f, q in zip(case.folds, case.p, strict=True)
    ]
    gain = np.mean((share - y) ** 2 - (p - y) ** 2)
    low, high = corrected_t_interval(folds, RATIO)
    truth = np.mean((0.5 - y_new) ** 2 - (p_mean - y_new) ** 2)
    half = (high - low) / 2
    found["calibration: Brier gain"] = gain - half, gain + half, truth
    rows, new = case.subgroup, case.subgroup_new
    if min(np.bincount(y[rows].astype(int), minlength=2)) >= 5:
        ends = bootstrap(y[rows], p[rows], np.random.default_rng(0))
        found["subgroup: bootstrap"] = *ends, area(y_new[new], p_mean[new])
        hits = y[rows] == 1
        areas, variances = delong(hits, p[rows])
        half = stats.norm.isf(0.025) * np.sqrt((1 + RATIO) * variances[0, 0])
        counts = PatientCounts(*(n / (1 + RATIO) for n in (hits.sum(), (~hits).sum())))
        least = least_variance("roc_auc", counts)
        ends = score_interval(areas[0], half, (0, 1), least, stats.norm.isf(0.025))
        found["subgroup: DeLong, widened"] = *ends, area(y_new[new], p_mean[new])
    return found


def fixed(case):
    X_new, y_new, _ = case.new
    p = special.expit(X_new @ case.fixed[:-1] + case.fixed[-1])
    truth = scores_of(y_new, p)
    table = case.fixed_comparison()
    summary = table.summary().set_index("metric")
    found = {}
    for name in SCORES[:4]:
        low, high = summary.loc[name, ["low", "high"]]
        found[f"fixed: {name}"] = low - truth[name], high - truth[name], 0.0
    return found


def summarise(setting, results):
    """Coverage by interval: dict."""
    found = {"pairs / oracle": str(setting)}
    for name in results[0]:
        ends = np.array(
            [case.get(name, (np.nan,) * 3) for case in results], dtype=float
        )
        known = ~np.isnan(ends[:, :2]).any(axis=1)
        if not known.any():
            continue
        target = np.nanmean(ends[:, 2])
        low, high = ends[known, 0], ends[known, 1]
        inside = np.mean((low <= target + 1e-9) & (target - 1e-9 <= high))
        text = f"{100 * inside:.1f} ({np.mean(high - low):.2f})"
        if known.mean() < 0.995:
            text += f", {100 * known.mean():.0f} % defined"
        found[name] = text
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000, help="of a setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.cohorts)
    rows = []
    for setting in SETTINGS:
        results = Parallel(options.n_jobs, batch_size=10)(
            delayed(simulate)(setting, seed)
            for seed in seeds[:: 4 if setting.chosen else 1]  # these are dear
        )
        rows.append(summarise(setting, results))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows).set_index("pairs / oracle").T.fillna("")
    table.to_csv(options.out / "printed.csv")
    noise = 100 * np.sqrt(0.95 * 0.05 / options.cohorts)
    head = "# Every other interval that is printed\n\n"
    head += f"`python -m benchmarks.statistics.printed --cohorts {options.cohorts} "
    head += (
        f"--seed {options.seed}`, {date.today()}\n\n{__doc__.split(chr(10), 2)[2]}\n"
    )
    head += "Coverage in % (mean width), by pairs and area of a perfect model. "
    head += f"Monte-Carlo standard error at 95 %: {noise:.1f} points.\n\n"
    (options.out / "printed.md").write_text(head + markdown(table, 3) + "\n")


if __name__ == "__main__":
    main()
