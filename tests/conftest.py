"""Fixtures that every test may use."""

import gzip
import os
import socket
import sys
from pathlib import Path

# Before numpy and torch are imported: small arrays are faster on one thread, and bits
# do not depend on the machine's number of cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# joblib's workers inherit sys.path: what they unpickle lives in a module on it.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))

import numpy as np
import pytest
from hypothesis import settings
from threadpoolctl import threadpool_info

collect_ignore = ["data/store.py"]  # made the stored model, once

settings.register_profile(
    "skmultimodal", deadline=None, database=None, derandomize=True, max_examples=100
)
settings.load_profile("skmultimodal")


def refuse_other_machines(connect):
    """A ``socket.connect`` that knows this machine only."""

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else None
        here = host in (None, "localhost", "::1") or str(host).startswith("127.")
        if not here:
            raise AssertionError(f"a test connects to {host}")
        return connect(self, address)

    return guarded


for _name in ("connect", "connect_ex"):
    _connect = getattr(socket.socket, _name)
    setattr(socket.socket, _name, refuse_other_machines(_connect))


def pytest_report_header():
    """Kernels of BLAS: what the last bits of a number, and stray flags, depend on."""
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    kernels = [f"{p['internal_api']} {p.get('architecture', '')}".strip() for p in blas]
    return f"BLAS: {', '.join(kernels)}"


def pytest_runtest_setup(item):
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("torch finds no CUDA device")


def close_figures():
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def no_figures():
    """Pictures that tests and doctests leave open would be counted, and warned of."""
    close_figures()
    yield
    close_figures()


@pytest.fixture(scope="session", autouse=True)
def keras_home(tmp_path_factory):
    """Keras reads its settings from the user's home, and writes them there."""
    os.environ["KERAS_HOME"] = str(tmp_path_factory.mktemp("keras"))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def real_data():
    """Folder of real files, named by the environment variable SKMULTIMODAL_DATA."""
    folder = os.environ.get("SKMULTIMODAL_DATA")
    if not folder:
        pytest.skip("the environment variable SKMULTIMODAL_DATA is not set")
    if not Path(folder).is_dir():
        # Asked for, and lacking: a skip would hide it.
        pytest.fail(f"SKMULTIMODAL_DATA={folder} is no folder")
    return Path(folder)


@pytest.fixture
def blocks():
    """Eleven patients in the positional form; each modality is NaN for some."""
    from cohort_tools import make_blocks

    return make_blocks(11)


@pytest.fixture
def cohort(blocks):
    """The same patients as a Cohort, with ids and a covariate."""
    from cohort_tools import make_cohort

    return make_cohort(blocks)


@pytest.fixture
def write_gzip():
    """Write a text, compressed; returns its path."""

    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
        return path

    return write
