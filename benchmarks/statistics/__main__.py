"""``python -m benchmarks.statistics``: which interval and test can be trusted.

Draws cohorts of 25 to 200 pairs many times, cross-validates models on each, and counts
how often candidate intervals contain the true mean performance of the procedure (over
training sets of that size), and how often tests find a difference between models that
are equal by construction.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.statistics.candidates import (
    accuracy_scores,
    auc_scores,
    candidates,
    draw_resamples,
)
from benchmarks.statistics.report import write_report
from benchmarks.statistics.simulate import Scenario, cross_validate, draw, run
from skmultimodal.model_selection import (
    PairedStratifiedShuffleSplit,
    corrected_t_test,
    holm_adjust,
    wilson_interval,
)

METRICS = {"roc_auc": auc_scores, "accuracy": accuracy_scores}
SCENARIOS = [
    Scenario("no signal", 0.5),
    Scenario("moderate signal", 0.8),
    Scenario("moderate, 15 to 35", 0.8, n_positive=15, n_negative=35),
    Scenario("strong signal", 0.93),
    Scenario("two towers", 0.85, n_features=20, n_shared=0, n_unpaired=200),
    Scenario("moderate, 5 x 10", 0.8, n_splits=5),
    Scenario("moderate, 3 x 1", 0.8, n_repeats=1),
    Scenario("unequal models", 0.8, handicap=0.0, n_models=2),
    *[
        Scenario(
            f"{n} pairs, {name}",
            auc,
            n_positive=n // 2,
            n_negative=n - n // 2,
            n_models=2,
        )
        for n in (25, 200)
        for name, auc in (("no signal", 0.5), ("moderate", 0.8), ("near 1", 0.98))
    ],
    Scenario("near 1", 0.98, n_models=2),
    Scenario("nearly 1", 0.995, n_models=2),
    Scenario("small towers", 0.85, n_features=20, n_shared=0, n_unpaired=30),
]


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.statistics", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--cohorts", type=int, default=2000, help="drawn per scenario")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    tables = {"intervals": [], "tests": [], "families": []}
    for number, scenario in enumerate(SCENARIOS):
        print(f"{number + 1}/{len(SCENARIOS)} {scenario.name}", file=sys.stderr)
        rng = np.random.default_rng([options.seed, number])
        for name, rows in simulate(scenario, options.cohorts, rng).items():
            tables[name] += rows
    tables["intervals"] += hold_out(options.cohorts, options.seed)
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    command = f"python -m benchmarks.statistics --cohorts {options.cohorts}"
    write_report(frames, options.out, f"{command} --seed {options.seed}")


def simulate(scenario, n_cohorts, rng):
    """Rows of the three tables for one scenario."""
    experiments = []
    for _ in range(n_cohorts):
        experiment = run(scenario, rng)
        resamples = draw_resamples(experiment.y, rng)
        experiments.append((experiment, all_scores(experiment, resamples)))
    rows = {"intervals": [], "tests": [], "families": []}
    for metric in METRICS:
        true = [
            getattr(e, f"true_{metric.removeprefix('roc_')}") for e, _ in experiments
        ]
        true = np.mean(true, axis=0)
        models = [(e.y, scores[metric]) for e, scores in experiments]
        where = {"scenario": scenario.name, "metric": metric}
        singles = [(y, scores[0]) for y, scores in models]
        if scenario.handicap == 1:
            rows["intervals"] += count(singles, metric, scenario, true[0], where)
            rows["families"] += family(models, scenario, where)
        pairs = [(y, scores[0] - scores[-1]) for y, scores in models]
        where["true_difference"] = true[0] - true[-1]
        rows["tests"] += [
            {**row, "rejected": 1 - row.pop("coverage")}
            for row in count(pairs, metric, scenario, 0.0, where, difference=True)
        ]
    return rows


def all_scores(experiment, resamples):
    """Scores of each model by metric."""
    return {
        metric: [
            scores_of(experiment.y, experiment.fold_of, decision, resamples)
            for decision in experiment.decision
        ]
        for metric, scores_of in METRICS.items()
    }


def count(cases, metric, scenario, target, where, difference=False):
    """How often the candidates' intervals contain `target`, and how wide they are."""
    inside, widths = {}, {}
    for y, scores in cases:
        found = candidates(scores, y, metric, scenario.n_splits, difference)
        for method, (low, high) in found.items():
            inside.setdefault(method, []).append(low <= target <= high)
            widths.setdefault(method, []).append(high - low)
    return [
        {
            **where,
            "method": method,
            "target": target,
            "coverage": float(np.mean(inside[method])),
            "width": float(np.mean(widths[method])),
            "n_cohorts": len(inside[method]),
        }
        for method in inside
    ]


def family(models, scenario, where):
    """How often any pair of equal models differs, with and without Holm."""
    ratio = 1 / (scenario.n_splits - 1)
    found = {"corrected t": [], "corrected t, Holm": []}
    for _, scores in models:
        pairs = [(a, b) for a in range(len(scores)) for b in range(a)]
        pvalues = [
            corrected_t_test(scores[a].folds - scores[b].folds, ratio).pvalue
            for a, b in pairs
        ]
        found["corrected t"].append(np.min(pvalues) < 0.05)
        found["corrected t, Holm"].append(np.min(holm_adjust(pvalues)) < 0.05)
    return [
        {
            **where,
            "method": m,
            "n_pairs": len(pairs),
            "any_rejected": float(np.mean(hits)),
        }
        for m, hits in found.items()
    ]


def hold_out(n_cohorts, seed):
    """Coverage of Wilson's interval for the paper's one hold-out of 20 of 50 rows."""
    rows = []
    for scenario in SCENARIOS[:4]:
        rng = np.random.default_rng([seed, 100])
        y = np.repeat([1.0, 0.0], [scenario.n_positive, scenario.n_negative])
        columns, hits, true = scenario.columns(0), [], []
        for _ in range(n_cohorts):
            splitter = PairedStratifiedShuffleSplit(
                random_state=int(rng.integers(2**31))
            )
            splits = list(splitter.split(np.ones((len(y), 1)), y))
            features = draw(rng, y, scenario.effects)[:, columns]
            effects = scenario.effects[columns]
            eye = np.eye(len(columns))
            decision, _, accuracy = cross_validate(features, y, splits, eye, effects, 1)
            test = splits[0][1]
            hits.append(int(np.sum((decision[0, test] > 0) == (y[test] == 1))))
            true.append(accuracy)
        intervals = np.array([wilson_interval(hit, len(test)) for hit in hits])
        target = float(np.mean(true))
        inside = (intervals[:, 0] <= target) & (target <= intervals[:, 1])
        rows.append(
            {
                "scenario": scenario.name,
                "metric": "accuracy",
                "method": "one 30:20 hold-out, Wilson",
                "target": target,
                "coverage": float(inside.mean()),
                "width": float(np.mean(intervals[:, 1] - intervals[:, 0])),
                "n_cohorts": n_cohorts,
            }
        )
    return rows


if __name__ == "__main__":
    main()
