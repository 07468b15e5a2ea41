"""Rows of HDF5 files and zarr folders: pickled as places, keyed by their files."""

import os
import pickle

import h5py
import numpy as np
import pytest
import scipy.sparse
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import PairedStratifiedKFold
from skmultimodal.utils._digest import block_key
from skmultimodal.utils._stored import open_block

anndata = pytest.importorskip("anndata")
zarr = pytest.importorskip("zarr")
pytestmark = pytest.mark.filterwarnings("ignore:.*:Warning:(mudata|anndata)")
N, N_GENES = 47, 19
KINDS = ["h5py", "zarr", "csr in h5py", "csc in h5py", "csr in zarr", "csc in zarr"]


@pytest.fixture
def values(rng):
    rows = rng.poisson(0.6, size=(N, N_GENES)).astype(np.float32)
    rows[[4, 5, N - 1]] = 0  # rows without a stored value
    return rows + (rows > 0) * (np.arange(N) % 2)[:, None].astype(np.float32)


def open_file(kind, path, mode):
    if "zarr" in kind:
        return zarr.open_group(path, mode=mode)
    return h5py.File(path, mode)


def write(kind, values, path):
    rows = values
    for layout in ("csr", "csc"):
        if kind.startswith(layout):
            rows = getattr(scipy.sparse, f"{layout}_matrix")(values)
    root = open_file(kind, path, "w")
    anndata.io.write_elem(root, "X", rows)
    if "zarr" not in kind:
        root.close()


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def opened(kind, path):
    return open_block("rna", open_file(kind, path, "r")["X"])


def test_rows_are_read_from_the_file(kind, values, tmp_path):
    write(kind, values, tmp_path / "a")
    rows = opened(kind, tmp_path / "a")
    X = Cohort({"rna": rows})
    assert X.block_shape("rna") == (N, N_GENES)
    for key in ([3, 1, 1, N - 1], slice(4, 6), np.arange(N), slice(0, 0), [7]):
        np.testing.assert_array_equal(X[key].block("rna"), values[key])
    np.testing.assert_array_equal(rows[2], values[2])
    np.testing.assert_array_equal(rows[np.array([5, 2, 9])], values[[5, 2, 9]])


def test_rows_are_read_after_the_file_is_closed(values, tmp_path):
    write("h5py", values, tmp_path / "a")
    with h5py.File(tmp_path / "a", "r") as file:
        X = Cohort({"rna": file["X"]})
    np.testing.assert_array_equal(X.block("rna"), values)
    with h5py.File(tmp_path / "a", "r+"):
        pass  # nothing keeps it open


def test_rows_pickle_as_a_place(kind, values, tmp_path, monkeypatch):
    write(kind, values, tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    X = Cohort({"rna": opened(kind, "a")})
    X[:2].block("rna")[:]  # what is read is no part of it
    content = pickle.dumps(X)
    assert len(content) < 4000
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(pickle.loads(content).block("rna"), values)


def test_key_follows_place_and_content(kind, values, tmp_path):
    write(kind, values, tmp_path / "a")
    write(kind, values, tmp_path / "b")
    rows = opened(kind, tmp_path / "a")
    key = block_key(rows, True)
    assert block_key(opened(kind, tmp_path / "a"), True) == key
    assert block_key(pickle.loads(pickle.dumps(rows)), True) == key
    assert block_key(opened(kind, tmp_path / "b"), True) != key
    del rows
    write(kind, values + values, tmp_path / "a")
    assert block_key(opened(kind, tmp_path / "a"), True) != key


@pytest.mark.parametrize("kind", ["zarr", "csr in zarr"], indirect=True)
def test_key_of_zarr_changes_with_one_chunk(kind, values, tmp_path):
    write(kind, values, tmp_path / "a")
    rows = opened(kind, tmp_path / "a")
    key = block_key(rows, True)
    node = zarr.open(tmp_path / "a" / "X", mode="r+")
    node = node if kind == "zarr" else node["data"]
    node[3] = node[3] + 1
    assert block_key(rows, True) != key


def test_key_of_arrays_of_one_store(tmp_path, values):
    root = zarr.open_group(tmp_path / "a", mode="w")
    for name in "uv":
        root.create_array(name, shape=values.shape, dtype="f4", chunks=(7, 5))
        root[name][:] = values
    assert block_key(open_block("u", root["u"]), True) != block_key(
        open_block("v", root["v"]), True
    )


def test_key_of_stacked_rows(kind, values, tmp_path):
    write(kind, values, tmp_path / "a")
    write(kind, values, tmp_path / "b")
    X, Z = (Cohort({"rna": opened(kind, tmp_path / name)}) for name in "ab")
    Z = Cohort({"rna": (np.arange(N) + N, Z._block("rna").rows)})
    both = Cohort.concat([X, Z])
    np.testing.assert_array_equal(both[[2, N + 3]].block("rna"), values[[2, 3]])
    key = block_key(both._block("rna").rows, True)
    assert block_key(Cohort.concat([X, Z])._block("rna").rows, True) == key
    assert block_key(Cohort.concat([Z, X])._block("rna").rows, True) != key


def test_a_zarr_array_in_memory_is_keyed_by_content(values):
    array = zarr.array(values)
    key = block_key(open_block("rna", array), True)
    assert block_key(open_block("rna", zarr.array(values)), True) == key
    array[2, 3] += 1
    assert block_key(open_block("rna", array), True) != key


@pytest.mark.parametrize("kind", ["h5py", "csr in h5py"], indirect=True)
def test_a_file_that_has_changed_is_refused(kind, values, tmp_path):
    write(kind, values, tmp_path / "a")
    rows = opened(kind, tmp_path / "a")
    os.utime(tmp_path / "a", ns=(5, 5))
    with pytest.raises(OSError, match=r"a has changed since.*again"):
        rows[[1]]
    os.unlink(tmp_path / "a")
    with pytest.raises(FileNotFoundError, match=r"a, which a lazy block.*restore"):
        rows[[1]]


def test_a_file_that_can_be_written_to(values, tmp_path):
    write("h5py", values, tmp_path / "a")
    with h5py.File(tmp_path / "a", "r+") as file:
        X = Cohort({"rna": file["X"]})
        rows = X._block("rna").rows
        key = block_key(rows, True)
        file["X"][3, 2] += 1
        assert block_key(rows, True) != key
        assert X[3].block("rna")[:][0, 2] == values[3, 2] + 1
        with pytest.raises(TypeError, match=r"'/X' of .*a cannot be sent.*'r'"):
            pickle.dumps(X)


def test_a_group_that_is_no_matrix(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        group = file.create_group("things")
        with pytest.raises(TypeError, match="'rna' is a group of a file: give one of"):
            Cohort({"rna": group})


@pytest.mark.filterwarnings("ignore:.*do not follow their labels")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_fitted_with_workers_and_memory(kind, values, n_jobs, tmp_path):
    write(kind, values, tmp_path / "a")
    X, y = Cohort({"rna": opened(kind, tmp_path / "a")}), np.arange(N) % 2
    tower = make_pipeline(PCA(3, svd_solver="full"), LogisticRegression())
    model = TwinTowerClassifier([("rna", tower)], tower_cv=2, random_state=0)
    options = {
        "cv": PairedStratifiedKFold(2, random_state=0),
        "scoring": "neg_log_loss",
    }
    options |= {"error_score": "raise"}
    in_memory = Cohort({"rna": values})
    wanted = cross_validate(model, in_memory, y, **options)["test_score"]
    model.set_params(memory=tmp_path / "memory")
    for _ in range(2):
        found = cross_validate(model, X, y, n_jobs=n_jobs, **options)["test_score"]
        np.testing.assert_allclose(found, wanted, atol=1e-5)
