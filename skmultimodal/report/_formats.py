"""Numbers as text, for the filters of the templates."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skmultimodal.utils._metrics import metric_name

__all__ = ["FILTERS", "channel_name", "markdown", "number", "score"]

# Marks of Markdown anywhere, and those that are some at the start of a line only.
MARKS = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
STARTS = re.compile(r"^(\d*)([-+=.)]|#+)(?=\s|$)")
PLAIN = re.compile(r"[\w .:+/-]+")


def number(value: float | None, digits: int = 2) -> str:
    """A number of so many digits; a dash for NaN."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.{digits}f}".replace("-", "−").replace("inf", "∞")
    return text.lstrip("−") if not text.strip("−0.") else text


def channel_name(
    channels: Mapping[str, Sequence[str]], modality: str, number: int
) -> str | int:
    """Name of a channel, or its number where it has none."""
    names = channels.get(modality, [])
    return str(names[number]) if number < len(names) else number


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign."""
    text = number(value, digits)
    return text if text.startswith(("−", "–")) else f"+{text}"


def interval(row: Any, digits: int = 2) -> str:
    """ "[0.71, 0.93]", "[–]" of no width, or nothing where the ends are unknown."""
    if np.isnan(row.low) or np.isnan(row.high):
        return ""
    if row.low == row.high:
        return "[–]"
    return f"[{number(row.low, digits)}, {number(row.high, digits)}]"


def score(row: Any) -> str:
    """ "0.84 [0.71, 0.93]" of what has a mean, low and high.

    "not defined" of None, such as a precision of a model that predicts nobody.
    """
    if row is None:
        return "not defined"
    return f"{number(row.mean)} {interval(row)}".strip()


def signed_score(row: Any, digits: int = 2) -> str:
    """ "+0.04 [−0.02, 0.10]"."""
    return f"{signed(row.mean, digits)} {interval(row, digits)}".strip()


def p_value(p: float) -> str:
    """ "0.012" or "< 0.001"."""
    if np.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def percent(share: float, digits: int = 0) -> str:
    """ "84%"."""
    return f"{share:.{digits}%}"


def thousands(n: float) -> str:
    """ "1,234"."""
    return f"{n:,}"


def mean_count(n: float) -> str:
    """A mean of counts: "3" or "3.5"."""
    return f"{n:,.1f}".removesuffix(".0")


def metric(name: str) -> str:
    """Name of a metric within a sentence."""
    text = metric_name(name)
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def prose(text: Any) -> str:
    """Text of the author for Markdown: its marks are meant, HTML is not."""
    return html.escape(str(text), quote=False)


def markdown(text: Any) -> str:
    """A name for Markdown, in one line, as it is: none of its letters is a mark."""
    text = " ".join(html.escape(str(text), quote=False).split())
    return STARTS.sub(r"\1\\\2", MARKS.sub(r"\\\g<0>", text))


def code(text: Any) -> str:
    """A name as code, or, where that would end early, as text."""
    return f"`{text}`" if PLAIN.fullmatch(str(text)) else markdown(text)


FILTERS = {
    "code": code,
    "markdown": markdown,
    "prose": prose,
    "interval": interval,
    "mean_count": mean_count,
    "metric": metric,
    "number": number,
    "p_value": p_value,
    "percent": percent,
    "score": score,
    "signed": signed,
    "signed_score": signed_score,
    "thousands": thousands,
}
