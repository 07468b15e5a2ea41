"""Image intensities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "find_mask_channel",
    "normalize_channels",
    "resolve_intensity",
    "resolve_mask_channel",
    "shrink",
]

# Labels of BraTS segmentations: background, necrosis, oedema, (3,) enhancing tumour.
LABELS = (0, 1, 2, 3, 4)
# A scan has a dark background, which compression leaves a little above 0, and a
# photograph hardly any: half of the pixels of MRI in 8 bits, one in 10,000 of skin.
MAX_BACKGROUND, DARK = 0.05, 0.04


def normalize_channels(
    images: NDArray, method: str | float, mask_channel: int | None = None
) -> NDArray:
    """Normalise each channel of each image by itself, which leaks nothing.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_channels, height, width)
    method : {"zscore", "minmax", "none"} or float
        "zscore" has mean 0 and standard deviation 1 over the non-zero voxels,
        "minmax" range 0 to 1 over them; zero voxels (background) stay 0. A number maps
        the range from 0 to it to -2 to 2, for all images alike.
    mask_channel : int or None, default=None
        Channel of a segmentation, which is divided by 4, the largest label, instead.

    Returns
    -------
    normalized : ndarray of float32, same shape
    """
    images = np.asarray(images, dtype=np.float32)
    if isinstance(method, float):
        normalized = images * np.float32(4 / method) - np.float32(2)
    else:
        normalized = images if method == "none" else _normalize(images, method)
    if mask_channel is None:
        return normalized
    normalized = normalized.copy() if method == "none" else normalized
    normalized[:, mask_channel] = (images[:, mask_channel] / LABELS[-1]).clip(0, 1)
    return normalized


def _normalize(images: NDArray, method: str | float) -> NDArray:
    normalized = np.empty(images.shape, dtype=np.float32)
    planes = images.reshape(-1, *images.shape[2:])
    # Plane by plane, each pass finds its voxels in the processor's cache.
    for plane, out in zip(planes, normalized.reshape(planes.shape), strict=True):
        inside = plane != 0
        count = max(np.count_nonzero(inside), 1)
        if method == "zscore":
            shift = plane.sum(dtype=np.float64) / count
            np.multiply(plane - np.float32(shift), inside, out=out)
            with np.errstate(over="ignore"):
                total = np.square(out).sum(dtype=np.float64)
            if not np.isfinite(total):  # values beyond 1e19
                total = np.square(out, dtype=np.float64).sum()
            scale = np.sqrt(total / count)
        else:
            shift = plane.min(where=inside, initial=np.inf)
            shift = shift if np.isfinite(shift) else 0.0
            np.multiply(plane - np.float32(shift), inside, out=out)
            scale = out.max()
        # A channel that is constant over its voxels carries no contrast.
        if scale > 1e-6 * abs(shift):
            out /= np.float32(scale)
    return normalized


def shrink(images: NDArray, factor: int) -> NDArray:
    """Average blocks of `factor` pixels a side; what sticks out is padded with 0.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_channels, height, width), or of volumes \
            (n_rows, n_channels, depth, height, width)
    factor : int

    Returns
    -------
    smaller : ndarray of shape (n_rows, n_channels, ceil(height / factor), \
            ceil(width / factor)), or with ceil(depth / factor) before
    """
    if factor == 1:
        return images
    pad = [(0, 0), (0, 0), *((0, -side % factor) for side in images.shape[2:])]
    if np.any(pad):
        images = np.pad(images, pad)
    if images.ndim == 5:
        n_rows, n_channels, depth, *sides = images.shape
        slabs = images.reshape(n_rows, n_channels, depth // factor, factor, *sides)
        planes = shrink(slabs.mean(axis=3).reshape(n_rows, -1, *sides), factor)
        return planes.reshape(n_rows, n_channels, -1, *planes.shape[2:])
    n_rows, n_channels, height, width = images.shape
    stripes = images.reshape(n_rows, n_channels, height // factor, factor, width)
    stripes = stripes.mean(axis=3)
    # Sums of whole slices: a reduction over the short last axis is slow.
    return sum(stripes[..., i::factor] for i in range(factor)) / np.float32(factor)


def resolve_intensity(
    intensity: str | float, images: NDArray, mask_channel: int | None
) -> str | float:
    """Turn an `intensity` parameter into a method of `normalize_channels`.

    Parameters
    ----------
    intensity : {"auto", "zscore", "minmax", "none"}
        "auto" is the range of photographs, 255.0 or 1.0, and else "zscore".
    images : ndarray of shape (n_rows, n_channels, height, width)
    mask_channel : int or None

    Returns
    -------
    method : str or float
    """
    if intensity != "auto":
        return intensity
    others = np.delete(images, [] if mask_channel is None else mask_channel, axis=1)
    if not others.size or not others.min() >= 0 or others.max() > 255:
        return "zscore"
    largest = 255.0 if others.max() > 1 else 1.0
    background = (others <= DARK * largest).all(axis=1).mean()
    return "zscore" if background > MAX_BACKGROUND else largest


def resolve_mask_channel(mask_channel: int | str | None, images: NDArray) -> int | None:
    """Turn a `mask_channel` parameter into the number of a channel, or None.

    Parameters
    ----------
    mask_channel : "auto", int or None
        "auto" calls `find_mask_channel`.
    images : ndarray of shape (n_rows, n_channels, height, width)

    Raises
    ------
    ValueError
        If there is no such channel.
    """
    if mask_channel is None or mask_channel == "auto":
        return None if mask_channel is None else find_mask_channel(images)
    n_channels = images.shape[1]
    if not -n_channels <= mask_channel < n_channels:
        raise ValueError(
            f"mask_channel={mask_channel} for images of {n_channels} channels."
        )
    return mask_channel % n_channels


def find_mask_channel(images: NDArray) -> int | None:
    """Number of the channel that holds a segmentation, None if there is none.

    It is the last channel, if it holds only label values (0 to 4) and another
    channel does not.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_channels, height, width)

    Returns
    -------
    channel : int or None
    """
    *others, last = range(images.shape[1])
    if not others or not _is_label_map(images[:, last]):
        return None
    return None if all(_is_label_map(images[:, c]) for c in others) else last


def _is_label_map(voxels: Any) -> bool:
    return bool(np.isin(voxels, LABELS).all() and np.any(voxels))
