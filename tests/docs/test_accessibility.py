"""Readers of screens find their way on the built pages; without them, this is skipped.

What a browser computes, such as contrast, axe-core was asked by hand.
"""

import json
import re

import pytest
from accessible import problems
from built_site import DOCS, SITE, find_site

import skmultimodal


@pytest.fixture(scope="module")
def pages():
    """Source of the built pages, by name."""
    site = find_site()
    # Those of Sphinx itself hold no text of ours.
    paths = [p for p in site.rglob("*.html") if p.parent.name != "_static"]
    return {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.name not in ("search.html", "genindex.html", "py-modindex.html")
    }


def test_pages(pages):
    assert len(pages) > 50
    found = {name: problems(page) for name, page in pages.items()}
    assert {name: some for name, some in found.items() if some} == {}


def test_no_figure_is_called_after_its_script(pages):
    texts = {
        (name, text)
        for name, page in pages.items()
        for text in re.findall(r'<img[^>]*alt="([^"]*)"[^>]*sphx-glr-', page)
    }
    assert [pair for pair in texts if re.match(r"plot \d\d |$", pair[1])] == []


def test_each_script_can_be_had_as_a_notebook(pages):
    scripts = [name for name in pages if name.startswith("auto_gallery/plot_")]
    for name in scripts:
        (link,) = set(re.findall(r'href="([^"]*\.ipynb)"', pages[name]))
        file = (SITE / name).parent / link
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        assert {cell["cell_type"] for cell in cells} == {"markdown", "code"}


def test_the_versions_that_can_be_chosen():
    versions = json.loads((DOCS / "_static" / "switcher.json").read_text("utf-8"))
    names = [entry["version"] for entry in versions]
    assert skmultimodal.__version__ in names
    assert len(set(names)) == len(names)
    assert all(entry["url"].endswith("/") for entry in versions)
    assert sum(entry.get("preferred", False) for entry in versions) == 1


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<h1>A</h1>", "no language"),
        ('<h1>A</h1><a href="b"><i></i></a>', "a a without a name"),
        ('<h1>A</h1><img src="b">', "no text: b"),
        ("<h1>A</h1><h3>B</h3>", "level 3 follows 1"),
        ("<h1>A</h1><h1>B</h1>", "[1, 1], not one 1"),
        ('<h1 id="a">A</h1><p id="a">B</p>', "the id 'a'"),
    ],
)
def test_a_problem_is_found(page, message):
    assert any(message in found for found in problems(page))


def test_a_page_without_a_problem():
    page = """<html lang="en"><head><title>A</title></head><body><h1>A</h1><h2>B</h2>
    <a href="b"><img src="c" alt="C"></a><button aria-label="D"></button></body>"""
    assert problems(page) == []
