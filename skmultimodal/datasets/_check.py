"""What is in a folder of patients, and what is wrong with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from skmultimodal.datasets._folder import find_downloads
from skmultimodal.datasets._ids import by_patient, compare_sources, reduce_folders
from skmultimodal.datasets._join import Flow, warn_of_unplaced
from skmultimodal.datasets._sources import (
    CLINICAL_NAMES,
    EXPRESSION_NAMES,
    TableFile,
    check_table,
    feature_files,
    mri_folders,
    read_rows,
    refuse_strangers,
)
from skmultimodal.datasets.tcga._files import describe_files
from skmultimodal.datasets.tcga._load import load_tcga_glioma
from skmultimodal.io import (
    PatientSlices,
    read_patient_table,
    read_patients,
)
from skmultimodal.io._labels import target_array
from skmultimodal.io._patients import DEFAULT_SIZE, DEFAULT_SPACING
from skmultimodal.io._stack import common_size
from skmultimodal.io._tables import one_file
from skmultimodal.utils._labels import class_name, missing_labels
from skmultimodal.utils._patterns import pattern_name
from skmultimodal.utils._text import some

__all__ = ["FolderCheck", "check_folder"]

# Columns of clinical.csv with as many values as this may be labels.
MAX_CLASSES = 10
# Lines of the flow that count the patients of two sources.
MEET = ("ids", "note")
SHOWN = 3
GEOMETRY = (
    "{scan_width} x {scan_height} x {scan_planes} voxels, {scan_spacing:g} mm in "
    "plane, {scan_slice_spacing:g} mm between planes, orientation {scan_orientation}"
)


@dataclass
class FolderCheck:
    """What was found in a folder of patients.

    Parameters
    ----------
    found : list of str
        What can be read, a line each.
    problems : list of str
        What is wrong, a sentence each, with the remedy.

    Examples
    --------
    >>> from skmultimodal.datasets import FolderCheck
    >>> print(FolderCheck(["mri: 2 patients"], ["patient 'P1' has no t1."]))
    mri: 2 patients
    1 problem:
    1. patient 'P1' has no t1.
    """

    found: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.problems:
            return "\n".join([*self.found, "ready"])
        n = len(self.problems)
        numbered = [f"{i}. {text}" for i, text in enumerate(self.problems, 1)]
        head = f"{n} problem{'' if n == 1 else 's'}:"
        return "\n".join([*self.found, head, *numbered])


def check_folder(folder: str | Path, **options: Any) -> FolderCheck:
    """Read a folder of patients as the loaders do, and list all that is wrong with it.

    Parameters
    ----------
    folder : str or Path
        See `load_cohort` and `load_tcga_glioma`.
    **options
        How the loader would read scans: `sequences`, `volumes`, `image_size`,
        `spacing`, `slice_choice` or `label_map`.

    Returns
    -------
    check : FolderCheck
        Its text ends with "ready", or with a numbered list of its ``problems``.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no patients in it.

    See Also
    --------
    load_folder : Loads the folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.datasets import check_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = {
    ...         "clinical.csv": "patient,response\\nP1,yes\\nP2,no\\nP3,\\n",
    ...         "expression.csv": "patient,TP53,EGFR\\nP1,1.5,2.0\\nP2,,3.0\\n",
    ...     }
    ...     for name, text in files.items():
    ...         _ = (Path(folder) / name).write_text(text)
    ...     print(check_folder(folder))  # doctest: +ELLIPSIS
    a folder of patients (load_cohort)
    clinical.csv: 3 patients; columns response
    expression.csv: 2 patients, 2 genes
    mri: no folder
    clinical.csv has 3 patients, expression.csv 2, both 2
    patients with data: 2 gene
    label response: no 1, yes 1
    2 problems:
    1. ...expression.csv: 1 blank cell in 1 column and 1 row of modality 'gene', for example 'TP53' of patient 'P2'. Fill blank cells in the tower, such as ('gene', make_pipeline(SimpleImputer(), GeneAutoencoderTransformer())); leave out features that are blank in most rows; or make the whole row NaN if the patient lacks the modality.
    2. no patient has two modalities: there is nothing to fuse, and nobody to test a fusion on.
    """  # noqa: E501
    folder, check = Path(folder), FolderCheck()
    try:
        downloads = find_downloads(folder)
    except ValueError as error:  # two files of which it reads one
        check.problems.append(str(error))
        return check
    if downloads is not None:
        check.found.append("a folder of downloads (load_tcga_glioma)")
        check.found.append(describe_files(downloads))
        bunch = _attempt(check, lambda: load_tcga_glioma(folder, **options))
        if bunch is not None:
            check.found.append(f"patients with data: {_patterns(bunch.data.patterns)}")
            has_two = len(bunch.data.modalities) > 1
            _check_pairs(check, has_two and bool(bunch.data.paired.any()))
        return check
    check.found.append("a folder of patients (load_cohort)")
    flow = Flow()
    clinical = _check_clinical(check, folder, flow)
    folders = _find_scans(check, folder, flow)
    tables = _check_tables(check, folder, clinical, folders or {}, flow)
    images = _check_images(check, folders, options)
    _check_ids(check, clinical, tables, images, flow)
    return check


def _attempt(check: FolderCheck, read: Callable[..., Any], *arguments: Any) -> Any:
    """What a function reads; None if it fails, which is a problem."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = read(*arguments)
    except (OSError, ValueError) as error:
        check.problems.append(str(error))
        return None
    texts = dict.fromkeys(str(warning.message) for warning in caught)
    check.problems += list(texts)
    return result


def _check_clinical(
    check: FolderCheck, folder: Path, flow: Flow
) -> tuple[Path, pd.DataFrame] | None:
    file = _attempt(check, one_file, folder, CLINICAL_NAMES)
    if file is None:
        check.problems.append(
            f"no clinical.csv in {folder}, a table with a row per patient: there is no "
            "label. (To predict patients none is needed.)"
        )
        return None
    table = _attempt(check, read_patient_table, file)
    if table is None:
        return None
    table = _attempt(
        check, partial(by_patient, tissue=False), table, "clinical", flow, file.name
    )
    if table is None:
        return None
    columns = ", ".join(map(str, table.columns)) or "none"
    check.found.append(f"{file.name}: {len(table)} patients; columns {columns}")
    _list_changes(check, flow, "clinical")
    return file, table


def _check_tables(
    check: FolderCheck,
    folder: Path,
    clinical: tuple[Path, pd.DataFrame] | None,
    folders: dict[str, Path],
    flow: Flow,
) -> dict[TableFile, pd.DataFrame]:
    """Expression and computed features that can be read."""
    expression = _attempt(check, one_file, folder, EXPRESSION_NAMES)
    if expression is None:
        check.found.append("expression: no file")
    files = [] if expression is None else [TableFile("gene", expression)]
    files += _attempt(check, feature_files, folder, flow) or []
    patients = [*(() if clinical is None else clinical[1].index), *folders]
    columns = None if clinical is None else clinical[1]
    tables = {}
    for file in files:
        table = _attempt(check, read_rows, file, patients, flow)
        if table is None:
            continue
        n_patients, n_columns = table.shape
        what = "features" if file.computed else "genes"
        check.found.append(
            f"{file.name}: {n_patients:,} patients, {n_columns:,} {what}"
        )
        _list_changes(check, flow, file.modality)
        table = _attempt(check, check_table, table, file, columns, flow)
        if len(table) < n_patients:
            check.found.append(f"  {n_patients - len(table)} of them without any value")
        tables[file] = table
    return tables


def _list_changes(check: FolderCheck, flow: Flow, item: str) -> None:
    """What was read otherwise than it is written, or left out, of one source."""
    rows = [row for row in flow.rows if row[1] == item]
    notes = [reason for _, _, status, reason, _ in rows if status == "note"]
    check.found += [f"  {text}" for text in notes if text not in check.problems]
    dropped = [reason for _, _, status, reason, _ in rows if status == "dropped"]
    if dropped:
        check.found.append(f"  {some(dropped, 'sample', quote=False)} left out")


def _find_scans(check: FolderCheck, folder: Path, flow: Flow) -> dict[str, Path] | None:
    if not (folder / "mri").is_dir():
        return None
    folders = _attempt(check, mri_folders, folder / "mri")
    return None if folders is None else _attempt(check, reduce_folders, folders, flow)


def _check_images(
    check: FolderCheck, folders: dict[str, Path] | None, options: Mapping[str, Any]
) -> dict[str, PatientSlices] | None:
    if folders is None:
        check.found.append("mri: no folder")
        return None
    # As the loaders do by default, so that their warnings are among the problems.
    options = {"image_size": DEFAULT_SIZE, "spacing": DEFAULT_SPACING, **options}
    read_all = partial(read_patients, on_error="drop", keep_images=False)
    found = _attempt(check, lambda: read_all(folders, **options))
    if found is None:
        return None
    read, failures = found
    check.found.append(f"mri: {len(folders)} patients, {len(read)} can be read")
    channels = pd.Series([tuple(p.channels) for p in read.values()], dtype=object)
    lacking = pd.Series([tuple(p.missing) for p in read.values()], dtype=object)
    counts = pd.DataFrame({"has": channels, "lacks": lacking}).value_counts()
    for key, n in counts.items():
        names, without = cast("tuple[tuple[str, ...], tuple[str, ...]]", key)
        present = [name for name in names if name not in without]
        check.found.append(f"  {n} with {', '.join(present)}")
    check.found += _geometry_lines(read)
    _attempt(check, warn_of_unplaced, read)
    if read:
        _attempt(check, common_size, read)
    check.problems += list(failures.values())
    return read


def _geometry_lines(read: Mapping[str, PatientSlices]) -> list[str]:
    """Patients by shape, voxel size and orientation, the most frequent first."""
    texts = [GEOMETRY.format(**found.geometry) for found in read.values()]
    counts = pd.Series(texts, dtype=object).value_counts()
    lines = [f"  {n} of {text}" for text, n in counts[:SHOWN].items()]
    if len(counts) > SHOWN:
        others = len(counts) - SHOWN
        shapes = f"{others} other {'shape' if others == 1 else 'shapes'}"
        lines.append(f"  {counts[SHOWN:].sum()} of {shapes}")
    return lines


def _check_ids(
    check: FolderCheck,
    clinical: tuple[Path, pd.DataFrame] | None,
    tables: dict[TableFile, pd.DataFrame],
    images: dict[str, PatientSlices] | None,
    flow: Flow,
) -> None:
    """Whether the sources share patients, and any are paired and labelled."""
    name = None if clinical is None else clinical[0].name
    sources = {} if clinical is None else {clinical[0].name: list(clinical[1].index)}
    sources |= {file.name: list(table.index) for file, table in tables.items()}
    if images:
        sources["mri"] = list(images)
    for file in tables:
        _attempt(check, refuse_strangers, file, sources)
    _attempt(check, partial(compare_sources, clinical=name), sources, flow)
    check.found += [r for _, item, status, r, _ in flow.rows if (item, status) == MEET]
    ids = {"image": set(images or {})}
    ids |= {file.modality: set(table.index) for file, table in tables.items()}
    everyone = sorted(set.union(*ids.values()))
    if not everyone:
        check.problems.append(
            "no patient has a scan, expression or features that can be read."
        )
        return
    found = [[m for m in ids if p in ids[m]] for p in everyone]
    patterns = pd.Series(list(map(pattern_name, found)), dtype=object)
    check.found.append(f"patients with data: {_patterns(patterns)}")
    _check_pairs(check, any(len(modalities) > 1 for modalities in found))
    if clinical is None:
        return
    table = clinical[1]
    without = [patient for patient in everyone if patient not in table.index]
    if without:
        check.problems.append(
            f"{some(without, 'patient')} with data but without a row in the clinical "
            "table: they have no label; add their rows."
        )
    _list_labels(check, table[table.index.isin(everyone)])


def _list_labels(check: FolderCheck, clinical: pd.DataFrame) -> None:
    """Columns that could be a label, with the patients of each class."""
    found = False
    for name in clinical.columns:
        values = target_array(clinical[name])
        known = pd.Series(values[~missing_labels(values)])
        counts = known.value_counts().sort_index()
        if 2 <= len(counts) <= MAX_CLASSES:
            found = True
            classes = ", ".join(f"{class_name(c)} {n}" for c, n in counts.items())
            check.found.append(f"label {name}: {classes}")
    if not found:
        check.problems.append(
            f"no column of the clinical table has 2 to {MAX_CLASSES} different values "
            "among patients with data: there is no label to predict."
        )


def _check_pairs(check: FolderCheck, paired: bool) -> None:
    if not paired:
        check.problems.append(
            "no patient has two modalities: there is nothing to fuse, and nobody to "
            "test a fusion on."
        )


def _patterns(patterns: Any) -> str:
    counts = pd.Series(patterns).value_counts(sort=False)
    return ", ".join(f"{n} {pattern}" for pattern, n in counts.items())
