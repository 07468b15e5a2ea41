"""The logarithmic opinion pool."""

from numbers import Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from skmultimodal.fusion._evidence import (
    fit_shift,
    largest_evidence,
    limit_evidence,
)
from skmultimodal.fusion._pooling import BaseOpinionPool
from skmultimodal.towers._likelihoods import centred_log_shares
from skmultimodal.towers._outcomes import ClassLabels
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._sklearn import Interval, fit_context

__all__ = ["LogOpinionPoolClassifier"]


class LogOpinionPoolClassifier(ProbableClassMixin, BaseOpinionPool):
    """Logarithmic opinion pool of the towers' log-odds, with a residual of features.

    The logit of a class is an intercept, plus the sum over modalities of a weight times
    the log-odds that the modality's tower gives it, plus a linear function of the
    towers' features (the residual). It is a sum of one term per modality, which
    ``decision_terms`` returns; an absent modality is a term of 0.

    A weight is a factor times that of Bayes' rule for towers that are calibrated and
    correlated within a class: two towers that repeat each other count less than two
    that do not. It depends on which modalities a row has; with one it is 1. Log-odds
    beyond what the rows of a modality can show are drawn in (``limits_``).

    Parameters
    ----------
    weight_penalty : float, default=30.0
        Strength by which the factors are held at 1.
    feature_penalty : float, default=6.0
        Strength by which the residual is held at 0. It is multiplied by the number of
        features of a modality, so that a long vector counts as much as a short one.
    correlation : float, default=0.1
        What the correlation of two towers within a class is drawn to.
    n_prior_rows : float, default=100.0
        Number of rows that `correlation` counts as.
    shift_scale : float, default=0.3
        Standard deviation, in log-odds, of a departure of the rows with several
        modalities from the class shares of all, if there is one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    factors_ : dict of str to float
        Of the weight of each modality.
    weights_ : dict of str to float
        Weights in a row that has every modality; ``weights`` gives those of others.
    limits_ : dict of str to float
        What the log-odds of each modality approach if they are large: ``L tanh(x / L)``
        is added in a row with several modalities, where L is ``log(1 + n / 4)`` of n
        labelled rows (of k classes ``log(1 + n / 2k) + log(k - 1)``).
    correlations_ : ndarray of shape (n_modalities, n_modalities)
        Of the log-odds within a class, in the order of `factors_`.
    scale_ : ndarray of shape (n_modalities,)
        Standard deviations of the log-odds within a class.
    log_prior_ : ndarray of shape (n_classes,)
        Centred logarithm of the class shares of all rows.
    shift_ : ndarray of shape (n_classes,)
        How far the rows with several modalities move it.
    intercept_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (n_classes, `n_features_in_`)
        Of the features; 0 for the columns that are log-odds.
    feature_range_ : ndarray of shape (2, `n_features_in_`)
        Least and largest value of each feature in ``fit``; infinite for log-odds.
    modalities_ : dict of str to slice
        Columns of each modality.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    See Also
    --------
    TwinTowerClassifier : Trains the towers and this head, which is its default.
    FusionHeadClassifier : The paper's head.

    Notes
    -----
    Correlations come from the rows that have both modalities, scales from all rows of
    each. The rest is fitted on the rows with two modalities or more (all rows if there
    is one modality). Its loss is the cross-entropy summed over them, plus
    ``weight_penalty / 2 * sum_m (factor_m - 1)^2``, plus ``30 / 2`` times the squared
    distance of the intercept from ``log_prior_ + shift_``, plus ``feature_penalty / 2 *
    sum_m d_m * |coef_m|^2`` where modality m has d_m features; no factor is negative.
    It is convex.

    A feature beyond its range in ``fit`` is read as the end of that range. What hardly
    varied over some dozens of rows is large in another row once it is standardised.

    How the penalties were chosen is in the user guide, "Choosing a fusion".

    References
    ----------
    Genest & Zidek (1986), Combining probability distributions: a critique and an
    annotated bibliography, Statistical Science 1(1): the logarithmic opinion pool.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import LogOpinionPoolClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> image, gene = (rng.normal(scale=2, size=(2, 40)) + 4 * y - 2) * [[0.5], [1.0]]
    >>> Z = np.column_stack([image, gene])
    >>> Z[0, 0] = np.nan  # no image
    >>> spans = {"image": slice(0, 1), "gene": slice(1, 2)}
    >>> pool = LogOpinionPoolClassifier().fit(Z, y, modalities=spans, log_odds=spans)
    >>> pool.decision_terms(Z[:1]).columns.tolist()
    [('intercept', ''), ('image', 'log-odds'), ('gene', 'log-odds')]
    >>> pool.weights(["gene"])
    {'gene': 1.0}
    """

    _outcome_type = ClassLabels
    _parameter_constraints: dict = {
        **BaseOpinionPool._parameter_constraints,
        "shift_scale": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        weight_penalty: float = 30.0,
        feature_penalty: float = 6.0,
        *,
        correlation: float = 0.1,
        n_prior_rows: float = 100.0,
        shift_scale: float = 0.3,
    ) -> None:
        super().__init__(
            weight_penalty,
            feature_penalty,
            correlation=correlation,
            n_prior_rows=n_prior_rows,
        )
        self.shift_scale = shift_scale

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        modalities: Any = None,
        log_odds: Any = None,
        sample_weight: Any = None,
    ) -> Self:
        """Fit weights, intercept and residual.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Evidence of the towers, and their standardised features. Evidence is
            log-odds less those of the class shares that a tower was fitted with. All
            columns of a modality that a row lacks are NaN; another NaN among features
            is read as their mean, 0.
        y : array-like of shape (n_rows,)
            Class labels.
        modalities : dict of str to slice, default=None
            Columns of `X` that each modality gave; together all columns. None: all
            columns are of one modality, ``"x"``.
        log_odds : dict of str to slice, default=None
            Which columns of a modality are its evidence: one, or for three and more
            classes one a class, in the order of the sorted classes. Other columns are
            features, which are not read in rows with one modality.
        sample_weight : array-like of shape (n_rows,), default=None
            As many rows each row counts as: one of weight 0 is as if it were not there,
            and one of weight 2 as if it were there twice.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If all rows have the same `y`, the columns do not fit it, a row has NaN in a
            part of a modality's evidence, or a weight is below 0.
        """
        return self._fit(X, y, modalities, log_odds, sample_weight)

    # The evidence of classes

    def _learn_evidence(
        self, opinions: NDArray, y: Any, codes: NDArray, weights: Any
    ) -> None:
        self.log_prior_ = centred_log_shares(np.bincount(codes, weights))
        self.shift_ = np.zeros(len(self.classes_))
        present = ~np.isnan(opinions[:, :, 0])
        counts = present.sum(axis=1) if weights is None else present @ weights
        limits = largest_evidence(counts, len(self.classes_)).tolist()
        self.limits_ = dict(zip(self._odds, limits, strict=True))

    @property
    def _origin(self) -> NDArray:
        return self.log_prior_

    def _prior_intercept(
        self, added: Any, codes: NDArray, weights: Any = None
    ) -> NDArray:
        logits = self.log_prior_ + added.sum(axis=0)
        self.shift_ = fit_shift(logits, codes, self.shift_scale, weights)
        return self.log_prior_ + self.shift_

    def _evidence_groups(self, codes: NDArray) -> tuple[Any, Any]:
        return codes, len(self.classes_)

    def _opinions(self, X: Any) -> NDArray:
        """Centred log-ratios: (n_modalities_with_log_odds, n_rows, n_classes)."""
        n_classes = len(self.classes_)
        opinions = np.empty((len(self._odds), len(X), n_classes))
        for opinion, columns in zip(opinions, self._odds.values(), strict=True):
            odds = X[:, columns]
            opinion[:] = np.hstack([-odds / 2, odds / 2]) if n_classes == 2 else odds
        return opinions

    def _limited(self, opinions: NDArray) -> NDArray:
        largest = np.array(list(self.limits_.values()))
        return limit_evidence(opinions, largest[:, None, None])

    def decision_terms(self, X: Any) -> pd.DataFrame:
        """What each modality adds to the log-odds, row by row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        terms : DataFrame of shape (n_rows, n_terms) or (n_rows, n_terms * n_classes)
            Columns are pairs of modality and part (``"log-odds"``, weighted, or
            ``"features"``), the first one ``("intercept", "")``. Two classes: the
            terms of a row add up to the log-odds of the second. More: a third level is
            the class, and the terms of a class add up to its logit.
        """
        check_is_fitted(self)
        terms = self._terms(self._validate(X))
        if len(self.classes_) == 2:
            table = pd.DataFrame({key: t[:, 1] - t[:, 0] for key, t in terms.items()})
        else:
            table = pd.DataFrame(
                {
                    (*key, label): column
                    for key, t in terms.items()
                    for label, column in zip(self.classes_.tolist(), t.T, strict=True)
                }
            )
        return table

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        return softmax(sum(self._terms(self._validate(X)).values()), axis=1)
