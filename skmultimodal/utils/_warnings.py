"""Warnings that point at the user's own line."""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import FrameType

__all__ = ["ignored_warnings", "prefixed_warnings", "warn"]

_prefix: ContextVar[str] = ContextVar("_prefix", default="")
_lock = threading.RLock()

# Between a call of the user and a warning lie this package and what calls it back.
_PACKAGE = str(Path(__file__).parents[1])
_BETWEEN = ("sklearn", "joblib", "contextlib", "functools", "concurrent", "threading")


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost frame outside this package and those that call it back."""
    if _prefix.get() and isinstance(message, str):
        message = _prefix.get() + message
    level = 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_between(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)


def _is_between(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    ours = frame.f_code.co_filename.startswith(_PACKAGE)
    return ours or name.split(".")[0] in _BETWEEN


@contextmanager
def prefixed_warnings(prefix: str) -> Iterator[None]:
    """Put `prefix` before the warnings that come out of the block.

    In a thread other than the main one these are the warnings of this package:
    catching those of others is a setting of the process.
    """
    if threading.current_thread() is not threading.main_thread():
        before = _prefix.set(f"{_prefix.get()}{prefix}: ")
        try:
            yield
        finally:
            _prefix.reset(before)
        return
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    finally:
        for warning in caught:
            message = warning.message
            with suppress(TypeError):  # a warning that is made of more than text
                message = warning.category(f"{prefix}: {message}")
            warn(message)


@contextmanager
def ignored_warnings(message: str) -> Iterator[None]:
    """Ignore some warnings in a short block, one thread at a time.

    ``warnings.catch_warnings`` restores what it found: of two threads that leave in
    the order in which they came, the second would restore the first one's settings.
    """
    with _lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message)
        yield
