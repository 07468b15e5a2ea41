"""Expression matrices: Xena hubs, your own table, parquet; samples x genes out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._barcodes import case_of, looks_like_barcode
from skmultimodal.io._bytes import read_text
from skmultimodal.io._columns import decimal_points
from skmultimodal.io._delimited import Delimited, is_number, take_apart
from skmultimodal.io._genes import (
    is_known_symbol,
    is_par_copy,
    looks_like_gene_id,
    odd_gene_names,
    strip_versions,
)
from skmultimodal.io._missing import missing_cells, suspicious_code
from skmultimodal.io._names import (
    counts_rows,
    is_corner_name,
    is_gene_corner,
    is_patient_name,
    refuse_duplicates,
)
from skmultimodal.utils._text import counted, some
from skmultimodal.utils._warnings import warn

__all__ = [
    "check_values",
    "read_cells",
    "read_numbers",
    "text_ids",
    "tidy_matrix",
    "tidy_text_matrix",
    "with_ids",
]

# Columns that describe a gene beside its id.
GENE_ANNOTATIONS = {
    "entrez_gene_id",
    "gene_name",
    "gene_type",
    "gene_biotype",
    "description",
    "gene_symbol",
    "hugo_symbol",
}
PROBE = 200


def text_ids(values: pd.Index) -> pd.Index:
    """Ids as text; whole numbers that were stored as floats have no point.

    Parameters
    ----------
    values : Index
        As pandas read them.

    Returns
    -------
    ids : Index of str
        Without blanks around them; NaN where missing.
    """
    if pd.api.types.is_float_dtype(values.dtype):
        known = values[values.notna()]
        if (known % 1 == 0).all():
            values = values.astype("Int64")
    ids = pd.Series(values).astype(object)
    text = ids.map(lambda value: str(value).strip(), na_action="ignore")
    return pd.Index(text.where(ids.notna(), None), dtype="str")


def _share(names: pd.Index, test: Any) -> float:
    some_names = [str(name) for name in names[:PROBE]]
    return float(np.mean([test(name) for name in some_names])) if some_names else 0.0


def _genes_in_rows(table: pd.DataFrame, corner: str, patients: set[str]) -> bool:
    rows, columns = table.index, table.columns
    in_rows, in_columns = (
        sum(str(name) in patients or case_of(str(name)) in patients for name in names)
        for names in (rows, columns)
    )
    if in_rows != in_columns:
        return in_columns > in_rows
    for test, rows_mean_genes in (
        (looks_like_gene_id, True),
        (looks_like_barcode, False),
    ):
        found = _share(rows, test), _share(columns, test)
        if max(found) > 0.5 and found[0] != found[1]:
            return (found[0] > found[1]) == rows_mean_genes
    by_corner = is_gene_corner(corner) if corner else None
    if by_corner is not None:
        return by_corner
    return bool(rows.map(is_known_symbol).any()) and not bool(
        columns.map(is_known_symbol).any()
    )


def tidy_matrix(
    table: pd.DataFrame,
    path: Path,
    *,
    first_line: int = 2,
    patients: Iterable[str] | None = None,
    european: bool = False,
    notes: Iterable[str] = (),
) -> pd.DataFrame:
    """Bring a table with ids in its first column to samples x genes, float32.

    Parameters
    ----------
    table : DataFrame
        As read; the first column or a named index holds ids.
    path : Path
        Named in errors.
    first_line : int, default=2
        Line of the first row in the file.
    patients : iterable of str, default=None
        See `read_patient_matrix`.
    european : bool, default=False
        Whether commas in numbers are decimal.
    notes : iterable of str
        Those of the reader.

    Returns
    -------
    DataFrame of shape (n_samples, n_genes), float32
        Ensembl versions are stripped, PAR copies and gene annotations left out.
        ``attrs["notes"]`` lists what was left out or read otherwise.

    Raises
    ------
    ValueError
        If ids are duplicated, cells are no numbers, or nothing is left.
    """
    notes = list(notes)
    table = with_ids(table, path, first_line, notes)
    corner = str(table.index.name or "").strip()
    if table.shape[0] == 0 or table.shape[1] == 0:
        raise ValueError(f"{path}: the matrix has {table.shape[0]} rows of values.")
    genes_first = _genes_in_rows(table, corner, {str(p) for p in patients or ()})
    if genes_first:
        beside = [c for c in table.columns if str(c).lower() in GENE_ANNOTATIONS]
        table = table.drop(columns=beside)
        notes.append("genes are in rows, patients in columns")
    elif table.index.isna().any():
        row = int(np.flatnonzero(table.index.isna())[0])
        raise ValueError(f"{path}, line {first_line + row}: a row without an id.")
    values = read_numbers(table, path, first_line, european, notes)
    genes, samples = table.columns, table.index
    if genes_first:
        genes, samples, values = samples, genes, values.T
    values, genes = _genes(values, text_ids(genes), path, notes)
    samples = text_ids(samples).rename("sample")
    refuse_duplicates(samples, "sample ids", path)
    check_values(values, samples, genes, path, notes)
    tidy = pd.DataFrame(values, index=samples, columns=genes, copy=False)
    tidy.attrs = {"notes": notes}
    return tidy


def with_ids(
    table: pd.DataFrame, path: Path, first_line: int, notes: list[str]
) -> pd.DataFrame:
    """The table indexed by its column of ids, which is the first or named patient."""
    if not (isinstance(table.index, pd.RangeIndex) and table.shape[1]):
        return table.set_axis(text_ids(table.index).rename(table.index.name), axis=0)
    names = [str(name).strip() for name in table.columns]
    place = 0
    if not is_patient_name(names[0]):
        named = [i for i, name in enumerate(names) if is_patient_name(name)]
        place = named[0] if len(named) == 1 else 0
    first = text_ids(pd.Index(table.iloc[:, 0])).fillna("")
    counting = names[0] in ("", "id", "ID", "index") and counts_rows(pd.Series(first))
    if counting and not place and len(names) > 1 and is_corner_name(names[1]):
        place = 1
    if counting and not place and not names[0]:
        raise ValueError(
            f"{path}: the first column has no name and counts the rows: name the "
            "column of patient ids 'patient'."
        )
    if is_known_symbol(names[place]) or looks_like_gene_id(names[place]):
        raise ValueError(
            f"{path}: no column of patient ids, the first column is of gene "
            f"{names[place]!r}: put the ids first, in a column named 'patient'."
        )
    ids = text_ids(pd.Index(table.iloc[:, place])).rename(names[place])
    dropped = [place]
    if place:
        notes.append(f"ids are read from column {names[place]!r}")
        if counting:
            dropped.append(0)
            notes.append("the first column, which counts the rows, left out")
    keep = [i for i in range(len(names)) if i not in dropped]
    return table.iloc[:, keep].set_axis(ids, axis=0)


def read_numbers(
    table: pd.DataFrame, path: Path, first_line: int, european: bool, notes: list[str]
) -> NDArray[np.float32]:
    """All cells as numbers; words for missing are NaN, others refused."""
    numeric = table.dtypes.map(pd.api.types.is_numeric_dtype).to_numpy()
    words: list[str] = []
    commas = 0
    replaced = {}
    for place in np.flatnonzero(~numeric).tolist():
        cells = table.iloc[:, place]
        _refuse_nested(cells, path)
        text = cells.astype(object).map(str, na_action="ignore").str.strip()
        missing = missing_cells(text)
        known, comma = decimal_points(text[~missing], european)
        commas += comma == "decimal"
        bad = ~np.array([is_number(cell) for cell in known], dtype=bool)
        if bad.any():
            row = int(np.flatnonzero(~missing)[bad][0])
            raise ValueError(
                f"{path}, line {first_line + row}: {cells.iloc[row]!r} in column "
                f"{table.columns[place]!r} (row {table.index[row]!r}) is not a number."
            )
        words += text[missing & text.notna().to_numpy()].tolist()
        replaced[place] = pd.to_numeric(known).reindex(text.index)
    if commas:
        notes.append(f"commas in {counted(commas, 'column')} read as decimal points")
    if words:
        what = some(sorted(set(words)), "word")
        notes.append(f"{counted(len(words), 'cell')} read as missing: {what}")
    if not replaced:
        return table.to_numpy(dtype=np.float32)
    values = np.empty(table.shape, dtype=np.float32)
    values[:, numeric] = table.loc[:, numeric].to_numpy(dtype=np.float32)
    for place, column in replaced.items():
        values[:, place] = column.to_numpy(dtype=np.float32)
    return values


def _genes(
    values: NDArray[np.float32], genes: pd.Index, path: Path, notes: list[str]
) -> tuple[NDArray[np.float32], pd.Index]:
    """Leave out what is no gene, and refuse what is one twice."""
    names = genes.fillna("")
    special = names.str.startswith("__") | names.str.startswith("N_")
    copies = is_par_copy(names)
    nameless, dates = odd_gene_names(names)
    keep = ~(copies | np.asarray(special, dtype=bool) | nameless)
    for what, n in (
        ("Y copy of a pseudo-autosomal gene", copies.sum()),
        ("summary row", np.sum(special)),
    ):
        if n:
            notes.append(f"left out: {n} x {what}")
    if nameless.any():
        shown = some(sorted(set(names[nameless])))
        notes.append(f"{counted(int(nameless.sum()), 'gene')} without a name left out")
        warn(
            f"{path}: {counted(int(nameless.sum()), 'gene')} without a name "
            f"({shown}) left out; name them to keep them.",
            ReadWarning,
        )
    if dates.any():
        shown = some(names[dates], "gene")
        notes.append(f"{shown} with the name of a date or number")
        warn(
            f"{path}: {shown} has the name of a date or number, as a spreadsheet makes "
            "of MARCHF1 or SEPTIN2: write the gene's name anew, as text.",
            ReadWarning,
        )
    if not keep.all():
        values, names = values[:, keep], names[keep]
    if not len(names):
        raise ValueError(f"{path}: no gene has a name.")
    names = pd.Index(strip_versions(names), dtype="str", name="gene")
    refuse_duplicates(names, "gene ids", path)
    return values, names


def _refuse_nested(cells: pd.Series, path: Path) -> None:
    """Lists, as parquet may hold: their text is like that of a word for missing."""
    first = cells.dropna().iloc[:1]
    if len(first) and not pd.api.types.is_scalar(first.iloc[0]):
        raise ValueError(
            f"{path}: column {cells.name!r} holds {type(first.iloc[0]).__name__} "
            f"values, such as in row {first.index[0]!r}, and not one number a cell."
        )


def check_values(
    values: NDArray[np.float32],
    samples: pd.Index,
    genes: pd.Index,
    path: Path,
    notes: list[str],
    *,
    what: str = "gene",
) -> None:
    """Refuse what is infinite; warn of what looks like a code for missing."""
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(
            f"{path}: infinite value at sample {samples[row]!r}, {what} "
            f"{genes[column]!r}."
        )
    code = suspicious_code(values, least=99)
    if code is not None:
        cells = counted(int((values == code).sum()), "cell")
        notes.append(f"{cells} of {code:g}, which looks like a code for missing")
        warn(
            f"{path}: {cells} of {code:g}, far from all other values, as a code for "
            "missing would be: blank the cells if it is one.",
            ReadWarning,
        )


def read_cells(path: Path, text: str | None = None) -> tuple[pd.DataFrame, Delimited]:
    """Cells of a delimited matrix as pandas reads them, but for ids, which stay text.

    Raises
    ------
    ValueError
        If there is no row, or a line is cut short.
    """
    found = take_apart(path, read_text(path) if text is None else text)
    if not found.body.strip():
        raise ValueError(f"{path}: the matrix has 0 rows of values.")
    if found.short:
        # A line cut short, as the last of an interrupted download.
        raise ValueError(
            f"{path}, line {found.short[0][0]}: {found.short[0][1]} cells instead of "
            f"{len(found.names)}; the file is cut or damaged."
        )
    # An id is text as it stands, in whichever column it is.
    ids = [i for i, n in enumerate(found.names) if i == 0 or is_patient_name(n)]
    if not found.names[0] and len(found.names) > 1 and is_corner_name(found.names[1]):
        ids.append(1)
    table = found.read(dtype=dict.fromkeys(ids, str))
    for place in ids:
        if table[place].isna().any():  # an id, or a gene, may be named NA
            table[place] = found.read(
                usecols=[place], dtype=str, keep_default_na=False
            )[place]
            table[place] = table[place].replace("", None)
    nameless = [
        place
        for place, name in enumerate(found.names)
        if place and not name and table[place].isna().all()
    ]
    table = table.drop(columns=nameless)
    names = [n for place, n in enumerate(found.names) if place not in nameless]
    table.columns = pd.Index(names)
    return table, found


def tidy_text_matrix(
    path: Path, text: str | None = None, *, patients: Iterable[str] | None = None
) -> pd.DataFrame:
    """Read a delimited matrix with a header line; see `tidy_matrix`."""
    table, found = read_cells(path, text)
    return tidy_matrix(
        table,
        path,
        first_line=found.first_line,
        patients=patients,
        european=found.sep == ";",
        notes=found.notes,
    )
