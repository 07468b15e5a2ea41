"""Tables as text, and clinical.csv and expression.* of a cohort folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._bytes import read_text
from skmultimodal.io._columns import tidy_columns
from skmultimodal.io._delimited import take_apart
from skmultimodal.io._matrix import tidy_matrix, tidy_text_matrix
from skmultimodal.io._missing import missing_cells
from skmultimodal.io._names import (
    counts_rows,
    find_id_column,
    is_patient_name,
    refuse_duplicates,
)
from skmultimodal.utils._files import refuse_no_file
from skmultimodal.utils._text import counted, some
from skmultimodal.utils._warnings import warn

__all__ = ["one_file", "read_patient_matrix", "read_patient_table", "read_table"]


def one_file(folder: Path, names: Sequence[str]) -> Path | None:
    """Find the only file of these names in a folder.

    Parameters
    ----------
    folder : Path
        Not searched below.
    names : sequence of str
        Names that the file may have, in lower case; the file's may be in any.

    Returns
    -------
    path : Path or None
        None if there is none.

    Raises
    ------
    ValueError
        If there are two, or one that cannot be read as a file.
    """
    if not folder.is_dir():
        return None
    files = [path for path in sorted(folder.iterdir()) if path.name.lower() in names]
    for path in files:
        refuse_no_file(path)
    if len(files) > 1:
        raise ValueError(
            f"{folder}: both {files[0].name} and {files[1].name}; keep one."
        )
    return files[0] if files else None


def read_table(path: Path, text: str | None = None) -> pd.DataFrame:
    """Read a delimited table as text cells; blank cells are ``""``.

    ``attrs["first_line"]`` is the number of the first row's line, ``attrs["notes"]``
    what was worked around, ``attrs["european"]`` whether semicolons part the cells.
    """
    found = take_apart(path, read_text(path) if text is None else text)
    table = found.read(dtype=str, keep_default_na=False, skip_blank_lines=False)
    table = table.fillna("").apply(lambda cells: cells.str.strip())
    notes = list(found.notes)
    blank = (table == "").all(axis=1).to_numpy()
    if blank.any():
        notes.append(f"{counted(int(blank.sum()), 'blank line')} left out")
    named = [
        place
        for place, name in enumerate(found.names)
        if name or not (table[place] == "").all()
    ]
    table = table.loc[~blank, named]
    table.columns = pd.Index(
        [found.names[place] or f"Unnamed: {place}" for place in named], dtype="str"
    )
    refuse_duplicates(table.columns, "column names", path)
    if found.short:
        lines = some([line for line, _ in found.short], "line")
        warn(
            f"{path}: {lines} of fewer cells than the header: the last ones are read "
            "as blank; write a separator for each.",
            ReadWarning,
        )
    table.attrs = {
        "first_line": found.first_line,
        "european": found.sep == ";",
        "notes": notes,
    }
    return table


def read_patient_table(path: str | Path) -> pd.DataFrame:
    """Read a table with one row per patient (CSV or TSV, possibly gzip).

    Parameters
    ----------
    path : str or Path
        Ids are in the column named ``patient`` (or ``subject``, ``case``, ``id`` and
        the like), else in the first, unless that one counts the rows.

    Returns
    -------
    DataFrame
        Indexed by patient id, as text. Words for missing values, such as ``"N/A"`` and
        ``"Unknown"``, are NaN; ``attrs["notes"]`` lists all that was read otherwise
        than it is written.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, has no row, an id is missing or duplicated, or no
        column of ids can be distinguished from row numbers.

    Warns
    -----
    ReadWarning
        If a cell looks like a mistake: a word among numbers, a spelling that differs in
        case only, a code such as -9.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.io import read_patient_table
    >>> text = "patient,age\\nP1,40\\nP2,61\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "clinical.csv").write_text(text)
    ...     read_patient_table(Path(folder) / "clinical.csv")["age"].to_dict()
    {'P1': 40, 'P2': 61}
    """
    path = Path(path)
    table = read_table(path)
    if table.empty:
        raise ValueError(f"{path}: a header line and no patient.")
    facts = table.attrs
    names = ["" if n.startswith("Unnamed: ") else n for n in table.columns]
    place, note = find_id_column(names, table, path)
    notes = [*facts["notes"], *[note] * bool(note)]
    patients = table.iloc[:, place]
    missing = missing_cells(patients)
    if missing.any():
        line = int(table.index[int(missing.argmax())]) + facts["first_line"]
        raise ValueError(f"{path}, line {line}: a row without a patient id.")
    _refuse_duplicate_patients(patients, path)
    dropped = [place]
    if place and not names[0] and counts_rows(table.iloc[:, 0]):
        dropped.append(0)
        notes.append("the first column, which counts the rows, left out")
    table = table.drop(columns=table.columns[dropped])
    tidy, found = tidy_columns(
        table, path, first_line=facts["first_line"], european=facts["european"]
    )
    for text in found.warnings:
        warn(text, ReadWarning)
    tidy.index = pd.Index(patients.to_numpy(), dtype="str", name="patient")
    tidy.attrs = {"notes": [*notes, *found.notes, *found.warnings]}
    return tidy


def _refuse_duplicate_patients(patients: pd.Series, path: Path) -> None:
    again = patients[patients.duplicated()].unique()
    if not len(again):
        return
    named = "" if is_patient_name(patients.name) else f" in column {patients.name!r}"
    shown = ", ".join(again[:5]) + ", ..." * (len(again) > 5)
    raise ValueError(
        f"{path}: {len(again)} duplicated patient ids ({shown}){named}; keep one of "
        "each, or name the column of ids 'patient' if it is another."
    )


def read_patient_matrix(
    path: str | Path, *, patients: Iterable[str] | None = None
) -> pd.DataFrame:
    """Read a matrix of expression values (parquet, CSV or TSV, possibly gzip).

    Parameters
    ----------
    path : str or Path
        Patients in rows or in columns.
    patients : iterable of str, default=None
        Ids of some of the patients, which settle whether they are in rows or columns.
        None goes by the names: Ensembl ids, well-known symbols, barcodes, that of the
        first column; else patients are in rows.

    Returns
    -------
    DataFrame of shape (n_patients, n_genes), float32
        Indexed by patient id, columns are genes. ``attrs["notes"]`` lists all that was
        read otherwise than it is written.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, ids are duplicated or cells are no numbers.

    Warns
    -----
    ReadWarning
        If genes have no name or one that a spreadsheet made a date, or a value looks
        like a code for missing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.io import read_patient_matrix
    >>> text = "patient,TP53,EGFR\\nP1,1.5,2.0\\nP2,0.5,3.0\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "expression.csv").write_text(text)
    ...     read_patient_matrix(Path(folder) / "expression.csv").shape
    (2, 2)
    """
    path = Path(path)
    if ".parquet" not in path.name.lower():
        return tidy_text_matrix(path, patients=patients)
    refuse_no_file(path)
    try:
        table = pq.read_table(path).to_pandas()
    except Exception as error:  # damage may show anywhere in what pandas wrote there
        raise ValueError(f"{path}: no readable parquet file ({error!r}).") from error
    return tidy_matrix(table, path, patients=patients)
