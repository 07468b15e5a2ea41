"""Radiomic features as the Image Biomarker Standardisation Initiative defines them."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from skmultimodal.preprocessing._regions import RegionTransformer
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._sklearn import Interval, StrOptions
from skmultimodal.utils._warnings import ignored_warnings

__all__ = ["MirpTransformer"]

# Edges of a voxel in mm: slice, height, width.
UNIT = (1.0, 1.0, 1.0)
# What NumPy warns of where a feature is not defined.
FEW_PIXELS = "Mean of empty slice|Degrees of freedom|invalid value"
# Shape is of the mask alone, the other families are of each channel.
SHAPE = "morphological"
FAMILIES = {
    SHAPE: "morph_",
    "local_intensity": "loc_",
    "intensity_volume_histogram": "ivh_",
    "statistical": "stat_",
    "intensity_histogram": "ih_",
    "glcm": "cm_",
    "glrlm": "rlm_",
    "glszm": "szm_",
    "gldzm": "dzm_",
    "ngtdm": "ngt_",
    "ngldm": "ngl_",
}
# Of the morphological family: those of intensities, and those that need a volume.
NO_SHAPE = (
    *("morph_com", "morph_integ_int", "morph_moran_i", "morph_geary_c"),
    *("morph_vol_dens_aee", "morph_area_dens_aee"),
)


class MirpTransformer(RegionTransformer):
    """IBSI-compliant radiomics of the tumour in each image, by the package mirp.

    Features are those of the reference manual of the Image Biomarker Standardisation
    Initiative [1]_ that have a reference value, in two dimensions, computed and named
    by mirp [2]_: ``t1ce_whole_stat_mean``, ``whole_morph_volume``.

    Parameters
    ----------
    channels : list of int, default=None
        Channels to describe, for example only T1ce; None is all but the mask.
    mask_channel : int, default=-1
        Channel with the labels 0, 1, 2, 4 (or 0, 1). None: no mask, the non-zero pixels
        are the region.
    regions : list of str, default=("whole",)
        Out of ``"whole"`` (any label), ``"core"`` (1 and 4), ``"enhancing"`` (4) and
        ``"oedema"`` (2).
    families : list of str, default=None
        Out of ``"morphological"`` (shape, which takes longest), ``"local_intensity"``,
        ``"intensity_volume_histogram"``, ``"statistical"``, ``"intensity_histogram"``
        and the texture matrices ``"glcm"``, ``"glrlm"``, ``"glszm"``, ``"gldzm"``,
        ``"ngtdm"`` and ``"ngldm"``. None is all of them.
    n_bins : int, default=32
        Grey levels between the least and the largest value in a region (IBSI's fixed
        bin number, for units that are arbitrary as those of MRI), of the intensity
        histogram and the texture matrices. mirp has no default.
    intensity : {"zscore", "none"}, default="zscore"
        "zscore" standardises each channel of each image over its non-zero pixels
        before, which removes the scanner's gain and offset; "none" keeps units that
        mean something, such as Hounsfield units.
    spacing : float or (float, float, float), default=1.0
        Edge of a voxel in mm: one number for all axes, or the thickness of the slice
        and the edges of a pixel along height and width.
    n_jobs : int, default=None
        Processes that images are shared out to, as in joblib.

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
    families_ : list of str
        Families computed.
    shape_names_, intensity_names_ : list of str
        mirp's names of the features of a region, and of a channel in it.

    Raises
    ------
    ImportError
        In ``fit``, if mirp is absent (``skmultimodal[radiomics]``).

    See Also
    --------
    TumorTextureTransformer : Fewer features, in much less time.

    Notes
    -----
    Volumes are in mm^3 and distances in mm, by `spacing`. By default a pixel is 1 mm
    wide, as `load_cohort` reads images by default, and a slice 1 mm thick.

    Shape is computed once for each region. Left out of its family are features of
    intensities (Moran's I, Geary's C, the shift of the centre of mass, the integrated
    intensity) and the density of the enclosing ellipsoid, which has no volume in two
    dimensions. The first feature of a region is ``empty``: 1 where the mask has no such
    pixel, and the features are those of the whole tumour or, without any, of the
    non-zero pixels.

    A feature that is not defined, such as the co-occurrence of a single pixel, is 0. An
    absent sequence (all 0) gives constants. A 2-D X is read as flat one-row images.

    Needs mirp: ``pip install skmultimodal[radiomics]``.

    References
    ----------
    .. [1] Zwanenburg et al. (2020). The Image Biomarker Standardization Initiative.
       Radiology 295, 328-338. doi 10.1148/radiol.2020191145.
    .. [2] Zwanenburg and Loeck (2024). MIRP: a Python package for standardised
       radiomics. Journal of Open Source Software 9, 6413. doi 10.21105/joss.06413.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("mirp")
    >>> import numpy as np
    >>> from skmultimodal.preprocessing import MirpTransformer
    >>> images = np.random.default_rng(0).uniform(1, 9, size=(2, 2, 8, 7))
    >>> images[:, 1] = 0
    >>> images[:, 1, 2:5, 2:6] = 1
    >>> radiomics = MirpTransformer(families=["statistical"]).fit(images)
    >>> radiomics.transform(images).shape
    (2, 19)
    >>> radiomics.get_feature_names_out(["t1ce", "seg"])[:3].tolist()
    ['whole_empty', 't1ce_whole_stat_mean', 't1ce_whole_stat_var']
    """

    _parameter_constraints: dict = {
        **RegionTransformer._parameter_constraints,
        "families": ["array-like", None],
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "intensity": [StrOptions({"zscore", "none"})],
        "spacing": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        channels: Sequence[int] | None = None,
        *,
        mask_channel: int = -1,
        regions: Sequence[str] = ("whole",),
        families: list[str] | None = None,
        n_bins: int = 32,
        intensity: str = "zscore",
        spacing: Any = 1.0,
        n_jobs: int | None = None,
    ) -> None:
        self.channels = channels
        self.mask_channel = mask_channel
        self.regions = regions
        self.families = families
        self.n_bins = n_bins
        self.intensity = intensity
        self.spacing = spacing
        self.n_jobs = n_jobs

    def _check_parts(self) -> None:
        import_optional("mirp", "radiomics")
        families = list(FAMILIES) if self.families is None else list(self.families)
        if not families or not set(families) <= set(FAMILIES):
            raise ValueError(
                f"families must be a list of {list(FAMILIES)}, got {self.families!r}."
            )
        self._voxel()
        self.families_ = [name for name in FAMILIES if name in families]
        # Names do not depend on the image: a small one gives them.
        plane, mask = np.arange(25.0).reshape(5, 5), np.ones((5, 5), dtype=bool)
        self.shape_names_ = list(self._shape(mask))
        self.intensity_names_ = list(self._intensities(plane, mask))

    def _voxel(self) -> tuple[float, ...]:
        """Edges of a voxel in mm: slice, height, width."""
        edges = np.array(
            [self.spacing] * 3 if np.ndim(self.spacing) == 0 else self.spacing
        )
        numbers = edges.dtype.kind in "iuf" and edges.shape == (3,)
        if not numbers or not (np.isfinite(edges) & (edges > 0)).all():
            raise ValueError(
                "spacing must be one positive number of mm, or three (slice, height, "
                f"width), got {self.spacing!r}."
            )
        return tuple(edges.astype(float).tolist())

    def _normalise(self, planes: NDArray, inside: Any) -> NDArray:
        return (
            planes if self.intensity == "none" else super()._normalise(planes, inside)
        )

    def _describe_rows(self, X: Any) -> list[Any]:
        return Parallel(n_jobs=self.n_jobs)(delayed(self._describe_row)(x) for x in X)

    def _describe_row(self, row: Any) -> NDArray:
        return self._describe(*self._read_row(row))

    def _describe(self, planes: NDArray, brain: NDArray, regions: Any) -> NDArray:
        features = []
        for mask, empty in regions.values():
            found = self._shape(mask)
            features += [
                empty,
                *(found.get(name, np.nan) for name in self.shape_names_),
            ]
        for plane in planes:
            for mask, _ in regions.values():
                found = self._intensities(plane, mask)
                features += [found.get(name, np.nan) for name in self.intensity_names_]
        return np.nan_to_num(np.array(features, dtype=np.float64), nan=0.0)

    def _shape(self, mask: NDArray) -> dict[str, Any]:
        """Features of a mask, by name."""
        if SHAPE not in self.families_:
            return {}
        # On a constant plane, spatial correlation takes mirp no time.
        found = _extract(np.ones(mask.shape), mask, [SHAPE], self.n_bins, self._voxel())
        return {name: x for name, x in found.items() if name not in NO_SHAPE}

    def _intensities(self, plane: NDArray, mask: NDArray) -> dict[str, Any]:
        """Features of the pixels of a plane in a mask, by name."""
        families = [name for name in self.families_ if name != SHAPE]
        if not families:
            return {}
        return _extract(plane, mask, families, self.n_bins, self._voxel())

    def _names(self, channels: Any) -> list[str]:
        shape = ["empty", *self.shape_names_]
        return [f"{region}_{name}" for region in self.regions for name in shape] + [
            f"{channel}_{region}_{name}"
            for channel in channels
            for region in self.regions
            for name in self.intensity_names_
        ]


def _extract(
    plane: NDArray, mask: NDArray, families: list[str], n_bins: int, spacing: Any
) -> dict[str, float]:
    """What mirp computes of one region of one plane.

    Parameters
    ----------
    plane : ndarray of shape (H, W)
    mask : ndarray of bool, shape (H, W)
    families : list of str
    n_bins : int
    spacing : (float, float, float)
        Edges of a voxel in mm: slice, height, width.

    Returns
    -------
    features : dict of str to float
        NaN where one is not defined.
    """
    mirp = import_optional("mirp", "radiomics")
    image, region = plane[None], mask[None].astype(np.uint8)
    if spacing != UNIT:  # which mirp takes an array to have
        image = _with_spacing("ImageNumpyFile", image, spacing)
        region = _with_spacing("MaskNumpyFile", region, spacing)
    # Features of few pixels are divisions by zero.
    with _quiet(), ignored_warnings(FEW_PIXELS), np.errstate(all="ignore"):
        (table,) = mirp.extract_features(
            image=image,
            mask=region,
            by_slice=True,
            base_feature_families=families,
            base_discretisation_method="fixed_bin_number",
            base_discretisation_n_bins=n_bins,
        )
    starts = tuple(FAMILIES[name] for name in families)
    row = table.iloc[0]
    return {name: float(row[name]) for name in table if name.startswith(starts)}


def _with_spacing(kind: str, array: Any, spacing: Any) -> Any:
    """An array as mirp reads one from a file, with the size of its voxels."""
    files = import_optional("mirp._data_import.numpy_file", "radiomics")
    file = getattr(files, kind)(image_spacing=spacing)
    file.image_data = file.image_metadata = array
    file.complete()
    file.update_image_data()
    return file


@contextmanager
def _quiet() -> Iterator[Any]:
    """Keep mirp from setting up the root logger, which is the caller's."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
