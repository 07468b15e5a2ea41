"""Measure settings of single towers, by which their defaults were chosen.

``python -m benchmarks.accuracy.tower_defaults image|gene --cohort FOLDER --out FILE``
``python -m benchmarks.accuracy.tower_defaults table --cohort FOLDER --out FILE``

Image settings are scored on stratified hold-outs of all image rows, 30 of which train,
as many as a cohort with few scans has; gene settings by cross-validation on gene-only
rows. Neither looks at a fold of paired rows on which models are compared. The same
splits serve all settings; all labels are shown, and one setting is chosen for all.

The towers of tables are ensembles, as in a twin tower, of the cohorts of
`powered_cohorts`, whose FOLDER holds ``ham10000``, ``tcga_brca`` and ``tcga_pancan``:
clinical tables as numbers, some columns of omics, and clinical tables with words, in
which one cell in ten is blank. Each draw trains on as many rows as stated and tests on
up to 1,500 others.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from benchmarks.accuracy.powered_cohorts import read_powered
from skmultimodal import (
    CrossFittedEnsembleClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.datasets import load_cohort
from skmultimodal.exceptions import NoSignalWarning
from skmultimodal.towers import make_table_tower
from skmultimodal.towers._table import make_number_tower
from skmultimodal.utils._labels import missing_labels

LABELS = ["idh_mut", "progression_free_2y", "disease_control", "survival_2y"]
N_TRAIN_IMAGES = 30
AVERAGE = "average of 5"

IMAGE = {
    "flatten, 64 px": {"global_pool": False},
    "max, 64 px": {"global_pool": "max"},
    "mask, 64 px": {"global_pool": "mask"},
    "mean, 64 px": {"global_pool": "mean"},
    "mean, 32 px": {"global_pool": "mean", "max_size": 32},
    "mean, 96 px": {"global_pool": "mean", "max_size": 96},
    "mean, 64 px, flip": {"global_pool": "mean", "augment": "flip"},
    "mean, 64 px, bfloat16": {"global_pool": "mean", "precision": "bfloat16"},
    "mean, 64 px, lr 1e-3": {"global_pool": "mean", "lr": 1e-3},
    "mean, 64 px, 80 steps": {"global_pool": "mean", "max_epochs": 40},
    "mean, 64 px, 240 steps": {"global_pool": "mean", "max_epochs": 120},
    f"mean, 64 px, {AVERAGE}": {"global_pool": "mean"},
}
GENE = {
    "paper (no label, raw values)": {
        "label_weight": 0,
        "dropout": 0,
        "signed_log": False,
    },
    "no label, signed log": {"label_weight": 0, "dropout": 0},
    "label 0.3, no dropout": {"dropout": 0},
    "label 0.3, dropout 0.2": {},
    "label 0.3, dropout 0.2, raw values": {"signed_log": False},
    "label 1, dropout 0.2": {"label_weight": 1},
    "label 0.3, dropout 0.2, lr 1e-3, 500 steps": {"lr": 1e-3, "max_epochs": 40},
    "label 0.3, dropout 0.2, 300 steps": {"max_epochs": 24},
    f"label 0.3, dropout 0.2, {AVERAGE}": {},
}


def make(tower, name, seed, setting):
    kind = ImageTowerClassifier if tower == "image" else GeneAutoencoderTransformer
    estimator = kind(random_state=seed, **setting)
    if AVERAGE in name:
        return CrossFittedEnsembleClassifier(estimator, random_state=seed)
    return estimator


def splits_of(tower, X, y, n_splits):
    if tower == "image":
        cv = StratifiedShuffleSplit(n_splits, train_size=N_TRAIN_IMAGES, random_state=0)
    else:
        cv = StratifiedKFold(n_splits, shuffle=True, random_state=0)
    return list(cv.split(X, y))


def score_split(tower, X, y, train, test, seed):
    """AUC of each setting on one split."""
    # Some settings are there to show that they do not train.
    warnings.simplefilter("ignore", ConvergenceWarning)
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    scores = []
    for name, setting in (IMAGE if tower == "image" else GENE).items():
        estimator = make(tower, name, seed, setting).fit(X[train], y[train])
        if hasattr(estimator, "predict_proba"):
            p = estimator.predict_proba(X[test])
        else:
            fitted = clone(head).fit(estimator.transform(X[train]), y[train])
            p = fitted.predict_proba(estimator.transform(X[test]))
        scores.append((name, roc_auc_score(y[test], p[:, 1])))
    return scores


def compare_by_label(options):
    """AUC of each setting and label, of images or genes."""
    rows = []
    for label in tqdm(LABELS):
        data = load_cohort(options.cohort, label=label)
        kept = ~missing_labels(data.target) & data.data.has(options.tower)
        if options.tower == "gene":
            kept &= ~data.data.paired
        X, y = np.asarray(data.data[kept].block(options.tower)), data.target[kept]
        n_splits = options.splits or (8 if options.tower == "image" else 4)
        parts = Parallel(n_jobs=options.jobs)(
            delayed(score_split)(options.tower, X, y, train, test, seed)
            for seed, (train, test) in enumerate(
                splits_of(options.tower, X, y, n_splits)
            )
        )
        rows += [(label, *pair) for part in parts for pair in part]
    scores = pd.DataFrame(rows, columns=["label", "setting", "auc"])
    table = scores.pivot_table("auc", "setting", "label", sort=False)[LABELS]
    table["mean"] = table.mean(axis=1)
    return table


# Tables

SIZES = 50, 150, 450
WORD_SIZES = 150, 450, 1200
MOST_TESTED, FEWEST_TESTED = 1500, 100
BLANK = 0.1
CLINICAL = {
    "ham10000": ["malignant", "keratosis_vs_nevus"],
    "tcga_pancan": ["os_2y", "pfi_2y"],
}
WORDS = {
    "ham10000": ["age", "sex", "localization"],
    "tcga_brca": ["age", "stage", "race", "menopause", "tss"],
    "tcga_pancan": ["age", "male", "stage", "cancer", "tss"],
}
WORD_LABELS = CLINICAL | {"tcga_brca": ["er", "lobular"]}
WIDTHS = 10, 20, 40, 80
OMICS = "mirna"
OMICS_LABELS = ["er", "lobular"]


def table_cases(folder, kind):
    """Yield (case, label, table, labels, number of its columns in each draw)."""
    if kind == "clinical":
        for cohort, names in CLINICAL.items():
            labels, blocks = read_powered(folder / cohort)
            for name in names:
                yield cohort, name, blocks["clinical"], labels[name], None
    elif kind == "words":
        for cohort, columns in WORDS.items():
            labels, _ = read_powered(folder / cohort)
            table = labels[columns].astype(
                {c: "category" for c in columns if labels[c].dtype != float}
            )
            for name in WORD_LABELS[cohort]:
                yield cohort, name, table, labels[name], None
    else:
        labels, blocks = read_powered(folder / "tcga_brca")
        for width in WIDTHS:
            for name in OMICS_LABELS:
                case = f"{width} of {OMICS}"
                yield case, name, blocks[OMICS], labels[name], width


def table_settings(table, kind):
    """Towers by name."""
    towers = {}
    for penalty in (1, 0.1, 0.01):
        tower = make_table_tower(table) if kind == "words" else make_number_tower()
        last = tower.steps[-1][0]
        towers[f"logistic, C={penalty}"] = tower.set_params(**{f"{last}__C": penalty})
    if kind == "words":
        towers["gradient boosting"] = HistGradientBoostingClassifier(
            categorical_features="from_dtype",
            early_stopping=False,
            learning_rate=0.05,
            max_iter=60,
            max_leaf_nodes=8,
        )
    else:
        towers["gene tower"] = GeneAutoencoderTransformer()
    return towers


def score_table_draw(case, kind, n_rows, draw):
    """Scores of each setting on one draw; none if there are too few rows."""
    name, label, table, y, width = case
    rng = np.random.default_rng([draw, 3])
    y = y.dropna().astype(int)
    ids = rng.permutation(np.asarray(y.index.intersection(table.index)))
    train, test = ids[:n_rows], ids[n_rows:][:MOST_TESTED]
    if len(test) < FEWEST_TESTED or y[train].value_counts().min() < 5:
        return []
    if width is not None:
        table = table.iloc[:, rng.permutation(table.shape[1])[:width]]
    if kind == "words":
        table = table.mask(rng.random(table.shape) < BLANK)
    scores = []
    for setting, tower in table_settings(table, kind).items():
        rows = [table.loc[some] for some in (train, test)]
        if kind != "words":
            rows = [some.to_numpy() for some in rows]
        ensemble = CrossFittedEnsembleClassifier(tower, random_state=draw)
        start = time.process_time()
        p = ensemble.fit(rows[0], y[train]).predict_proba(rows[1])[:, 1]
        seconds = time.process_time() - start
        metrics = [f(y[test], p) for f in (roc_auc_score, brier_score_loss, log_loss)]
        scores.append((name, label, n_rows, draw, setting, *metrics, seconds))
    return scores


def compare_table_towers(folder, kind, n_draws, n_jobs):
    """Mean scores of each setting by case and number of rows."""
    warnings.simplefilter("ignore", NoSignalWarning)  # a finding, also of 50 rows
    cases = list(table_cases(folder, kind))
    work = [
        (case, kind, n_rows, draw)
        for case in cases
        for n_rows in (WORD_SIZES if kind == "words" else SIZES)
        for draw in range(n_draws)
    ]
    parts = Parallel(n_jobs=n_jobs)(
        delayed(score_table_draw)(*one) for one in tqdm(work)
    )
    names = ["case", "label", "rows", "draw", "setting", "auc", "brier", "log_loss"]
    scores = pd.DataFrame(
        [row for part in parts for row in part], columns=[*names, "s"]
    )
    by = ["case", "rows", "setting"]
    table = scores.groupby(by, sort=False)[["auc", "brier", "log_loss", "s"]].mean()
    table["n_fits"] = scores.groupby(by, sort=False).size()
    return table


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tower", choices=["image", "gene", "table"])
    parser.add_argument("--cohort", type=Path, required=True)
    splits_help = "default: 8 (image), 4 (gene), 10 draws (table)"
    parser.add_argument("--splits", type=int, help=splits_help)
    parser.add_argument(
        "--kind", choices=["clinical", "omics", "words"], default="clinical"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="CSV file")
    options = parser.parse_args(arguments)
    if options.tower == "table":
        draws = options.splits or 10
        table = compare_table_towers(options.cohort, options.kind, draws, options.jobs)
    else:
        table = compare_by_label(options)
    print(table.round(3).to_string())
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.round(4).to_csv(options.out)


if __name__ == "__main__":
    main()
