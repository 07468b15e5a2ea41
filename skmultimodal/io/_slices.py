"""One patient's folder to the axial planes that show the tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._nifti import NiftiFile
from skmultimodal.io._reading import Reading
from skmultimodal.io._sequences import FoundFiles, check_sequences, survey_folder
from skmultimodal.utils._files import readable
from skmultimodal.utils._warnings import warn

__all__ = ["PatientSlices", "read_quietly", "read_slices"]

SLICE_CHOICES = ("whole", "enhancing", "core", "center")


@dataclass(frozen=True)
class PatientSlices:
    """Axial planes of one patient, and how they were chosen.

    Parameters
    ----------
    image : ndarray of shape (n_slices, n_channels, n_left, n_posterior)
        In the type the files store (a common one if they differ), LPS orientation;
        the mask, if any, is the last channel with labels 0, 1, 2, 4. A whole volume is
        one row of shape (1, n_channels, n_axial, n_left, n_posterior), the lowest
        plane first.
    channels : tuple of str
        Names of the channels.
    slices : tuple of int
        Positions of the planes along the LPS axial axis; 0 of a volume.
    missing : tuple of str, default=()
        Channels that the folder lacks; they are zero.
    mask_file : str or None, default=None
        Name of the file that was used as mask.
    chosen_by : str, default="whole"
        ``"whole"``, ``"enhancing"``, ``"core"``, ``"center"``, or, without a usable
        mask, the sequence with most non-zero voxels (``"flair"``); ``"volume"`` of a
        volume.
    notes : tuple of str, default=()
        What was filled in or worked around, as `read_slices` also warns.
    changes : tuple of str, default=()
        How planes were resampled, cropped and padded.
    cut : float, default=0.0
        Largest share of a channel that was cropped and is no empty background.
    ignored : dict of str to str, default={}
        NIfTI files that were not read, and why.
    geometry : dict of str to int, float and str, default={}
        Of the volumes as they are stored: ``"scan_width"``, ``"scan_height"`` and
        ``"scan_planes"`` (voxels along the LPS axes), ``"scan_spacing"`` (edge of a
        pixel, the geometric mean of both) and ``"scan_slice_spacing"`` in mm, and
        ``"scan_orientation"`` such as ``"RAS"``, or ``"none"`` if no header states it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.io import PatientSlices
    >>> PatientSlices(np.ones((1, 2, 6, 5)), ("t1", "seg"), (3,)).chosen_by
    'whole'
    """

    image: NDArray[Any]
    channels: tuple[str, ...]
    slices: tuple[int, ...]
    missing: tuple[str, ...] = ()
    mask_file: str | None = None
    chosen_by: str = "whole"
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    cut: float = 0.0
    ignored: Mapping[str, str] = field(default_factory=dict)
    geometry: Mapping[str, Any] = field(default_factory=dict)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        image = self.image if dtype is None else self.image.astype(dtype, copy=False)
        return image.copy() if copy else image


def _window(best: int, n_slices: int, depth: int) -> list[int]:
    """`n_slices` neighbouring planes around `best`, inside the volume."""
    n = min(n_slices, depth)
    start = min(max(best - (n - 1) // 2, 0), depth - n)
    return list(range(start, start + n))


def _refuse_foreign_mask(reading: Reading, planes: dict[str, NDArray[Any]]) -> None:
    """A mask that lies outside the head was drawn on another patient."""
    tumour = planes["seg"] > 0 if "seg" in planes else None
    images = [plane != 0 for name, plane in planes.items() if name != "seg"]
    if tumour is None or not images or not tumour.any():
        return
    head = np.logical_or.reduce(images)
    if head.any() and np.mean(head[tumour]) < 0.5:
        raise ValueError(
            f"{reading.files['seg'].path}: {np.mean(~head[tumour]):.0%} of the tumour "
            "voxels lie where every sequence is zero; the mask is of another patient "
            "or another space."
        )


def read_slices(
    folder: str | Path,
    *,
    sequences: Sequence[str] | Mapping[str, str | None] | None = None,
    n_slices: int = 1,
    slice_choice: str = "whole",
    image_size: int | tuple[int, int] | None = None,
    spacing: float | tuple[float, float] | None = None,
    label_map: Mapping[int, int] | None = None,
    scan_date: str | None = None,
) -> PatientSlices:
    """Read the axial planes with most tumour from one patient's folder.

    The tumour mask is read first and chooses the plane: most voxels of the region, the
    lowest of equals. Every sequence is then decompressed up to that plane only. All
    are brought to LPS orientation by their affines.

    Parameters
    ----------
    folder : str or Path
        Folder of one patient, with the names that `find_sequences` finds.
    sequences : sequence of str or dict of str to str, default=None
        Channels wanted, in this order: of ``"t1"``, ``"t1ce"``, ``"t2"``, ``"flair"``,
        ``"seg"``, or of any names with a pattern of their files' names, such as
        ``{"adc": "*ADC*"}``; see `find_sequences`. One that the folder lacks is zero.
        None takes those present.
    n_slices : int, default=1
        Neighbouring planes around the chosen one, fewer in a thinner volume. They show
        one patient: keep them in one fold.
    slice_choice : {"whole", "enhancing", "core", "center"}, default="whole"
        Region whose voxels are counted: any label, 4, 1 and 4; or the middle plane.
        Without a mask, or with an empty one, the plane with most non-zero FLAIR (else
        any) voxels is used, with a warning.
    image_size : int or (int, int), default=None
        Crop or pad planes to this size about their centre; None leaves them. A crop of
        more than empty background is warned of.
    spacing : float or (float, float), default=None
        Edge of a pixel in mm, along left and posterior, to which planes are resampled
        before: linearly, masks by nearest neighbours. None leaves them.
    label_map : dict of int to int, default=None
        Stored mask label to one of 0, 1, 2, 4, where file names do not determine it.
    scan_date : {"first", "last"} or str, default=None
        Which scan, if there are several.

    Returns
    -------
    PatientSlices
        ``image`` of shape (n_slices, n_channels, n_left, n_posterior).

    Raises
    ------
    FileNotFoundError, ValueError
        As `find_sequences`; and for a file that is empty, truncated, no 3-D NIfTI, has
        a header that makes no sense, NaN where it is read, or a place apart from the
        others; or, for the mask, labels outside the code or a place outside the head.

    Notes
    -----
    *Grids.* Sequences are read on the grid of the mask, or without one of the first
    channel. A sequence on another grid (voxel size, place or shape differ by its
    header) is resampled to it, with a warning, or refused if it covers less than half
    of the plane. A file whose header declares no affine, or the identity, is taken to
    be stored like the others that have its shape, with a warning; where these differ,
    or none has its shape, it is refused. If no file of the patient has an affine, all
    are taken as they are stored, and must have one shape.

    *Masks.* Labels are 0, 1, 2 and 4 after `label_map`, and 3 is read as 4 under names
    of BraTS 2023 and later. They may be stored as floats; fractions, NaN and any other
    label are refused. An empty mask is like none.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from skmultimodal.io import read_slices
    >>> voxels = np.zeros((6, 5, 4), np.uint8)
    >>> voxels[2:4, 2, 1] = 1
    >>> volume = nib.Nifti1Image(voxels, np.eye(4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("P1_t1.nii.gz", "P1_seg.nii.gz"):
    ...         nib.save(volume, Path(folder, name))
    ...     found = read_slices(folder)
    >>> found.channels, found.slices, found.image.shape
    (('t1', 'seg'), (1,), (1, 2, 6, 5))
    """
    found = read_quietly(
        Path(folder),
        sequences=sequences,
        n_slices=n_slices,
        slice_choice=slice_choice,
        image_size=image_size,
        spacing=spacing,
        label_map=label_map,
        scan_date=scan_date,
    )
    for note in found.notes:
        warn(f"{folder}: {note}.", ReadWarning)
    return found


def read_quietly(
    folder: Path,
    *,
    sequences: Sequence[str] | Mapping[str, str | None] | None = None,
    n_slices: int = 1,
    slice_choice: str = "whole",
    image_size: int | tuple[int, ...] | None = None,
    spacing: float | tuple[float, ...] | None = None,
    label_map: Mapping[int, int] | None = None,
    scan_date: str | None = None,
    volumes: bool = False,
    headers_only: bool = False,
) -> PatientSlices:
    """`read_slices` that leaves warning of its notes to the caller (for threads).

    With `volumes`, all planes are one row. With `headers_only` there is no row in it,
    and no voxel is read; the shape is that of the rows.
    """
    check_options(n_slices, slice_choice, sequences, image_size, spacing, volumes)
    found = survey_folder(folder, sequences=sequences, scan_date=scan_date)
    names = tuple(found.chosen if sequences is None else sequences)
    reading = Reading(folder, _open_files(folder, found, names, volumes), volumes)
    reading.settle_grids()
    shape = reading.plan(spacing, image_size)
    files, indices = reading.files, []
    chosen_by = "volume" if volumes else slice_choice
    image = np.empty((0, len(names), *shape), np.uint8)
    if not headers_only:
        reading.open_mask(label_map)
        indices = list(range(reading.grid.shape[2]))
        if not volumes:
            best, chosen_by = reading.best_plane(slice_choice)
            indices = _window(best, n_slices, reading.grid.shape[2])
        planes = {name: reading.planes(name, indices) for name in files}
        _refuse_foreign_mask(reading, planes)
        image = _stack(reading.fit(planes, spacing, image_size), names, volumes)
    return PatientSlices(
        image=image,
        channels=names,
        slices=tuple(indices[:1] if volumes else indices),
        missing=tuple(name for name in names if name not in files),
        mask_file=readable(files["seg"].path.name) if "seg" in files else None,
        chosen_by=chosen_by,
        notes=tuple(map(readable, reading.all_notes())),
        changes=tuple(reading.changes),
        cut=max(reading.cut.values(), default=0.0),
        ignored={
            readable(str(path.relative_to(folder))): why
            for path, why in found.ignored.items()
        },
        geometry=reading.geometry(),
    )


def _open_files(
    folder: Path, found: FoundFiles, names: tuple[str, ...], volumes: bool
) -> dict[str, NiftiFile]:
    """The files of channels; of planes the mask in any case, which chooses them."""
    opened = names if volumes else (*names, "seg")
    wanted = [name for name in opened if name in found.chosen]
    files = {name: NiftiFile(found.chosen[name]) for name in dict.fromkeys(wanted)}
    if not set(files) & set(names):
        raise ValueError(f"{folder}: none of the sequences {', '.join(names)}.")
    return files


def _stack(
    planes: dict[str, NDArray[Any]], names: tuple[str, ...], volumes: bool
) -> NDArray[Any]:
    """Channels side by side in one type; int64 and wider become float32.

    All planes together are one row if they are a volume.
    """
    dtype = np.result_type(*(p.dtype for name, p in planes.items() if name in names))
    if dtype.itemsize > 4:
        dtype = np.dtype("f4")
    n_planes, *size = next(iter(planes.values())).shape
    shape = (
        (1, len(names), n_planes, *size) if volumes else (n_planes, len(names), *size)
    )
    image = np.zeros(shape, dtype=dtype)
    for channel, name in enumerate(names):
        if name in planes:
            image[:, channel] = planes[name]
    return image


def check_options(
    n_slices: int,
    slice_choice: str,
    sequences: Sequence[str] | Mapping[str, str | None] | None,
    image_size: Any,
    spacing: Any,
    volumes: bool = False,
) -> None:
    """Refuse options before any file is read."""
    if n_slices < 1:
        raise ValueError(f"n_slices must be at least 1, got {n_slices}.")
    if slice_choice not in SLICE_CHOICES:
        raise ValueError(
            f"slice_choice must be one of {', '.join(SLICE_CHOICES)}, "
            f"got {slice_choice!r}."
        )
    if volumes and (n_slices, slice_choice) != (1, "whole"):
        raise ValueError(
            "volumes=True reads all planes of a scan and chooses none: leave out "
            f"n_slices and slice_choice, got {n_slices} and {slice_choice!r}."
        )
    check_sequences(sequences)
    _check_numbers("image_size", image_size, Integral, "pixels", volumes, (2,))
    _check_numbers("spacing", spacing, Real, "mm", volumes, () if volumes else (2,))


def _check_numbers(
    name: str, value: Any, kind: Any, unit: str, volumes: bool, lengths: tuple[int, ...]
) -> None:
    """Refuse what is neither None, a positive number, nor as many as a length."""
    if value is None:
        return
    lengths = (*lengths, 3) if volumes else lengths
    numbers = (value,) if np.ndim(value) == 0 else tuple(value)
    fits = np.ndim(value) == 0 or len(numbers) in lengths
    if fits and all(isinstance(x, kind) and 0 < float(x) < np.inf for x in numbers):
        return
    many = " or ".join({2: "two", 3: "three (depth first)"}[n] for n in lengths)
    raise ValueError(
        f"{name} must be one positive number of {unit}, or {many}, got {value!r}."
    )
