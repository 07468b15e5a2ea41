"""The built site in a browser; without it, ``make docs``, these are skipped."""

import functools
import re
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser import console_errors, open_browser
from built_site import SITE, find_site

TELEPHONE = 400


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site():
    """Address of the built site, on this machine."""
    handler = functools.partial(QuietHandler, directory=str(find_site()))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def desktop():
    with open_browser(1280, 900) as driver:
        yield driver


@pytest.fixture(scope="module")
def telephone():
    with open_browser(TELEPHONE, 800) as driver:
        yield driver


def wait_for(find, seconds=60):
    """The first true result of a function; where it stays false, the last."""
    end = time.monotonic() + seconds
    while not (result := find()) and time.monotonic() < end:
        time.sleep(0.1)
    return result


def gallery_pages():
    return [
        page.relative_to(SITE).as_posix()
        for page in sorted(SITE.glob("auto_gallery/plot_*.html"))
    ]


def pages():
    fixed = ["index.html", "start.html", "user_guide/choosing_fusion.html"]
    api = "generated/names/skmultimodal.TwinTowerClassifier.html"
    return [*fixed, api, "developer.html", *gallery_pages()[:1]]


def broken_pictures(driver):
    script = (
        "return Array.from(document.images).filter(i => !(i.complete && "
        "i.naturalWidth > 0)).map(i => i.src)"
    )
    wait_for(lambda: not driver.execute_script(script))
    return driver.execute_script(script)


@pytest.mark.parametrize("page", pages())
def test_page_on_a_desktop(desktop, site, page):
    desktop.get(f"{site}/{page}")
    assert "skmultimodal" in desktop.title
    assert broken_pictures(desktop) == []
    assert console_errors(desktop) == []


def test_gallery_shows_figures(desktop, site):
    assert len(gallery_pages()) >= 18
    desktop.get(f"{site}/auto_gallery/index.html")
    assert broken_pictures(desktop) == []
    count = "return document.querySelectorAll('.bd-article img').length"
    assert desktop.execute_script(count) >= len(gallery_pages())
    figures = 0
    for page in gallery_pages():
        desktop.get(f"{site}/{page}")
        assert broken_pictures(desktop) == []
        figures += desktop.execute_script(count)
    assert figures > 0
    assert console_errors(desktop) == []


def test_search_finds_the_classifier(desktop, site):
    desktop.get(f"{site}/search.html?q=TwinTowerClassifier")
    script = (
        "return Array.from(document.querySelectorAll('#search-results li a'))"
        ".map(a => a.href)"
    )
    found = wait_for(lambda: desktop.execute_script(script))
    assert any("skmultimodal.TwinTowerClassifier" in address for address in found)
    assert console_errors(desktop) == []


# Text that ends beyond the page, unless what holds it scrolls by itself.
CUT_OFF = """
return Array.from(document.querySelectorAll('.bd-article :is(p, li, dt, h1, h2, h3)'))
  .filter(e => e.offsetWidth && !e.closest('pre, table, .sphx-glr-thumbcontainer'))
  .filter(e => e.getBoundingClientRect().right > window.innerWidth)
  .map(e => e.textContent.slice(0, 60))
"""


@pytest.mark.parametrize("page", pages())
def test_page_on_a_telephone_fits(telephone, site, page):
    telephone.get(f"{site}/{page}")
    assert telephone.execute_script("return window.innerWidth") == TELEPHONE
    width = telephone.execute_script("return document.documentElement.scrollWidth")
    assert width <= TELEPHONE
    assert telephone.execute_script(CUT_OFF) == []
    assert console_errors(telephone) == []


def test_nothing_comes_from_another_machine(desktop, site):
    script = "return performance.getEntriesByType('resource').map(e => e.name)"
    for page in pages():
        desktop.get(f"{site}/{page}")
        asked = desktop.execute_script(script)
        assert asked
        assert [name for name in asked if not name.startswith(site)] == []


def test_no_page_asks_another_machine_for_a_part(site):
    parts = re.compile(
        r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="(?:https?:)?//"""
    )
    built = list(SITE.rglob("*.html"))
    assert len(built) > 50
    assert [str(p) for p in built if parts.search(p.read_text(encoding="utf-8"))] == []
