"""API pages from the table ``api_reference.py``; `Name` in backticks links to them."""

import inspect
from importlib import import_module
from pathlib import Path

from api_reference import API_REFERENCE
from docutils import nodes
from numpydoc.xref import DEFAULT_LINKS
from sphinx.util.docutils import SphinxRole

# Pages of names of other packages, so that no inventory has to be downloaded or kept.
PAGES = {
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{}.html",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{}.html",
}
# Words that stand for them in the types of parameters.
TYPES = {
    "Bunch": "sklearn.utils.Bunch",
    "estimator": "sklearn.base.BaseEstimator",
    "DataFrame": "pandas.DataFrame",
    "Series": "pandas.Series",
    "Index": "pandas.Index",
    "ndarray": "numpy.ndarray",
}


def list_names():
    """Full name of each public object by every name that a text may call it."""
    names = {}
    for section in API_REFERENCE:
        for name in section.names:
            full = f"{section.module}.{name}"
            names[name] = names[full] = full
            defined = getattr(import_module(section.module), name)
            home = getattr(defined, "__module__", section.module)
            parts = home.split(".")
            for end in range(1, len(parts) + 1):
                names[".".join([*parts[:end], name])] = full
    return names


def type_links():
    """What words in the types of parameters link to: themselves are no link."""
    own = {name: full for name, full in list_names().items() if name[:1].isupper()}
    return {name: name for name in DEFAULT_LINKS} | TYPES | own


def methods_of(full_name):
    """Public methods of a class that this package defines, and its properties."""
    module, name = full_name.rsplit(".", 1)
    found = getattr(import_module(module), name)
    methods, properties = [], []
    for member, value in inspect.getmembers(found):
        is_property = isinstance(value, property)
        home = getattr(value.fget if is_property else value, "__module__", None)
        if not member.startswith("_") and str(home).startswith("skmultimodal."):
            (properties if is_property else methods).append(member)
    return {"methods": methods, "properties": properties}


def write_pages(app, config):
    """Write ``generated/api/``: an index and a page of tables per module."""
    folder = Path(app.srcdir) / "generated" / "api"
    folder.mkdir(parents=True, exist_ok=True)
    modules = list(dict.fromkeys(section.module for section in API_REFERENCE))
    for module in modules:
        write(folder / f"{module}.rst", module_page(module))
    table = [f"   * - :doc:`{name}`\n     - {summary(name)}" for name in modules]
    entries = [f"   {name}" for name in modules]
    lines = [
        *heading("API reference", "="),
        "Every public name. What is not listed here may change without notice.",
        "",
        ".. list-table::",
        "   :widths: 35 65",
        "",
        *table,
        "",
        ".. toctree::",
        "   :hidden:",
        "",
        *entries,
    ]
    write(folder / "index.rst", "\n".join(lines) + "\n")


def module_page(module):
    """Page of one module: a table per section of it."""
    lines = [f".. _api-{module}:", "", *heading(module, "=")]
    lines += [f".. currentmodule:: {module}", "", summary(module), ""]
    for section in (one for one in API_REFERENCE if one.module == module):
        lines += [*heading(section.title, "-"), section.text, ""]
        lines += [".. autosummary::", "   :toctree: ../names", ""]
        lines += [*(f"   {name}" for name in section.names), ""]
    return "\n".join(lines)


def summary(module):
    """First sentence of a module's docstring."""
    return " ".join(import_module(module).__doc__.split("\n\n")[0].split())


def heading(text, mark):
    """Lines of a heading."""
    return [text, mark * len(text), ""]


def write(path, text):
    """Write a file unless it has this text: Sphinx reads again what is newer."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


class NameRole(SphinxRole):
    """Single backticks: a link if the text is a public name, else code."""

    def run(self):
        target = self.env.api_names.get(self.text)
        if target is None:
            return [nodes.literal(self.rawtext, self.text)], []
        role = self.env.get_domain("py").role("obj")
        text = f"{self.text} <{target}>"
        return role(
            "py:obj", self.rawtext, text, self.lineno, self.inliner, self.options
        )


def resolve(app, env, node, contnode):
    """Link short names and names of other packages, as ``See Also`` has them."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    owner, _, member = target.rpartition(".")
    full = env.api_names.get(target)
    if full is None and owner in env.api_names:
        full = f"{env.api_names[owner]}.{member}"
    if full:
        return env.get_domain("py").resolve_xref(
            env, node["refdoc"], app.builder, "obj", full, node, contnode
        )
    page = PAGES.get(target.split(".")[0])
    if page is None or "." not in target:
        return None
    return nodes.reference("", "", contnode, internal=False, refuri=page.format(target))


def keep_names(app):
    """Give the environment the names."""
    app.env.api_names = list_names()


def setup(app):
    """Register the pages, the role and the resolver."""
    # Before Sphinx looks for pages: autosummary makes stubs of those it finds.
    app.connect("config-inited", write_pages)
    app.connect("builder-inited", keep_names)
    app.connect("missing-reference", resolve)
    app.add_role("name", NameRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
