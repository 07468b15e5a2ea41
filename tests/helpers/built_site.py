"""The site that ``make docs`` has built."""

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
SITE = DOCS / "_build" / "html"
# What a page is made of, but for the package.
SOURCES = ["*.rst", "*.py", "user_guide/*.rst", "gallery/*.py", "_extensions/*.py"]
SOURCES += ["_static/site.*", "_templates/*"]


def find_site():
    """Its folder; the test is skipped without one that is as new as its sources."""
    index = SITE / "index.html"
    if not index.exists():
        pytest.skip("docs/_build/html is absent: run make docs")
    sources = [path for pattern in SOURCES for path in DOCS.glob(pattern)]
    newest = max(sources, key=lambda path: path.stat().st_mtime)
    if newest.stat().st_mtime > index.stat().st_mtime:
        name = newest.relative_to(DOCS).as_posix()
        pytest.skip(f"docs/{name} is newer than docs/_build/html: run make docs")
    return SITE
