"""What the command line prints, and how it is stopped."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

__all__ = ["WarningLines", "stops_as_interrupts", "tell"]


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class WarningLines:
    """Shows each warning in one line, and once."""

    def __init__(self) -> None:
        self.shown: set[Any] = set()

    def show(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = " ".join(str(message).split())
        if text not in self.shown:
            self.shown.add(text)
            tell(f"warning: {text}")


@contextmanager
def stops_as_interrupts() -> Iterator[Any]:
    """What ends a process from outside, such as a scheduler, leaves no half files."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    mine = threading.current_thread() is threading.main_thread()
    changed = [
        number
        for number in (getattr(signal, name) for name in names)
        if mine and signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in changed:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
