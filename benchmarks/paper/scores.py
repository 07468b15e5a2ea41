"""Scores of the cells: means, intervals, tests."""

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    recall_score,
    roc_auc_score,
)

from benchmarks.paper.cells import HOLD_OUT
from benchmarks.paper.models import is_ranked
from skmultimodal.model_selection import (
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
    wilson_interval,
)
from skmultimodal.utils._labels import encode_labels, find_positive

RANKED_BY = "roc_auc"


def fold_scores(cell, classes):
    """Every metric of one fold; `classes` are the negative and the positive one."""
    positive = classes[1]
    y = np.array(cell["y_true"]) == positive
    predicted = np.array(cell["y_pred"]) == positive
    p = probabilities(cell, classes)
    binary = precision_recall_fscore_support(
        y, predicted, average="binary", zero_division=0
    )
    weighted = precision_recall_fscore_support(
        y, predicted, average="weighted", zero_division=0
    )
    names = ("precision", "recall", "f1")
    return {
        "accuracy": accuracy_score(y, predicted),
        **dict(zip(names, binary[:3], strict=True)),
        "specificity": recall_score(~y, ~predicted, zero_division=0),
        **{f"{n}_weighted": v for n, v in zip(names, weighted[:3], strict=True)},
        "balanced_accuracy": balanced_accuracy_score(y, predicted),
        "mcc": matthews_corrcoef(y, predicted),
        "roc_auc": roc_auc_score(y, p),
        "brier": brier_score_loss(y, p),
    }


def score_table(results, scheme, names):
    """One row a model, fold and metric: DataFrame."""
    classes = find_classes(scheme.y)
    rows = [
        (name, fold.repeat, fold.fold, metric, value)
        for name in names
        for fold, cell in results.get((scheme.name, name), [])
        for metric, value in fold_scores(cell, classes).items()
    ]
    return pd.DataFrame(rows, columns=["model", "repeat", "fold", "metric", "score"])


def summarise(scores, scheme):
    """Mean of the folds and its interval, a row a model and metric."""
    ratio = 1 / (scheme.n_splits - 1)
    rows = []
    folds = scores[scores["repeat"] != HOLD_OUT]
    for (model, metric), part in folds.groupby(["model", "metric"], sort=False):
        values = part["score"].to_numpy()
        bounded = metric != "mcc"
        low, high = corrected_t_interval(values, ratio, bounded=bounded)
        rows.append((model, metric, values.mean(), low, high, len(values)))
    columns = ["model", "metric", "mean", "low", "high", "n_folds"]
    return pd.DataFrame(rows, columns=columns)


def compare(scores, scheme, reference):
    """Corrected tests of each ranked model against `reference`, adjusted by Holm."""
    ratio = 1 / (scheme.n_splits - 1)
    folds = scores[scores["repeat"] != HOLD_OUT]
    tables = []
    for metric in ("roc_auc", "accuracy", "brier"):
        wide = folds[folds["metric"] == metric].pivot_table(
            index=["repeat", "fold"], columns="model", values="score", sort=False
        )
        others = [n for n in wide if n != reference and is_ranked(n)]
        if reference not in wide or not others:
            continue
        rows = []
        for name in others:
            difference = (wide[name] - wide[reference]).to_numpy()
            test = corrected_t_test(difference, ratio)
            low, high = corrected_t_interval(difference, ratio)
            rows.append((metric, name, reference, test.mean, low, high, test.pvalue))
        columns = ["metric", "model", "reference", "difference", "low", "high", "p"]
        table = pd.DataFrame(rows, columns=columns)
        tables.append(table.assign(p_holm=holm_adjust(table["p"])))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def hold_out(results, scheme, names):
    """Correct patients of the single hold-out, with Wilson's interval: by model."""
    found = {}
    for name in names:
        for fold, cell in results.get((scheme.name, name), []):
            if fold.repeat == HOLD_OUT:
                pairs = cell["y_true"], cell["y_pred"]
                hits = [a == b for a, b in zip(*pairs, strict=True)]
                found[name] = (
                    sum(hits),
                    len(hits),
                    *wilson_interval(sum(hits), len(hits)),
                )
    return found


def rank(summary):
    """Place of each ranked model by AUC, the best first: dict."""
    auc = summary[summary["metric"] == RANKED_BY].set_index("model")["mean"]
    auc = auc[[name for name in auc.index if is_ranked(name)]]
    return auc.rank(ascending=False, method="min").astype(int).to_dict()


def find_classes(y):
    """The classes, the positive one last."""
    classes, _ = encode_labels(y, allow_unlabelled=True)
    classes = classes.tolist()
    positive = classes.pop(find_positive(classes))
    return [*classes, positive]


def probabilities(cell, classes):
    """Of the positive class: columns are in sort order."""
    return np.array(cell["proba"])[:, sorted(classes).index(classes[-1])]


def cross_validated(results, scheme, name):
    """Labels of the rows tested by cross-validation, their probabilities and folds."""
    classes = find_classes(scheme.y)
    cells = [
        (f"{fold.fold} of repeat {fold.repeat}", cell)
        for fold, cell in results[scheme.name, name]
        if fold.repeat != HOLD_OUT
    ]
    y_true = np.concatenate([cell["y_true"] for _, cell in cells])
    proba = np.concatenate([probabilities(cell, classes) for _, cell in cells])
    folds = np.repeat([fold for fold, _ in cells], [len(c["test"]) for _, c in cells])
    return y_true, proba, folds
