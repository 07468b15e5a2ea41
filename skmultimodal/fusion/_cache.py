"""Cached tower fits and features.

With the paper's rows a tower depends neither on the fold nor on the head, so a whole
search needs one fit per tower setting. The features of every row that a cohort's views
share are computed once, and each fold picks its own.
"""

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import check_memory

import skmultimodal
from skmultimodal.utils._digest import block_key
from skmultimodal.utils._rows import as_dense

__all__ = ["TowerCache"]


# Rows are read inside the cached functions: a hit reads none.


def _fit_tower(key, tower, read, cohort, y, options):
    return tower.fit(read(cohort), y, **options)


def _run_tower(key, tower, method, read, cohort):
    return as_dense(getattr(tower, method)(read(cohort)))


class TowerCache:
    """Fit towers and run them, through a joblib.Memory if there is one.

    Parameters
    ----------
    memory : None, str or joblib.Memory
    """

    def __init__(self, memory):
        self.memory = check_memory(memory)
        self.active = self.memory.location is not None

    def fit(self, tower, cohort, modality, read, y, **options):
        """Fit `tower` on the rows of `cohort`, labels `y`; `read` as of ``run``.

        `options` are passed to the tower's ``fit``.

        Returns
        -------
        tower : estimator
            Fitted.
        key : str or None
            Names the fit; None without a cache.
        """
        if not self.active:
            return _fit_tower(None, tower, read, cohort, y, options), None
        positions = cohort.positions(modality)
        key = joblib.hash(
            (
                skmultimodal.__version__,
                _silenced(tower),
                self._block_key(cohort, modality),
                cohort.feature_names(modality),
                positions[positions >= 0],
                np.asarray(y),
                {name: np.asarray(value) for name, value in options.items()},
            )
        )
        ignored = ["tower", "read", "cohort", "y", "options"]
        fit = self.memory.cache(_fit_tower, ignore=ignored)
        return fit(key, tower, read, cohort, y, options), key

    def run(self, tower, key, cohort, modality, method, read):
        """Output of a method of a fitted tower for the rows of `cohort` that have it.

        Parameters
        ----------
        tower : estimator
        key : str or None
            As given by ``fit``.
        cohort : Cohort
        modality : str
        method : str
        read : callable
            Maps a cohort to its checked rows of the modality.

        Returns
        -------
        output : ndarray of shape (n_present, n_outputs)
        """
        if key is None or not self.active:
            return _run_tower(key, tower, method, read, cohort)
        everyone = cohort.widest(modality)
        run = self.memory.cache(_run_tower, ignore=["tower", "read", "cohort"])
        # Cohorts may share a block and not the rows that have it.
        place = everyone.positions(modality)
        names = cohort.feature_names(modality)
        block = self._block_key(cohort, modality)
        table_key = joblib.hash((key, block, place, names, method))
        try:
            table = run(table_key, tower, method, read, everyone)
        except ValueError:  # a bad row that is perhaps not wanted
            return _run_tower(key, tower, method, read, cohort)
        wanted = cohort.positions(modality)
        order = np.argsort(place)
        where = np.searchsorted(place, wanted[wanted >= 0], sorter=order)
        return table[order[where]]

    def _block_key(self, cohort, modality):
        return cohort.content_key(modality, block_key)


def _silenced(estimator):
    """A copy without what changes no fit."""
    silent = clone(estimator)
    for name, value in silent.get_params(deep=True).items():
        if name.split("__")[-1] == "verbose" and value:
            silent.set_params(**{name: 0})
    return silent
