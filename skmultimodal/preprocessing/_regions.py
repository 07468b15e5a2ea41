"""Images with a mask, read region by region: the base of their transformers."""

from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.utils._sklearn import fit_context

__all__ = ["RegionTransformer"]

# Labels of the BraTS masks: 1 necrotic core, 2 oedema, 4 enhancing rim.
REGIONS = {"whole": None, "core": (1, 4), "enhancing": (4,), "oedema": (2,)}


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
    def fit(self, X: Any, y: Any = None) -> Self:
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

    def transform(self, X: Any) -> NDArray:
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

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
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

    def _describe_rows(self, X: Any) -> list[Any]:
        return [self._describe(*self._read_row(row)) for row in X]

    def _check_parts(self) -> None:
        """Checks of a subclass that need more than one parameter."""

    def _resolve_channels(self, X: Any) -> tuple[Any, Any]:
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

    def _read_row(self, row: Any) -> tuple[Any, Any, Any]:
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

    def _normalise(self, planes: NDArray, inside: Any) -> NDArray:
        """Planes in the unit that features are of, z-scores over what is inside."""
        return np.stack(list(map(_standardise, planes, inside)))


def _standardise(plane: NDArray, inside: Any) -> NDArray:
    values = plane[inside]
    spread = values.std() if values.size else 0.0
    # Rounding leaves a spread of about 1e-16 of the level in a constant plane.
    if spread <= 1e-12 * np.abs(values).max(initial=0.0):
        return np.zeros_like(plane)
    return np.where(inside, (plane - values.mean()) / spread, 0.0)


def _find_regions(names: Any, labels: Any, brain: Any) -> dict[str, Any]:
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
