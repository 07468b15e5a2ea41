"""Which sequence a file is, by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "SEQUENCES",
    "NamedFile",
    "barcode",
    "is_modern_naming",
    "is_nifti_name",
    "name_file",
    "recognise",
    "stem",
]

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
class NamedFile:
    """A file, its sequence, whose it is, and when it was scanned.

    The lowest rank is preferred among files of one sequence.
    """

    path: Path
    sequence: str
    rank: int
    owner: str
    date: str | None


def is_nifti_name(path: Path) -> bool:
    """Whether the name ends as one of a NIfTI file."""
    return _NIFTI.search(path.name) is not None


def stem(path: Path) -> str:
    """The name of a NIfTI file without its ending."""
    return _NIFTI.sub("", path.name)


def barcode(name: str) -> str | None:
    """The case of TCGA in a name."""
    match = _TCGA.search(name)
    return match[0].upper() if match else None


def name_file(path: Path, sequence: str) -> NamedFile:
    """A file whose sequence is given; of its owner only a barcode is recognised."""
    date = _DATE.search(path.name)
    owner = barcode(path.name) or ""
    return NamedFile(path, sequence, 0, owner, date[1] if date else None)


def recognise(path: Path) -> NamedFile | None:
    """What a file is by its name; None if that is unknown."""
    match = _ENDING.match(stem(path))
    if match is None:
        return None
    alias = re.sub(r"[-. ]", "_", match["alias"].lower())
    sequence, rank = ALIASES.get(alias) or next(
        found
        for name, found in ALIASES.items()
        if name.replace("_", "") == alias.replace("_", "")
    )
    start = match["stem"]
    if sequence == "seg" and _OTHER_MASKS.search(start):
        return None
    date = _DATE.search(start)
    owner = _DATE.sub("", start).strip("-_. ")
    return NamedFile(path, sequence, rank, owner, date[1] if date else None)


def is_modern_naming(path: Path) -> bool:
    """Whether a file is named as in BraTS 2023 and later (3 = enhancing tumour)."""
    return _MODERN.search(path.name) is not None
