"""The table of public names and ``__all__`` of every public module are the same."""

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import pytest

import skmultimodal

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

from api_reference import API_REFERENCE

# Torch modules that only towers and heads use.
PRIVATE = {"skmultimodal.nn"}


def public_modules():
    """Modules without an underscore in their path, the package itself among them."""
    names = ["skmultimodal"]
    for found in pkgutil.walk_packages(skmultimodal.__path__, "skmultimodal."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            names.append(found.name)
    return [name for name in names if name not in PRIVATE]


def public_names(module):
    """``__all__`` of a module, without ``__version__``."""
    names = getattr(importlib.import_module(module), "__all__", ())
    return [name for name in names if not name.startswith("__")]


def listed():
    """Each name of the table with its module."""
    return [
        (section.module, name) for section in API_REFERENCE for name in section.names
    ]


def test_there_are_public_modules():
    modules = public_modules()
    assert {"skmultimodal.fusion", "skmultimodal.persistence"} <= set(modules)
    assert not [name for name in modules if "._" in name]


@pytest.mark.parametrize("module", public_modules())
def test_every_public_name_is_listed(module):
    tops = dict.fromkeys(public_names("skmultimodal"))
    here = {name for where, name in listed() if where == module}
    missing = []
    for name in public_names(module):
        value = getattr(importlib.import_module(module), name)
        at_top = name in tops and value is getattr(skmultimodal, name)
        if name not in here and not (at_top and module != "skmultimodal"):
            missing.append(name)
    assert missing == [], f"not in docs/api_reference.py: {module}: {missing}"


def test_every_listed_name_is_public():
    wrong = [(m, name) for m, name in listed() if name not in public_names(m)]
    assert wrong == []


def test_no_name_is_listed_twice():
    names = [name for _, name in listed()]
    assert sorted(names) == sorted(set(names))


def test_every_name_is_a_class_or_a_function():
    for module, name in listed():
        value = getattr(importlib.import_module(module), name)
        assert inspect.isclass(value) or inspect.isfunction(value), name
