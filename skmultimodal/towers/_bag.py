"""The tower of bags."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmultimodal.nn import BagTower
from skmultimodal.towers._bag_rows import BagReader, fit_scaler, keep_bags
from skmultimodal.towers._base import (
    INFERENCE_ELEMENTS,
    NetEstimator,
)
from skmultimodal.towers._batches import Budget
from skmultimodal.towers._cross_entropy import make_cross_entropy
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._labels import encode_labels, refuse_one_class
from skmultimodal.utils._rows import is_lazy
from skmultimodal.utils._seed import draw_seed
from skmultimodal.utils._sklearn import Interval, StrOptions, fit_context
from skmultimodal.utils._validation import check_rows
from skmultimodal.utils._weights import (
    WeightedFitMixin,
    check_sample_weight,
    drop_unweighted,
    pop_sample_weight,
)

__all__ = ["BagTowerClassifier"]

NDIMS = (1, 2, 3)


def _has_attention(self: Any) -> bool:
    if self.pooling != "attention":
        raise AttributeError(
            f"{type(self).__name__} has weights of vectors with pooling='attention' "
            f"only, not with {self.pooling!r}."
        )
    return True


class BagTowerClassifier(
    WeightedFitMixin,
    ClassNamePrefixFeaturesOutMixin,
    ProbableClassMixin,
    TransformerMixin,
    NetEstimator,
):
    """Classifier of bags, sets of vectors such as those of the patches of a slide.

    A row is a bag: an array (n_instances, n_features), with any number of instances. A
    dense ReLU layer encodes each vector, the pooling makes one vector of them, and a
    linear layer predicts the class. ``transform`` returns the pooled vectors.

    Parameters
    ----------
    encoder_units : tuple of int, default=(64,)
        Dense ReLU layers of each vector; the last one's size is the number of features.
    pooling : {"attention", "mean", "max"}, default="attention"
        How the encoded vectors of a bag become one. "attention": a mean whose weights a
        gated network learns.
    attention_units : int, default=32
        Units of that network.
    dropout : float, default=0.25
        Share of encoded and pooled values dropped while training.
    max_instances : int or None, default=1024
        Vectors of a bag that an epoch trains on, drawn anew each time; they bound the
        memory. None: all of them. Predictions read whole bags.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
    lr : float, default=1e-3
        Learning rate.
    momentum : float, default=0.9
        Of SGD; the first beta of Adam.
    weight_decay : float, default=1e-2
        Decoupled from the gradient with "adamw".
    n_steps : int or None, default=None
        Optimisation steps if ``max_epochs=None``, per bit of the label (one bit for two
        classes, log2(n) for n), rounded up to whole epochs. None is 200, and with more
        bags as many as make an epoch per 50 bags, at most 30 epochs or 20,000 steps.
    max_epochs : int or None, default=None
        Epochs; None is as many as make `n_steps`.
    batch_size : int, default=8
        Bags per optimisation step.
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
        Seeds weights, batches, dropout and the vectors that are drawn. None is the
        parent estimator's.
    verbose : int, default=0
        Above 0 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    scaler_ : StandardScaler
        Statistics of the features, by up to 32,768 vectors of the training bags.
    history_ : skorch.history.History
        Losses by epoch.
    loss_fall_ : float
        Share by which the training loss fell; below .05, training did nothing, as a
        warning states. NaN after a single epoch.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
        Features of a vector.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of a DataFrame with names.

    See Also
    --------
    skmultimodal.io.read_bags : Reads bags from files, one at a time.
    TwinTowerClassifier : Trains towers and fuses them.

    Notes
    -----
    A lazy block of bags is read into memory if it takes up to 512 MB there; larger ones
    are read from their files in each epoch, while the network trains on the bags read
    before.

    References
    ----------
    Ilse, Tomczak & Welling (2018), Attention-based deep multiple instance learning,
    ICML: the gated attention.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import BagTowerClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> bags = [rng.normal(label, 1, (rng.integers(3, 9), 6)) for label in y]
    >>> tower = BagTowerClassifier(random_state=0).fit(bags, y)
    >>> tower.transform(bags).shape
    (40, 64)
    >>> len(tower.attention(bags)[0]) == len(bags[0])
    True
    """

    _budget = Budget(fewest_steps=200)

    _parameter_constraints: dict = {
        "encoder_units": ["array-like"],
        "pooling": [StrOptions({"attention", "mean", "max"})],
        "attention_units": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "max_instances": [Interval(Integral, 1, None, closed="left"), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        **NetEstimator._parameter_constraints,
    }

    def __init__(
        self,
        encoder_units: Sequence[int] = (64,),
        *,
        pooling: str = "attention",
        attention_units: int = 32,
        dropout: float = 0.25,
        max_instances: int | None = 1024,
        class_weight: Any = None,
        optimizer: str = "adamw",
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 1e-2,
        n_steps: int | None = None,
        max_epochs: int | None = None,
        batch_size: int = 8,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        patience: int = 10,
        precision: str = "float32",
        device: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.encoder_units = encoder_units
        self.pooling = pooling
        self.attention_units = attention_units
        self.dropout = dropout
        self.max_instances = max_instances
        self.class_weight = class_weight
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
    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Train the tower.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_instances, n_features), or lazy block
            Bags. An array (n_rows, n_instances, n_features) has bags of equal size, an
            array (n_rows, n_features) bags of one vector.
        y : array-like of shape (n_rows,)
            Class labels.
        **params : dict
            ``sample_weight``, array-like of shape (n_rows,): of the bags in the loss.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a bag is empty, of another width than the first one, or holds NaN or
            infinity, `y` has one class, or a weight is below 0.
        TypeError
            If there is another parameter.
        """
        X, y = check_rows(self, X, y, ndims=NDIMS)
        weights = check_sample_weight(pop_sample_weight(self, params), len(y))
        X, y, weights = drop_unweighted(X, y, weights)
        self.classes_, codes = encode_labels(y)
        refuse_one_class(self, self.classes_)
        width = self.n_features_in_
        X = keep_bags(X, width)
        self.scaler_ = fit_scaler(X, width)
        net_params = {
            "n_features": width,
            "n_classes": len(self.classes_),
            "encoder_units": tuple(self.encoder_units),
            "pooling": self.pooling,
            "attention_units": self.attention_units,
            "dropout": self.dropout,
        }
        rng = np.random.default_rng(draw_seed(self.random_state))
        read = self._reader(X, max_instances=self.max_instances, rng=rng)
        criterion = make_cross_entropy(self, y, weights)
        options = {"prefetch": is_lazy(X), "weights": weights}
        self._fit_net(net_params, criterion, read, codes, **options)
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_instances, n_features), or as in ``fit``

        Returns
        -------
        p : ndarray of float32, shape (n_rows, n_classes)
        """
        return softmax(self._outputs(X, "logits"), axis=1)

    def transform(self, X: Any) -> NDArray:
        """Compute the pooled vectors.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_instances, n_features), or as in ``fit``

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, encoder_units[-1])
        """
        return self._outputs(X, "features")

    @available_if(_has_attention)
    def attention(self, X: Any) -> list[Any]:
        """Compute the weight of each vector in its bag.

        Parameters
        ----------
        X : sequence of ndarray of shape (n_instances, n_features), or as in ``fit``

        Returns
        -------
        weights : list of ndarray of float32, shape (n_instances,)
            Those of a bag sum to 1.
        """
        X = self._check(X)
        module, read = self._fitted_module(), self._reader(X)
        dtype = self._dtype_of(module)
        with torch.inference_mode():
            return [
                module.weights(read(row).to(dtype)).float().cpu().numpy()
                for row in torch.arange(X.shape[0]).split(1)
            ]

    @property
    def _n_features_out(self) -> int:
        units = self.net_params_["encoder_units"]
        return units[-1] if units else self.net_params_["n_features"]

    def _check(self, X: Any) -> Any:
        check_is_fitted(self)
        return check_rows(self, X, ndims=NDIMS, reset=False)

    def _outputs(self, X: Any, method: str) -> NDArray:
        X = self._check(X)
        # Whole bags may be large: of lazy ones, one is read at a time.
        shape = X.shape[1:]
        if len(X.shape) == 1:
            size = INFERENCE_ELEMENTS
            if not is_lazy(X):
                size = -(-sum(bag.size for bag in X) // len(X))
            shape = (size,)
        return self._run_net(
            method, self._reader(X), shape, X.shape[0], lazy=is_lazy(X)
        )

    def _reader(self, X: Any, **options: Any) -> Callable[..., Any]:
        device = resolve_device(self.device)
        return BagReader(X, self.n_features_in_, self.scaler_, device, **options)

    @staticmethod
    def _make_net(**net_params: Any) -> torch.nn.Module:
        return BagTower(**net_params)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # The network computes in float32, whatever comes in.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
