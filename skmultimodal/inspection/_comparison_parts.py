"""What the displays of a comparison share: what they draw, and how it is named."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.inspection._style import INK, MUTED
from skmultimodal.model_selection import Comparison, OutcomeComparison
from skmultimodal.utils._metrics import metric_name

__all__ = [
    "add_legend",
    "bounded",
    "check_comparison",
    "draw_dot",
    "draw_whiskers",
    "folds_name",
    "interval_name",
    "label_of",
    "mark_undefined",
    "mean_and_reach",
    "metric_name",
    "name_rows",
    "names_width",
    "p_in_words",
    "p_label",
    "pair_label",
    "times_of",
    "wrapped",
]

LONG_PAIR = 32


def check_comparison(comparison: Any, *, outcomes: Any = False) -> None:
    """Refuse what is no `Comparison`, nor an `OutcomeComparison` if that will do."""
    kinds = (Comparison, OutcomeComparison) if outcomes else Comparison
    if not isinstance(comparison, kinds):
        raise TypeError(
            "comparison must be a Comparison, which compare_classifiers returns, got "
            f"{type(comparison).__name__}."
        )


def label_of(metric: Any) -> str:
    """The name of a metric at the side of axes."""
    name = metric_name(metric)
    return name[:1].upper() + name[1:]


def folds_name(summary: Any) -> str:
    """ "Mean of 30 folds", or "One fold"."""
    n_folds = summary["n_folds"].max()
    return f"Mean of {n_folds} folds" if n_folds > 1 else "One fold"


def wrapped(metric: Any) -> str:
    """The name of a metric on short lines."""
    return textwrap.fill(metric_name(metric), 11, break_long_words=False)


def interval_name(level: float | None) -> str:
    """ "95 % interval", or "interval" where the level is unknown."""
    return "interval" if level is None else f"{100 * level:.3g} % interval"


def add_legend(ax: Any, own: Any, *, title: str | None = None, ncols: int = 1) -> None:
    """A legend below the axes of a figure that is ours, else where there is room."""
    options = {"frameon": False, "title": title, "alignment": "left"}
    if own:
        ax.figure.legend(loc="outside lower center", ncols=ncols, **options)
    else:
        ax.legend(**options)


def mean_and_reach(mean: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Means, and how far the intervals reach below and above: NaN where unknown."""
    mean, low, high = (np.asarray(part, dtype=float) for part in (mean, low, high))
    # Rounding may put the end of an interval of no length on the wrong side.
    return mean, np.maximum([mean - low, high - mean], 0)


def bounded(mean: Any, reach: Any) -> bool:
    """Whether scores and intervals lie between 0 and 1; undefined ones do not count."""
    ends = np.stack([mean, mean - reach[0], mean + reach[1]])
    return not np.any((ends < 0) | (ends > 1))


def draw_whiskers(ax: Any, x: Any, y: Any, **reach: Any) -> None:
    """Intervals that are seen on dark and on light ground; NaN ends draw none."""
    for colour, width, cap in (("white", 3.5, 4.5), (INK, 1.3, 3.5)):
        ax.errorbar(
            x,
            y,
            **reach,
            fmt="none",
            ecolor=colour,
            elinewidth=width,
            capsize=cap,
            capthick=width,
        )


def mark_undefined(ax: Any, x: Any, y: Any, **options: Any) -> None:
    ax.text(x, y, "undefined", color=MUTED, **options)


def draw_dot(ax: Any, row: Any, value: Any, reach: Any, style: Any) -> None:
    """A mean and its interval in a row."""
    if np.isnan(value):
        middle = {"transform": ax.get_yaxis_transform(), "va": "center"}
        mark_undefined(ax, 0.5, row, ha="center", **middle)
        return
    ax.errorbar(
        value,
        row,
        xerr=reach[:, None],
        color=style["color"],
        marker=style["marker"],
        markersize=7,
        elinewidth=2,
        capsize=4,
        capthick=2,
    )


def names_width(names: Any) -> float:
    """Room that names of several lines take, in inches."""
    return 0.1 * max(len(line) for name in names for line in name.split("\n"))


def name_rows(ax: Any, names: Any) -> None:
    """Rows from top to bottom."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


def pair_label(a: Any, b: Any) -> str:
    """Two models as a row; long names are on two lines."""
    return f"{a} −{chr(10) if len(a) + len(b) > LONG_PAIR else ' '}{b}"


def times_of(comparison: Any, model: Any) -> pd.DataFrame:
    """Out-of-fold predictions of a model of times to an event: DataFrame."""
    table = comparison.predictions(models=[model])
    if "event" not in table:
        raise ValueError("this comparison is not of times to an event.")
    return table


def p_in_words(p: Any) -> str:
    """A p value in a title."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}"


def p_label(p: Any) -> str:
    """A p value; a dash where there is none."""
    if np.isnan(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"
