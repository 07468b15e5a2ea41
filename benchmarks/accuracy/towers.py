"""The default towers by the number of their rows, beside simple models.

``python -m benchmarks.accuracy.towers --data FOLDER [--part PART] [--draws 10]``

Parts: ``image`` is of skin lesions (95, 400 and up to 1,400 images), ``mri`` of 30
scans, ``gene`` of omics tables. FOLDER holds ``powered`` and ``cohort``. Towers are
fitted as the default twin tower fits them, as the mean of five. An interrupted run of
the same code continues.
"""

import argparse
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.accuracy.pooling import markdown, run_tasks
from benchmarks.accuracy.powered_cohorts import SKIN_LABELS, read_powered
from benchmarks.accuracy.simple_models import reduced_logistic
from skmultimodal import (
    CrossFittedEnsembleClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.datasets import load_cohort
from skmultimodal.utils._labels import missing_labels

DEFAULT, NETWORK = "default tower", "network alone"
SIMPLE, EPOCHS = "statistics + logistic", "network, 30 epochs"
MRI_LABELS = ["idh_mut", "progression_free_2y", "disease_control", "survival_2y"]
# (cohort, modality, label, rows): 0 is all but 200.
GENE_CELLS = [
    *(("tcga_brca", "rna", "pr", n) for n in (100, 200, 400, 700)),
    *(("tcga_brca", m, "her2", 145) for m in ("cnv", "mirna", "rna", "rppa")),
    *(("tcga_brca", m, "lobular", 502) for m in ("cnv", "mirna", "rna")),
    *(("tcga_pancan", "rna", "os_2y", n) for n in (150, 500, 1000, 0)),
    *(("tcga_pancan", "mirna", "pfi_2y", n) for n in (500, 0)),
]
SKIN_ROWS = (95, 400, 1400)
N_TESTED = 1000
EXPLANATION = """Means over draws (standard errors of these in brackets); seconds are
processor time of fitting. The lower the Brier score and the log-loss, the better. A
calibration slope of 1 is right."""


def simple_statistics(images):
    """Statistics of a first look: intensities, centre, gradient, correlations.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_channels, height, width)
    """
    n, c, height, width = images.shape
    pixels = images.reshape(n, c, -1)
    top, left = height // 4, width // 4
    centre = images[:, :, top:-top, left:-left].reshape(n, c, -1)
    found = []
    for part in (pixels, centre):
        levels = np.percentile(part, [5, 25, 50, 75, 95], axis=2)
        found += [part.mean(axis=2), part.std(axis=2), *levels]
    found.append(centre.mean(axis=2) - pixels.mean(axis=2))
    steps = [np.abs(np.diff(images, axis=a)).mean(axis=(2, 3)) for a in (2, 3)]
    found.append(np.mean(steps, axis=0))
    z = pixels - pixels.mean(axis=2, keepdims=True)
    z /= pixels.std(axis=2, keepdims=True) + 1e-6
    i, j = np.triu_indices(c, 1)
    found.append((z[:, i] * z[:, j]).mean(axis=2))
    return np.hstack(found)


def score(y, p):
    odds = logit(np.clip(p, 1e-6, 1 - 1e-6))[:, None]
    slope = LogisticRegression(C=1e6, max_iter=1000).fit(odds, y).coef_[0, 0]
    return {
        "AUC": roc_auc_score(y, p),
        "Brier": brier_score_loss(y, p),
        "log-loss": log_loss(y, p),
        "slope": slope,
    }


def compare(models, X, y, train, test, **of_task):
    """Scores of models of (estimator, inputs) on one draw: DataFrame."""
    rows = []
    for name, (model, inputs) in models.items():
        inputs = X if inputs is None else inputs
        start = time.process_time()
        model.fit(inputs[train], y[train])
        seconds = time.process_time() - start
        p = model.predict_proba(inputs[test])[:, 1]
        rows.append(of_task | score(y[test], p) | {"seconds": seconds, "model": name})
    return pd.DataFrame(rows)


def five(tower, seed):
    return CrossFittedEnsembleClassifier(tower, random_state=seed)


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def run_image(data, label, n, seed):
    """One draw of skin lesions; a network trained to the end above 95 images."""
    labels, blocks = read_powered(data / "powered" / "ham10000")
    ids, images = blocks["image"]
    y = labels.loc[ids, label]
    X, y = images[y.notna()], y.dropna().to_numpy(int)
    order = np.random.default_rng([seed, 3]).permutation(len(y))
    n_train = min(n, len(y) - 200)
    train, test = order[:n_train], order[n_train:][:N_TESTED]
    alone = ImageTowerClassifier(linear_penalty=None, random_state=seed)
    if n > 95:
        alone.set_params(max_epochs=20)
    models = {
        DEFAULT: (five(ImageTowerClassifier(random_state=seed), seed), None),
        NETWORK: (alone if n > 95 else five(alone, seed), None),
        SIMPLE: (logistic(), simple_statistics(X)),
    }
    return compare(models, X, y, train, test, label=label, rows=n, draw=seed)


def run_mri(data, label, seed):
    """One hold-out of scans, 30 of which train."""
    cohort = load_cohort(data / "cohort", label=label)
    kept = ~missing_labels(cohort.target) & cohort.data.has("image")
    X, y = np.asarray(cohort.data[kept].block("image")), cohort.target[kept].astype(int)
    folds = StratifiedShuffleSplit(seed + 1, train_size=30, random_state=0)
    train, test = list(folds.split(X, y))[-1]
    alone = ImageTowerClassifier(linear_penalty=None, random_state=seed)
    models = {
        DEFAULT: (five(ImageTowerClassifier(random_state=seed), seed), None),
        "one member": (ImageTowerClassifier(random_state=seed), None),
        NETWORK: (five(alone, seed), None),
    }
    return compare(models, X, y, train, test, label=label, rows=30, draw=seed)


def run_gene(data, cohort, modality, label, n, seed):
    labels, blocks = read_powered(data / "powered" / cohort)
    y = labels[label].reindex(blocks[modality].index).dropna()
    X, y = blocks[modality].loc[y.index].to_numpy(), y.to_numpy(int)
    order = np.random.default_rng([seed, 4]).permutation(len(y))
    n_train = n or len(y) - 200
    train, test = order[:n_train], order[n_train:][:N_TESTED]
    plain = {"n_components": None, "random_state": seed}
    ridge = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=1000))
    models = {
        DEFAULT: (five(GeneAutoencoderTransformer(random_state=seed), seed), None),
        "PCA + logistic": (reduced_logistic(n_train, X.shape[1]), None),
        "ridge logistic": (ridge, None),
        EPOCHS: (GeneAutoencoderTransformer(max_epochs=30, **plain), None),
    }
    name = f"{cohort}, {modality}, {label}"
    return compare(models, X, y, train, test, label=name, rows=n_train, draw=seed)


PARTS = {
    "image": (
        run_image,
        lambda draws: [
            (label, n, seed)
            for n in SKIN_ROWS
            for label in SKIN_LABELS
            for seed in range(draws)
            if n < 1400 or label != "mel_vs_keratosis"  # 647 patients
        ],
    ),
    "mri": (
        run_mri,
        lambda draws: [(label, seed) for label in MRI_LABELS for seed in range(draws)],
    ),
    "gene": (
        run_gene,
        lambda draws: [(*cell, seed) for cell in GENE_CELLS for seed in range(draws)],
    ),
}


def difference_to(other, table, goal, least=None):
    """By how much the default tower's AUC is above another's, beside the goal."""
    gap = table[DEFAULT] - table[other]
    if gap.index.nlevels > 1:
        gap.index = [f"{label}, {rows} rows" for rows, label in gap.index]
    text = f"AUC above {other} by {gap.mean():.3f} on average (goal {goal:g})"
    text += f", by {gap.min():.3f} at least ({gap.idxmin()}"
    return text + (")." if least is None else f"; goal {least:g}).")


def image_goals(scores, table):
    lines = []
    for n, part in table.groupby("rows"):
        part = part.droplevel("rows")
        goals = {"goal": 0.01, "least": -0.005} if n == 95 else {"goal": 0}
        lines.append(f"{n} rows: {difference_to(SIMPLE, part, **goals)}")
        if n > 95:
            lines.append(f"{n} rows: {difference_to(NETWORK, part, 0)}")
    seconds = scores[scores["rows"] == 95].groupby("model")["seconds"].mean()
    if len(seconds):
        ratio = seconds[DEFAULT] / seconds[NETWORK]
        lines.append(f"95 rows: {ratio:.2f} times the network's seconds (goal 2).")
    return lines


def mri_goals(scores, table):
    reached = table[DEFAULT].droplevel("rows")
    return [
        f"Mean AUC of the labels {reached.mean():.3f} (goal .66).",
        f"AUC of idh_mut {reached['idh_mut']:.3f} (goal .76).",
    ]


def gene_goals(scores, table):
    label = table.index.get_level_values("label")
    rows = table.index.get_level_values("rows")
    reached = table.loc[(700, "tcga_brca, rna, pr"), DEFAULT]
    many = table[(label == "tcga_pancan, rna, os_2y") & (rows > 1000)]
    few = table[np.isin(rows, [145, 502])]
    return [
        f"tcga_brca, rna, pr, 700 rows: AUC {reached:.3f} (goal .912).",
        f"tcga_pancan, rna, os_2y, all rows: {difference_to(EPOCHS, many, -0.005)}",
        f"All cells: {difference_to('ridge logistic', table, 0, -0.005)}",
        f"145 and 502 rows: {difference_to('PCA + logistic', few, 0)}",
    ]


GOALS = {"image": image_goals, "mri": mri_goals, "gene": gene_goals}


def report(scores, part):
    """The tables as Markdown: AUC by label, means, and goals beside what is reached."""
    scores = scores.sort_values("draw", kind="stable")
    by_label = scores.groupby(["rows", "label", "model"], sort=False)["AUC"]
    cells = by_label.agg(["mean", "sem"])
    shown = cells.apply(lambda c: f"{c['mean']:.3f} ({c['sem']:.3f})", axis=1)
    table = shown.unstack("model").sort_index()
    table.index = [f"{label}, {rows} rows" for rows, label in table.index]
    columns = ["AUC", "Brier", "log-loss", "seconds"]
    by_rows = scores.groupby(["rows", "model"], sort=False)
    means = by_rows[columns].mean().join(by_rows["slope"].median()).sort_index()
    means.index = [f"{rows} rows, {model}" for rows, model in means.index]
    parts = [markdown(table.rename_axis("AUC")), markdown(means.rename_axis("mean"))]
    reached = GOALS[part](scores, cells["mean"].unstack("model"))
    parts += ["Goals beside what is reached:", "\n".join(f"- {r}" for r in reached)]
    return "\n\n".join(parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--rows", type=int, action="append", help="of images")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/towers"))
    parser.add_argument("--out", type=Path, help="folder for towers_<part>.md")
    options = parser.parse_args(arguments)
    for name in options.part or PARTS:
        run, make_tasks = PARTS[name]
        tasks = make_tasks(options.draws)
        if name == "image" and options.rows:
            tasks = [task for task in tasks if task[1] in options.rows]
        work = partial(run, options.data)
        scores = run_tasks(work, tasks, options.work / name, options.n_jobs)
        text = f"{EXPLANATION}\n\n{report(scores, name)}"
        print(text)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            command = f"python -m benchmarks.accuracy.towers --part {name}"
            command += f" --draws {options.draws}"
            if name == "image":
                command += "".join(f" --rows {n}" for n in options.rows or [])
            head = f"# Towers: {name}\n\n`{command}`"
            text = f"{head}, {date.today()}\n\n{text}\n"
            (options.out / f"towers_{name}.md").write_text(text)


if __name__ == "__main__":
    main()
