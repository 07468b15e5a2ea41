"""What of an estimator goes into a file, and what of a file comes into an estimator.

Left out are places to read from and to write to, and what is about single patients.
"""

import copy
import os
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from skmultimodal.persistence._values import model_parts
from skmultimodal.utils._parts import about_rows, bound_to_memory

__all__ = ["copy_to_save", "drop_places"]

GRIDS = "param_grid", "param_distributions", "best_params_", "cv_results_"
PRE_DISPATCH = "2*n_jobs"


@about_rows.register(BaggingClassifier | BaggingRegressor)
@about_rows.register(ExtraTreesClassifier | ExtraTreesRegressor)
@about_rows.register(RandomForestClassifier | RandomForestRegressor)
def _(estimator: Any) -> set[str]:
    return {"oob_decision_function_", "oob_prediction_"}


@about_rows.register(SelfTrainingClassifier)
def _(estimator: Any) -> set[str]:
    return {"transduction_", "labeled_iter_"}


def copy_to_save(estimator: Any, strip: bool) -> Any:
    """A copy without places and, if `strip`, what is about single training rows.

    Parameters
    ----------
    estimator : estimator
    strip : bool

    Returns
    -------
    copied : estimator
        It shares its arrays with `estimator`.
    """
    copied = _copy(estimator, {})
    _forget_memory(copied, None)
    for part in model_parts(copied) if strip else ():
        for name in about_rows(part):
            vars(part).pop(name, None)
    return copied


def _copy(value: Any, made: Any) -> Any:
    """`value` with containers and estimators of its own; once, where it is shared."""
    if id(value) in made:
        return made[id(value)][0]
    copied = value
    if isinstance(value, BaseEstimator) and not isinstance(value, type):
        copied = copy.copy(value)
        made[id(value)] = copied, value
        for name, inner in list(vars(copied).items()):
            vars(copied)[name] = _copy(inner, made)
    elif type(value) is dict:
        copied = {key: _copy(inner, made) for key, inner in value.items()}
    elif type(value) in (list, tuple):
        copied = type(value)(_copy(inner, made) for inner in value)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        copied = value.copy()
        for place, inner in np.ndenumerate(value):
            copied[place] = _copy(inner, made)
    made[id(value)] = copied, value  # the value is kept, and so its id
    return copied


def drop_places(estimator: Any, memory: Any) -> None:
    """Take out, in place, where a loaded estimator reads and writes, and processes.

    Parameters
    ----------
    estimator : estimator
    memory : None, str, path or joblib.Memory
        What takes the place of the `memory` of each part.
    """
    _forget_memory(estimator, memory)
    n_cores = os.cpu_count() or 1
    for part in model_parts(estimator):
        state = vars(part)
        n_jobs = state.get("n_jobs")
        # NumPy's integers are numbers of processes as well.
        if isinstance(n_jobs, Integral) and not -n_cores <= int(n_jobs) <= n_cores:
            part.n_jobs = None
        if "pre_dispatch" in state:
            part.pre_dispatch = PRE_DISPATCH  # joblib computes what stands there
        if "_n_threads" in state:
            part._n_threads = min(int(part._n_threads), n_cores)


def _forget_memory(estimator: Any, memory: Any) -> None:
    """Replace every `memory`, and forget what it was asked for."""
    for part in model_parts(estimator):
        state = vars(part)
        if "memory" in state:
            state["memory"] = memory
        state.update(bound_to_memory(part))
        for name in GRIDS:
            if state.get(name) is not None:
                state[name] = _without_memory(state[name])


def _without_memory(grid: Any) -> Any:
    """Settings of a search, or their results, without those of a memory."""
    if isinstance(grid, list | tuple):
        return type(grid)(_without_memory(one) for one in grid)
    if not isinstance(grid, dict):
        return grid
    return {
        name: _without_memory(value) if name == "params" else value
        for name, value in grid.items()
        if str(name).removeprefix("param_").split("__")[-1] != "memory"
    }
