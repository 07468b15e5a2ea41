"""Figures of a report: on light and dark pages, and as files."""

import base64
import re
from dataclasses import dataclass
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
from matplotlib.figure import Figure as Canvas

from skmultimodal.report._figures import Figure, draw, short, write_figures


def make():
    figure = Canvas(figsize=(2, 1.5))
    axes = figure.subplots()
    axes.plot([0, 1], [1, 0], color="#0072B2")
    axes.imshow(np.eye(3), cmap="gray", extent=(0, 1, 0, 1))
    axes.set_title("A $5 pill", color="#222222")
    return SimpleNamespace(figure_=figure)


def test_a_drawing_for_light_and_dark_pages():
    figure = draw(make)
    assert (figure.width, figure.height) == (192, 144)
    kind, code = figure.source.split(",")
    assert kind == "data:image/svg+xml;base64"
    shown = base64.b64decode(code).decode()
    light, dark = re.search(
        r"<style>svg\{(.*?)\}@media .*?svg\{(.*?)\}\}", shown
    ).groups()
    assert "--gff:#ffffff;" in light
    assert "--g22:#222222;" in light
    assert "fill:var(--g00)" in light
    assert "--gff:#16181b;" in dark  # the ground of page.css
    assert "--g00:#e8e9eb;" in dark
    assert "#0072b2" in shown
    assert not re.search(r": #(..)\1\1\b", shown)
    assert set(re.findall(r"var\((--g..)\)", shown)) <= set(re.findall("--g..", dark))
    ElementTree.fromstring(shown)


def test_the_file_has_plain_colours():
    svg = draw(make).svg
    assert "var(" not in svg
    assert "#222222" in svg
    ElementTree.fromstring(svg)


def test_the_same_figure_is_the_same_bytes():
    assert draw(make) == draw(make)


@dataclass
class Numbers:
    n: int
    figure: Figure
    rows: list
    other: Figure | None = None


def test_figures_are_written_in_their_order(tmp_path):
    one, two, three = (Figure("data:,", 3, 2, f"<svg>{i}</svg>") for i in range(3))
    numbers = {
        "patients": Numbers(1, one, [Numbers(2, two, []), "text"]),
        "performance": Numbers(3, three, []),
        "limits": SimpleNamespace(),
    }
    paths = write_figures(tmp_path / "figures", numbers)
    names = ["patients_1.svg", "patients_2.svg", "performance_1.svg"]
    assert [path.name for path in paths] == names
    assert [path.read_text() for path in paths] == [one.svg, two.svg, three.svg]
    assert write_figures(tmp_path / "figures", numbers) == paths


def test_a_long_name():
    assert short("a" * 28) == "a" * 28
    assert short("a" * 29) == "a" * 27 + "…"
