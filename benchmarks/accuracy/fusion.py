"""Fusion on real patients: the default twin tower against named comparators.

``python -m benchmarks.accuracy.fusion --cohort FOLDER [--seeds 16] [--leave-site-out]``

For each label and seed, 65 % of the labelled pairs (at most 50) stay paired, the others
keep their images only, and all models are cross-validated on the same folds of the
paired patients (3 x 3). With ``--leave-site-out`` the folds are made of whole
hospitals, whose unpaired patients leave training as well.
"""

import argparse
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import torch
from sklearn import config_context

from benchmarks.accuracy.models import COMPARATORS, MEAN, OURS, patient_models
from benchmarks.accuracy.pooling import (
    differences,
    markdown,
    means,
    run_tasks,
    t_interval,
)
from skmultimodal.datasets import load_cohort, unpair
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    compare_classifiers,
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
)
from skmultimodal.utils._labels import missing_labels

LABELS = [
    "idh_mut",
    "progression_free_2y",
    "disease_control",
    "survival_2y",
    "objective_response",
]
METRICS = ["roc_auc", "neg_brier_score", "accuracy", "neg_log_loss"]
SHARE_PAIRED, MAX_PAIRED = 0.65, 50
TOWERS = ["image tower", "gene tower"]
RATIO = 1 / 2  # of tested to training pairs in three folds
EXPLANATION = """Higher is better in every table. Differences are twin tower - other.
"Over splits" is the t interval of the means of the seeds: the same patients, dealt and
paired anew. "Over patients" is Nadeau and Bengio's for all folds, in which a seed adds
no patients; Holm's p, over the labels, belongs to it. The towers of the comparators are
averaged over the same folds as the twin tower's."""


def read(cohort, label, seed):
    data = load_cohort(Path(cohort), label=label)
    X, y = data.data, data.target
    n_pairs = int((X.paired & ~missing_labels(y)).sum())
    n_kept = min(MAX_PAIRED, round(SHARE_PAIRED * n_pairs))
    return unpair(X, y, n_kept, random_state=seed)


def run(cohort, site, by_site, label, seed):
    """Scores of all models by fold, and what they said of each tested patient."""
    X, y = read(cohort, label, seed)
    sites = X.metadata[site].astype(str).to_numpy()
    cv = PairedStratifiedKFold(3, 1 if by_site else 3, random_state=seed)
    splits = list(cv.split(X, y, sites if by_site else None))
    # One hospital may hold all patients of a class: nothing learns without it.
    known = X.paired & ~missing_labels(y)
    splits = [s for s in splits if len(np.unique(y[s[0]][known[s[0]]])) > 1]
    with (
        tempfile.TemporaryDirectory() as memory,
        config_context(enable_metadata_routing=True),
    ):
        models = patient_models(seed, memory, site)
        scoring = METRICS
        if by_site:
            models = {name: models[name] for name in [OURS, *COMPARATORS]}
            scoring = METRICS[:3]  # a fold may have one class: it has no log loss
        result = compare_classifiers(
            models, X, y, cv=splits, scoring=scoring, groups=sites
        )
    last = result.classes[-1]
    tested = result.predictions()
    proba = np.concatenate([result.proba(name, last) for name in result.models])
    probabilities = pd.DataFrame(
        {
            "model": tested["model"],
            "repeat": tested["repeat"],
            "fold": tested["fold"],
            "metric": tested["id"],
            "score": proba,
            "truth": (tested["y_true"] == last).astype(int),
            "kind": "probability",
        }
    )
    scores = result.scores().assign(kind="score")
    return pd.concat([scores, probabilities]).assign(label=label, seed=seed)


def patient_interval(said, other, n_boot, seed=0):
    """Bootstrap over patients of the pooled differences in AUC and Brier score.

    A patient is drawn with all that was said of it, under any label and seed. The
    fitted models are given, so what another training set would change is not in it.
    """
    pair = said[said["model"].isin([OURS, other])]
    keys = ["label", "seed", "repeat", "patient", "truth"]
    wide = pair.pivot(index=keys, columns="model", values="score").reset_index()
    patients, wide["number"] = np.unique(wide["patient"], return_inverse=True)
    rng = np.random.default_rng(seed)
    n = len(patients)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=n_boot)
    weight = np.vstack([np.ones(n), drawn])  # the first is the cohort itself
    gaps = {"roc_auc": {}, "neg_brier_score": {}}
    for (label, *_), cell in wide.groupby(["label", "seed", "repeat"]):
        truth, rows = cell["truth"].to_numpy(), weight[:, cell["number"]]
        ours, theirs = cell[OURS].to_numpy(), cell[other].to_numpy()
        auc = weighted_auc(truth, ours, rows) - weighted_auc(truth, theirs, rows)
        loss = (theirs - truth) ** 2 - (ours - truth) ** 2
        gaps["roc_auc"].setdefault(label, []).append(auc)
        brier = rows @ loss / np.maximum(rows.sum(axis=1), 1)
        gaps["neg_brier_score"].setdefault(label, []).append(brier)
    table = []
    for metric, by_label in gaps.items():
        pooled = np.mean([np.nanmean(v, axis=0) for v in by_label.values()], axis=0)
        low, high = np.nanpercentile(pooled[1:], [2.5, 97.5])
        row = {"difference": pooled[0], "low": low, "high": high}
        table.append({"metric": metric, "other": other, **row})
    return table


def weighted_auc(truth, score, weight):
    """AUC under each row of weights (n_draws, n_rows): scikit-learn's, all at once."""
    positive, negative = weight[:, truth == 1], weight[:, truth == 0]
    gap = score[truth == 1][:, None] - score[truth == 0]
    wins = (gap > 0) + (gap == 0) / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    won = ((positive @ wins) * negative).sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(weight), np.nan), where=pairs > 0)


def by_label(scores, metric):
    """Best tower, late fusion and default of each label, and their differences."""
    chosen = scores[scores["metric"] == metric]
    mean = chosen.groupby(["label", "model"])["score"].mean().unstack()
    rows = []
    for label in mean.index:
        best = mean.loc[label, TOWERS].idxmax()
        row = {"label": label, "best tower": best, "its score": mean.loc[label, best]}
        row |= {MEAN: mean.loc[label, MEAN], OURS: mean.loc[label, OURS]}
        part = chosen[chosen["label"] == label]
        folds = part.pivot(index=["seed", "repeat", "fold"], columns="model")["score"]
        for other in (best, MEAN):
            gap = (folds[OURS] - folds[other]).dropna()
            seeds = t_interval(gap.groupby("seed").mean())
            low, high = corrected_t_interval(gap.to_numpy(), RATIO)
            p = corrected_t_test(gap.to_numpy(), RATIO).pvalue
            short = "tower" if other == best else "mean"
            row[f"- {short}"] = seeds["difference"]
            row[f"over splits ({short})"] = interval(seeds["low"], seeds["high"])
            row[f"over patients ({short})"] = interval(low, high)
            row[f"p ({short})"] = p
        rows.append(row)
    table = pd.DataFrame(rows).set_index("label")
    for short in ("tower", "mean"):
        table[f"Holm ({short})"] = holm_adjust(table.pop(f"p ({short})"))
    return table


def interval(low, high):
    return f"[{low:.3f}, {high:.3f}]"


def report(scores, bootstrap, out, name, title):
    others = [m for m in scores["model"].unique() if m != OURS]
    gaps = differences(scores, OURS, others, "label", "seed")
    gaps.to_csv(out / f"{name}_differences.csv", index=False, float_format="%.5f")
    lines = [f"# {title}", "", EXPLANATION, ""]
    table = means(scores, "label")
    for metric in scores["metric"].unique():
        lines += [f"## {metric}", "", markdown(table.loc[metric]), ""]
        chosen = gaps[(gaps["metric"] == metric) & (gaps["label"] == "pooled")]
        chosen = chosen[["other", "difference", "low", "high"]].set_index("other")
        lines += ["Pooled over labels, interval over splits:", "", markdown(chosen), ""]
        if metric in METRICS[:2]:
            lines += [markdown(by_label(scores, metric)), ""]
    if len(bootstrap):
        bootstrap.to_csv(out / f"{name}_patients.csv", index=False, float_format="%.5f")
        lines += [
            "## Pooled over labels, interval over patients (bootstrap)",
            "",
            markdown(bootstrap.set_index(["metric", "other"])),
            "",
        ]
    (out / f"{name}.md").write_text("\n".join(lines))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--site", default="tss", help="metadata column: hospital")
    parser.add_argument("--labels", nargs="+", default=LABELS)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--leave-site-out", action="store_true")
    parser.add_argument("--bootstrap", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/fusion"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/accuracy/results"))
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    name = "fusion_leave_site_out" if options.leave_site_out else "fusion"
    one = partial(run, options.cohort, options.site, options.leave_site_out)
    tasks = [(label, s) for s in range(options.seeds) for label in options.labels]
    work = options.work / options.cohort.resolve().name / name
    table = run_tasks(one, tasks, work, options.jobs)
    scores = table[table["kind"] == "score"]
    said = table[table["kind"] == "probability"].rename(columns={"metric": "patient"})
    bootstrap = pd.DataFrame(
        [
            row
            for other in COMPARATORS
            if options.bootstrap
            for row in patient_interval(said, other, options.bootstrap)
        ]
    )
    options.out.mkdir(parents=True, exist_ok=True)
    compact = scores.groupby(["label", "seed", "model", "metric"], sort=False)["score"]
    compact.mean().round(5).to_csv(options.out / f"{name}_scores.csv")
    folds = "hospitals left out, 3 folds" if options.leave_site_out else "3 folds x 3"
    title = (
        f"Fusion on {options.cohort.resolve().name}: {options.seeds} seeds, {folds}, "
        f"{date.today()}, scikit-learn {sklearn.__version__}, torch {torch.__version__}"
    )
    report(scores, bootstrap, options.out, name, title)
    print((options.out / f"{name}.md").read_text())
    print(f"{MEAN}: see {name}_differences.csv; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
