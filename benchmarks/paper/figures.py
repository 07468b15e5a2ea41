"""Figures 2 and 3 of the paper."""

import matplotlib as mpl
import matplotlib.pyplot as plt
from sklearn.utils import Bunch

from benchmarks.paper.scores import find_classes, patient_table
from skmultimodal.inspection import MetricIntervalsDisplay, RocBandsDisplay

# As in the paper: its model is the multimodal one of the ablation.
BARS = {
    "gene only": "gene only",
    "image only": "image only",
    "twin tower": "multimodal",
}
METRICS = ["accuracy", "precision", "recall", "f1", "roc_auc"]
LEVEL = 0.95


def draw_figure_2(results, scheme, summary, names, title, path):
    """Mean ROC curves over the folds; a band of the twin tower."""
    mpl.use("Agg")
    names = [n for n in names if (scheme.name, n) in results]
    classes = find_classes(scheme.y)
    comparison = Bunch(
        predictions=patient_table(results, scheme, names),
        classes=classes,
        positive=classes[-1],
        summary=summary,
        confidence_level=LEVEL,
    )
    bands = [n for n in names if n == "twin tower"]
    _save(RocBandsDisplay.from_comparison(comparison, bands=bands), title, path)


def draw_figure_3(summary, title, path):
    """Bars of one modality and of both, with their intervals."""
    mpl.use("Agg")
    shown = [name for name in BARS if name in set(summary["model"])]
    if not shown:
        return
    named = summary[summary["model"].isin(shown)].replace({"model": BARS})
    display = MetricIntervalsDisplay.from_comparison(
        Bunch(summary=named, confidence_level=LEVEL),
        metrics=METRICS,
        models=[BARS[name] for name in shown],
    )
    _save(display, title, path)


def _save(display, title, path):
    display.ax_.set_title(title)
    display.figure_.savefig(path, dpi=150)
    plt.close(display.figure_)
