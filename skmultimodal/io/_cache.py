"""A folder that keeps the slices of patients; without it they are read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import scipy

from skmultimodal.io._sequences import survey_folder
from skmultimodal.io._slices import PatientSlices
from skmultimodal.utils._files import file_stamp, whole_file

__all__ = ["digest", "entry_of", "load_entry", "save_entry", "stamps"]

# Changes when a cached slice would be read differently.
CACHE_VERSION = 2
VERSIONS = (CACHE_VERSION, np.__version__, scipy.__version__, nib.__version__)


def stamps(folder: Path, options: Mapping[str, Any]) -> list[Any]:
    """What changes with the files of a patient, and with which of them are read."""
    found = survey_folder(
        folder,
        sequences=options.get("sequences"),
        scan_date=options.get("scan_date"),
    )
    marks: list[Any] = [sorted(map(str, found.ignored))]
    for path in found.chosen.values():
        if not path.is_file():  # refused where it is read
            marks.append([str(path)])
            continue
        marks.append(file_stamp(path))
    return marks


def digest(marks: list[Any], options: Mapping[str, Any]) -> str:
    """A name for what is read of files with some options."""
    plain = {key: repr(value) for key, value in sorted(options.items())}
    text = json.dumps([VERSIONS, marks, plain])
    return hashlib.sha256(text.encode()).hexdigest()


def entry_of(cache_dir: Path, folder: Path, options: Mapping[str, Any]) -> Path:
    """The file of the cache that keeps a patient."""
    return cache_dir / f"{digest(stamps(folder, options), options)[:32]}.npz"


def load_entry(path: Path) -> PatientSlices | None:
    """What was kept, or None.

    Raises
    ------
    ValueError
        If it cannot be read, or is not what was kept.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            image = stored["image"]
        for name in ("channels", "slices", "missing", "notes", "changes"):
            facts[name] = tuple(facts[name])
        if image.shape[:2] != (len(facts["slices"]), len(facts["channels"])):
            raise ValueError
        return PatientSlices(image=image, **facts)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # whatever a damaged archive makes of itself
        raise ValueError(f"{path.name} ({type(error).__name__})") from error


def save_entry(path: Path, found: PatientSlices) -> None:
    """Keep what was read; raises an OSError if that cannot be written."""
    names = [field.name for field in fields(found) if field.name != "image"]
    facts = json.dumps({name: getattr(found, name) for name in names})
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part, part.open("wb") as stream:
        np.savez(stream, image=found.image, facts=np.array(facts))
