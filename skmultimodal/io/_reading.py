"""The open files of one patient, while its planes are chosen and read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.io._grids import (
    LEAST_COVER,
    adopt_affines,
    describe_grid,
    nearest_plane,
    plane_on,
    same_grid,
    steps_between,
)
from skmultimodal.io._header import LARGEST_VALUE
from skmultimodal.io._masks import (
    CHOICE_LABELS,
    count_labels,
    encode,
    label_code,
    whole_labels,
)
from skmultimodal.io._nifti import NiftiFile
from skmultimodal.utils._planes import (
    as_type,
    background_of,
    count_content,
    fit_plane,
    pair,
    respace,
    respace_volume,
    respaced_shape,
    smooth,
)

__all__ = ["Reading", "describe_pixels"]

# Without a mask, tissue is what is not zero, if as much of a volume is zero; else,
# as in a CT, what is above the mean.
LEAST_ZERO = 0.05
LARGEST_PLANE = 10_000
LARGEST_VOLUME = 2**31
# A crop of less is no more than a rim of noise; of a mask, any is warned of.
LEAST_CUT = 1e-3


@dataclass
class Reading:
    """The open files of one patient while its planes are chosen and read.

    Parameters
    ----------
    folder : Path
        Named in errors.
    files : dict of str to NiftiFile
        By channel; ``"seg"`` is the mask.
    volumes : bool, default=False
        Whether all planes are read, as one volume.
    notes : list of str
        What was worked around, as ``"kind (details)"``; to be warned of.
    changes : list of str
        What was resampled, cropped and padded.
    """

    folder: Path
    files: dict[str, NiftiFile]
    volumes: bool = False
    notes: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    mask: NDArray[Any] | None = None
    code: dict[int, int] = field(default_factory=dict)
    # Voxels of each harmonised label per plane.
    counts: dict[int, NDArray[Any]] = field(default_factory=dict)
    # Share of each channel's content that is cropped.
    cut: dict[str, float] = field(default_factory=dict)
    # Channels that lie on another grid than the patient's, and how.
    strayed: dict[str, str] = field(default_factory=dict)

    @property
    def grid(self) -> NiftiFile:
        """The file on whose grid all are read: the mask, or the first channel."""
        return self.files.get("seg") or next(iter(self.files.values()))

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along left and posterior, of a volume after its depth."""
        left, posterior, axial = self.grid.shape
        return (axial, left, posterior) if self.volumes else (left, posterior)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Edges of a voxel in mm, along the axes of `shape`."""
        left, posterior, axial = self.grid.spacing
        return (axial, left, posterior) if self.volumes else (left, posterior)

    def settle_grids(self) -> None:
        """Find out which files lie on another grid than the patient's."""
        for file in self.files.values():
            if self.volumes and min(file.shape) == 1:
                raise ValueError(
                    f"{file.path}: {describe_grid(file)} are a single plane and no "
                    "volume; put the whole scan there, or read planes, with "
                    "volumes=False."
                )
        self.notes += adopt_affines(self.files)
        for name, file in self.files.items():
            if self.grid.oriented and not same_grid(file, self.grid):
                self.strayed[name] = (
                    f"{file.path.name}, {describe_grid(file)}, was resampled to that "
                    f"of {self.grid.path.name}, {describe_grid(self.grid)}, by their "
                    "headers"
                )

    def all_notes(self) -> tuple[str, ...]:
        """What was worked around, channels on other grids last."""
        strayed = [
            f"a sequence lies on another grid ({details})"
            for details in self.strayed.values()
        ]
        return tuple(dict.fromkeys([*self.notes, *strayed]))

    def open_mask(self, label_map: Mapping[int, int] | None) -> None:
        """Read the mask and count its labels in each plane."""
        file = self.files.get("seg")
        if file is None:
            return
        self.mask = whole_labels(file.volume(), file.path)
        counts = count_labels(self.mask)
        self.code = label_code(list(counts), file.path, label_map)
        for stored, label in self.code.items():
            if label:
                self.counts[label] = self.counts.get(label, 0) + counts[stored]

    def best_plane(self, choice: str) -> tuple[int, str]:
        """Position of the plane, and what chose it."""
        depth = self.grid.shape[2]
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
                self.notes.append(
                    f"the mask has no {choice!r} voxel, the whole tumour is used"
                )
                return self.best_plane("whole")
        return (0, "center") if depth == 1 else self._fallback_plane()

    def _fallback_plane(self) -> tuple[int, str]:
        why = "no tumour mask" if self.mask is None else "the mask is empty"
        usual = [n for n in ("flair", "t2", "t1ce", "t1") if n in self.files]
        others = [n for n in self.files if n not in (*usual, "seg")]
        if not usual + others:
            raise ValueError(
                f"{self.folder}: {why} and no other sequence, nothing to read."
            )
        name = (usual + others)[0]
        counts, measure = _count_tissue(self.files[name].volume())
        if counts.min() == counts.max():
            self.notes.append(
                f"{why}, the middle plane was used, as all planes of {name} are alike"
            )
            return self.grid.shape[2] // 2, "center"
        self.notes.append(f"{why}, the plane with most {measure.format(name)} was used")
        best = int(counts.argmax())
        return nearest_plane(self.grid, self.files[name], best), name

    def planes(self, name: str, indices: list[int]) -> NDArray[Any]:
        """Planes of a channel: array of shape (n_planes, n_left, n_posterior)."""
        if name == "seg" and self.mask is not None:
            return encode(np.moveaxis(self.mask[..., indices], 2, 0), self.code)
        file = self.files[name]
        if name in self.strayed:
            return self._resample(name, indices)
        if not file.holds_floats:
            return file.planes(indices)
        return np.moveaxis(_finite(file)[..., indices], 2, 0)

    def _resample(self, name: str, indices: list[int]) -> NDArray[Any]:
        """Planes of the grid, interpolated from a file that lies on another."""
        file, grid = self.files[name], self.grid
        stored = _finite(file)
        background = background_of(np.moveaxis(stored, 2, 0))
        volume = smooth(stored, steps_between(grid, file.affine))
        found = [plane_on(grid, volume, file.affine, k, background) for k in indices]
        cover = float(np.mean([share for _, share in found]))
        if cover < LEAST_COVER:
            what = "volume" if self.volumes else "plane"
            raise ValueError(
                f"{file.path}: by the headers it covers {cover:.0%} of the {what} of "
                f"{grid.path.name} that is read; register the scans to each other, or "
                "export them again with their places."
            )
        if cover < 1:
            what = "volume" if self.volumes else "plane"
            self.strayed[name] += (
                f"; {100 * (1 - cover):.2g} % of the {what} lies outside it, and is "
                "filled with its background"
            )
        return as_type(np.stack([plane for plane, _ in found]), file.dtype)

    def geometry(self) -> dict[str, int | float | str]:
        """Shape, voxel size and orientation as they are stored."""
        grid = self.grid
        left, posterior, axial = grid.spacing
        return {
            "scan_width": grid.shape[0],
            "scan_height": grid.shape[1],
            "scan_planes": grid.shape[2],
            "scan_spacing": round(math.sqrt(left * posterior), 4),
            "scan_slice_spacing": round(axial, 4),
            "scan_orientation": grid.orientation or "none",
        }

    def _edges(self, spacing: Any) -> tuple[float, ...]:
        """The wanted edges of a voxel."""
        if spacing is None:
            return self.spacing
        wanted = np.broadcast_to(spacing, len(self.shape)).tolist()
        return tuple(map(float, wanted))

    def fit(
        self, planes: Mapping[str, NDArray[Any]], spacing: Any, size: Any
    ) -> dict[str, NDArray[Any]]:
        """Bring planes, or a volume, to the spacing and size wanted, if any."""
        wanted = self._edges(spacing)
        bring = respace_volume if self.volumes else respace
        fitted = {
            name: bring(plane, self.spacing, wanted, labels=name == "seg")
            for name, plane in planes.items()
        }
        shape = next(iter(fitted.values())).shape[-len(wanted) :]
        target = _target(size, shape)
        if target == shape:
            return fitted
        for name, plane in fitted.items():
            background = 0.0 if name == "seg" else background_of(plane)
            n, cut = count_content(plane, target, background)
            self.cut[name] = cut / max(n, 1)
            fitted[name] = fit_plane(plane, target, background)
        if max(self.cut.values()) > LEAST_CUT or self.cut.get("seg"):
            name = max(self.cut, key=lambda name: self.cut[name])
            self.notes.append(
                f"more than empty background is cropped ({100 * self.cut[name]:.2g} % "
                f"of {name} lies outside {describe_pixels(target, wanted)}; a "
                "larger image_size or spacing keeps it)"
            )
        return fitted

    def plan(self, spacing: Any, size: Any) -> tuple[int, ...]:
        """Shape at the wanted spacing and size; records what will change."""
        wanted = self._edges(spacing)
        shape = respaced_shape(self.shape, self.spacing, wanted)
        before = describe_pixels(self.shape, self.spacing)
        after = describe_pixels(shape, wanted)
        large = self.volumes and math.prod(shape) > LARGEST_VOLUME
        if min(shape) < 1 or max(shape) > LARGEST_PLANE or large:
            what = "volume" if self.volumes else "plane"
            raise ValueError(
                f"{self.grid.path}: a {what} of {before} would have {after}; give "
                "another spacing, or spacing=None to leave pixels as they are."
            )
        if shape != self.shape:
            self.changes.append(f"resampled ({before} to {after})")
        target = _target(size, shape)
        both = list(zip(shape, target, strict=True))
        pixels = " to ".join(" x ".join(map(str, n)) for n in (shape, target))
        if any(n > m for n, m in both):
            self.changes.append(f"cropped ({pixels})")
        if any(n < m for n, m in both):
            self.changes.append(f"padded ({pixels})")
        return target


def _target(size: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The wanted size; one number or two are of planes, and leave the depth."""
    if size is None:
        return shape
    wanted = tuple(size) if np.size(size) == 3 else pair(size)
    return (*shape[: len(shape) - len(wanted)], *wanted)


def describe_pixels(shape: Any, spacing: Any) -> str:
    """Such as ``"240 x 240 pixels of 1 x 1 mm"``."""
    unit = "voxels" if len(shape) == 3 else "pixels"
    edges = " x ".join(f"{x:.4g}" for x in spacing)
    return f"{' x '.join(map(str, shape))} {unit} of {edges} mm"


def _finite(file: NiftiFile) -> NDArray[Any]:
    """A volume; floats are looked at all over, as integers cannot be NaN.

    A NaN anywhere is the sign of a step that went wrong before.
    """
    volume = file.volume()
    if not file.holds_floats:
        return volume
    sound = np.isfinite(volume).all(axis=(0, 1))
    if not sound.all():
        raise ValueError(
            f"{file.path}: NaN or infinite voxels, first in axial plane "
            f"{int(np.argmin(sound))}."
        )
    largest = max(float(volume.max()), -float(volume.min()))
    if largest > LARGEST_VALUE:
        raise ValueError(f"{file.path}: voxels of {largest:g} make no sense.")
    return volume


def _count_tissue(volume: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Voxels of tissue in each plane, and how they were recognised."""
    counts = np.array([np.count_nonzero(plane.T) for plane in volume.T])
    if counts.sum() <= (1 - LEAST_ZERO) * volume.size:
        return counts, "non-zero {} voxels"
    above = volume > volume.mean(dtype=float)
    return above.sum(axis=(0, 1)), "{} voxels above their mean"
