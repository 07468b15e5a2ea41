"""What a report of a bug needs: versions, threads and devices."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

import skmultimodal

__all__ = ["show_versions"]


def show_versions() -> None:
    """Print the versions of Python and of all dependencies, threads and devices.

    Paste it into a report of a bug. Packages of extras that are not installed are
    listed too.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> import skmultimodal
    >>> skmultimodal.show_versions()  # doctest: +ELLIPSIS
    System:
      python: ...
    """
    for title, facts in {
        "System": _system(),
        "Packages": _packages(),
        "Threads and devices": _devices(),
    }.items():
        print(f"{title}:")
        print(*(f"  {name}: {value}" for name, value in facts.items()), sep="\n")


def _system() -> dict[str, str]:
    return {
        "python": sys.version.replace("\n", " "),
        "executable": sys.executable,
        "platform": platform.platform(),
    }


def _packages() -> dict[str, str]:
    """Versions of this package and of what it and its extras depend on, by name."""
    found = {"skmultimodal": skmultimodal.__version__}
    lines = [re.match(r"[\w.-]+", line) for line in requires("skmultimodal") or []]
    names = {match[0].lower() for match in lines if match}
    for name in sorted(names - {"skmultimodal"}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _devices() -> dict[str, str]:
    import numpy  # noqa: F401 - its BLAS is listed
    import torch
    from threadpoolctl import threadpool_info

    facts = {"torch threads": str(torch.get_num_threads())}
    for pool in threadpool_info():
        name = f"{pool['internal_api']} {pool['version'] or ''}".strip()
        facts[name] = f"{pool['num_threads']} threads"
    cuda = torch.cuda.is_available()
    facts["CUDA"] = torch.cuda.get_device_name() if cuda else "no device"
    return facts
