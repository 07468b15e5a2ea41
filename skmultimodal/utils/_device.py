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
    if resolved.type == "cuda":
        n_devices = torch.cuda.device_count()
        if not n_devices:
            raise ValueError(
                f"device={str(device)!r}, but torch finds no CUDA device here: use "
                "device='cpu', or install a CUDA build of torch."
            )
        if (resolved.index or 0) >= n_devices:
            raise ValueError(
                f"device={str(device)!r}, but torch finds {n_devices} CUDA device(s)."
            )
    elif resolved.type != "cpu":
        raise ValueError(
            f"device={str(device)!r} is not supported: use 'cpu' or 'cuda'."
        )
    return resolved
