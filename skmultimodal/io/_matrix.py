"""Expression matrices: Xena hubs, your own table, parquet; samples x genes out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.io._barcodes import looks_like_barcode
from skmultimodal.io._bytes import read_text
from skmultimodal.io._genes import is_par_copy, looks_like_gene_id, strip_versions

__all__ = ["refuse_duplicates", "separator_of", "tidy_matrix", "tidy_text_matrix"]

SAMPLE_CORNERS = (
    "patient",
    "sample",
    "case",
    "subject",
    "barcode",
    "id",
    "participant",
)
GENE_CORNERS = ("gene", "ensembl", "hugo", "symbol", "probe", "transcript", "name")
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


def separator_of(header: str) -> str:
    """Tab, comma or semicolon, whichever the header line has most of."""
    return max("\t,;", key=header.count)


def refuse_duplicates(names: pd.Index, what: str, path: Path) -> None:
    """Raise if a sample or gene occurs twice."""
    if names.has_duplicates:
        again = names[names.duplicated()].unique()
        raise ValueError(
            f"{path}: {len(again)} duplicated {what} "
            f"({', '.join(map(str, again[:5]))}{', ...' if len(again) > 5 else ''}); "
            "keep one of each."
        )


def _share(names: pd.Index, test: Any) -> float:
    some = [str(name) for name in names[:PROBE]]
    return float(np.mean([test(name) for name in some])) if some else 0.0


def _genes_in_rows(table: pd.DataFrame, corner: str) -> bool:
    rows, columns = table.index, table.columns
    if (
        _share(rows, looks_like_gene_id) > 0.5
        or _share(columns, looks_like_barcode) > 0.5
    ):
        return True
    if _share(rows, looks_like_barcode) > 0.5:
        return False
    if _share(columns, looks_like_gene_id) > 0.5:
        return False
    corner = corner.lower()
    if any(word in corner for word in SAMPLE_CORNERS):
        return False
    return any(word in corner for word in GENE_CORNERS)


def _first_bad_cell(table: pd.DataFrame, path: Path, first_line: int) -> ValueError:
    for column in table.columns:
        values = table[column]
        if pd.api.types.is_numeric_dtype(values):
            continue
        bad = pd.to_numeric(values, errors="coerce").isna() & values.notna()
        if bad.any():
            row = int(np.flatnonzero(bad.to_numpy())[0])
            return ValueError(
                f"{path}, line {first_line + row}: {values.iloc[row]!r} in column "
                f"{column!r} (row {table.index[row]!r}) is not a number."
            )
    return ValueError(f"{path}: cells that are no numbers.")


def tidy_matrix(
    table: pd.DataFrame, path: Path, *, first_line: int = 2
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

    Returns
    -------
    DataFrame of shape (n_samples, n_genes), float32
        Ensembl versions are stripped, PAR copies and gene annotations left out.

    Raises
    ------
    ValueError
        If ids are duplicated, cells are no numbers, or nothing is left.
    """
    if isinstance(table.index, pd.RangeIndex) and table.shape[1]:
        table = table.set_index(table.columns[0])
    corner = str(table.index.name or "").strip()
    if table.shape[0] == 0 or table.shape[1] == 0:
        raise ValueError(f"{path}: the matrix has {table.shape[0]} rows of values.")
    if table.index.isna().any():
        row = int(np.flatnonzero(table.index.isna())[0])
        raise ValueError(f"{path}, line {first_line + row}: a row without an id.")
    genes_first = _genes_in_rows(table, corner)
    if genes_first:
        notes = [c for c in table.columns if str(c).lower() in GENE_ANNOTATIONS]
        table = table.drop(columns=notes)
    numeric = table.dtypes.map(pd.api.types.is_numeric_dtype)
    if not numeric.all():
        raise _first_bad_cell(table, path, first_line)
    values = table.to_numpy(dtype=np.float32)
    genes, samples = (
        (table.index, table.columns) if genes_first else (table.columns, table.index)
    )
    if genes_first:
        values = values.T
    genes = pd.Index([str(name).strip() for name in genes], dtype=object)
    samples = pd.Index([str(name).strip() for name in samples], dtype=object)
    special = genes.str.startswith("__") | genes.str.startswith("N_")
    keep = ~(is_par_copy(genes) | np.asarray(special, dtype=bool))
    if not keep.all():
        values, genes = values[:, keep], genes[keep]
    genes = pd.Index(strip_versions(genes), dtype="str", name="gene")
    samples = pd.Index(samples, dtype="str", name="sample")
    refuse_duplicates(samples, "sample ids", path)
    refuse_duplicates(genes, "gene ids", path)
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(
            f"{path}: infinite value at sample {samples[row]!r}, gene "
            f"{genes[column]!r}."
        )
    return pd.DataFrame(values, index=samples, columns=genes, copy=False)


def _refuse_ragged(body: str, sep: str, width: int, path: Path, first: int) -> None:
    """A line cut short, as the last of an interrupted download, is no missing value."""
    if '"' in body:
        return
    for number, line in enumerate(body.split("\n"), first):
        if line and line.count(sep) != width - 1:
            raise ValueError(
                f"{path}, line {number}: {line.count(sep) + 1} cells instead of "
                f"{width}; the file is cut or damaged."
            )


def tidy_text_matrix(path: Path, text: str | None = None) -> pd.DataFrame:
    """Read a delimited matrix with a header line; see `tidy_matrix`."""
    text = read_text(path) if text is None else text
    lines = 0
    start = 0
    while text.startswith("#", start):
        start = text.find("\n", start) + 1
        lines += 1
        if start == 0:
            raise ValueError(f"{path}: only comment lines.")
    end = text.find("\n", start)
    header = text[start : end if end >= 0 else None]
    sep = separator_of(header)
    names = [name.strip().strip('"') for name in header.split(sep)]
    if len(names) < 2:
        raise ValueError(
            f"{path}, line {lines + 1}: one column; a matrix with tabs or commas "
            "between cells is needed."
        )
    body = text[end + 1 :] if end >= 0 else ""
    if body.split("\n", 1)[0].count(sep) == len(names):
        # R and old Xena hubs leave the corner out: a cell less than the rows have.
        names.insert(0, "")
    refuse_duplicates(pd.Index(names[1:]), "column names", path)
    _refuse_ragged(body, sep, len(names), path, lines + 2)
    try:
        table = pd.read_csv(
            io.StringIO(body),
            sep=sep,
            header=None,
            names=range(len(names)),
            index_col=False,
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path}: {str(error).strip()}.") from error
    table.columns = pd.Index(names)
    return tidy_matrix(table, path, first_line=lines + 2)
