"""Style of all displays: axes, colours, lines, hatches.

The colours are those of Okabe & Ito (2008), from dark to light, distinct with any
colour vision; lines and hatches make them distinct in print as well.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from skmultimodal.utils._optional import import_optional

__all__ = [
    "COLOURS",
    "INK",
    "MUTED",
    "RC",
    "SIGNED",
    "in_style",
    "look",
    "make_axes",
    "pyplot",
]

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
LINES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
HATCHES = ["", "//", "..", "xx", "\\\\", "oo", "++"]
INK, MUTED = "#222222", "#767676"
# Against and for a class, in maps and signed bars: blue below 0, red above.
SIGNED = "RdBu_r"

LOOK = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    # No frame, but a background, so that a legend over the drawing stays readable.
    "legend.edgecolor": "none",
}
# 12 points are readable when a picture of 6.4 inches is shown at half its width.
RC = {**LOOK, "font.size": 12, "axes.titlesize": 13}


def pyplot() -> Any:
    """``matplotlib.pyplot``, or an ImportError that names the extra."""
    return import_optional("matplotlib.pyplot", "plot")


def in_style(plot: Any) -> Callable[..., Any]:
    """Decorate the method `plot` of a display to draw in the style of this library.

    The settings hold for the whole call: Matplotlib sets the size of a text, also of
    legends and colour bars, when it is made. On given axes, text is as large as their
    labels.
    """

    @wraps(plot)
    def draw(self: Any, ax: Any = None, **options: Any) -> Any:
        with pyplot().rc_context(_settings_of(ax)):
            return plot(self, ax, **options)

    return draw


def _settings_of(ax: Any) -> dict[str, Any]:
    if ax is None or not np.size(ax):
        return RC
    first = np.asarray(ax, dtype=object).ravel()[0]
    return {**LOOK, "font.size": first.xaxis.label.get_fontsize()}


def make_axes(
    ax: Any = None,
    *,
    figsize: tuple[float, float] = (6.4, 4.8),
    shape: Any = (1, 1),
    **options: Any,
) -> tuple[Any, Any]:
    """The axes to draw on, and their figure.

    Parameters
    ----------
    ax : matplotlib Axes, array of Axes or None, default=None
        None makes a figure.
    figsize : (float, float)
        Width and height of a new figure in inches.
    shape : (int, int)
        Rows and columns of axes.
    **options : dict
        Passed to ``plt.subplots``.

    Returns
    -------
    ax : Axes, or ndarray of Axes of the given shape if that is not (1, 1)
    figure : Figure
    """
    if ax is None:
        figure, ax = pyplot().subplots(
            *shape, figsize=figsize, layout="constrained", **options
        )
        return ax, figure
    axes = np.asarray(ax, dtype=object)
    if shape != (1, 1) and axes.size != shape[0] * shape[1]:
        raise ValueError(
            f"ax must be {shape[0] * shape[1]} axes for this display, got {axes.size}."
        )
    if shape != (1, 1):
        ax = axes.reshape(shape)
    return ax, axes.ravel()[0].figure


def look(number: Any) -> dict[str, Any]:
    """Colour, line style, marker and hatch of item `number` of a comparison.

    There are 49 different ones, by colour with line, marker or hatch, and in black and
    white by line with marker: in each round of colours the lines are shifted by one,
    the markers by two.
    """
    turn, place = divmod(number, len(COLOURS))
    kinds: dict[str, tuple[Any, int]] = {
        "linestyle": (LINES, 1),
        "marker": (MARKERS, 2),
        "hatch": (HATCHES, 1),
    }
    return {"color": COLOURS[place]} | {
        name: values[(place + step * turn) % len(values)]
        for name, (values, step) in kinds.items()
    }
