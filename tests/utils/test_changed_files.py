"""Lazy blocks whose file is gone or cut since they were opened."""

import shutil

import h5py
import numpy as np
import pytest

from skmultimodal import Cohort, GeneAutoencoderTransformer
from skmultimodal.utils._rows import RowView, take_rows

ROWS = np.arange(300, dtype=np.float32).reshape(60, 5)


@pytest.fixture
def memmap(tmp_path):
    np.save(tmp_path / "genes.npy", ROWS)
    return np.load(tmp_path / "genes.npy", mmap_mode="r")


def test_a_memmap_that_was_cut(memmap, tmp_path):
    path = tmp_path / "genes.npy"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(OSError, match=r"genes\.npy has 700 bytes; it had 1328"):
        take_rows(memmap, np.array([1, 50]))
    # A part of it names the same file.
    with pytest.raises(OSError, match=r"genes\.npy has 700 bytes"):
        take_rows(memmap[10:20], np.array([1]))


def test_a_memmap_that_is_gone(memmap, tmp_path):
    (tmp_path / "genes.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"genes\.npy.*is gone"):
        take_rows(RowView(memmap, np.arange(9)), np.array([3]))


def test_a_memmap_that_grew_is_read(memmap, tmp_path):
    with (tmp_path / "genes.npy").open("ab") as file:
        file.write(b"more")
    np.testing.assert_array_equal(take_rows(memmap, np.array([7, 3])), ROWS[[7, 3]])


def test_a_zarr_folder_that_is_gone_does_not_read_as_zeros(tmp_path):
    zarr = pytest.importorskip("zarr")
    path = tmp_path / "genes.zarr"
    zarr.create_array(path, data=ROWS, chunks=(7, 5))
    block = zarr.open_array(path, mode="r")
    np.testing.assert_array_equal(take_rows(block, np.array([7, 3])), ROWS[[7, 3]])
    shutil.rmtree(path)
    with pytest.raises(FileNotFoundError, match=r"genes\.zarr.*is gone"):
        take_rows(block, np.array([7, 3]))


def test_an_open_h5_file_survives_its_name(tmp_path):
    with h5py.File(tmp_path / "genes.h5", "w") as file:
        file["rows"] = ROWS
    block = h5py.File(tmp_path / "genes.h5")["rows"]
    (tmp_path / "genes.h5").unlink()
    np.testing.assert_array_equal(take_rows(block, np.array([7, 3])), ROWS[[7, 3]])


def test_a_fit_says_so(memmap, tmp_path):
    X = Cohort({"gene": memmap})
    (tmp_path / "genes.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"genes\.npy.*is gone"):
        GeneAutoencoderTransformer(max_epochs=1).fit(X.block("gene"))
