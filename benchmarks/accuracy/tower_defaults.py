"""Measure settings of single towers, by which their defaults were chosen.

``python -m benchmarks.accuracy.tower_defaults image|gene --cohort FOLDER --out FILE``

Image settings are scored on stratified hold-outs of all image rows, 30 of which train,
as many as a cohort with few scans has; gene settings by cross-validation on gene-only
rows. Neither looks at a fold of paired rows on which models are compared. The same
splits serve all settings; all labels are shown, and one setting is chosen for all.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from skmultimodal import (
    CrossFittedEnsembleClassifier,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
)
from skmultimodal.datasets import load_cohort
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


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tower", choices=["image", "gene"])
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--splits", type=int, help="default: 8 (image), 4 (gene)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="CSV file")
    options = parser.parse_args(arguments)
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
    print(table.round(3).to_string())
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.round(4).to_csv(options.out)


if __name__ == "__main__":
    main()
