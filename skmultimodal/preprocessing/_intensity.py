"""Image intensities."""

import numpy as np

__all__ = ["LABELS", "find_mask_channel", "normalize_channels"]

# Labels of BraTS segmentations: background, necrosis, oedema, (3,) enhancing tumour.
LABELS = (0, 1, 2, 3, 4)


def normalize_channels(images, method):
    """Normalise each channel of each image by itself, which leaks nothing.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_channels, height, width)
    method : {"zscore", "minmax", "none"}
        "zscore" has mean 0 and standard deviation 1 over the non-zero voxels,
        "minmax" range 0 to 1 over them; zero voxels (background) stay 0.

    Returns
    -------
    normalized : ndarray of float32, same shape
    """
    images = np.asarray(images, dtype=np.float32)
    if method == "none":
        return images
    inside = images != 0
    count = np.maximum(inside.sum(axis=(2, 3), keepdims=True), 1)
    if method == "zscore":
        shift = images.sum(axis=(2, 3), keepdims=True, dtype=np.float64) / count
        centred = (images - shift.astype(np.float32)) * inside
        square = np.square(centred).sum(axis=(2, 3), keepdims=True, dtype=np.float64)
        scale = np.sqrt(square / count)
    else:
        low = np.where(inside, images, np.inf).min(axis=(2, 3), keepdims=True)
        shift = np.where(np.isfinite(low), low, 0).astype(np.float32)
        centred = (images - shift) * inside
        scale = centred.max(axis=(2, 3), keepdims=True)
    # A channel that is constant over its voxels carries no contrast.
    scale = np.where(scale > 1e-6 * np.abs(shift), scale, 1)
    return (centred / scale).astype(np.float32)


def find_mask_channel(images):
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


def _is_label_map(voxels):
    return bool(np.isin(voxels, LABELS).all() and np.any(voxels))
