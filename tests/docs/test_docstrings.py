"""Every public name says what it takes and gives, in numpydoc's form.

The codes that hold everywhere are in ``pyproject.toml``. Classes and functions must say
more; a method may say all there is to say in one sentence, without sections.
"""

import importlib
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from api_reference import API_REFERENCE

ROOT = Path(__file__).parents[2]

# An undocumented parameter; one without description; no returns; returns without
# description; no example.
OF_FUNCTIONS = {"PR01", "PR07", "RT01", "RT03", "YD01", "EX01"}
OF_METHODS_WITH_SECTIONS = {"PR01", "RT01", "YD01"}


def everywhere():
    """Codes of ``[tool.numpydoc_validation]``."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return set(settings["tool"]["numpydoc_validation"]["checks"])


def public_objects():
    """Import path of every public class and function."""
    return [f"{part.module}.{name}" for part in API_REFERENCE for name in part.names]


def find(path):
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def public_methods(path):
    """Names of the methods and properties of a class that this package defines."""
    found = find(path)
    for name, value in inspect.getmembers(found) if inspect.isclass(found) else ():
        function = value.fget if isinstance(value, property) else value
        home = str(getattr(function, "__module__", ""))
        if not name.startswith("_") and home.startswith("skmultimodal."):
            yield name


def defined_at(path):
    """The path an object is defined at, which numpydoc can import."""
    found = find(path)
    return f"{found.__module__}.{found.__qualname__}"


def errors(path, codes):
    return [f"{path}: {c} {text}" for c, text in validate(path)["errors"] if c in codes]


def test_the_codes_are_those_of_numpydoc():
    from numpydoc.validate import ERROR_MSGS

    assert everywhere() | OF_FUNCTIONS <= set(ERROR_MSGS)
    assert len(everywhere()) > 20


@pytest.mark.parametrize("path", public_objects())
def test_docstring(path):
    codes = everywhere()
    place = defined_at(path)
    wrong = errors(place, codes | OF_FUNCTIONS)
    for method in public_methods(path):
        name = f"{place}.{method}"
        doc = inspect.getdoc(getattr(find(path), method)) or ""
        sections = re.search(r"^(Parameters|Returns|Yields)$", doc, flags=re.MULTILINE)
        wrong += errors(name, codes | OF_METHODS_WITH_SECTIONS if sections else codes)
    assert wrong == []


def names_seen_also(thing):
    entries = get_doc_object(thing)["See Also"]
    return [name for names, _ in entries for name, _ in names]


def is_known(name, names):
    """Whether a reference is a public name here, or can be imported."""
    owner, _, member = name.rpartition(".")
    if name in names or (owner in names and hasattr(find(names[owner]), member)):
        return True
    if not owner:
        return False
    return hasattr(importlib.import_module(owner), member)


@pytest.mark.parametrize("path", public_objects())
def test_see_also_resolves(path):
    names = {path.rpartition(".")[2]: path for path in public_objects()}
    found = find(path)
    seen = names_seen_also(found)
    for method in public_methods(path):
        seen += names_seen_also(getattr(found, method))
    assert [name for name in seen if not is_known(name, names)] == []
