"""Names that end: a version with a warning, and the next without them."""

from typing import Any

from skmultimodal.utils._warnings import warn

__all__ = ["DEPRECATED", "read_renamed"]

# The default of a parameter that was renamed.
DEPRECATED = "deprecated"


def read_renamed(estimator: Any, old: str, new: str, ends: str) -> Any:
    """Read a parameter in ``fit`` that may still be set by its former name.

    Functions and classes that end are marked by ``sklearn.utils.deprecated``.

    Parameters
    ----------
    estimator : estimator
        Stores both, `old` with the default ``DEPRECATED``.
    old, new : str
        The former name, and the one of now.
    ends : str
        Version without the former name.

    Returns
    -------
    value : object

    Warns
    -----
    FutureWarning
        If the former name is set.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skmultimodal.utils._deprecation import DEPRECATED, read_renamed
    >>> tower = SimpleNamespace(epochs=DEPRECATED, max_epochs=3)
    >>> read_renamed(tower, "epochs", "max_epochs", ends="0.3")
    3
    """
    given = getattr(estimator, old)
    if isinstance(given, str) and given == DEPRECATED:
        return getattr(estimator, new)
    warn(
        f"{type(estimator).__name__}: {old!r} is called {new!r} now, and ends with "
        f"version {ends}: set {new}={given!r}.",
        FutureWarning,
    )
    return given
