"""What a report of a bug needs: versions, threads and devices."""

import re
from importlib.metadata import PackageNotFoundError, requires, version

import skmultimodal

__all__ = ["show_versions"]


def show_versions() -> None:
    """Print the versions of all dependencies and the GPU, and what scikit-learn prints.

    Paste it into a report of a bug. Packages of extras that are not installed are
    listed too; Python, the machine and the threads of BLAS are scikit-learn's part.

    See Also
    --------
    sklearn.show_versions : The second part.

    Examples
    --------
    >>> import skmultimodal
    >>> skmultimodal.show_versions()  # doctest: +ELLIPSIS
    skmultimodal: ...
    """
    import sklearn
    import torch

    for name, found in _packages().items():
        print(f"{name}: {found}")
    cuda = torch.cuda.is_available()
    print("CUDA:", torch.cuda.get_device_name() if cuda else "no device")
    sklearn.show_versions()


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
