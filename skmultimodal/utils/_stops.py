"""Stopping long work from another thread or a signal."""

import threading
from contextvars import ContextVar

__all__ = ["check_stop", "stop_event"]

stop_event: ContextVar[threading.Event | None] = ContextVar("stop_event", default=None)


def check_stop() -> None:
    """Raise KeyboardInterrupt if the event of this thread's work is set."""
    event = stop_event.get()
    if event is not None and event.is_set():
        raise KeyboardInterrupt
