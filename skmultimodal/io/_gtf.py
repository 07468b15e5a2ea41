"""Gene annotation: Ensembl and GENCODE GTF, Xena probe maps, tables of names."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.io._bytes import HTML_STARTS, is_gzip
from skmultimodal.io._genes import is_par_copy, strip_version, strip_versions
from skmultimodal.io._tables import read_table
from skmultimodal.utils._files import refuse_no_file

__all__ = ["read_gtf", "select_genes"]

_ATTRIBUTE = re.compile(rb'(\w+)\s+(?:"([^"]*)"|([^\s;"]+))')
GENE_COLUMNS = [
    "gene_id",
    "gene_version",
    "gene_name",
    "biotype",
    "chromosome",
    "start",
    "end",
    "strand",
    "par_copy",
]
SPECIES_PREFIX = {"human": "ENSG", "mouse": "ENSMUSG", "rat": "ENSRNOG"}


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines of a file too big to be held, with their numbers."""
    refuse_no_file(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
        if not start:
            raise ValueError(f"{path}: the file is empty (0 bytes).")
        open_file: Any = gzip.open if is_gzip(start) else open
        with open_file(path, "rb") as stream:
            yield from enumerate(stream, 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path}: truncated or damaged gzip file ({error})."
        ) from error


def _attributes(text: bytes) -> dict[str, str]:
    """First value of each key; a repeated ``tag`` is of no use here."""
    found: dict[str, str] = {}
    for key, quoted, bare in _ATTRIBUTE.findall(text):
        found.setdefault(
            key.decode("utf-8", "replace"), (quoted or bare).decode("utf-8", "replace")
        )
    return found


def _records(
    path: Path, feature: bytes
) -> Iterator[tuple[list[bytes], dict[str, str]]]:
    """Fields and attributes of the lines of one feature."""
    mark = b"\t" + feature + b"\t"
    checked = False
    for number, line in _lines(path):
        if line.startswith(b"#") or not line.strip():
            continue
        if not checked:
            _check_line(path, number, line)
            checked = True
        if mark not in line:
            continue
        fields = line.rstrip(b"\r\n").split(b"\t")
        if len(fields) > 2 and fields[2] != feature:
            continue
        if len(fields) != 9 or not (fields[3].isdigit() and fields[4].isdigit()):
            raise ValueError(
                f"{path}, line {number}: {len(fields)} tab-separated fields with start "
                f"{fields[3:4]}; a GTF line has 9 and whole numbers in 4 and 5."
            )
        attributes = _attributes(fields[8])
        if "gene_id" not in attributes:
            raise ValueError(f"{path}, line {number}: no gene_id (GFF3 is not read).")
        yield fields, attributes


def _check_line(path: Path, number: int, line: bytes) -> None:
    if line.lstrip().lower().startswith(HTML_STARTS):
        raise ValueError(
            f"{path}, line {number}: a web page was saved under this name; download "
            "the file again."
        )
    if line.count(b"\t") < 8:
        raise ValueError(
            f"{path}, line {number}: no GTF line (9 tab-separated fields are needed)."
        )


def _gene_row(fields: list[bytes], attributes: dict[str, str]) -> tuple[Any, ...]:
    stored = attributes["gene_id"]
    par = stored.endswith("_PAR_Y") or stored.startswith("ENSGR")
    gene_id = strip_version(stored)
    version = attributes.get("gene_version", "")
    if not version and stored.startswith("ENS") and "." in stored:
        version = stored.split(".", 1)[1].removesuffix("_PAR_Y")
    if stored.endswith("_PAR_Y"):
        # The X copy has the same id: the suffix keeps them apart.
        gene_id += "_PAR_Y"
    return (
        gene_id,
        version,
        attributes.get("gene_name") or None,
        attributes.get("gene_biotype") or attributes.get("gene_type") or None,
        fields[0].decode("utf-8", "replace").removeprefix("chr"),
        int(fields[3]),
        int(fields[4]),
        fields[6].decode("utf-8", "replace"),
        par,
    )


def _is_gtf(path: Path) -> bool:
    for _, line in _lines(path):
        if line.strip() and not line.startswith(b"#"):
            return not re.match(rb"(id\tgene\t|gene_id\t|gene\t)", line)
    raise ValueError(f"{path}: no line with a gene.")


def _from_table(path: Path) -> pd.DataFrame:
    """A Xena probe map, or a table with ``gene_id`` and ``gene_name``."""
    table = read_table(path).rename(
        columns={
            "id": "gene_id",
            "gene": "gene_name",
            "chrom": "chromosome",
            "chromStart": "start",
            "chromEnd": "end",
            "gene_type": "biotype",
            "gene_biotype": "biotype",
        }
    )
    if not {"gene_id", "gene_name"} <= set(table.columns):
        raise ValueError(f"{path}, line 1: no columns gene_id (or id) and gene_name.")
    stored = table["gene_id"]
    out = pd.DataFrame(index=table.index)
    out["gene_id"] = strip_versions(stored)
    in_suffix = stored.str.endswith("_PAR_Y")
    out.loc[in_suffix, "gene_id"] += "_PAR_Y"
    version = stored.str.extract(r"^ENS\w+\.(\d+)", expand=False)
    out["gene_version"] = version.fillna("")
    out["gene_name"] = table["gene_name"].where(table["gene_name"] != "", None)
    for name in ("biotype", "chromosome", "start", "end", "strand"):
        out[name] = table.get(name, None)
    out["chromosome"] = (
        out["chromosome"].str.removeprefix("chr") if "chromosome" in table else None
    )
    for name in ("start", "end"):
        if name in table:
            out[name] = pd.to_numeric(out[name])
    out["par_copy"] = is_par_copy(stored)
    return out[GENE_COLUMNS]


def read_gtf(path: str | Path, *, species: str | None = "human") -> pd.DataFrame:
    """Read the genes of an annotation.

    Parameters
    ----------
    path : str or Path
        GTF of Ensembl or GENCODE, plain or gzip; or a Xena probe map; or a table with
        the columns gene_id and gene_name. GTF files are read line by line.
    species : {"human", "mouse", "rat"}, default="human"
        Ensembl ids of another species are refused; None accepts any.

    Returns
    -------
    DataFrame of shape (n_genes, 9)
        In file order: ``gene_id`` (version stripped), ``gene_version``, ``gene_name``
        (None for novel genes), ``biotype``, ``chromosome`` (without "chr"), ``start``
        and ``end`` (1-based, inclusive), ``strand``, ``par_copy`` (the Y copy of a
        pseudo-autosomal gene).

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, is no annotation or of another species.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.io import read_gtf
    >>> ids = 'gene_id "ENSG00000000011.5"; gene_type "lncRNA"; gene_name "A";'
    >>> line = "\\t".join(["chr1", "HAVANA", "gene", "11", "90", ".", "+", ".", ids])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "v36.gtf").write_text(line + "\\n")
    ...     read_gtf(Path(folder) / "v36.gtf")["gene_id"].tolist()
    ['ENSG00000000011']
    """
    path = Path(path)
    if not _is_gtf(path):
        table = _from_table(path)
    else:
        rows = [_gene_row(*record) for record in _records(path, b"gene")]
        if not rows:
            # Old Ensembl files and those of UCSC have no gene lines.
            found = {r[0]: r for r in _spans(path)}
            rows = list(found.values())
        table = pd.DataFrame(rows, columns=GENE_COLUMNS)
    if table.empty:
        raise ValueError(f"{path}: no gene in this annotation.")
    _check_species(path, table["gene_id"], species)
    return table


def _spans(path: Path) -> Iterator[tuple[Any, ...]]:
    spans: dict[str, list[Any]] = {}
    for feature in (b"transcript", b"exon"):
        for fields, attributes in _records(path, feature):
            row = list(_gene_row(fields, attributes))
            known = spans.setdefault(row[0], row)
            known[5], known[6] = min(known[5], row[5]), max(known[6], row[6])
        if spans:
            break
    yield from (tuple(row) for row in spans.values())


def _check_species(path: Path, ids: pd.Series, species: str | None) -> None:
    if species is None:
        return
    if species not in SPECIES_PREFIX:
        raise ValueError(
            f"species must be one of {', '.join(SPECIES_PREFIX)} or None, "
            f"got {species!r}."
        )
    ensembl = ids[ids.str.match(r"^ENS[A-Z]*G[R]?\d")]
    right = ensembl.str.match(f"^{SPECIES_PREFIX[species]}R?\\d")
    if len(ensembl) and right.mean() < 0.5:
        raise ValueError(
            f"{path}: gene ids such as {ensembl.iloc[0]!r} are not of {species}; give "
            "the annotation of your species, or species=None."
        )


def select_genes(
    expression: pd.DataFrame,
    annotation: pd.DataFrame,
    *,
    biotypes: tuple[str, ...] | None = ("protein_coding",),
    duplicates: str = "drop_later",
    names: bool = False,
) -> pd.DataFrame:
    """Keep the genes of an annotation that are in a matrix.

    The default is the paper's rule: protein-coding, a unique gene name, in the matrix.
    How many that are depends on both releases: read it from ``attrs``.

    Parameters
    ----------
    expression : DataFrame of shape (n_samples, n_genes)
        Columns are gene ids (or gene names).
    annotation : DataFrame
        As `read_gtf` gives it.
    biotypes : tuple of str, default=("protein_coding",)
        Biotypes kept; None keeps all.
    duplicates : {"drop_later", "first", "max_mean", "sum"}, default="drop_later"
        Of genes with one name: keep the first in the annotation, the one with the
        highest mean (fit it on training rows), or the sum (linear scale only).
    names : bool, default=False
        Name columns by gene name instead of id.

    Returns
    -------
    DataFrame of shape (n_samples, n_selected)
        ``attrs["gene_selection"]`` counts genes after each step.

    Raises
    ------
    ValueError
        If matrix and annotation share no gene, or logged values are to be summed.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal.io import select_genes
    >>> annotation = pd.DataFrame({"gene_id": ["ENSG11", "ENSG12"], "par_copy": False})
    >>> annotation["gene_name"] = ["AAA", "BBB"]
    >>> annotation["biotype"] = ["protein_coding", "lncRNA"]
    >>> expression = pd.DataFrame({"ENSG11": [3.5], "ENSG12": [2.5]}, index=["P1"])
    >>> select_genes(expression, annotation, names=True).columns.tolist()
    ['AAA']
    """
    kept, counts = _eligible(annotation, biotypes, duplicates)
    key = "gene_id"
    if not kept[key].isin(expression.columns).any():
        key = "gene_name"
    kept = kept[kept[key].isin(expression.columns)]
    counts["in the matrix"] = len(kept)
    if kept.empty:
        first = annotation["gene_id"].iloc[0]
        raise ValueError(
            "matrix and annotation share no gene: the matrix has "
            f"{expression.columns[0]!r}, the annotation {first!r} "
            "(another species, or another kind of id?)."
        )
    chosen = _without_twins(expression[kept[key].tolist()], kept, key, duplicates)
    if names and key == "gene_id":
        by_id = kept.set_index("gene_id")["gene_name"]
        chosen = chosen.set_axis(by_id.loc[chosen.columns].to_numpy(), axis=1)
    chosen.columns.name = "gene"
    chosen.attrs = {**expression.attrs, "gene_selection": counts}
    return chosen


def _eligible(
    annotation: pd.DataFrame, biotypes: tuple[str, ...] | None, duplicates: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Genes that the rule admits, and how many were left after each step."""
    kept = annotation[~annotation["par_copy"].astype(bool)]
    counts = {"annotated": len(annotation), "without PAR copies": len(kept)}
    if biotypes is not None:
        if kept["biotype"].isna().all():
            raise ValueError("the annotation has no biotypes: pass biotypes=None.")
        kept = kept[kept["biotype"].isin(biotypes)]
        counts["of the biotypes"] = len(kept)
    kept = kept[kept["gene_name"].notna()]
    counts["with a name"] = len(kept)
    if duplicates in ("drop_later", "first"):
        kept = kept[~kept["gene_name"].duplicated()]
        counts["unique names"] = len(kept)
    elif duplicates not in ("max_mean", "sum"):
        raise ValueError(
            "duplicates must be 'drop_later', 'first', 'max_mean' or 'sum', "
            f"got {duplicates!r}."
        )
    return kept, counts


def _without_twins(
    values: pd.DataFrame, kept: pd.DataFrame, key: str, duplicates: str
) -> pd.DataFrame:
    if duplicates in ("drop_later", "first") or key == "gene_name":
        return values.loc[:, ~values.columns.duplicated()]
    by_name = kept.set_index("gene_id")["gene_name"].loc[values.columns]
    if duplicates == "max_mean":
        means = values.mean(axis=0).to_numpy()
        order = np.argsort(-means, kind="stable")
        first = ~by_name.iloc[order].duplicated().to_numpy()
        return values.iloc[:, np.sort(order[first])]
    if values.attrs.get("log2"):
        raise ValueError("duplicates='sum' needs a linear scale, the values are log2.")
    by_id = by_name.rename_axis("gene_id").reset_index()
    ids = by_id.groupby("gene_name", sort=False)["gene_id"].first()
    summed = values.T.groupby(by_name.to_numpy(), sort=False).sum().T
    return summed.set_axis(ids.loc[summed.columns].to_numpy(), axis=1)
