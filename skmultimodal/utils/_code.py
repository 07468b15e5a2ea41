"""A key of the code of estimators that are not of this library, for caches."""

import sys
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import (
    PackageNotFoundError,
    distribution,
    packages_distributions,
    version,
)
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from skmultimodal.utils._environment import describe_environment

__all__ = ["code_key"]

# What else a function reads of its module.
NO_CODE = {"__doc__", "__dict__", "__weakref__", "__module__", "__firstlineno__"}
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
    if file is None or not _is_installed(top, set(Path(file).parents)):
        return None
    return f"{top} {_version(top)}"


def _is_installed(top: str, parents: set[Path]) -> bool:
    """Whether a package lies where packages are installed; one's own, editable, not."""
    if parents & {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}:
        return True
    # Packages that a .pth file shares with this environment lie elsewhere.
    return any(
        Path(str(distribution(name).locate_file(""))) in parents
        for name in _distributions().get(top, [])
    )


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()  # takes seconds: it looks at every installed file


@cache
def _version(top: str) -> str:
    own = getattr(sys.modules.get(top), "__version__", None)
    if isinstance(own, str):
        return own
    distributions = _distributions().get(top, [top])
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
    seen: set[int] = set()
    return [
        (name, _code_of(value, module.__name__, seen))
        for name, value in sorted(vars(module).items())
        if not name.startswith("__") and _counts(name, value)
    ]


def _code_of(value: Any, module: str, seen: set[int]) -> Any:
    """Nested lists of names, bytecode and constants; each object once."""
    if isinstance(value, FunctionType | type):
        # A method may hold its class, and a function itself.
        if id(value) in seen or getattr(value, "__module__", module) != module:
            return value.__module__, value.__qualname__
        seen.add(id(value))
    parts = _parts_of(value)
    if parts is None:
        return repr(value) if isinstance(value, PLAIN) else type(value).__qualname__
    return [_code_of(part, module, seen) for part in parts]


def _parts_of(value: Any) -> tuple[Any, ...] | None:
    """What a function or class consists of; None for other things."""
    if isinstance(value, CodeType):
        return value.co_code, value.co_names, value.co_varnames, value.co_consts
    if isinstance(value, staticmethod | classmethod | MethodType):
        return (value.__func__,)
    if isinstance(value, property):
        return value.fget, value.fset
    if isinstance(value, FunctionType):
        named = tuple(sorted((value.__kwdefaults__ or {}).items()))
        cells = tuple(_cell(cell) for cell in value.__closure__ or ())
        return value.__code__, value.__defaults__, named, cells
    if isinstance(value, type):
        inner = {n: v for n, v in vars(value).items() if _counts(n, v)}
        bases = tuple(base.__qualname__ for base in value.__bases__)
        return bases, *sorted(inner.items())
    if isinstance(value, frozenset):
        return tuple(sorted(map(repr, value)))
    # Lists and dicts of a module or class may change while it is used.
    return value if isinstance(value, tuple) else None


def _counts(name: str, value: Any) -> bool:
    """Whether an attribute is code or a constant, and no note of Python's."""
    known = isinstance(value, PLAIN) or _parts_of(value) is not None
    return known and name not in NO_CODE


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _digest(content: Any) -> str:
    return sha256(repr(content).encode("utf-8", "surrogatepass")).hexdigest()
