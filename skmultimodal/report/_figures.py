"""Displays as pictures inside a page, and as files beside it."""

import base64
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from skmultimodal.utils._files import whole_file
from skmultimodal.utils._optional import import_optional

__all__ = ["Figure", "draw", "short", "write_figures"]

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
DOTS_PER_INCH = 160  # of images within a picture; lines have none
CSS_PIXELS = 96
# A colour without a hue in a style: black and white change places on a dark ground.
GREY = re.compile(r"(?<=: )#([0-9a-f]{2})\1\1(?![0-9a-f])")
LIGHT = (0, 255), (0, 255), (0, 255)
DARK = (0xE8, 0x16), (0xE9, 0x18), (0xEB, 0x1B)  # ink and ground of page.css


@dataclass(frozen=True)
class Figure:
    """A picture as a data URI, its size in CSS pixels, and itself as SVG."""

    source: str
    width: int
    height: int
    svg: str = ""


def draw(make: Callable[[], Any]) -> Figure:
    """Draw a display.

    Parameters
    ----------
    make : callable
        Returns a display, which has ``figure_``, on a figure of its own.

    Returns
    -------
    figure : Figure
        ``source`` has light ink where the page is dark; ``svg``, for files, has not.
    """
    plt = import_optional("matplotlib.pyplot", "report")
    # No window is to open: figures are drawn without pyplot's backend being asked.
    with plt.rc_context(SETTINGS), warnings.catch_warnings():
        # Names in scripts that the font lacks are shown as boxes; alt has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = make().figure_
        try:
            width, height = (round(CSS_PIXELS * s) for s in figure.get_size_inches())
            content = StringIO()
            figure.savefig(
                content, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None}
            )
        finally:
            plt.close(figure)
    svg = content.getvalue()
    code = base64.b64encode(_for_both_grounds(svg).encode()).decode("ascii")
    return Figure(f"data:image/svg+xml;base64,{code}", width, height, svg)


def _for_both_grounds(svg: str) -> str:
    """A drawing whose greys are those of the page that it is shown on."""
    greys = sorted({"00", *GREY.findall(svg)})
    by_ground = [
        "".join(f"--g{grey}:{_shade(int(grey, 16), ends)};" for grey in greys)
        for ends in (LIGHT, DARK)
    ]
    # Matplotlib writes no fill where it is black.
    style = (
        f"<style>svg{{{by_ground[0]}fill:var(--g00)}}"
        f"@media (prefers-color-scheme:dark){{svg{{{by_ground[1]}}}}}</style>"
    )
    head, tag, rest = svg.partition("<svg ")
    attributes, end, rest = rest.partition(">")
    return head + tag + attributes + end + style + GREY.sub(r"var(--g\1)", rest)


def _shade(grey: int, ends: Sequence[tuple[int, int]]) -> str:
    """A grey of 0 to 255 between the colours that black and white become."""
    parts = (round(dark + (light - dark) * grey / 255) for dark, light in ends)
    return "#" + "".join(f"{part:02x}" for part in parts)


def write_figures(folder: str | Path, numbers: Mapping[str, Any]) -> list[Path]:
    """Write the figures of a report.

    Parameters
    ----------
    folder : Path
        Made if it is absent.
    numbers : dict of str to dataclass
        Of the sections, by name.

    Returns
    -------
    paths : list of Path
        ``<section>_<number>.svg``, in the order of the page.
    """
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    paths = []
    for name, section in numbers.items():
        for number, figure in enumerate(_figures_in(section), 1):
            paths.append(folder / f"{name}_{number}.svg")
            with whole_file(paths[-1]) as part:
                part.write_text(figure.svg, encoding="utf-8")
    return paths


def _figures_in(value: Any) -> Iterator[Figure]:
    """Yield the figures in numbers of a section."""
    if isinstance(value, Figure):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _figures_in(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _figures_in(part)


def short(name: str, most: int = 28) -> str:
    """A name that leaves room for the picture; the whole one is in the alt text."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
