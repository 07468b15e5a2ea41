"""Statistics of whole images, as the image tower reads them beside its network."""

from numbers import Integral
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.preprocessing._preparation import ImagePreparation
from skmultimodal.utils._sklearn import Interval, StrOptions, fit_context

__all__ = ["IntensityStatisticsTransformer"]

CHUNK = 64


class IntensityStatisticsTransformer(TransformerMixin, BaseEstimator):
    """Intensities of images, their texture and their place, as columns.

    With a logistic regression they are a strong and fast model of some dozens to some
    hundreds of images, and what `ImageTowerClassifier` averages its network with.

    Parameters
    ----------
    intensity : {"auto", "zscore", "minmax", "none"}, default="auto"
        Normalisation of each channel of each image over its non-zero pixels; as of
        `ImageTowerClassifier`.
    mask_channel : "auto", int or None, default="auto"
        Channel that holds a segmentation (labels 0 to 4). "auto" takes the last channel
        if it holds only such labels while another channel does not.
    max_size : int or None, default=64
        Larger images are averaged over blocks of pixels, the smallest that bring both
        sides to at most `max_size`. None keeps every pixel.

    Attributes
    ----------
    image_shape_ : tuple of int
        Channels, height and width of the images seen in ``fit``.
    intensity_ : str or float
        The normalisation; 255.0 or 1.0 for photographs, whose range is mapped to -2
        to 2.
    mask_channel_ : int or None
        The channel read as a segmentation.
    n_features_in_ : int
        Number of channels, or of columns of flat images.

    See Also
    --------
    TumorTextureTransformer : Grey-level co-occurrence and shape of parts of a tumour.
    ImageTowerClassifier : Reads them beside its network.

    Notes
    -----
    Without a segmentation: mean, standard deviation and the percentiles 5, 25, 50, 75
    and 95 of each channel, and with up to four channels of their differences, over the
    image and over its centre (the middle half of both sides), and centre minus image;
    correlations of channels; logarithms of the root mean square of differences between
    neighbouring pixels and of the Laplacian, after averaging blocks of 1, 2, 4 and 8
    pixels, over image and centre; mean distance from mirror images; mean and standard
    deviation in six rings around the middle. With a segmentation: area, place,
    roundness and edge of the region, shares of the labels, the intensities and texture
    inside, and mean and standard deviation of its rim. Pixels whose channels are all 0
    are background and count in none of them. No statistic is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.preprocessing import IntensityStatisticsTransformer
    >>> images = np.random.default_rng(0).uniform(1, 255, size=(3, 2, 24, 20))
    >>> statistics = IntensityStatisticsTransformer().fit(images)
    >>> statistics.transform(images).shape
    (3, 121)
    >>> statistics.get_feature_names_out(["red", "green"])[-1]
    'green_ring5_sd'
    """

    _parameter_constraints: dict = {
        "intensity": [StrOptions({"auto", "zscore", "minmax", "none"})],
        "mask_channel": [StrOptions({"auto"}), Integral, None],
        "max_size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        intensity: str = "auto",
        mask_channel: int | str | None = "auto",
        max_size: int | None = 64,
    ) -> None:
        self.intensity = intensity
        self.mask_channel = mask_channel
        self.max_size = max_size

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the layout of the images; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width) or (n_rows, p)
            Images, or flat images of one channel and one row.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If images hold NaN or infinity, or there is no such channel.
        """
        images = self._read(X, reset=True)
        options = self.max_size, self.intensity, self.mask_channel
        self._preparation = ImagePreparation.choose(images, *options)
        self.image_shape_ = self._preparation.image_shape
        self.mask_channel_ = self._preparation.mask_channel
        self.intensity_ = self._preparation.intensity
        return self

    def transform(self, X: Any) -> NDArray:
        """Measure each image.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width) or (n_rows, p)

        Returns
        -------
        statistics : ndarray of float32, shape (n_rows, n_statistics)

        Raises
        ------
        ValueError
            If images are of another shape than in ``fit``, or hold NaN or infinity.
        """
        check_is_fitted(self)
        images = self._read(X, reset=False)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(
                f"X has images of shape {images.shape[1:]} (channels, height, width), "
                f"but {type(self).__name__} was fitted on {self.image_shape_}."
            )
        module, parts = self._preparation.statistics, []
        for chunk in gen_batches(len(images), CHUNK):
            rows = np.arange(chunk.start, chunk.stop)
            prepared = torch.from_numpy(self._preparation(images, rows))
            parts.append(module(prepared).numpy())
        return np.vstack(parts)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Name the statistics, such as ``red_centre_mean``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of all channels; None names them ``channel0``, ...

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        n_channels = self.image_shape_[0]
        if input_features is not None and len(input_features) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(input_features)}."
            )
        # The columns of flat images are pixels.
        if input_features is None or len(input_features) != n_channels:
            input_features = [f"channel{i}" for i in range(n_channels)]
        shape = self._preparation.net_shape
        names = self._preparation.statistics.names(shape, list(input_features))
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # It measures in float32, whatever comes in.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _read(self, X: Any, reset: bool) -> NDArray:
        X = validate_data(self, X, allow_nd=True, reset=reset, dtype=np.float32)
        if X.ndim not in (2, 4):
            raise ValueError(
                "X must be 4-D (rows, channels, height, width) or 2-D (rows of flat "
                f"images), got {X.ndim}-D."
            )
        return X if X.ndim == 4 else X[:, None, None, :]
