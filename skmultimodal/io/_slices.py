"""One patient's folder to the axial planes that show the tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._masks import CHOICE_LABELS, count_labels, label_code
from skmultimodal.io._nifti import NiftiFile
from skmultimodal.io._sequences import SEQUENCES, find_sequences
from skmultimodal.utils._files import readable
from skmultimodal.utils._warnings import warn

__all__ = ["PatientSlices", "fit_plane", "read_slices"]

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
    notes: tuple[str, ...] = field(default=())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        image = self.image if dtype is None else self.image.astype(dtype, copy=False)
        return image.copy() if copy else image


def fit_plane(image: NDArray[Any], size: int | tuple[int, int]) -> NDArray[Any]:
    """Crop or zero-pad the last two axes to `size`, keeping the centre.

    Parameters
    ----------
    image : ndarray of shape (..., n_left, n_posterior)
        One plane or many.
    size : int or (int, int)
        Voxels along the last two axes.

    Returns
    -------
    ndarray of shape (..., size[0], size[1])
        The input itself if it fits.
    """
    wanted = (size, size) if isinstance(size, int) else tuple(size)
    if image.shape[-2:] == wanted:
        return image
    out = np.zeros((*image.shape[:-2], *wanted), dtype=image.dtype)
    source, target = [], []
    for have, want in zip(image.shape[-2:], wanted, strict=True):
        n = min(have, want)
        source.append(slice((have - n) // 2, (have - n) // 2 + n))
        target.append(slice((want - n) // 2, (want - n) // 2 + n))
    rows, columns = source
    out[..., target[0], target[1]] = image[..., rows, columns]
    return out


@dataclass
class _Reading:
    """The open files of one patient while its planes are chosen and read."""

    folder: Path
    files: dict[str, NiftiFile]
    mask: NDArray[Any] | None = None
    code: dict[int, int] = field(default_factory=dict)
    # Voxels of each harmonised label per plane.
    counts: dict[int, NDArray[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def open_mask(self, label_map: Mapping[int, int] | None) -> None:
        mask = self.files.get("seg")
        images = [f for name, f in self.files.items() if name != "seg"]
        for file in images:
            if file.shape != images[0].shape:
                raise ValueError(
                    f"{file.path}: shape {file.shape} (LPS), but {images[0].path.name}"
                    f" has {images[0].shape}; the sequences must be co-registered."
                )
        if mask is None:
            return
        if images and mask.shape != images[0].shape:
            raise ValueError(
                f"{mask.path}: mask of shape {mask.shape} (LPS), but "
                f"{images[0].path.name} has {images[0].shape}; it is not this scan's."
            )
        if images:
            self._check_place(mask, images[0])
        self.mask = mask.volume()
        counts = count_labels(self.mask, mask.path)
        self.code = label_code(list(counts), mask.path, label_map)
        for stored, label in self.code.items():
            if label:
                self.counts[label] = self.counts.get(label, 0) + counts[stored]

    def _check_place(self, mask: NiftiFile, image: NiftiFile) -> None:
        ends = np.array([[0, 0, 0, 1], [*(n - 1 for n in image.shape), 1]], float)
        gap = np.abs((mask.affine - image.affine) @ ends.T).max()
        voxel = np.linalg.norm(image.affine[:3, :3], axis=0).max()
        same_way = np.array_equal(mask.to_lps, image.to_lps)
        if mask.oriented and image.oriented and same_way and gap > 1.5 * voxel:
            self.note(
                f"the headers place {mask.path.name} {gap:.1f} mm away from "
                f"{image.path.name}; the voxel grids are taken to coincide"
            )

    def best_plane(self, choice: str) -> tuple[int, str]:
        """Position of the plane, and what chose it."""
        depth = next(iter(self.files.values())).shape[2]
        if choice == "center":
            return depth // 2, "center"
        if self.mask is not None:
            labels = CHOICE_LABELS[choice]
            counts = sum(
                (n for label, n in self.counts.items() if label in labels),
                np.zeros(depth, int),
            )
            if counts.any():
                return int(counts.argmax()), choice
            if choice != "whole":
                self.note(f"the mask has no {choice!r} voxel, the whole tumour is used")
                return self.best_plane("whole")
        return self._fallback_plane()

    def _fallback_plane(self) -> tuple[int, str]:
        why = "no tumour mask" if self.mask is None else "the mask is empty"
        for name in ("flair", "t2", "t1ce", "t1"):
            if name in self.files:
                volume = self.files[name].volume()
                counts = np.array([np.count_nonzero(p.T) for p in volume.T])
                self.note(f"{why}, the plane with most non-zero {name} voxels was used")
                return int(counts.argmax()), name
        raise ValueError(
            f"{self.folder}: {why} and no other sequence, nothing to read."
        )

    def plane(self, name: str, indices: list[int]) -> NDArray[Any]:
        if name == "seg" and self.mask is not None:
            planes = np.moveaxis(self.mask[..., indices], 2, 0).astype(int)
            table = np.zeros(max(self.code, default=0) + 1, dtype=np.uint8)
            for stored, label in self.code.items():
                table[stored] = label
            return table[planes]
        file = self.files[name]
        if not file.holds_floats:
            return file.planes(indices)
        # Integers cannot be NaN; floats are looked at all over, as a NaN anywhere
        # is the sign of a step that went wrong before.
        volume = file.volume()
        finite = np.isfinite(volume).all(axis=(0, 1))
        if not finite.all():
            raise ValueError(
                f"{file.path}: NaN or infinite voxels, first in axial plane "
                f"{int(np.argmin(finite))}."
            )
        return np.moveaxis(volume[..., indices], 2, 0)


def _window(best: int, n_slices: int, depth: int) -> list[int]:
    """`n_slices` neighbouring planes around `best`, inside the volume."""
    n = min(n_slices, depth)
    start = min(max(best - (n - 1) // 2, 0), depth - n)
    return list(range(start, start + n))


def _refuse_foreign_mask(reading: _Reading, planes: dict[str, NDArray[Any]]) -> None:
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
    sequences: Sequence[str] | None = None,
    n_slices: int = 1,
    slice_choice: str = "whole",
    image_size: int | tuple[int, int] | None = None,
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
    sequences : sequence of str, default=None
        Channels wanted, in this order, of ``"t1"``, ``"t1ce"``, ``"t2"``, ``"flair"``,
        ``"seg"``. One that the folder lacks is zero. None takes those present.
    n_slices : int, default=1
        Neighbouring planes around the chosen one, fewer in a thinner volume. They show
        one patient: keep them in one fold.
    slice_choice : {"whole", "enhancing", "core", "center"}, default="whole"
        Region whose voxels are counted: any label, 4, 1 and 4; or the middle plane.
        Without a mask, or with an empty one, the plane with most non-zero FLAIR (else
        any) voxels is used, with a warning.
    image_size : int or (int, int), default=None
        Crop or pad planes to this size about their centre; None leaves them.
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
        NaN where it is read, another shape than the others, or, for the mask, labels
        outside the code or a place outside the head.

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
        label_map=label_map,
        scan_date=scan_date,
    )
    for note in found.notes:
        warn(f"{folder}: {note}.", ReadWarning)
    return found


def read_quietly(
    folder: Path,
    *,
    sequences: Sequence[str] | None = None,
    n_slices: int = 1,
    slice_choice: str = "whole",
    image_size: int | tuple[int, int] | None = None,
    label_map: Mapping[int, int] | None = None,
    scan_date: str | None = None,
) -> PatientSlices:
    """`read_slices` that leaves warning of its notes to the caller (for threads)."""
    _check_choices(n_slices, slice_choice, sequences)
    paths = find_sequences(folder, scan_date=scan_date)
    # The mask is opened even if it is no channel: it chooses the plane.
    names = tuple(sequences) if sequences is not None else tuple(paths)
    files = {n: NiftiFile(p) for n, p in paths.items() if n in names or n == "seg"}
    if not set(files) & set(names):
        raise ValueError(f"{folder}: none of the sequences {', '.join(names)}.")
    reading = _Reading(folder, files)
    reading.open_mask(label_map)
    best, chosen_by = reading.best_plane(slice_choice)
    depth = next(iter(files.values())).shape[2]
    indices = _window(best, n_slices, depth)
    planes = {name: reading.plane(name, indices) for name in files}
    _refuse_foreign_mask(reading, planes)
    image = _stack(planes, names)
    return PatientSlices(
        image=image if image_size is None else fit_plane(image, image_size),
        channels=names,
        slices=tuple(indices),
        missing=tuple(name for name in names if name not in files),
        mask_file=readable(files["seg"].path.name) if "seg" in files else None,
        chosen_by=chosen_by,
        notes=tuple(map(readable, reading.notes)),
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


def _check_choices(
    n_slices: int, slice_choice: str, sequences: Sequence[str] | None
) -> None:
    if n_slices < 1:
        raise ValueError(f"n_slices must be at least 1, got {n_slices}.")
    if slice_choice not in SLICE_CHOICES:
        raise ValueError(
            f"slice_choice must be one of {', '.join(SLICE_CHOICES)}, "
            f"got {slice_choice!r}."
        )
    unknown = [name for name in sequences or () if name not in SEQUENCES]
    if unknown or (sequences is not None and not len(sequences)):
        raise ValueError(
            f"sequences must be among {', '.join(SEQUENCES)}, got {sequences!r}."
        )
