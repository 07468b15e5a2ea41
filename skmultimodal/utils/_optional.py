"""Optional dependencies, imported where they are used."""

import importlib
from types import ModuleType

__all__ = ["import_optional"]


def import_optional(module: str, extra: str) -> ModuleType:
    """Import `module`; the error without it names the extra that installs it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of skmultimodal that installs it.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the package is absent.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A missing dependency of an installed package is another error.
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise ImportError(
            f"{module} is needed here and is not installed: "
            f"pip install 'skmultimodal[{extra}]'."
        ) from error
