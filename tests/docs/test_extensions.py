"""What the site adds to Sphinx: texts of figures, links of types."""

import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def extension(monkeypatch):
    """Imports a module of ``docs/_extensions``."""
    for folder in (DOCS, DOCS / "_extensions"):
        monkeypatch.syspath_prepend(str(folder))
    yield lambda name: pytest.importorskip(name)
    for name in ("api_pages", "gallery_scripts", "api_reference"):
        sys.modules.pop(name, None)


def test_the_text_of_a_figure(extension):
    figure = Figure()
    one, two = figure.subplots(1, 2)
    one.plot([0, 1], label="twin tower")
    one.plot([1, 0], label="gene only")
    one.set(xlabel="pairs", ylabel="ROC AUC", title="More\npairs")
    one.legend()
    two.set_xlabel("probability")
    describe = extension("gallery_scripts").describe
    assert describe(figure) == (
        "More pairs; ROC AUC against pairs: twin tower, gene only; probability"
    )
    assert describe(Figure()).startswith("A drawing without axes")


def test_types_link_to_their_pages(extension):
    pytest.importorskip("numpydoc")
    pytest.importorskip("sphinx")
    api_pages = extension("api_pages")
    links = api_pages.type_links()
    assert links["Cohort"] == "skmultimodal.Cohort"
    assert links["DataFrame"] == "pandas.DataFrame"
    assert links["dict"] == "dict"  # no link
    assert "unpair" not in links
    foreign = [
        t for t in links.values() if "." in t and t.split(".")[0] in api_pages.PAGES
    ]
    assert set(api_pages.TYPES.values()) == set(foreign)
