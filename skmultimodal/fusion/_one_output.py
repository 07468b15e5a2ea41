"""The twin tower for outcomes that towers predict by one number."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._outputs import reads_partial_rows
from skmultimodal.fusion._twin_tower import BaseTwinTower
from skmultimodal.utils._patterns import pattern_name

__all__ = ["OneOutputTwinTower"]


class OneOutputTwinTower(BaseTwinTower):
    """Twin tower whose final estimator predicts every row, from what the row has."""

    def predict(self, X: Any) -> NDArray:
        """Predict a number of each row: its mean, or its log-hazard.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        predicted : ndarray of shape (n_rows,)

        Raises
        ------
        ValueError
            If a row has no modality, a modality was never fitted, or rows that are not
            paired meet ``missing="error"``.
        """
        return self._predict(self._read_routed(X)[0])

    def decision_terms(self, X: Any) -> pd.DataFrame:
        """Compute what each modality adds to the prediction of each row.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        terms : DataFrame with one row per patient
            As of the final estimator's ``decision_terms``: the terms of a row add up to
            its prediction, and a modality that the row lacks adds 0.
        """
        cohort = self._read_routed(X)[0]
        terms = self.final_estimator_.decision_terms(self._features(cohort))
        return terms.set_axis(cohort.index, axis=0)

    def _predict(self, cohort: Cohort) -> NDArray:
        return self.final_estimator_.predict(self._features(cohort))

    def _pattern_names(self, cohort: Cohort) -> NDArray:
        """Towers that have something to read in each row: ndarray of str."""
        masks = np.column_stack(list(self._has(cohort).values()))
        kinds, kind_of = np.unique(masks, axis=0, return_inverse=True)
        towers = np.array(list(self.towers_))
        return np.array([pattern_name(towers[kind].tolist()) for kind in kinds])[
            kind_of.ravel()
        ]

    def _check_final_estimator(self) -> None:
        if not reads_partial_rows(self._final_estimator()):
            default = type(self._default_final_estimator()).__name__
            raise ValueError(
                "final_estimator must read rows that lack a modality (NaN) and the "
                f"evidence of towers (log_odds in fit), as {default} does; "
                f"{type(self.final_estimator).__name__} does not."
            )
