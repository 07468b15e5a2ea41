"""Features that another model computed: every form gives the same ids and vectors."""

import gzip
import json
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import _stored, read_patient_features

IDS = ["007", "012", "1e3", "P4", "5.0"]
VALUES = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
FACTS = {"encoder": "E", "version": "1.0", "licence": "MIT"}


def write_csv(path, sep=","):
    lines = [sep.join(["patient", "a", "b", "c"])]
    lines += [
        sep.join([i, *map(repr, map(float, row))])
        for i, row in zip(IDS, VALUES, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")


def write_parquet(path, metadata=None):
    columns = {"patient": IDS, **dict(zip("abc", VALUES.T, strict=True))}
    pq.write_table(pa.table(columns, metadata=metadata), path)


def write_index(path):
    pd.DataFrame(VALUES, index=IDS, columns=list("abc")).to_parquet(path)


def write_vectors(path):
    table = pd.DataFrame({"patient": IDS, "site": [1, 1, 2, 2, 2]})
    table["embedding"] = list(VALUES)
    table.drop(columns="site").to_parquet(path)


def write_npy(path, ids=IDS, values=VALUES):
    np.save(path, values)
    path.with_suffix(".ids.txt").write_text("\n".join(ids))


def write_hdf5(path, **attributes):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["ids"], file["features"] = IDS, VALUES
        file.attrs.update(attributes)


def write_hdf5_by_patient(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for patient, row in zip(IDS, VALUES, strict=True):
            file[patient] = row


def write_objects(path, **parts):
    anndata = pytest.importorskip("anndata")
    data = anndata.AnnData(obs=pd.DataFrame(index=IDS), **parts)
    # It does not write text as pandas 3 stores it.
    data.obs.index = pd.Index(IDS, dtype=object)
    data.var.index = pd.Index(list("abc")[: data.n_vars], dtype=object)
    data.write_h5ad(path)


def write_anndata(path, **uns):
    write_objects(path, uns=uns, X=VALUES)


def write_obsm(path, keys=("X_model",)):
    write_objects(path, obsm=dict.fromkeys(keys, VALUES))


FORMS = {
    "csv": ("e.csv", write_csv),
    "tsv": ("e.TSV", lambda path: write_csv(path, "\t")),
    "parquet": ("e.parquet", write_parquet),
    "index of parquet": ("e.parquet", write_index),
    "vectors in parquet": ("e.parquet", write_vectors),
    "npy": ("Two Words.v1.npy", write_npy),
    "hdf5": ("e.h5", write_hdf5),
    "hdf5 by patient": ("e.h5", write_hdf5_by_patient),
    "anndata": ("e.h5ad", write_anndata),
    "obsm of anndata": ("e.h5ad", write_obsm),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_ids_and_vectors(form, packed, tmp_path):
    name, write = FORMS[form]
    path = tmp_path / name
    write(path)
    if packed:
        packed_path = tmp_path / f"{name}.gz"
        packed_path.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
        path = packed_path
    table = read_patient_features(path)
    assert sorted(table.index) == sorted(IDS)
    assert table.index.name == "patient"
    np.testing.assert_array_equal(table.loc[IDS], VALUES)
    assert set(table.dtypes) == {np.dtype("float32")}
    assert table.attrs["provenance"] == {}


def test_ids_stored_as_numbers_have_no_point(tmp_path):
    table = pd.DataFrame({"patient": [7.0, 12.0], "a": [1, 2], "b": [3, 4]})
    table.to_parquet(tmp_path / "e.parquet")
    assert read_patient_features(tmp_path / "e.parquet").index.tolist() == ["7", "12"]


def test_ids_of_an_array_may_have_a_heading(tmp_path):
    write_npy(tmp_path / "e.npy", ["Patient ID", *IDS])
    assert read_patient_features(tmp_path / "e.npy").index.tolist() == IDS


def test_missing_words_and_blank_cells(tmp_path):
    (tmp_path / "e.csv").write_text("id;a;b\n07;1,5;Unknown\n08;;2,5\n")
    table = read_patient_features(tmp_path / "e.csv")
    np.testing.assert_array_equal(table, [[1.5, np.nan], [np.nan, 2.5]])
    assert table.index.tolist() == ["07", "08"]
    assert any("Unknown" in note for note in table.attrs["notes"])


def test_a_row_of_vectors_may_be_missing(tmp_path):
    cells = pd.DataFrame({"patient": ["a", "b"], "v": [np.ones(3), None]})
    cells.to_parquet(tmp_path / "e.parquet")
    table = read_patient_features(tmp_path / "e.parquet")
    assert table.loc["b"].isna().all()
    assert table.columns.tolist() == ["v0", "v1", "v2"]


# Provenance


@pytest.mark.parametrize("form", ["parquet", "hdf5", "anndata"])
def test_provenance_of_the_file_and_beside_it(form, tmp_path):
    name, write = FORMS[form]
    own = {"encoder": "E", "License": "MIT", "other": "of no interest"}
    if form == "parquet":
        write(tmp_path / name, metadata=own)
    else:
        write(tmp_path / name, **own)
    found = read_patient_features(tmp_path / name).attrs["provenance"]
    assert found == {"encoder": "E", "licence": "MIT"}
    (tmp_path / "e.json").write_text(json.dumps({"version": 2, "licence": "MIT"}))
    found = read_patient_features(tmp_path / name).attrs["provenance"]
    assert found == {"encoder": "E", "version": "2", "licence": "MIT"}
    (tmp_path / "e.json").write_text(json.dumps({"encoder": "F"}))
    with pytest.raises(ValueError, match=r"e\.json: encoder is 'F', and 'E' in the"):
        read_patient_features(tmp_path / name)


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"encoder": ["a"]}', '{"encoder": null}']
)
def test_provenance_that_is_no_list_of_facts(text, tmp_path):
    write_csv(tmp_path / "e.csv")
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(ValueError, match=r"e\.json: "):
        read_patient_features(tmp_path / "e.csv")


# What is refused


def hdf5_of(**datasets):
    def write(path):
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name, values in datasets.items():
                file[name] = values

    return write


def text(content):
    return lambda path: path.write_text(content)


def vectors_of(*cells):
    table = pd.DataFrame({"patient": list("xyz")[: len(cells)], "v": list(cells)})
    return table.to_parquet


REFUSED = [
    ("e.csv", text("patient,a\nx,1\nx,2\n"), "1 duplicated patient ids"),
    ("e.csv", text("patient,a,b\nx,1,2\nNA,2,3\n"), "line 3: a row without a patient"),
    ("e.csv", text("patient,a\nx,1\ny,high\n"), "line 3: 'high' in column 'a'"),
    ("e.csv", text("patient,a\nx,1\ny,inf\n"), "infinite value|not a number"),
    ("e.csv", text("a,b\n0.5,1\n0.7,2\n"), "the first column holds fractions"),
    ("e.csv", text("patient,a\n"), "0 rows"),
    ("e.npy", lambda path: np.save(path, VALUES), r"without ids: .* e\.ids\.txt"),
    ("e.npy", lambda p: write_npy(p, IDS[:3]), "5 rows of features and 3 ids"),
    ("e.npy", lambda p: write_npy(p, values=VALUES[0]), r"got float32 of shape \(3,\)"),
    ("e.npy", lambda p: write_npy(p, values=VALUES > 0), "got bool of shape"),
    (
        "e.npy",
        lambda p: write_npy(p, values=VALUES.astype(object)),
        "no readable NumPy",
    ),
    ("e.h5", hdf5_of(features=VALUES, coords=VALUES), "it has coords, features"),
    ("e.h5", hdf5_of(ids=IDS), "it has ids"),
    ("e.h5", hdf5_of(ids=IDS[:2], x=VALUES), "5 rows of features and 2 ids"),
    ("e.h5", text("no HDF5"), "no readable HDF5 file"),
    ("e.h5ad", lambda path: write_obsm(path, ["a", "b"]), "obsm has a, b: keep one"),
    ("e.h5ad", write_hdf5, "AnnData"),
    ("e.parquet", vectors_of(np.ones(2), np.ones(3)), "row 1 has 3 numbers, that"),
    ("e.parquet", text("no parquet"), "no readable parquet file"),
    ("e.pt", text(""), "features are read from csv, tsv, npy, h5, h5ad, parquet"),
]


@pytest.mark.parametrize(("name", "write", "message"), REFUSED)
def test_what_is_refused(name, write, message, tmp_path):
    write(tmp_path / name)
    with pytest.raises(ValueError, match=message) as caught:
        read_patient_features(tmp_path / name)
    assert name in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"e\.csv: no such file"):
        read_patient_features(tmp_path / "e.csv")


def test_codes_for_missing_are_warned_of(tmp_path):
    (tmp_path / "e.csv").write_text("patient,a\nx,1\ny,2\nz,-999\n")
    with pytest.warns(ReadWarning, match="looks like a code|code for missing"):
        read_patient_features(tmp_path / "e.csv")


def test_an_absent_extra_is_named(tmp_path, monkeypatch):
    def absent(module, extra):
        raise ImportError(f"pip install 'skmultimodal[{extra}]'")

    write_hdf5(tmp_path / "e.h5")
    monkeypatch.setattr(_stored, "import_optional", absent)
    with pytest.raises(ImportError, match=r"skmultimodal\[omics\]"):
        read_patient_features(tmp_path / "e.h5")


def test_damage_is_an_error_that_names_the_file(tmp_path):
    """What a flip leaves readable is a table of numbers, whatever they are."""
    for name in ("npy", "hdf5", "parquet"):
        file, write = FORMS[name]
        path = tmp_path / file
        write(path)
        raw = path.read_bytes()
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        for _ in range(40):
            damaged = bytearray(raw)
            damaged[rng.integers(len(raw))] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged[: rng.choice([len(raw), len(raw) // 2])])
            refusal, table = "", None
            try:
                table = read_patient_features(path)
            except ValueError as error:
                refusal = str(error)
            assert file in refusal or table.shape[1] > 0
