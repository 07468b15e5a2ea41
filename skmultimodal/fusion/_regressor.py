"""The twin tower for numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from skmultimodal.fusion._classifier import TwinTowerClassifier
from skmultimodal.fusion._inputs import JoinedScoreMixin
from skmultimodal.fusion._number_pools import GaussianPoolRegressor
from skmultimodal.fusion._one_output import OneOutputTwinTower
from skmultimodal.towers._outcomes import Numbers
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._optional import import_optional

__all__ = ["TwinTowerRegressor"]

# Fewer rows of a pattern do not show the spread of its errors.
MIN_ROWS = 30


@described_like(
    TwinTowerClassifier,
    without=("classes_",),
    towers=(
        "Pairs of name and estimator: a regressor, or one with ``transform``. None "
        "gives each modality one by its rows: ImageTowerRegressor, "
        "GeneAutoencoderRegressor or Ridge."
    ),
    missing='"error" refuses rows that lack a modality; else they are predicted.',
    final_estimator="GaussianPoolRegressor, or another that reads rows with NaN.",
)
class TwinTowerRegressor(JoinedScoreMixin, RegressorMixin, OneOutputTwinTower):
    """Regressor of patients of whom most have only one modality.

    It is `TwinTowerClassifier` for a number, such as an age or a score: each tower
    learns from all rows that have its modality and is calibrated out of fold, and one
    pool, `GaussianPoolRegressor`, predicts every row from what it has.

    Attributes
    ----------
    final_estimator_ : estimator
        Fitted.
    class_counts_ : dict of str to ndarray of int, shape (2,)
        Rows with a number and without, by tower and for the final estimator.
    interval_errors_ : dict of str to ndarray of shape (n_rows,)
        Sizes of the errors of held-out predictions by pattern of modalities, sorted, of
        which ``predict_interval`` takes quantiles.
    target_mean_, target_std_ : float
        Mean and standard deviation of `y` in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``, beyond which nothing is predicted.
    tower_heads_ : dict of str to estimator
        What predicts from the features of a tower that does not predict.

    See Also
    --------
    TwinTowerClassifier : For class labels.
    TwinTowerSurvival : For times to an event.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal import Cohort, TwinTowerRegressor
    >>> rng = np.random.default_rng(0)
    >>> gene, lab = rng.normal(size=(90, 5)), rng.normal(size=(90, 3))
    >>> age = 60 + 5 * gene[:, 0] + 5 * lab[:, 0]
    >>> gene[:30], lab[60:] = np.nan, np.nan  # absent
    >>> X = Cohort({"gene": gene, "lab": lab})
    >>> towers = [("gene", Ridge()), ("lab", Ridge())]
    >>> model = TwinTowerRegressor(towers, random_state=0).fit(X, age)
    >>> model.predict(X).shape
    (90,)
    """

    _outcome_type = Numbers

    @staticmethod
    def _default_final_estimator() -> GaussianPoolRegressor:
        return GaussianPoolRegressor()

    def _fit_final(self, outputs: Any, data: Any, seed: Any) -> tuple[Any, Any]:
        Z, y = super()._fit_final(outputs, data, seed)
        # The evidence in Z is out of fold, and so nearly are these errors.
        errors = np.abs(y - self.final_estimator_.predict(Z))
        names = self._pattern_names(data.cohort[data.train])
        self.interval_errors_ = {
            str(name): np.sort(errors[names == name]) for name in np.unique(names)
        }
        return Z, y

    def predict_interval(self, X: Any, coverage: float = 0.9) -> NDArray:
        """Predict intervals that hold the number of so many new patients.

        They are conformal (Mondrian) within a pattern of modalities: the quantile of
        the errors of held-out predictions for the rows with that pattern, if they are
        at least 30; else of all rows with as many modalities, or of all.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``
        coverage : float, default=0.9
            Between 0 and 1, both excluded.

        Returns
        -------
        intervals : ndarray of shape (n_rows, 2)
            Lower and upper end.

        Notes
        -----
        Needs the extra ``conformal`` (crepes). Weights of the pool were fitted on the
        same rows as the quantiles, which makes intervals a little too narrow with few
        rows.
        """
        crepes = import_optional("crepes", "conformal")
        if not 0 < coverage < 1:
            raise ValueError(f"coverage must be between 0 and 1, got {coverage!r}.")
        needed = int(np.ceil(coverage / (1 - coverage)))
        n_errors = sum(map(len, self.interval_errors_.values()))
        if n_errors < needed:
            raise ValueError(
                f"coverage={coverage!r} needs {needed} labelled rows in fit, and there "
                f"were {n_errors}: choose a lower one."
            )
        cohort = self._read_routed(X)[0]
        predicted = self._predict(cohort)
        names = self._pattern_names(cohort)
        intervals = np.empty((len(predicted), 2))
        for name in np.unique(names):
            rows = names == name
            errors = self._errors_of(str(name), needed)
            conformal = crepes.ConformalRegressor().fit(errors)
            intervals[rows] = conformal.predict_int(
                predicted[rows], confidence=coverage
            )
        return intervals

    def _errors_of(self, name: str, needed: Any) -> NDArray:
        """Errors that those of a pattern are like."""
        own = self.interval_errors_.get(name, np.empty(0))
        least = max(MIN_ROWS, needed)
        if len(own) >= least:
            return own
        size = name.count("+")
        alike = [e for n, e in self.interval_errors_.items() if n.count("+") == size]
        together = np.concatenate([own, *alike])
        if len(together) >= least:
            return together
        return np.concatenate(list(self.interval_errors_.values()))
