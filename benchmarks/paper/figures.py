"""Figures 2 and 3 of the paper."""

import matplotlib as mpl
import numpy as np
from sklearn.utils import Bunch

from benchmarks.demo import draw_roc
from benchmarks.paper.scores import find_classes, patient_table

# Dark to light, so that they differ in grey as well; the hatches help in print.
BARS = {
    "gene only": ("#332288", ""),
    "image only": ("#44AA99", "//"),
    "twin tower": ("#F2E08C", ".."),
}
NAMES = {"twin tower": "multimodal"}
METRICS = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "roc_auc": "AUC",
}


def draw_figure_2(results, scheme, names, title, path):
    """ROC curves of the patients' mean out-of-fold probabilities."""
    positive = find_classes(scheme.y)[1]
    names = [n for n in names if (scheme.name, n) in results]
    # draw_roc knows the positive class by the name of its column.
    comparison = Bunch(predictions=patient_table(results, scheme, names))
    draw_roc(comparison, positive, title, path)


def draw_figure_3(summary, title, path):
    """Bars of one modality and of both, with their intervals."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = summary.set_index(["model", "metric"])
    shown = [name for name in BARS if name in found.index.get_level_values(0)]
    if not shown:
        return
    figure, ax = plt.subplots(figsize=(7.2, 4.0), layout="constrained")
    place, width = np.arange(len(METRICS)), 0.8 / len(shown)
    for number, name in enumerate(shown):
        values = found.loc[name].loc[list(METRICS)]
        colour, hatch = BARS[name]
        reach = [values["mean"] - values["low"], values["high"] - values["mean"]]
        ax.bar(
            place + (number - (len(shown) - 1) / 2) * width,
            values["mean"],
            width,
            yerr=np.nan_to_num(reach),
            label=NAMES.get(name, name),
            color=colour,
            hatch=hatch,
            edgecolor="black",
            linewidth=0.6,
            error_kw={"elinewidth": 1, "capsize": 3, "ecolor": "0.35"},
        )
    ax.set(ylim=(0, 1.02), ylabel="Mean of the folds, 95 % interval", title=title)
    ax.set_xticks(place, METRICS.values())
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.06), ncols=3, frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
