"""A key of the code of estimators that are not of this library, for caches."""

import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from skmultimodal.utils._environment import describe_environment

__all__ = ["code_key"]

# What else a function reads of its module.
PLAIN = (int, float, complex, str, bytes, type(None))


def code_key(*things: Any) -> str:
    """A key that changes when the code behind some objects changes.

    Installed packages count by their version. Modules of one's own, and those of one's
    own that they use, count by the code that is loaded, whatever is in their files now.

    Parameters
    ----------
    *things : objects, types or functions
    """
    environment = describe_environment()
    versions = {k: v for k, v in environment.items() if k != "platform"}
    found: dict[str, Any] = {}
    waiting = [name for thing in things for name in _modules_of(thing)]
    while waiting:
        name = waiting.pop()
        if name in found or name not in sys.modules:
            continue
        module = sys.modules[name]
        found[name] = package = _package(name)
        if package is None:
            found[name] = _digest(_module_code(module))
            waiting += _used_modules(module)
    text = repr((sorted(versions.items()), sorted(found.items())))
    return sha256(text.encode()).hexdigest()


def _modules_of(thing: Any) -> list[str]:
    """Names of the modules that a type, with its bases, or a function is of."""
    if isinstance(thing, FunctionType | MethodType):
        return [thing.__module__]
    kind = thing if isinstance(thing, type) else type(thing)
    return [base.__module__ for base in kind.__mro__]


@cache
def _package(name: str) -> str | None:
    """Name and version of the package that a module is of; None for one's own."""
    top = name.split(".")[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return "python"
    if top == "skmultimodal":
        return top
    file = getattr(sys.modules[name], "__file__", None)
    installed = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    if file is None or not installed & set(Path(file).parents):
        return None
    return f"{top} {_version(top)}"


@cache
def _version(top: str) -> str:
    distributions = packages_distributions().get(top, [top])
    try:
        return " ".join(version(name) for name in sorted(set(distributions)))
    except PackageNotFoundError:
        return "unknown"


def _used_modules(module: ModuleType) -> Iterator[str]:
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, type | FunctionType):
            yield value.__module__


def _module_code(module: ModuleType) -> list[Any]:
    """What functions, classes and plain values of a module are made of."""
    return [
        (name, _code_of(value, module.__name__))
        for name, value in sorted(vars(module).items())
        if not name.startswith("__")
    ]


def _code_of(value: Any, module: str) -> Any:
    if isinstance(value, CodeType):
        inner = [_code_of(c, module) for c in value.co_consts]
        return value.co_code.hex(), value.co_names, value.co_varnames, inner
    if isinstance(value, staticmethod | classmethod | MethodType):
        return _code_of(value.__func__, module)
    if isinstance(value, property):
        return [_code_of(f, module) for f in (value.fget, value.fset) if f]
    if isinstance(value, FunctionType):
        cells = [_cell(cell) for cell in value.__closure__ or ()]
        named = tuple(sorted((value.__kwdefaults__ or {}).items()))
        held = (value.__code__, value.__defaults__, named, tuple(cells))
        return [_code_of(v, module) for v in held]
    if isinstance(value, type):
        if value.__module__ != module:
            return value.__module__, value.__qualname__
        bases = [base.__qualname__ for base in value.__bases__]
        inner = [
            (name, _code_of(v, module))
            for name, v in sorted(vars(value).items())
            if name not in ("__doc__", "__dict__", "__weakref__", "__module__")
        ]
        return bases, inner
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    if isinstance(value, tuple):
        return [_code_of(v, module) for v in value]
    # Lists and dicts of a module or class may change while it is used.
    return repr(value) if isinstance(value, PLAIN) else type(value).__qualname__


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _digest(content: Any) -> str:
    return sha256(repr(content).encode("utf-8", "surrogatepass")).hexdigest()
