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
from skmultimodal.io._planes import pair
from skmultimodal.io._reading import Reading
from skmultimodal.io._sequences import check_sequences, survey_folder
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
        the mask, if any, is the last channel with labels 0, 1, 2, 4.
    channels : tuple of str
        Names of the channels.
    slices : tuple of int
        Positions of the planes along the LPS axial axis.
    missing : tuple of str, default=()
        Channels that the folder lacks; they are zero.
    mask_file : str or None, default=None
        Name of the file that was used as mask.
    chosen_by : str, default="whole"
        ``"whole"``, ``"enhancing"``, ``"core"``, ``"center"``, or, without a usable
        mask, the sequence with most non-zero voxels (``"flair"``).
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
    image_size: int | tuple[int, int] | None = None,
    spacing: float | tuple[float, float] | None = None,
    label_map: Mapping[int, int] | None = None,
    scan_date: str | None = None,
    headers_only: bool = False,
) -> PatientSlices:
    """`read_slices` that leaves warning of its notes to the caller (for threads).

    With `headers_only` there is no plane in it, and no voxel is read.
    """
    check_options(n_slices, slice_choice, sequences, image_size, spacing)
    found = survey_folder(folder, sequences=sequences, scan_date=scan_date)
    # The mask is opened even if it is no channel: it chooses the plane.
    names = tuple(found.chosen if sequences is None else sequences)
    wanted = [name for name in (*names, "seg") if name in found.chosen]
    files = {name: NiftiFile(found.chosen[name]) for name in dict.fromkeys(wanted)}
    if not set(files) & set(names):
        raise ValueError(f"{folder}: none of the sequences {', '.join(names)}.")
    reading = Reading(folder, files)
    reading.settle_grids()
    reading.plan(spacing, image_size)
    indices: list[int] = []
    chosen_by = slice_choice
    image = np.empty((0, len(names), 0, 0), np.uint8)
    if not headers_only:
        reading.open_mask(label_map)
        best, chosen_by = reading.best_plane(slice_choice)
        indices = _window(best, n_slices, reading.grid.shape[2])
        planes = {name: reading.planes(name, indices) for name in files}
        _refuse_foreign_mask(reading, planes)
        image = _stack(reading.fit(planes, spacing, image_size), names)
    return PatientSlices(
        image=image,
        channels=names,
        slices=tuple(indices),
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


def _stack(planes: dict[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[Any]:
    """Channels side by side in one type; int64 and wider become float32."""
    dtype = np.result_type(*(p.dtype for name, p in planes.items() if name in names))
    if dtype.itemsize > 4:
        dtype = np.dtype("f4")
    first = next(iter(planes.values()))
    image = np.zeros((len(first), len(names), *first.shape[1:]), dtype=dtype)
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
) -> None:
    """Refuse options before any file is read."""
    if n_slices < 1:
        raise ValueError(f"n_slices must be at least 1, got {n_slices}.")
    if slice_choice not in SLICE_CHOICES:
        raise ValueError(
            f"slice_choice must be one of {', '.join(SLICE_CHOICES)}, "
            f"got {slice_choice!r}."
        )
    check_sequences(sequences)
    for name, value, kinds, what in (
        ("image_size", image_size, (Integral,), "pixels"),
        ("spacing", spacing, (Real,), "mm"),
    ):
        if value is None:
            continue
        numbers = pair(value) if np.size(value) in (1, 2) else (value,)
        if not all(isinstance(x, kinds) and 0 < float(x) < np.inf for x in numbers):
            raise ValueError(
                f"{name} must be one positive number of {what}, or two, got {value!r}."
            )
