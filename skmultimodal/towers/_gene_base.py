"""How a gene tower is trained, for any outcome."""

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
from sklearn.utils.validation import check_array, check_is_fitted

from skmultimodal.nn import Autoencoder, AutoencoderLoss
from skmultimodal.preprocessing._expression import signed_log, signed_log_inverse
from skmultimodal.towers._base import KEPT_BYTES, NetEstimator
from skmultimodal.towers._batches import Budget
from skmultimodal.towers._components import TrainingRows, finish_network
from skmultimodal.towers._lasso import fit_lasso
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._labels import UNLABELLED
from skmultimodal.utils._rows import is_lazy
from skmultimodal.utils._sklearn import Interval, StrOptions, fit_context
from skmultimodal.utils._validation import check_finite_rows, check_rows
from skmultimodal.utils._weights import check_sample_weight, drop_unweighted

__all__ = ["BaseGeneAutoencoder"]

CHUNK = 128


class BaseGeneAutoencoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetEstimator
):
    """Gene tower of any outcome.

    Parameters and attributes are those of `GeneAutoencoderTransformer`; a subclass
    names its outcome in ``_outcome_type``.
    """

    _needs_y = True

    # Rows without a label are used for the reconstruction: a meta-estimator passes them
    # to the fit of an estimator with this attribute, with NaN as label.
    uses_unlabelled_rows = True
    # More steps cost hours and teach little: benchmarks/accuracy/results/many_rows.md.
    _budget = Budget(fewest_steps=150, most_steps=10_000)

    _parameter_constraints: dict = {
        "encoder_units": ["array-like"],
        "decoder_units": ["array-like"],
        "label_weight": [Interval(Real, 0, None, closed="left")],
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "linear_penalty": [Interval(Real, 0, None, closed="neither"), None],
        "sparse_penalty": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
            None,
        ],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "signed_log": ["boolean"],
        **NetEstimator._parameter_constraints,
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
    }

    def __init__(
        self,
        encoder_units: Any = (64, 32),
        decoder_units: Any = (64,),
        *,
        label_weight: float = 0.3,
        n_components: int | str | None = "auto",
        linear_penalty: float | None = 10.0,
        sparse_penalty: float | str | None = "auto",
        dropout: float = 0.2,
        signed_log: bool = True,
        optimizer: Any = "adamw",
        lr: float = 3e-3,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        n_steps: int | None = None,
        max_epochs: int | None = None,
        batch_size: int | str = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        patience: int = 10,
        precision: Any = "float32",
        device: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.encoder_units = encoder_units
        self.decoder_units = decoder_units
        self.label_weight = label_weight
        self.n_components = n_components
        self.linear_penalty = linear_penalty
        self.sparse_penalty = sparse_penalty
        self.dropout = dropout
        self.signed_log = signed_log
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
        """Train the autoencoder.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)
            Expression in any unit, in memory or lazy.
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``;
            NaN marks an unlabelled row. Not used if ``label_weight=0``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `X` holds NaN or infinity, or all labelled rows have the same `y`.
        """
        return self._fit(X, y)

    def _fit(self, X: Any, y: Any, weights: Any = None) -> Self:
        X = check_rows(self, X, y, require_y=self._needs_y, finite=False, read_y=False)
        if weights is not None:
            weights = check_sample_weight(weights, X.shape[0])
            X, y, weights = drop_unweighted(X, y, weights)
        outcome, y, codes = self._read_labels(X, y)
        rows = self._training_rows(X)
        net_params = {
            "n_features": X.shape[1],
            "encoder_units": tuple(self.encoder_units),
            "decoder_units": tuple(self.decoder_units),
            "n_classes": 0 if outcome is None else outcome.n_outputs,
            "dropout": self.dropout,
        }
        linear_models = None, None
        targets = label_loss = None
        if outcome is not None:
            targets, label_loss = outcome.net_targets(y, codes), outcome.criterion()
            linear_models = self._linear_models(outcome, y, codes, weights)
        self._fit_net(
            net_params | {"n_features": rows.n_inputs},
            AutoencoderLoss(self.label_weight, label_loss),
            rows.reader(resolve_device(self.device)),
            codes,
            targets,
            reconstruct=True,
            weights=weights,
            prefetch=rows.kept is None,
            finish=partial(finish_network, net_params, rows, *linear_models),
        )
        return self

    def transform(self, X: Any) -> NDArray:
        """Compute the bottleneck.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, encoder_units[-1])
        """
        return self._outputs(X, "features")

    def inverse_transform(self, Z: Any) -> NDArray:
        """Decode bottlenecks into genes, in the unit of the training rows.

        Parameters
        ----------
        Z : array-like of shape (n_rows, encoder_units[-1])

        Returns
        -------
        X : ndarray of float32, shape (n_rows, n_genes)
        """
        check_is_fitted(self)
        Z = check_array(Z, dtype=np.float32)
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"Z has {Z.shape[1]} columns, expected {self._n_features_out}."
            )
        device = resolve_device(self.device)

        def read(rows: Any) -> torch.Tensor:
            return torch.from_numpy(Z[rows.numpy()]).to(device)

        decoded = self._run_net("decode", read, (self.n_features_in_,), len(Z))
        genes = self.scaler_.inverse_transform(decoded).astype(np.float32)
        return signed_log_inverse(genes) if self.signed_log else genes

    def reconstruction_error(self, X: Any) -> NDArray:
        """Mean squared error of the standardised genes of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)

        Returns
        -------
        error : ndarray of float32, shape (n_rows,)
        """
        return self._outputs(X, "reconstruction_error")

    @property
    def noise_share(self) -> float:
        """Of 40 to 1,500 patients; benchmarks/accuracy/results/notes.md."""
        linear = getattr(self, "net_params_", {}).get("linear_share", 0)
        return float(np.interp(linear, [0, 0.5, 0.75], [0.30, 0.14, 0.10]))

    @property
    def _n_features_out(self) -> int:
        return self.net_params_["encoder_units"][-1]

    def _read_labels(self, X: Any, y: Any) -> tuple[Any, Any, Any]:
        """Outcome, target and strata of the rows; no outcome if there are no labels."""
        if y is None or self.label_weight == 0:
            return None, None, np.full(X.shape[0], UNLABELLED)
        outcome, y, codes = self._outcome_type.encode(y)
        check_consistent_length(X, codes)
        if not self._needs_y and not outcome.differ(codes):
            return None, None, np.full(X.shape[0], UNLABELLED)
        outcome.refuse_alike(self, codes)
        outcome.record(self)
        return outcome, y, codes

    def _linear_models(self, outcome: Any, y: Any, codes: NDArray, weights: Any) -> Any:
        """Functions that fit the ridge regression and the lasso, None for neither."""
        weighted = {} if weights is None else {"sample_weight": weights}
        ridge = lasso = None
        if self.linear_penalty is not None:
            known = {"y": y, "codes": codes, "penalty": self.linear_penalty}
            ridge = partial(outcome.fit_linear, **known, **weighted)
        strength: Any = self.sparse_penalty
        if strength == "auto":
            strength = outcome.sparse_penalty
        if strength is not None:
            likelihood = outcome.net_likelihood(y, codes, **weighted)
            labelled = np.flatnonzero(codes >= 0)
            lasso = partial(
                fit_lasso, rows=labelled, likelihood=likelihood, strength=strength
            )
        return ridge, lasso

    def _outputs(self, X: Any, method: str) -> NDArray:
        check_is_fitted(self)
        X = check_rows(self, X, reset=False, finite=False)
        rows = self._reader(X), X.shape[1:], X.shape[0]
        return self._run_net(method, *rows, lazy=is_lazy(X))

    def _training_rows(self, X: Any) -> Any:
        """Learn the statistics of the genes, and what the network is trained on."""
        chunks = [
            np.arange(chunk.start, chunk.stop)
            for chunk in gen_batches(X.shape[0], CHUNK)
        ]
        self.scaler_ = StandardScaler()
        if is_lazy(X) and 4 * int(np.prod(X.shape)) > KEPT_BYTES:
            for chunk in chunks:
                self.scaler_.partial_fit(self._unscaled(X, chunk))
            kept, read = None, lambda rows: self._scaled(self._unscaled(X, rows))
        else:
            if is_lazy(X):
                genes = np.vstack([self._unscaled(X, chunk) for chunk in chunks])
            else:
                genes = self._checked(X, np.arange(X.shape[0]))
            # In chunks too: of each it makes copies in float64.
            for chunk in chunks:
                self.scaler_.partial_fit(genes[chunk[0] : chunk[-1] + 1])
            # The caller's array must not be scaled in place.
            given = not is_lazy(X) and np.may_share_memory(genes, X)
            kept = self._scaled(genes, copy=given)
            read = kept.__getitem__
        return TrainingRows.choose(read, X.shape, self.n_components, kept)

    def _scaled(self, genes: NDArray, copy: bool = False) -> NDArray:
        scaled = self.scaler_.transform(genes, copy=copy)
        return scaled.astype(np.float32, copy=False)

    def _unscaled(self, X: Any, rows: Any) -> NDArray:
        return self._checked(np.asarray(X[rows]), rows)

    def _checked(self, genes: NDArray, rows: Any) -> NDArray:
        if genes.dtype.kind != "f":
            genes = genes.astype(np.float32)
        check_finite_rows(genes, rows)
        return signed_log(genes) if self.signed_log else genes

    def _reader(self, X: Any) -> Callable[..., Any]:
        device = resolve_device(self.device)

        def read(rows: Any) -> torch.Tensor:
            return torch.from_numpy(self._scaled(self._unscaled(X, rows.numpy())))

        return lambda rows: read(rows).to(device)

    def _to_inference(self, module: Any) -> torch.nn.Module:
        # Without the decoder, which is as large and rarely used.
        for part in (module.encoder, module.classifier, module.linear):
            if part is not None:
                part.to(self._dtype_of(module))
        return module

    @staticmethod
    def _make_net(**net_params: Any) -> torch.nn.Module:
        return Autoencoder(**net_params)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # The network computes in float32, whatever comes in.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
