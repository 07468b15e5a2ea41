"""What the displays of a comparison share: what they draw, and how it is named."""

import textwrap

import numpy as np
import pandas as pd

from skmultimodal.inspection._style import INK, MUTED
from skmultimodal.utils._labels import find_positive
from skmultimodal.utils._metrics import metric_name

__all__ = [
    "add_legend",
    "bounded",
    "check_comparison",
    "draw_dot",
    "draw_whiskers",
    "interval_name",
    "mark_undefined",
    "mean_and_reach",
    "metric_name",
    "name_rows",
    "names_width",
    "oriented",
    "p_label",
    "pair_label",
    "pick",
    "positive_of",
    "refuse_unknown",
    "wrapped",
]

LONG_PAIR = 32


def check_comparison(comparison, *needed):
    """Refuse what `compare_classifiers` did not return."""
    for name in needed:
        if not hasattr(comparison, name):
            raise TypeError(
                "comparison must be what compare_classifiers returns: "
                f"{type(comparison).__name__} has no {name!r}."
            )


def positive_of(comparison, positive):
    """The class of a comparison that is `positive`; None is the comparison's."""
    if positive is None:
        positive = comparison.positive
    place = find_positive(comparison.classes, positive, of="the comparison")
    return np.asarray(comparison.classes).tolist()[place]


def refuse_unknown(chosen, known, what):
    """Raise a ValueError that names what is chosen and not known."""
    for name in chosen:
        if name not in known:
            raise ValueError(
                f"{what}: {name!r} is not in the comparison, which has "
                f"{', '.join(map(str, known))}."
            )


def pick(column, chosen, what):
    """The chosen of the names in a column, or all, in order: list."""
    known = list(dict.fromkeys(column))
    if chosen is None:
        return known
    if isinstance(chosen, str):
        raise TypeError(f"{what} must be a list of names, got {chosen!r}.")
    chosen = list(dict.fromkeys(chosen))
    if not chosen:
        raise ValueError(f"{what} is empty: name at least one.")
    refuse_unknown(chosen, known, what)
    return chosen


def wrapped(metric):
    """The name of a metric on short lines."""
    return textwrap.fill(metric_name(metric), 11, break_long_words=False)


def interval_name(level):
    """ "95 % interval", or "interval" where the level is unknown."""
    return "interval" if level is None else f"{100 * level:.3g} % interval"


def add_legend(ax, own, *, title=None, ncols=1):
    """A legend below the axes of a figure that is ours, else where there is room."""
    options = {"frameon": False, "title": title, "alignment": "left"}
    if own:
        ax.figure.legend(loc="outside lower center", ncols=ncols, **options)
    else:
        ax.legend(**options)


def mean_and_reach(mean, low, high):
    """Means, and how far the intervals reach below and above: NaN where unknown."""
    mean, low, high = (np.asarray(part, dtype=float) for part in (mean, low, high))
    # Rounding may put the end of an interval of no length on the wrong side.
    return mean, np.maximum([mean - low, high - mean], 0)


def bounded(mean, reach):
    """Whether scores and intervals lie between 0 and 1; undefined ones do not count."""
    ends = np.stack([mean, mean - reach[0], mean + reach[1]])
    return not np.any((ends < 0) | (ends > 1))


def draw_whiskers(ax, x, y, **reach):
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


def mark_undefined(ax, x, y, **options):
    ax.text(x, y, "undefined", color=MUTED, **options)


def draw_dot(ax, row, value, reach, style):
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


def names_width(names):
    """Room that names of several lines take, in inches."""
    return 0.1 * max(len(line) for name in names for line in name.split("\n"))


def name_rows(ax, names):
    """Rows from top to bottom."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


def oriented(differences, metric, models, reference):
    """Pairs of `models`, the earlier one first; with a reference, it is subtracted."""
    place = {name: number for number, name in enumerate(models)}
    if reference is not None:
        place[reference] = len(place)  # last, so that every other model comes first
    rows = []
    if not len(differences):
        raise ValueError("the comparison is of one model: it has no differences.")
    for row in differences[differences["metric"] == metric].to_dict("records"):
        a, b = row["model_a"], row["model_b"]
        if a in place and b in place and reference in (None, a, b):
            rows.append(row if place[a] < place[b] else _turned(row))
    if not rows:
        raise ValueError(f"no two models to compare: models are {models}.")
    return pd.DataFrame(
        sorted(rows, key=lambda row: (place[row["model_a"]], place[row["model_b"]]))
    )


def _turned(row):
    return row | {
        "model_a": row["model_b"],
        "model_b": row["model_a"],
        "difference": -row["difference"],
        "low": -row["high"],
        "high": -row["low"],
    }


def pair_label(a, b):
    """Two models as a row; long names are on two lines."""
    return f"{a} −{chr(10) if len(a) + len(b) > LONG_PAIR else ' '}{b}"


def p_label(p):
    """A p value; a dash where there is none."""
    if np.isnan(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"
