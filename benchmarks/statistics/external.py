"""``python -m benchmarks.statistics.external``: intervals of external evaluation.

One fitted model is tested on cohorts of another hospital, drawn many times from a
population in which its true scores are known. Log-odds of the classes are normal with a
spread that gives the area under the ROC curve; the model's are those of another slope
and intercept. Counted is how often each interval of `evaluate_external` holds the
score on the population, among cohorts where there is one (its share, if below 1).
"""

import argparse
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import special, stats

from benchmarks.accuracy.pooling import markdown
from skmultimodal.model_selection._external_scores import METRICS, external_scores

N_POPULATION = 1_000_000
N_RESAMPLES = 1000


@dataclass(frozen=True)
class Setting:
    """What one hospital is like for the model."""

    auc: float
    share: float  # of the class
    slope: float  # 1 is calibrated, above is too extreme
    intercept: float
    n_patients: int

    def __str__(self):
        calibrated = "calibrated" if self.slope == 1 else "too extreme"
        return f"{self.auc}, {self.share:.0%}, {calibrated}, {self.n_patients}"


SETTINGS = [
    Setting(auc, share, *line, n)
    for auc, share, line, n in product(
        (0.5, 0.75, 0.95), (0.2, 0.5), ((1.0, 0.0), (1.8, 0.5)), (30, 100, 300)
    )
]


def draw(setting, n, rng):
    """Classes and the model's probabilities of `n` patients."""
    # A model without any spread has constant probabilities, and no slope.
    distance = max(np.sqrt(2) * stats.norm.ppf(setting.auc), 0.3)
    codes = (rng.random_sample(n) < setting.share).astype(int)
    # Without signal, what the model reads is not about the class.
    about = codes if setting.auc > 0.5 else rng.random_sample(n) < setting.share
    x = rng.normal(size=n) + distance * about
    odds = special.logit(setting.share) + distance * (x - distance / 2)
    p = special.expit(setting.slope * odds + setting.intercept)
    return codes, np.column_stack([1 - p, p])


def scores(setting, n, n_resamples, rng):
    return external_scores(
        *draw(setting, n, rng), 1, level=0.95, n_resamples=n_resamples, rng=rng
    )


def cover(setting, n_cohorts, seed):
    """How often each interval holds the truth: DataFrame with a row per metric."""
    rng = np.random.RandomState(seed)
    truth = scores(setting, N_POPULATION, 1, rng)["value"]
    held = dict.fromkeys(METRICS, 0)
    known = dict.fromkeys(METRICS, 0)
    width = dict.fromkeys(METRICS, 0.0)
    for _ in range(n_cohorts):
        found = scores(setting, setting.n_patients, N_RESAMPLES, rng)
        for name, row in found.iterrows():
            if not np.isnan(row["low"]):
                known[name] += 1
                held[name] += row["low"] <= truth[name] <= row["high"]
                width[name] += row["high"] - row["low"]
    rows = [
        {
            "setting": str(setting),
            "metric": name,
            "truth": truth[name],
            "coverage": held[name] / max(known[name], 1),
            "known": known[name] / n_cohorts,
            "width": width[name] / max(known[name], 1),
        }
        for name in METRICS
    ]
    print(setting, flush=True)
    return pd.DataFrame(rows)


def report(table):
    """The tables as Markdown."""

    def cell(row):
        share = "" if row["known"] == 1 else f" of {row['known']:.2f}"
        return f"{100 * row['coverage']:.1f}{share}"

    shown = table.assign(text=table.apply(cell, axis=1))
    wide = shown.pivot(index="setting", columns="metric", values="text")
    order = table["setting"].drop_duplicates()
    ranges = table.groupby("metric")["coverage"].agg(["min", "mean", "max"])
    inside = table.assign(inside=table["coverage"].between(0.93, 0.97))
    ranges["93 to 97 %"] = inside.groupby("metric")["inside"].mean()
    return "\n\n".join(
        [
            "Coverage in per cent: area, share of the class, calibration, patients.",
            markdown(wide.loc[order, METRICS]),
            "Over the settings, and the share of settings with 93 to 97 %:",
            markdown((100 * ranges.loc[METRICS]).round(1)),
        ]
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=2000)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for external.md")
    options = parser.parse_args(arguments)
    one = partial(cover, n_cohorts=options.cohorts)
    jobs = (delayed(one)(setting, seed=i) for i, setting in enumerate(SETTINGS))
    table = pd.concat(Parallel(n_jobs=options.n_jobs)(jobs), ignore_index=True)
    text = report(table)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = (
            f"`python -m benchmarks.statistics.external --cohorts {options.cohorts}`"
        )
        head = f"# Intervals of external evaluation\n\n{command}, {date.today()}\n\n"
        (options.out / "external.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
