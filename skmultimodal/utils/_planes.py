"""Planes and volumes of any voxel size and shape, brought to one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = [
    "as_type",
    "background_of",
    "count_content",
    "find_content",
    "fit_plane",
    "has_frame",
    "pair",
    "resample",
    "respace",
    "respace_volume",
    "respaced_shape",
    "smooth",
]

# Voxel sizes that differ by less are the same: half a voxel in 500.
SAME_SPACING = 1e-3
# Content differs from the background by this share of what most of it does at most:
# more than the noise of air.
FAINT = 0.1


def pair(size: Any) -> tuple[Any, Any]:
    """One number for both axes of a plane, or one for each."""
    if np.ndim(size) == 0:
        return size, size
    first, second = size
    return first, second


def fit_plane(
    image: NDArray[Any], size: int | tuple[int, ...], background: float = 0
) -> NDArray[Any]:
    """Crop or pad the last axes to `size`, keeping the centre.

    Parameters
    ----------
    image : ndarray of shape (..., n_left, n_posterior)
        One plane or many.
    size : int, (int, int) or (int, int, int)
        Voxels along the last two axes, or three of them.
    background : float, default=0
        Value of what is added.

    Returns
    -------
    ndarray of shape (..., size[0], size[1])
        The input itself if it fits.
    """
    wanted = tuple(size) if isinstance(size, Iterable) else pair(size)
    shape = image.shape[-len(wanted) :]
    if shape == wanted:
        return image
    rest = image.shape[: -len(wanted)]
    out = np.full((*rest, *wanted), background, dtype=image.dtype)
    source: list[Any] = [...]
    target: list[Any] = [...]
    for have, want in zip(shape, wanted, strict=True):
        n = min(have, want)
        source.append(slice((have - n) // 2, (have - n) // 2 + n))
        target.append(slice((want - n) // 2, (want - n) // 2 + n))
    out[tuple(target)] = image[tuple(source)]
    return out


def respaced_shape(
    shape: tuple[int, ...], spacing: tuple[float, ...], wanted: tuple[float, ...]
) -> tuple[int, ...]:
    """Voxels along each axis once they have the `wanted` size."""
    return tuple(
        n if _same(have, want) else round(n * have / want)
        for n, have, want in zip(shape, spacing, wanted, strict=True)
    )


def _same(have: float, want: float) -> bool:
    return abs(have / want - 1) <= SAME_SPACING


def respace(
    planes: NDArray[Any],
    spacing: tuple[float, ...],
    wanted: tuple[float, ...],
    *,
    labels: bool = False,
) -> NDArray[Any]:
    """Resample planes to another size of pixels about their centre.

    Parameters
    ----------
    planes : ndarray of shape (n_slices, n_left, n_posterior)
    spacing, wanted : (float, float)
        Edges of a pixel, in mm.
    labels : bool, default=False
        Take the nearest pixel; else interpolate linearly, smoothed before where pixels
        become larger.

    Returns
    -------
    ndarray of shape (n_slices, ...)
        In the type of `planes`, integers rounded.
    """
    shape = planes.shape[1:]
    size = respaced_shape(shape, spacing, wanted)
    if size == shape:
        return planes
    steps = np.array(
        [
            1.0 if _same(have, want) else want / have
            for have, want in zip(spacing, wanted, strict=True)
        ]
    )
    centres = (np.array(shape) - 1) / 2, (np.array(size) - 1) / 2
    out = np.empty((len(planes), *size), planes.dtype)
    for row, plane in enumerate(planes):
        out[row] = as_type(
            ndimage.affine_transform(
                plane if labels else smooth(plane, steps),
                steps,
                centres[0] - steps * centres[1],
                output_shape=size,
                order=0 if labels else 1,
                mode="nearest",
            ),
            planes.dtype,
        )
    return out


def respace_volume(
    planes: NDArray[Any],
    spacing: tuple[float, ...],
    wanted: tuple[float, ...],
    *,
    labels: bool = False,
) -> NDArray[Any]:
    """Resample planes, and then the distance between them.

    Parameters
    ----------
    planes : ndarray of shape (n_planes, n_left, n_posterior)
    spacing, wanted : (float, float, float)
        Distance of planes and edges of a pixel, in mm.
    labels : bool, default=False
        As for `respace`.

    Returns
    -------
    ndarray of 3 axes
        In the type of `planes`.
    """
    pixels, edges = (spacing[1], spacing[2]), (wanted[1], wanted[2])
    planes = respace(planes, pixels, edges, labels=labels)
    # Seen from the side, planes have the depth and one axis of before.
    side = np.moveaxis(planes, 1, 0)
    side = respace(side, (spacing[0], 1.0), (wanted[0], 1.0), labels=labels)
    return np.moveaxis(side, 0, 1)


def resample(
    image: NDArray[Any], size: tuple[int, ...], *, labels: bool = False
) -> NDArray[Any]:
    """Bring an image that fills its frame to another size, axis by axis.

    Along an axis that becomes shorter, values are means over what a new pixel covers:
    an image whose pixels were repeated is itself again. Along one that becomes longer
    they are interpolated.

    Parameters
    ----------
    image : ndarray
    size : tuple of int
        Of all axes.
    labels : bool, default=False
        Take the nearest pixel.

    Returns
    -------
    ndarray of shape `size`
        In the type of `image`, integers rounded.
    """
    values = image if labels else image.astype(np.float64)
    for axis, want in enumerate(size):
        have = image.shape[axis]
        centres = (np.arange(want) + 0.5) * have / want - 0.5
        if have == want:
            continue
        if labels:
            values = values.take(np.rint(centres).astype(np.intp), axis=axis)
            continue
        weights = _overlaps(have, want) if want < have else _between(have, centres)
        values = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    return as_type(values, image.dtype).astype(image.dtype, copy=False)


def _overlaps(have: int, want: int) -> NDArray[np.float64]:
    """Share of each new pixel that an old one covers: (want, have)."""
    old, new = np.arange(have + 1), np.arange(want + 1) * have / want
    low = np.maximum(new[:-1, None], old[:-1])
    high = np.minimum(new[1:, None], old[1:])
    return np.maximum(high - low, 0) * want / have


def _between(have: int, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of linear interpolation at some places: (n_places, have)."""
    places = centres.clip(0, have - 1)
    left = np.floor(places).astype(np.intp).clip(0, max(have - 2, 0))
    weights = np.zeros((len(places), have))
    rows, part = np.arange(len(places)), places - left
    weights[rows, left] = 1 - part
    weights[rows, np.minimum(left + 1, have - 1)] += part
    return weights


def as_type(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Interpolated values in the type of those between which they lie."""
    return values if dtype.kind == "f" else np.rint(values).astype(dtype)


def background_of(planes: NDArray[Any]) -> float:
    """The value of what surrounds an image: air, or what was masked out.

    It is the most frequent value on the border if that is 0 or negative, as in a CT,
    and covers half of it; else the least value, or 0 if all are above.
    """
    usual, share = _usual_border(planes)
    if usual <= 0 and share >= 0.5:
        return usual
    return min(0.0, float(planes.min()))


def has_frame(planes: NDArray[Any]) -> bool:
    """Whether at least half of the border of an image is of one value, of 0 or less."""
    usual, share = _usual_border(planes)
    return usual <= 0 and share >= 0.5


def _usual_border(planes: NDArray[Any]) -> tuple[float, float]:
    """The most frequent value on the border, and its share."""
    border = np.concatenate(
        [planes[:, [0, -1], :].ravel(), planes[:, :, [0, -1]].ravel()]
    )
    values, counts = np.unique(border, return_counts=True)
    return float(values[counts.argmax()]), float(counts.max() / counts.sum())


def find_content(planes: NDArray[Any], background: float) -> NDArray[np.bool_]:
    """Where an image is no background."""
    contrast = np.abs(planes.astype(np.float32) - np.float32(background))
    content: NDArray[np.bool_] = contrast > FAINT * np.percentile(contrast, 99)
    return content


def count_content(
    planes: NDArray[Any], size: tuple[int, ...], background: float
) -> tuple[int, int]:
    """Pixels that are no background, and those of them that `fit_plane` cuts off."""
    content = find_content(planes, background)
    n = int(content.sum())
    return n, n - int(fit_plane(content, size).sum())


def smooth(array: NDArray[Any], steps: NDArray[np.float64]) -> NDArray[np.float32]:
    """Low-pass filter before every `steps`-th value is taken along the axes."""
    sigma = np.maximum(0, (steps - 1) / 2)
    return ndimage.gaussian_filter(array.astype(np.float32), sigma, mode="nearest")
