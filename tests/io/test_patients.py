import io
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import NiftiBlock, patient_folders, read_patients, read_slices


@pytest.fixture
def folders(patient):
    names = ["TCGA-AA-0001", "TCGA-AA-0002", "TCGA-AA-0003"]
    return {name: patient(name) for name in names}


def test_threads_read_the_same(folders):
    read, failures = read_patients(folders, n_jobs=2, image_size=13)
    assert list(read) == list(folders)
    assert not failures
    for name, folder in folders.items():
        assert_array_equal(read[name].image, read_slices(folder, image_size=13).image)


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


def cut(raw):
    return raw[: len(raw) // 2]


def flip_a_bit(raw):
    return raw[:-400] + bytes([raw[-400] ^ 1]) + raw[-399:]


def other_facts(raw):
    stream = io.BytesIO()
    np.savez(stream, image=np.ones((1, 1, 8, 8)), facts=np.array("{}"))
    return stream.getvalue()


def other_image(raw):
    with np.load(io.BytesIO(raw)) as stored:
        facts = stored["facts"]
    stream = io.BytesIO()
    np.savez(stream, image=np.ones((1, 1, 8, 8)), facts=facts)
    return stream.getvalue()


@pytest.mark.parametrize(
    "spoil",
    [cut, flip_a_bit, other_facts, other_image, lambda _: b"", lambda _: b"PK broken"],
)
def test_a_damaged_cache_entry_costs_a_warning(folders, tmp_path, spoil):
    cache = tmp_path / "cache"
    first, _ = read_patients(folders, cache_dir=cache)
    entry = sorted(cache.iterdir())[0]
    entry.write_bytes(spoil(entry.read_bytes()))
    with pytest.warns(ReadWarning, match="1 damaged entries of the cache, such as "):
        again, failures = read_patients(folders, cache_dir=cache, on_error="drop")
    assert not failures
    for name in folders:
        assert_array_equal(first[name].image, again[name].image)
    read_patients(folders, cache_dir=cache)  # it was mended


def test_a_cache_that_cannot_be_written_costs_a_warning(folders, tmp_path):
    first, _ = read_patients(folders)
    cache = tmp_path / "file"
    cache.write_text("no folder")
    with pytest.warns(ReadWarning, match=r"3 patients could not be kept.* another cac"):
        again, failures = read_patients(folders, cache_dir=cache, on_error="drop")
    assert not failures
    for name in folders:
        assert_array_equal(first[name].image, again[name].image)


def test_a_full_disk_costs_a_warning(folders, tmp_path):
    """Files may have 2,000 bytes, as on a full disk; read in a process of its own."""
    cache = tmp_path / "cache"
    script = """
        import resource, sys, warnings
        from skmultimodal.io import patient_folders, read_patients

        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            read, failures = read_patients(
                patient_folders(sys.argv[1]), cache_dir=sys.argv[2], on_error="drop"
            )
        print(len(read), len(failures), len(caught), caught[0].message)
    """
    root = next(iter(folders.values())).parent
    command = [sys.executable, "-c", textwrap.dedent(script), str(root), str(cache)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith("3 0 1 "), done.stderr
    assert "3 patients could not be kept in the cache" in done.stdout
    assert list(cache.iterdir()) == []


def test_lazy_block(folders, tmp_path):
    block = NiftiBlock(folders, image_size=(12, 14), cache_dir=tmp_path / "cache")
    assert block.shape == (3, 5, 12, 14)
    assert block.dtype == np.float32
    assert (len(block), block.ndim) == (3, 4)
    dense, _ = read_patients(folders, image_size=(12, 14))
    stacked = np.concatenate([found.image for found in dense.values()])
    rows = np.array([2, 0, 2])
    assert_array_equal(block[rows], stacked[rows])
    assert_array_equal(block[np.array([True, False, True])], stacked[[0, 2]])
    assert_array_equal(block[1], stacked[1])
    assert_array_equal(block[:2], stacked[:2])
    key = block.cache_key()
    assert key == NiftiBlock(folders, image_size=(12, 14)).cache_key()
    assert key != NiftiBlock(folders, image_size=(12, 15)).cache_key()


def test_a_lazy_block_without_a_size_has_that_of_the_headers(folders):
    block = NiftiBlock(folders, image_size=None, spacing=(0.5, 2))
    assert block.shape == (3, 5, 18, 6)
    dense, _ = read_patients(folders, spacing=(0.5, 2))
    assert_array_equal(block[:], np.concatenate([p.image for p in dense.values()]))
    assert NiftiBlock({}, image_size=None, volumes=True).shape == (0, 0, 0, 0, 0)
    assert NiftiBlock({}).shape == (0, 0, 240, 240)


@pytest.mark.parametrize("with_cache", [False, True])
@pytest.mark.parametrize("alias", ["t1", "seg"])
@pytest.mark.parametrize("kind", ["a link that leads nowhere", "a pipe or a device"])
def test_a_scan_that_cannot_be_read_is_not_passed_over(
    folders, tmp_path, alias, kind, with_cache
):
    """Such as a link to content that was not fetched; a mask is no absent mask."""
    scan = folders["TCGA-AA-0002"] / f"TCGA-AA-0002_{alias}.nii.gz"
    scan.unlink()
    os.mkfifo(scan) if "pipe" in kind else scan.symlink_to("not fetched")
    options = {"cache_dir": tmp_path / "cache"} if with_cache else {}
    where = rf"patient TCGA-AA-0002: .*_{alias}\.nii\.gz: {kind}"
    with pytest.raises(ValueError, match=where):
        read_patients(folders, **options)
    read, failures = read_patients(folders, on_error="drop", **options)
    assert list(read) == ["TCGA-AA-0001", "TCGA-AA-0003"]
    assert scan.name in failures["TCGA-AA-0002"]


def test_a_patient_whose_scans_are_links_that_lead_nowhere_is_one(tmp_path):
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1" / "P1_t1.nii.gz").symlink_to("not fetched")
    assert patient_folders(tmp_path) == {"P1": tmp_path / "P1"}
