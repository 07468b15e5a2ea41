"""Whether the files of a patient lie on one grid, and resampling of those that do not.

A grid is the place of each voxel in mm, by shape and affine along the LPS axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from skmultimodal.io._nifti import NiftiFile

__all__ = [
    "LEAST_COVER",
    "adopt_affines",
    "describe_grid",
    "nearest_plane",
    "plane_on",
    "same_grid",
    "steps_between",
]

# In voxels: below, the same grid up to what writers round.
TOLERANCE = 0.1
# Of the plane that is read, which a file on another grid must cover.
LEAST_COVER = 0.5


def _apart(
    affine: NDArray[Any], other: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """How far two affines put each corner of a grid from each other, in mm."""
    corners = np.array([[*c, 1] for c in product(*((0, n - 1) for n in shape))], float)
    moved: NDArray[np.float64] = ((affine - other) @ corners.T)[:3]
    return moved


def _same_place(
    affine: NDArray[Any], other: NDArray[Any], shape: tuple[int, ...]
) -> bool:
    in_voxels = np.linalg.solve(other[:3, :3], _apart(affine, other, shape))
    return bool(np.abs(in_voxels).max() <= TOLERANCE)


def same_grid(file: NiftiFile, other: NiftiFile) -> bool:
    """Whether voxels of one position along the LPS axes are of one place."""
    same = file.shape == other.shape
    return same and _same_place(file.affine, other.affine, other.shape)


def describe_grid(file: NiftiFile) -> str:
    """Such as ``"240 x 240 x 155 voxels of 1 x 1 x 1 mm"``."""
    shape = " x ".join(map(str, file.shape))
    return f"{shape} voxels of {' x '.join(f'{x:.4g}' for x in file.spacing)} mm"


def adopt_affines(files: Mapping[str, NiftiFile]) -> list[str]:
    """Give a file without an affine that of the files it is stored like.

    Returns
    -------
    list of str
        What was assumed.

    Raises
    ------
    ValueError
        If it cannot be known where a file lies.
    """
    placed = [file for file in files.values() if file.oriented]
    loose = [file for file in files.values() if not file.oriented]
    if not placed:
        _refuse_different(loose)
        return []
    notes = []
    for file in loose:
        alike = [p for p in placed if p.stored_shape == file.stored_shape]
        if not alike or not all(
            _same_place(p.stored_affine, alike[0].stored_affine, p.stored_shape)
            for p in alike
        ):
            why = (
                f"{len(alike)} files of its shape lie differently"
                if alike
                else f"no other file has its shape {file.stored_shape}"
            )
            raise ValueError(
                f"{file.path}: its header declares no orientation, and {why}; copy the "
                "affine of the image that it belongs to into it."
            )
        file.adopt_affine(alike[0])
        notes.append(
            f"a header declares no orientation ({file.path.name} is taken to be stored "
            f"as {alike[0].path.name})"
        )
    return notes


def _refuse_different(files: list[NiftiFile]) -> None:
    """Without any affine, voxels can only be matched by their position."""
    for file in files:
        alike = file.stored_shape == files[0].stored_shape
        if not alike or not np.allclose(file.spacing, files[0].spacing, rtol=1e-2):
            raise ValueError(
                f"{file.path}: {describe_grid(file)}, but {files[0].path.name} has "
                f"{describe_grid(files[0])}, and no header declares where they lie; "
                "the sequences must be co-registered."
            )


def plane_on(
    grid: NiftiFile,
    volume: NDArray[Any],
    affine: NDArray[np.float64],
    index: int,
    background: float,
) -> tuple[NDArray[np.float32], float]:
    """Interpolate an axial plane of a grid from a volume that lies on another.

    Parameters
    ----------
    grid : NiftiFile
        Its plane `index` is wanted.
    volume : ndarray of shape (n_left, n_posterior, n_axial)
        With its `affine`.
    background : float
        What lies outside the volume.

    Returns
    -------
    plane : ndarray of shape grid.shape[:2]
    cover : float
        Share of the plane that lies inside the volume.
    """
    change = np.linalg.inv(affine) @ grid.affine
    left, posterior = np.indices(grid.shape[:2])
    ones = np.ones_like(left)
    places = np.stack([left, posterior, index * ones, ones]).reshape(4, -1)
    where = (change @ places)[:3]
    edge = np.array(volume.shape)[:, None] - 0.5
    inside = ((where >= -0.5) & (where <= edge)).all(axis=0)
    plane = ndimage.map_coordinates(volume, where, order=1, mode="nearest")
    plane[~inside] = background
    return plane.reshape(grid.shape[:2]), float(inside.mean())


def nearest_plane(grid: NiftiFile, file: NiftiFile, index: int) -> int:
    """The axial plane of a grid in which the middle of a file's plane lies."""
    if same_grid(file, grid):
        return index
    middle = [(n - 1) / 2 for n in file.shape[:2]]
    place = np.linalg.solve(grid.affine, file.affine @ [*middle, index, 1])
    return int(np.clip(round(float(place[2])), 0, grid.shape[2] - 1))


def steps_between(grid: NiftiFile, affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Voxels along each axis of a volume from one voxel of the grid to the next."""
    change = np.linalg.inv(affine) @ grid.affine
    steps: NDArray[np.float64] = np.abs(change[:3, :3]).max(axis=1)
    return steps
