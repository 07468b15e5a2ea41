"""Many patients' scans: in parallel, cached on disk, or read on demand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._cache import digest, entry_of, load_entry, save_entry, stamps
from skmultimodal.io._scan_names import SEQUENCES
from skmultimodal.io._sequences import UNNAMED, survey_folder
from skmultimodal.io._slices import PatientSlices, check_options, read_quietly
from skmultimodal.io._stack import common_size
from skmultimodal.utils._files import readable
from skmultimodal.utils._warnings import warn

__all__ = ["DEFAULT_SIZE", "DEFAULT_SPACING", "NiftiBlock", "read_patients"]

# Of the loaders: the planes of BraTS, in pixels and mm.
DEFAULT_SIZE, DEFAULT_SPACING = 240, 1.0
SHOWN = 3


@dataclass
class _Read:
    """What became of a patient, and of the cache on the way."""

    result: PatientSlices | Exception
    damaged: str = ""
    unwritten: str = ""


def _read_one(
    folder: Path, options: Mapping[str, Any], cache_dir: Path | None, keep_images: bool
) -> _Read:
    read = _Read(ValueError())
    try:
        entry, found = None, None
        if cache_dir is not None:
            entry = entry_of(cache_dir, folder, options)
            # The cache is never a reason to lose a patient.
            try:
                found = load_entry(entry)
            except ValueError as error:
                read.damaged = str(error)
        if found is None:
            found = read_quietly(folder, **options)
            if entry is not None:
                read.unwritten = _try_to_save(entry, found)
    except (OSError, ValueError) as error:
        read.result = error
        return read
    # A copy: a view would keep the voxels in memory.
    read.result = found if keep_images else replace(found, image=found.image[:0].copy())
    return read


def _try_to_save(entry: Path, found: PatientSlices) -> str:
    try:
        save_entry(entry, found)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _warn_of_cache(cache_dir: Path | None, read: Iterable[_Read]) -> None:
    damaged = [one.damaged for one in read if one.damaged]
    unwritten = [one.unwritten for one in read if one.unwritten]
    if damaged:
        warn(
            f"{cache_dir}: {len(damaged)} damaged entries of the cache, such as "
            f"{damaged[0]}; their patients were read from their files.",
            ReadWarning,
        )
    if unwritten:
        warn(
            f"{cache_dir}: {len(unwritten)} patients could not be kept in the cache "
            f"({unwritten[0]}); free space there, or choose another cache_dir.",
            ReadWarning,
        )


def read_patients(
    folders: Mapping[str, str | Path],
    *,
    on_error: str = "raise",
    n_jobs: int | None = None,
    cache_dir: str | Path | None = None,
    keep_images: bool = True,
    **options: Any,
) -> tuple[dict[str, PatientSlices], dict[str, str]]:
    """Read the slices, or volumes, of many patients.

    Parameters
    ----------
    folders : dict of str to path
        Patient id to folder, as `patient_folders` gives it.
    on_error : {"raise", "drop"}, default="raise"
        What to do with a patient that cannot be read.
    n_jobs : int, default=None
        Threads of joblib; decompression runs outside Python's lock.
    cache_dir : str or Path, default=None
        Folder where slices are kept. An entry is valid as long as path, inode, size
        and times of the patient's files and all options are the same. Where it is
        damaged, or cannot be written, patients are read without it, with a warning.
    keep_images : bool, default=True
        False reads each patient in full, and keeps what is known of it but the image.
    **options
        As for `read_slices`; `volumes` as for `NiftiBlock`.

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
    # An option that is wrong is no fault of a patient, who would be dropped.
    check_options(
        options.get("n_slices", 1),
        options.get("slice_choice", "whole"),
        options.get("sequences"),
        options.get("image_size"),
        options.get("spacing"),
        options.get("volumes", False),
    )
    cache = None if cache_dir is None else Path(cache_dir)
    read = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(_read_one)(Path(folder), options, cache, keep_images)
        for folder in folders.values()
    )
    patients: dict[str, PatientSlices] = {}
    failures: dict[str, str] = {}
    for patient, one in zip(folders, read, strict=True):
        found = one.result
        if isinstance(found, PatientSlices):
            patients[patient] = found
        elif on_error == "raise":
            raise _named(patient, found) from found
        else:
            failures[patient] = readable(str(found))
    _warn_of_cache(cache, read)
    _warn_of_notes(patients)
    chosen = options.get("sequences") is not None
    # With channels that were chosen, other files matter where one is lacking.
    _warn_of_unnamed({p: f for p, f in patients.items() if f.missing or not chosen})
    return patients, failures


def _headers_of(
    patient: str, folder: Path, options: Mapping[str, Any]
) -> PatientSlices:
    """What the headers of a patient hold; errors name the patient."""
    try:
        return read_quietly(folder, headers_only=True, **options)
    except (OSError, ValueError) as error:
        raise _named(patient, error) from error


def _named(patient: str, error: Exception) -> Exception:
    """An error that begins with the patient's id."""
    kind = type(error) if isinstance(error, OSError) else ValueError
    return kind(f"patient {patient}: {error}")


def _warn_of_notes(patients: Mapping[str, PatientSlices]) -> None:
    """One warning for each kind of note."""
    kinds: dict[str, dict[str, str]] = {}
    for patient, found in patients.items():
        for note in found.notes:
            kinds.setdefault(note.partition(" (")[0], {}).setdefault(patient, note)
    for noted in kinds.values():
        (patient, note), *others = noted.items()
        more = ""
        if others:
            some = ", ".join(other for other, _ in others[: SHOWN - 1])
            more = (
                f" (and {len(others)} more patients, such as {some}, see the flow "
                "table)"
            )
        warn(f"patient {patient}: {note}{more}.", ReadWarning)


def _warn_of_unnamed(patients: Mapping[str, PatientSlices]) -> None:
    """Scans that no channel takes may be what the user came for."""
    unnamed = [
        (patient, name)
        for patient, found in patients.items()
        for name, why in found.ignored.items()
        if why == UNNAMED
    ]
    if not unnamed:
        return
    some = ", ".join(
        f"{name} of patient {patient}" for patient, name in unnamed[:SHOWN]
    )
    one = len(unnamed) == 1
    warn(
        f"{len(unnamed)} NIfTI file{' is' if one else 's are'} not read, as no channel "
        f"takes a file of {'its' if one else 'their'} name: {some}. Name the channels, "
        "such as sequences={'t1': '*T1_MPRAGE*', 'adc': '*ADC*'}, or list those you "
        "want, such as sequences=['t1', 'seg'].",
        ReadWarning,
    )


class NiftiBlock:
    """Scans of many patients, read from their NIfTI files when rows are asked for.

    A lazy block for `Cohort`: pass ``(list(folders), NiftiBlock(folders))``.

    Parameters
    ----------
    folders : dict of str to path
        Patient id to folder.
    sequences : sequence of str or dict of str to str, default=None
        Channels, as for `read_slices`; None takes those that any patient has.
    image_size : int, tuple of int or None, default=240
        Planes are cropped or padded to it about their centre: one number, or (left,
        posterior). Of volumes it leaves the depth, unless it is (depth, left,
        posterior). None leaves them: all must then have one shape.
    spacing : float, tuple of float or None, default=1.0
        Edge of a pixel in mm, to which planes are resampled before; None leaves them.
        Of volumes, it is that of a voxel, or (depth, left, posterior).
    slice_choice : {"whole", "enhancing", "core", "center"}, default="whole"
        As for `read_slices`; volumes take no other.
    label_map : dict of int to int, default=None
        As for `read_slices`.
    scan_date : {"first", "last"} or str, default=None
        As for `read_slices`.
    volumes : bool, default=False
        Read all axial planes, as one volume. The mask is then read only if it is a
        channel.
    cache_dir : str or Path, default=None
        As for `read_patients`; makes the second epoch fast.
    n_jobs : int, default=None
        Threads that read one batch.

    Attributes
    ----------
    shape : tuple of int
        ``(n_patients, n_channels, n_left, n_posterior)``, of volumes with the depth
        after the channels. Where `image_size` leaves an axis, it is that of the
        headers.
    dtype : numpy.dtype
        float32, whatever the files store.

    Raises
    ------
    ValueError
        If shapes differ; it names the first patient whose shape is another.

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
    ...     whole = NiftiBlock(patient_folders(folder), image_size=8, volumes=True)
    >>> block.shape, whole.shape
    ((1, 1, 8, 8), (1, 1, 4, 8, 8))
    """

    dtype = np.dtype("f4")

    def __init__(
        self,
        folders: Mapping[str, str | Path],
        *,
        sequences: Sequence[str] | Mapping[str, str | None] | None = None,
        image_size: int | tuple[int, ...] | None = DEFAULT_SIZE,
        spacing: float | tuple[float, ...] | None = DEFAULT_SPACING,
        slice_choice: str = "whole",
        label_map: Mapping[int, int] | None = None,
        scan_date: str | None = None,
        volumes: bool = False,
        cache_dir: str | Path | None = None,
        n_jobs: int | None = None,
    ) -> None:
        check_options(1, slice_choice, sequences, image_size, spacing, volumes)
        self.folders = {patient: Path(path) for patient, path in folders.items()}
        if sequences is None:
            present: set[str] = set()
            for path in self.folders.values():
                present |= set(survey_folder(path, scan_date=scan_date).chosen)
            sequences = [name for name in SEQUENCES if name in present]
        self.channels = tuple(sequences)
        self.options: dict[str, Any] = {
            "sequences": sequences,
            "image_size": image_size,
            "spacing": spacing,
            "slice_choice": slice_choice,
            "label_map": label_map,
            "scan_date": scan_date,
            "volumes": volumes,
        }
        self.cache_dir = cache_dir
        self.n_jobs = n_jobs
        self.shape = (len(self.folders), len(self.channels), *self._size())

    def _size(self) -> tuple[int, ...]:
        """The axes after the channels: as is wanted, else as the headers have them."""
        size, n_axes = self.options["image_size"], 3 if self.options["volumes"] else 2
        if size is not None and n_axes == 2:
            return tuple(np.broadcast_to(size, 2).tolist())
        if np.size(size) == n_axes:
            return tuple(size)
        if not self.folders:
            return (0,) * n_axes
        return common_size(
            {
                patient: _headers_of(patient, path, self.options)
                for patient, path in self.folders.items()
            }
        )

    @property
    def ndim(self) -> int:
        """Number of axes: 4, or 5 of volumes."""
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
        """A digest of files, their places and times, and the options."""
        marks = [stamps(path, self.options) for path in self.folders.values()]
        return digest(marks, self.options)
