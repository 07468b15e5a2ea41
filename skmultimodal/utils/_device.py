"""The one place where a device's name becomes a device."""

from typing import Any

__all__ = ["resolve_device"]


def resolve_device(device: Any) -> Any:
    """Turn a `device` parameter into a usable ``torch.device``.

    Parameters
    ----------
    device : str, torch.device or None
        None is the CPU.

    Raises
    ------
    ValueError
        If the name means nothing to torch, or CUDA is asked for and absent.
    """
    import torch

    try:
        resolved = torch.device("cpu" if device is None else device)
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is no device that torch knows.") from error
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={str(device)!r}, but torch finds no CUDA device here: use "
            "device='cpu', or install a CUDA build of torch."
        )
    return resolved
