"""Docstrings of classes that share parameters and attributes."""

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import TypeVar

__all__ = ["described_like"]

T = TypeVar("T", bound=type)


def described_like(
    source: type, without: tuple[str, ...] = (), **changed: str
) -> Callable[[T], T]:
    """Decorate a class whose docstring has no parameters with those of another class.

    Parameters
    ----------
    source : type
        Its docstring describes each parameter that the class has as well. Attributes
        that the class's own docstring does not list are added from it, too.
    without : tuple of str
        Parameters and attributes that the class does not have.
    **changed : str
        Description of a parameter that differs: the text below its name, in one line.

    Returns
    -------
    decorate : callable
    """

    def decorate(cls: T) -> T:
        text = inspect.getdoc(source)
        if text is None:  # python -OO has no docstrings
            return cls
        parameters = _entries(text, "Parameters")
        for name, description in changed.items():
            head = parameters[name].splitlines()[0]
            lines = textwrap.wrap(description, 76)
            parameters[name] = "\n    ".join([head, *lines])
        own = inspect.cleandoc(cls.__doc__ or "")
        attributes = _entries(own, "Attributes")
        attributes |= {
            name: entry
            for name, entry in _entries(text, "Attributes").items()
            if name not in attributes
        }
        sections = [
            "\n".join([title, "-" * len(title), *_kept(entries, without)])
            for title, entries in (
                ("Parameters", parameters),
                ("Attributes", attributes),
            )
        ]
        section = re.search(r"^(Attributes|See Also)\n-", own, re.MULTILINE)
        first = len(own) if section is None else section.start()
        rest = own[first:]
        if rest.startswith("Attributes"):
            rest = rest.partition("\n\n")[2]
        # numpydoc wants the last line to be that of the closing quotes.
        cls.__doc__ = "\n\n".join([own[:first].rstrip(), *sections, rest]) + "\n"
        return cls

    return decorate


def _entries(text: str, title: str) -> dict[str, str]:
    """Entries of a section by name."""
    found = re.search(rf"^{title}\n-+\n(.*?)(\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
    entries = [] if found is None else re.split(r"\n(?=\S)", found[1])
    return {re.split(r"[ ,:]", entry)[0]: entry for entry in entries}


def _kept(entries: dict[str, str], without: tuple[str, ...]) -> list[str]:
    return [entry for name, entry in entries.items() if name not in without]
