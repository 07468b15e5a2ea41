"""Which patient each file of a GDC download is of: sample sheets and metadata."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd

from skmultimodal.io._bytes import read_text
from skmultimodal.io._tables import read_table
from skmultimodal.utils._files import walk_files

__all__ = [
    "barcodes_by_file",
    "read_metadata",
    "read_name_mapping",
    "read_sample_sheet",
]

# Sample Type of old sheets and its code in a barcode.
SAMPLE_TYPES = {
    "primary tumor": "01",
    "primary solid tumor": "01",
    "recurrent tumor": "02",
    "recurrent solid tumor": "02",
    "new primary": "05",
    "metastatic": "06",
    "blood derived normal": "10",
    "solid tissue normal": "11",
}


def _require(table: pd.DataFrame, columns: list[str], what: str, path: Path) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(
            f"{path}, line 1: no {what} (it lacks the columns {', '.join(missing)}; it "
            f"has {', '.join(map(str, table.columns[:8]))})."
        )


def _snake(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def read_sample_sheet(path: str | Path) -> pd.DataFrame:
    """Read a GDC sample sheet of either generation.

    Where cells hold comma lists (tumour and normal of one file), all columns are split
    by position and the tumour's entry is taken.

    Parameters
    ----------
    path : str or Path
        ``gdc_sample_sheet.DATE.tsv``, plain or gzip.

    Returns
    -------
    DataFrame
        One row per file, columns in lower case with underscores: ``file_id``,
        ``file_name``, ``data_category``, ``data_type``, ``project_id``, ``case_id``,
        ``sample_id``, those of the sheet's generation, and ``sample_type_code``
        (``"01"`` primary, ``"02"`` recurrent, ``"11"`` normal, ...).

    Raises
    ------
    FileNotFoundError, ValueError
        If the file is no sample sheet or the lists of a row do not match.
    """
    path = Path(path)
    table = read_table(path)
    table.columns = pd.Index([_snake(str(name)) for name in table.columns])
    _require(
        table, ["file_id", "file_name", "case_id", "sample_id"], "sample sheet", path
    )
    listed = [c for c in table.columns if c not in _SINGLE]
    many = table["sample_id"].str.contains(",")
    for row in table.index[many]:
        cells = {
            c: [x.strip() for x in str(table.at[row, c]).split(",")] for c in listed
        }
        n = len(cells["sample_id"])
        short = [c for c, x in cells.items() if len(x) not in (1, n)]
        # A descriptor may itself hold a comma; ids may not.
        if {"case_id", "sample_id"} & set(short):
            raise ValueError(
                f"{path}, line {row + 2}: {n} samples, but {len(cells['case_id'])} "
                "cases in the lists of this row."
            )
        place = _tumour_place(cells, n)
        for column in listed:
            if column not in short:
                table.at[row, column] = cells[column][
                    place if len(cells[column]) > 1 else 0
                ]
    table["sample_type_code"] = [_type_code(row) for _, row in table.iterrows()]
    return table


_SINGLE = {"file_id", "file_name", "data_category", "data_type", "project_id"}


def _tumour_place(cells: dict[str, list[str]], n: int) -> int:
    """Position of the tumour in the lists: a primary one if there is one."""
    codes = []
    for i in range(n):
        one = {c: x[i if len(x) == n else 0] for c, x in cells.items()}
        codes.append(_type_code(one))
    return min(range(n), key=lambda i: (codes[i] or "99", i))


def _type_code(row: Any) -> str:
    """The sample type: from the barcode, else from the words of the sheet."""
    match = re.search(r"-(\d{2})[A-Z]?$", str(row["sample_id"]))
    if match:
        return match[1]
    words = str(row.get("sample_type", "")).strip().lower()
    if words in SAMPLE_TYPES:
        return SAMPLE_TYPES[words]
    tissue = str(row.get("tissue_type", "")).strip().lower()
    kind = str(row.get("tumor_descriptor", "")).strip().lower()
    if tissue == "normal":
        return "11"
    if tissue == "tumor":
        return {"primary": "01", "recurrence": "02", "metastatic": "06"}.get(kind, "")
    return ""


def read_metadata(path: str | Path) -> pd.DataFrame:
    """Read a GDC metadata JSON: which aliquot each file is of.

    Parameters
    ----------
    path : str or Path
        ``metadata.cart.DATE.json``, plain or gzip.

    Returns
    -------
    DataFrame
        One row per file: ``file_id``, ``file_name``, ``data_type``, ``workflow_type``,
        ``aliquot_id`` (barcodes, comma list if several), ``case_id`` (barcode) and
        ``n_annotations``.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is no such JSON.
    """
    path = Path(path)
    text = read_text(path)
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path}, line {error.lineno}: no valid JSON ({error.msg})."
        ) from error
    if not isinstance(records, list) or not all(
        isinstance(r, dict) and "file_name" in r for r in records
    ):
        raise ValueError(f"{path}: no GDC metadata (a list of files with file_name).")
    rows = []
    for record in records:
        # Only here: annotations and analysis inputs nest fields of the same names.
        entities = record.get("associated_entities") or []
        aliquots = [str(e.get("entity_submitter_id", "")) for e in entities]
        rows.append(
            {
                "file_id": record.get("file_id", ""),
                "file_name": record["file_name"],
                "data_type": record.get("data_type", ""),
                "workflow_type": (record.get("analysis") or {}).get(
                    "workflow_type", ""
                ),
                "aliquot_id": ",".join(aliquots),
                "case_id": ",".join(dict.fromkeys(a[:12] for a in aliquots)),
                "n_annotations": len(record.get("annotations") or []),
            }
        )
    return pd.DataFrame(rows)


def read_name_mapping(path: str | Path) -> pd.DataFrame:
    """Read the ``name_mapping.csv`` of BraTS 2019 and later.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    DataFrame
        ``Grade``, one column of subject ids per release, and
        ``TCGA_TCIA_subject_ID``; NaN where the subject is not in it.
    """
    path = Path(path)
    table = read_table(path)
    _require(table, ["TCGA_TCIA_subject_ID"], "BraTS name mapping", path)
    return table.apply(lambda c: c.str.strip()).replace({"NA": None, "": None})


def _is_sheet(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(64)
    if start[:2] == b"\x1f\x8b":
        start = read_text(path)[:64].encode()
    return start.lstrip(b"\xef\xbb\xbf").lower().startswith(b"file id\t")


def barcodes_by_file(
    path: Path, sample_sheet: str | Path | None = None
) -> dict[str, str]:
    """Barcode of each file of a download, by file name and by file id.

    Parameters
    ----------
    path : Path
        A download folder, searched for a sheet if none is given, or a file.
    sample_sheet : str or Path, default=None
        Sample sheet or metadata JSON.

    Returns
    -------
    dict of str to str
        The aliquot if a metadata JSON is there, else the sample; empty without either.
    """
    if sample_sheet is not None:
        sources = [Path(sample_sheet)]
    elif path.is_dir():
        files = sorted(walk_files(path))
        tables = [p for p in files if fnmatchcase(p.name, "*.tsv*")]
        sources = [p for p in tables if "sheet" in p.name.lower() and _is_sheet(p)]
        # Last, so that its aliquots replace the sheet's samples.
        sources += [p for p in files if fnmatchcase(p.name, "*metadata*.json*")]
    else:
        sources = []
    names: dict[str, str] = {}
    for source in sources:
        if ".json" in source.name.lower():
            table, column = read_metadata(source), "aliquot_id"
        else:
            table, column = read_sample_sheet(source), "sample_id"
        for row in table.itertuples():
            barcode = str(getattr(row, column))
            if barcode and "," not in barcode:
                names[str(row.file_name)] = names[str(row.file_id)] = barcode
    return names
