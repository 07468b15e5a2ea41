"""Content keys: the same for the same rows, another for others."""

import gc
import os
import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from cohort_tools import RecordingBlock

from skmultimodal.utils import _digest
from skmultimodal.utils._digest import block_key
from skmultimodal.utils._rows import RowView

DTYPES = [
    "float64",
    "float32",
    "float16",
    "int64",
    "uint8",
    "bool",
    ">f4",
    ">i2",
    "complex64",
    "longdouble",
    "<U5",
    "S3",
    "datetime64[s]",
    "object",
]


def rows_of(dtype):
    if dtype == "datetime64[s]":
        return np.arange(12).reshape(4, 3).astype(dtype)
    return np.arange(12).reshape(4, 3).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_has_a_key(dtype):
    rows = rows_of(dtype)
    key = block_key(rows, False)
    assert isinstance(key, str)
    assert block_key(rows.copy(), False) == key
    changed = rows.copy()
    changed[2, 1] = changed[0, 0]
    assert block_key(changed, False) != key
    assert block_key(rows[::-1], False) != key


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (1, 1), (2, 3, 4, 5)])
def test_every_shape_has_a_key(shape):
    rows = np.zeros(shape)
    assert block_key(rows, False) == block_key(np.zeros(shape), False)


def test_shape_and_dtype_are_part_of_it():
    rows = np.zeros((4, 6))
    others = [
        np.zeros((6, 4)),
        np.zeros((4, 6, 1)),
        np.zeros((4, 5)),
        np.zeros((4, 6), np.int64),
        np.zeros((4, 12), np.float32),
    ]
    keys = {block_key(other, False) for other in (rows, *others)}
    assert len(keys) == 6


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2]]
)
def test_layout_is_not_part_of_it(layout, rng):
    rows = rng.normal(size=(5, 7))
    assert block_key(layout(rows), False) == block_key(rows, False)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 23], [12, 3]),
        (["a", "bc"], ["ab", "c"]),
        (["1", 2], [1, "2"]),
        ([1, None], [1, np.nan]),
        ([True, 1], [1, True]),
        ([1.0, 2], [1, 2.0]),
    ],
    ids=str,
)
def test_cells_that_look_alike(first, second):
    keys = {block_key(np.array([row], dtype=object), False) for row in (first, second)}
    assert len(keys) == 2


def test_objects_are_keyed_by_value():
    """Equal cells have one key, be they one object or several, here or elsewhere."""
    cells = np.array([["ill", 1.5, None], ["well", 2, pd.NA]], dtype=object)
    copy = pickle.loads(pickle.dumps(cells))
    copy[0, 0] = "".join(["i", "ll"])
    assert block_key(copy, False) == block_key(cells, False)


def test_negative_zero_and_nan():
    """Bits count: what a tower may tell apart has another key."""
    assert block_key(np.array([[0.0]]), False) != block_key(np.array([[-0.0]]), False)
    nan = np.full((2, 3), np.nan)
    assert block_key(nan, False) == block_key(nan.copy(), False)


# Lazy blocks


def make_file(path, values, dtype="float32", changed_at=10**18):
    file = np.memmap(path, dtype, "w+", shape=values.shape)
    file[:] = values
    file.flush()
    os.utime(path, ns=(changed_at, changed_at))
    return np.memmap(path, dtype, "r", shape=values.shape)


def test_file_is_keyed_by_name_and_times(tmp_path, rng):
    values = rng.normal(size=(6, 5))
    file = make_file(tmp_path / "a.bin", values)
    key = block_key(file, True)
    assert block_key(np.memmap(tmp_path / "a.bin", "float32", "r"), True) != key
    again = np.memmap(tmp_path / "a.bin", "float32", "r", shape=(6, 5))
    assert block_key(again, True) == key
    later = make_file(tmp_path / "a.bin", values, changed_at=10**18 + 1)
    other = make_file(tmp_path / "b.bin", values)
    assert len({key, block_key(later, True), block_key(other, True)}) == 3


def test_another_file_of_the_same_time_and_size(tmp_path, rng):
    """As cp -p, rsync -t and tar leave it."""
    key = block_key(make_file(tmp_path / "a.bin", rng.normal(size=(6, 5))), True)
    other = make_file(tmp_path / "b.bin", rng.normal(size=(6, 5)))
    os.replace(tmp_path / "b.bin", tmp_path / "a.bin")
    assert os.stat(tmp_path / "a.bin").st_mtime_ns == 10**18
    moved = np.memmap(tmp_path / "a.bin", "float32", "r", shape=other.shape)
    assert block_key(moved, True) != key


@pytest.mark.parametrize("mode", ["r+", "c"])
def test_a_memmap_that_can_be_written_to_is_keyed_by_content(tmp_path, rng, mode):
    make_file(tmp_path / "a.bin", rng.normal(size=(6, 5)))
    file = np.memmap(tmp_path / "a.bin", "float32", mode, shape=(6, 5))
    keys = [block_key(file, True), block_key(file[1:5], True)]
    for value in (1, 2, 3):
        file[2, 3] = value
        keys += [block_key(file, True), block_key(file[1:5], True)]
    assert len(set(keys)) == 8
    assert block_key(file, True) == keys[-2]


def test_longer_file_of_the_same_time(tmp_path, rng):
    values = rng.normal(size=(6, 5))
    key = block_key(make_file(tmp_path / "a.bin", values), True)
    make_file(tmp_path / "a.bin", rng.normal(size=(9, 5)))
    part = np.memmap(tmp_path / "a.bin", "float32", "r", shape=(6, 5))
    assert block_key(part, True) != key


def test_file_is_found_by_any_path(tmp_path, monkeypatch, rng):
    values = rng.normal(size=(6, 5))
    key = block_key(make_file(tmp_path / "a.bin", values), True)
    (tmp_path / "link.bin").symlink_to(tmp_path / "a.bin")
    linked = np.memmap(tmp_path / "link.bin", "float32", "r", shape=(6, 5))
    assert block_key(linked, True) == key
    monkeypatch.chdir(tmp_path)
    relative = np.memmap("a.bin", "float32", "r", shape=(6, 5))
    assert block_key(relative, True) == key


@pytest.mark.parametrize(
    "part",
    [
        lambda f: f[5:],
        lambda f: f[:10:2],
        lambda f: f[1::2],
        lambda f: f[4::-1],
        lambda f: f[:5, ::-1],
        lambda f: f[:5].view("int32"),
    ],
    ids=["second half", "even", "odd", "backwards", "mirrored", "other type"],
)
def test_parts_of_a_file_differ(tmp_path, rng, part):
    file = make_file(tmp_path / "a.bin", rng.normal(size=(10, 5)))
    first, second = file[:5], part(file)
    assert first.shape == second.shape
    assert not np.array_equal(first, second)
    assert block_key(first, True) != block_key(second, True)


def test_offset_and_order_of_a_file(tmp_path, rng):
    make_file(tmp_path / "a.bin", rng.normal(size=(10, 5)))
    options = {"dtype": "float32", "mode": "r", "shape": (5, 5)}
    files = [
        np.memmap(tmp_path / "a.bin", offset=offset, order=order, **options)
        for offset in (0, 100)
        for order in "CF"
    ]
    keys = {block_key(file, True) for file in files}
    assert len(keys) == 4


def test_data_sets_of_one_hdf5_file(tmp_path):
    """h5py's data sets name their file and themselves."""
    (tmp_path / "a.h5").write_bytes(b"data")
    file = SimpleNamespace(filename=str(tmp_path / "a.h5"))

    def dataset(name):
        shape, dtype = (6, 5), np.dtype("float32")
        return SimpleNamespace(file=file, name=name, shape=shape, dtype=dtype)

    key = block_key(dataset("/t1"), True)
    assert block_key(dataset("/t1"), True) == key
    assert block_key(dataset("/t2"), True) != key


def test_block_with_a_key_of_its_own():
    rows = RecordingBlock(np.zeros((6, 5)))
    rows.cache_key = lambda: "series 7, version 3"
    assert block_key(rows, True) == "series 7, version 3"
    assert not rows.reads


def test_view_is_keyed_by_its_rows():
    rows = RecordingBlock(np.zeros((6, 5)))
    rows.cache_key = lambda: "key"
    views = [RowView(rows, np.array(p)) for p in ([0, 1], [1, 0], [0, 1, 1], [0, 2])]
    keys = {block_key(view, True) for view in views} | {block_key(rows, True)}
    assert len(keys) == 5
    again = RowView(rows, np.array([0, 1]))
    assert block_key(again, True) == block_key(views[0], True)
    assert not rows.reads


def test_block_without_a_source_is_refused():
    rows = RecordingBlock(np.zeros((6, 5)))
    with pytest.raises(ValueError, match=r"RecordingBlock.*cache_key\(\)"):
        block_key(rows, True)
    with pytest.raises(ValueError, match="RecordingBlock"):
        block_key(RowView(rows, np.array([1])), True)


def test_absent_file(tmp_path, rng):
    file = make_file(tmp_path / "a.bin", rng.normal(size=(6, 5)))
    (tmp_path / "a.bin").unlink()
    with pytest.raises(FileNotFoundError):
        block_key(file, True)


# Digests of large arrays are kept


def test_a_large_array_is_digested_once(monkeypatch, rng):
    rows = rng.normal(size=(300, 700))
    key = block_key(rows, False)
    monkeypatch.setattr(_digest, "_digest", lambda kind, content: "anew")
    assert block_key(rows, False) == key
    assert block_key(rows.copy(), False) == "anew"


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.__setitem__((123, 456), rows[123, 457]),
        lambda rows: rows.__setitem__([7, 8], rows[[8, 7]]),
        lambda rows: rows.view(np.uint8).__ixor__(np.uint8(1)),
        lambda rows: setattr(rows, "shape", (700, 300)),
    ],
    ids=["value", "order", "bits", "shape"],
)
def test_a_large_array_that_changes_has_another_key(change, rng):
    rows = rng.normal(size=(300, 700))
    key = block_key(rows, False)
    change(rows)
    changed = block_key(rows, False)
    assert changed != key
    assert changed == block_key(rows.copy(), False)


def test_a_digest_goes_with_its_array(rng):
    before = len(_digest._known)
    rows = rng.normal(size=(300, 700))
    block_key(rows, False)
    assert len(_digest._known) == before + 1
    del rows
    gc.collect()
    assert len(_digest._known) == before
