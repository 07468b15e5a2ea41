"""Clinical tables of TCGA in the layouts that BCR, GDC, CDR and Xena publish."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pandas as pd

from skmultimodal.io._bytes import read_bytes, read_text
from skmultimodal.io._columns import tidy_columns
from skmultimodal.io._names import counts_rows
from skmultimodal.io._tables import read_table

__all__ = ["read_clinical"]

# Column with the case id -> layout, in order of preference.
ID_COLUMNS = {
    "cases.submitter_id": "gdc_dotted",
    "case_submitter_id": "gdc_2020",
    "submitter_id": "gdc_2019",
    "bcr_patient_barcode": "cdr",
    "sampleid": "xena",
    "sample": "xena",
    "submitter_id.samples": "xena",
    "_patient": "xena",
    "brats20id": "brats",
    "brats19id": "brats",
    "brats18id": "brats",
    "brats17id": "brats",
    "patient": "own",
    "patient_id": "own",
    "case": "own",
    "case_id": "own",
    "subject": "own",
    "subject_id": "own",
}
_BARCODE = re.compile(r"^(TCGA-\w{2}-\w{4}|TARGET-\d{2}-\w{6})\b", re.IGNORECASE)


def _from_archive(path: Path, member: str | None) -> tuple[str, str]:
    """Text of one table in the archive that the GDC portal writes."""
    try:
        with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
            names = [m.name for m in archive.getmembers() if m.isfile()]
            tables = [n for n in names if n.endswith((".tsv", ".txt", ".csv"))]
            wanted = member or "clinical.tsv"
            found = [n for n in tables if n.rsplit("/", 1)[-1] == wanted]
            if not found:
                raise ValueError(
                    f"{path}: no {wanted} in the archive, only {', '.join(tables)}; "
                    "choose one with member."
                )
            stream = archive.extractfile(found[0])
            assert stream is not None
            return stream.read().decode("utf-8-sig").replace("\r\n", "\n"), found[0]
    except (tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: damaged archive ({error}).") from error


def _is_archive(path: Path) -> bool:
    raw = read_bytes(path)
    return raw[257:262] == b"ustar"


def _header_rows(table: pd.DataFrame) -> int:
    """Rows below the first that Biotab uses for aliases and element ids."""
    for n in (2, 1):
        if len(table) >= n and table.iloc[n - 1].str.startswith("CDE_ID").any():
            return n
    return 0


def _id_column(table: pd.DataFrame, path: Path) -> tuple[str, str]:
    lower = {str(name).strip().lower(): name for name in table.columns}
    for name, layout in ID_COLUMNS.items():
        if name in lower:
            column = lower[name]
            # Some tables call a UUID case_id, some an index: look at the cells.
            return column, layout
    first = table.columns[0]
    cells = table[first].head(50)
    if len(cells) and cells.str.match(_BARCODE).mean() > 0.5:
        return first, "xena"
    raise ValueError(
        f"{path}, line 1: no column of case ids known here (such as "
        "bcr_patient_barcode, case_submitter_id, cases.submitter_id or sampleID); the "
        f"columns are {', '.join(map(str, table.columns[:8]))}."
    )


def _case(name: str) -> str:
    match = _BARCODE.match(name)
    return match[1].upper() if match else name


def read_clinical(path: str | Path, *, member: str | None = None) -> pd.DataFrame:
    """Read a clinical table; the layout is recognised by content.

    It reads BCR Biotab (patient, follow-up, drug, radiation, nte, omf), GDC clinical,
    follow-up, exposure and other tables of the three generations (and the archive the
    portal packs them in), TCGA-CDR, Xena phenotype and clinicalMatrix tables, BraTS
    survival tables, and your own with a column ``patient``.

    Parameters
    ----------
    path : str or Path
        Plain, gzip, or ``.tar.gz``.
    member : str, default=None
        Table of an archive, for example ``"follow_up.tsv"``; None is
        ``"clinical.tsv"``.

    Returns
    -------
    DataFrame
        Every data row of the file, indexed by case id; an id repeats where the table
        has several rows per case. Columns as in the file; what the source marks as
        missing (blank, ``[Not Available]`` and all in square brackets, ``--``,
        ``'--``) is NaN. ``attrs``: ``layout`` and, for Biotab, ``aliases`` (the names
        other sources use for its columns).

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, or has no column of case ids.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.datasets.tcga import read_clinical
    >>> text = "patient,age\\nTCGA-02-0001,40\\nTCGA-02-0002,[Unknown]\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "clinical.csv").write_text(text)
    ...     read_clinical(Path(folder) / "clinical.csv")["age"].tolist()
    [40.0, nan]
    """
    path = Path(path)
    name = path.name
    if _is_archive(path):
        text, name = _from_archive(path, member)
    else:
        text = read_text(path)
    table = read_table(path, text)
    facts = table.attrs
    aliases: dict[str, str] = {}
    n_headers = _header_rows(table)
    if n_headers == 2:
        aliases = dict(zip(table.iloc[0].tolist(), table.columns, strict=True))
    table = table.iloc[n_headers:]
    if table.columns[0] == "Unnamed: 0" and counts_rows(table.iloc[:, 0]):
        table = table.iloc[:, 1:]
    column, layout = _id_column(table, path)
    ids = table[column].str.strip()
    if (ids == "").any():
        line = int(ids.index[ids == ""][0]) + facts["first_line"]
        raise ValueError(f"{path}, line {line}: a row without a case id.")
    table, found = tidy_columns(
        table, path, first_line=facts["first_line"], european=facts["european"]
    )
    table.index = pd.Index([_case(str(x)) for x in ids], dtype="str", name="case")
    table.attrs = {
        "layout": "biotab" if n_headers else layout,
        "aliases": aliases,
        "name": name,
        "notes": [*facts["notes"], *found.notes, *found.warnings],
    }
    return table
