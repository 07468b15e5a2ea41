"""What is known after models of numbers, or of times to an event, were compared."""

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from skmultimodal.model_selection._fold_scores import FoldScores
from skmultimodal.model_selection._score_table import choose_names, rows_of

__all__ = ["OutcomeComparison"]


class OutcomeComparison(FoldScores):
    """Several models of a number or of a time, tested on the same rows of the folds.

    `compare_survival` and `compare_regressors` return it. Printing it shows the means.

    Parameters
    ----------
    scores : DataFrame
        One row per model, fold and metric.
    predictions : DataFrame
        One row per model, repeat and tested row.
    folds : list of Fold
        Named tuples ``(repeat, fold, train, test)``, with numbers of rows.
    test_to_train : float
        Tested over training rows, as for `corrected_t_test`.
    confidence_level : float, default=0.95
        Of the intervals.
    estimators : dict of str to estimator, default=None
        The models, unfitted.
    reference : str, default=None
        The model that others are compared with, if it was named beforehand.
    n_unpaired : int, default=0
        Rows with fewer modalities than those tested, which train the models of each
        fold: what is estimated is given these rows.
    horizons : ndarray of shape (n_folds,), default=None
        Of times, those up to which each fold is scored.

    Attributes
    ----------
    models : list of str
        Names of the models.
    metrics : list of str
        Names of the metrics.

    See Also
    --------
    compare_survival : Compares survival estimators.
    compare_regressors : Compares regressors.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal.model_selection import compare_regressors
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = {"mean": DummyRegressor(), "ridge": Ridge()}
    >>> result = compare_regressors(models, X, X[:, 0], cv=3)
    >>> result.differences()[["model_a", "model_b"]].iloc[0].tolist()
    ['mean', 'ridge']
    """

    def __init__(
        self,
        scores: pd.DataFrame,
        predictions: pd.DataFrame,
        *,
        folds: Any,
        test_to_train: float,
        confidence_level: float = 0.95,
        estimators: Any = None,
        reference: str | None = None,
        n_unpaired: int = 0,
        horizons: NDArray | None = None,
    ) -> None:
        self._scores = scores
        self._predictions = predictions
        self.folds = folds
        self.test_to_train = test_to_train
        self.confidence_level = confidence_level
        self.estimators = estimators
        self.reference = reference
        self.n_unpaired = n_unpaired
        self.horizons = horizons

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return self._scores["model"].unique().tolist()

    def predictions(self, *, models: list[str] | None = None) -> pd.DataFrame:
        """Out-of-fold predictions of each model.

        Parameters
        ----------
        models : list of str, default=None
            Which ones, in this order. None is all.

        Returns
        -------
        predictions : DataFrame
            One row per model, repeat and tested row: ``model``, ``repeat``, ``fold``,
            ``row``, ``id`` of the patient, ``pattern`` of the modalities that it has,
            ``predicted`` (a number or a risk), and the number ``y_true``, or ``event``
            and ``time``. Of numbers also the ends ``low`` and ``high`` of the 90 %
            interval, and of times ``survival``, the predicted probability of being
            without the event by the patient's own time (since the entry, where there is
            one); NaN of models without them.
        """
        names = choose_names("model", self.models, models)
        return rows_of(self._predictions, names)
