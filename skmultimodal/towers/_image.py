"""The image towers: one for each outcome."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import RegressorMixin

from skmultimodal.towers._cross_entropy import make_cross_entropy
from skmultimodal.towers._image_base import BaseImageTower
from skmultimodal.towers._one_output import OneOutputMixin
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._sklearn import StrOptions, fit_context
from skmultimodal.utils._survival import SurvivalMixin
from skmultimodal.utils._weights import WeightedFitMixin, pop_sample_weight

__all__ = ["ImageTowerClassifier", "ImageTowerRegressor", "ImageTowerSurvival"]


class ImageTowerClassifier(WeightedFitMixin, ProbableClassMixin, BaseImageTower):
    """Convolutional classifier of images whose last dense layer gives features.

    Three blocks of convolution, max-pooling and ReLU, pooling to a vector, two dense
    layers and a linear output, trained with the cross-entropy. ``transform`` returns
    the activations of the last dense layer, which a fusion head reads. Class
    probabilities are those of the network and of a linear model beside it, which reads
    statistics of each image (`IntensityStatisticsTransformer`): the log-odds are
    averaged.

    Parameters
    ----------
    filters : tuple of int, default=(16, 32, 64)
        Filters of the 3 x 3 convolutions, one block each.
    dense_units : tuple of int, default=(32, 16)
        Dense ReLU layers; the last one's size is the number of features.
    global_pool : {"auto", "mask", "mean", "max"} or False, default="auto"
        How the last feature map becomes a vector. "mask": its mean, beside its mean
        weighted by the segmentation. False flattens it (the paper). "auto" flattens
        maps of up to 16 positions and takes the mean of larger ones.
    mask_channel : "auto", int or None, default="auto"
        Channel that holds a segmentation (labels 0 to 4); it is divided by 4 rather
        than normalised. "auto" takes the last channel if it holds only such
        labels while another channel does not.
    intensity : {"auto", "zscore", "minmax", "none"}, default="auto"
        Normalisation of each other channel of each image over its non-zero voxels.
        "auto" keeps the colours and the brightness of photographs (values from 0 to
        255, or to 1, and hardly any dark), which it maps to -2 to 2 for all alike,
        and is "zscore" for other images, such as scans, whose unit means nothing.
    max_size : int or None, default=64
        Larger images are averaged over blocks of pixels, the smallest that bring both
        sides to at most `max_size`. None keeps every pixel (the paper).
    linear_penalty : float or None, default=0.5
        Of a ridge logistic regression of the statistics, scaled to a total variance of
        1: the sum over rows of the cross-entropy, plus
        ``linear_penalty / 2 * |coef|^2``. None leaves it out (the paper); volumes and
        flat images have none.
    encoder : callable, default=None
        ``encoder(in_channels=...)`` returns a torch module that maps images to feature
        maps (B, C, h, w) or vectors (B, F) and replaces the convolutional blocks. It
        must be importable for the fitted tower to be saved.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss.
    augment : {"flip"}, callable or None, default="flip"
        "flip" mirrors each training image left to right with probability 1/2; None
        suits images whose sides differ, such as of a chest. A callable maps a batch, a
        tensor (B, C, H, W), to an augmented batch.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
    lr : float, default=3e-3
        Learning rate.
    momentum : float, default=0.9
        Of SGD; the first beta of Adam.
    weight_decay : float, default=1e-4
        Decoupled from the gradient with "adamw".
    n_steps : int or None, default=None
        Optimisation steps if ``max_epochs=None``, per bit of the label (one bit for two
        classes, log2(n) for n), rounded up to whole epochs. None is 120, and with more
        rows as many as make an epoch per 50 rows, at most 10 epochs or 20,000 steps.
    max_epochs : int or None, default=None
        Epochs; None is as many as make `n_steps`.
    batch_size : int, default=16
        Images per optimisation step.
    early_stopping : bool, default=False
        Stop when the loss on `validation_fraction` of the rows, stratified by class,
        has not fallen for `patience` epochs, and restore the best weights. Switches
        itself off, with a warning, when a class would have fewer than two such rows.
    validation_fraction : float, default=0.2
        Share of the rows that early stopping watches.
    patience : int, default=10
        Epochs.
    precision : {"float32", "bfloat16"}, default="float32"
        Of the training's matrix products.
    device : str, torch.device or None, default=None
        None is the parent estimator's device, or the CPU.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches and augmentation. None is the parent estimator's.
    verbose : int, default=0
        Above 0 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    history_ : skorch.history.History
        Losses by epoch.
    loss_fall_ : float
        Share by which the training loss fell; below .05 (.01 of an image tower of
        times), training did nothing, as a warning states. NaN after a single epoch.
    image_shape_ : tuple of int
        Channels, (depth,) height and width of the images seen in ``fit``.
    mask_channel_ : int or None
        The channel read as a segmentation.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
        Number of columns (2-D input) or of channels.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of a DataFrame with names.

    See Also
    --------
    GeneAutoencoderTransformer : The tower for vectors.
    TwinTowerClassifier : Trains towers and fuses them.

    References
    ----------
    Lyu & Costen (2025), Bioinformatics Advances 5(1), vbaf041, section 2.3; filters,
    pooling and normalisation are not given there.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import ImageTowerClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(24) % 2
    >>> X = rng.normal(size=(24, 1, 12, 10)) + 3 * y[:, None, None, None]
    >>> tower = ImageTowerClassifier(intensity="none", random_state=0).fit(X, y)
    >>> tower.transform(X).shape
    (24, 16)
    >>> tower.score(X, y)
    1.0
    """

    _outcome_type = ClassLabels
    _parameter_constraints: dict = {
        **BaseImageTower._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        filters: Sequence[int] = (16, 32, 64),
        dense_units: Sequence[int] = (32, 16),
        *,
        global_pool: Any = "auto",
        mask_channel: int | str | None = "auto",
        intensity: str = "auto",
        max_size: int | None = 64,
        linear_penalty: float | None = 0.5,
        encoder: Callable[..., Any] | None = None,
        class_weight: Any = None,
        augment: Any = "flip",
        optimizer: str = "adamw",
        lr: float = 3e-3,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        n_steps: int | None = None,
        max_epochs: int | None = None,
        batch_size: int = 16,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        patience: int = 10,
        precision: str = "float32",
        device: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            filters,
            dense_units,
            global_pool=global_pool,
            mask_channel=mask_channel,
            intensity=intensity,
            max_size=max_size,
            linear_penalty=linear_penalty,
            encoder=encoder,
            augment=augment,
            optimizer=optimizer,
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            n_steps=n_steps,
            max_epochs=max_epochs,
            batch_size=batch_size,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            precision=precision,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Train the tower.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width)
            Images, in memory or lazy; or volumes (n_rows, n_channels, depth, height,
            width), on which convolutions have three axes. A 2-D array is read as flat
            images of one channel and one row, standardised per column.
        y : array-like of shape (n_rows,)
            Class labels.
        **params : dict
            ``sample_weight``, array-like of shape (n_rows,): of the images in the loss
            and in the linear model.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If images hold NaN or infinity, are of another rank, all rows have the same
            `y`, or a weight is below 0.
        TypeError
            If there is another parameter.
        """
        return self._fit(X, y, pop_sample_weight(self, params))

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_channels, height, width)

        Returns
        -------
        p : ndarray of float32, shape (n_rows, n_classes)
        """
        return softmax(self._outputs(X, "logits"), axis=1)

    def _criterion(self, outcome: Any, y: Any, weights: Any) -> tuple[Any, Any]:
        criterion = make_cross_entropy(self, y, weights)
        of_class = criterion.weight if weights is None else criterion.class_weight
        by_class = None if of_class is None else dict(enumerate(of_class.tolist()))
        return criterion, {"class_weight": by_class, "sample_weight": weights}


@described_like(ImageTowerClassifier, without=("class_weight", "classes_"))
class ImageTowerRegressor(RegressorMixin, OneOutputMixin, BaseImageTower):
    """Convolutional regressor of images whose last dense layer gives features.

    It is `ImageTowerClassifier` with another loss: the squared error of the number in
    units of its standard deviation. The predictions of the network and of a ridge
    regression of each image's statistics are averaged.

    Attributes
    ----------
    target_mean_, target_std_ : float
        Mean and standard deviation of `y` in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``, beyond which nothing is predicted.

    See Also
    --------
    ImageTowerClassifier : For class labels.
    TwinTowerRegressor : Trains towers and fuses them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import ImageTowerRegressor
    >>> y = np.linspace(20, 90, 24)
    >>> noise = np.random.default_rng(0).normal(size=(24, 1, 12, 10))
    >>> X = noise + y[:, None, None, None]
    >>> tower = ImageTowerRegressor(intensity="none", random_state=0).fit(X, y)
    >>> tower.score(X, y) > 0.9
    True
    """

    _outcome_type = Numbers


@described_like(ImageTowerClassifier, without=("class_weight", "classes_"))
class ImageTowerSurvival(SurvivalMixin, OneOutputMixin, BaseImageTower):
    """Convolutional network of images that predicts log-hazards.

    It is `ImageTowerClassifier` with another loss: the likelihood of the events under
    proportional hazards, whose gradient is that of Cox's partial likelihood at the
    baseline hazard of patients all alike. The log-hazards of the network and of Cox's
    regression of each image's statistics are averaged.

    See Also
    --------
    ImageTowerClassifier : For class labels.
    TwinTowerSurvival : Trains towers and fuses them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import ImageTowerSurvival, make_survival_target
    >>> time = np.linspace(2, 40, 24)
    >>> images = np.random.default_rng(0).normal(size=(24, 1, 12, 10))
    >>> X = images - time[:, None, None, None] / 10
    >>> y = make_survival_target(np.arange(24) % 3 > 0, time)
    >>> tower = ImageTowerSurvival(intensity="none", random_state=0).fit(X, y)
    >>> tower.score(X, y) > 0.9
    True
    """

    _outcome_type = TimeToEvent
