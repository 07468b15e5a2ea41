"""Flow charts: boxes of text with arrows between them."""

import textwrap
from dataclasses import dataclass
from typing import Any

from skmultimodal.inspection._style import INK, MUTED, pyplot
from skmultimodal.utils._optional import import_optional

__all__ = ["Chart"]

# Font size in points, and lengths in inches at that size.
FONT = 12
LINE = 1.35 * FONT / 72
COLUMN, SPACE, GAP, PAD, INDENT = 2.3, 0.16, 0.34, 0.09, 0.5
NARROW, CENTRE, WIDEST = 7.0, 3.4, 4.2
SIZES = (12, 11, 10, 9, 8, 7, 6, 5, 4)


@dataclass
class Box:
    """A box of wrapped lines, each a pair of its text and whether it is bold."""

    lines: list
    left: float
    top: float
    width: float

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 2 * PAD

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def centre(self) -> float:
        return self.left + self.width / 2


class Chart:
    """A flow chart from top to bottom.

    A text is a list of lines, each a pair of str and whether it is bold; a box without
    lines is left out.

    Parameters
    ----------
    n_columns : int
        Boxes side by side in the widest row.
    """

    def __init__(self, n_columns: int) -> None:
        self.width = max(NARROW, COLUMN * n_columns)
        self._rows: list[Any] = []

    def add_centre(self, text: list[tuple[str, bool]]) -> None:
        """Add a box in the middle, with arrows from all boxes above."""
        self._rows.append(("centre", [text]))

    def add_row(self, texts: Any) -> None:
        """Add boxes side by side, with arrows from those above."""
        self._rows.append(("row", texts))

    def add_below(self, asides: Any, texts: Any) -> None:
        """Add a box below each one above, and one beside each arrow between them."""
        self._rows += [("asides", asides), ("below", texts)]

    def add_side(self, text: list[tuple[str, bool]]) -> None:
        """Add a box beside the next arrow from or to the middle."""
        self._rows.append(("side", [text]))

    def best_size(self) -> tuple[float, float]:
        """Width and height of a figure in inches, its margins included."""
        _, height = self._place(self.width)
        return self.width + 0.1, height + 0.1

    def draw(self, ax: Any) -> None:
        """Draw with the largest text that fits."""
        ax.set_axis_off()
        width, height = _inches(ax)
        for size in SIZES:
            scale = FONT / size
            placed, needed = self._place(width * scale)
            if needed <= 1.02 * height * scale and width * scale > 0.95 * self.width:
                break
        ax.set(xlim=(0, width * scale), ylim=(max(needed, height * scale), 0))
        for kind, boxes in placed:
            for box in boxes:
                if box.lines:
                    _draw_box(ax, box, size, aside=kind in ("asides", "side"))
        _Arrows(ax, size).draw(placed)

    def _place(self, width: Any) -> tuple[Any, float]:
        """Rows of boxes in inches from the upper left corner, and their height."""
        placed, top = [], 0.02
        for kind, texts in self._rows:
            column = width / len(texts)
            size = {"centre": CENTRE, "side": width / 2 - 0.3}.get(kind, column)
            size = min(size, column - SPACE, WIDEST)
            boxes = []
            for number, text in enumerate(texts):
                left, own = (number + 0.5) * column - size / 2, size
                if kind == "side":
                    left = width / 2 + 0.25
                elif kind == "asides":
                    left, own = left + INDENT, size - INDENT
                boxes.append(Box(_wrap(text, own - 2 * PAD), left, top, own))
            placed.append((kind, boxes))
            if any(box.lines for box in boxes):
                top = max(box.bottom for box in boxes if box.lines) + GAP
        return placed, top - GAP + 0.02


class _Arrows:
    """Arrows between rows of boxes, and to the boxes beside them."""

    def __init__(self, ax: Any, size: Any) -> None:
        self.ax = ax
        self.size = size

    def draw(self, placed: Any) -> None:
        above: list[Box] = []
        beside: list[Any] = []
        for kind, boxes in placed:
            if kind in ("asides", "side"):
                beside = boxes
                continue
            if kind == "below":
                self._draw_each(above, beside, boxes)
            elif above:
                self._draw_bus(above, beside, boxes)
            above, beside = boxes, []

    def _draw_each(self, above: Any, beside: Any, below: Any) -> None:
        for start, aside, end in zip(above, beside, below, strict=True):
            x = start.left + INDENT / 2
            self._arrow((x, start.bottom), (x, end.top))
            self._branch(x, aside)

    def _draw_bus(self, above: Any, beside: Any, below: Any) -> None:
        """From one box to several, or back, along a horizontal line."""
        single = above if len(above) == 1 else below
        trunk = single[0].centre
        if len(above) == 1:
            bus = below[0].top - GAP / 2
        else:
            bus = max(box.bottom for box in above) + GAP / 2
        for box in above:
            self._line((box.centre, box.bottom), (box.centre, bus))
        ends = [box.centre for box in (*above, *below)]
        self._line((min(ends), bus), (max(ends), bus))
        for box in below:
            self._arrow((box.centre, bus), (box.centre, box.top))
        for aside in beside:
            self._branch(trunk, aside)

    def _branch(self, x: Any, aside: Any) -> None:
        if aside.lines:
            y = aside.top + aside.height / 2
            self._arrow((x, y), (aside.left, y))

    def _line(self, start: Any, end: Any) -> None:
        if start != end:
            self.ax.plot(
                *zip(start, end, strict=True), color=INK, linewidth=self.size / 10
            )

    def _arrow(self, start: Any, end: Any) -> None:
        style = {
            "arrowstyle": "-|>",
            "color": INK,
            "linewidth": self.size / 10,
            "shrinkA": 0,
            "shrinkB": 0,
            "mutation_scale": self.size,
        }
        self.ax.annotate("", end, start, arrowprops=style)


def _draw_box(ax: Any, box: Any, size: Any, *, aside: Any) -> None:
    ax.add_patch(
        pyplot().Rectangle(
            (box.left, box.top),
            box.width,
            box.height,
            facecolor="#F4F4F4" if aside else "white",
            edgecolor=MUTED if aside else INK,
            linestyle="--" if aside else "-",
            linewidth=size / 10,
        )
    )
    for number, (text, bold) in enumerate(box.lines):
        baseline = box.top + PAD + (number + 0.74) * LINE
        ax.text(
            box.left + PAD,
            baseline,
            text,
            fontsize=size,
            fontweight="bold" if bold else "normal",
            color=INK,
            va="baseline",
            parse_math=False,
        )


def _inches(ax: Any) -> tuple[float, float]:
    """Width and height of axes, after their layout."""
    figure = ax.figure
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(getattr(figure, "figure", None) or figure)
    extent = ax.get_window_extent()
    return extent.width / figure.dpi, extent.height / figure.dpi


def _wrap(text: list[tuple[str, bool]], width: Any) -> list[tuple[str, bool]]:
    lines = []
    for line, bold in text:
        n_characters = max(8, int(width * 72 / (0.45 * FONT)))
        while True:
            parts = textwrap.wrap(line, n_characters, subsequent_indent="  ")
            widest = max(_measure(part, bold) for part in parts)
            # Small letters are drawn a little wider than they are.
            if n_characters <= 8 or widest <= 0.96 * width:
                break
            n_characters -= 1
        lines += [(part, bold) for part in parts]
    return lines


def _measure(text: str, bold: bool) -> float:
    """Width of a line of text in inches."""
    fonts = import_optional("matplotlib.font_manager", "plot")
    paths = import_optional("matplotlib.textpath", "plot").text_to_path
    font = fonts.FontProperties(size=FONT, weight="bold" if bold else "normal")
    return paths.get_text_width_height_descent(text, font, False)[0] / 72
