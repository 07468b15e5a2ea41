"""Tables of one row per patient: ids, cells and what is reported of them."""

import gzip
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import read_patient_matrix, read_patient_table
from skmultimodal.io._missing import MISSING_WORDS
from skmultimodal.io._tables import one_file

IDS = ["096", "97", "098", "1e3", "TRUE", "5.0"]


@pytest.fixture
def table(tmp_path):
    """Read a text as a table of patients."""

    def read(text, name="clinical.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_patient_table(path)

    return read


@pytest.fixture
def matrix(tmp_path):
    """Read a text as a matrix of expression."""

    def read(text, name="expression.csv", **options):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_patient_matrix(path, **options)

    return read


def quiet(read, *arguments):
    """What a reader returns, and the warnings it gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read(*arguments)
    return found, [str(warning.message) for warning in caught]


# Encodings


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_text_that_is_not_unicode_is_warned_of(tmp_path, ends):
    lines = ["patient,city", "P1,Leeds", "P2,K\xf6ln \u2013 S\xfcd", "P3,York", ""]
    path = tmp_path / "clinical.csv"
    path.write_bytes(ends.join(lines).encode("cp1252"))
    message = "clinical.csv, line 3: not UTF-8, .* 'K\xf6ln \u2013 S\xfcd' may have had"
    with pytest.warns(ReadWarning, match=message):
        found = read_patient_table(path)
    assert found["city"].to_dict() == {
        "P1": "Leeds",
        "P2": "K\xf6ln \u2013 S\xfcd",
        "P3": "York",
    }
    path.write_bytes("patient,city\nP1,\x81\nP2,York\n".encode("latin-1"))
    with pytest.warns(ReadWarning, match="line 2: not UTF-8"):
        assert read_patient_table(path)["city"].tolist() == ["\x81", "York"]
    path.write_text(ends.join(lines), encoding="utf-8", newline="")
    assert quiet(read_patient_table, path)[1] == []


# Ids


FORMATS = ["csv", "tsv", "csv.gz", "tsv.gz"]


@pytest.mark.parametrize(
    ("read", "suffix"),
    [
        *[(read_patient_table, suffix) for suffix in FORMATS],
        *[(read_patient_matrix, suffix) for suffix in [*FORMATS, "parquet"]],
    ],
)
def test_ids_are_as_written(tmp_path, read, suffix):
    frame = pd.DataFrame({"patient": IDS, "TP53": range(6), "EGFR": range(1, 7)})
    path = tmp_path / f"file.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, sep="\t" if "tsv" in suffix else ",", index=False)
    found = read(path)
    assert found.index.tolist() == IDS
    assert found["EGFR"].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("ids", [[7, 12], [7.0, 12.0], ["7", "12"]])
def test_whole_numbers_of_parquet_have_no_point(tmp_path, ids):
    frame = pd.DataFrame({"TP53": [1.0, 2.0]}, index=pd.Index(ids, name="patient"))
    frame.to_parquet(tmp_path / "a.parquet")
    frame.reset_index().to_parquet(tmp_path / "b.parquet", index=False)
    for name in ("a.parquet", "b.parquet"):
        found = read_patient_matrix(tmp_path / name)
        assert found.index.tolist() == ["7", "12"]
        assert found.columns.tolist() == ["TP53"]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (",Subject ID,y", "0,8,1\n1,3,0\n2,5,1\n"),
        ("Subject ID,id,y", "8,0,1\n3,1,0\n5,2,1\n"),
        ("id,y,subject_id", "1,1,8\n2,0,3\n3,1,5\n"),
        ("id,patient,y", "1,8,1\n2,3,0\n3,5,1\n"),
        ("case,mrn,y", "1,8,1\n0,3,0\n1,5,1\n"),
        ("y,age,PATIENT_ID", "1,40,8\n0,41,3\n1,40,5\n"),
        ("y,id", "1,8\n0,3\n1,5\n"),
        ("code,y", "8,1\n3,0\n5,1\n"),
    ],
)
def test_the_column_of_ids(table, header, rows):
    found = table(f"{header}\n{rows}")
    assert found["y"].to_dict() == {"8": 1, "3": 0, "5": 1}
    assert found.index.name == "patient"
    assert not any(str(name).startswith("Unnamed") for name in found)


def test_a_column_of_ids_of_another_name_is_noted(table):
    notes = table("code,y\n8,1\n3,0\n").attrs["notes"]
    assert notes == ["patient ids are read from column 'code'"]
    assert table("patient,y\n8,1\n3,0\n").attrs["notes"] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",age,y\n0,40,1\n1,41,0\n", "first column has no name and counts the rows"),
        (",code,y\n1,A7,1\n2,B3,0\n", "counts the rows, and 'code' may hold the pat"),
        ("id,code,y\n1,A7,1\n2,B3,0\n", "'id' counts the rows, and 'code' may hold"),
        ("patient,y\nP1,1\nP1,0\n", r"1 duplicated patient ids \(P1\)"),
        ("age,y\n40,1\n40,0\n41,1\n", r"patient ids \(40\) in column 'age'; keep one"),
        ("patient,y\nP1,1\nUnknown,0\n", "line 3: a row without a patient id"),
        ("patient,y,y\nP1,1,0\n", r"1 duplicated column names \(y\)"),
        ("patient,y, y\nP1,1,0\n", r"1 duplicated column names \(y\)"),
        ("patient,NA,NA\nP1,1,0\n", r"1 duplicated column names \(NA\)"),
        ("patient,y\nP1,1,0\n", "line 2: 3 cells instead of 2; the line is damaged"),
        ("y,age\nP1,1,\nP2,0,\n", "lines end in a separator, or the header lacks"),
        ("patient,y\n", "a header line and no patient"),
        ("# only\n# comments\n", "only comment lines"),
    ],
)
def test_tables_that_are_refused(table, text, message):
    with pytest.raises(ValueError, match=message):
        table(text)


def test_sample_barcodes_tell_the_rows_of_a_patient_apart(table):
    found = table(
        "sampleID,_PATIENT,y\nTCGA-02-0001-01,TCGA-02-0001,1\n"
        "TCGA-02-0001-11,TCGA-02-0001,0\n"
    )
    assert found.index.tolist() == ["TCGA-02-0001-01", "TCGA-02-0001-11"]


# Layout

LAYOUTS = {
    "plain": "patient,age,y\nP1,40.5,1\nP2,41,0\nP3,42,1\n",
    "ends in a separator": "patient,age,y\nP1,40.5,1,\nP2,41,0,\nP3,42,1,\n",
    "some lines end in one": "patient,age,y\nP1,40.5,1,\nP2,41,0\nP3,42,1,,\n",
    "header ends in one too": "patient,age,y,\nP1,40.5,1,\nP2,41,0,\nP3,42,1,\n",
    "no corner": "age,y\nP1,40.5,1\nP2,41,0\nP3,42,1\n",
    "blanks": "patient , age, y\n P1, 40.5 , 1\nP2,41 , 0\nP3 , 42,1\n",
    "sep=;": "sep=;\npatient;age;y\nP1;40,5;1\nP2;41;0\nP3;42;1\n",
    "decimal commas": "patient;age;y\nP1;40,5;1\nP2;41;0\nP3;42;1\n",
    "quoted commas": 'patient,age,y\n"P1","40,5","1"\n"P2","41","0"\n"P3","42","1"\n',
    "comments": "# of 2024\n#\npatient,age,y\nP1,40.5,1\nP2,41,0\nP3,42,1\n",
    "blank lines": "\npatient,age,y\nP1,40.5,1\n\nP2,41,0\n,,\nP3,42,1\n\n",
    "quoted tabs": '"patient"\t"age"\t"y"\n"P1"\t"40.5"\t1\n"P2"\t41\t0\nP3\t42\t1\n',
    "quoted name": 'age,"y",patient,"seen, when"\n40.5,1,P1,a\n41,0,P2,b\n42,1,P3,c\n',
    "two-line name": '"at\nhome",patient,age,y\na,P1,40.5,1\nb,P2,41,0\nc,P3,42,1\n',
    "two-line cell": 'patient,age,y,note\nP1,40.5,1,"a\nb"\nP2,41,0,c\nP3,42,1,\n',
    "a stray mark": 'patient,age,y,size\nP1,40.5,1,"5\nP2,41,0,big\nP3,42,1,low\n',
    "two stray marks": 'patient,age,y,size\nP1,40.5,1,"5\nP2,41,0,big\nP3,42,1,6"\n',
    "windows": "\ufeffpatient,age,y\r\nP1,40.5,1\r\nP2,41,0\r\nP3,42,1\r\n",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_hold_the_same_table(tmp_path, text):
    path = tmp_path / "clinical.csv"
    path.write_bytes(text.encode())
    found = read_patient_table(path)
    assert found["age"].to_dict() == {"P1": 40.5, "P2": 41, "P3": 42}
    assert found["y"].to_dict() == {"P1": 1, "P2": 0, "P3": 1}


def test_what_was_worked_around_is_noted(table):
    notes = table(LAYOUTS["some lines end in one"]).attrs["notes"]
    assert notes == ["2 of 3 lines end in a separator"]
    assert table(LAYOUTS["blank lines"]).attrs["notes"] == ["2 blank lines left out"]
    commas = "column 'age': commas read as decimal points"
    assert table(LAYOUTS["decimal commas"]).attrs["notes"] == [commas]


def test_short_lines_are_warned_of(table):
    found, caught = quiet(table, "patient,age,y\nP1,40,1\nP2,41\nP3\n")
    assert found["y"].isna().tolist() == [False, True, True]
    assert len(caught) == 1
    assert "2 lines (3, 4) of fewer cells than the header" in caught[0]


def test_tables_of_cbioportal(table):
    found = table(
        "#Patient Identifier\tSurvival Status\tAge\n#STRING\tSTRING\tNUMBER\n#1\t1\t1\n"
        "PATIENT_ID\tOS_STATUS\tAGE\nMB-1\t0:LIVING\t40\nMB-2\t1:DECEASED\t41\n"
    )
    assert found["AGE"].to_dict() == {"MB-1": 40, "MB-2": 41}


def test_a_header_may_begin_as_a_comment(matrix):
    found = matrix("#SampleID\tTP53\tEGFR\nP1\t1\t2\nP2\t3\t4\n", "expression.tsv")
    assert found.loc["P2"].to_dict() == {"TP53": 3, "EGFR": 4}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_what_a_cut_write_leaves_is_no_text(tmp_path, encoding):
    """A file system may fill with NUL what was not written, at the end of a table."""
    path = tmp_path / "clinical.csv"
    lines = "".join(f"P{i},{i}\n" for i in range(2000))
    path.write_bytes(("patient,y\n" + lines).encode(encoding) + bytes(4096))
    with pytest.raises(ValueError, match=r"clinical\.csv: binary content"):
        read_patient_table(path)


def test_a_table_larger_than_memory_is_named(tmp_path, monkeypatch):
    path = tmp_path / "clinical.csv"
    path.write_text("patient,y\nP1,1\n")

    def full(path):
        raise MemoryError

    monkeypatch.setattr(Path, "read_bytes", full)
    with pytest.raises(ValueError, match=r"clinical\.csv: what it holds does not fit"):
        read_patient_table(path)


# Cells


@pytest.mark.parametrize("cell", ["\u0662.\u0665", "4" * 5000, "1_000", "0x1F"])
def test_what_only_looks_like_a_number(matrix, table, cell):
    """pandas refuses digits of other scripts, and Python integers of thousands."""
    with pytest.raises(ValueError, match=r"line 3: .* in column 'TP53'.*not a number"):
        matrix(f"patient,TP53,EGFR\nP1,1,2\nP2,{cell},3\n")
    text = f"patient,age\nP1,40\nP2,{cell}\nP3,41\nP4,42\n"
    found, caught = quiet(table, text)
    assert found["age"].isna().tolist() == [False, True, False, False]
    assert len(caught) == 1
    assert "line 3" in caught[0]


def test_a_list_in_a_cell_is_no_missing_value(tmp_path):
    path = tmp_path / "expression.parquet"
    cells = pd.DataFrame(
        {"TP53": [[1, 2], [3]], "EGFR": [1.0, 2.0]}, index=["P1", "P2"]
    )
    cells.rename_axis("patient").to_parquet(path)
    with pytest.raises(ValueError, match=r"parquet: column 'TP53' holds ndarray"):
        read_patient_matrix(path)


def test_every_word_for_missing_is_missing_to_every_reader(table):
    words = sorted(MISSING_WORDS - {""})
    spelt = [word.upper() for word in words] + [f" {word} " for word in words]
    spelt += ["[Not Available]", "[whatever]", "Not  Reported"]
    lines = [f'P{i},"{word}",5,x' for i, word in enumerate(spelt)]
    lines += ["Q1,yes,5,x", "Q2,no,5,x"]
    found = table("patient,reply,number,kind\n" + "\n".join(lines) + "\n")
    assert found["reply"].dropna().to_dict() == {"Q1": "yes", "Q2": "no"}
    assert len(found) == len(spelt) + 2
    (note,) = found.attrs["notes"]
    assert note.startswith("column 'reply': ")
    assert "1 'N/A'" in note


def test_words_that_say_something_stay(table):
    words = ["no", "zero", "negative", "no response", "other", "not mutated"]
    lines = [f"P{i},{word}" for i, word in enumerate(words)]
    assert table("patient,x\n" + "\n".join(lines))["x"].tolist() == words


def test_a_number_column_with_a_word_stays_one(table):
    text = "patient,age\nP1,40\nP2,>89\nP3,Unknown\nP4,61.5\nP5,-3e1\n"
    found, caught = quiet(table, text)
    assert_array_equal(found["age"], [40, np.nan, np.nan, 61.5, -30])
    assert len(caught) == 1
    assert "1 cell ('>89' in column 'age', line 3) is no number" in caught[0]
    assert any(text in caught for text in found.attrs["notes"])


def test_words_are_bundled(table):
    rows = [f"P{i},{i},{i}" for i in range(9)] + ["P9,many,few"]
    _, caught = quiet(table, "patient,a,b\n" + "\n".join(rows))
    assert len(caught) == 1
    assert "2 cells ('many' in column 'a', line 11, 'few' in column 'b'" in caught[0]


def test_codes_with_leading_zeros_stay_text(table):
    found = table("patient,ward,grade\nP1,007,2\nP2,012,3\n")
    assert found["ward"].tolist() == ["007", "012"]
    assert found["grade"].tolist() == [2, 3]


def test_truth_values(table):
    found = table("patient,a,b\nP1,TRUE,True\nP2,FALSE,\nP3,TRUE,false\n")
    assert found["a"].tolist() == [True, False, True]
    assert found["b"].tolist()[::2] == [True, False]
    assert pd.isna(found["b"]["P2"])


def test_spellings_of_one_word(table):
    words = ["yes", "Yes", "no ", "NO", " yes", "no", "ye\u200bs"]
    words += ["re\u0301", "r\u00e9"]
    text = "patient,y\n" + "".join(f"P{i},{word}\n" for i, word in enumerate(words))
    found, caught = quiet(table, text)
    wanted = ["yes", "yes", "no", "no", "yes", "no", "yes", "re\u0301", "re\u0301"]
    assert found["y"].tolist() == wanted
    assert len(caught) == 1
    assert "column 'y': 2 'yes', 1 'Yes'" in caught[0]


def test_spellings_are_left_alone_where_words_are_many(table):
    """Names and comments are no classes."""
    words = [f"word {i}" for i in range(60)] + ["Word 1"]
    text = "patient,x\n" + "".join(f"P{i},{word}\n" for i, word in enumerate(words))
    assert table(text)["x"].tolist() == words


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([0, 1, -9, 0, 1], "-9"),
        ([0, 1, 0, 999, 1], "999"),
        ([0, 1, 0, 9, 1], "9"),
        ([40, 61, 55, -99, 70], "-99"),
        ([0, 1, -9, 0, 999], "-9"),
    ],
)
def test_codes_for_missing_are_warned_of_and_kept(table, values, code):
    text = "patient,y\n" + "".join(f"P{i},{v}\n" for i, v in enumerate(values))
    found, caught = quiet(table, text)
    assert found["y"].tolist() == values
    assert len(caught) == 1
    assert f"1 number ({code} in column 'y') looks like a code" in caught[0]


@pytest.mark.parametrize(
    "values", [["yes", "-9", "no"], ["yes", "1", "no", "0"], ["II", "999", "III"]]
)
def test_words_and_numbers_in_one_column_are_warned_of(table, values):
    text = "patient,y\n" + "".join(f"P{i},{v}\n" for i, v in enumerate(values))
    found, caught = quiet(table, text)
    assert found["y"].tolist() == values
    assert len(caught) == 1
    assert "1 column ('y': 1 " in caught[0]
    assert "of words and numbers, all different values" in caught[0]


@pytest.mark.parametrize("values", [[-9, -4, 2, 9], [62, 70, 99, 88], [1, 2, 3, 4]])
def test_numbers_that_are_no_codes(table, values):
    table("patient,y\n" + "".join(f"P{i},{v}\n" for i, v in enumerate(values)))


def test_commas_that_may_part_thousands_are_not_guessed(table):
    text = 'patient,days\nP1,"1,204"\nP2,"2,310"\nP3,"1,001"\n'
    found, caught = quiet(table, text)
    assert found["days"].tolist() == ["1,204", "2,310", "1,001"]
    assert "a comma in 1 column ('days') may part thousands" in caught[0]


# Matrices of expression

GENES = ["TP53", "EGFR", "IDH1", "ATRX", "MGMT"]
PATIENTS = ["P1", "P2", "P3", "P4"]


def gene_rows(corner, sep=",", end=""):
    lines = [sep.join([corner, *PATIENTS]) + end]
    for k, gene in enumerate(GENES):
        lines.append(sep.join([gene, *(str(10 * k + n) for n in range(4))]) + end)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("corner", ["", '""', "gene_id", "ID", "ID_REF", "x", "name"])
@pytest.mark.parametrize("patients", [None, PATIENTS, ["P3", "Q1"]])
def test_genes_in_rows(matrix, corner, patients):
    found = matrix(gene_rows(corner), patients=patients)
    assert found.index.tolist() == PATIENTS
    assert found.columns.tolist() == GENES
    assert found.loc["P3"].tolist() == [2, 12, 22, 32, 42]
    assert "genes are in rows, patients in columns" in found.attrs["notes"]


def test_known_patients_settle_what_names_leave_open(matrix):
    """Neither probes nor patients are of a known kind."""
    text = "x,a1,a2\nb1,1,2\nb2,3,4\nb3,5,6\n"
    assert matrix(text).index.tolist() == ["b1", "b2", "b3"]
    found = matrix(text, patients=["a2", "other"])
    assert found.loc["a2"].to_dict() == {"b1": 2, "b2": 4, "b3": 6}


@pytest.mark.parametrize("sep", [",", "\t", ";"])
def test_lines_that_end_in_a_separator_shift_no_gene(matrix, sep):
    lines = [["patient", "TP53", "EGFR"], ["P1", "10", "2", ""], ["P2", "11", "3", ""]]
    found = matrix("\n".join(sep.join(line) for line in lines) + "\n")
    assert found.loc["P2"].to_dict() == {"TP53": 11, "EGFR": 3}
    text = "gene" + gene_rows("", sep, end=sep).removesuffix(sep)
    found = matrix(text.replace(sep + "\n", "\n", 1))
    assert found.loc["P2", "EGFR"] == 11
    assert found.index.tolist() == PATIENTS


def test_ids_are_found_in_a_matrix_too(matrix):
    text = ",patient,TP53\n0,7,1.5\n1,3,2.5\n"
    assert matrix(text)["TP53"].to_dict() == {"7": 1.5, "3": 2.5}
    text = "TP53,EGFR,patient_id\n1.5,1,07\n2.5,2,03\n"
    assert matrix(text)["EGFR"].to_dict() == {"07": 1, "03": 2}
    with pytest.raises(ValueError, match="no name and counts the rows: name the col"):
        matrix(",TP53,EGFR\n0,1,2\n1,3,4\n")


def test_words_and_commas_in_a_matrix(matrix):
    found = matrix("patient;TP53;EGFR\nP1;1,5;n/a\nP2;ND;2,25\n".replace("ND", "--"))
    assert_array_equal(found, [[1.5, np.nan], [np.nan, 2.25]])
    notes = found.attrs["notes"]
    assert "commas in 2 columns read as decimal points" in notes
    assert "1 cell read as missing: 1 word ('--')" in notes
    with pytest.raises(ValueError, match=r"line 3: 'x' in column 'TP53' \(row 'P2'\)"):
        matrix("patient,TP53\nP1,1\nP2,x\n")


def test_genes_without_a_name_are_left_out_with_their_number(matrix):
    text = "patient,TP53,NA,,EGFR\nP1,1,2,3,4\nP2,5,6,7,8\n"
    with pytest.warns(ReadWarning, match=r"2 genes without a name \('', 'NA'\) left"):
        found = matrix(text)
    assert found.loc["P2"].to_dict() == {"TP53": 5, "EGFR": 8}
    with pytest.warns(ReadWarning, match=r"3 genes without a name \('NA', 'n/a'\)"):
        found = matrix("patient,NA,TP53,NA,n/a\nP1,1,2,3,4\nP2,5,6,7,8\n")
    assert found["TP53"].to_dict() == {"P1": 2, "P2": 6}
    rows = "gene\tP1\tP2\nTP53\t1\t2\nNA\t3\t4\n\t5\t6\nnull\t7\t8\n"
    with pytest.warns(ReadWarning, match="3 genes without a name"):
        found = matrix(rows, "expression.tsv")
    assert found["TP53"].to_dict() == {"P1": 1, "P2": 2}


@pytest.mark.parametrize("name", ["1-Mar", "Sep-02", "2021-03-01", "1.Dez", "2.31E+13"])
def test_names_that_a_spreadsheet_damaged_are_counted(matrix, name):
    text = f"patient,TP53,{name}\nP1,1,2\nP2,3,4\n"
    with pytest.warns(ReadWarning, match=r"1 gene \(.*\) has the name of a date or"):
        found = matrix(text)
    assert found.columns.tolist() == ["TP53", name]
    with pytest.raises(ValueError, match="1 duplicated"):
        matrix(f"patient,{name},{name}\nP1,1,2\nP2,3,4\n")


@pytest.mark.parametrize(
    "name", ["MARCHF1", "DEC1", "SEPTIN2", "HLA-A", "7SK", "Y_RNA"]
)
def test_names_that_are_genes(matrix, name):
    assert matrix(f"patient,TP53,{name}\nP1,1,2\n").columns.tolist() == ["TP53", name]


def test_a_matrix_without_ids_is_refused(matrix, tmp_path):
    with pytest.raises(
        ValueError, match="no column of patient ids, the first column i"
    ):
        matrix("TP53,EGFR\n1.5,2\n2.5,3\n")
    pd.DataFrame({"EGFR": [1.0, 2.0], "X1": 3.0}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"first column is of gene 'EGFR'"):
        read_patient_matrix(tmp_path / "a.parquet")


def test_a_code_among_expression_is_warned_of(matrix):
    with pytest.warns(ReadWarning, match="1 cell of -999, far from all other values"):
        found = matrix("patient,TP53,EGFR\nP1,1.5,-999\nP2,0.5,3\n")
    assert found.loc["P1", "EGFR"] == -999


def test_a_file_that_unpacks_to_far_more_is_refused(tmp_path):
    path = tmp_path / "expression.csv.gz"
    with gzip.open(path, "wb", 9) as stream:
        stream.write(b"patient,TP53\n")
        for _ in range(300):
            stream.write(b"a" * 1_000_000)
    with pytest.raises(
        ValueError, match=r"expression\.csv\.gz: .* which unpack to more than"
    ):
        read_patient_matrix(path)


def test_the_only_file_of_some_names(tmp_path):
    names = ["clinical.csv", "clinical.tsv"]
    assert one_file(tmp_path / "absent", names) is None
    assert one_file(tmp_path, names) is None
    first = tmp_path / "Clinical.CSV"
    first.write_text("patient,age\nP1,31\n")
    assert one_file(tmp_path, names) == first
    (tmp_path / "clinical.tsv").write_text("patient\tage\nP1\t31\n")
    with pytest.raises(ValueError, match=r"both Clinical.CSV and clinical.tsv; keep"):
        one_file(tmp_path, names)
