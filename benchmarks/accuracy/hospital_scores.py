"""Scores over patients of several hospitals, and intervals over hospitals."""

import numpy as np
import pandas as pd
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy.powered import METRICS, OURS, score

__all__ = [
    "BEST",
    "CEILING",
    "MIN_OF_CLASS",
    "WITHIN",
    "better_towers",
    "hospital_intervals",
    "scores_of",
    "weighted_auc",
    "with_ceiling",
    "within_hospitals",
]

BEST = "best tower"
CEILING = "weights fitted on the tested pairs"
MIN_OF_CLASS = 5  # patients of each class in a hospital with an area of its own
WITHIN = "auc_within"
N_BOOT = 500


def within_hospitals(truth, p, hospitals):
    """Mean area within hospitals, weighted by their pairs of patients; NaN of none."""
    areas, weights = [], []
    for hospital in np.unique(hospitals):
        rows = hospitals == hospital
        counts = np.bincount(truth[rows], minlength=2)
        if counts.min() >= MIN_OF_CLASS:
            areas.append(roc_auc_score(truth[rows], p[rows]))
            weights.append(counts.prod())
    return np.average(areas, weights=weights) if areas else np.nan


def scores_of(predicted):
    """Scores of each model over all tested patients of a draw: DataFrame."""
    keys = ["cohort", "setting", "draw", "model"]
    rows = []
    for key, part in predicted.groupby(keys, sort=False):
        truth, p = part["truth"].to_numpy(), part["p"].to_numpy()
        found = score(truth, p)
        found[WITHIN] = within_hospitals(truth, p, part["hospital"].to_numpy())
        about = dict(zip(keys, key, strict=True))
        rows += [about | {"metric": m, "score": v} for m, v in found.items()]
    return pd.DataFrame(rows).dropna()


def with_ceiling(predicted):
    """Add a sum of the towers' log-odds whose weights are fitted on the tested pairs.

    No pool of these log-odds that learns from training patients can be expected to be
    better.
    """
    parts = [predicted]
    about = ["cohort", "setting", "draw"]
    for key, cell in predicted.groupby(about, sort=False):
        own = cell["model"].str.endswith(" tower") & (cell["model"] != OURS)
        rows = ["fold", "patient", "hospital", "truth"]
        towers = cell[own].pivot(index=rows, columns="model", values="p")
        odds = logit(towers.clip(1e-5, 1 - 1e-5)).to_numpy()
        table = towers.index.to_frame(index=False)
        fitted = LogisticRegression(C=1e6).fit(odds, table["truth"])
        table["p"] = fitted.predict_proba(odds)[:, 1]
        parts.append(table.assign(model=CEILING, **dict(zip(about, key, strict=True))))
    return pd.concat(parts, ignore_index=True)


def better_towers(scores):
    """Name of the better tower of each setting and metric: Series."""
    towers = scores[scores["model"].str.endswith(" tower") & (scores["model"] != OURS)]
    mean = towers.groupby(["setting", "metric", "model"])["score"].mean().unstack()
    return mean.idxmax(axis=1)


def hospital_intervals(predicted, better, n_boot=N_BOOT, seed=0):
    """Differences of the twin tower to the others, with intervals over hospitals.

    Parameters
    ----------
    predicted : DataFrame
        Of one cohort.
    better : Series
        Name of the better tower, by setting and metric.
    n_boot, seed : int

    Returns
    -------
    table : DataFrame
        Columns ``other``, ``metric``, ``difference``, ``low`` and ``high``: means over
        settings and draws. Hospitals are drawn (bootstrap) with all their patients and
        predictions; the fitted models are given.
    """
    names, number = np.unique(predicted["hospital"], return_inverse=True)
    # All models have their rows in one order.
    predicted = predicted.assign(number=number).sort_values(["fold", "patient"])
    n = len(names)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_boot)
    weights = np.vstack([np.ones(n), drawn])
    gaps = {}
    for (setting, _), cell in predicted.groupby(["setting", "draw"]):
        found = {
            name: _weighted_scores(part, weights)
            for name, part in cell.groupby("model", sort=False)
        }
        found[BEST] = {m: found[better[setting, m]][m] for m in METRICS}
        others = [n for n in found if n == BEST or not n.endswith(" tower")]
        for other in others:
            for metric in METRICS:
                gap = found[OURS][metric] - found[other][metric]
                gaps.setdefault((other, metric), []).append(gap)
    rows = []
    for (other, metric), found in gaps.items():
        pooled = np.nanmean(found, axis=0)
        low, high = np.nanpercentile(pooled[1:], [2.5, 97.5])
        row = {"other": other, "metric": metric, "difference": pooled[0]}
        rows.append(row | {"low": low, "high": high})
    return pd.DataFrame(rows)


def _weighted_scores(part, weights):
    """Scores under each row of weights of the hospitals: dict of metric to array."""
    truth, p = part["truth"].to_numpy(), part["p"].to_numpy()
    p = np.clip(p, 1e-6, 1 - 1e-6)
    rows = weights[:, part["number"]]
    total = np.maximum(rows.sum(axis=1), 1)
    return {
        "roc_auc": weighted_auc(truth, p, rows),
        "neg_brier_score": -(rows @ (p - truth) ** 2) / total,
        "neg_log_loss": rows @ np.log(np.where(truth == 1, p, 1 - p)) / total,
    }


def weighted_auc(truth, score, weight):
    """AUC under each row of weights (n_draws, n_rows): scikit-learn's, all at once."""
    positive, negative = weight[:, truth == 1], weight[:, truth == 0]
    gap = score[truth == 1][:, None] - score[truth == 0]
    wins = (gap > 0) + (gap == 0) / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    won = ((positive @ wins) * negative).sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(weight), np.nan), where=pairs > 0)
