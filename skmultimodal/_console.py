"""What the command line prints, and how it is stopped."""

import signal
import sys
import threading
from contextlib import contextmanager

__all__ = ["WarningLines", "stops_as_interrupts", "tell"]


def tell(text):
    print(text, file=sys.stderr, flush=True)


class WarningLines:
    """Shows each warning in one line, and once."""

    def __init__(self):
        self.shown = set()

    def show(self, message, category, filename, lineno, file=None, line=None):
        text = " ".join(str(message).split())
        if text not in self.shown:
            self.shown.add(text)
            tell(f"warning: {text}")


@contextmanager
def stops_as_interrupts():
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
