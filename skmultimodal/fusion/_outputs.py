"""What fitted towers give of rows, and what the final estimator makes of it."""

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._input import read_cohort
from skmultimodal.fusion._routes import tower_answers
from skmultimodal.fusion._rows import (
    HEAD,
    modality_masks,
    refuse_empty_rows,
    route_rows,
)
from skmultimodal.utils._probability import log_odds

__all__ = ["TowerOutputsMixin", "final_has"]


def final_has(method):
    """Check, for ``available_if``, that the final estimator has a method."""

    def check(self):
        final = getattr(self, "final_estimator_", None)
        return hasattr(self._final_estimator() if final is None else final, method)

    return check


class TowerOutputsMixin(TransformerMixin):
    """Routes, features and terms of rows, by ``_towers`` and ``_scaler``."""

    def predict_route(self, X):
        """Tell how each row is predicted.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        route : ndarray of str, shape (n_rows,)
            ``"head"`` for the final estimator, else the modalities whose towers
            answer, such as ``"image"``.
        """
        check_is_fitted(self)
        return self._read_routed(X)[1]

    def transform(self, X):
        """Compute the features of the towers.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        Z : ndarray of float32, shape (n_rows, n_outputs)
            Standardised features of each tower, or its centred log-odds if the final
            estimator reads those alone; NaN where a modality is absent.
        """
        check_is_fitted(self)
        cohort = read_cohort(self, X, reset=False, columns=self._columns())
        refuse_empty_rows(cohort, modality_masks(cohort, self._towers))
        shown = np.concatenate(list(self._scaler.shown.values()))
        return self._features(cohort, fill=np.nan)[:, shown]

    @available_if(final_has("decision_terms"))
    def decision_terms(self, X):
        """What each modality adds to the log-odds of each row.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        terms : DataFrame with a row per patient
            As of ``LogOpinionPoolClassifier.decision_terms``, whose ``weights_`` are
            the weights. The terms of a row add up to what ``predict_proba`` says of it:
            where towers answer without the final estimator (see ``predict_route``),
            there are only their log-odds, divided by the number of towers. What says
            nothing of a row adds 0.
        """
        check_is_fitted(self)
        cohort, route = self._read_routed(X)
        terms = self.final_estimator_.decision_terms(self._features(cohort, fill=0))
        terms = terms.set_axis(cohort.index, axis=0)
        if self.missing != "tower":
            return terms
        several = terms.columns.nlevels > 2
        levels = [(c,) for c in self.classes_.tolist()] if several else [()]
        said = {
            (tower.name, "log-odds", *level): np.zeros(len(cohort))
            for tower in self._towers
            for level in levels
        }
        answers = tower_answers(self._towers, cohort, route, TowerCache(self.memory))
        for rows, by_tower in answers:
            for name, probabilities in by_tower.items():
                odds = log_odds(probabilities) / len(by_tower)
                for level, column in zip(levels, odds.T, strict=True):
                    said[name, "log-odds", *level][rows] = column
        terms[route != HEAD] = 0.0
        said = pd.DataFrame(said, index=cohort.index)
        columns = terms.columns.union(said.columns, sort=False)
        return terms.reindex(columns=columns, fill_value=0.0).add(
            said.reindex(columns=columns, fill_value=0.0)
        )

    def get_feature_names_out(self, input_features=None):
        """Name the columns of ``transform``.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str, shape (n_outputs,)
            The name of the tower and a number: ``image0``, ``image1``, ...
        """
        check_is_fitted(self)
        return self._scaler.names()

    def _read_routed(self, X):
        cohort = read_cohort(self, X, reset=False, columns=self._columns())
        has = modality_masks(cohort, self._towers)
        refuse_empty_rows(cohort, has)
        return cohort, route_rows(cohort, has, self.missing)

    def _features(self, cohort, fill):
        """What the final estimator reads; `fill` where a modality is absent."""
        cache = TowerCache(self.memory)
        has = modality_masks(cohort, self._towers)
        parts = [
            (t.name, rows, t.output(cohort[rows], cache))
            for t in self._towers
            if (rows := has[t.name]).any()
        ]
        return self._scaler.join(parts, len(cohort), fill)
