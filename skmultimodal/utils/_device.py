"""Devices: their names, precision, memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skmultimodal.utils._warnings import warn

__all__ = ["check_precision", "explain_out_of_memory", "place_rows", "resolve_device"]

# Share of a GPU's free memory that the rows of a modality may take.
RESIDENT_SHARE = 0.5
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
        If torch has no device of this name, or finds no CUDA device.
    """
    import torch

    try:
        resolved = torch.device("cpu" if device is None else device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device={device!r} is no device of torch: use 'cpu' or 'cuda'."
        ) from error
    if resolved.type == "cuda":
        n_devices = torch.cuda.device_count()
        if not n_devices:
            raise ValueError(
                f"device={str(device)!r}, but torch finds no CUDA device here: use "
                "device='cpu', or install a CUDA build of torch."
            )
        if (resolved.index or 0) >= n_devices:
            raise ValueError(
                f"device={str(device)!r}, but torch finds {n_devices} CUDA device(s): "
                f"the last is 'cuda:{n_devices - 1}'."
            )
    elif resolved.type != "cpu":
        raise ValueError(
            f"device={str(device)!r} is not supported: use 'cpu' or 'cuda'."
        )
    return resolved


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
    elif not torch.ops.mkldnn._is_mkldnn_bf16_supported():
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
