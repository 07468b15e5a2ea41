"""Statistics, texture and shape of the tumour in each image."""

from numbers import Integral

import numpy as np
from scipy import ndimage
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._sklearn import Interval, fit_context

__all__ = ["RegionTransformer", "TumorTextureTransformer", "first_order"]

# Labels of the BraTS masks: 1 necrotic core, 2 oedema, 4 enhancing rim.
REGIONS = {"whole": None, "core": (1, 4), "enhancing": (4,), "oedema": (2,)}

FIRST_ORDER = ("mean", "std", "skewness", "kurtosis", "p10", "median", "p90", "entropy")
SURROUNDINGS = ("gradient", "rim_mean", "contrast")
GLCM = ("contrast", "dissimilarity", "homogeneity", "asm", "correlation", "entropy")
SHAPE = ("empty", "area_fraction", "sqrt_area", "components", "compactness")
SHAPE += ("eccentricity", "centroid_offset")


class RegionTransformer(TransformerMixin, BaseEstimator):
    """Reads images with a mask channel row by row; subclasses describe one row.

    A subclass has ``_describe(planes, brain, regions)``, which returns the features of
    a row, and ``_names(channels)``, which returns their names.
    """

    _parameter_constraints: dict = {
        "channels": ["array-like", None],
        "mask_channel": [Integral, None],
        "regions": ["array-like"],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the layout of the rows; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n, C, H, W) or (n, p)
            Images, or flat images of one row that lie inside the mask entirely.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        X = validate_data(self, X, allow_nd=True)
        self.image_ndim_ = X.ndim
        self.channels_, self.mask_channel_ = self._resolve_channels(X)
        if not len(self.regions) or not set(self.regions) <= set(REGIONS):
            raise ValueError(
                f"regions must be a list of {list(REGIONS)}, got {self.regions!r}."
            )
        self._check_parts()
        return self

    def transform(self, X):
        """Describe each image.

        Parameters
        ----------
        X : array-like of shape (n, C, H, W) or (n, p)
            Height and width may differ from those seen in `fit`.

        Returns
        -------
        features : ndarray of float64, shape (n, n_features_out)
        """
        check_is_fitted(self)
        X = validate_data(self, X, allow_nd=True, reset=False)
        if X.ndim != self.image_ndim_:
            raise ValueError(
                f"X is {X.ndim}-D, the images seen in fit were {self.image_ndim_}-D."
            )
        return np.array(self._describe_rows(X))

    def get_feature_names_out(self, input_features=None):
        """Name the features, such as ``t1ce_whole_mean``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of all channels of the images; None names them ``channel0``, ...

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        if input_features is not None and len(input_features) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(input_features)}."
            )
        # Flat images have one channel, whose columns are pixels.
        if self.image_ndim_ == 2 or input_features is None:
            input_features = [f"channel{i}" for i in range(max(self.channels_) + 1)]
        channels = [input_features[i] for i in self.channels_]
        return np.asarray(self._names(channels), dtype=object)

    def _describe_rows(self, X):
        return [self._describe(*self._read_row(row)) for row in X]

    def _check_parts(self):
        """Checks of a subclass that need more than one parameter."""

    def _resolve_channels(self, X):
        if X.ndim == 2:
            return [0], None
        if X.ndim != 4:
            raise ValueError(
                "X must be 4-D (rows, channels, height, width) or 2-D (rows of flat "
                f"images), got {X.ndim}-D."
            )
        n = X.shape[1]
        mask = self.mask_channel
        if mask is not None and not -n <= mask < n:
            raise ValueError(f"mask_channel={mask}, but the images have {n} channels.")
        mask = None if mask is None else int(mask) % n
        if self.channels is None:
            channels = [i for i in range(n) if i != mask]
        else:
            channels = [int(i) for i in self.channels]
        if not channels or not all(0 <= i < n and i != mask for i in channels):
            raise ValueError(
                f"channels={self.channels!r} leave no image or name one that is not "
                f"there: the images have {n} channels, of which the mask is {mask}."
            )
        return channels, mask

    def _read_row(self, row):
        """Normalised planes (C, H, W), brain (H, W), {region: (mask, is_empty)}."""
        row = row.astype(np.float64)
        if row.ndim == 1:
            planes, labels = row[None, None], None
            inside = np.ones_like(planes, dtype=bool)
        else:
            planes = row[self.channels_]
            inside = planes != 0
            labels = None if self.mask_channel_ is None else row[self.mask_channel_]
        brain = inside.any(axis=0)
        if not brain.any():
            brain = np.ones_like(brain)
        planes = self._normalise(planes, inside)
        return planes, brain, _find_regions(self.regions, labels, brain)

    def _normalise(self, planes, inside):
        """Planes in the unit that features are of: z-scores over what is inside."""
        return np.stack(list(map(_standardise, planes, inside)))


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
        channels=None,
        *,
        mask_channel=-1,
        regions=("whole",),
        levels=16,
        distances=(1, 3),
        rim_width=6,
    ):
        self.channels = channels
        self.mask_channel = mask_channel
        self.regions = regions
        self.levels = levels
        self.distances = distances
        self.rim_width = rim_width

    def _check_parts(self):
        if not len(self.distances) or min(self.distances) < 1:
            raise ValueError(f"distances must be positive, got {self.distances!r}.")
        import_optional("skimage", "texture")

    def _describe(self, planes, brain, regions):
        features = [shape(*region, brain) for region in regions.values()]
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

    def _names(self, channels):
        texture = [f"glcm{d}_{name}" for d in self.distances for name in GLCM]
        statistics = [*FIRST_ORDER, *SURROUNDINGS, *texture]
        names = [f"{region}_{name}" for region in self.regions for name in SHAPE]
        return names + [
            f"{channel}_{region}_{name}"
            for channel in channels
            for region in self.regions
            for name in statistics
        ]


def _standardise(plane, inside):
    values = plane[inside]
    spread = values.std() if values.size else 0.0
    # Rounding leaves a spread of about 1e-16 of the level in a constant plane.
    if spread <= 1e-12 * np.abs(values).max(initial=0.0):
        return np.zeros_like(plane)
    return np.where(inside, (plane - values.mean()) / spread, 0.0)


def _find_regions(names, labels, brain):
    """Map each region to its mask and whether it had to be replaced."""
    whole = brain if labels is None else labels > 0
    found = {}
    for name in names:
        wanted = REGIONS[name]
        mask = whole
        if labels is not None and wanted is not None:
            mask = np.isin(labels, wanted)
        empty = not mask.any()
        if empty:
            mask = whole if whole.any() else brain
        found[name] = mask, empty
    return found


def first_order(values):
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


def _entropy(share):
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum()) + 0.0


def _surroundings(plane, mask, brain, params):
    """Mean of the ring around a region, and inside minus outside."""
    ring = ndimage.binary_dilation(mask, iterations=params.rim_width) & brain & ~mask
    outside = brain & ~mask
    rim_mean = plane[ring].mean() if ring.any() else 0.0
    elsewhere = plane[outside].mean() if outside.any() else 0.0
    return rim_mean, plane[mask].mean() - elsewhere


def glcm(plane, mask, levels, distances):
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


def shape(mask, empty, brain):
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
