"""What a folder of TCIA and GDC downloads holds, by kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from skmultimodal.datasets.tcga._clinical import read_clinical
from skmultimodal.datasets.tcga._expression import find_expression, find_matrices
from skmultimodal.datasets.tcga._gdc import layout_of
from skmultimodal.io import find_sequences, patient_folders
from skmultimodal.utils._files import walk_files

__all__ = ["SOURCES", "TcgaFiles", "describe_files", "find_tcga_files"]

# Where each part is published, for the sentence about its absence.
SOURCES = {
    "MRI": (
        "NIfTI files of the pre-operative TCGA-GBM and TCGA-LGG scans "
        "(doi 10.7937/K9/TCIA.2017.KLXWJJ1Q and 10.7937/K9/TCIA.2017.GJQ7R0EF, TCIA) "
        "or of a BraTS release (apply at synapse.org)"
    ),
    "expression": (
        "RNA-seq files of TCGA-GBM and TCGA-LGG (open access, portal.gdc.cancer.gov: "
        "STAR - Counts, with sample sheet or metadata JSON; or a matrix of "
        "xenabrowser.net)"
    ),
    "clinical": (
        "clinical tables with the response to therapy (BCR Biotab or clinical.tsv from "
        "portal.gdc.cancer.gov, or TCGA-CDR, doi 10.1016/j.cell.2018.02.052)"
    ),
}
NO_TABLE = ("annotations.txt", "manifest.txt")


@dataclass
class TcgaFiles:
    """What a download folder holds, by kind."""

    home: Path
    mri: dict[str, Path] = field(default_factory=dict)
    expression: list[Path] = field(default_factory=list)
    matrices: list[Path] = field(default_factory=list)
    clinical: dict[Path, pd.DataFrame] = field(default_factory=dict)
    annotation: Path | None = None
    mapping: Path | None = None
    unknown: dict[Path, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Parts that are not there, keys of the table of sources."""
        have = {
            "MRI": self.mri,
            "expression": self.expression or self.matrices,
            "clinical": self.clinical,
        }
        return [name for name, found in have.items() if not found]


def find_tcga_files(data_home: str | Path) -> TcgaFiles:
    """Sort the files of a download folder by content, without reading them all.

    Parameters
    ----------
    data_home : str or Path
        Searched at any depth.

    Returns
    -------
    TcgaFiles

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    home = Path(data_home)
    if not home.is_dir():
        raise FileNotFoundError(f"{home}: no such folder.")
    found = TcgaFiles(home, mri=patient_folders(home))
    found.expression = find_expression(home)
    found.matrices = find_matrices(home)
    known = {*found.expression, *found.matrices}
    for path in sorted(walk_files(home)):
        if path not in known and path.parent.name != "logs":
            _sort_in(path, found)
    return found


def _sort_in(path: Path, found: TcgaFiles) -> None:
    name = path.name.lower()
    if name.startswith(".") or name.endswith((".nii", ".nii.gz", ".parcel", ".json")):
        return
    if re.search(r"\.gtf(\.gz)?$", name):
        if found.annotation is not None:
            raise ValueError(
                f"two annotations: {found.annotation} and {path}; keep one."
            )
        found.annotation = path
    elif "name_mapping" in name:
        found.mapping = path
    elif re.search(r"\.(tsv|txt|csv|tar)(\.gz)?$", name):
        if name in NO_TABLE or "manifest" in name or "sample_sheet" in name:
            return
        try:
            table = read_clinical(path)
        except ValueError as error:
            found.unknown[path] = str(error)
        else:
            if table.attrs["layout"] != "brats":
                found.clinical[path] = table
    elif re.search(r"\.(xlsx?|ods|parquet|rds|rdata|h5ad|zip)$", name) or (
        re.search(r"^[^.]+(\.gz)?$", name) and layout_of(path) == "matrix"
    ):
        found.unknown[path] = "no table known by its name: save it as .csv or .tsv"


def describe_files(found: TcgaFiles) -> str:
    """What `load_tcga_glioma` would read, as lines of text."""
    lines = [f"MRI: {len(found.mri)} patient folders"]
    for patient, path in found.mri.items():
        try:
            names = ", ".join(find_sequences(path))
        except (OSError, ValueError) as error:
            names = f"cannot be read: {error}"
        lines.append(f"  {patient}: {names}")
    n_files = len(found.expression)
    matrices = ", ".join(path.name for path in found.matrices) or "none"
    lines.append(f"expression: {n_files} files of one sample; matrices: {matrices}")
    lines.append(f"clinical: {len(found.clinical)} tables")
    for path, table in found.clinical.items():
        layout = table.attrs["layout"]
        n_cases = table.index.nunique()
        lines.append(f"  {path.name}: {layout}, {len(table)} rows, {n_cases} cases")
    lines.append(f"annotation: {found.annotation.name if found.annotation else 'none'}")
    lines += [f"ignored: {path.name}: {why}" for path, why in found.unknown.items()]
    lines += [f"missing: {name}: {SOURCES[name]}" for name in found.missing]
    return "\n".join(lines)
