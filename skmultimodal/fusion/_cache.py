"""Cached tower fits and features.

With the paper's rows a tower depends neither on the fold nor on the head, so a whole
search needs one fit per tower setting. The features of every row that a cohort's views
share are computed once, and each fold picks its own.
"""

import os
import pickle
import zlib
from inspect import signature
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_memory

from skmultimodal.cohort import Cohort
from skmultimodal.utils._code import code_key
from skmultimodal.utils._digest import block_key
from skmultimodal.utils._rows import as_dense
from skmultimodal.utils._sparse import rows_for
from skmultimodal.utils._warnings import warn
from skmultimodal.utils._weights import fit_weighted

__all__ = ["TowerCache"]


class _Sealed:
    """A result that is not loaded where its bytes are not those written.

    A changed bit of an array would be another result: pickles have no checksum. joblib
    warns of what cannot be loaded, and computes it anew.
    """

    def __init__(self, result: Any) -> None:
        self.result = result

    def __getstate__(self) -> tuple[Any, Any]:
        content = pickle.dumps(self.result, protocol=pickle.HIGHEST_PROTOCOL)
        return content, zlib.crc32(content)

    def __setstate__(self, state: Any) -> None:
        content, checksum = state
        if zlib.crc32(content) != checksum:
            raise ValueError("the bytes of a cached result are not those written")
        self.result = pickle.loads(content)


# Rows are read inside the cached functions: a hit reads none.


def _fit_tower(
    key: Any, tower: Any, inputs: Any, cohort: Cohort, y: Any, options: Any
) -> _Sealed:
    try:
        rows = rows_for(tower, inputs.read(cohort))
        return _Sealed(fit_weighted(tower, rows, y, **options))
    except (TypeError, ValueError) as error:
        unread = any(word in str(error) for word in ("convert", "promote", "float()"))
        words = inputs.describe_words(cohort) if unread else None
        if words is None:
            raise
        raise ValueError(words) from error


def _run_tower(
    key: Any, tower: Any, method: str, inputs: Any, cohort: Cohort
) -> _Sealed:
    rows = rows_for(tower, inputs.read(cohort))
    return _Sealed(as_dense(getattr(tower, method)(rows)))


class TowerCache:
    """Fit towers and run them, through a joblib.Memory if there is one.

    Parameters
    ----------
    memory : None, str, path or joblib.Memory
        A folder that cannot be used is warned of, and nothing is cached.
    """

    def __init__(self, memory: Any) -> None:
        self._hashed: dict[int, Any] = {}
        try:
            path = os.fspath(memory) if isinstance(memory, os.PathLike) else memory
            self.memory = check_memory(path)
        except OSError as error:
            self._warn(memory, error)
            self.memory = check_memory(None)
        self.active = self.memory.location is not None

    def _warn(self, location: Any, error: Any) -> None:
        warn(f"memory={str(location)!r} cannot be used, and is not: {error}")

    def _cached(self, function: Any, *arguments: Any) -> Any:
        """Call a function whose first argument names the others."""
        others = list(signature(function).parameters)[1:]
        try:
            return self.memory.cache(function, ignore=others)(*arguments).result
        except OSError as error:
            folder = str(self.memory.location)
            if not str(error.filename or folder).startswith(folder):
                raise  # a block that cannot be read
            self._warn(folder, error)
            return function(*arguments).result

    def fit(
        self, tower: Any, inputs: Any, cohort: Cohort, y: NDArray, **options: Any
    ) -> tuple[Any, str | None]:
        """Fit `tower` on the rows of `cohort`.

        Parameters
        ----------
        tower : estimator
        inputs : TowerInput
            Reads the tower's rows of a cohort.
        cohort : Cohort
            All of its rows have the modality.
        y : ndarray of shape (n_rows,)
        **options : dict
            For the tower's ``fit``; ``sample_weight`` as of `fit_weighted`.

        Returns
        -------
        tower : estimator
            Fitted.
        key : str or None
            Names the fit; None without a cache.
        """
        if not self.active:
            return _fit_tower(None, tower, inputs, cohort, y, options).result, None
        modality = inputs.modality
        positions = cohort.positions(modality)
        key = joblib.hash(
            (
                code_key(tower, *tower.get_params(deep=True).values()),
                _silenced(tower),
                self._block_key(cohort, modality),
                cohort.feature_names(modality),
                inputs.dtypes,
                positions[positions >= 0],
                np.asarray(y),
                {name: np.asarray(value) for name, value in options.items()},
            )
        )
        return self._cached(_fit_tower, key, tower, inputs, cohort, y, options), key

    def run(
        self, tower: Any, key: str | None, inputs: Any, cohort: Cohort, method: str
    ) -> NDArray:
        """Output of a method of a fitted tower for the rows of `cohort` that have it.

        Parameters
        ----------
        tower : estimator
        key : str or None
            As returned by ``fit``; None runs it without the cache.
        inputs : TowerInput
        cohort : Cohort
        method : str

        Returns
        -------
        output : ndarray of shape (n_present, n_outputs)
        """
        if key is None or not self.active:
            return _run_tower(key, tower, method, inputs, cohort).result
        modality = inputs.modality
        everyone = cohort.widest(modality)
        # Cohorts may share a block and not the rows that have it.
        place = everyone.positions(modality)
        names = cohort.feature_names(modality)
        block = self._block_key(cohort, modality)
        table_key = joblib.hash((key, block, place, names, method))
        try:
            table = self._cached(_run_tower, table_key, tower, method, inputs, everyone)
        except ValueError:  # a bad row that is perhaps not wanted
            return _run_tower(key, tower, method, inputs, cohort).result
        wanted = cohort.positions(modality)
        order = np.argsort(place)
        where = np.searchsorted(place, wanted[wanted >= 0], sorter=order)
        return table[order[where]]

    def _block_key(self, cohort: Cohort, modality: str) -> str:
        return cohort.content_key(modality, self._hash_once)

    def _hash_once(self, rows: Any, lazy: Any) -> str:
        """The key of a block, which does not change while one model is fitted."""
        if id(rows) not in self._hashed:
            self._hashed[id(rows)] = block_key(rows, lazy), rows
        return self._hashed[id(rows)][0]

    def __getstate__(self) -> dict[str, Any]:
        # In another process another block may have the number.
        return {**vars(self), "_hashed": {}}


def _silenced(estimator: Any) -> Any:
    """A copy without what changes no fit."""
    silent = clone(estimator)
    for name, value in silent.get_params(deep=True).items():
        if name.split("__")[-1] == "verbose" and value:
            silent.set_params(**{name: 0})
    return silent
