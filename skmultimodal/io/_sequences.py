"""Which file of a patient's folder is which MRI sequence, and which is the mask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skmultimodal.utils._files import readable

__all__ = ["SEQUENCES", "find_sequences", "is_modern_naming", "patient_folders"]

SEQUENCES = ("t1", "t1ce", "t2", "flair", "seg")

# Longest first: the first alias that ends the name wins, so t1ce is not read as t1.
# The number ranks masks (corrected by hand before automatic); others have one rank.
ALIASES: dict[str, tuple[str, int]] = {
    "glistrboost_manuallycorrected": ("seg", 0),
    "seg": ("seg", 1),
    "segm": ("seg", 1),
    "segmentation": ("seg", 1),
    "tumor_segmentation": ("seg", 1),
    "tumor_seg": ("seg", 1),
    "glistrboost": ("seg", 2),
    "t1ce": ("t1ce", 0),
    "t1_ce": ("t1ce", 0),
    "t1gd": ("t1ce", 0),
    "t1_gd": ("t1ce", 0),
    "t1c": ("t1ce", 0),
    "t1post": ("t1ce", 0),
    "t1": ("t1", 0),
    "t1n": ("t1", 0),
    "t1w": ("t1", 0),
    "t2_flair": ("flair", 0),
    "flair": ("flair", 0),
    "t2f": ("flair", 0),
    "t2": ("t2", 0),
    "t2w": ("t2", 0),
}
_ENDING = re.compile(
    r"^(?P<stem>.*?)(?:^|[-_. ]+)(?P<alias>"
    + "|".join(
        alias.replace("_", "[-_. ]?")
        for alias in sorted(ALIASES, key=len, reverse=True)
    )
    + r")$",
    re.IGNORECASE,
)
_NIFTI = re.compile(r"\.nii(\.gz)?$", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d[.-]?[01]\d[.-]?[0-3]\d)(?!\d)")
_TCGA = re.compile(r"TCGA-\w{2}-\w{4}", re.IGNORECASE)
_OTHER_MASKS = re.compile(r"(brain|parenchyma)$", re.IGNORECASE)
# The GLI names of 2023 and later, in which 3 is the enhancing tumour.
_MODERN = re.compile(r"(^|[^A-Za-z])BraTS-[A-Za-z]+-\d+-\d+", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    path: Path
    sequence: str
    rank: int
    owner: str
    date: str | None


def _candidates(folder: Path) -> Iterator[Path]:
    """Regular NIfTI files; some archives wrap each file in a folder of its name."""
    for path in sorted(folder.rglob("*")):
        hidden = any(p.startswith(".") for p in path.relative_to(folder).parts)
        if not hidden and _NIFTI.search(path.name) and path.is_file():
            yield path


def _recognise(path: Path) -> _Found | None:
    match = _ENDING.match(_NIFTI.sub("", path.name))
    if match is None:
        return None
    alias = re.sub(r"[-. ]", "_", match["alias"].lower())
    sequence, rank = ALIASES.get(alias) or next(
        found
        for name, found in ALIASES.items()
        if name.replace("_", "") == alias.replace("_", "")
    )
    stem = match["stem"]
    if sequence == "seg" and _OTHER_MASKS.search(stem):
        return None
    date = _DATE.search(stem)
    owner = _DATE.sub("", stem).strip("-_. ")
    return _Found(path, sequence, rank, owner, date[1] if date else None)


def _same_kind(left: str, right: str) -> bool:
    """Whether two names are ids of one system, so that a difference is a patient's."""
    first = [
        re.sub(r"[^A-Za-z].*", "", name, flags=re.DOTALL).lower()
        for name in (left, right)
    ]
    shapes = [re.sub(r"[A-Za-z0-9]", "x", name) for name in (left, right)]
    return shapes[0] == shapes[1] or (first[0] == first[1] != "")


def _refuse_strangers(folder: Path, found: list[_Found]) -> None:
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
    case, own = _TCGA.search(folder.name), _TCGA.search(usual)
    if case and own and case[0].upper() != own[0].upper():
        raise ValueError(
            f"{folder}: {found[0].path.name} belongs to {own[0].upper()}, the folder "
            f"to {case[0].upper()}; move the files to their patient's folder."
        )


def _choose_date(folder: Path, found: list[_Found], date: str | None) -> list[_Found]:
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


def find_sequences(
    folder: str | Path, *, scan_date: str | None = None
) -> dict[str, Path]:
    """Find the MRI sequences and the tumour mask in one patient's folder.

    It reads the names of the pre-operative TCGA collections (``_t1Gd``,
    ``_GlistrBoost_ManuallyCorrected``) and of BraTS 2017 to 2023 and later (``_t1ce``,
    ``-t1c``, ``-t2f``), in any case, ``.nii`` or ``.nii.gz``, at any depth. Other files
    are passed over.

    Parameters
    ----------
    folder : str or Path
        Folder of one patient.
    scan_date : {"first", "last"} or str, default=None
        Which scan to take when file names carry several dates. None refuses those.

    Returns
    -------
    dict of str to Path
        Keys among ``"t1"``, ``"t1ce"``, ``"t2"``, ``"flair"``, ``"seg"``, in this
        order. Of several masks the one corrected by hand is taken.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or it holds no known sequence.
    ValueError
        If two files claim one sequence, or files of two patients or dates are mixed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from skmultimodal.io import find_sequences
    >>> volume = nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), np.eye(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "P1").mkdir()
    ...     nib.save(volume, Path(folder, "P1", "P1_t1.nii.gz"))
    ...     [(k, path.name) for k, path in find_sequences(folder).items()]
    [('t1', 'P1_t1.nii.gz')]
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder.")
    paths = list(_candidates(folder))
    found = [item for path in paths if (item := _recognise(path)) is not None]
    if not found:
        names = ", ".join(path.name for path in paths[:5]) or "no NIfTI file"
        raise FileNotFoundError(
            f"{folder}: no MRI sequence recognised by name (found: {names}); names "
            "end in t1, t1ce, t2, flair or seg, for example P1_t1ce.nii.gz."
        )
    _refuse_strangers(folder, found)
    found = _choose_date(folder, found, scan_date)
    chosen: dict[str, Path] = {}
    for sequence in SEQUENCES:
        files = [item for item in found if item.sequence == sequence]
        best = [i for i in files if i.rank == min(file.rank for file in files)]
        if len(best) > 1:
            names = ", ".join(str(item.path.relative_to(folder)) for item in best)
            raise ValueError(
                f"{folder}: {len(best)} files for {sequence!r} ({names}); keep one."
            )
        if best:
            chosen[sequence] = best[0].path
    return chosen


def is_modern_naming(path: Path) -> bool:
    """Whether a file is named as in BraTS 2023 and later (3 = enhancing tumour)."""
    return _MODERN.search(path.name) is not None


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
    for path in sorted({path.parent for path in _candidates(root)}):
        # A folder named like a file wraps that file: the patient is one level up.
        folder = path.parent if _NIFTI.search(path.name) else path
        if folder == root:
            raise ValueError(f"{root}: NIfTI files must lie in a folder per patient.")
        case = _TCGA.search(folder.name)
        patient = case[0].upper() if case else readable(folder.name)
        if folders.setdefault(patient, folder) != folder:
            raise ValueError(
                f"{root}: patient {patient} has two folders, {folders[patient]} and "
                f"{folder}; keep one."
            )
    return folders
