"""Which file of a patient's folder is which MRI sequence, and which is the mask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from skmultimodal.io._scan_names import (
    SEQUENCES,
    NamedFile,
    barcode,
    is_nifti_name,
    name_file,
    recognise,
    stem,
)
from skmultimodal.utils._files import readable, walk_files

__all__ = [
    "UNNAMED",
    "FoundFiles",
    "check_sequences",
    "find_sequences",
    "patient_folders",
    "survey_folder",
]

UNNAMED = "no channel takes a file of this name"


@dataclass(frozen=True)
class FoundFiles:
    """Files of one patient.

    Parameters
    ----------
    chosen : dict of str to Path
        By channel.
    ignored : dict of Path to str
        Why each other NIfTI file is not read.
    """

    chosen: dict[str, Path]
    ignored: dict[Path, str]


def _candidates(
    folder: Path, problems: dict[Path, OSError] | None = None
) -> Iterator[Path]:
    """NIfTI files by name; some archives wrap each file in a folder of its name.

    A link that leads nowhere is among them, lest the scan be passed over: to read it
    is refused.
    """
    for path in sorted(walk_files(folder, problems, unreadable=True)):
        hidden = any(p.startswith(".") for p in path.relative_to(folder).parts)
        if not hidden and is_nifti_name(path):
            yield path


def _same_kind(left: str, right: str) -> bool:
    """Whether two names are ids of one system, so that a difference is a patient's."""
    first = [
        re.sub(r"[^A-Za-z].*", "", name, flags=re.DOTALL).lower()
        for name in (left, right)
    ]
    shapes = [re.sub(r"[A-Za-z0-9]", "x", name) for name in (left, right)]
    return shapes[0] == shapes[1] or (first[0] == first[1] != "")


def _refuse_strangers(folder: Path, found: list[NamedFile]) -> None:
    owners = [item.owner for item in found if item.owner]
    usual = max(owners, key=owners.count, default="")
    for item in found:
        if (
            item.owner
            and item.owner.lower() != usual.lower()
            and _same_kind(item.owner, usual)
        ):
            raise ValueError(
                f"{folder}: {item.path.name} belongs to {item.owner!r}, the other "
                f"files to {usual!r}; keep one patient to a folder."
            )
    case, own = barcode(folder.name), barcode(usual)
    if case and own and case != own:
        raise ValueError(
            f"{folder}: {found[0].path.name} belongs to {own}, the folder to {case}; "
            "move the files to their patient's folder."
        )


def _choose_date(
    folder: Path, found: list[NamedFile], date: str | None
) -> list[NamedFile]:
    dates = sorted({item.date for item in found if item.date})
    if date in ("first", "last") and dates:
        date = dates[0] if date == "first" else dates[-1]
    elif date is None and len(dates) > 1:
        raise ValueError(
            f"{folder}: scans of {len(dates)} dates ({', '.join(dates)}); "
            "choose one with scan_date, for example scan_date='first'."
        )
    if date is None or not dates:
        return found
    if date not in dates:
        raise ValueError(f"{folder}: no scan of {date!r}, only {', '.join(dates)}.")
    return [item for item in found if item.date in (None, date)]


def check_sequences(sequences: Sequence[str] | Mapping[str, str | None] | None) -> None:
    """Refuse channels that no file could be found for."""
    if sequences is None:
        return
    wrong = isinstance(sequences, str) or not len(sequences)
    if not wrong and isinstance(sequences, Mapping):
        for name, pattern in sequences.items():
            known = pattern is None and name in SEQUENCES
            wrong = wrong or not (known or (pattern and isinstance(pattern, str)))
    elif not wrong:
        wrong = any(name not in SEQUENCES for name in sequences)
    if wrong:
        raise ValueError(
            f"sequences must be among {', '.join(SEQUENCES)}, or a dict of a channel's "
            "name to a pattern of its files' names, such as "
            f"sequences={{'adc': '*ADC*'}}; got {sequences!r}."
        )


def _match_patterns(
    folder: Path, paths: list[Path], patterns: Mapping[str, str | None]
) -> list[NamedFile]:
    """Files by patterns of their names, in any case, with or without the ending."""
    found: dict[Path, NamedFile] = {}
    for name, pattern in patterns.items():
        if pattern is None:
            continue
        for path in paths:
            names = (path.name.lower(), stem(path).lower())
            if not any(fnmatchcase(n, pattern.lower()) for n in names):
                continue
            if path in found:
                raise ValueError(
                    f"{folder}: {path.name} is {found[path].sequence!r} and {name!r} "
                    "by the patterns of `sequences`; make them narrower."
                )
            found[path] = name_file(path, name)
    return list(found.values())


def _recognise_all(
    folder: Path, paths: list[Path], patterns: Mapping[str, str | None]
) -> list[NamedFile]:
    """Files by the patterns, and others by the names that are built in.

    With patterns, only the mask and channels without a pattern are read by their names.
    """
    found = _match_patterns(folder, paths, patterns)
    taken = {item.path for item in found}
    by_name = [name for name, pattern in patterns.items() if pattern is None]
    if patterns and "seg" not in patterns:
        by_name.append("seg")
    for path in paths:
        item = None if path in taken else recognise(path)
        if item and (not patterns or item.sequence in by_name):
            found.append(item)
    return found


def _refuse_none(
    folder: Path, paths: list[Path], patterns: Mapping[str, str | None]
) -> None:
    names = ", ".join(path.name for path in paths[:5]) or "no NIfTI file"
    if patterns:
        wanted = ", ".join(f"{name}={p!r}" for name, p in patterns.items())
        raise FileNotFoundError(
            f"{folder}: no file for the channels {wanted} (found: {names}); mend the "
            "patterns of `sequences`, such as {'adc': '*ADC*'}."
        )
    raise FileNotFoundError(
        f"{folder}: no MRI sequence recognised by name (found: {names}); names "
        "end in t1, t1ce, t2, flair or seg, for example P1_t1ce.nii.gz, or give "
        "sequences={'t1': '*MPRAGE*'} with a pattern of the names."
    )


def survey_folder(
    folder: str | Path,
    *,
    sequences: Sequence[str] | Mapping[str, str | None] | None = None,
    scan_date: str | None = None,
) -> FoundFiles:
    """Find the files of a patient's channels, and those that are none.

    Parameters
    ----------
    folder, sequences, scan_date : see `find_sequences`
        A list of names finds all that are built in, as None does.

    Returns
    -------
    FoundFiles
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder.")
    patterns = sequences if isinstance(sequences, Mapping) else {}
    order = [*patterns, "seg"] if patterns else SEQUENCES
    paths = list(_candidates(folder))
    recognised = _recognise_all(folder, paths, patterns)
    if not {item.sequence for item in recognised} & set(patterns or SEQUENCES):
        _refuse_none(folder, paths, patterns)
    _refuse_strangers(folder, recognised)
    found = _choose_date(folder, recognised, scan_date)
    chosen: dict[str, Path] = {}
    for sequence in dict.fromkeys(order):
        files = [item for item in found if item.sequence == sequence]
        best = [i for i in files if i.rank == min(file.rank for file in files)]
        if len(best) > 1:
            names = ", ".join(str(item.path.relative_to(folder)) for item in best)
            raise ValueError(
                f"{folder}: {len(best)} files for {sequence!r} ({names}); keep one, or "
                f"name it by a pattern, such as sequences={{{sequence!r}: "
                f"'{stem(best[0].path)}'}}."
            )
        if best:
            chosen[sequence] = best[0].path
    ignored = dict.fromkeys(paths, UNNAMED)
    ignored |= {i.path: f"another file is the {i.sequence}" for i in found}
    ignored |= {i.path: "of another date" for i in recognised if i not in found}
    taken = set(chosen.values())
    return FoundFiles(chosen, {p: why for p, why in ignored.items() if p not in taken})


def find_sequences(
    folder: str | Path,
    *,
    sequences: Mapping[str, str | None] | None = None,
    scan_date: str | None = None,
) -> dict[str, Path]:
    """Find the MRI sequences and the tumour mask in one patient's folder.

    It reads the names of the pre-operative TCGA collections (``_t1Gd``,
    ``_GlistrBoost_ManuallyCorrected``) and of BraTS 2017 to 2023 and later (``_t1ce``,
    ``-t1c``, ``-t2f``), in any case, ``.nii`` or ``.nii.gz``, at any depth. Other files
    are passed over; the loaders list them.

    Parameters
    ----------
    folder : str or Path
        Folder of one patient.
    sequences : dict of str to str, default=None
        Channels of any name, each with a pattern of its file's name, with or without
        the ending and in any case: ``{"adc": "*ADC*"}``. Two files for one channel are
        refused. None in place of a pattern reads a name that is built in. The mask is
        ``"seg"``, and found by its name if it is not among them.
    scan_date : {"first", "last"} or str, default=None
        Which scan to take when file names carry several dates. None refuses those.

    Returns
    -------
    dict of str to Path
        Keys among ``"t1"``, ``"t1ce"``, ``"t2"``, ``"flair"``, ``"seg"``, in this
        order, or those of `sequences` and ``"seg"``. Of several masks the one corrected
        by hand is taken.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or it holds no known sequence.
    ValueError
        If two files claim one sequence, or files of two patients or dates are mixed.
    OSError
        If a folder in it cannot be listed, or they lie too deep.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from skmultimodal.io import find_sequences
    >>> volume = nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), np.eye(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nib.save(volume, Path(folder, "P1_t1.nii.gz"))
    ...     nib.save(volume, Path(folder, "P1_DWI_b1000.nii.gz"))
    ...     t1 = find_sequences(folder)
    ...     dwi = find_sequences(folder, sequences={"dwi": "*DWI*"})
    >>> [(k, path.name) for k, path in (t1 | dwi).items()]
    [('t1', 'P1_t1.nii.gz'), ('dwi', 'P1_DWI_b1000.nii.gz')]
    """
    check_sequences(sequences)
    return survey_folder(folder, sequences=sequences, scan_date=scan_date).chosen


def patient_folders(root: str | Path) -> dict[str, Path]:
    """Find the folders below `root` that directly hold NIfTI files, by patient id.

    Parameters
    ----------
    root : str or Path
        A folder of patient folders, at any depth (``HGG/BraTS19_...`` included).

    Returns
    -------
    dict of str to Path
        The id is the TCGA case in the folder's name if there is one, else the name.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If two folders have the same patient id.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from skmultimodal.io import patient_folders
    >>> volume = nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), np.eye(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "P1").mkdir()
    ...     nib.save(volume, Path(folder, "P1", "P1_t1.nii.gz"))
    ...     list(patient_folders(folder))
    ['P1']
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder.")
    folders: dict[str, Path] = {}
    problems: dict[Path, OSError] = {}
    for path in sorted({path.parent for path in _candidates(root, problems)}):
        # A folder named like a file wraps that file: the patient is one level up.
        folder = path.parent if is_nifti_name(path) else path
        if folder == root:
            raise ValueError(f"{root}: NIfTI files must lie in a folder per patient.")
        patient = barcode(folder.name) or readable(folder.name)
        if folders.setdefault(patient, folder) != folder:
            raise ValueError(
                f"{root}: patient {patient} has two folders, {folders[patient]} and "
                f"{folder}; keep one."
            )
    if root in problems:
        raise problems[root]
    for path in problems:
        _add_unreadable(root, path, folders)
    return folders


def _add_unreadable(root: Path, path: Path, folders: dict[str, Path]) -> None:
    """A folder that cannot be searched is of the patient whose reading will fail."""
    used = {parent for folder in folders.values() for parent in folder.parents}
    for patient in [*reversed(path.parents), path]:
        if patient in folders.values():
            return
        if patient.is_relative_to(root) and patient != root and patient not in used:
            folders.setdefault(patient.name, patient)
            return
