"""How an image tower is trained, for any outcome."""

from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_consistent_length, gen_batches
from sklearn.utils.validation import check_is_fitted

from skmultimodal.nn import ConvTower, choose_memory_format, flip
from skmultimodal.preprocessing._preparation import ImagePreparation
from skmultimodal.towers._base import (
    NetEstimator,
)
from skmultimodal.towers._batches import Budget
from skmultimodal.towers._linear import add_linear
from skmultimodal.towers._prepared import (
    PreparedRows,
    as_tensor,
    keep_images,
)
from skmultimodal.utils._device import place_rows, resolve_device
from skmultimodal.utils._rows import is_lazy
from skmultimodal.utils._sklearn import Interval, StrOptions, fit_context
from skmultimodal.utils._validation import check_finite_rows, check_rank, check_rows
from skmultimodal.utils._weights import check_sample_weight, drop_unweighted

__all__ = ["BaseImageTower"]

NDIMS = (2, 4, 5)
AXES = {3: "channels, height, width", 4: "channels, depth, height, width"}


class BaseImageTower(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetEstimator):
    """Image tower of any outcome.

    Parameters and attributes are those of `ImageTowerClassifier`; a subclass names its
    outcome in ``_outcome_type``.
    """

    trains_in_parts = True
    # More epochs cost minutes, and the linear model has learnt it by then.
    _budget = Budget(most_epochs=10)

    _parameter_constraints: dict = {
        "filters": ["array-like"],
        "dense_units": ["array-like"],
        "global_pool": [StrOptions({"auto", "mask", "mean", "max"}), "boolean"],
        "mask_channel": [StrOptions({"auto"}), Integral, None],
        "intensity": [StrOptions({"auto", "zscore", "minmax", "none"})],
        "max_size": [Interval(Integral, 1, None, closed="left"), None],
        "linear_penalty": [Interval(Real, 0, None, closed="neither"), None],
        "encoder": [callable, None],
        "augment": [StrOptions({"flip"}), callable, None],
        **NetEstimator._parameter_constraints,
    }

    def __init__(
        self,
        filters: Any = (16, 32, 64),
        dense_units: Any = (32, 16),
        *,
        global_pool: Any = "auto",
        mask_channel: int | str | None = "auto",
        intensity: Any = "auto",
        max_size: int | None = 64,
        linear_penalty: float | None = 0.5,
        encoder: Any = None,
        augment: Any = "flip",
        optimizer: Any = "adamw",
        lr: float = 3e-3,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        n_steps: int | None = None,
        max_epochs: int | None = None,
        batch_size: int = 16,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        patience: int = 10,
        precision: Any = "float32",
        device: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.filters = filters
        self.dense_units = dense_units
        self.global_pool = global_pool
        self.mask_channel = mask_channel
        self.intensity = intensity
        self.max_size = max_size
        self.linear_penalty = linear_penalty
        self.encoder = encoder
        self.augment = augment
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.n_steps = n_steps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Train the tower.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width)
            Images, in memory or lazy; or volumes (n_rows, n_channels, depth, height,
            width), on which convolutions have three axes. A 2-D array is read as flat
            images of one channel and one row, standardised per column.
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If images hold NaN or infinity, are of another rank, or all rows have the
            same `y`.
        """
        return self._fit(X, y)

    def _fit(self, X: Any, y: Any, weights: Any = None) -> Self:
        X = check_rows(self, X, y, ndims=NDIMS, finite=False, read_y=False)
        if weights is not None:
            weights = check_sample_weight(weights, X.shape[0])
            check_consistent_length(weights, y)
            X, y, weights = drop_unweighted(X, y, weights)
        outcome, y, codes = self._read_target(y)
        check_consistent_length(X, codes)
        X = self._learn_images(X)
        flat = self._preparation is None
        net_shape = self.image_shape_ if flat else self._preparation.net_shape
        net_params = {
            "image_shape": net_shape,
            "n_classes": outcome.n_outputs,
            "encoder": self.encoder or tuple(self.filters),
            "dense_units": tuple(self.dense_units),
            "pool": self._choose_pool(),
            "mask_channel": self.mask_channel_,
        }
        criterion, of_linear = self._criterion(outcome, y, weights)
        read = self._reader(X)
        options = {"augment": self._augmenter(X), "weights": weights}
        options["prefetch"] = is_lazy(X) and not isinstance(X, PreparedRows)
        if self.linear_penalty is not None and len(net_shape) == 3 and not flat:
            fit_linear = partial(
                outcome.fit_linear,
                y=y,
                codes=codes,
                penalty=self.linear_penalty,
                **of_linear,
            )
            measure = self._statistics_reader(X, read)
            options["finish"] = partial(
                add_linear, net_params, measure, len(codes), fit_linear
            )
        targets = outcome.net_targets(y, codes)
        self._fit_net(net_params, criterion, read, codes, targets, **options)
        return self

    def transform(self, X: Any) -> NDArray:
        """Compute the features of the last dense layer.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width)

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, dense_units[-1])
        """
        return self._outputs(X, "features")

    @property
    def noise_share(self) -> float:
        """Of 95 to 500 skin lesions; benchmarks/accuracy/results/notes.md."""
        return 0.33 if self.linear_penalty is None else 0.1

    @property
    def own_modules(self) -> bool:
        """Whether neither encoder nor augmentation is the caller's."""
        return self.encoder is None and not callable(self.augment)

    @property
    def _n_features_out(self) -> int:
        return self.net_params_["dense_units"][-1]

    @property
    def inference_dtype(self) -> torch.dtype:
        """Type that the network predicts in: float64 for flat images."""
        flat = len(self.image_shape_) == 3 and self.image_shape_[1] == 1
        return torch.float64 if flat else torch.float32

    def _outputs(self, X: Any, method: str) -> NDArray:
        check_is_fitted(self)
        X = check_rows(self, X, ndims=NDIMS, reset=False, finite=False)
        shape = X.shape[1:] if len(X.shape) > 2 else (1, 1, X.shape[1])
        if tuple(shape) != self.image_shape_:
            raise ValueError(
                f"X has images of shape {tuple(shape)} ({AXES[len(shape)]}), but "
                f"{type(self).__name__} was fitted on {self.image_shape_}."
            )
        read = self._reader(X)
        if method == "logits" and self._is_prepared(X):
            read = self._with_statistics(X, read)
        return self._run_net(method, read, shape, X.shape[0], lazy=is_lazy(X))

    def _learn_images(self, X: Any) -> Any:
        """Learn how to prepare images, and prepare these if they can be kept."""
        self.mask_channel_: int | None = None
        self.scaler_: Any = None
        self._preparation: Any = None
        if len(X.shape) == 2:
            self.image_shape_ = (1, 1, X.shape[1])
            self.scaler_ = StandardScaler()
            for chunk in gen_batches(X.shape[0], 1024):
                rows = X[chunk]
                check_finite_rows(rows, range(chunk.start, chunk.stop))
                self.scaler_.partial_fit(rows)
            return X
        X = self._prepare_rows(X)
        kept = isinstance(X, PreparedRows)
        self._preparation = X.preparation if kept else self._choose(X)
        self.image_shape_ = self._preparation.image_shape
        self.mask_channel_ = self._preparation.mask_channel
        return X

    def _criterion(self, outcome: Any, y: Any, weights: Any) -> tuple[Any, Any]:
        """Loss of the network, and arguments of the linear model's ``fit``."""
        return outcome.criterion(), {}

    def _choose_pool(self) -> str:
        if self.global_pool == "mask" and self.mask_channel_ is None:
            raise ValueError(
                "global_pool='mask' needs a segmentation channel: name it in "
                "mask_channel."
            )
        return {True: "mean", False: "flatten"}.get(self.global_pool, self.global_pool)

    def _augmenter(self, X: Any) -> Any:
        if self.augment is None or len(X.shape) == 2:
            return None
        return flip if self.augment == "flip" else self.augment

    def _prepare_rows(self, X: Any) -> Any:
        """Images prepared for clones of this estimator, or `X` if they are not kept."""
        # Columns are standardised over the training rows: each fit prepares its own.
        if len(X.shape) == 2 or isinstance(X, PreparedRows):
            return X
        check_rank(self, X, NDIMS)
        preparation = getattr(self, "_preparation", None) or self._choose(X)
        return keep_images(preparation, X, self._place)

    def _choose(self, X: Any) -> Any:
        options = self.max_size, self.intensity, self.mask_channel
        return ImagePreparation.choose(X, *options)

    def _reader(self, X: Any) -> Callable[..., Any]:
        """Maps an index tensor to a batch on the device."""
        device = resolve_device(self.device)
        if self._is_prepared(X):
            return lambda rows: X.read_prepared(rows).to(device)
        prepare = self._preparation or self._prepare_flat
        if len(X.shape) == 2 and not is_lazy(X):
            placed = self._place(prepare(X, np.arange(len(X))))
            return lambda rows: placed[rows].to(device)
        return lambda rows: as_tensor(prepare(X, rows.numpy())).to(device)

    def _is_prepared(self, X: Any) -> bool:
        return isinstance(X, PreparedRows) and X.preparation == self._preparation

    def _statistics_reader(self, X: Any, read: Any) -> Callable[..., Any]:
        """Maps an index tensor to what the linear model beside the network reads."""
        if self._is_prepared(X):
            return partial(X.read_statistics, device=resolve_device(self.device))
        measure = self._preparation.statistics
        return lambda rows: measure(read(rows))

    def _with_statistics(self, X: Any, read: Any) -> Callable[..., Any]:
        """Images with their statistics, if a linear model stands beside the network."""
        if not self.net_params_.get("linear"):
            return read
        measure = self._statistics_reader(X, read)
        return lambda rows: (read(rows), measure(rows))

    def _prepare_flat(self, X: Any, rows: Any) -> NDArray:
        columns = np.asarray(X[rows])
        check_finite_rows(columns, rows)
        flat = self.scaler_.transform(columns).astype(np.float32)
        return flat.reshape(-1, *self.image_shape_)

    def _place(self, images: NDArray) -> torch.Tensor:
        return place_rows(as_tensor(images), resolve_device(self.device))

    @staticmethod
    def _make_net(**net_params: Any) -> torch.nn.Module:
        net: Any = ConvTower(**net_params)
        return net.to(memory_format=choose_memory_format(net_params["image_shape"]))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # The network computes in float32, whatever comes in.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
