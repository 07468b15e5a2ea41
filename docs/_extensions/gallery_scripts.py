"""What is set before each script of the gallery, and what its figures are called."""

import multiprocessing
import re
import warnings


def prepare(gallery_conf, file, when):
    """Called by sphinx-gallery: a script that warns is not finished.

    Scripts run in processes of joblib. Those that a script starts itself, as Dask does,
    would inherit a way of starting that they do not know.
    """
    warnings.resetwarnings()
    if when == "before":
        warnings.simplefilter("error")
        multiprocessing.set_start_method("spawn", force=True)


def scrape(block, block_vars, gallery_conf):
    """Figures of Matplotlib, as sphinx-gallery has them, with texts of their own."""
    import matplotlib.pyplot as plt
    from sphinx_gallery.scrapers import matplotlib_scraper

    texts = iter([describe(plt.figure(number)) for number in plt.get_fignums()])
    found = matplotlib_scraper(block, block_vars, gallery_conf)
    return re.sub(r"(?<=:alt: ).*", lambda alt: next(texts, alt[0]), found)


def describe(figure):
    """What a figure shows, from its titles, axes and legends: its alternative text.

    Sphinx-gallery takes the titles, and without one the name of the script.
    """
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    drawn = [text for axes in figure.axes if (text := _axes(axes))]
    parts = [part for part in dict.fromkeys([*titles, *drawn]) if part]
    text = "; ".join(parts) or "A drawing without axes, described in the text beside it"
    return " ".join(text.split())


def _axes(axes):
    """ "y against x: a, b" of axes that have labels or a legend."""
    across, up = axes.get_xlabel(), axes.get_ylabel()
    text = f"{up} against {across}" if across and up else across or up
    legend = axes.get_legend()
    shown = [] if legend is None else [item.get_text() for item in legend.get_texts()]
    names = ", ".join(name for name in shown if name)
    return f"{text}: {names}" if text and names else text or names
