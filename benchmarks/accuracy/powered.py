"""The default twin tower on cohorts with hundreds of pairs, beside named comparators.

``python -m benchmarks.accuracy.powered --data FOLDER [--draws 20] [--n-jobs 2]``

In each draw 95 patients keep the scarce modality, 452 the plentiful one and 50 both (in
proportion where a cohort is smaller), and up to 1,500 other pairs are tested. FOLDER
holds ``ham10000`` and ``tcga_brca``. An interrupted run of the same code continues.
``--towers FOLDER`` keeps the fitted towers (300 MB a draw), so that after a change of
the fusion only that is run.
"""

import argparse
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.accuracy.pooling import (
    best_on_average,
    differences,
    markdown,
    means,
    run_tasks,
    with_intervals,
)
from benchmarks.accuracy.powered_cohorts import draw_two, two_modality_settings
from benchmarks.accuracy.simple_models import LARGEST, blocks_of, models_of_draw
from skmultimodal import (
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)

OURS = "twin tower"
METRICS = ["roc_auc", "neg_brier_score", "neg_log_loss"]
# The labels that decided on settings; trials have looked at others too (notes.md).
CHOSEN_ON = ["malignant", "keratosis_vs_nevus", "er", "her2", "lobular"]
CHOSEN_ON += ["node_positive", "gata3_mut"]
EXPLANATION = """Differences are twin tower - other; higher is better. Intervals are t
intervals over the draws of the mean over the settings, not over new patients. The best
tower is the better one of each setting and metric, on the average of its draws: chosen
after the fact. Towers, mean and sum of log-odds are those of the twin tower itself,
fitted on all patients with their modality and calibrated. Forest and boosting are
fitted in the first five draws, and their differences are those of these draws."""


def make_tower(name, seed):
    """Tower of a modality: the default one; a logistic regression for covariates."""
    if name == "image":
        return ImageTowerClassifier(random_state=seed)
    if name == "clinical":
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    return GeneAutoencoderTransformer(random_state=seed)


def score(y, p):
    """Higher is better: dict of metric to score."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return {
        "roc_auc": roc_auc_score(y, p),
        "neg_brier_score": -brier_score_loss(y, p),
        "neg_log_loss": -log_loss(y, p),
    }


def default_model(X, seed, **params):
    """The default with the towers that the modalities of a cohort have here."""
    towers = [(name, make_tower(name, seed)) for name in X.modalities]
    return TwinTowerClassifier(towers, random_state=seed, **params)


def fit_default(X, y, seed, **params):
    return default_model(X, seed, **params).fit(X, y)


def tower_odds(model, X):
    """Log-odds by each tower of a fitted model of patients who have every modality."""
    return {
        name: np.clip(
            logit(tower.predict_proba(np.asarray(X.block(name)))[:, 1]),
            -LARGEST,
            LARGEST,
        )
        for name, tower in model.towers_.items()
    }


def late_fusions(odds, X, y):
    """Probabilities by towers and by their late fusions.

    Parameters
    ----------
    odds : dict of str to ndarray of shape (n_tested,)
        Of the modalities that the tested patients have.
    X, y : Cohort and labels of the training patients

    Returns
    -------
    probabilities : dict of str to ndarray of shape (n_tested,)
    """
    found = {f"{name} tower": expit(values) for name, values in odds.items()}
    columns = np.column_stack(list(odds.values()))
    shares = [logit(y[X.has(name)].mean()) for name in odds]
    found["mean log-odds"] = expit(columns.mean(axis=1))
    summed = logit(y.mean()) + (columns - shares).sum(axis=1)
    # One modality is no sum.
    found["sum of log-odds"] = expit(summed if len(odds) > 1 else columns[:, 0])
    return found


def stack_pairs(model, X, y, odds):
    """A logistic regression on the out-of-fold log-odds of the paired patients."""
    pairs = X.paired
    if len(np.unique(y[pairs])) < 2:
        return np.full(len(next(iter(odds.values()))), y.mean())
    known = []
    for name, tower in model.towers_.items():
        held_out = np.full(len(y), np.nan)
        p = tower.held_out_proba(np.arange(X.has(name).sum()))[:, 1]
        held_out[X.has(name)] = np.clip(logit(p), -LARGEST, LARGEST)
        known.append(held_out[pairs])
    stack = LogisticRegression().fit(np.column_stack(known), y[pairs])
    return stack.predict_proba(np.column_stack(list(odds.values())))[:, 1]


def run(data, towers, cohort, label, scarce, plentiful, seed):
    """Scores of all models on one draw of one setting: DataFrame."""
    X, y, X_test, y_test = draw_two(data / cohort, label, scarce, plentiful, seed)
    model = fit_default(X, y, seed, memory=towers)
    found = {OURS: model.predict_proba(X_test)[:, 1]}
    odds = tower_odds(model, X_test)
    found |= late_fusions(odds, X, y)
    found["stacked log-odds (pairs)"] = stack_pairs(model, X, y, odds)
    train, tested = blocks_of(X), blocks_of(X_test)
    simple = models_of_draw(seed)
    found |= {n: fit(train, y, seed)(tested) for n, fit in simple.items()}
    setting = f"{label}, {scarce} + {plentiful}"
    return pd.DataFrame(
        {"setting": setting, "label": label, "draw": seed, "model": name}
        | {"metric": metric, "score": value}
        for name, p in found.items()
        for metric, value in score(y_test, p).items()
    )


def with_best_tower(scores):
    """Add the tower that is best on the average of each setting and metric."""
    towers = scores["model"].str.endswith(" tower") & (scores["model"] != OURS)
    best = best_on_average(scores, towers, "best tower")
    return pd.concat([scores[~towers], best], ignore_index=True)


def report(scores, n_draws):
    """The tables as Markdown."""
    scores = with_best_tower(scores)
    others = [name for name in scores["model"].unique() if name != OURS]
    parts = [EXPLANATION]
    for title, chosen in [("All settings", None), ("Labels not chosen on", CHOSEN_ON)]:
        part = scores if chosen is None else scores[~scores["label"].isin(chosen)]
        if part.empty:
            continue
        table = means(part, "setting")["mean"].unstack("metric")[METRICS]
        gaps = differences(part, OURS, others, "setting", "draw")
        pooled = gaps[gaps["setting"] == "pooled"].set_index(["other", "metric"])
        shown = with_intervals(pooled).unstack("metric")[METRICS]
        parts += [f"## {title}: {part['setting'].nunique()}, {n_draws} draws"]
        parts += [markdown(table, 4), "Differences:", markdown(shown)]
    gaps = differences(scores, OURS, ["best tower"], "setting", "draw")
    table = gaps.pivot(index="setting", columns="metric", values="difference")
    parts += ["## Twin tower - best tower, by setting", markdown(table[METRICS], 4)]
    return "\n\n".join(parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--settings", help="only those whose names contain this")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("results/powered"))
    parser.add_argument("--towers", type=Path, help="folder for fitted towers")
    parser.add_argument("--out", type=Path, help="folder for powered.md")
    options = parser.parse_args(arguments)
    draws = range(options.first, options.first + options.draws)
    tasks = [
        (*setting, draw)
        for draw in draws
        for setting in two_modality_settings()
        if options.settings is None or options.settings in "-".join(setting)
    ]
    work = partial(run, options.data, options.towers)
    scores = run_tasks(work, tasks, options.work, options.n_jobs)
    text = report(scores, options.draws)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        command = f"`python -m benchmarks.accuracy.powered --draws {options.draws}`"
        head = f"# Cohorts with hundreds of pairs\n\n{command}, {date.today()}\n\n"
        (options.out / "powered.md").write_text(head + text + "\n")


if __name__ == "__main__":
    main()
