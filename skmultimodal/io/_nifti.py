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
    inv_ornt_aff,
    io_orientation,
    ornt_transform,
)
from numpy.typing import NDArray

from skmultimodal.io._bytes import is_gzip, stream_gzip, within_memory
from skmultimodal.io._header import LARGEST_VALUE, parse_header
from skmultimodal.utils._files import refuse_no_file

__all__ = ["NiftiFile"]

# A gzip stream grows by no more than this when it is decompressed.
MOST_DEFLATED = 1100
LARGEST_HEADER = 544


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
        Positions along the LPS axes to mm.
    stored_shape, stored_affine : tuple of int, ndarray of shape (4, 4)
        Along the stored axes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, truncated, no NIfTI or not 3-D, or its header makes no
        sense.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        refuse_no_file(self.path)
        with self.path.open("rb") as stream:
            raw = stream.read(8192)
        if not raw:
            raise ValueError(f"{self.path}: the file is empty (0 bytes).")
        self.compressed = is_gzip(raw)
        if self.compressed:
            raw = self._first_bytes()
        self._parse(raw)

    def _first_bytes(self) -> bytes:
        """The header, decompressed; a member of a gzip file may be of any size."""
        raw = b""
        for piece in stream_gzip(self.path):
            raw += piece
            if len(raw) >= LARGEST_HEADER:
                break
        return raw

    def _parse(self, raw: bytes) -> None:
        header = parse_header(raw, self.path)
        self.stored_shape = header.shape
        self._stored_dtype = header.dtype
        self._offset = header.offset
        self._scale = header.scale
        self.stored_affine, self.oriented = header.affine, header.oriented
        self._orient()
        native = self._stored_dtype.newbyteorder("=")
        big = native.kind == "f" and native.itemsize > 4
        self.dtype = np.dtype("f4") if self._scale or big else native

    def _orient(self) -> None:
        wanted = axcodes2ornt(("L", "P", "S"))
        start = io_orientation(self.stored_affine) if self.oriented else wanted
        self.to_lps = ornt_transform(start, wanted)
        place = self.to_lps[:, 0].astype(int)
        lps = [0, 0, 0]
        for axis, target in enumerate(place):
            lps[target] = self.stored_shape[axis]
        self.shape = tuple(lps)
        turn = inv_ornt_aff(self.to_lps, self.stored_shape)
        self.affine: NDArray[np.float64] = self.stored_affine @ turn
        # Planes lie one after the other in the file only if the last axis is axial.
        self._planar = bool(place[2] == 2)
        self._flipped = bool(self.to_lps[2, 1] < 0)

    def adopt_affine(self, other: NiftiFile) -> None:
        """Lie where another file of the same stored shape lies."""
        self.stored_affine, self.oriented = other.stored_affine, other.oriented
        self._orient()

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Edges of a voxel along the LPS axes, in mm."""
        left, posterior, axial = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        return left, posterior, axial

    @property
    def orientation(self) -> str:
        """Where the stored axes point, such as ``"RAS"``; ``""`` if not declared."""
        return "".join(nib.aff2axcodes(self.stored_affine)) if self.oriented else ""

    @property
    def holds_floats(self) -> bool:
        """Whether voxels are stored as floating-point numbers, which may be NaN."""
        return self._stored_dtype.kind == "f"

    @property
    def _plane_bytes(self) -> int:
        return math.prod(self.stored_shape[:2]) * self._stored_dtype.itemsize

    def _read(self, first: int, last: int) -> bytearray:
        """Stored planes `first` to `last`, inclusive; nothing else is kept."""
        start = self._offset + first * self._plane_bytes
        stop = self._offset + (last + 1) * self._plane_bytes
        whole = self._offset + self.stored_shape[2] * self._plane_bytes
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
            size = stream.tell()
        if whole > MOST_DEFLATED * size:
            raise ValueError(
                f"{self.path}: truncated, {size:,} bytes cannot hold the {whole:,} "
                "that its header declares; download it again."
            )
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
        with np.errstate(over="ignore", invalid="ignore"):
            if not self._scale:
                return stored.astype(self.dtype, copy=False)
            slope, inter = map(np.float32, self._scale)
            scaled = stored.astype(np.float32) * slope + inter
        if not self.holds_floats:
            self._refuse_scale(stored, scaled)
        return scaled

    def _refuse_scale(self, stored: NDArray[Any], scaled: NDArray[Any]) -> None:
        """Integers that are all the same once they are scaled, or too large."""
        slope, inter = self._scale or (1.0, 0.0)
        lost = stored.min() < stored.max() and not scaled.min() < scaled.max()
        if lost or not np.abs(scaled).max() <= LARGEST_VALUE:
            raise ValueError(
                f"{self.path}: damaged NIfTI header (its slope {slope:g} and "
                f"intercept {inter:g} give voxels of {scaled.min():g} to "
                f"{scaled.max():g}); export or download it again."
            )

    def volume(self) -> NDArray[Any]:
        """All planes: array of shape `shape`, a view where the type allows it."""
        with within_memory(self.path):
            data = self._read(0, self.stored_shape[2] - 1)
            flat = np.frombuffer(data, self._stored_dtype)
            stored = flat.reshape(self.stored_shape, order="F")
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
        depth = self.stored_shape[2]
        stored = [depth - 1 - k if self._flipped else k for k in indices]
        first = min(stored)
        with within_memory(self.path):
            data = self._read(first, max(stored))
        count = math.prod(self.stored_shape[:2])
        out = np.empty((len(indices), *self.shape[:2]), dtype=self.dtype)
        for row, k in enumerate(stored):
            flat = np.frombuffer(
                data, self._stored_dtype, count, (k - first) * self._plane_bytes
            )
            plane = flat.reshape(self.stored_shape[:2], order="F")
            out[row] = self._scaled(apply_orientation(plane, self.to_lps[:2]))
        return out
