"""Tables as text, and clinical.csv and expression.* of a cohort folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from skmultimodal.io._bytes import read_text
from skmultimodal.io._matrix import (
    refuse_duplicates,
    separator_of,
    tidy_matrix,
    tidy_text_matrix,
)

__all__ = ["one_file", "read_patient_matrix", "read_patient_table", "read_table"]

ID_COLUMNS = ("patient", "patient_id", "case", "case_id", "subject", "id")


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
        If there are two.
    """
    if not folder.is_dir():
        return None
    files = [path for path in sorted(folder.iterdir()) if path.name.lower() in names]
    found = [path for path in files if path.is_file()]
    if len(found) > 1:
        raise ValueError(
            f"{folder}: both {found[0].name} and {found[1].name}; keep one."
        )
    return found[0] if found else None


def read_table(path: Path, text: str | None = None) -> pd.DataFrame:
    """Read a delimited table as text cells; blank cells are ``""``."""
    text = read_text(path) if text is None else text
    header = text.split("\n", 1)[0]
    sep = separator_of(header)
    if sep not in header:
        raise ValueError(f"{path}, line 1: one column, no table ({header[:60]!r}).")
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=sep,
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE if sep == "\t" else csv.QUOTE_MINIMAL,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: {str(error).strip()}.") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(f"{path}: rows have more cells than the header line.")
    return table


def read_patient_table(path: str | Path) -> pd.DataFrame:
    """Read a table with one row per patient (CSV or TSV, possibly gzip).

    Parameters
    ----------
    path : str or Path
        Ids are in the column ``patient`` (or ``case``, ``subject``, ``id``), else in
        the first.

    Returns
    -------
    DataFrame
        Indexed by patient id, as text.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, has no row, or an id is missing or duplicated.

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
    text = read_text(path)
    header = text[: text.find("\n")] if "\n" in text else text
    sep = separator_of(header)
    names = [name.strip().strip('"') for name in header.split(sep)]
    by_name = {name.lower(): name for name in names}
    ids = next((by_name[c] for c in ID_COLUMNS if c in by_name), names[0])
    place = names.index(ids)
    try:
        table = pd.read_csv(
            io.StringIO(text), sep=sep, dtype={place: str}, low_memory=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: {str(error).strip()}.") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(f"{path}: rows have more cells than the header line.")
    if table.empty:
        raise ValueError(f"{path}: a header line and no patient.")
    patients = table.iloc[:, place].str.strip()
    if patients.isna().any():
        line = int(patients.isna().to_numpy().argmax()) + 2
        raise ValueError(f"{path}, line {line}: a row without a patient id.")
    table = table.drop(columns=table.columns[place])
    table.index = pd.Index(patients, name="patient")
    refuse_duplicates(table.index, "patient ids", path)
    return table


def read_patient_matrix(path: str | Path) -> pd.DataFrame:
    """Read a matrix of expression values (parquet, CSV or TSV, possibly gzip).

    Parameters
    ----------
    path : str or Path
        Patients in rows or in columns.

    Returns
    -------
    DataFrame of shape (n_patients, n_genes), float32
        Indexed by patient id, columns are genes.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, ids are duplicated or cells are no numbers.

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
        return tidy_text_matrix(path)
    try:
        table = pq.read_table(path).to_pandas()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file.") from None
    except Exception as error:  # damage may show anywhere in what pandas wrote there
        raise ValueError(f"{path}: no readable parquet file ({error!r}).") from error
    return tidy_matrix(table, path)
