"""Docstrings of classes that share parameters."""

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import TypeVar

__all__ = ["parameters_of"]

T = TypeVar("T", bound=type)


def parameters_of(
    source: type, without: tuple[str, ...] = (), **changed: str
) -> Callable[[T], T]:
    """Decorate a class whose docstring has no parameters with those of another class.

    Parameters
    ----------
    source : type
        Its docstring describes each parameter that the class has as well.
    without : tuple of str
        Parameters that the class does not have.
    **changed : str
        Description of a parameter that differs: the text below its name, in one line.

    Returns
    -------
    decorate : callable
        Puts the section before that of the attributes.
    """

    def decorate(cls: T) -> T:
        text = inspect.getdoc(source) or ""
        section = re.search(r"Parameters\n-+\n(.*?)\n\n(?=\w+\n-+\n)", text, re.DOTALL)
        if section is None:  # python -OO has no docstrings
            return cls
        entries = re.split(r"\n(?=\S)", section[1])
        shown = []
        for entry in entries:
            name = entry.split(" ")[0]
            if name in changed:
                described = textwrap.fill(
                    changed[name],
                    width=80,
                    initial_indent="    ",
                    subsequent_indent="    ",
                )
                entry = f"{entry.splitlines()[0]}\n{described}"
            if name not in without:
                shown.append(entry)
        block = "Parameters\n----------\n" + "\n".join(shown) + "\n\n"
        own = inspect.cleandoc(cls.__doc__ or "")
        place = own.index("Attributes\n-")
        # numpydoc wants the last line to be that of the closing quotes.
        cls.__doc__ = own[:place] + block + own[place:] + "\n"
        return cls

    return decorate
