"""One file of GDC expression: STAR augmented counts, HTSeq counts, FPKM, FPKM-UQ."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from skmultimodal.io._barcodes import looks_like_barcode
from skmultimodal.io._bytes import is_gzip, read_bytes
from skmultimodal.io._genes import is_known_symbol, looks_like_gene_id

__all__ = ["ONE_SAMPLE", "SampleFile", "layout_of", "read_sample_file"]

# STAR column -> unit; the same names choose a quantity.
STAR_UNITS = {
    "unstranded": "counts",
    "stranded_first": "counts",
    "stranded_second": "counts",
    "tpm_unstranded": "tpm",
    "fpkm_unstranded": "fpkm",
    "fpkm_uq_unstranded": "fpkm_uq",
}
QUANTITIES = {
    "counts": "unstranded",
    "tpm": "tpm_unstranded",
    "fpkm": "fpkm_unstranded",
    "fpkm_uq": "fpkm_uq_unstranded",
}
# Layouts of which one file is one sample.
ONE_SAMPLE = ("star", "two_columns")
PROBE = 1 << 12
LONGEST_PROBE = 1 << 22


@dataclass(frozen=True)
class SampleFile:
    """Values of one sample, with the rows that are no gene left out."""

    path: Path
    genes: pa.Array
    values: NDArray[Any]
    unit: str
    # First column as written, and which of its rows are genes.
    rows: pa.Array
    keep: NDArray[np.bool_]


def _head(path: Path, size: int = PROBE) -> str:
    """The first lines of a file, whole lines only, two at least if they are there."""
    with path.open("rb") as stream:
        raw = stream.read(size)
    if is_gzip(raw):
        try:
            with gzip.open(path) as stream:
                raw = stream.read(size)
        except (EOFError, OSError, zlib.error):
            return ""
    if len(raw) < size:
        return raw.decode("utf-8-sig", "replace")
    if raw.count(b"\n") < 20 and size < LONGEST_PROBE:
        # A matrix of many samples has long lines.
        return _head(path, size * 16)
    return raw[: raw.rfind(b"\n") + 1].decode("utf-8-sig", "replace")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def layout_of(path: Path) -> str:
    """Layout of a file, by its first lines.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        ``"star"``, ``"two_columns"`` (HTSeq, FPKM), ``"matrix"``, ``"damaged"`` (empty,
        a cut gzip file, a web page), or ``"other"`` for sheets, annotations and
        everything that is no expression.
    """
    if path.name.endswith(".parcel"):
        return "other"
    head = _head(path)
    if not head or head.lstrip()[:1] == "<":
        return "damaged"
    lines = [line for line in head.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        return "other"
    cells = lines[0].split("\t")
    if cells[0] == "gene_id" and set(cells) & {*STAR_UNITS, "gene_name"}:
        return "star"
    if len(cells) == 2 and _is_number(cells[1].strip()):
        return "two_columns"
    second = lines[1] if len(lines) > 1 else ""
    for sep in "\t,;":
        names, values = lines[0].split(sep), second.split(sep)
        if len(names) > 1 and len(values) in (len(names), len(names) + 1):
            numbers = [_is_number(v) or v in ("", "NA", "NaN") for v in values[1:]]
            if np.mean(numbers) > 0.5 and not _is_number(names[1]):
                return "matrix"
    return "other"


def is_barcode_matrix(path: Path) -> bool:
    """Whether a file is a matrix of genes and barcoded samples, in rows or columns."""
    if layout_of(path) != "matrix":
        return False
    lines = [line for line in _head(path).splitlines() if not line.startswith("#")]
    # A wide matrix has a header longer than the head: one cut line, or none.
    cells = [re.split(r"[\t,;]", line, maxsplit=1)[0] for line in lines[1:]]
    header = re.split(r"[\t,;]", lines[0])[1:] if lines else []
    first, names = ([x.strip(' "') for x in found] for found in (cells, header))
    if not first:
        return False
    rows, columns = (
        np.mean([looks_like_barcode(x) for x in f]) for f in (first, names)
    )
    if columns > 0.5 and rows < 0.5:
        return len(names) > 1
    genes = sum(looks_like_gene_id(x) or is_known_symbol(x) for x in names)
    return bool(rows > 0.5 and columns == 0 and genes > 1)


def _column(raw: bytes, path: Path, quantity: str | None) -> tuple[str, str, int]:
    """Which STAR column to read, its unit, and how many comment lines come first."""
    skip = 0
    start = 0
    while raw.startswith(b"#", start):
        start = raw.find(b"\n", start) + 1
        skip += 1
        if start == 0:
            raise ValueError(f"{path}: only comment lines, no gene.")
    end = raw.find(b"\n", start)
    header = (
        raw[start : end if end >= 0 else None].decode("utf-8", "replace").rstrip("\r")
    )
    names = header.split("\t")
    wanted = QUANTITIES.get(quantity or "tpm", quantity or "")
    if wanted not in names:
        have = [name for name in names if name in STAR_UNITS]
        raise ValueError(
            f"{path}, line {skip + 1}: no column {wanted!r}"
            + (f", only {', '.join(have)}." if have else " nor any other of values: ")
            + ("" if have else "the file names genes, it holds no expression.")
        )
    return wanted, STAR_UNITS.get(wanted, wanted), skip


def _parse(raw: bytes, names: list[str] | None, column: str, skip: int) -> pa.Table:
    """The two columns that are needed, by Arrow: it leaves out the others' cells."""
    ids = "gene_id"
    return csv.read_csv(
        pa.BufferReader(raw),
        read_options=csv.ReadOptions(
            use_threads=False,
            skip_rows=skip,
            column_names=names,
            block_size=max(len(raw), 1024),
        ),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=csv.ConvertOptions(
            include_columns=[ids, column],
            column_types={ids: pa.string(), column: pa.float64()},
            null_values=[""],
        ),
    )


def _bad_line(raw: bytes, path: Path, column: str, place: int) -> ValueError:
    """The sentence about the first line that Arrow could not read."""
    width = 0
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        width = width or len(cells)
        if len(cells) != width or width <= place:
            wanted = max(width, place + 1)
            return ValueError(
                f"{path}, line {number}: {len(cells)} cells instead of {wanted}; the "
                "file is cut or damaged, download it again."
            )
        header = cells[0] == "gene_id"
        special = cells[0].startswith(("N_", "__"))
        if not header and not special and not _is_number(cells[place]):
            return ValueError(
                f"{path}, line {number}: {cells[place]!r} in column {column!r} is not "
                "a number."
            )
    return ValueError(f"{path}: not a table of one sample's genes.")


def _unit_of_two_columns(path: Path, whole: bool) -> str:
    name = path.name.lower()
    if re.search(r"fpkm[-_.]?uq", name):
        return "fpkm_uq"
    if "fpkm" in name:
        return "fpkm"
    if "tpm" in name:
        return "tpm"
    if "count" in name and not whole:
        raise ValueError(
            f"{path}: named counts, but the values are no whole numbers; counts that "
            "were already normalised or put on a log scale are refused."
        )
    return "counts" if whole else "unknown"


def read_sample_file(
    path: Path, quantity: str | None = None, like: SampleFile | None = None
) -> SampleFile:
    """Read one STAR, HTSeq or FPKM file.

    Parameters
    ----------
    path : Path
        Plain or gzip.
    quantity : str, default=None
        For STAR: ``"counts"``, ``"tpm"``, ``"fpkm"``, ``"fpkm_uq"`` or a column's
        name; None is TPM.
    like : SampleFile, default=None
        Another file: its gene ids are reused if they are the same, which saves time.

    Returns
    -------
    SampleFile
        Gene ids as written, PAR copies included; summary rows left out.

    Raises
    ------
    ValueError
        If the file is no such file, a cell is no number, or counts are not whole.
    """
    raw = read_bytes(path)
    star = re.match(rb"(#[^\n]*\n)*gene_id\t", raw) is not None
    column, unit, skip = _column(raw, path, quantity) if star else ("value", "", 0)
    try:
        table = _parse(raw, None if star else ["gene_id", column], column, skip)
    except pa.ArrowInvalid as error:
        raise _bad_line(raw, path, column, _place(raw, column, skip, star)) from error
    rows = table.column("gene_id").combine_chunks()
    cells = table.column(column).combine_chunks()
    if like is not None and rows.equals(like.rows):
        keep, genes = like.keep, like.genes
    else:
        special = pc.starts_with(rows, "N_" if star else "__")
        keep = ~special.to_numpy(zero_copy_only=False).astype(bool)
        genes = rows.filter(pa.array(keep))
    if len(genes) == 0:
        raise ValueError(f"{path}: no gene in it.")
    values = cells.to_numpy(zero_copy_only=False)[keep]
    if genes.null_count or (cells.null_count and np.isnan(values).any()):
        raise _bad_line(raw, path, column, _place(raw, column, skip, star))
    if not np.isfinite(values).all() or (values < 0).any():
        row = int(np.flatnonzero(~(np.isfinite(values) & (values >= 0)))[0])
        raise ValueError(
            f"{path}: gene {genes[row].as_py()} has {values[row]}; counts, TPM and "
            "FPKM are finite and not negative (were they put on a log scale?)."
        )
    whole = bool((values == np.rint(values)).all())
    unit = unit or _unit_of_two_columns(path, whole)
    if unit == "counts" and not whole:
        raise ValueError(
            f"{path}: column {column!r} holds counts, but they are no whole numbers "
            "(were they put on a log scale?)."
        )
    small = np.int32 if unit == "counts" and values.max() < 2**31 else np.float32
    return SampleFile(path, genes, values.astype(small), unit, rows, keep)


def _place(raw: bytes, column: str, skip: int, star: bool) -> int:
    if not star:
        return 1
    header = raw.split(b"\n", skip + 1)[skip].decode("utf-8", "replace").rstrip("\r")
    return header.split("\t").index(column)
