"""The default twin tower where modalities are missing in every pattern.

``python -m benchmarks.accuracy.patterns --data FOLDER [--draws 20] [--n-jobs 2]``

Of ``tcga_pancan`` 500 patients train, with the modalities that they have or 45 % of
these; of ``tcga_brca`` 400, with 45 % and with 0, 5 or 50 complete patients; of the
digits of ``multifeature``, which have six views, 200 likewise. Complete rows are tested
in each pattern, their other modalities hidden. FOLDER holds ``powered`` and
``multifeature``. An interrupted run of the same code continues; ``--towers FOLDER``
keeps the fitted towers, so that after a change of the fusion only that is run.
"""

import argparse
import tempfile
from datetime import date
from functools import partial
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from benchmarks.accuracy.pooling import differences, markdown, run_tasks, with_intervals
from benchmarks.accuracy.powered import (
    LARGEST,
    METRICS,
    OURS,
    fit_default,
    late_fusions,
    score,
    tower_odds,
)
from benchmarks.accuracy.powered_cohorts import DIGITS, OMICS_LABELS, draw_patterns
from benchmarks.accuracy.simple_models import blocks_of, models_of_draw

PANCAN = ["clinical", "mirna", "rna", "rppa"]
BRCA = ["cnv", "mirna", "rna", "rppa"]
# Modalities, and how many rows train and are tested.
FOLDERS = {
    "tcga_brca": "powered/tcga_brca",
    "tcga_pancan": "powered/tcga_pancan",
    DIGITS: DIGITS,
}
COHORTS = {
    "tcga_brca": (BRCA, 400, 150),
    "tcga_pancan": (PANCAN, 500, 600),
    DIGITS: (["fac", "fou", "image", "kar", "mor", "zer"], 200, 400),
}
PANCAN_LABELS = ["os_2y", "os_3y", "os_5y", "pfi_2y", "pfi_3y", "pfi_5y"]
SHOWN = [
    "stack on every row (PCA + logistic)",
    "mean of PCA + logistic",
    "mean imputation + forest",
    "boosting on NaN blocks",
]
SLOPE = "calibration slope"
EXPLANATION = """Scores are means over the patterns with so many modalities, calibration
slopes medians. Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over settings, not over new patients. Forest and
boosting are fitted in the first five draws."""


def settings():
    """List of (cohort, label, share kept, number of complete training patients)."""
    found = [(DIGITS, "large", 0.45, c) for c in (0, 5, 50)]
    found += [("tcga_brca", n, 0.45, c) for n in OMICS_LABELS for c in (0, 5, 50)]
    return found + [
        ("tcga_pancan", n, keep, None) for n in PANCAN_LABELS for keep in (1.0, 0.45)
    ]


def slope(y, p):
    """Of a logistic regression of the labels on the log-odds: 1 if calibrated."""
    odds = np.clip(logit(np.clip(p, 1e-6, 1 - 1e-6)), -LARGEST, LARGEST)[:, None]
    if np.ptp(odds) < 1e-9:
        return np.nan
    return LogisticRegression(C=1e6, max_iter=1000).fit(odds, y).coef_[0, 0]


def run(data, towers, cohort, label, keep, complete, seed):
    """Scores of all models in every pattern of one draw: DataFrame."""
    names, n_train, n_test = COHORTS[cohort]
    X, y, X_test, y_test = draw_patterns(
        data / FOLDERS[cohort], label, names, n_train, complete, keep, n_test, seed
    )
    kind = f"{cohort}, {keep:g} kept" + ("" if complete is None else f", {complete}")
    with tempfile.TemporaryDirectory() as memory:
        # The towers' outputs for the tested patients, which every pattern reads.
        model = fit_default(X, y, seed, memory=towers or memory)
        table = score_patterns(model, X, y, X_test, y_test, seed)
    return table.assign(setting=f"{label}, {kind}", kind=kind, draw=seed)


def score_patterns(model, X, y, X_test, y_test, seed):
    """Scores of a fitted model and its comparators in every pattern: DataFrame."""
    names, odds = X.modalities, tower_odds(model, X_test)
    train, tested = blocks_of(X), blocks_of(X_test)
    simple = {n: fit(train, y, seed) for n, fit in models_of_draw(seed, SHOWN).items()}
    rows = []
    sets = chain.from_iterable(combinations(names, n + 1) for n in range(len(names)))
    for present in sets:
        hidden = {
            n: b if n in present else np.full_like(b, np.nan) for n, b in tested.items()
        }
        found = {OURS: model.predict_proba(X_test[:, list(present)])[:, 1]}
        found |= late_fusions({n: odds[n] for n in present}, X, y)
        found |= {name: predict(hidden) for name, predict in simple.items()}
        for name, p in found.items():
            for metric, value in (score(y_test, p) | {SLOPE: slope(y_test, p)}).items():
                rows.append((name, "+".join(present), len(present), metric, value))
    return pd.DataFrame(rows, columns=["model", "pattern", "size", "metric", "score"])


def cost_of_one_more(scores):
    """Log-loss of ours with a modality more, less that without: mean by setting."""
    ours = scores[(scores["model"] == OURS) & (scores["metric"] == "neg_log_loss")]
    keys = ["setting", "draw"]
    table = ours.pivot(index=keys, columns="pattern", values="score")
    costs = {}
    for pattern in table:
        names = pattern.split("+")
        for added in names:
            rest = "+".join(n for n in names if n != added)
            if rest:
                costs[f"{rest} + {added}"] = table[rest] - table[pattern]
    return pd.DataFrame(costs).groupby("setting").mean()


def report(scores, n_draws):
    """The tables as Markdown."""
    kept = ~scores["model"].str.endswith(" tower") | (scores["model"] == OURS)
    scores = scores[kept]
    others = [name for name in scores["model"].unique() if name != OURS]
    several = scores[(scores["size"] > 1) & (scores["metric"] != SLOPE)]
    mean = several.groupby(["model", "metric"])["score"].mean().unstack("metric")
    gaps = differences(several, OURS, others, "setting", "draw")
    pooled = gaps[gaps["setting"] == "pooled"].set_index(["other", "metric"])
    shown = with_intervals(pooled).unstack("metric")[METRICS]
    n_settings = several["setting"].nunique()
    parts = [EXPLANATION]
    parts += [f"## Several modalities: {n_settings} settings, {n_draws} draws"]
    parts += [markdown(mean[METRICS], 4), "Differences:", markdown(shown)]
    for kind, part in scores.groupby("kind"):
        by_size = part.groupby(["model", "metric", "size"])["score"]
        # Where log-odds hardly vary, a slope may be anything.
        table, middle = by_size.mean().unstack("size"), by_size.median().unstack("size")
        for metric in [*METRICS, SLOPE]:
            title = f"## {kind}: {metric}, {part['setting'].nunique()} labels"
            shown = (middle if metric == SLOPE else table).xs(metric, level="metric")
            parts += [f"{title}, {n_draws} draws", markdown(shown, 4)]
    cost = cost_of_one_more(scores)
    parts.append(
        "## One modality more\n\nIncrease of the log-loss, mean over the settings: "
        f"largest {cost.mean().max():.4f} ({cost.mean().idxmax()}); in one setting: "
        f"largest {cost.max().max():.4f}, above .005 in "
        f"{(cost > 0.005).mean().mean():.0%} of {cost.size}."
    )
    return "\n\n".join(parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--settings", help="only those whose names contain this")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/patterns"))
    parser.add_argument("--towers", type=Path, help="folder for fitted towers")
    parser.add_argument("--out", type=Path, help="folder for patterns.md")
    options = parser.parse_args(arguments)
    draws = range(options.first, options.first + options.draws)
    tasks = [
        (*setting, draw)
        for draw in draws
        for setting in settings()
        if options.settings is None or options.settings in str(setting)
    ]
    work = partial(run, options.data, options.towers)
    scores = run_tasks(work, tasks, options.work, options.n_jobs)
    text = report(scores, options.draws)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = f"`python -m benchmarks.accuracy.patterns --draws {options.draws}`"
        head = f"# Any pattern of modalities\n\n{command}, {date.today()}\n\n"
        (options.out / "patterns.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
