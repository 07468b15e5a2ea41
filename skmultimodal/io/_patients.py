"""Many patients' slices: in parallel, cached on disk, or read on demand."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._sequences import SEQUENCES, find_sequences
from skmultimodal.io._slices import PatientSlices, read_quietly
from skmultimodal.utils._files import readable, whole_file
from skmultimodal.utils._warnings import warn

__all__ = ["NiftiBlock", "read_patients"]

# Changes when a cached slice would be read differently.
CACHE_VERSION = 2


def _stamps(folder: Path, scan_date: str | None) -> list[tuple[Any, ...]]:
    found = find_sequences(folder, scan_date=scan_date).values()
    status = [(path, os.stat(path)) for path in found]
    return [
        (str(path.resolve()), s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
        for path, s in status
    ]


def _entry(cache_dir: Path, folder: Path, options: Mapping[str, Any]) -> Path:
    stamps = _stamps(folder, options.get("scan_date"))
    plain = {key: repr(value) for key, value in sorted(options.items())}
    text = json.dumps([CACHE_VERSION, stamps, plain])
    return cache_dir / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"


def _load_entry(path: Path) -> PatientSlices:
    """What was saved; an error of any kind if that is damaged."""
    # np.load leaves a damaged file open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        facts = json.loads(str(stored["facts"]))
        image = stored["image"]
    names = ("channels", "slices", "missing", "notes")
    found = PatientSlices(
        image=image,
        mask_file=facts["mask_file"],
        chosen_by=facts["chosen_by"],
        **{name: tuple(facts[name]) for name in names},
    )
    if image.shape[:-2] != (len(found.slices), len(found.channels)):
        raise ValueError(f"it has an image of shape {image.shape}")
    return found


def _save_entry(path: Path, found: PatientSlices) -> None:
    names = ("channels", "slices", "missing", "notes", "mask_file", "chosen_by")
    facts = json.dumps({name: getattr(found, name) for name in names})
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part, part.open("wb") as stream:
        np.savez(stream, image=found.image, facts=np.array(facts))


@dataclass
class _Read:
    """What became of one patient, and of its entry in the cache."""

    found: PatientSlices | Exception
    damaged: Exception | None = None
    unsaved: Exception | None = None


def _read_one(
    folder: Path, options: Mapping[str, Any], cache_dir: Path | None
) -> _Read:
    read = _Read(ValueError("not read"))
    try:
        entry = None
        if cache_dir is not None:
            entry = _entry(cache_dir, folder, options)
            try:
                if entry.is_file():
                    return _Read(_load_entry(entry))
            except Exception as error:  # a damaged archive raises whatever it likes
                read.damaged = error
        read.found = read_quietly(folder, **options)
    except (OSError, ValueError) as error:
        read.found = error
        return read
    if entry is not None:
        try:
            _save_entry(entry, read.found)
        except Exception as error:  # of the cache, not of the patient
            read.unsaved = error
    return read


def _warn_of_cache(cache_dir: Path, read: Sequence[_Read]) -> None:
    """One warning for each kind of trouble: the patients are read all the same."""
    for kind, what, errors in (
        ("damaged", "read anew from their files", [r.damaged for r in read]),
        ("not written", "read anew next time", [r.unsaved for r in read]),
    ):
        found = [error for error in errors if error is not None]
        if found:
            reason = " ".join(str(found[0]).split()) or type(found[0]).__name__
            warn(
                f"cache_dir {cache_dir}: entries of {len(found)} of {len(read)} "
                f"patients are {kind}, and are {what}; the first: {reason}.",
                ReadWarning,
            )


def read_patients(
    folders: Mapping[str, str | Path],
    *,
    on_error: str = "raise",
    n_jobs: int | None = None,
    cache_dir: str | Path | None = None,
    **options: Any,
) -> tuple[dict[str, PatientSlices], dict[str, str]]:
    """Read the slices of many patients.

    Parameters
    ----------
    folders : dict of str to path
        Patient id to folder, as `patient_folders` gives it.
    on_error : {"raise", "drop"}, default="raise"
        What to do with a patient that cannot be read.
    n_jobs : int, default=None
        Threads of joblib; decompression runs outside Python's lock.
    cache_dir : str or Path, default=None
        Folder where slices are kept. An entry is valid as long as path, inode, size and
        times of the patient's files and all options are the same. A folder that is
        damaged, full or cannot be written is warned of; no patient is lost by it.
    **options
        As for `read_slices`.

    Returns
    -------
    patients : dict of str to PatientSlices
        By patient id.
    failures : dict of str to str
        Why each patient that is absent from `patients` was dropped.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_slices`, with the patient's id in front.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from skmultimodal.io import patient_folders, read_patients
    >>> volume = nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), np.eye(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "P1").mkdir()
    ...     nib.save(volume, Path(folder, "P1", "P1_t1.nii.gz"))
    ...     nib.save(volume, Path(folder, "P1", "P1_seg.nii.gz"))
    ...     patients, failures = read_patients(patient_folders(folder))
    >>> patients["P1"].image.shape  # planes, channels, left, posterior
    (1, 2, 6, 5)
    """
    if on_error not in ("raise", "drop"):
        raise ValueError(f"on_error must be 'raise' or 'drop', got {on_error!r}.")
    cache = None if cache_dir is None else Path(cache_dir)
    read = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_read_one)(Path(folder), options, cache) for folder in folders.values()
    )
    patients: dict[str, PatientSlices] = {}
    failures: dict[str, str] = {}
    if cache is not None:
        _warn_of_cache(cache, read)
    for patient, found in zip(folders, [r.found for r in read], strict=True):
        if isinstance(found, PatientSlices):
            patients[patient] = found
        elif on_error == "raise":
            raise type(found)(f"patient {patient}: {found}") from found
        else:
            failures[patient] = readable(str(found))
    noted = [(patient, n) for patient, found in patients.items() for n in found.notes]
    if noted:
        patient, note = noted[0]
        others = len({p for p, _ in noted}) - 1
        more = f" (and {others} more patients, see the flow table)" if others else ""
        message = f"patient {patient}: {note}{more}."
        warn(message, ReadWarning)
    return patients, failures


class NiftiBlock:
    """Slices of many patients, read from their NIfTI files when rows are asked for.

    A lazy block for `Cohort`: pass ``(list(folders), NiftiBlock(folders))``.

    Parameters
    ----------
    folders : dict of str to path
        Patient id to folder.
    sequences : sequence of str, default=None
        Channels; None takes those that any patient has.
    image_size : int or (int, int), default=240
        Planes are cropped or padded to it about their centre.
    slice_choice : {"whole", "enhancing", "core", "center"}, default="whole"
        As for `read_slices`.
    label_map : dict of int to int, default=None
        As for `read_slices`.
    scan_date : {"first", "last"} or str, default=None
        As for `read_slices`.
    cache_dir : str or Path, default=None
        As for `read_patients`; makes the second epoch fast.
    n_jobs : int, default=None
        Threads that read one batch.

    Attributes
    ----------
    shape : tuple of int
        ``(n_patients, n_channels, n_left, n_posterior)``.
    dtype : numpy.dtype
        float32, whatever the files store.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from skmultimodal.io import NiftiBlock, patient_folders
    >>> volume = nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), np.eye(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, "P1").mkdir()
    ...     nib.save(volume, Path(folder, "P1", "P1_t1.nii.gz"))
    ...     block = NiftiBlock(patient_folders(folder), image_size=8)
    >>> block.shape
    (1, 1, 8, 8)
    """

    dtype = np.dtype("f4")

    def __init__(
        self,
        folders: Mapping[str, str | Path],
        *,
        sequences: Sequence[str] | None = None,
        image_size: int | tuple[int, int] = 240,
        slice_choice: str = "whole",
        label_map: Mapping[int, int] | None = None,
        scan_date: str | None = None,
        cache_dir: str | Path | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.folders = {patient: Path(path) for patient, path in folders.items()}
        present: set[str] = set()
        for path in self.folders.values():
            present |= set(find_sequences(path, scan_date=scan_date))
        self.channels = tuple(sequences or [s for s in SEQUENCES if s in present])
        self.options: dict[str, Any] = {
            "sequences": self.channels,
            "image_size": image_size,
            "slice_choice": slice_choice,
            "label_map": label_map,
            "scan_date": scan_date,
        }
        self.cache_dir = cache_dir
        self.n_jobs = n_jobs
        size = (image_size,) * 2 if isinstance(image_size, int) else tuple(image_size)
        self.shape = (len(self.folders), len(self.channels), *size)

    @property
    def ndim(self) -> int:
        """Number of axes: 4."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[np.float32]:
        """Read rows: an integer, a slice, a mask or an integer array."""
        picked = np.arange(len(self))[rows]
        wanted = np.unique(picked)
        patients = list(self.folders)
        read, _ = read_patients(
            {patients[i]: self.folders[patients[i]] for i in wanted},
            n_jobs=self.n_jobs,
            cache_dir=self.cache_dir,
            **self.options,
        )
        images = np.zeros((len(wanted), *self.shape[1:]), dtype=self.dtype)
        for row, i in enumerate(wanted):
            images[row] = read[patients[i]].image[0]
        out: NDArray[np.float32] = images[np.searchsorted(wanted, picked)]
        return out

    def cache_key(self) -> str:
        """A digest of files, their modification times and the options."""
        scan_date = self.options["scan_date"]
        stamps = [_stamps(path, scan_date) for path in self.folders.values()]
        text = json.dumps([CACHE_VERSION, stamps, repr(sorted(self.options.items()))])
        return hashlib.sha256(text.encode()).hexdigest()
