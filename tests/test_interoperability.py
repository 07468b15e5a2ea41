"""Blocks of other packages, by the packages themselves."""

import h5py
import numpy as np
import pandas as pd
import pytest
from cohort_tools import make_blocks, make_cohort
from sklearn.base import clone

from skmultimodal import (
    Cohort,
    GeneAutoencoderTransformer,
    ImageTowerClassifier,
    TwinTowerClassifier,
)
from skmultimodal.utils._mudata import without_pulling

zarr = pytest.importorskip("zarr")
mudata = pytest.importorskip("mudata")
# mudata 0.3 and anndata 0.12 use what pandas 3 has deprecated.
in_mudata = pytest.mark.filterwarnings("ignore:.*:Warning:(mudata|anndata)")
N, N_GENES = 58, 13


@pytest.fixture
def arrays(rng):
    y = np.arange(N) % 2
    image = rng.normal(50, 9, size=(N, 3, 12, 10)).astype(np.float32)
    image[:, 0, :6] += 30 * y[:, None, None]
    gene = rng.normal(size=(N, N_GENES)).astype(np.float32) + y[:, None]
    return image, gene, y


def write(kind, array, path):
    """The same rows in a file, in small chunks that cut across batches."""
    if kind == "memmap":
        rows = np.memmap(path, array.dtype, "w+", shape=array.shape)
        rows[:] = array
        rows.flush()
        return np.memmap(path, array.dtype, "r", shape=array.shape)
    if kind == "h5py":
        chunks = (7, *array.shape[1:])
        with h5py.File(path, "w") as file:
            file.create_dataset("rows", data=array, chunks=chunks)
        return h5py.File(path)["rows"]
    chunks = (7, *array.shape[1:])
    rows = zarr.create_array(
        path, shape=array.shape, dtype=array.dtype, chunks=chunks, overwrite=True
    )
    rows[:] = array
    return zarr.open_array(path, mode="r")


def make_model(memory=None):
    towers = [
        ("image", ImageTowerClassifier(max_epochs=4)),
        ("gene", GeneAutoencoderTransformer(max_epochs=4)),
    ]
    return TwinTowerClassifier(towers, tower_cv=2, memory=memory, random_state=0)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("kind", ["memmap", "h5py", "zarr"])
@pytest.mark.filterwarnings("ignore:.*training did nothing")
def test_lazy_blocks_train_as_arrays_do(kind, kept, arrays, tmp_path, monkeypatch):
    if not kept:
        for module in ("_prepared", "_gene_base"):
            monkeypatch.setattr(f"skmultimodal.towers.{module}.KEPT_BYTES", 0)
    image, gene, y = arrays
    ids = [f"p{i}" for i in range(N)]
    rows = {"image": slice(0, 43), "gene": slice(17, 58)}
    blocks = {"image": image, "gene": gene}
    lazy = {n: write(kind, b[rows[n]], tmp_path / n) for n, b in blocks.items()}
    on_disk = Cohort({n: (ids[rows[n]], b) for n, b in lazy.items()})
    in_memory = Cohort({n: (ids[rows[n]], b[rows[n]]) for n, b in blocks.items()})
    memory = tmp_path / "memory"
    model = make_model(memory).fit(on_disk, y)
    expected = clone(model).set_params(memory=None).fit(in_memory, y)
    shuffled = np.random.default_rng(1).permutation(N)
    np.testing.assert_allclose(
        model.predict_proba(on_disk[shuffled]),
        expected.predict_proba(in_memory[shuffled]),
        atol=1e-5,
    )


@in_mudata
@pytest.mark.parametrize("form", ["positional", "pair"])
def test_mudata_and_back(form):
    X = make_cohort(make_blocks(11), form)
    X = X[(X.patterns != "none")]
    back = Cohort.from_mudata(X.to_mudata())
    assert sorted(back.index) == sorted(X.index)
    X = X[X.index.get_indexer(back.index)]  # MuData has an order of its own
    assert back.modalities == X.modalities
    pd.testing.assert_frame_equal(back.available, X.available)
    assert back.metadata["age"].tolist() == X.metadata["age"].tolist()
    for name in X.modalities:
        np.testing.assert_array_equal(back.block(name), X.block(name))
    assert back.feature_names("gene") == [f"gene{i}" for i in range(5)]


@in_mudata
def test_a_cohort_from_mudata_of_its_own_making(rng):
    import anndata
    from scipy.sparse import csr_matrix

    rna = anndata.AnnData(
        csr_matrix(rng.poisson(1, size=(9, 6)).astype(np.float32)),
        pd.DataFrame({"batch": list("aabbccdde")}, index=[f"p{i}" for i in range(9)]),
        pd.DataFrame(index=[f"g{i}" for i in range(6)]),
    )
    protein = anndata.AnnData(
        rng.normal(size=(5, 4)).astype(np.float32),
        pd.DataFrame(index=["p8", "p2", "p11", "p0", "p12"]),
        pd.DataFrame(index=[f"q{i}" for i in range(4)]),
    )
    with without_pulling(mudata):
        X = Cohort.from_mudata(mudata.MuData({"rna": rna, "protein": protein}))
    assert X.shape == (11, 2)
    assert X.summary().to_dict() == {"rna": 6, "protein": 2, "rna+protein": 3}
    assert X.feature_names("rna") == [f"g{i}" for i in range(6)]
    for name, part in {"rna": rna, "protein": protein}.items():
        rows = pd.DataFrame(np.asarray(X.block(name)), index=X.index[X.has(name)])
        dense = part.X.toarray() if name == "rna" else part.X
        np.testing.assert_array_equal(rows.loc[part.obs_names], dense)


@in_mudata
@pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")
def test_mudata_through_a_file(tmp_path):
    X = make_cohort(make_blocks(11))
    X = X[X.patterns != "none"]
    # anndata 0.12 writes no Arrow strings, which pandas 3 makes of all strings.
    with pd.option_context("future.infer_string", False):
        X.to_mudata().write(tmp_path / "cohort.h5mu")
    back = Cohort.from_mudata(mudata.read(tmp_path / "cohort.h5mu"))
    X = X[X.index.get_indexer(back.index)]
    for name in X.modalities:
        np.testing.assert_array_equal(back.block(name), X.block(name))


@in_mudata
def test_mudata_holds_a_patient_once():
    X = make_cohort(make_blocks(11))
    with pytest.raises(ValueError, match="patient 'p03' has two rows"):
        X[[3, 4, 3]].to_mudata()


@in_mudata
def test_mudata_of_shared_variables_is_refused(rng):
    import anndata

    parts = {
        name: anndata.AnnData(rng.normal(size=(n, 4)).astype(np.float32))
        for name, n in {"a": 3, "b": 5}.items()
    }
    with without_pulling(mudata):
        mdata = mudata.MuData(parts, axis=1)
    with pytest.raises(ValueError, match=r"axis=1.*patients"):
        Cohort.from_mudata(mdata)


def test_without_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "mudata", None)
    with pytest.raises(ImportError, match=r"skmultimodal\[omics\]"):
        make_cohort(make_blocks(11)).to_mudata()
