"""Words that are compared, and lists of examples in sentences."""

import unicodedata
from collections.abc import Iterable

__all__ = ["counted", "fold", "some"]

SHOWN = 3


def fold(text: str) -> str:
    """Text without what does not tell words apart: case, blanks, Unicode form.

    Examples
    --------
    >>> from skmultimodal.utils._text import fold
    >>> fold("Rene\\u0301 ") == fold("REN\\u00c9\\u200b")
    True
    """
    plain = unicodedata.normalize(
        "NFKC", unicodedata.normalize("NFKC", text).casefold()
    )
    seen = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def counted(n: int, singular: str) -> str:
    """A number and a noun: ``"1 row"``, ``"2,000 rows"``."""
    return f"{n:,} {singular}{'' if n == 1 else 's'}"


def some(items: Iterable[object], singular: str = "", *, quote: bool = True) -> str:
    """Three of some items, with their number before them if there is a noun.

    Examples
    --------
    >>> from skmultimodal.utils._text import some
    >>> some(["a", "b", "c", "d"], "patient")
    "4 patients ('a', 'b', 'c', ...)"
    """
    items = list(items)
    shown = [repr(item) if quote else str(item) for item in items[:SHOWN]]
    text = ", ".join([*shown, *["..."] * (len(items) > SHOWN)])
    return f"{counted(len(items), singular)} ({text})" if singular else text
