"""Displays as pictures inside a page."""

import base64
import warnings
from dataclasses import dataclass
from io import BytesIO

from skmultimodal.utils._optional import import_optional

__all__ = ["Figure", "draw", "short"]

# Names of patients are no mathematics; the same report is the same bytes.
SETTINGS = {
    # As in the displays: ticks are placed, and their labels made, while one is drawn.
    "font.size": 12,
    "axes.titlesize": 13,
    "text.parse_math": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "skmultimodal",
    "savefig.facecolor": "white",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}
POINTS = {"png": 160, "svg": 72}
CSS_PIXELS = 96


@dataclass(frozen=True)
class Figure:
    """A picture as a data URI, and its size in CSS pixels."""

    source: str
    width: int
    height: int


def draw(make, format="svg"):
    """Draw a display into a data URI.

    Parameters
    ----------
    make : callable
        Returns a display, which has ``figure_``, on a figure of its own.
    format : {"svg", "png"}, default="svg"
        Lines are crisp and small as SVG, pictures as PNG.

    Returns
    -------
    figure : Figure
    """
    plt = import_optional("matplotlib.pyplot", "report")
    # No window is to open: figures are drawn without pyplot's backend being asked.
    with plt.rc_context(SETTINGS), warnings.catch_warnings():
        # Names in scripts that the font lacks are shown as boxes; alt has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = make().figure_
        try:
            width, height = (round(CSS_PIXELS * s) for s in figure.get_size_inches())
            content = BytesIO()
            metadata = {"Date": None} if format == "svg" else None
            figure.savefig(
                content, format=format, dpi=POINTS[format], metadata=metadata
            )
        finally:
            plt.close(figure)
    code = base64.b64encode(content.getvalue()).decode("ascii")
    kind = "svg+xml" if format == "svg" else format
    return Figure(f"data:image/{kind};base64,{code}", width, height)


def short(name, most=28):
    """A name that leaves room for the picture; the whole one is in the alt text."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
