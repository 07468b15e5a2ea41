"""What the command line prints, and how it is stopped."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from skmultimodal.utils._stops import stop_event

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
    """Ctrl-C, and what ends a process from outside, leave no half files.

    joblib swallows an exception that comes while it writes a result: training is
    stopped once more at its next step.
    """
    stopped = threading.Event()

    def stop(number: int, frame: Any) -> None:
        stopped.set()
        raise KeyboardInterrupt

    defaults: dict[str, Any] = {"SIGINT": signal.default_int_handler}
    defaults |= dict.fromkeys(("SIGTERM", "SIGHUP"), signal.SIG_DFL)
    mine = threading.current_thread() is threading.main_thread()
    changed = {
        number: default
        for name, default in defaults.items()
        if mine and (number := getattr(signal, name, None)) is not None
        if signal.getsignal(number) is default
    }
    before = stop_event.set(stopped)
    for number in changed:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, default in changed.items():
            signal.signal(number, default)
        stop_event.reset(before)
