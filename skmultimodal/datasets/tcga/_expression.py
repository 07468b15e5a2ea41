"""Expression of many samples: whichever layout, samples x genes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from skmultimodal.datasets.tcga._gdc import (
    ONE_SAMPLE,
    is_barcode_matrix,
    layout_of,
)
from skmultimodal.datasets.tcga._matrices import read_matrix, take_log2, unit_by_name
from skmultimodal.datasets.tcga._sample_files import read_sample_files
from skmultimodal.datasets.tcga._sheets import barcodes_by_file
from skmultimodal.io._barcodes import choose_aliquots
from skmultimodal.io._bytes import read_text
from skmultimodal.utils._files import walk_files

__all__ = [
    "find_expression",
    "find_matrices",
    "one_per_patient",
    "read_expression",
]


def find_expression(folder: str | Path) -> list[Path]:
    """Find the one-sample files of a download folder, by content, in order.

    Parameters
    ----------
    folder : str or Path
        Searched at any depth; sheets, ``annotations.txt`` and ``logs/`` are passed
        over.

    Returns
    -------
    list of Path
        Damaged files among them: reading one raises an error that names the damage.
    """
    # Damaged files too: reading them is an error, passing over would be silent.
    return [
        p for p in _tables_below(folder) if layout_of(p) in (*ONE_SAMPLE, "damaged")
    ]


def find_matrices(folder: str | Path) -> list[Path]:
    """Find the matrices of many TCGA samples in a folder, as Xena hubs give them.

    Parameters
    ----------
    folder : str or Path
        Searched at any depth.

    Returns
    -------
    list of Path
        In order.
    """
    # Xena hubs name their matrices without an extension, such as HiSeqV2.
    found = _tables_below(folder, r"(\.(tsv|txt|csv|counts|gz)|^[^.]+)$")
    return [path for path in found if is_barcode_matrix(path)]


def _tables_below(
    folder: str | Path, names: str = r"\.(tsv|txt|csv|counts|gz)$"
) -> list[Path]:
    found = []
    for path in sorted(walk_files(folder)):
        name = path.name.lower()
        hidden = name.startswith(".") or path.parent.name == "logs"
        table = re.search(names, name)
        skip = name.endswith((".tar.gz", ".nii.gz", ".gtf.gz"))
        if table and not hidden and not skip:
            found.append(path)
    return found


def _with_quantity(paths: list[Path], quantity: str | None) -> list[Path]:
    """Of a cart with several workflows, the files of one quantity."""
    kinds = {path: layout_of(path) for path in paths}
    for path, kind in kinds.items():
        if kind == "two_columns":
            kinds[path] = unit_by_name(path)
    present = sorted(set(kinds.values()) - {"damaged"})
    if len(present) <= 1:
        return paths
    if quantity is None:
        raise ValueError(
            f"{paths[0].parent.parent}: files of several kinds ({', '.join(present)}); "
            "choose one with quantity, for example quantity='counts'."
        )
    chosen = [p for p, kind in kinds.items() if kind in ("star", "damaged", quantity)]
    if not chosen:
        raise ValueError(f"no file of {quantity!r}, only {', '.join(present)}.")
    return chosen


def read_expression(
    path: str | Path,
    *,
    quantity: str | None = None,
    log2: bool = False,
    sample_sheet: str | Path | None = None,
    on_error: str = "raise",
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Read gene expression: GDC files, one or a folder of them, or a matrix.

    The layout is recognised by content: STAR augmented counts, HTSeq counts, FPKM and
    FPKM-UQ (two columns, no header), or a matrix (UCSC Xena, cBioPortal, your own;
    genes or samples in rows; parquet too). Summary rows and the Y copies of
    pseudo-autosomal genes are left out, versions are stripped from Ensembl ids.

    Parameters
    ----------
    path : str or Path
        A file, plain or gzip, or a folder as the GDC client leaves it.
    quantity : {"counts", "tpm", "fpkm", "fpkm_uq"} or str, default=None
        STAR column (None: TPM), or which files of a mixed folder.
    log2 : bool, default=False
        Return log2(x + 1). Values that are already on a log scale, as those of Xena
        hubs, stay as they are: the logarithm is taken once.
    sample_sheet : str or Path, default=None
        Sample sheet or metadata JSON that names the samples. None looks for one in the
        folder; without any, rows are named by file.
    on_error : {"raise", "drop"}, default="raise"
        With ``"drop"``, files that cannot be read are left out and listed in
        ``attrs["dropped"]``.
    n_jobs : int, default=None
        Threads that read files.

    Returns
    -------
    DataFrame of shape (n_samples, n_genes)
        Indexed by sample barcode (or file); columns are gene ids. Counts are whole
        numbers, everything else float32. ``attrs`` has ``unit``, ``log2``, ``layout``,
        ``files`` and ``dropped``.

    Raises
    ------
    FileNotFoundError, ValueError
        One sentence that names the file and, where there is one, the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.datasets.tcga import read_expression
    >>> text = "ENSG00000000011.5\\t7\\nENSG00000000012.5\\t3\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.htseq.counts").write_text(text)
    ...     read_expression(folder).columns.tolist()
    ['ENSG00000000011', 'ENSG00000000012']
    """
    path = Path(path)
    if on_error not in ("raise", "drop"):
        raise ValueError(f"on_error must be 'raise' or 'drop', got {on_error!r}.")
    if path.is_dir():
        paths = find_expression(path)
        if not paths:
            raise FileNotFoundError(f"{path}: no expression file in this folder.")
        paths = _with_quantity(paths, quantity)
    elif ".parquet" in path.name.lower() or _is_matrix(path):
        table = read_matrix(path)
        return take_log2(table, path) if log2 else table
    else:
        paths = [path]
    rows, kept, failures = read_sample_files(paths, quantity, on_error, n_jobs)
    files = [paths[i] for i in kept]
    names = _sample_names(files, path, sample_sheet)
    index = pd.Index(names, dtype="str", name="sample")
    # pandas would copy the array by default.
    table = pd.DataFrame(rows.values, index=index, columns=rows.genes, copy=False)
    star = layout_of(files[0]) == "star"
    table.attrs = {
        "layout": "star" if star else "htseq",
        "unit": rows.first.unit,
        "log2": False,
        "files": [str(file) for file in files],
        "dropped": failures,
    }
    return take_log2(table, path) if log2 else table


def _is_matrix(path: Path) -> bool:
    text_layout = "other"
    if path.is_file() and path.stat().st_size:
        text_layout = layout_of(path)
    if text_layout == "other":
        # Raises for what is missing, empty, damaged or a web page.
        start = read_text(path)[:80].split("\n")[0]
        raise ValueError(
            f"{path}, line 1: no expression table known here (it starts {start!r}); "
            "known are STAR and HTSeq files of the GDC and matrices of numbers."
        )
    return text_layout == "matrix"


def _sample_names(
    files: Sequence[Path], path: Path, sample_sheet: str | Path | None
) -> list[str]:
    names = barcodes_by_file(path, sample_sheet)
    out = []
    for file in files:
        found = names.get(file.name) or names.get(file.parent.name)
        if found is None and sample_sheet is not None:
            raise ValueError(
                f"{file}: not in the sample sheet {sample_sheet}; add its row or move "
                "the file away."
            )
        out.append(found or file.name.split(".")[0])
    return out


def one_per_patient(
    expression: pd.DataFrame,
    *,
    sample_types: Sequence[str] = ("01",),
    aggregate: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reduce samples to patients: one aliquot of each, or their mean.

    Primary tumour only by default; then vial A before B, RNA analyte H, R, T, then the
    highest plate, then the highest barcode.

    Parameters
    ----------
    expression : DataFrame of shape (n_samples, n_genes)
        Indexed by barcode, as `read_expression` gives it.
    sample_types : sequence of str, default=("01",)
        Sample types accepted.
    aggregate : {None, "mean"}, default=None
        ``"mean"``: average a patient's accepted samples instead of choosing one.

    Returns
    -------
    patients : DataFrame of shape (n_patients, n_genes)
        Indexed by case.
    choice : DataFrame of shape (n_samples, 4)
        ``sample``, ``case``, ``kept`` and ``reason``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal.datasets.tcga import one_per_patient
    >>> samples = ["TCGA-02-0001-01B", "TCGA-02-0001-01A"]
    >>> patients, choice = one_per_patient(pd.DataFrame({"TP53": [1, 2]}, samples))
    >>> patients["TP53"].to_dict()
    {'TCGA-02-0001': 2}
    """
    choice = choose_aliquots(list(expression.index), sample_types=sample_types)
    choice.insert(0, "sample", list(expression.index))
    if aggregate == "mean":
        other = choice["reason"].str.startswith("another")
        choice["kept"] = choice["kept"] | other
        choice["reason"] = choice["reason"].mask(other, "averaged with the others")
        kept = choice["kept"].to_numpy()
        cases = choice["case"][kept].to_numpy()
        patients = expression[kept].groupby(cases, sort=False).mean()
    elif aggregate is None:
        kept = choice["kept"].to_numpy()
        patients = expression[kept].set_axis(choice["case"][kept].to_numpy(), axis=0)
    else:
        raise ValueError(f"aggregate must be None or 'mean', got {aggregate!r}.")
    patients.index = pd.Index(patients.index, dtype="str", name="patient")
    patients.attrs = {**expression.attrs}
    return patients, choice
