"""The rooms of the house: what one takes from another.

A room is a package or module directly below ``skmultimodal``. import-linter checks
that a file imports from lower floors only; this, that rooms leave each other's private
names alone.
"""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "skmultimodal"

# Private modules that a room shares with higher floors, which may import what their
# ``__all__`` lists. Modules of ``utils`` are shared with every floor.
SHARED = {
    "baselines._comparison",
    "datasets._folder",
    "fusion._inputs",
    "fusion._params",
    "inspection._inputs",
    "io._barcodes",
    "io._bytes",
    "io._columns",
    "io._features",
    "io._genes",
    "io._labels",
    "io._matrix",
    "io._names",
    "io._patients",
    "io._stack",
    "io._tables",
    "model_selection._external",
    "model_selection._folds",
    "model_selection._tested_rows",
    "nn._dropout",
    "preprocessing._expression",
    "preprocessing._intensity",
    "preprocessing._preparation",
    "report._evaluate",
    "towers._base",
    "towers._cross_entropy",
    "towers._cross_fitting",
    "towers._likelihoods",
    "towers._log_linear",
    "towers._outcomes",
    "towers._table",
    "towers._views",
}


def module_of(path):
    """Name of a file's module below the package: ``io._labels``, ``cohort``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


TREES = {
    module_of(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def room_of(module):
    """Modules without a folder belong to the command line."""
    room = module.split(".")[0]
    parts = ("_arguments", "_clinical_columns", "_console")
    return "__main__" if room in parts else room


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def offered(module):
    """The names that ``__all__`` of a module lists."""
    for node in TREES[module].body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    return []


def imports_of(module):
    """Yield (module below the package, name) of each import from another room."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("skmultimodal."):
            source = node.module.removeprefix("skmultimodal.")
            if room_of(source) != room_of(module):
                yield from ((source, alias.name) for alias in node.names)


def is_offered(source, name):
    private = any(map(is_private, source.split(".")))
    shared = source in SHARED or room_of(source) == "utils"
    return name in offered(source) and (shared or not private)


def private_names(room):
    """Underscored methods, attributes and functions that a room defines."""
    names = set()
    for module in (m for m in TREES if room_of(m) == room):
        for node in ast.walk(TREES[module]):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return set(filter(is_private, names))


def private_reads(module):
    """Yield each underscored attribute that is read of something but ``self``."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = node.value
            if not (isinstance(owner, ast.Name) and owner.id in ("self", "cls")):
                yield node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "getattr",
            "hasattr",
        ):
            name = getattr(node.args[1], "value", "")
            if isinstance(name, str) and is_private(name):
                yield name


@pytest.fixture(scope="module")
def taken():
    """By module, what it takes from another room without being offered it."""
    rooms = {room_of(module) for module in TREES}
    own = {room: private_names(room) for room in rooms}
    found = {}
    for module in TREES:
        room = room_of(module)
        others = set().union(*(own[other] for other in rooms - {room})) - own[room]
        names = {
            f"{source}.{name}"
            for source, name in imports_of(module)
            if not is_offered(source, name)
        }
        names |= others.intersection(private_reads(module))
        if names:
            found[module] = sorted(names)
    return found


def test_rooms_leave_each_others_private_names_alone(taken):
    assert taken == {}


def test_what_is_shared_is_used():
    used = {source for module in TREES for source, _ in imports_of(module)}
    assert used >= SHARED


# The table of CONTRIBUTING.md


def test_the_table_of_the_house_is_that_of_the_layers():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    checked = {
        floor: set(re.findall(r"skmultimodal\.(\w+)", layer))
        for floor, layer in enumerate(reversed(layers))
    }
    written = {}
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for floor, rooms in re.findall(r"^\| (\d) \| ([^|]+) \|", text, flags=re.MULTILINE):
        names = re.findall(r"`(\w+?)(?:\.py)?`", rooms)
        written.setdefault(int(floor), set()).update(names)
    assert written == checked


def test_every_room_has_a_floor():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    named = set(re.findall(r"skmultimodal\.(\w+)", " ".join(layers)))
    assert named == {room_of(module) for module in TREES if module}
