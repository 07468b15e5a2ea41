"""The gene tower."""

from functools import partial
from numbers import Integral, Real

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_consistent_length, gen_batches
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from skmultimodal.nn import Autoencoder, AutoencoderLoss
from skmultimodal.preprocessing._expression import signed_log, signed_log_inverse
from skmultimodal.towers._base import KEPT_BYTES, NetEstimator, OneOutputMixin
from skmultimodal.towers._components import TrainingRows, finish_network
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._device import resolve_device
from skmultimodal.utils._docs import parameters_of
from skmultimodal.utils._labels import UNLABELLED
from skmultimodal.utils._rows import is_lazy
from skmultimodal.utils._sklearn import Interval, fit_context
from skmultimodal.utils._survival import SurvivalMixin
from skmultimodal.utils._validation import check_finite_rows, check_rows

__all__ = [
    "GeneAutoencoderRegressor",
    "GeneAutoencoderSurvival",
    "GeneAutoencoderTransformer",
]

CHUNK = 256


def _has_classes(self):
    check_is_fitted(self)
    if not hasattr(self, "classes_"):
        raise AttributeError(
            f"{type(self).__name__} predicts classes only after a fit with labels of "
            "two classes and label_weight above 0."
        )
    return True


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
    # Of 40 to 500 patients; benchmarks/accuracy/results/notes.md.
    noise_share = 0.14
    fewest_steps = 150

    _parameter_constraints: dict = {
        "encoder_units": ["array-like"],
        "decoder_units": ["array-like"],
        "label_weight": [Interval(Real, 0, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "linear_penalty": [Interval(Real, 0, None, closed="neither"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "signed_log": ["boolean"],
        **NetEstimator._parameter_constraints,
    }

    def __init__(
        self,
        encoder_units=(64, 32),
        decoder_units=(64,),
        *,
        label_weight=0.3,
        n_components=50,
        linear_penalty=10.0,
        dropout=0.2,
        signed_log=True,
        optimizer="adamw",
        lr=3e-3,
        momentum=0.9,
        weight_decay=1e-4,
        n_steps=None,
        max_epochs=None,
        batch_size=32,
        early_stopping=False,
        validation_fraction=0.2,
        patience=10,
        precision="float32",
        device=None,
        random_state=None,
        verbose=0,
    ):
        self.encoder_units = encoder_units
        self.decoder_units = decoder_units
        self.label_weight = label_weight
        self.n_components = n_components
        self.linear_penalty = linear_penalty
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
    def fit(self, X, y):
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
        X = check_rows(self, X, y, require_y=self._needs_y, finite=False, read_y=False)
        outcome, y, codes = self._read_labels(X, y)
        rows = self._training_rows(X)
        net_params = {
            "n_features": X.shape[1],
            "encoder_units": tuple(self.encoder_units),
            "decoder_units": tuple(self.decoder_units),
            "n_classes": 0 if outcome is None else outcome.n_outputs,
            "dropout": self.dropout,
        }
        fit_linear = targets = label_loss = None
        if outcome is not None:
            targets, label_loss = outcome.net_targets(y, codes), outcome.criterion()
            penalty = self.linear_penalty
            if penalty is not None:
                fit_linear = partial(
                    outcome.fit_linear, y=y, codes=codes, penalty=penalty
                )
        self._fit_net(
            net_params | {"n_features": rows.n_inputs},
            AutoencoderLoss(self.label_weight, label_loss),
            rows.reader(resolve_device(self.device)),
            codes,
            targets,
            reconstruct=True,
            prefetch=rows.kept is None,
            finish=partial(finish_network, net_params, rows, fit_linear),
        )
        return self

    def transform(self, X):
        """Compute the bottleneck.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, encoder_units[-1])
        """
        return self._outputs(X, "features")

    def inverse_transform(self, Z):
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

        def read(rows):
            return torch.from_numpy(Z[rows.numpy()]).to(device)

        decoded = self._run_net("decode", read, (self.n_features_in_,), len(Z))
        genes = self.scaler_.inverse_transform(decoded).astype(np.float32)
        return signed_log_inverse(genes) if self.signed_log else genes

    def reconstruction_error(self, X):
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
    def _n_features_out(self):
        return self.net_params_["encoder_units"][-1]

    def _read_labels(self, X, y):
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

    def _outputs(self, X, method):
        check_is_fitted(self)
        X = check_rows(self, X, reset=False, finite=False)
        rows = self._reader(X), X.shape[1:], X.shape[0]
        return self._run_net(method, *rows, lazy=is_lazy(X))

    def _training_rows(self, X):
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
            self.scaler_.fit(genes)
            # The caller's array must not be scaled in place.
            given = not is_lazy(X) and np.may_share_memory(genes, X)
            kept = self._scaled(genes, copy=given)
            read = kept.__getitem__
        return TrainingRows.choose(read, X.shape, self.n_components, kept)

    def _scaled(self, genes, copy=False):
        scaled = self.scaler_.transform(genes, copy=copy)
        return scaled.astype(np.float32, copy=False)

    def _unscaled(self, X, rows):
        return self._checked(np.asarray(X[rows]), rows)

    def _checked(self, genes, rows):
        if genes.dtype.kind != "f":
            genes = genes.astype(np.float32)
        check_finite_rows(genes, rows)
        return signed_log(genes) if self.signed_log else genes

    def _reader(self, X):
        device = resolve_device(self.device)

        def read(rows):
            return torch.from_numpy(self._scaled(self._unscaled(X, rows.numpy())))

        return lambda rows: read(rows).to(device)

    def _to_inference(self, module):
        # Without the decoder, which is as large and rarely used.
        for part in (module.encoder, module.classifier, module.linear):
            if part is not None:
                part.to(self._dtype_of(module))
        return module

    @staticmethod
    def _make_net(**net_params):
        return Autoencoder(**net_params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # The network computes in float32, whatever comes in.
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class GeneAutoencoderTransformer(BaseGeneAutoencoder):
    """Autoencoder of vectors whose bottleneck is the features.

    The loss is the mean squared error of the standardised genes, plus, where labels
    are given, `label_weight` times the cross-entropy of a linear layer on the
    bottleneck. The label loss makes the features predictive of the class; with
    ``label_weight=0`` it is the paper's unsupervised autoencoder. Class probabilities
    are those of that layer and of a linear model beside the network, whose log-odds are
    averaged: the two err differently.

    Parameters
    ----------
    encoder_units : tuple of int, default=(64, 32)
        Layers of the encoder; the last, linear one is the bottleneck.
    decoder_units : tuple of int, default=(64,)
        Hidden layers of the decoder; a linear layer to the genes follows.
    label_weight : float, default=0.3
        Weight of the labels in the loss.
    n_components : int or None, default=50
        Rows with more than twice as many genes train the network in their first
        principal components, which takes a fraction of the time: up to 1,000 rows, and
        up to 20,000 in memory with at most 1,000 genes. Its first and last layers are
        then turned back, so that it reads and returns genes. None trains it on the
        genes themselves, and adds no linear model.
    linear_penalty : float or None, default=10.0
        Of a ridge logistic regression of as many rows, whose logits are averaged
        with those of the bottleneck: the sum over rows of the cross-entropy, plus
        ``linear_penalty / 2 * |coef|^2``, in units in which the first `n_components`
        components have a mean variance of 1. None leaves it out.
    dropout : float, default=0.2
        Share of inputs and hidden units dropped while training.
    signed_log : bool, default=True
        Take ``sign(x) * log(1 + |x|)`` of each value first: published z-scores reach
        several thousand, and counts span decades.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
    lr : float, default=3e-3
        Learning rate.
    momentum : float, default=0.9
        Of SGD; the first beta of Adam.
    weight_decay : float, default=1e-4
        Decoupled from the gradient with "adamw".
    n_steps : int or None, default=None
        Optimisation steps if ``max_epochs=None``, per bit of the label (one bit for two
        classes, log2(n) for n), rounded up to whole epochs. None is 150, and with more
        rows as many as make an epoch per 50 rows, at most 30 epochs.
    max_epochs : int or None, default=None
        Epochs; None is as many as make `n_steps`.
    batch_size : int, default=32
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
        Of the training's matrix products.
    device : str, torch.device or None, default=None
        None is the parent estimator's device, or the CPU.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches and dropout. None is the parent estimator's.
    verbose : int, default=0
        Above 0 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Only if fitted with labels of at least two classes and `label_weight` > 0.
    scaler_ : StandardScaler
        Statistics of the genes in the training rows, after the signed log.
    history_ : skorch.history.History
        Losses by epoch.
    loss_fall_ : float
        Share by which the training loss fell; below .05, training did nothing, as a
        warning states. NaN after a single epoch.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
        Number of genes.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of a DataFrame with names.

    See Also
    --------
    ImageTowerClassifier : The tower for images.
    TwinTowerClassifier : Trains towers and fuses them.

    References
    ----------
    Lyu & Costen (2025), Bioinformatics Advances 5(1), vbaf041, section 2.4: layers 64
    and 32, mean squared error. The label loss is not in the paper.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import GeneAutoencoderTransformer
    >>> X = np.random.default_rng(0).normal(size=(40, 30))
    >>> y = (X[:, 0] > 0).astype(float)
    >>> y[:5] = np.nan  # unlabelled rows are used for the reconstruction
    >>> tower = GeneAutoencoderTransformer(random_state=0).fit(X, y)
    >>> tower.transform(X).shape
    (40, 32)
    >>> tower.inverse_transform(tower.transform(X)).shape
    (40, 30)
    """

    _outcome_type = ClassLabels
    _needs_y = False

    def fit(self, X, y=None):
        """Train the autoencoder.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)
            Expression in any unit, in memory or lazy.
        y : array-like of shape (n_rows,), default=None
            Class labels; NaN or None marks an unlabelled row. Not used if
            ``label_weight=0``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `X` holds NaN or infinity, or `y` is continuous.
        """
        return super().fit(X, y)

    def score(self, X, y=None):
        """Negative mean reconstruction error: the higher, the better.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)
        y : None
            Ignored.

        Returns
        -------
        score : float
        """
        return -float(self.reconstruction_error(X).mean())

    @available_if(_has_classes)
    def predict_proba(self, X):
        """Predict class probabilities by the linear layer on the bottleneck.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)

        Returns
        -------
        p : ndarray of float32, shape (n_rows, n_classes)
        """
        return softmax(self._outputs(X, "logits"), axis=1)


@parameters_of(GeneAutoencoderTransformer)
class GeneAutoencoderRegressor(RegressorMixin, OneOutputMixin, BaseGeneAutoencoder):
    """Autoencoder of vectors that predicts a number from its bottleneck.

    It is `GeneAutoencoderTransformer` with another label loss: the squared error of the
    number in units of its standard deviation. Its predictions are averaged with those
    of a ridge regression.

    Attributes
    ----------
    target_mean_, target_std_ : float
        Mean and standard deviation of `y` in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``, beyond which nothing is predicted.
    scaler_ : StandardScaler
        Statistics of the genes in the training rows, after the signed log.
    history_ : skorch.history.History
        Losses by epoch.
    loss_fall_ : float
        Share by which the training loss fell.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
        Number of genes.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of a DataFrame with names.

    See Also
    --------
    GeneAutoencoderTransformer : For class labels.
    TwinTowerRegressor : Trains towers and fuses them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import GeneAutoencoderRegressor
    >>> X = np.random.default_rng(0).normal(size=(80, 30))
    >>> y = 60 + 10 * X[:, 0]
    >>> tower = GeneAutoencoderRegressor(random_state=0).fit(X, y)
    >>> tower.score(X, y) > 0.7
    True
    """

    _outcome_type = Numbers


@parameters_of(GeneAutoencoderTransformer)
class GeneAutoencoderSurvival(SurvivalMixin, OneOutputMixin, BaseGeneAutoencoder):
    """Autoencoder of vectors that predicts log-hazards from its bottleneck.

    It is `GeneAutoencoderTransformer` with another label loss: the likelihood of the
    events under proportional hazards, whose gradient is that of Cox's partial
    likelihood at the baseline hazard of patients all alike. Its log-hazards are
    averaged with those of Cox's regression with a ridge penalty.

    Attributes
    ----------
    scaler_ : StandardScaler
        Statistics of the genes in the training rows, after the signed log.
    history_ : skorch.history.History
        Losses by epoch.
    loss_fall_ : float
        Share by which the training loss fell.
    weights_ : dict of str to ndarray
        Parameters of the trained network.
    n_features_in_ : int
        Number of genes.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Of a DataFrame with names.

    See Also
    --------
    GeneAutoencoderTransformer : For class labels.
    TwinTowerSurvival : Trains towers and fuses them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import GeneAutoencoderSurvival, make_survival_target
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 30))
    >>> time = rng.exponential(np.exp(-2 * X[:, 0]))
    >>> y = make_survival_target(rng.random(80) < 0.7, time)
    >>> tower = GeneAutoencoderSurvival(random_state=0).fit(X, y)
    >>> tower.score(X, y) > 0.7
    True
    """

    _outcome_type = TimeToEvent
