"""The default twin tower on a small cohort with scans, beside comparators.

``python -m benchmarks.accuracy.gliomas --data FOLDER [--draws 8]``

In each draw 65 % of the labelled patients with both modalities (at most 50) keep both;
the others keep their images only, so that there are images to fit a tower on. Then
those with both are dealt to three folds. FOLDER holds ``clinical.csv``,
``expression.parquet`` and ``mri``. An interrupted run of the same code continues.
"""

from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.accuracy.pooling import (
    best_on_average,
    differences,
    markdown,
    means,
    run_benchmark,
    with_intervals,
)
from benchmarks.accuracy.powered import (
    METRICS,
    OURS,
    fit_default,
    late_fusions,
    score,
    stack_pairs,
    tower_odds,
)
from benchmarks.accuracy.simple_models import blocks_of, models_of_draw
from skmultimodal import FusionHeadClassifier
from skmultimodal.baselines import MetadataClassifier
from skmultimodal.datasets import load_cohort, unpair
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.preprocessing import IntensityStatisticsTransformer

LABELS = [
    "idh_mut",
    "progression_free_2y",
    "disease_control",
    "survival_2y",
    "objective_response",
]
SHARE_PAIRED, MAX_PAIRED = 0.65, 50
HEAD = "concatenated features (paper's head)"
STATISTICS = "image (statistics + logistic)"
HOSPITAL = "hospital only"
SIMPLE = [
    "stack on every row (PCA + logistic)",
    "mean of PCA + logistic",
    "early fusion (complete cases)",
]
EXPLANATION = """Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over three folds, not over new patients: the
patients of all draws are the same. The better tower is that of each label and metric,
on the average of its draws: chosen after the fact. Towers, mean and sum of log-odds are
those of the twin tower itself; the paper's head reads the features of the same towers.
Simple models read principal components of the genes and of images that are averaged in
squares of four pixels a side."""


def draw(folder, label, seed):
    """Labelled patients, classes 0 and 1, and folds: X, y, list of (train, test)."""
    data = load_cohort(folder, label=label)
    y = pd.Series(data.target)
    known = y.notna().to_numpy()
    X, y = data.data[known], pd.factorize(y[known], sort=True)[0]
    n_kept = min(MAX_PAIRED, round(SHARE_PAIRED * X.paired.sum()))
    X, y = unpair(X, y, n_kept, random_state=seed)
    return X, y, list(PairedStratifiedKFold(3, random_state=seed).split(X, y))


def twin_towers(X, y, X_test, seed):
    """Probabilities by the default, its towers, late fusions and the paper's head."""
    with TemporaryDirectory() as memory:
        model = fit_default(X, y, seed, memory=memory)
        head = fit_default(
            X, y, seed, memory=memory, final_estimator=FusionHeadClassifier()
        )
    odds = tower_odds(model, X_test)
    return {
        OURS: model.predict_proba(X_test)[:, 1],
        **late_fusions(odds, X, y),
        "stacked log-odds (pairs)": stack_pairs(model, X, y, odds),
        HEAD: head.predict_proba(X_test)[:, 1],
    }


def other_models(X, y, X_test, seed):
    """Probabilities by what needs no network, and by the share of the class."""
    train, tested = blocks_of(X), blocks_of(X_test)
    simple = models_of_draw(seed, SIMPLE)
    found = {name: fit(train, y, seed)(tested) for name, fit in simple.items()}
    model = make_pipeline(
        IntensityStatisticsTransformer(), StandardScaler(), LogisticRegression(C=0.1)
    )
    model.fit(X.block("image"), y[X.has("image")])
    found[STATISTICS] = model.predict_proba(X_test.block("image"))[:, 1]
    covariates = {
        "age and sex": MetadataClassifier(["age", "sex"]),
        HOSPITAL: MetadataClassifier(["tss"], categories=["tss"]),
    }
    for name, model in covariates.items():
        found[name] = model.fit(X, y).predict_proba(X_test)[:, 1]
    found["share of the class"] = np.full(len(X_test), y[X.paired].mean())
    return found


def run(data, label, seed):
    """Scores of all models in three folds: DataFrame."""
    X, y, folds = draw(data, label, seed)
    tables = []
    for number, (train, test) in enumerate(folds):
        X_train, y_train, X_test = X[train], y[train], X[test]
        found = twin_towers(X_train, y_train, X_test, seed)
        found |= other_models(X_train, y_train, X_test, seed)
        rows = [
            (name, metric, value)
            for name, p in found.items()
            for metric, value in score(y[test], p).items()
        ]
        table = pd.DataFrame(rows, columns=["model", "metric", "score"])
        tables.append(table.assign(fold=number))
    return pd.concat(tables).assign(setting=label, draw=seed)


def report(scores, n_draws):
    """The tables as Markdown."""
    towers = scores["model"].isin(["image tower", "gene tower"])
    best = best_on_average(scores, towers, "better tower")
    scores = pd.concat([scores, best], ignore_index=True)
    others = [name for name in scores["model"].unique() if name != OURS]
    gaps = differences(scores, OURS, others, "setting", "draw")
    gaps["cell"] = with_intervals(gaps)
    parts = [EXPLANATION]
    for metric in METRICS:
        cells = gaps[gaps["metric"] == metric].pivot(
            index="other", columns="setting", values="cell"
        )
        table = means(scores, "setting").loc[metric]
        parts += [f"## {metric}: {n_draws} draws of three folds", markdown(table, 4)]
        parts += ["Differences:", markdown(cells[["pooled", *table.columns[:-1]]])]
    return "\n\n".join(parts)


def main(arguments=None):
    settings = [(label,) for label in LABELS]
    run_benchmark("gliomas", "Gliomas", settings, run, report, 8, arguments)


if __name__ == "__main__":
    main()
