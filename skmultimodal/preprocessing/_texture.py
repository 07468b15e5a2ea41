"""Statistics, texture and shape of the tumour in each image."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from skmultimodal.preprocessing._regions import RegionTransformer
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._sklearn import Interval

__all__ = ["TumorTextureTransformer", "first_order"]

FIRST_ORDER = ("mean", "std", "skewness", "kurtosis", "p10", "median", "p90", "entropy")
SURROUNDINGS = ("gradient", "rim_mean", "contrast")
GLCM = ("contrast", "dissimilarity", "homogeneity", "asm", "correlation", "entropy")
SHAPE = (
    *("empty", "area_fraction", "sqrt_area", "components", "compactness"),
    *("eccentricity", "centroid_offset"),
)


class TumorTextureTransformer(RegionTransformer):
    """First-order statistics, GLCM texture and shape of the tumour.

    Each sequence is z-scored over its non-zero pixels (the brain of a skull-stripped
    slice), which removes the scanner's gain and offset without other patients' help.

    Parameters
    ----------
    channels : list of int, default=None
        Channels to describe, for example only T1ce; None is all but the mask.
    mask_channel : int, default=-1
        Channel with the labels 0, 1, 2, 4 (or 0, 1), not rescaled. None: no mask, the
        non-zero pixels are the region.
    regions : list of str, default=("whole",)
        Out of ``"whole"`` (any label), ``"core"`` (1 and 4), ``"enhancing"`` (4) and
        ``"oedema"`` (2).
    levels : int, default=16
        Grey levels of the co-occurrence matrix, spread over the 1st to 99th
        percentile in the region.
    distances : list of int, default=(1, 3)
        Pixel distances of the co-occurrence matrix, pooled over four directions.
    rim_width : int, default=6
        Width in pixels of the ring around the region whose mean is a feature.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels, or of columns of flat images.
    image_ndim_ : int
        4, or 2 for flat images.
    channels_ : list of int
        Channels described.
    mask_channel_ : int or None
        Place of the mask.

    Notes
    -----
    Features for each region: ``empty`` (1 where the mask has no such pixel; the
    features are then those of the whole tumour or, without any, of the brain),
    ``area_fraction`` (of the brain), ``sqrt_area`` (pixels), ``components``,
    ``compactness`` (4 pi area / perimeter^2), ``eccentricity``, ``centroid_offset``
    (from the brain's centroid, in radii of a disc of the brain's area). For each
    sequence and region: mean, standard deviation, skewness, excess kurtosis,
    percentiles, entropy (bits, 32 bins), mean gradient magnitude, mean of the ring
    around, inside minus outside, and per distance six properties of the grey-level
    co-occurrence matrix [1]_. No feature is ever NaN; an absent sequence (all
    0) gives constants. A 2-D X is read as flat one-row images without background.

    Needs scikit-image: ``pip install skmultimodal[texture]``.

    References
    ----------
    .. [1] Haralick, Shanmugam, Dinstein (1973). Textural features for image
       classification. IEEE Transactions on Systems, Man, and Cybernetics 3, 610-621.
       The use on T1ce follows Sun et al. (2021), doi 10.1186/s12880-020-00545-5.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.preprocessing import TumorTextureTransformer
    >>> images = np.random.default_rng(0).uniform(1, 9, size=(3, 2, 8, 7))
    >>> images[:, 1] = 0
    >>> images[:, 1, 2:5, 2:6] = 1
    >>> texture = TumorTextureTransformer().fit(images)
    >>> texture.transform(images).shape
    (3, 30)
    >>> texture.get_feature_names_out(["t1ce", "seg"])[7]
    't1ce_whole_mean'
    """

    _parameter_constraints: dict = {
        **RegionTransformer._parameter_constraints,
        "levels": [Interval(Integral, 2, 255, closed="both")],
        "distances": ["array-like"],
        "rim_width": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        channels: Sequence[int] | None = None,
        *,
        mask_channel: int = -1,
        regions: Sequence[str] = ("whole",),
        levels: int = 16,
        distances: Sequence[int] = (1, 3),
        rim_width: int = 6,
    ) -> None:
        self.channels = channels
        self.mask_channel = mask_channel
        self.regions = regions
        self.levels = levels
        self.distances = distances
        self.rim_width = rim_width

    def _check_parts(self) -> None:
        if not len(self.distances) or min(self.distances) < 1:
            raise ValueError(f"distances must be positive, got {self.distances!r}.")
        import_optional("skimage", "texture")

    def _describe(self, planes: NDArray, brain: NDArray, regions: Any) -> NDArray:
        features: list[Any] = [
            shape(mask, empty, brain) for mask, empty in regions.values()
        ]
        for plane in planes:
            slope = np.hypot(*np.gradient(np.pad(plane, 1, mode="edge")))[1:-1, 1:-1]
            for mask, _ in regions.values():
                values = plane[mask]
                features += [
                    first_order(values),
                    [slope[mask].mean(), *_surroundings(plane, mask, brain, self)],
                    glcm(plane, mask, self.levels, self.distances),
                ]
        return np.concatenate(features)

    def _names(self, channels: Any) -> list[str]:
        texture = [f"glcm{d}_{name}" for d in self.distances for name in GLCM]
        statistics = [*FIRST_ORDER, *SURROUNDINGS, *texture]
        names = [f"{region}_{name}" for region in self.regions for name in SHAPE]
        return names + [
            f"{channel}_{region}_{name}"
            for channel in channels
            for region in self.regions
            for name in statistics
        ]


def first_order(values: NDArray) -> list[float]:
    """Statistics `FIRST_ORDER` of a sample.

    Parameters
    ----------
    values : ndarray of shape (n_pixels,)

    Returns
    -------
    statistics : list of float
    """
    mean, std = values.mean(), values.std()
    z = (values - mean) / std if std > 1e-9 else np.zeros_like(values)
    share = np.histogram(z, bins=32)[0] / len(z) if z.any() else np.ones(1)
    return [
        mean,
        std,
        (z**3).mean(),
        (z**4).mean() - 3 if z.any() else 0.0,
        *np.percentile(values, [10, 50, 90]),
        _entropy(share),
    ]


def _entropy(share: Any) -> float:
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum()) + 0.0


def _surroundings(
    plane: NDArray, mask: NDArray, brain: NDArray, params: Any
) -> tuple[Any, Any]:
    """Mean of the ring around a region, and inside minus outside."""
    ring = ndimage.binary_dilation(mask, iterations=params.rim_width) & brain & ~mask
    outside = brain & ~mask
    rim_mean = plane[ring].mean() if ring.any() else 0.0
    elsewhere = plane[outside].mean() if outside.any() else 0.0
    return rim_mean, plane[mask].mean() - elsewhere


def glcm(
    plane: NDArray, mask: NDArray, levels: int, distances: Sequence[int]
) -> NDArray:
    """Properties `GLCM` of the co-occurrence of grey levels inside a mask.

    Parameters
    ----------
    plane : ndarray of shape (H, W)
    mask : ndarray of bool, shape (H, W)
    levels : int
    distances : list of int

    Returns
    -------
    properties : ndarray of shape (6 * n_distances,)
    """
    feature = import_optional("skimage.feature", "texture")
    box = ndimage.find_objects(mask.astype(int))[0]
    low, high = np.percentile(plane[mask], [1, 99])
    scaled = (plane[box] - low) / max(high - low, 1e-12)
    grey = 1 + (scaled * levels).clip(0, levels - 1).astype(np.uint8)
    # Level 0 is the outside: its pairs are dropped.
    grey[~mask[box]] = 0
    angles = np.arange(4) * np.pi / 4
    pairs = feature.graycomatrix(
        grey, distances, angles, levels=levels + 1, symmetric=True
    )[1:, 1:]
    pairs = pairs.sum(axis=3, keepdims=True).astype(float)
    pairs /= np.maximum(pairs.sum(axis=(0, 1)), 1)
    values = [feature.graycoprops(pairs, p) for p in (*GLCM[:3], "ASM", GLCM[4])]
    values.append([[_entropy(p)] for p in np.moveaxis(pairs[..., 0], 2, 0)])
    return np.stack([np.ravel(v) for v in values], axis=1).ravel()


def shape(mask: NDArray, empty: bool, brain: NDArray) -> list[Any]:
    """Values `SHAPE` of a region.

    Parameters
    ----------
    mask, brain : ndarray of bool, shape (H, W)
    empty : bool
        Whether the mask stands in for an empty one.

    Returns
    -------
    values : list of float
    """
    measure = import_optional("skimage.measure", "texture")
    area, place = mask.sum(), np.argwhere(mask)
    perimeter = measure.perimeter(np.pad(mask, 1))
    # A pixel is a unit square, whose own second moment is 1/12.
    spread = np.cov(place.T, bias=True) + np.eye(2) / 12
    minor, major = np.linalg.eigvalsh(spread)
    offset = place.mean(axis=0) - np.argwhere(brain).mean(axis=0)
    return [
        float(empty),
        area / brain.sum(),
        np.sqrt(area),
        ndimage.label(mask)[1],
        min(4 * np.pi * area / perimeter**2, 1.0) if perimeter > 0 else 1.0,
        np.sqrt(1 - minor / major),
        np.hypot(*offset) / np.sqrt(brain.sum() / np.pi),
    ]
