"""Figures 2 and 3 of the paper."""

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.paper.scores import cross_validated, find_classes
from skmultimodal.inspection import MetricIntervalsDisplay, RocBandsDisplay

# As in the paper: its model is the multimodal one of the ablation.
BARS = {
    "gene only": "gene only",
    "image only": "image only",
    "twin tower": "multimodal",
}
METRICS = ["accuracy", "precision", "recall", "f1", "roc_auc"]
LEVEL = 0.95


def draw_figure_2(results, scheme, names, title, path):
    """Mean ROC curves over the folds; a band of the twin tower."""
    mpl.use("Agg")
    names = [n for n in names if (scheme.name, n) in results]
    tested = {name: cross_validated(results, scheme, name) for name in names}
    y_true, _, folds = tested[names[0]]
    display = RocBandsDisplay.from_predictions(
        y_true,
        {name: proba for name, (_, proba, _) in tested.items()},
        folds,
        positive=find_classes(scheme.y)[-1],
        test_to_train=1 / (scheme.n_splits - 1),
        confidence_level=LEVEL,
        bands=[name for name in names if name == "twin tower"],
    )
    _save(display, title, path)


def draw_figure_3(summary, title, path):
    """Bars of one modality and of both, with their intervals."""
    mpl.use("Agg")
    shown = [name for name in BARS if name in set(summary["model"])]
    if not shown:
        return
    wide = summary.pivot(index="model", columns="metric")
    display = MetricIntervalsDisplay(
        models=[BARS[name] for name in shown],
        metrics=METRICS,
        **{end: wide[end].loc[shown, METRICS] for end in ("mean", "low", "high")},
        confidence_level=LEVEL,
    )
    _save(display.plot(), title, path)


def _save(display, title, path):
    display.ax_.set_title(title)
    display.figure_.savefig(path, dpi=150)
    plt.close(display.figure_)
