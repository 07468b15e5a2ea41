"""Comparisons of cheap models, and what their pictures say."""

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from skmultimodal.model_selection import PairedStratifiedKFold, compare_classifiers

MODELS = {
    "nobody": DummyClassifier(),
    "strong": LogisticRegression(),
    "weak": LogisticRegression(C=1e-4),
    "tiny": LogisticRegression(C=1e-6),
}
METRICS = ["accuracy", "roc_auc", "neg_brier_score"]


def make_rows(n_classes=2, n_rows=61):
    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % n_classes
    X = rng.normal(size=(n_rows, 7))
    X[:, 0] += 1.3 * y
    return X, y


def compare(models=MODELS, n_classes=2, scoring=METRICS, **options):
    cv = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
    X, y = make_rows(n_classes)
    return compare_classifiers(models, X, y, cv=cv, scoring=scoring, **options)


def texts(display):
    legend = (display.figure_.legends or [display.ax_.get_legend()])[0]
    return [text.get_text() for text in legend.get_texts()]


def legend_title(display):
    return display.figure_.legends[0].get_title().get_text()
