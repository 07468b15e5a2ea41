"""Versions of Python and of the packages that a model depends on."""

import platform
from functools import cache
from importlib.metadata import version

import skmultimodal

__all__ = ["describe_environment"]

PACKAGES = ["scikit-learn", "torch", "skorch", "numpy", "scipy"]


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES}


def describe_environment() -> dict[str, str]:
    """List the versions of Python and of the packages that a model depends on.

    Returns
    -------
    environment : dict of str to str
        By package; also of ``"python"`` and ``"platform"``.

    Examples
    --------
    >>> from skmultimodal.utils._environment import describe_environment
    >>> "torch" in describe_environment()
    True
    """
    return {
        "skmultimodal": skmultimodal.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        **_versions(),
    }
