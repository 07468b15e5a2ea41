import gzip
import json
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skmultimodal.datasets.tcga import one_per_patient, read_expression
from skmultimodal.datasets.tcga._expression import find_expression

SUFFIX = ".rna_seq.augmented_star_gene_counts.tsv"
GENES = ["ENSG00000000003", "ENSG00000000005", "ENSG00000002586", "ENSG00000000419"]
HTSEQ = (
    "ENSG00000000003.13\t3992\nENSG00000000005.5\t7\nENSG00000002586.16\t5\n"
    "ENSGR0000002586.16\t0\nENSG00000000419.11\t1271\n__no_feature\t99\n"
    "__ambiguous\t9\n__too_low_aQual\t0\n__not_aligned\t0\n__alignment_not_unique\t1\n"
)


def open_text(path):
    """Plain text of a file, by other means than the reader's."""
    raw = path.read_bytes()
    return (zlib.decompress(raw, 47) if raw[:2] == b"\x1f\x8b" else raw).decode()


def count_genes(path):
    """Lines that are genes: no summary, no comment, no header, no PAR copy."""
    names = [line.split("\t")[0] for line in open_text(path).splitlines()]
    return sum(
        not name.startswith(("__", "N_", "#", "gene_id", "ENSGR"))
        and not name.endswith("_PAR_Y")
        for name in names
    )


def test_star(tmp_path, write_star):
    path = write_star(tmp_path / f"u1{SUFFIX}", scale=3)
    table = read_expression(path)
    assert table.shape == (1, 4)
    assert list(table.columns) == GENES
    assert table.index.tolist() == ["u1"]
    assert table.attrs["unit"] == "tpm"
    np.testing.assert_allclose(table.iloc[0], [0, 0.75, 1.5, 3], rtol=1e-6)
    counts = read_expression(path, quantity="counts")
    assert counts.iloc[0].tolist() == [0, 3, 6, 12]
    assert counts.to_numpy().dtype == np.int32
    stranded = read_expression(path, quantity="stranded_first")
    assert stranded.iloc[0].tolist() == [0, 1, 2, 4]


def test_log2_is_taken_once(tmp_path, write_star):
    path = write_star(tmp_path / f"u1{SUFFIX}", scale=3)
    logged = read_expression(path, log2=True)
    plain = read_expression(path)
    np.testing.assert_allclose(logged, np.log2(plain + 1), rtol=1e-6)
    assert logged.attrs["unit"] == "log2(tpm+1)"
    assert logged.attrs["log2"]
    assert not plain.attrs["log2"]
    xena = tmp_path / "TCGA-XX.star_tpm.tsv"
    xena.write_text(
        "Ensembl_ID\tTCGA-AA-0001-01A\tTCGA-AA-0002-01A\nENSG00000000003.15\t2.5\t0\n"
    )
    for log2 in (False, True):
        table = read_expression(xena, log2=log2)
        assert table.to_numpy().tolist() == [[2.5], [0]]
        assert table.attrs["unit"] == "log2(tpm+1)"


def test_linear_matrix_is_logged(tmp_path):
    path = tmp_path / "tpm.tsv"
    path.write_text("gene\tP1\tP2\nENSG00000000003\t255\t0\nENSG00000000005\t1\t3\n")
    table = read_expression(path, log2=True)
    np.testing.assert_allclose(table, [[8, 1], [0, 2]])


@pytest.mark.parametrize("compress", [True, False])
def test_htseq(tmp_path, compress):
    path = tmp_path / "u2.htseq.counts.gz"
    raw = HTSEQ.encode()
    path.write_bytes(gzip.compress(raw) if compress else raw)
    table = read_expression(path)
    assert table.iloc[0].to_dict() == dict(zip(GENES, (3992, 7, 5, 1271), strict=True))
    assert table.attrs["unit"] == "counts"


@pytest.mark.parametrize(("name", "unit"), [("FPKM", "fpkm"), ("FPKM-UQ", "fpkm_uq")])
def test_fpkm(tmp_path, write_gzip, name, unit):
    path = write_gzip(tmp_path / f"u.{name}.txt.gz", "FAKE.1\t1.5000\nFAKE.2\t0.0\n")
    table = read_expression(path)
    # A dot and a number end an Ensembl version only.
    assert list(table.columns) == ["FAKE.1", "FAKE.2"]
    assert table.attrs["unit"] == unit


@pytest.fixture
def download(tmp_path, write_star):
    """A folder as gdc-client leaves it, with sheet, logs and annotations."""
    rows = [
        ("f1", "u1", "TCGA-AA-0001", "TCGA-AA-0001-01A", "Primary Tumor"),
        ("f2", "u2", "TCGA-AA-0001", "TCGA-AA-0001-01B", "Primary Tumor"),
        ("f3", "u3", "TCGA-AA-0002", "TCGA-AA-0002-02A", "Recurrent Tumor"),
        ("f4", "u4", "TCGA-AA-0003", "TCGA-AA-0003-11A", "Solid Tissue Normal"),
    ]
    header = (
        "File ID\tFile Name\tData Category\tData Type\tProject ID\tCase ID\tSample ID\t"
        "Sample Type\n"
    )
    sheet = header
    for i, (folder, name, case, sample, kind) in enumerate(rows, 1):
        write_star(tmp_path / folder / f"{name}{SUFFIX}", scale=i)
        (tmp_path / folder / "logs").mkdir()
        (tmp_path / folder / "logs" / f"{name}{SUFFIX}.parcel").write_text("x")
        (tmp_path / folder / "annotations.txt").write_text("id\tnotes\n1\tx\n")
        sheet += f"{folder}\t{name}{SUFFIX}\ta\tb\tTCGA-GBM\t{case}\t{sample}\t{kind}\n"
    (tmp_path / "gdc_sample_sheet.2025.tsv").write_text(sheet)
    (tmp_path / "MANIFEST.txt").write_text("id\tfilename\tmd5\tsize\tstate\n")
    return tmp_path


def test_download_folder(download):
    assert len(find_expression(download)) == 4
    table = read_expression(download, n_jobs=2, quantity="counts")
    assert table.index.tolist() == [
        "TCGA-AA-0001-01A",
        "TCGA-AA-0001-01B",
        "TCGA-AA-0002-02A",
        "TCGA-AA-0003-11A",
    ]
    assert table["ENSG00000000419"].tolist() == [4, 8, 12, 16]


def test_metadata_gives_aliquots(download):
    records = [
        {
            "file_id": f"f{i}",
            "file_name": f"u{i}{SUFFIX}",
            "associated_entities": [
                {"entity_submitter_id": f"TCGA-AA-000{i}-01A-01R-1849-01"}
            ],
        }
        for i in range(1, 5)
    ]
    (download / "metadata.cart.2025.json").write_text(json.dumps(records))
    table = read_expression(download)
    assert table.index[2] == "TCGA-AA-0003-01A-01R-1849-01"


def test_one_per_patient(download):
    table = read_expression(download, quantity="counts")
    patients, choice = one_per_patient(table)
    assert patients.index.tolist() == ["TCGA-AA-0001"]
    assert choice["reason"].tolist() == [
        "",
        "another aliquot of the patient is kept: TCGA-AA-0001-01A",
        "sample type 02, not 01",
        "sample type 11, not 01",
    ]
    both, _ = one_per_patient(table, sample_types=("01", "02"))
    assert both.index.tolist() == ["TCGA-AA-0001", "TCGA-AA-0002"]
    mean, _ = one_per_patient(table, aggregate="mean")
    assert mean.loc["TCGA-AA-0001", "ENSG00000000419"] == 6
    with pytest.raises(ValueError, match="aggregate must be"):
        one_per_patient(table, aggregate="median")


def test_files_with_genes_in_another_order_are_aligned(tmp_path, write_star):
    write_star(tmp_path / "a" / f"u1{SUFFIX}")
    ids = ["ENSG00000000419.13", "ENSG00000000003.15", "ENSG00000002586.20"]
    ids += ["ENSG00000000005.6", "ENSG00000002586.20_PAR_Y"]
    write_star(tmp_path / "b" / f"u2{SUFFIX}", ids=ids)
    table = read_expression(tmp_path, quantity="counts")
    assert table.loc["u2"].tolist() == [1, 3, 2, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"u9.*: the file is empty"),
        # Without the time, which would be another in each process that collects tests.
        (
            gzip.compress(HTSEQ.encode(), mtime=0)[:-20],
            r"u9.*: (truncated|damaged) gzip",
        ),
        (b"<!DOCTYPE html><html>\n", r"u9.*, line 1: a web page"),
        (HTSEQ.replace("\t7\n", "\tseven\n").encode(), r"u9.*, line 2: 'seven'"),
        (HTSEQ.replace("\t7\n", "\t7.25\n").encode(), "no whole numbers"),
        (HTSEQ.replace("\t7\n", "\t-7\n").encode(), "ENSG00000000005.5 has -7"),
        (HTSEQ.replace("0005.5\t", "0003.13\t").encode(), "1 duplicated gene ids"),
        (HTSEQ.encode()[:65], "genes, not the 4"),
    ],
)
def test_bad_files(tmp_path, content, message):
    (tmp_path / "u1.htseq.counts").write_text(HTSEQ)
    bad = tmp_path / "u9.htseq.counts"
    bad.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_expression(tmp_path if "not the 4" in message else bad)
    if "duplicated" not in message:
        table = read_expression(tmp_path, on_error="drop")
        assert len(table) == 1
        assert list(table.attrs["dropped"]) == [str(bad)]


def test_bad_star_line_is_named(tmp_path, write_star):
    path = write_star(tmp_path / f"u1{SUFFIX}", scale=3)
    text = path.read_text()
    path.write_text(text.replace("\t1.5000\t", "\tx\t"))
    with pytest.raises(ValueError, match=r"line 9: 'x' in column 'tpm_unstranded'"):
        read_expression(path)
    path.write_text(text[:-30])
    with pytest.raises(ValueError, match=r"line 11: \d cells instead of 9"):
        read_expression(path)
    path.write_text(text)
    with pytest.raises(ValueError, match="no column 'rpkm'"):
        read_expression(path, quantity="rpkm")


def test_mixed_folder_needs_a_quantity(tmp_path):
    (tmp_path / "u1.htseq.counts").write_text(HTSEQ)
    (tmp_path / "u1.FPKM.txt").write_text("ENSG00000000003.13\t1.5\n")
    with pytest.raises(ValueError, match=r"several kinds \(counts, fpkm\)"):
        read_expression(tmp_path)
    assert read_expression(tmp_path, quantity="fpkm").shape == (1, 1)
    with pytest.raises(ValueError, match="no file of 'tpm'"):
        read_expression(tmp_path, quantity="tpm")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no expression file"):
        read_expression(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_expression(tmp_path / "x.tsv")


MATRICES = {
    "genes in rows": "Ensembl_ID\tTCGA-AA-0001-01A\tTCGA-AA-0002-01A\n"
    "ENSG00000000003.15\t1\t2\nENSG00000000005.6\t3\t4\nENSG00000000419.1\t5\t6\n",
    "no corner": "  TCGA-AA-0001-01A\tTCGA-AA-0002-01A\n"
    "ENSG00000000003.15\t1\t2\nENSG00000000005.6\t3\t4\nENSG00000000419.1\t5\t6\n",
    "samples in rows": ",ENSG00000000003,ENSG00000000005,ENSG00000000419\n"
    "TCGA-AA-0001-01A,1,3,5\nTCGA-AA-0002-01A,2,4,6\n",
    "with annotation": "Hugo_Symbol\tEntrez_Gene_Id\tTCGA-AA-0001-01A\t"
    "TCGA-AA-0002-01A\nENSG00000000003\t1\t1\t2\nENSG00000000005\t2\t3\t4\n"
    "ENSG00000000419\t3\t5\t6\n",
    "windows": "patient;ENSG00000000003;ENSG00000000005;ENSG00000000419\r\n"
    "TCGA-AA-0001-01A;1;3;5\r\nTCGA-AA-0002-01A;2;4;6\r\n",
}


@pytest.mark.parametrize("layout", MATRICES)
def test_matrix_layouts(tmp_path, write_gzip, layout):
    path = write_gzip(tmp_path / "matrix.tsv.gz", MATRICES[layout])
    table = read_expression(path)
    assert table.index.tolist() == ["TCGA-AA-0001-01A", "TCGA-AA-0002-01A"]
    assert list(table.columns) == [GENES[0], GENES[1], GENES[3]]
    assert table.to_numpy().tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\tP1\tP1\nG1\t1\t2\n", "1 duplicated column names"),
        ("gene\tP1\tP2\nG1\t1\t2\nG1\t1\t2\n", r"1 duplicated gene ids \(G1\)"),
        ("patient,G1,G2\nP1,1,2\nP2,3,high\n", r"line 3: 'high' in column 'G2'"),
        ("patient,G1,G2\nP1,1,2\nP2,3\n", r"line 3: 2 cells instead of 3"),
        ("patient,G1,G2\nP1,1,inf\n", "infinite value at sample 'P1', gene 'G2'"),
        ("patient,G1,G2\nP1,1,2\n,3,4\n", "line 3: a row without an id"),
    ],
)
def test_bad_matrices(tmp_path, text, message):
    path = tmp_path / "matrix.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_expression(path)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 999), n_samples=st.integers(1, 5), sep=st.sampled_from("\t,;")
)
def test_a_matrix_and_its_transpose_are_one(tmp_path, seed, n_samples, sep):
    rng = np.random.default_rng(seed)
    samples = [f"TCGA-AA-{i:04d}-01A" for i in range(n_samples)]
    genes = [f"ENSG{i:011d}" for i in range(7)]
    table = pd.DataFrame(rng.random((n_samples, 7)), samples, genes)
    paths = [tmp_path / "rows.csv", tmp_path / "columns.csv"]
    table.to_csv(paths[0], sep=sep)
    table.T.to_csv(paths[1], sep=sep)
    first, second = map(read_expression, paths)
    pd.testing.assert_frame_equal(first, second)
    np.testing.assert_allclose(first, table, rtol=1e-6)


@pytest.mark.real_data
def test_real_two_column_files(real_data):
    formats = real_data / "formats"
    files = [*formats.glob("htseq/**/*.gz"), *formats.glob("fpkm/*.gz")]
    assert len(files) == 9
    for path in files:
        assert read_expression(path).shape == (1, count_genes(path)), path.name


@pytest.mark.real_data
def test_real_folder_with_both_sheets(real_data):
    folder = real_data / "formats" / "htseq" / "TCGA-GBM_counts"
    sheets = real_data / "formats" / "gdc_sheets"
    by_sample = read_expression(
        folder, sample_sheet=sheets / "gdc_sample_sheet.2019-07-05.tsv.gz"
    )
    by_aliquot = read_expression(
        folder, sample_sheet=sheets / "metadata.cart.2019-07-05.json.gz", n_jobs=2
    )
    files = sorted(folder.glob("*/*.gz"))
    assert by_sample.shape == (len(files), count_genes(files[0]))
    assert [name[:16] for name in by_aliquot.index] == by_sample.index.tolist()
    for path, row in zip(files, by_sample.to_numpy(), strict=True):
        lines = [line.split("\t") for line in open_text(path).splitlines()]
        total = sum(int(v) for k, v in lines if k[:2] != "__" and k[:5] != "ENSGR")
        assert int(row.astype(np.int64).sum()) == total
    patients, choice = one_per_patient(by_sample)
    assert patients.index.tolist() == ["TCGA-06-0211", "TCGA-06-0125"]
    assert choice["kept"].sum() == 2


@pytest.mark.real_data
def test_real_star_files(real_data):
    star = real_data / "formats" / "star"
    quoted = read_expression(star / f"readme_quote{SUFFIX}")
    np.testing.assert_allclose(quoted.iloc[0], [44.6685, 0, 56.2676], rtol=1e-6)
    with pytest.raises(ValueError, match="names genes, it holds no expression"):
        read_expression(star / "gene_id_gene_name_of_one_star_file.tsv")
    with pytest.raises(ValueError, match="no expression table"):
        read_expression(star / "listing_gdc_client_layout_TCGA-LUAD.txt")


@pytest.mark.real_data
def test_real_ids_of_a_whole_star_file(real_data, tmp_path, write_star):
    source = real_data / "formats/star/gene_id_gene_name_of_one_star_file.tsv"
    ids = [line.split("\t")[0] for line in source.read_text().splitlines()[1:]]
    path = write_star(tmp_path / f"u1{SUFFIX}", ids=ids)
    assert len(ids) == 60660
    assert read_expression(path).shape == (1, count_genes(path)) == (1, 60616)


@pytest.mark.real_data
def test_real_xena(real_data):
    xena = real_data / "formats" / "xena"
    hub = read_expression(xena / "HTSeq-FPKM-UQ.tsv")
    lines = (xena / "HTSeq-FPKM-UQ.tsv").read_text().splitlines()
    assert hub.shape == (len(lines[0].split()), len(lines) - 1)
    assert hub.attrs["unit"] == "log2(fpkm-uq+1)"
    assert hub.attrs["log2"]
    toil = xena / "derived_toil_stad_rna_clean.head.csv"
    lines = toil.read_text().splitlines()
    table = read_expression(toil, log2=True)
    assert table.shape == (len(lines) - 1, len(lines[0].split(",")) - 1)
    assert table.to_numpy().min() < -9.9


@pytest.mark.real_data
def test_real_parquet(real_data):
    assert read_expression(real_data / "cohort" / "expression.parquet").shape == (
        468,
        1544,
    )
