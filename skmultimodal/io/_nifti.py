"""One NIfTI file: header, orientation, and axial planes in the stored type.

A gzip stream is decompressed once and only up to the last plane asked for; voxels are
never converted to float64.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import (
    apply_orientation,
    axcodes2ornt,
    io_orientation,
    ornt_transform,
)
from numpy.typing import NDArray

from skmultimodal.io._bytes import is_gzip, stream_gzip

__all__ = ["NiftiFile"]

# Voxels may begin after extensions, which are small; a terabyte is damage.
MAX_OFFSET = 2**40
HEADER_SIZES = {348: nib.Nifti1Header, 540: nib.Nifti2Header}


class NiftiFile:
    """A 3-D NIfTI volume seen as a stack of axial planes in LPS orientation.

    Parameters
    ----------
    path : str or Path
        A ``.nii`` or ``.nii.gz`` file; compression is detected by content.

    Attributes
    ----------
    shape : tuple of int
        ``(n_left, n_posterior, n_axial)``, voxels along the LPS axes.
    dtype : numpy.dtype
        Of the planes: as stored, float32 where the header scales or stores float64.
    oriented : bool
        False if the header declares no affine, or the identity, which is what writers
        put without an orientation: the volume is then taken as it is stored.
    to_lps : ndarray of shape (3, 2)
        nibabel's transform of the stored axes to LPS.
    affine : ndarray of shape (4, 4)
        As the header has it, in mm.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, truncated, no NIfTI or not 3-D.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as stream:
                raw = stream.read(8192)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.path}: no such file.") from None
        if not raw:
            raise ValueError(f"{self.path}: the file is empty (0 bytes).")
        self.compressed = is_gzip(raw)
        if self.compressed:
            raw = next(piece for piece in stream_gzip(self.path) if piece)
        self._parse(raw)

    def _parse(self, raw: bytes) -> None:
        header = _header(raw, self.path)
        shape = tuple(int(n) for n in header.get_data_shape())
        if len(shape) < 3 or any(n != 1 for n in shape[3:]) or 0 in shape[:3]:
            raise ValueError(
                f"{self.path}: an image of shape {shape}; a 3-D volume is needed "
                "(split a time series or a multi-channel image first)."
            )
        self._stored_shape = shape[:3]
        self._stored_dtype = header.get_data_dtype()
        if self._stored_dtype.fields or self._stored_dtype.kind not in "iuf":
            raise ValueError(
                f"{self.path}: voxels of type {self._stored_dtype}; numbers are needed."
            )
        self._offset = self._checked_offset(header)
        slope, inter = (float(x) for x in _scaling(header))
        self._scale = (slope, inter) if (slope, inter) != (1.0, 0.0) else None
        self.affine = np.asarray(header.get_best_affine(), dtype=float)
        codes = int(header["qform_code"]) or int(header["sform_code"])
        self.oriented = bool(codes) and not np.array_equal(self.affine, np.eye(4))
        self._orient(shape[:3])
        native = self._stored_dtype.newbyteorder("=")
        big = native.kind == "f" and native.itemsize > 4
        self.dtype = np.dtype("f4") if self._scale or big else native

    def _checked_offset(self, header: Any) -> int:
        offset = float(header["vox_offset"])
        if not 0 <= offset <= MAX_OFFSET:  # NaN is neither
            raise ValueError(
                f"{self.path}: damaged NIfTI header (voxels begin at byte {offset})."
            )
        return int(header.get_data_offset())

    def _orient(self, shape: tuple[int, ...]) -> None:
        start = io_orientation(self.affine) if self.oriented else None
        if start is not None and np.isnan(start).any():
            raise ValueError(f"{self.path}: the affine is singular, no orientation.")
        wanted = axcodes2ornt(("L", "P", "S"))
        self.to_lps = ornt_transform(wanted if start is None else start, wanted)
        place = self.to_lps[:, 0].astype(int)
        lps = [0, 0, 0]
        for axis, target in enumerate(place):
            lps[target] = shape[axis]
        self.shape = tuple(lps)
        # Planes lie one after the other in the file only if the last axis is axial.
        self._planar = bool(place[2] == 2)
        self._flipped = bool(self.to_lps[2, 1] < 0)

    @property
    def holds_floats(self) -> bool:
        """Whether voxels are stored as floating-point numbers, which may be NaN."""
        return self._stored_dtype.kind == "f"

    @property
    def _plane_bytes(self) -> int:
        return math.prod(self._stored_shape[:2]) * self._stored_dtype.itemsize

    def _read(self, first: int, last: int) -> bytearray:
        """Stored planes `first` to `last`, inclusive; nothing else is kept."""
        start = self._offset + first * self._plane_bytes
        stop = self._offset + (last + 1) * self._plane_bytes
        whole = self._offset + self._stored_shape[2] * self._plane_bytes
        if not self.compressed:
            size = self.path.stat().st_size
            if size < whole:
                raise ValueError(
                    f"{self.path}: truncated, {size} of {whole} bytes; download it "
                    "again."
                )
            with self.path.open("rb") as stream:
                stream.seek(start)
                return bytearray(stream.read(stop - start))
        return self._inflate(start, stop, whole)

    def _inflate(self, start: int, stop: int, whole: int) -> bytearray:
        with self.path.open("rb") as stream:
            stream.seek(-4, os.SEEK_END)
            trailer = int.from_bytes(stream.read(), "little")
        # The last word of a gzip file is its size: a cut file is recognised without
        # decompressing what is not needed.
        intact = trailer == whole % 2**32
        out = bytearray(stop - start)
        place = 0
        for piece in stream_gzip(self.path):
            end = place + len(piece)
            if end > start and place < stop:
                low, high = max(place, start), min(end, stop)
                out[low - start : high - start] = memoryview(piece)[
                    low - place : high - place
                ]
            place = end
            if intact and place >= stop:
                return out
        if place < whole:
            raise ValueError(
                f"{self.path}: {place} of {whole} bytes after decompression; "
                "download it again."
            )
        return out

    def _scaled(self, stored: NDArray[Any]) -> NDArray[Any]:
        if self._scale:
            slope, inter = self._scale
            return stored.astype(np.float32) * np.float32(slope) + np.float32(inter)
        return stored.astype(self.dtype, copy=False)

    def volume(self) -> NDArray[Any]:
        """All planes: array of shape `shape`, a view where the type allows it."""
        data = self._read(0, self._stored_shape[2] - 1)
        flat = np.frombuffer(data, self._stored_dtype)
        stored = flat.reshape(self._stored_shape, order="F")
        return self._scaled(apply_orientation(stored, self.to_lps))

    def planes(self, indices: list[int]) -> NDArray[Any]:
        """Read some axial planes.

        Parameters
        ----------
        indices : list of int
            Positions along the LPS axial axis, 0 lowest.

        Returns
        -------
        ndarray of shape (len(indices), n_left, n_posterior)
        """
        if not self._planar:
            return np.ascontiguousarray(np.moveaxis(self.volume()[..., indices], 2, 0))
        depth = self._stored_shape[2]
        stored = [depth - 1 - k if self._flipped else k for k in indices]
        first = min(stored)
        data = self._read(first, max(stored))
        count = math.prod(self._stored_shape[:2])
        out = np.empty((len(indices), *self.shape[:2]), dtype=self.dtype)
        for row, k in enumerate(stored):
            flat = np.frombuffer(
                data, self._stored_dtype, count, (k - first) * self._plane_bytes
            )
            plane = flat.reshape(self._stored_shape[:2], order="F")
            out[row] = self._scaled(apply_orientation(plane, self.to_lps[:2]))
        return out


def _header(raw: bytes, path: Path) -> Any:
    sizes = {int.from_bytes(raw[:4], order) for order in ("little", "big")}
    kind = next((HEADER_SIZES[size] for size in sizes if size in HEADER_SIZES), None)
    if kind is None or len(raw) < 352:
        raise ValueError(f"{path}: not a NIfTI file (its header is not one).")
    try:
        # Not from_fileobj: it would go on to read extensions, of any length.
        header = kind(raw[: kind.template_dtype.itemsize], check=False)
        header.get_data_dtype()
    except Exception as error:
        raise ValueError(f"{path}: damaged NIfTI header ({error}).") from error
    return header


def _scaling(header: Any) -> tuple[float, float]:
    slope, inter = header.get_slope_inter()
    return (1.0, 0.0) if slope is None else (slope, inter or 0.0)
