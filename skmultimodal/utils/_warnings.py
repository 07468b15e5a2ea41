"""Warnings that point at the user's own line."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

__all__ = ["prefixed_warnings", "warn"]

# Between a call of the user and a warning lie this package and what calls it back.
_PACKAGE = str(Path(__file__).parents[1])
_BETWEEN = ("sklearn", "joblib", "contextlib", "functools", "concurrent", "threading")


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost frame outside this package and those that call it back."""
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
    """Put `prefix` before the warnings that come out of the block."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    finally:
        for warning in caught:
            message = warning.message
            with suppress(TypeError):  # a warning that is made of more than text
                message = warning.category(f"{prefix}: {message}")
            warn(message)
