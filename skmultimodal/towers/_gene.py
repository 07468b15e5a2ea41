"""The gene towers: one for each outcome."""

from typing import Any, Self

from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmultimodal.towers._gene_base import BaseGeneAutoencoder
from skmultimodal.towers._one_output import OneOutputMixin
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._sklearn import fit_context
from skmultimodal.utils._survival import SurvivalMixin
from skmultimodal.utils._weights import WeightedFitMixin, pop_sample_weight

__all__ = [
    "GeneAutoencoderRegressor",
    "GeneAutoencoderSurvival",
    "GeneAutoencoderTransformer",
]


def _has_classes(self: Any) -> bool:
    check_is_fitted(self)
    if not hasattr(self, "classes_"):
        raise AttributeError(
            f"{type(self).__name__} predicts classes only after a fit with labels of "
            "two classes and label_weight above 0."
        )
    return True


class GeneAutoencoderTransformer(WeightedFitMixin, BaseGeneAutoencoder):
    """Autoencoder of vectors whose bottleneck is the features.

    The loss is the mean squared error of the standardised genes, plus, where labels
    are given, `label_weight` times the cross-entropy of a linear layer on the
    bottleneck. The label loss makes the features predictive of the class; with
    ``label_weight=0`` it is the paper's unsupervised autoencoder. Class probabilities
    are those of that layer and of two linear models beside the network, whose log-odds
    are averaged, since they err differently: a ridge regression, in which all genes
    count, and, of wide rows, a lasso, in which a few do.

    Parameters
    ----------
    encoder_units : tuple of int, default=(64, 32)
        Layers of the encoder; the last, linear one is the bottleneck.
    decoder_units : tuple of int, default=(64,)
        Hidden layers of the decoder; a linear layer to the genes follows.
    label_weight : float, default=0.3
        Weight of the labels in the loss.
    n_components : int, "auto" or None, default="auto"
        Rows with more than twice as many genes train the network in their first
        principal components, which takes a fraction of the time: up to 1,000 rows, and
        up to 20,000 in memory with at most 1,000 genes. Its first and last layers are
        then turned back, so that it reads and returns genes. "auto" is 50, and an
        eighth of the rows if that is more. None trains it on the genes themselves, and
        adds no linear models.
    linear_penalty : float or None, default=10.0
        Of a ridge logistic regression of as many rows: the sum over rows of the
        cross-entropy, plus ``linear_penalty / 2 * |coef|^2``, in units in which the
        first `n_components` components have a mean variance of 1. Its logits are
        averaged with those of the bottleneck, half and half up to 500 rows. With `n`
        rows, more than these, its share is ``250 / n``: the network then errs less, and
        the linear model as before. None leaves it out.
    sparse_penalty : float, "auto" or None, default="auto"
        Of a lasso logistic regression on the standardised genes: the sum over rows of
        the cross-entropy, plus a penalty times ``|coef|``, in standard deviations of
        the slope of a gene unrelated to the label where all coefficients are 0. It
        reads the 1,000 genes of the largest such slope. Its logits are averaged with
        those above, half and half up to 500 rows; with `n` rows, more than these, its
        share is ``125_000 / n^2``, and below .01 it is left out. So it is where the
        network is trained on all genes, not on components that dilute a single one.
        "auto" is 2 for class labels and None, which leaves it out, for other outcomes.
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
        rows as many as make an epoch per 50 rows, at most 30 epochs or 10,000 steps.
    max_epochs : int or None, default=None
        Epochs; None is as many as make `n_steps`.
    batch_size : int or "auto", default="auto"
        Rows per optimisation step. "auto" is 32, and with more than 2,000 rows as many
        as make an epoch of 64 batches, at most 256.
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

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Train the autoencoder.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)
            Expression in any unit, in memory or lazy.
        y : array-like of shape (n_rows,), default=None
            Class labels; NaN or None marks an unlabelled row. Not used if
            ``label_weight=0``.
        **params : dict
            ``sample_weight``, array-like of shape (n_rows,): of the rows in both losses
            and in the linear models. Columns are standardised, and components found, by
            all rows of weight above 0 alike.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `X` holds NaN or infinity, `y` is continuous, or a weight is below 0.
        TypeError
            If there is another parameter.
        """
        return self._fit(X, y, pop_sample_weight(self, params))

    def score(self, X: Any, y: Any = None) -> float:
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
    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities by the network and its linear models.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_genes)

        Returns
        -------
        p : ndarray of float32, shape (n_rows, n_classes)
        """
        return softmax(self._outputs(X, "logits"), axis=1)


@described_like(GeneAutoencoderTransformer, without=("classes_",))
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


@described_like(GeneAutoencoderTransformer, without=("classes_",))
class GeneAutoencoderSurvival(SurvivalMixin, OneOutputMixin, BaseGeneAutoencoder):
    """Autoencoder of vectors that predicts log-hazards from its bottleneck.

    It is `GeneAutoencoderTransformer` with another label loss: the likelihood of the
    events under proportional hazards, whose gradient is that of Cox's partial
    likelihood at the baseline hazard of patients all alike. Its log-hazards are
    averaged with those of Cox's regression with a ridge penalty.

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
