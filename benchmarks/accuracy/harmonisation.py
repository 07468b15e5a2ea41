"""What harmonisation of sites removes and what it costs: hospitals of breast cancers.

``python -m benchmarks.accuracy.harmonisation --data SKMULTIMODAL_DATA/powered``

Known hospitals, those of 20 or more patients: how well classifiers that learn from four
fifths decode the hospital of the others. The harmoniser is fitted on the four fifths
(``four fifths``), or on another half of the patients than the one that classifiers
learn from and are tested on (``other half``): what it leaves in patients that it has
not seen. New hospitals: whole ones are left out, and a label is predicted.
"""

import argparse
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from benchmarks.accuracy.pooling import differences, markdown, run_tasks
from benchmarks.accuracy.powered_cohorts import OMICS, read_powered
from skmultimodal.preprocessing import SiteHarmonizer

COHORT, SITE = "tcga_brca", "tss"
LABELS = ["her2", "lobular", "pr", "pik3ca_mut"]
MIN_PATIENTS = 20  # of a hospital that is decoded
N_FOLDS = 5
GOAL = 0.05  # above chance
HARMONISERS = {
    "raw": None,
    "harmonised": {},
    "without shrinkage": {"shrink": False},
    "harmonised normal scores": {"normal": True},
}
NEW_SITES = {
    "raw": None,
    "unseen='own'": {},
    "unseen='pooled'": {"unseen": "pooled"},
    "own, min_rows=10": {"min_rows": 10},
    "own, normal scores": {"normal": True},
}


def decoders(seed):
    """A linear classifier of all features, and one that is not linear."""
    return {
        # Of all components, a ridge penalty is that of the features themselves.
        "logistic": make_pipeline(
            StandardScaler(),
            PCA(random_state=seed),
            LogisticRegression(C=1e-3, class_weight="balanced", max_iter=500),
        ),
        "forest": RandomForestClassifier(
            100, class_weight="balanced", min_samples_leaf=3, random_state=seed
        ),
    }


def harmonise(params, X, site, train, test):
    """Training and tested rows, by what the training rows show."""
    if params is None:
        return X[train], X[test]
    params = dict(params)
    if params.pop("normal", False):  # each feature is normal over the training rows
        scores = QuantileTransformer(
            n_quantiles=len(train), output_distribution="normal"
        )
        X = scores.fit(X[train]).transform(X)
    harmonizer = SiteHarmonizer(**params).fit(X[train], site=site[train])
    return tuple(harmonizer.transform(X[r], site=site[r]) for r in (train, test))


def decode(X, site, seed):
    """Yield how well the hospital is decoded in each fold."""
    yield from _decode_fifths(X, site, seed)
    for half in StratifiedKFold(2, shuffle=True, random_state=seed).split(X, site):
        yield from _decode_half(X, site, *half, seed)


def _decode_half(X, site, fitted, others, seed):
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    folds = list(folds.split(others, site[others]))
    for name, params in HARMONISERS.items():
        rows = harmonise(params, X, site, fitted, others)[1]
        for fold, (train, test) in enumerate(folds):
            model, parts = decoders(seed)["logistic"], (rows[train], rows[test])
            found = _scores(model, *parts, site[others], train, test)
            yield fold, name, "logistic, other half", found


def _decode_fifths(X, site, seed):
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
    permuted = np.random.default_rng(seed).permutation(site)
    for fold, (train, test) in enumerate(folds.split(X, site)):
        for name, params in HARMONISERS.items():
            rows = harmonise(params, X, site, train, test)
            for decoder, model in decoders(seed).items():
                yield fold, name, decoder, _scores(model, *rows, site, train, test)
        model = decoders(seed)["logistic"]
        found = _scores(model, X[train], X[test], permuted, train, test)
        yield fold, "raw, hospitals permuted", "logistic", found


def _scores(model, train_rows, test_rows, site, train, test):
    p = model.fit(train_rows, site[train]).predict_proba(test_rows)
    predicted = model.classes_[p.argmax(axis=1)]
    return {
        "balanced accuracy": balanced_accuracy_score(site[test], predicted),
        "roc_auc": roc_auc_score(site[test], p, multi_class="ovr", average="macro"),
    }


def predict_label(X, site, y, seed):
    """Yield the area under the curve in hospitals that were not trained on."""
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    for fold, (train, test) in enumerate(folds.split(X, y, site)):
        for name, params in NEW_SITES.items():
            train_rows, test_rows = harmonise(params, X, site, train, test)
            model = make_pipeline(
                StandardScaler(),
                PCA(20, svd_solver="randomized", random_state=seed),
                LogisticRegression(max_iter=500),
            )
            p = model.fit(train_rows, y[train]).predict_proba(test_rows)[:, 1]
            yield fold, name, "logistic", {"roc_auc": roc_auc_score(y[test], p)}


def run(data, modality, task, draw):
    """Scores of one modality: DataFrame. `task` is ``"site"`` or a label."""
    labels, blocks = read_powered(data / COHORT)
    table = blocks[modality]
    labels = labels.loc[table.index]
    if task == "site":
        sizes = labels[SITE].map(labels[SITE].value_counts())
        chosen = (sizes >= MIN_PATIENTS).to_numpy()
    else:
        chosen = labels[task].notna().to_numpy()
    X, site = table.to_numpy()[chosen], labels.loc[chosen, SITE].to_numpy(dtype=str)
    if task == "site":
        found = decode(X, site, draw)
    else:
        y = labels.loc[chosen, task].to_numpy().astype(int)
        found = predict_label(X, site, y, draw)
    return pd.DataFrame(
        {"task": task, "modality": modality, "draw": draw, "fold": fold}
        | {"model": name, "decoder": decoder, "metric": metric, "score": value}
        | {"n_rows": len(X), "n_sites": len(set(site))}
        for fold, name, decoder, scores in found
        for metric, value in scores.items()
    )


def report_decoding(scores):
    """How well hospitals are decoded, beside chance."""
    part = scores[scores["task"] == "site"]
    keys = ["decoder", "metric", "model"]
    table = part.groupby([*keys, "modality"], sort=False)["score"].mean()
    table = table.unstack("modality").sort_index(level=keys[:2], sort_remaining=False)
    sizes = part.groupby("modality")[["n_rows", "n_sites"]].first()
    chance = 1 / sizes["n_sites"]
    cells = table.loc[("logistic", "balanced accuracy", "harmonised")] - chance
    met = ", ".join(f"{name} {gap:+.3f}" for name, gap in cells.items())
    which = "met" if (cells <= GOAL).all() else "missed"
    chances = ", ".join(
        f"{name} {1 / n:.3f} ({n} hospitals, {rows} patients)"
        for name, (rows, n) in sizes.iterrows()
    )
    return [
        "## Known hospitals: how well are they decoded?",
        f"Chance is a balanced accuracy of {chances}, and an area of .5.",
        markdown(table),
        f"Balanced accuracy of the logistic regression after harmonisation, less "
        f"chance: {met}. The goal, chance + {GOAL}, is {which}.",
    ]


def report_labels(scores):
    """Areas in new hospitals, and differences to raw features."""
    part = scores[scores["task"] != "site"].copy()
    part["setting"] = part["task"] + ", " + part["modality"]
    part = part.groupby(["metric", "setting", "draw", "model"], sort=False)["score"]
    part = part.mean().reset_index()
    table = part.groupby(["setting", "model"], sort=False)["score"].mean().unstack()
    table = table[list(NEW_SITES)]
    table.loc["mean"] = table.mean()
    parts = ["## New hospitals: area under the curve of labels", markdown(table)]
    rows = []
    for name in list(NEW_SITES)[1:]:
        gaps = differences(part, name, ["raw"], "setting", "draw")
        gaps = gaps[gaps["setting"] == "pooled"].iloc[0]
        rows.append({"model": name, **gaps[["difference", "low", "high"]]})
    return [
        *parts,
        "Difference to raw features, mean over the settings, with the t interval over "
        "draws of folds (not over new patients):",
        markdown(pd.DataFrame(rows).set_index("model").astype(float), 4),
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=3, help="of folds")
    parser.add_argument("--modality", action="append", help="only this one")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("results/harmonisation"))
    parser.add_argument("--out", type=Path, help="folder for harmonisation.md")
    options = parser.parse_args(arguments)
    modalities = options.modality or OMICS
    tasks = [
        (modality, task, draw)
        for draw in range(options.draws)
        for modality in modalities
        # Decoders take most of the time: hospitals are decoded in the first draw.
        for task in (["site"] if draw == 0 else []) + LABELS
    ]
    work = partial(run, options.data)
    scores = run_tasks(work, tasks, options.work, options.n_jobs)
    text = "\n\n".join([*report_decoding(scores), *report_labels(scores)])
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = (
            f"`python -m benchmarks.accuracy.harmonisation --draws {options.draws}`"
        )
        head = (
            f"# Harmonisation of hospitals\n\n{command}, {date.today()}, {COHORT}\n\n"
        )
        (options.out / "harmonisation.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
