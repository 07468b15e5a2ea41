"""Devices: their names, precision, memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skmultimodal.utils._warnings import warn

__all__ = [
    "check_precision",
    "explain_out_of_memory",
    "most_precise",
    "place_rows",
    "resolve_device",
]

# Share of a GPU's free memory that the rows of a modality may take.
RESIDENT_SHARE = 0.5
WITHOUT_DOUBLE = ("mps",)
# What torch raises where a CPU has no memory left is a RuntimeError of these words.
CPU_ALLOCATOR = "DefaultCPUAllocator"


def resolve_device(device: Any) -> Any:
    """Turn a `device` parameter into a usable ``torch.device``.

    Parameters
    ----------
    device : str, torch.device or None
        None is the CPU.

    Raises
    ------
    ValueError
        If torch has no device of this name, or finds none here.
    """
    import torch

    try:
        resolved = torch.device("cpu" if device is None else device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is no device of torch: use 'cpu' or 'cuda'."
        ) from error
    if resolved.type == "cpu":
        return resolved
    accelerator: Any = getattr(torch, resolved.type, None)
    if not hasattr(accelerator, "device_count"):
        raise ValueError(
            f"device={str(device)!r} is not supported: use 'cpu', 'cuda' or another "
            "accelerator of torch."
        )
    name = {"cuda": "CUDA"}.get(resolved.type, resolved.type)
    n_devices = accelerator.device_count() if accelerator.is_available() else 0
    if not n_devices:
        raise ValueError(
            f"device={str(device)!r}, but torch finds no {name} device here: use "
            f"device='cpu', or install a build of torch for {name}."
        )
    if (resolved.index or 0) >= n_devices:
        raise ValueError(
            f"device={str(device)!r}, but torch finds {n_devices} {name} device(s): "
            f"the last is '{resolved.type}:{n_devices - 1}'."
        )
    return resolved


def most_precise(dtype: Any, device: Any) -> Any:
    """The type of numbers `dtype`, or float32 where a device has no float64."""
    import torch

    return torch.float32 if device.type in WITHOUT_DOUBLE else dtype


def check_precision(precision: str, device: Any, name: str) -> None:
    """Refuse a precision that `device` lacks; warn where it is emulated.

    Raises
    ------
    ValueError
        If a GPU has no bfloat16.

    Warns
    -----
    UserWarning
        If a CPU has no instructions for it.
    """
    import torch

    if precision != "bfloat16":
        return
    if device.type == "cuda":
        if not torch.cuda.is_bf16_supported(including_emulation=False):
            raise ValueError(
                f"{name}: {torch.cuda.get_device_name(device)} has no bfloat16: use "
                "precision='float32'."
            )
    elif device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        warn(
            f"{name}: this processor has no bfloat16, which is emulated and slower "
            "than precision='float32'."
        )


def place_rows(rows: Any, device: Any) -> Any:
    """Put a whole modality on a GPU if it fits there; else leave it in pinned memory.

    Parameters
    ----------
    rows : Tensor
        In memory.
    device : torch.device

    Returns
    -------
    rows : Tensor
    """
    if device.type != "cuda":
        return rows
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return (
        rows.to(device) if rows.nbytes <= RESIDENT_SHARE * free else rows.pin_memory()
    )


@contextmanager
def explain_out_of_memory(name: str, batch_size: int) -> Iterator[None]:
    """Replace torch's out-of-memory error by one that names what to change.

    Raises
    ------
    MemoryError
        If the device runs out of memory in the block.
    """
    import torch

    try:
        yield
    except (RuntimeError, MemoryError) as error:
        on_gpu = isinstance(error, torch.OutOfMemoryError)
        if not on_gpu and CPU_ALLOCATOR not in str(error):
            raise
        if batch_size > 1:
            advice = f"try batch_size={batch_size // 2}, precision='bfloat16'"
        else:
            advice = "batch_size is 1: try precision='bfloat16'"
        others = ", smaller images or device='cpu'" if on_gpu else " or smaller images"
        raise MemoryError(
            f"{name}: the device ran out of memory at batch_size={batch_size}; "
            f"{advice}{others}."
        ) from error
