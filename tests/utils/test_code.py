"""Keys of code that is not of this library: other code, another key."""

import importlib
import sys
import textwrap

import pytest
from sklearn.linear_model import LogisticRegression

from skmultimodal import FusionHeadClassifier
from skmultimodal.utils import _code
from skmultimodal.utils._code import code_key

OWN = """
from own_helper import scaled

LIMIT = 3

class Own:
    def f(self, X, by=2):
        return [scaled(x) * by for x in X if x < LIMIT]
"""
HELPER = """
def scaled(x):
    return x
"""
CHANGES = {
    "a method": ("own", "* by", "+ by"),
    "a number in it": ("own", "X if x", "X if 1 + x"),
    "a default": ("own", "by=2", "by=3"),
    "a constant of the module": ("own", "LIMIT = 3", "LIMIT = 4"),
    "a function of another module": ("own_helper", "return x", "return -x"),
    "a new method": ("own", "def f", "def g(self): pass\n    def f"),
}


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Import ``Own`` from these sources: a function."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(**sources):
        for name, text in {"own": OWN, "own_helper": HELPER, **sources}.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("own").Own()

    yield load
    for name in ("own", "own_helper"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("change", CHANGES)
def test_other_code_has_another_key(imported, change):
    module, old, new = CHANGES[change]
    key = code_key(imported())
    assert code_key(imported()) == key
    text = {"own": OWN, "own_helper": HELPER}[module]
    assert old in text
    assert code_key(imported(**{module: text.replace(old, new)})) != key
    assert code_key(imported()) == key


def test_what_is_loaded_counts(imported, tmp_path):
    """A file that changes after it was imported is not what runs."""
    own = imported()
    key = code_key(own)
    (tmp_path / "own.py").write_text(OWN.replace("* by", "+ by"))
    assert code_key(own) == key


def test_comments_and_places_do_not_count(imported):
    key = code_key(imported())
    assert code_key(imported(own="# a comment\n\n" + OWN)) == key


def test_functions_and_types_have_keys(imported):
    key = code_key(imported().f, type(imported()))
    assert code_key(imported(own=OWN.replace("* by", "+ by")).f) != key


@pytest.mark.parametrize("package", ["torch", "numpy", "scikit-learn", "skorch"])
@pytest.mark.parametrize("model", [LogisticRegression(), FusionHeadClassifier()])
def test_versions_count(monkeypatch, package, model):
    key = code_key(model)
    assert code_key(type(model)) == key
    found = _code.describe_environment()
    assert package in found
    monkeypatch.setattr(
        _code, "describe_environment", lambda: {**found, package: "99.0"}
    )
    assert code_key(model) != key
    monkeypatch.setattr(
        _code, "describe_environment", lambda: {**found, "platform": "another"}
    )
    assert code_key(model) == key
