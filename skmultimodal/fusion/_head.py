"""The fusion head."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted
from torch.nn.functional import log_softmax

from skmultimodal.fusion._spans import check_spans
from skmultimodal.nn import MixtureOfExperts, MultilayerPerceptron
from skmultimodal.towers._base import NetEstimator
from skmultimodal.towers._cross_entropy import make_cross_entropy
from skmultimodal.towers._views import NetView
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._labels import encode_labels, refuse_one_class
from skmultimodal.utils._sklearn import Interval, StrOptions, fit_context
from skmultimodal.utils._torch_views import torch_view
from skmultimodal.utils._validation import check_rows
from skmultimodal.utils._weights import (
    WeightedFitMixin,
    check_sample_weight,
    drop_unweighted,
    pop_sample_weight,
)

__all__ = ["FusionHeadClassifier"]


class FusionHeadClassifier(WeightedFitMixin, ProbableClassMixin, NetEstimator):
    """Neural classifier of the towers' standardised, concatenated features.

    With ``hidden_units=(64, 16)`` on the features of one gene tower it is the paper's
    gene head.

    Parameters
    ----------
    fusion : {"concat", "moe"}, default="concat"
        "concat" is a multilayer perceptron on the concatenated features. "moe" is a
        sparse mixture of `n_experts` such perceptrons: a router chooses and weights
        `top_k` of them for each row.
    hidden_units : tuple of int, default=(64, 128, 16)
        ReLU layers of the perceptron, or of each expert.
    n_experts : int, default=4
        Perceptrons of the mixture.
    top_k : int, default=2
        Perceptrons used for each row.
    dropout : float, default=0.0
        After each hidden layer.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the cross-entropy.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
    lr : float, default=1e-3
        Learning rate.
    momentum : float, default=0.9
        Of SGD; the first beta of Adam.
    weight_decay : float, default=1e-4
        Decoupled from the gradient with "adamw".
    n_steps : int or None, default=None
        Optimisation steps if ``max_epochs=None``, per bit of the label (one bit for two
        classes, log2(n) for n), rounded up to whole epochs. None is 120, and with more
        rows as many as make an epoch per 50 rows, at most 30 epochs or 20,000 steps.
    max_epochs : int or None, default=None
        Epochs; None is as many as make `n_steps`.
    batch_size : int, default=16
        Rows per optimisation step.
    early_stopping : bool, default=False
        Stop when the loss on `validation_fraction` of the rows, stratified by class,
        has not fallen for `patience` epochs, and restore the best weights. Switches
        itself off, with a warning, when a class would have fewer than two such rows.
    validation_fraction : float, default=0.2
        Share of the rows that early stopping watches.
    patience : int, default=10
        Epochs.
    precision : {"float32", "bfloat16"}, default="float32"
    device : str, torch.device or None, default=None
        None is the parent estimator's device, or the CPU.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches and dropout. None is the parent estimator's.
    verbose : int, default=0
        Above 0 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    modalities_ : dict of str to slice, or None
        Columns of each modality, as given to ``fit``.
    history_ : skorch.history.History
        Losses by epoch.
    loss_fall_ : float
        Share by which the training loss fell; below .05, training did nothing, as a
        warning states. NaN after a single epoch.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    See Also
    --------
    TwinTowerClassifier : Trains the towers and this head.

    References
    ----------
    Lyu & Costen (2025), Bioinformatics Advances 5(1), vbaf041, section 2.5: layers 64,
    128 and 16. The paper's mixture of experts is described by its citation only (Jiang
    et al., arXiv:2401.04088); two of four experts for each row is a choice made here.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import FusionHeadClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> y = np.where(X[:, 0] > 0, "responder", "progressor")
    >>> head = FusionHeadClassifier(random_state=0).fit(X, y)
    >>> head.predict_proba(X).shape
    (60, 2)
    """

    _parameter_constraints: dict = {
        "fusion": [StrOptions({"concat", "moe"})],
        "hidden_units": ["array-like"],
        "n_experts": [Interval(Integral, 1, None, closed="left")],
        "top_k": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        **NetEstimator._parameter_constraints,
    }

    def __init__(
        self,
        fusion: str = "concat",
        hidden_units: Sequence[int] = (64, 128, 16),
        *,
        n_experts: int = 4,
        top_k: int = 2,
        dropout: float = 0.0,
        class_weight: Any = None,
        optimizer: str = "adamw",
        lr: float = 1e-3,
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
        self.fusion = fusion
        self.hidden_units = hidden_units
        self.n_experts = n_experts
        self.top_k = top_k
        self.dropout = dropout
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
    def fit(self, X: Any, y: Any, modalities: Any = None, **params: Any) -> Self:
        """Train the head.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Standardised features of the towers.
        y : array-like of shape (n_rows,)
            Class labels.
        modalities : dict of str to slice, default=None
            Columns of `X` that come from each modality; together all columns.
        **params : dict
            ``sample_weight``, array-like of shape (n_rows,): of the rows in the loss.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `y` has one class, `modalities` do not cover the columns, or a weight is
            below 0.
        TypeError
            If there is another parameter.
        """
        X, y = check_rows(self, X, y)
        weights = check_sample_weight(pop_sample_weight(self, params), len(y))
        X, y, weights = drop_unweighted(X, y, weights)
        self.classes_, codes = encode_labels(y)
        refuse_one_class(self, self.classes_)
        if self.top_k > self.n_experts:
            raise ValueError(
                f"top_k={self.top_k} is more than n_experts={self.n_experts}."
            )
        self.modalities_ = check_spans(modalities, X.shape[1])
        net_params = {
            "n_inputs": X.shape[1],
            "hidden_units": tuple(self.hidden_units),
            "n_classes": len(self.classes_),
            "dropout": self.dropout,
        }
        if self.fusion == "moe":
            net_params["expert_units"] = net_params.pop("hidden_units")
            net_params |= {"n_experts": self.n_experts, "top_k": self.top_k}
        features = np.array(X, dtype=np.float32)
        rows = torch.from_numpy(features).to(resolve_device(self.device))
        criterion = make_cross_entropy(self, y, weights)
        self._fit_net(net_params, criterion, rows.__getitem__, codes, weights=weights)
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        p : ndarray of float32, shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        X = np.asarray(check_rows(self, X, reset=False), dtype=np.float32)
        device = resolve_device(self.device)

        def read(rows: Any) -> torch.Tensor:
            return torch.from_numpy(X[rows.numpy()]).to(device)

        logits = self._run_net("forward", read, X.shape[1:], len(X))
        return softmax(logits, axis=1)

    @staticmethod
    def _make_net(**net_params: Any) -> torch.nn.Module:
        if "expert_units" in net_params:
            return MixtureOfExperts(**net_params)
        return MultilayerPerceptron(**net_params)


@torch_view.register(FusionHeadClassifier)
class HeadView(NetView):
    """View of the paper's head."""

    def log_probabilities(self, batch: Any) -> torch.Tensor:
        device = resolve_device(self.estimator.device)
        x = batch.x.to(device=device, dtype=torch.float64)
        return log_softmax(self.module(x), dim=1)
