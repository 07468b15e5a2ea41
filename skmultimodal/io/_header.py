"""The header of a NIfTI file: parsed, and refused where it makes no sense."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_VALUE", "VolumeHeader", "parse_header"]

HEADER_SIZES = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
# Problems of this level are errors of nibabel, when it loads the file.
ERROR_LEVEL = 40
# Voxels may begin after extensions, which are small; a terabyte is damage.
MAX_OFFSET = 2**40
# Edges of a voxel in mm: from microscopy to a voxel as large as a head.
SMALLEST_VOXEL, LARGEST_VOXEL = 1e-5, 200.0
# The square of a larger value is no number of 32 bits.
LARGEST_VALUE = 1e18
MILLIMETRES = {"meter": 1e3, "mm": 1.0, "micron": 1e-3}

# nibabel logs lesser problems, such as an odd qfac, to standard error.
_SILENT = logging.getLogger(f"{__name__}.nibabel")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


@dataclass(frozen=True)
class VolumeHeader:
    """What is needed of a header.

    Parameters
    ----------
    shape : tuple of int
        Three numbers of voxels, as stored; a plane has one along the last axis.
    dtype : numpy.dtype
        As stored, with its byte order.
    offset : int
        Byte at which voxels begin.
    scale : (float, float) or None
        Slope and intercept, None if there is nothing to do.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    oriented : bool
        False if the header declares no affine, or the identity, which is what writers
        put without an orientation.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int
    scale: tuple[float, float] | None
    affine: NDArray[np.float64]
    oriented: bool


def parse_header(raw: bytes, path: Path) -> VolumeHeader:
    """Read the first bytes of a NIfTI file.

    Parameters
    ----------
    raw : bytes
        At least the header, decompressed.
    path : Path
        Named in errors.

    Raises
    ------
    ValueError
        If it is no NIfTI file, nibabel refuses its header, it is not 3-D, or type,
        scaling, voxel size or affine make no sense.
    """
    header = _checked(raw, path)
    dtype = header.get_data_dtype()
    shape = _shape(header, path)
    if dtype.fields or dtype.kind not in "iuf":
        raise ValueError(
            f"{path}: voxels of type {dtype}; numbers are needed (convert the file to "
            "one number per voxel first)."
        )
    offset = float(header["vox_offset"])
    # NaN is neither; nibabel takes 0, and the header for voxels.
    if not len(header.binaryblock) <= offset <= MAX_OFFSET:
        raise _damaged(path, f"voxels begin at byte {offset}")
    affine, oriented = _affine(header, path)
    return VolumeHeader(
        shape=shape,
        dtype=dtype,
        offset=int(header.get_data_offset()),
        scale=_scaling(header, path),
        affine=affine,
        oriented=oriented,
    )


def _damaged(path: Path, problem: Any) -> ValueError:
    return ValueError(
        f"{path}: damaged NIfTI header ({problem}); export or download it again."
    )


def _checked(raw: bytes, path: Path) -> Any:
    sizes = {int.from_bytes(raw[:4], order) for order in ("little", "big")}
    kind = next((HEADER_SIZES[size] for size in sizes if size in HEADER_SIZES), None)
    if kind is None or len(raw) < 352:
        raise ValueError(f"{path}: not a NIfTI file (its header is not one).")
    try:
        # Not from_fileobj: it would go on to read extensions, of any length.
        header = kind(raw[: kind.template_dtype.itemsize], check=False)
        _refuse_edges(header, path)
        header.check_fix(logger=_SILENT, error_level=ERROR_LEVEL)
        header.get_data_dtype()
    except Exception as error:
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        raise _damaged(path, error) from error
    return header


def _refuse_edges(header: Any, path: Path) -> None:
    """Voxel sizes that nibabel would replace by 1 without a word."""
    n = min(max(int(header["dim"][0]), 0), 3)
    edges = np.asarray(header["pixdim"][1 : n + 1], dtype=float)
    used = int(header["sform_code"]) == 0
    if used and not (np.isfinite(edges) & (edges != 0)).all():
        raise _damaged(path, f"voxels of {' x '.join(f'{x:g}' for x in edges)} mm")


def _shape(header: Any, path: Path) -> tuple[int, int, int]:
    shape = tuple(int(n) for n in header.get_data_shape())
    if any(n < 1 for n in shape):
        raise _damaged(path, f"an image of shape {shape}")
    if len(shape) < 2 or any(n != 1 for n in shape[3:]):
        raise ValueError(
            f"{path}: an image of shape {shape}; a 3-D volume is needed "
            "(split a time series or a multi-channel image first)."
        )
    first, second, *rest = shape
    return first, second, rest[0] if rest else 1


def _scaling(header: Any, path: Path) -> tuple[float, float] | None:
    try:
        slope, inter = header.get_slope_inter()
    except Exception as error:
        raise _damaged(path, error) from error
    if slope is None:
        return None
    slope, inter = float(slope), float(inter or 0.0)
    sizes = abs(slope), abs(inter)
    if not 1 / LARGEST_VALUE <= sizes[0] <= LARGEST_VALUE or sizes[1] > LARGEST_VALUE:
        raise _damaged(path, f"voxels are scaled by {slope:g} and {inter:g}")
    return None if (slope, inter) == (1.0, 0.0) else (slope, inter)


def _affine(header: Any, path: Path) -> tuple[NDArray[np.float64], bool]:
    """The affine in mm, and whether it was declared."""
    try:
        affine = np.array(header.get_best_affine(), dtype=float)
        if np.array_equal(affine, np.eye(4)) and int(header["qform_code"]):
            # An identity beside it states less than the quaternion.
            affine = np.array(header.get_qform(), dtype=float)
    except Exception as error:
        raise _damaged(path, f"no affine: {error}") from error
    if not np.isfinite(affine).all():
        raise _damaged(path, "its affine holds NaN or infinite numbers")
    unit = header.get_xyzt_units()[0]
    affine[:3] *= MILLIMETRES.get(unit, 1.0)
    codes = int(header["qform_code"]) or int(header["sform_code"])
    declared = bool(codes) and not np.array_equal(affine, np.eye(4))
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    if not ((edges >= SMALLEST_VOXEL) & (edges <= LARGEST_VOXEL)).all():
        raise _damaged(
            path, f"voxels of {' x '.join(f'{x:g}' for x in edges)} mm by its affine"
        )
    # The volume of a voxel of unit edges: 0 if two axes are the same one.
    if abs(np.linalg.det(affine[:3, :3] / edges)) < 0.1:
        raise _damaged(path, "its affine is singular, no orientation")
    return affine, declared
