"""``python -m benchmarks.statistics.survival``: intervals of survival scores.

Cohorts with a known truth, on which `compare_survival` cross-validates two Cox
regressions (3 folds x 10 repeats), each of five columns that nobody else reads: they
are equal by construction. Hazards are proportional and rise with time, and patients
are censored at random. Counted is how often the interval of a mean score, as
`outcome_report` prints it, holds that of the folds' models on new patients who are all
followed up to the end; and how often the two equal models differ (p < .05). The horizon
is the time at which a tenth of the population is under observation.
"""

import argparse
import warnings
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks.accuracy.pooling import markdown
from skmultimodal import CoxRidgeSurvival, make_survival_target
from skmultimodal.model_selection import PairedStratifiedKFold, compare_survival
from skmultimodal.utils._concordance import concordance
from skmultimodal.utils._survival_metrics import auc_at, integrated_brier_score

N_SPLITS, N_REPEATS, N_FEATURES, N_NEW = 3, 10, 5, 1000
METRICS = ["uno_c", "auc", "neg_integrated_brier_score"]
SHAPE = 1.4  # of the Weibull distribution of times
N_TIMES = 50  # as compare_survival integrates
EVERY = 6  # of the folds' models one in so many gives the truth


@dataclass(frozen=True)
class Setting:
    """`effect` is the log hazard ratio of all columns of a model together."""

    n_patients: int
    effect: float
    censored: float

    def __str__(self):
        return f"{self.n_patients}, {self.effect:g}, {self.censored:.0%}"


SETTINGS = [
    Setting(n, *kind)
    for n, kind in product((50, 150), ((0.0, 0.5), (0.6, 0.5), (1.5, 0.5), (0.6, 0.75)))
]


class Cox(CoxRidgeSurvival):
    """Reads five of the columns."""

    def __init__(self, start=0, penalty=10.0):
        super().__init__(penalty)
        self.start = start

    def _own(self, X):
        return X[:, self.start : self.start + N_FEATURES]

    def fit(self, X, y):
        return super().fit(self._own(X), y)

    def predict(self, X):
        return super().predict(self._own(X))


MODELS = {"a": Cox(0), "b": Cox(N_FEATURES)}


def draw(setting, n, rng):
    """Columns, times of the event, and times of the last visit."""
    X = rng.normal(size=(n, 2 * N_FEATURES))
    hazard = setting.effect / np.sqrt(N_FEATURES) * X.sum(axis=1)
    time = (rng.exponential(size=n) * np.exp(-hazard)) ** (1 / SHAPE)
    return X, time, rng.exponential(size=n)


def scale_of(setting):
    """Mean time to the last visit that censors so many, and the horizon."""
    rng = np.random.default_rng(0)
    _, time, last = draw(setting, 200_000, rng)
    low, high = 0.01, 100.0
    for _ in range(40):
        scale = np.sqrt(low * high)
        too_early = np.mean(scale * last < time) > setting.censored
        low, high = (scale, high) if too_early else (low, scale)
    return scale, float(np.quantile(np.minimum(time, scale * last), 0.9))


def truth_of(model, setting, horizon, rng):
    """Scores of a fitted model on new patients without censoring."""
    X, time, _ = draw(setting, N_NEW, rng)
    y = make_survival_target(np.ones(N_NEW, bool), time)
    risk, times = model.predict(X), np.linspace(0, horizon, N_TIMES)
    curves = model.predict_survival_function(X, times)
    return {
        "uno_c": concordance(y, risk, horizon=horizon),
        "auc": auc_at(y, risk, horizon / 2, train=y),
        METRICS[2]: -integrated_brier_score(y, curves, times, train=y),
    }


def simulate(setting, scale, horizon, seed):
    """Intervals, truth and p values of one cohort: DataFrame with a row per metric."""
    rng = np.random.default_rng([seed, setting.n_patients, int(10 * setting.effect)])
    X, time, last = draw(setting, setting.n_patients, rng)
    y = make_survival_target(time <= scale * last, np.minimum(time, scale * last))
    cv = PairedStratifiedKFold(N_SPLITS, N_REPEATS, random_state=seed)
    horizon = min(horizon, y["time"].max())
    with warnings.catch_warnings():
        # Of few patients, a fold may have no event by half the horizon.
        warnings.filterwarnings("ignore", ".* is undefined on")
        found = compare_survival(MODELS, X, y, cv=cv, horizon=horizon)
    trains = [fold.train for fold in found.folds[::EVERY]]
    fitted = [Cox().fit(X[rows], y[rows]) for rows in trains]
    truths = pd.DataFrame([truth_of(m, setting, horizon, rng) for m in fitted]).mean()
    table = found.summary(models=["a"]).set_index("metric")[["mean", "low", "high"]]
    table["p"] = found.differences().set_index("metric")["p"]
    return table.assign(truth=truths, setting=str(setting)).reset_index()


def cover(setting, n_cohorts):
    """Coverage and rejections of a setting: DataFrame with a row per metric."""
    one = partial(simulate, setting, *scale_of(setting))
    cases = pd.concat([one(seed) for seed in range(n_cohorts)])
    truth = cases.groupby("metric")["truth"].transform("mean")
    known = cases["low"].notna()
    inside = (cases["low"] <= truth) & (truth <= cases["high"])
    cases = cases.assign(
        coverage=100 * inside.where(known),
        width=cases["high"] - cases["low"],
        bias=cases["mean"] - truth,
        rejected=100 * (cases["p"] < 0.05),
    )
    columns = ["truth", "bias", "coverage", "width", "rejected"]
    print(setting, flush=True)
    table = cases.groupby("metric", sort=False)[columns].mean()
    return table.assign(setting=str(setting)).reset_index()


def report(table):
    """The tables as Markdown."""
    order = table["setting"].drop_duplicates()
    parts = []
    for column, title in (
        ("coverage", "Coverage in per cent of intervals of 95 %"),
        ("rejected", "Equal models that differ at p < .05, in per cent"),
        ("truth", "True scores"),
        ("bias", "Mean of the estimates less the truth"),
        ("width", "Mean width"),
    ):
        wide = table.pivot(index="setting", columns="metric", values=column)
        digits = 1 if column in ("coverage", "rejected") else 3
        shown = wide.loc[order, METRICS].round(digits)
        if column == "coverage":
            shown.loc["mean"] = wide[METRICS].mean().round(1)
            shown.loc["lowest"] = wide[METRICS].min().round(1)
        parts += [f"{title}, by patients, effect and share censored:", markdown(shown)]
    return "\n\n".join(parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=500, help="of a setting")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for survival.md")
    options = parser.parse_args(arguments)
    jobs = (delayed(cover)(setting, options.cohorts) for setting in SETTINGS)
    table = pd.concat(Parallel(n_jobs=options.n_jobs)(jobs), ignore_index=True)
    text = report(table)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = (
            f"`python -m benchmarks.statistics.survival --cohorts {options.cohorts}`"
        )
        noise = 100 * np.sqrt(0.95 * 0.05 / options.cohorts)
        head = f"# Intervals of survival scores\n\n{command}, {date.today()}\n\n"
        head += f"{__doc__.split(chr(10), 2)[2]}\n"
        head += f"Monte-Carlo standard error at 95 %: {noise:.1f} points.\n\n"
        (options.out / "survival.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
