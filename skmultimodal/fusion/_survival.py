"""The twin tower for times to an event."""

from typing import Any

from skmultimodal.fusion._classifier import TwinTowerClassifier
from skmultimodal.fusion._inputs import JoinedScoreMixin
from skmultimodal.fusion._number_pools import HazardPoolSurvival
from skmultimodal.fusion._one_output import OneOutputTwinTower
from skmultimodal.towers._outcomes import TimeToEvent
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._survival import BaselineMixin

__all__ = ["TwinTowerSurvival"]


@described_like(
    TwinTowerClassifier,
    without=("classes_",),
    towers=(
        "Pairs of name and estimator: a survival estimator, or one with "
        "``transform``. None gives each modality one by its rows: "
        "ImageTowerSurvival, GeneAutoencoderSurvival or CoxRidgeSurvival."
    ),
    missing='"error" refuses rows that lack a modality; else they are predicted.',
    final_estimator="HazardPoolSurvival, or another that reads rows with NaN.",
)
class TwinTowerSurvival(JoinedScoreMixin, BaselineMixin, OneOutputTwinTower):
    """Survival estimator of patients of whom most have only one modality.

    It is `TwinTowerClassifier` for the time to an event, such as death, that was not
    seen in every patient: each tower learns log-hazards from all rows that have its
    modality and is calibrated out of fold, and one pool, `HazardPoolSurvival`, predicts
    every row from what it has. Hazards are proportional: a log-hazard is relative to
    the baseline hazard of all training rows, or of their stratum.

    Attributes
    ----------
    final_estimator_ : estimator
        Fitted.
    class_counts_ : dict of str to ndarray of int, shape (3,)
        Censored rows, rows with the event, and rows without a time, by tower and for
        the final estimator.
    baselines_ : dict of int to Baseline
        Cumulative baseline hazard of each stratum.
    tower_heads_ : dict of str to estimator
        What predicts from the features of a tower that does not predict.

    See Also
    --------
    TwinTowerClassifier : For class labels.
    TwinTowerRegressor : For numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import (
    ...     Cohort,
    ...     CoxRidgeSurvival,
    ...     TwinTowerSurvival,
    ...     make_survival_target,
    ... )
    >>> rng = np.random.default_rng(0)
    >>> gene, lab = rng.normal(size=(90, 5)), rng.normal(size=(90, 3))
    >>> time = rng.exponential(np.exp(-gene[:, 0] - lab[:, 0]))
    >>> y = make_survival_target(event=rng.random(90) < 0.7, time=time)
    >>> gene[:30], lab[60:] = np.nan, np.nan  # absent
    >>> X = Cohort({"gene": gene, "lab": lab})
    >>> towers = [("gene", CoxRidgeSurvival()), ("lab", CoxRidgeSurvival())]
    >>> model = TwinTowerSurvival(towers, random_state=0).fit(X, y)
    >>> model.predict_survival_function(X, times=[0.5, 1.0]).shape
    (90, 2)
    """

    _outcome_type = TimeToEvent

    @staticmethod
    def _default_final_estimator() -> HazardPoolSurvival:
        return HazardPoolSurvival()

    # The mixin's is assigned in fit; this one is derived from the fitted part.
    @property
    def baselines_(self) -> dict[Any, Any]:  # type: ignore[override]
        """Cumulative baseline hazard of each stratum: dict of int to Baseline."""
        return self.final_estimator_.baselines_
