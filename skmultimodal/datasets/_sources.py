"""What a folder of patients holds: expression, scans and computed features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from skmultimodal.datasets._ids import (
    by_patient,
    compare_sources,
    reduce_folders,
    without_empty,
)
from skmultimodal.datasets._join import Flow
from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import (
    patient_folders,
    read_patient_features,
    read_patient_matrix,
)
from skmultimodal.io._features import feature_modality, files_beside
from skmultimodal.io._tables import one_file
from skmultimodal.utils._files import readable
from skmultimodal.utils._ids import examples
from skmultimodal.utils._patterns import check_name
from skmultimodal.utils._text import some
from skmultimodal.utils._validation import describe_blanks, fill_advice
from skmultimodal.utils._warnings import warn

__all__ = [
    "TableFile",
    "check_table",
    "feature_files",
    "find_sources",
    "is_cohort_folder",
    "mri_folders",
    "read_rows",
    "read_sources",
    "refuse_strangers",
]

CLINICAL_NAMES = tuple(f"clinical.{e}{z}" for e in ("csv", "tsv") for z in ("", ".gz"))
EXPRESSION_NAMES = tuple(
    f"expression.{e}{z}" for e in ("parquet", "csv", "tsv") for z in ("", ".gz")
)
FEATURES = "features"


@dataclass(frozen=True)
class TableFile:
    """A file with one row of numbers per patient.

    Parameters
    ----------
    modality : str
    path : Path
    computed : bool, default=False
        Whether another model computed the numbers; else they are expression.
    """

    modality: str
    path: Path
    computed: bool = False

    @property
    def name(self) -> str:
        """Its place in the folder of patients."""
        return f"{FEATURES}/{self.path.name}" if self.computed else self.path.name


def is_cohort_folder(folder: Path) -> bool:
    """Whether `load_cohort` reads the folder, rather than `load_tcga_glioma`.

    A clinical table beside other things may be one of the downloads of GDC.
    """
    clinical = one_file(folder, CLINICAL_NAMES)
    return clinical is not None and (
        one_file(folder, EXPRESSION_NAMES) is not None
        or (folder / "mri").is_dir()
        or (folder / FEATURES).is_dir()
        or list(folder.iterdir()) == [clinical]
    )


def find_sources(folder: Path, flow: Flow) -> tuple[list[TableFile], dict[str, Path]]:
    """Files of expression and features, and the folder of each patient's scans."""
    expression = one_file(folder, EXPRESSION_NAMES)
    mri = folder / "mri"
    if mri.is_symlink() and not mri.exists():
        raise FileNotFoundError(
            f"{mri}: a link that leads nowhere; put the folder there, or remove it."
        )
    files = [] if expression is None else [TableFile("gene", expression)]
    files += feature_files(folder, flow)
    if not files and not mri.is_dir():
        raise FileNotFoundError(
            f"{folder}: neither expression.parquet (or .csv, .tsv, possibly .gz) nor a "
            f"folder mri/ with a folder per patient, nor {FEATURES}/ with a table of "
            "features."
        )
    return files, mri_folders(mri) if mri.is_dir() else {}


def feature_files(folder: Path, flow: Flow) -> list[TableFile]:
    """Files of computed features, each one modality that is named after it.

    Raises
    ------
    ValueError
        If two have one name, or one has that of another source.
    FileNotFoundError
        If the folder is a link that leads nowhere.

    Warns
    -----
    ReadWarning
        If a file in the folder is of no kind that is read.
    """
    home = folder / FEATURES
    if home.is_symlink() and not home.exists():
        raise FileNotFoundError(
            f"{home}: a link that leads nowhere; put the folder there, or remove it."
        )
    if not home.is_dir():
        return []
    shown = [path for path in sorted(home.iterdir()) if not path.name.startswith(".")]
    found: dict[str, Path] = {}
    taken = {"image": "mri/"} if (folder / "mri").is_dir() else {}
    expression = one_file(folder, EXPRESSION_NAMES)
    if expression is not None:
        taken["gene"] = expression.name
    for path in shown:
        name = feature_modality(path)
        if name is None:
            continue
        if not path.is_file():
            raise ValueError(f"{path}: no file; put the file there, or remove it.")
        try:
            check_name(name)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        if name in taken:
            raise ValueError(
                f"{path}: modality {name!r} is read from {taken[name]} already; rename "
                "the file, or keep one."
            )
        found[name], taken[name] = path, f"{FEATURES}/{path.name}"
    _record_unread(shown, found, flow)
    return [TableFile(name, path, computed=True) for name, path in found.items()]


def _record_unread(
    shown: Sequence[Path], found: Mapping[str, Path], flow: Flow
) -> None:
    """Files that no reader takes; texts and provenance are no mistake."""
    used = {*found.values(), *(p for f in found.values() for p in files_beside(f))}
    unread = [path for path in shown if path not in used]
    for path in unread:
        flow.add("", "file", "ignored", "no table of features", path)
    odd = [p.name for p in unread if p.suffix.lower() not in (".md", ".txt")]
    if odd:
        warn(
            f"{unread[0].parent}: {some(odd, 'file')} not read: features are read from "
            ".parquet, .csv, .tsv, .npy, .h5 and .h5ad, and <modality>.json beside "
            "them.",
            ReadWarning,
        )


def read_sources(
    file: Path | None,
    clinical: pd.DataFrame,
    files: Sequence[TableFile],
    folders: dict[str, Path],
    flow: Flow,
) -> tuple[dict[str, Path], dict[str, pd.DataFrame]]:
    """Folders and tables by patient, compared with the clinical table.

    Parameters
    ----------
    file : Path or None
        Of the clinical table.
    clinical : DataFrame
        By patient.
    files : sequence of TableFile
    folders : dict of str to Path
        As they are named.
    flow : Flow

    Returns
    -------
    folders : dict of str to Path
        By patient.
    tables : dict of str to DataFrame
        By modality, each by patient; those without any value are left out.
    """
    folders = reduce_folders(folders, flow)
    patients = [*clinical.index, *folders]
    tables = {one: read_rows(one, patients, flow) for one in files}
    sources = {} if file is None else {file.name: list(clinical.index)}
    sources |= {one.name: list(table.index) for one, table in tables.items()}
    if folders:
        sources["mri"] = list(folders)
    for one in files:
        refuse_strangers(one, sources)
    compare_sources(sources, flow, clinical=None if file is None else file.name)
    return folders, {
        one.modality: check_table(table, one, clinical, flow)
        for one, table in tables.items()
    }


def read_rows(file: TableFile, patients: Sequence[str], flow: Flow) -> pd.DataFrame:
    """A table by patient, as it is in the file."""
    if not file.computed:
        table = read_patient_matrix(file.path, patients=patients)
        return by_patient(table, file.modality, flow, file.name)
    table = read_patient_features(file.path)
    facts = table.attrs["provenance"]
    table = by_patient(table, file.modality, flow, file.name)
    text = ", ".join(f"{key} {value}" for key, value in facts.items())
    if not text:
        beside = f"{FEATURES}/{file.modality}.json"
        text = f"encoder, version and licence are not recorded; {beside} may state them"
    flow.add("", file.modality, "note", text, file.name)
    table.attrs["provenance"] = facts
    return table


def refuse_strangers(file: TableFile, sources: Mapping[str, Sequence[str]]) -> None:
    """Raise if computed features are of nobody whom another source has."""
    others = {p for name, ids in sources.items() if name != file.name for p in ids}
    ids = sources[file.name]
    if not file.computed or not others or others & set(ids):
        return
    one, other = next(iter(examples(ids, sorted(others))), (ids[0], min(others)))
    raise ValueError(
        f"{file.path}: none of its {len(ids)} patients is in another file of the "
        f"cohort; it has ids such as {one!r}, they such as {other!r}: write the ids of "
        "a patient alike in all files."
    )


def check_table(
    table: pd.DataFrame, file: TableFile, clinical: pd.DataFrame | None, flow: Flow
) -> pd.DataFrame:
    """Leave out who has no value; warn of blank cells and of clinical columns."""
    facts = table.attrs.get("provenance", {})
    table = without_empty(table, file.modality, flow, file.name)
    table.attrs["provenance"] = facts
    rows = table.to_numpy()
    blanks = describe_blanks(rows, table.index, table.columns, file.modality)
    if blanks is not None:
        flow.add("", file.modality, "note", blanks, file.name)
        warn(f"{file.path}: {blanks}. {fill_advice(rows)}", ReadWarning)
    shared = [] if clinical is None else [c for c in table if c in clinical.columns]
    if shared:
        what = "features" if file.computed else "genes"
        text = (
            f"{some(shared, 'column')} stand in the clinical table as well: read as "
            f"{what}, but for the label; take out what is no {what[:-1]}"
        )
        flow.add("", file.modality, "note", text, file.name)
        warn(f"{file.path}: {text}.", ReadWarning)
    return table


def mri_folders(root: Path) -> dict[str, Path]:
    """Folder of each patient, without a NIfTI file or behind a broken link too."""
    folders = patient_folders(root)
    used = {path for found in folders.values() for path in (found, *found.parents)}
    empty = [
        path
        for path in sorted(root.iterdir())
        if path not in used
        and (path.is_dir() or (path.is_symlink() and not path.exists()))
    ]
    return folders | {readable(path.name): path for path in empty}
