"""Sphinx: ``make docs``. Nothing is downloaded, and a warning is an error."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from api_pages import methods_of, type_links

import skmultimodal

# Read the Docs serves each version from a folder of its own.
SITE = os.environ.get("READTHEDOCS_CANONICAL_URL", "/")

project = "skmultimodal"
author = copyright = "The skmultimodal developers"
version = release = skmultimodal.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "markdown_file",
]
exclude_patterns = ["_build", "gallery"]
templates_path = ["_templates"]
default_role = "name"
smartquotes = False
toc_object_entries_show_parents = "hide"
nitpicky = True
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}
# The context below holds a function, which Sphinx cannot keep between builds.
suppress_warnings = ["config.cache"]

autosummary_generate = True
autosummary_context = {"methods_of": methods_of}
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
numpydoc_show_class_members = False
# Types of parameters link to classes of this package, and to those of others that have
# an address of their own; words such as "dict" are no links.
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = type_links()


sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skmultimodal",),
    "reset_modules": ("matplotlib", "gallery_scripts.prepare"),
    "reset_modules_order": "both",
    "image_scrapers": ("gallery_scripts.scrape",),
    "download_all_examples": False,
    "show_signature": False,
    "plot_gallery": "True",
    "write_computation_times": False,
    "parallel": min(4, os.cpu_count() or 1),
}

html_theme = "pydata_sphinx_theme"
html_title = "skmultimodal"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navbar_end": ["version-switcher", "theme-switcher"],
    # A file of the site; a test reads it, and the build asks no other machine.
    "switcher": {
        "json_url": f"{SITE}_static/switcher.json",
        "version_match": version,
    },
    "check_switcher": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "navigation_with_keys": False,
}
# Pages without pages below them have nothing to show at the left.
html_sidebars = {
    name: [] for name in ("index", "start", "paper", "whats_new", "glossary")
}
