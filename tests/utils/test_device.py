"""A device's name becomes a device, or one clear sentence."""

import pytest
import torch

from skmultimodal.utils._device import explain_out_of_memory, resolve_device

NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="has a CUDA device")


@pytest.mark.parametrize("device", [None, "cpu", torch.device("cpu")])
def test_cpu(device):
    assert resolve_device(device) == torch.device("cpu")


@NO_CUDA
@pytest.mark.parametrize("device", ["cuda", "cuda:1", torch.device("cuda")])
def test_cuda_without_cuda(device):
    with pytest.raises(ValueError, match=rf"device='{device}'.*no CUDA device"):
        resolve_device(device)


@pytest.mark.parametrize("device", ["gpu", "cuda:x", ""])
def test_unknown_device_is_named(device):
    with pytest.raises(ValueError, match=f"device='{device}'"):
        resolve_device(device)


@pytest.mark.parametrize("name", ["mps", "xpu"])
def test_another_accelerator(name, monkeypatch):
    accelerator = getattr(torch, name)
    monkeypatch.setattr(accelerator, "is_available", lambda: False)
    with pytest.raises(ValueError, match=f"device='{name}'.*no {name} device here"):
        resolve_device(name)
    monkeypatch.setattr(accelerator, "is_available", lambda: True)
    monkeypatch.setattr(accelerator, "device_count", lambda: 1)
    assert resolve_device(name) == torch.device(name)
    with pytest.raises(ValueError, match=f"the last is '{name}:0'"):
        resolve_device(f"{name}:3")


def test_a_device_that_computes_nothing():
    with pytest.raises(ValueError, match="device='meta' is not supported"):
        resolve_device("meta")


@pytest.mark.cuda
def test_cuda_device_that_is_not_there():
    absent = f"cuda:{torch.cuda.device_count()}"
    with pytest.raises(ValueError, match=f"device='{absent}'"):
        resolve_device(absent)


def test_no_memory_on_a_cpu_has_the_advice_of_a_gpu():
    with (
        pytest.raises(MemoryError, match=r"tower.*batch_size=8; try batch_size=4"),
        explain_out_of_memory("tower", 8),
    ):
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="no such"), explain_out_of_memory("a", 8):
        raise RuntimeError("no such thing")


@pytest.mark.parametrize("device", [["cpu"], 1.5, object()], ids=["list", "1.5", "any"])
def test_what_is_no_name_of_a_device(device):
    with pytest.raises(ValueError, match="is no device of torch"):
        resolve_device(device)
