"""Cohorts of MuData and AnnData: in memory, backed, and by their path."""

import anndata
import h5py
import mudata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from skmultimodal import Cohort, TwinTowerClassifier
from skmultimodal.model_selection import PatternStratifiedKFold, audit_shortcuts
from skmultimodal.report import predictions_to_obs
from skmultimodal.utils._mudata import without_pulling

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*:Warning:(mudata|anndata)"),
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
    pytest.mark.filterwarnings("ignore:(Variable|Observation) names are not unique"),
]
N_RNA, N_METH, N_BOTH, N_GENES, N_SITES = 40, 31, 13, 29, 23


def make_mudata(rng, layout="csr"):
    """Of sparse counts with a layer and an embedding, and methylation with blanks."""
    ids = np.array([f"p{i}" for i in range(N_RNA + N_METH - N_BOTH)], dtype=object)
    label = rng.integers(0, 2, len(ids))
    counts = rng.poisson(0.7, (N_RNA, N_GENES)) + 3 * label[:N_RNA, None]
    matrix = getattr(scipy.sparse, f"{layout}_matrix")(counts.astype(np.float32))
    rna = anndata.AnnData(
        matrix,
        pd.DataFrame({"depth": counts.sum(axis=1)}, index=ids[:N_RNA]),
        pd.DataFrame(index=pd.Index([f"g{i}" for i in range(N_GENES)], dtype=object)),
    )
    rna.layers["log1p"] = matrix.log1p()
    rna.obsm["X_pca"] = rng.normal(size=(N_RNA, 3)).astype(np.float32)
    beta = rng.beta(2, 5, (N_METH, N_SITES)).astype(np.float32)
    beta[rng.random(beta.shape) < 0.1] = np.nan
    meth = anndata.AnnData(
        beta,
        pd.DataFrame(index=ids[-N_METH:]),
        pd.DataFrame(index=pd.Index([f"cg{i}" for i in range(N_SITES)], dtype=object)),
    )
    with without_pulling(mudata):
        mdata = mudata.MuData({"rna": rna, "meth": meth})
    words = pd.Series(np.array(["no", "yes"], dtype=object)[label], ids)
    words[ids[::9]] = None
    mdata.obs["response"] = pd.Categorical(words.loc[mdata.obs_names])
    mdata.obs["age"] = np.arange(len(ids)) + 40.0
    mdata.obs["site"] = np.arange(len(ids)) % 3
    return mdata


@pytest.fixture
def mdata(rng):
    with pd.option_context("future.infer_string", False):
        return make_mudata(rng)


@pytest.fixture(params=["memory", "backed", "path", "csc by path", "zarr"])
def source(request, mdata, rng, tmp_path):
    """The same MuData from each source."""
    if request.param == "memory":
        return mdata
    path = tmp_path / "cohort.h5mu"
    # anndata 0.12 writes no Arrow strings, which pandas 3 makes of all strings.
    with pd.option_context("future.infer_string", False):
        if request.param == "csc by path":
            rna = mdata.mod["rna"]
            rna.X = rna.X.tocsc()
        if request.param == "zarr":
            path = tmp_path / "cohort.zarr"
            mdata.write_zarr(path)
        else:
            mdata.write(path)
    return mudata.read_h5mu(path, backed=True) if request.param == "backed" else path


OPTIONS = {"layers": {"rna": "log1p"}, "obsm": {"pca": ("rna", "X_pca")}}


def test_every_source_gives_the_same_cohort(source, mdata):
    X, y = Cohort.from_mudata(source, **OPTIONS, label="response", columns=["age"])
    rna = mdata.mod["rna"]
    assert X.modalities == ["rna", "meth", "pca"]
    assert X.index.tolist() == mdata.obs_names.tolist()
    assert X.feature_names("rna") == rna.var_names.tolist()
    assert X.feature_names("meth") == [f"cg{i}" for i in range(N_SITES)]
    assert X.metadata.columns.tolist() == ["age"]
    assert X.metadata["age"].tolist() == mdata.obs["age"].tolist()
    assert y.index.equals(X.index)
    wanted = mdata.obs["response"].astype(object).tolist()
    assert y.tolist() == [None if pd.isna(label) else label for label in wanted]
    of = X.index[X.has("rna")]
    log1p = pd.DataFrame(rna.layers["log1p"].toarray(), rna.obs_names).loc[of]
    np.testing.assert_array_equal(X.block("rna"), log1p)
    pca = pd.DataFrame(rna.obsm["X_pca"], rna.obs_names).loc[of]
    np.testing.assert_array_equal(X.block("pca"), pca)
    meth = pd.DataFrame(mdata.mod["meth"].X, mdata.mod["meth"].obs_names)
    of = X.index[X.has("meth")]
    np.testing.assert_array_equal(X.block("meth"), meth.loc[of])


def test_plain_counts(source, mdata):
    X = Cohort.from_mudata(source)
    counts = pd.DataFrame(mdata.mod["rna"].X.toarray(), mdata.mod["rna"].obs_names)
    of = X.index[X.has("rna")]
    np.testing.assert_array_equal(X.block("rna"), counts.loc[of])
    own = [name for name in X.metadata if ":" not in name]  # mudata 0.3 copies others
    assert own == mdata.obs.columns.tolist()


def test_files_are_closed(mdata, tmp_path):
    with pd.option_context("future.infer_string", False):
        mdata.write(tmp_path / "cohort.h5mu")
        mdata.mod["rna"].write(tmp_path / "rna.h5ad")
    for name in ("cohort.h5mu", "rna.h5ad"):
        X = Cohort.from_mudata(tmp_path / name)
        X[:3].block("rna")[:]
        with h5py.File(tmp_path / name, "r+"):
            pass
    backed = anndata.read_h5ad(tmp_path / "rna.h5ad", backed="r")
    X = Cohort.from_mudata(backed)
    backed.file.close()
    assert X[:3].block("rna")[:].shape == (3, N_GENES)


@pytest.mark.parametrize("how", ["memory", "backed", "path"])
def test_anndata_alone(how, mdata, tmp_path):
    rna = mdata.mod["rna"]
    words = np.array([None, *["a", "b"] * 19, "a"], dtype=object)
    with pd.option_context("future.infer_string", False):
        rna.obs["response"] = pd.Categorical(words)
    data = rna
    if how != "memory":
        with pd.option_context("future.infer_string", False):
            rna.write(tmp_path / "rna.h5ad")
        data = tmp_path / "rna.h5ad"
    if how == "backed":
        data = anndata.read_h5ad(data, backed="r")
    X, y = Cohort.from_mudata(data, label="response")
    assert X.modalities == ["rna"]
    assert X.metadata.columns.tolist() == ["depth"]
    assert y.tolist()[:3] == [None, "a", "b"]
    np.testing.assert_array_equal(X.block("rna"), rna.X.toarray())
    named = Cohort.from_mudata(data, name="blood", layers={"blood": "log1p"})
    assert named.modalities == ["blood"]


@pytest.mark.parametrize(
    ("column", "labels"),
    [
        (pd.Categorical([1, 0, None, 1]), [1, 0, np.nan, 1]),
        (pd.Categorical([True, None, False, True]), [True, None, False, True]),
        (pd.Categorical(["a", None, "b", "a"]), ["a", None, "b", "a"]),
        ([0.0, np.nan, 1.0, 1.0], [0, np.nan, 1, 1]),
        ([2, 0, 1, 1], [2, 0, 1, 1]),
        (["a", None, "b", "a"], ["a", None, "b", "a"]),
        (pd.array([1, None, 0, 0], dtype="Int64"), [1, None, 0, 0]),
    ],
    ids=["numbers", "booleans", "words", "float", "int", "str", "Int64"],
)
def test_labels_that_are_unknown(column, labels):
    data = anndata.AnnData(np.ones((4, 2), dtype=np.float32))
    data.obs["response"] = column
    _, y = Cohort.from_mudata(data, label="response")
    assert [*map(pd.isna, y)] == [*map(pd.isna, labels)]
    assert y.dropna().tolist() == [label for label in labels if not pd.isna(label)]


def test_no_copy_of_the_label_stays(mdata):
    mdata.mod["rna"].obs["response"] = "yes"
    mdata.obs["rna:response"] = mdata.obs["response"]
    X, _ = Cohort.from_mudata(mdata, label="response")
    assert X.metadata.columns.tolist() == ["age", "site"]
    assert Cohort.from_mudata(mdata, columns=[]).metadata is None


def test_the_audit_does_not_find_the_label(mdata):
    X, y = Cohort.from_mudata(mdata, label="response")
    cv = PatternStratifiedKFold(3, random_state=0)
    audit = audit_shortcuts(X, y, cv=cv, random_state=0)
    assert set(audit["source"]) == {"modalities present", "age", "site", "all columns"}
    assert audit["roc_auc"].max() < 0.95


def test_what_is_refused(mdata):
    rna, meth = mdata.mod["rna"], mdata.mod["meth"]
    meth.obs["plate"] = 1
    for options, message in (
        ({"layers": {"rna": "z"}}, "'rna' has no layer 'z', but 'log1p'"),
        ({"layers": {"dna": "z"}}, "the modality 'dna'; there is 'rna', "),
        ({"obsm": {"z": ("meth", "X")}}, "'meth' has no array 'X' for 'z'"),
        ({"obsm": {"rna": ("rna", "X_pca")}}, "'rna' already: choose"),
        ({"label": "y"}, "label: obs has no column 'y'; it has 'response'"),
        ({"label": "plate"}, r"'meth' has: mdata.pull_obs\('plate'\)"),
        ({"columns": ["y"]}, "columns: obs has no column 'y'"),
        ({"label": "age", "columns": ["age"]}, "'age' is the label"),
    ):
        with pytest.raises(ValueError, match=message):
            Cohort.from_mudata(mdata, **options)
    with pytest.raises(TypeError, match="columns is a list of columns of obs"):
        Cohort.from_mudata(mdata, columns="age")
    with pytest.raises(TypeError, match="takes a MuData, an AnnData or the path"):
        Cohort.from_mudata({"rna": rna})
    with pytest.raises(TypeError, match="'blood' is of type AnnData: Cohort"):
        Cohort({"blood": rna})
    layers = {"log1p": rna.layers["log1p"]}
    with pytest.raises(ValueError, match="'rna' has no X: name one of its layers"):
        Cohort.from_mudata(anndata.AnnData(obs=rna.obs, layers=layers))


@pytest.mark.parametrize("how", ["memory", "backed", "path"])
def test_equal_names_of_variables_are_refused(how, mdata, tmp_path):
    data = mdata.mod["rna"]
    with pd.option_context("future.infer_string", False):
        names = np.array([*["TBCE"] * 2, *data.var_names[2:]], dtype=object)
        data.var_names = names
        if how != "memory":
            data.write(tmp_path / "rna.h5ad")
            data = tmp_path / "rna.h5ad"
    if how == "backed":
        data = anndata.read_h5ad(data, backed="r")
    with pytest.raises(ValueError, match=r"'rna' has 1 .* 'TBCE'.*names_make_unique"):
        Cohort.from_mudata(data)
    if how != "path":
        data.var_names_make_unique()
        X = Cohort.from_mudata(data)
        assert X.feature_names("rna")[:2] == ["TBCE", "TBCE-1"]


def test_a_part_of_a_backed_file_is_refused(mdata, tmp_path):
    with pd.option_context("future.infer_string", False):
        mdata.write(tmp_path / "cohort.h5mu")
    backed = mudata.read_h5mu(tmp_path / "cohort.h5mu", backed=True)
    with pytest.raises(ValueError, match=r"'rna' is a part of a backed.*of the whole"):
        Cohort.from_mudata(backed[:9])


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("absent.h5mu", FileNotFoundError, r"absent\.h5mu: no such file"),
        ("text.h5mu", ValueError, r"text\.h5mu is no h5ad or h5mu file, or is dam"),
    ],
)
def test_a_path_of_no_file(path, error, message, tmp_path):
    (tmp_path / "text.h5mu").write_text("genes")
    with pytest.raises(error, match=message):
        Cohort.from_mudata(str(tmp_path / path))


def test_sparse_modalities_go_back_sparse(mdata):
    back = Cohort.from_mudata(mdata, columns=["age"]).to_mudata()
    assert scipy.sparse.issparse(back.mod["rna"].X)
    rows = pd.DataFrame(back.mod["rna"].X.toarray(), back.mod["rna"].obs_names)
    wanted = pd.DataFrame(mdata.mod["rna"].X.toarray(), mdata.mod["rna"].obs_names)
    np.testing.assert_array_equal(rows.loc[wanted.index], wanted)


@pytest.mark.parametrize("stored", [False, True])
def test_axes_of_images_are_kept(stored, tmp_path):
    rng = np.random.default_rng(2)
    images = {n: rng.normal(size=(7, 2, 5, 6)) for n in ("scan", "slide", "sketch")}
    axes = {"scan": ("LP", (0.5, 2.0)), "slide": "PS"}
    X = Cohort(images | {"gene": rng.normal(size=(7, 3))}, axes=axes)
    with pd.option_context("future.infer_string", False):
        made = X.to_mudata()
        if stored:
            made.write(tmp_path / "cohort.h5mu")
            made = tmp_path / "cohort.h5mu"
    back = Cohort.from_mudata(made)
    assert back.axes == X.axes
    np.testing.assert_array_equal(np.asarray(back.block("scan")), images["scan"])


@pytest.mark.filterwarnings("ignore:.*training did nothing")
@pytest.mark.filterwarnings("ignore:.*do not follow their labels")
def test_from_mudata_to_predictions_in_obs(mdata):
    """The default model takes modalities of any name, and answers by patient id."""
    X, y = Cohort.from_mudata(mdata, label="response")
    model = TwinTowerClassifier(tower_cv=2, random_state=0).fit(X, y)
    predictions_to_obs(mdata, model, X)
    p = pd.Series(model.predict_proba(X)[:, 1], X.index)
    pd.testing.assert_series_equal(
        mdata.obs["proba_yes"], p.loc[mdata.obs_names], check_names=False
    )
    assert mdata.obs.filter(like="contribution_").columns.tolist() == [
        "contribution_rna",
        "contribution_meth",
    ]
