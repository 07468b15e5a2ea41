"""Bags in files: what is read of them, and which files are refused."""

import pickle
import sys

import numpy as np
import pytest
from bag_tools import WRITERS, patient_ids, write_bags, write_h5
from tower_tools import make_bags

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import BagFiles, read_bags
from skmultimodal.utils._rows import RowView, is_lazy

N_BAGS, WIDTH = 4, 5
BAGS = make_bags(np.arange(N_BAGS) % 2, n_features=WIDTH)


def assert_same(found, expected):
    assert len(found) == len(expected)
    for bag, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(bag, other)


@pytest.mark.parametrize("suffix", list(WRITERS))
def test_rows_are_the_files(suffix, tmp_path):
    write_bags(tmp_path, BAGS, suffix)
    ids, block = read_bags(tmp_path)
    assert ids == block.ids == patient_ids(N_BAGS)
    assert is_lazy(block)
    assert block.shape == (N_BAGS,)
    assert block.n_features == WIDTH
    assert block.counts.tolist() == [len(bag) for bag in BAGS]
    assert_same(block[:], BAGS)
    assert_same(block[[2, 0]], BAGS[[2, 0]])
    np.testing.assert_array_equal(block[-1], BAGS[3])
    assert_same(pickle.loads(pickle.dumps(block))[:], BAGS)


def test_a_view_of_rows_reads_only_these(tmp_path):
    files = write_bags(tmp_path, BAGS)
    _, block = read_bags(tmp_path)
    files["P01"].unlink()
    view = RowView(block, np.array([3, 0, 3]))
    assert_same(view[:], BAGS[[3, 0, 3]])
    with pytest.raises(FileNotFoundError, match=r"P01\.npy.* is absent"):
        block[1]


def test_bags_of_equal_size_stay_bags(tmp_path):
    write_bags(tmp_path, np.ones((3, 6, WIDTH)))
    rows = read_bags(tmp_path)[1][:]
    assert rows.shape == (3,)
    assert rows[2].shape == (6, WIDTH)


@pytest.mark.parametrize("as_dict", [False, True])
def test_slides_of_one_patient_are_one_bag(as_dict, tmp_path):
    names = {"B-2": "B", "A-1": "A", "B-1": "B"}
    for name, bag in zip(names, BAGS[:3], strict=True):
        write_h5(tmp_path / f"{name}.h5", bag)
    patient_of = names if as_dict else lambda name: name[0]
    ids, block = read_bags(tmp_path, patient_of=patient_of)
    assert ids == ["A", "B"]
    assert_same(block[:], [BAGS[1], np.concatenate([BAGS[2], BAGS[0]])])
    assert block.coords("B").shape == (len(block[1]), 2)


def test_dataset_of_another_name(tmp_path):
    write_h5(tmp_path / "P1.h5", BAGS[0], key="embeddings", coords=False)
    with pytest.raises(ValueError, match=r"P1\.h5 has no dataset 'features', but"):
        read_bags(tmp_path)
    ids, block = read_bags(tmp_path, key="embeddings")
    np.testing.assert_array_equal(block[0], BAGS[0])
    with pytest.raises(ValueError, match="no dataset 'coords'"):
        block.coords(ids[0])


def test_coords_are_those_of_the_file(tmp_path):
    write_bags(tmp_path, BAGS[:1], ".h5")
    np.save(tmp_path / "P07.npy", BAGS[1])
    _, block = read_bags(tmp_path)
    np.testing.assert_array_equal(block.coords("P00")[1], [512, 768])
    with pytest.raises(ValueError, match=r"P07\.npy has features only"):
        block.coords("P07")
    with pytest.raises(KeyError, match="no bag of patient 'X'"):
        block.coords("X")


@pytest.mark.parametrize(
    ("bag", "message"),
    [
        (np.ones((0, WIDTH)), "P01.* is empty"),
        (np.ones((3, WIDTH + 2)), f"P01.* has vectors of {WIDTH + 2} features, not"),
        (np.ones(WIDTH), "P01.* is 1-D, no array"),
        (np.full((2, WIDTH), "a"), "P01.* no numbers"),
    ],
)
def test_bag_that_is_none(bag, message, tmp_path):
    write_bags(tmp_path, [BAGS[0], bag])
    with pytest.raises(ValueError, match=message):
        read_bags(tmp_path)


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
def test_damaged_file_is_named(suffix, tmp_path):
    (tmp_path / f"P1{suffix}").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=rf"P1\{suffix} cannot be read"):
        read_bags(tmp_path)


def test_file_that_changed_is_named(tmp_path):
    files = write_bags(tmp_path, BAGS)
    _, block = read_bags(tmp_path)
    key = block.cache_key()
    np.save(files["P02"], np.ones((11, WIDTH)))
    with pytest.raises(ValueError, match=r"patient 'P02' .*P02.npy.* \(11, 5\)"):
        block[2]
    assert block.cache_key() != key


def test_folders_without_bags(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent is no folder"):
        read_bags(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="it is empty"):
        read_bags(tmp_path)
    (tmp_path / "P1.pt").touch()
    with pytest.raises(FileNotFoundError, match=r"no file of a bag.*'P1\.pt'"):
        read_bags(tmp_path)
    with pytest.raises(ValueError, match=r"P1\.pt is no file of a bag"):
        BagFiles({"P1": tmp_path / "P1.pt"})
    with pytest.raises(ValueError, match="at least one patient"):
        BagFiles({})


def test_other_files_are_named(tmp_path):
    write_bags(tmp_path, BAGS)
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden").touch()
    with pytest.warns(ReadWarning, match=r"'notes\.txt'.* not read"):
        ids, _ = read_bags(tmp_path)
    assert len(ids) == N_BAGS


def test_names_that_do_not_tell_patients_apart(tmp_path):
    write_bags(tmp_path, BAGS)
    with pytest.raises(ValueError, match=r"no patient for 3 files \('P01'"):
        read_bags(tmp_path, patient_of={"P00": "A"})
    write_bags(tmp_path, BAGS[:1], ".h5")
    with pytest.raises(ValueError, match=r"P00\.npy are two files of one name"):
        read_bags(tmp_path)


@pytest.mark.parametrize(("suffix", "module"), [(".h5", "h5py"), (".zarr", "zarr")])
def test_without_the_extra(suffix, module, tmp_path, monkeypatch):
    write_bags(tmp_path, BAGS, suffix)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"{module} .*skmultimodal\[bags\]"):
        read_bags(tmp_path)
