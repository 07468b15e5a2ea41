import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import NiftiBlock, read_patients, read_slices


@pytest.fixture
def folders(patient):
    names = ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"]
    return {name: patient(name) for name in names}


def test_threads_read_the_same(folders):
    read, failures = read_patients(folders, n_jobs=2, image_size=8)
    assert list(read) == list(folders)
    assert not failures
    for name, folder in folders.items():
        assert_array_equal(read[name].image, read_slices(folder, image_size=8).image)


def test_a_bad_patient_is_named_or_dropped(folders):
    (folders["TCGA-AA-0002"] / "TCGA-AA-0002_t2.nii.gz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"patient TCGA-AA-0002: .*_t2\.nii\.gz"):
        read_patients(folders)
    read, failures = read_patients(folders, on_error="drop")
    assert list(read) == ["TCGA-AA-0001", "TCGA-AA-0003"]
    assert "is empty" in failures["TCGA-AA-0002"]
    with pytest.raises(ValueError, match="on_error must be"):
        read_patients(folders, on_error="ignore")


def test_notes_are_warned_of_once(patient):
    folders = {n: patient(n, mask=None) for n in ("TCGA-AA-0001", "TCGA-AA-0002")}
    with pytest.warns(ReadWarning, match="and 1 more patients"):
        read_patients(folders)


def test_a_cache_may_be_shared_like_any_other_file(folders, tmp_path):
    cache, plain = tmp_path / "cache", tmp_path / "plain"
    read_patients(folders, cache_dir=cache)
    plain.touch()
    assert {p.stat().st_mode for p in cache.iterdir()} == {plain.stat().st_mode}


def test_cache_serves_until_a_file_changes(folders, tmp_path, write_nifti, monkeypatch):
    cache = tmp_path / "cache"
    first, _ = read_patients(folders, cache_dir=cache)
    assert len(list(cache.iterdir())) == 3

    def refuse(*args, **kwargs):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr("skmultimodal.io._patients.read_quietly", refuse)
        second, _ = read_patients(folders, cache_dir=cache)
    for name in folders:
        assert_array_equal(first[name].image, second[name].image)
        assert first[name].slices == second[name].slices
        assert first[name].mask_file == second[name].mask_file
    changed = folders["TCGA-AA-0002"] / "TCGA-AA-0002_t2.nii.gz"
    write_nifti(changed, np.full((9, 11, 7), 3, np.int16))
    os.utime(changed, ns=(1, 1))
    third, _ = read_patients(folders, cache_dir=cache)
    assert (third["TCGA-AA-0002"].image[:, 2] == 3).all()
    other, _ = read_patients(folders, cache_dir=cache, slice_choice="center")
    assert other["TCGA-AA-0001"].slices == (3,)


def damage_cut(entry):
    entry.write_bytes(entry.read_bytes()[:300])


def damage_bits(entry):
    content = bytearray(entry.read_bytes())
    for place in (200, len(content) // 2, -400):
        content[place] ^= 1
    entry.write_bytes(content)


def damage_facts(entry):
    np.savez(entry, image=np.ones((1, 1, 8, 8)), facts=np.array("{}"))


def damage_shape(entry):
    with np.load(entry) as stored:
        facts, image = stored["facts"], stored["image"]
    np.savez(entry, image=image[:, :1], facts=facts)


def damage_pickle(entry):
    np.savez(entry, image=np.array([{}], dtype=object), facts=np.array("{}"))


@pytest.mark.parametrize(
    "damage",
    [
        damage_cut,
        damage_bits,
        damage_facts,
        damage_shape,
        damage_pickle,
        lambda entry: entry.write_bytes(b""),
        lambda entry: entry.write_bytes(b"PK" + bytes(99)),
    ],
    ids=["cut", "bits", "facts", "shape", "pickle", "empty", "no archive"],
)
@pytest.mark.parametrize("on_error", ["raise", "drop"])
def test_a_damaged_cache_entry_is_read_again(folders, tmp_path, damage, on_error):
    cache = tmp_path / "cache"
    first, _ = read_patients(folders, cache_dir=cache)
    for entry in sorted(cache.iterdir())[:2]:
        damage(entry)
    with pytest.warns(ReadWarning, match="entries of 2 of 3 patients are damaged"):
        second, failures = read_patients(folders, cache_dir=cache, on_error=on_error)
    assert failures == {}
    for name in folders:
        assert_array_equal(first[name].image, second[name].image)
        assert first[name].channels == second[name].channels
    read_patients(folders, cache_dir=cache)  # mended: a warning would be an error


@pytest.mark.parametrize("on_error", ["raise", "drop"])
def test_a_cache_that_cannot_be_written_costs_no_patient(folders, tmp_path, on_error):
    (tmp_path / "file").write_text("no folder")
    for cache in (tmp_path / "file", tmp_path / "file" / "below"):
        told = r"file.*: entries of 3 of 3 patients are not written"
        with pytest.warns(ReadWarning, match=told):
            read, failures = read_patients(folders, cache_dir=cache, on_error=on_error)
        assert list(read) == list(folders)
        assert failures == {}
    assert (tmp_path / "file").read_text() == "no folder"


def test_a_full_disk_costs_no_patient(folders, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skmultimodal.io._patients.np.savez", full)
    cache = tmp_path / "cache"
    with pytest.warns(ReadWarning, match="No space left"):
        read, _ = read_patients(folders, cache_dir=cache, on_error="drop")
    assert list(read) == list(folders)
    assert list(cache.iterdir()) == []


def test_a_file_of_old_times_and_the_same_size(folders, tmp_path, write_nifti):
    """As rsync and tar leave it: its inode or the time of its change differs."""
    cache, name = tmp_path / "cache", "TCGA-AA-0002"
    read_patients(folders, cache_dir=cache)
    file = next(folders[name].glob("*_t2.nii.gz"))
    status, content = os.stat(file), file.read_bytes()
    other = file.with_name("other")
    other.write_bytes(content)
    os.replace(other, file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    read_patients(folders, cache_dir=cache)
    assert len(list(cache.iterdir())) == 4


def test_lazy_block(folders, tmp_path):
    block = NiftiBlock(folders, image_size=(8, 10), cache_dir=tmp_path / "cache")
    assert block.shape == (3, 5, 8, 10)
    assert block.dtype == np.float32
    assert (len(block), block.ndim) == (3, 4)
    dense, _ = read_patients(folders, image_size=(8, 10))
    stacked = np.concatenate([found.image for found in dense.values()])
    rows = np.array([2, 0, 2])
    assert_array_equal(block[rows], stacked[rows])
    assert_array_equal(block[np.array([True, False, True])], stacked[[0, 2]])
    assert_array_equal(block[1], stacked[1])
    assert_array_equal(block[:2], stacked[:2])
    key = block.cache_key()
    assert key == NiftiBlock(folders, image_size=(8, 10)).cache_key()
    assert key != NiftiBlock(folders, image_size=(8, 11)).cache_key()
