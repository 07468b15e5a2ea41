"""InceptionResNetV2 features of planes, and a transformer over them."""

import os
import random
import sys
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from benchmarks.paper.systems._transformer import PlaneTransformer
from skmultimodal.preprocessing._intensity import normalize_channels
from skmultimodal.towers._base import NetEstimator
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._labels import encode_labels, refuse_one_class
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._seed import draw_seed, seeded_torch
from skmultimodal.utils._sklearn import Interval, fit_context
from skmultimodal.utils._validation import check_rows

__all__ = ["N_FEATURES", "InceptionPlaneTransformer", "PlaneTransformerClassifier"]

# Of the last, globally averaged layer.
N_FEATURES = 1536
SMALLEST_IMAGE = 75
BATCH = 8


class InceptionPlaneTransformer(TransformerMixin, BaseEstimator):
    """InceptionResNetV2 features of each plane of an image; nothing is trained.

    Each plane (a channel: a slice or a sequence) is scaled to -1 ... 1 over its
    non-zero pixels, resized, repeated to three colours and given to the network of
    ``keras.applications``, whose last map is averaged.

    Parameters
    ----------
    channels : list of int, default=None
        Planes to describe; None is all but `mask_channel`.
    mask_channel : int or None, default=-1
        Channel that is a segmentation, not an image.
    weights : str or Path, default=None
        A file of weights without the top layer, as Keras ships it. None draws them at
        random, which makes the features random projections.
    image_size : int, default=149
        Pixels a side, at least 75. The weights of ImageNet were trained at 299, which
        takes four times as long.
    random_state : int or None, default=0
        Seeds random weights.

    Attributes
    ----------
    channels_ : list of int
    n_features_in_ : int
        Number of channels, or of columns of flat images.

    Notes
    -----
    Needs Keras (the extra ``benchmark``), which runs on torch. A 2-D X is read as flat
    one-row images.

    References
    ----------
    Szegedy et al. (2017), Inception-v4, Inception-ResNet and the impact of residual
    connections on learning, AAAI.
    """

    _parameter_constraints: dict = {
        "channels": ["array-like", None],
        "mask_channel": [Integral, None],
        "weights": [str, Path, None],
        "image_size": [Interval(Integral, SMALLEST_IMAGE, None, closed="left")],
        "random_state": [Integral, None],
    }

    def __init__(
        self,
        channels=None,
        *,
        mask_channel=-1,
        weights=None,
        image_size=149,
        random_state=0,
    ):
        self.channels = channels
        self.mask_channel = mask_channel
        self.weights = weights
        self.image_size = image_size
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the layout of the rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width)
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ImportError
            If Keras is not installed.
        ValueError
            If no plane is left, or the weights do not exist.
        """
        X = check_rows(self, X, ndims=(2, 4), require_y=False)
        self._import()
        if self.weights is not None and not Path(self.weights).is_file():
            raise ValueError(f"weights={str(self.weights)!r} is no file.")
        self.channels_ = self._resolve_channels(X)
        return self

    def transform(self, X):
        """Describe each plane.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width)

        Returns
        -------
        features : ndarray of float32, shape (n_rows, n_planes * 1536)
        """
        check_is_fitted(self)
        X = check_rows(self, X, ndims=(2, 4), reset=False)
        self._import()
        seed = None if self.weights is not None else self.random_state
        run = _load_network(None if self.weights is None else str(self.weights), seed)
        rows = (np.asarray(X[np.array([i])]) for i in range(X.shape[0]))
        return np.stack([self._describe(row, run) for row in rows])

    def _describe(self, image, run):
        if image.ndim == 2:
            image = image[:, None, None]
        planes = normalize_channels(image[:, self.channels_], "minmax")[0]
        pixels = torch.from_numpy(2 * planes - 1)[:, None]  # (C, 1, H, W)
        size = (self.image_size, self.image_size)
        pixels = torch.nn.functional.interpolate(pixels, size, mode="bilinear")
        pixels = pixels.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)  # (C, H, W, 3)
        with torch.inference_mode():
            parts = [run(part.contiguous()) for part in pixels.split(BATCH)]
        return torch.cat(parts).float().cpu().numpy().ravel()

    def _resolve_channels(self, X):
        if len(X.shape) == 2:
            return [0]
        n = X.shape[1]
        mask = None if self.mask_channel is None else self.mask_channel % n
        wanted = range(n) if self.channels is None else self.channels
        channels = [int(c) for c in wanted if c != mask]
        if not channels or not all(0 <= c < n for c in channels):
            raise ValueError(
                f"channels={self.channels!r} leave no plane of the {n} channels, of "
                f"which the mask is {mask}."
            )
        return channels

    @staticmethod
    def _import():
        """Keras on torch; it reads its backend when it is first imported."""
        before = os.environ.get("KERAS_BACKEND")
        if "keras" not in sys.modules:
            os.environ["KERAS_BACKEND"] = "torch"
        try:
            keras = import_optional("keras", "benchmark")
        finally:
            os.environ.pop("KERAS_BACKEND", None)
            if before is not None:
                os.environ["KERAS_BACKEND"] = before
        if keras.backend.backend() != "torch":
            raise ImportError(
                f"Keras was imported with backend {keras.backend.backend()!r}; set "
                "KERAS_BACKEND=torch before its first import."
            )
        return keras

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # The network computes in float32, whatever comes in.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


@lru_cache(maxsize=2)
def _load_network(weights, seed):
    """The network as a function of a batch (B, H, W, 3); 54 million weights."""
    keras = import_optional("keras", "benchmark")
    state = random.getstate()
    seed = draw_seed(seed)
    try:
        # Keras draws the seeds of its initialisers from Python's generator.
        random.seed(seed)
        with seeded_torch(seed, "cpu"):
            network = keras.applications.InceptionResNetV2(
                include_top=False,
                weights=weights,
                pooling="avg",
                input_shape=(None, None, 3),
            )
    finally:
        random.setstate(state)
    return lambda batch: network(batch, training=False)


class PlaneTransformerClassifier(ClassifierMixin, NetEstimator):
    """Transformer over the feature vectors of a patient's planes.

    Parameters
    ----------
    plane_features : int, default=None
        Features of each plane; a row holds those of one plane after the other. None:
        a row is one plane.
    width : int, default=32
        Size of a token, a multiple of `n_heads`.
    n_heads : int, default=4
    n_layers : int, default=1
    dropout : float, default=0.1
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
    lr : float, default=1e-3
    momentum : float, default=0.9
        Of SGD; the first beta of Adam.
    weight_decay : float, default=1e-4
    n_steps : int, default=120
        Optimisation steps if ``max_epochs=None``, per bit of the label (one bit for two
        classes, log2(n) for n), rounded up to whole epochs.
    max_epochs : int or None, default=None
        Epochs; None is as many as make `n_steps`.
    batch_size : int, default=16
    early_stopping : bool, default=False
        See `skmultimodal.FusionHeadClassifier`.
    validation_fraction : float, default=0.2
    patience : int, default=10
        Epochs.
    precision : {"float32", "bfloat16"}, default="float32"
    device : str, torch.device or None, default=None
    random_state : int, RandomState instance or None, default=None
    verbose : int, default=0
        Above 0 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    history_ : skorch.history.History
        Losses by epoch.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    References
    ----------
    After Jalalifar et al. (2022), the paper's reference 6, whose sizes are not known.
    """

    # The dropout inside torch's layers draws from torch's generator.
    own_modules = False

    _parameter_constraints: dict = {
        "plane_features": [Interval(Integral, 1, None, closed="left"), None],
        "width": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        **NetEstimator._parameter_constraints,
    }

    def __init__(
        self,
        plane_features=None,
        *,
        width=32,
        n_heads=4,
        n_layers=1,
        dropout=0.1,
        optimizer="adamw",
        lr=1e-3,
        momentum=0.9,
        weight_decay=1e-4,
        n_steps=120,
        max_epochs=None,
        batch_size=16,
        early_stopping=False,
        validation_fraction=0.2,
        patience=10,
        precision="float32",
        device=None,
        random_state=None,
        verbose=0,
    ):
        self.plane_features = plane_features
        self.width = width
        self.n_heads = n_heads
        self.n_layers = n_layers
        self.dropout = dropout
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
    def fit(self, X, y):
        """Train the transformer.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_planes * plane_features)
            Standardised features.
        y : array-like of shape (n_rows,)
            Class labels.

        Returns
        -------
        self : object
        """
        X, y = check_rows(self, X, y)
        self.classes_, codes = encode_labels(y)
        refuse_one_class(self, self.classes_)
        size = self.plane_features or X.shape[1]
        if X.shape[1] % size:
            raise ValueError(
                f"rows of {X.shape[1]} features are no planes of plane_features={size}."
            )
        net_params = {
            "n_planes": X.shape[1] // size,
            "n_inputs": size,
            "n_classes": len(self.classes_),
            "width": self.width,
            "n_heads": self.n_heads,
            "n_layers": self.n_layers,
            "dropout": self.dropout,
        }
        features = np.array(X, dtype=np.float32)
        rows = torch.from_numpy(features).to(resolve_device(self.device))
        criterion = torch.nn.CrossEntropyLoss()
        self._fit_net(net_params, criterion, rows.__getitem__, codes)
        return self

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_planes * plane_features)

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_planes * plane_features)

        Returns
        -------
        p : ndarray of float32, shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        X = np.asarray(check_rows(self, X, reset=False), dtype=np.float32)
        device = resolve_device(self.device)

        def read(rows):
            return torch.from_numpy(X[rows.numpy()]).to(device)

        logits = self._run_net("forward", read, X.shape[1:], len(X))
        return softmax(logits, axis=1)

    @staticmethod
    def _make_net(**net_params):
        return PlaneTransformer(**net_params)
