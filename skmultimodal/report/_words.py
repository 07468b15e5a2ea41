"""Numbers in words."""

import numpy as np

from skmultimodal.inspection._comparison_parts import interval_name, metric_name

__all__ = [
    "among",
    "count",
    "interval",
    "joined",
    "number",
    "p_value",
    "said_metric",
    "score",
    "signed",
]


def number(value, digits=2):
    """A number of so many digits; a dash for NaN."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.{digits}f}".replace("-", "−")
    return text.lstrip("−") if not text.strip("−0.") else text


def signed(value, digits=2):
    text = number(value, digits)
    return text if text.startswith(("−", "–")) else f"+{text}"


def interval(low, high, digits=2):
    """ "[0.71, 0.93]", "[–]" of no width, or nothing where the ends are unknown."""
    if np.isnan(low) or np.isnan(high):
        return ""
    if low == high:
        return "[–]"
    return f"[{number(low, digits)}, {number(high, digits)}]"


def score(row):
    """ "0.84 [0.71, 0.93]" of what has a mean, low and high."""
    return f"{number(row['mean'])} {interval(row['low'], row['high'])}".strip()


def said_metric(metric, level=None):
    """Name of a metric within a sentence, with the level of its interval."""
    name = metric_name(metric)
    if name[1:2].islower():
        name = name[0].lower() + name[1:]
    return name if level is None else f"{name} [{interval_name(level)}]"


def p_value(p):
    if np.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(n, singular, plural=None):
    """ "1 patient", "2 patients"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def joined(words, last="and"):
    """ "a, b and c"."""
    words = [str(word) for word in words]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def among(words, limit=6):
    """The first of many, and how many more there are."""
    words = list(words)
    more = len(words) - limit
    if more < 2:
        return joined(words)
    return f"{', '.join(map(str, words[:limit]))} and {more} more"
