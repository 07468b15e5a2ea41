"""Models of cohorts as differentiable functions of one of their modalities."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._inputs import read_cohort
from skmultimodal.fusion._outputs import Output
from skmultimodal.fusion._params import table_columns
from skmultimodal.fusion._twin_tower import BaseTwinTower
from skmultimodal.fusion._unimodal import BaseUnimodal
from skmultimodal.utils._torch_views import (
    ONE_OUTPUT,
    Batch,
    ModalityView,
    Route,
    align_logs,
    center_logs,
    clip_logs,
    modality_view,
    scale,
    torch_view,
)

__all__ = []


@modality_view.register
def _(model: BaseUnimodal, X: Any, modality: str) -> ModalityView:
    if model.modality != modality:
        raise NotExplainableError(
            f"the model reads modality {model.modality!r}, not {modality!r}."
        )
    cohort = _rows_with(model, X, modality, None)
    estimator = model.estimator_

    def log_probabilities(x: Any, rest: Any) -> torch.Tensor:
        logs = torch_view(estimator).log_probabilities(Batch(x))
        return align_logs(logs, _classes(estimator), _classes(model))

    rows = np.arange(len(cohort))
    routes = [Route(rows, log_probabilities, torch.zeros(len(cohort)))]
    return _view(model, estimator, model._input, cohort, routes)


@modality_view.register
def _(model: BaseTwinTower, X: Any, modality: str) -> ModalityView:
    towers = model._fitted_towers()
    tower = _find_tower(towers, modality)
    cohort = _rows_with(model, X, tower.modality, table_columns(model.towers))
    cohort, routes = model._read_routed(cohort)
    found = []
    whole = not hasattr(model, "classes_")  # the final estimator predicts every row
    rows = np.flatnonzero(routes.by_head | whole)
    if len(rows):
        rest = torch.as_tensor(model._features(cohort[rows])).double()
        found.append(Route(rows, _by_head(model, tower), rest))
    for mask, names in () if whole else routes.by_towers():
        others = [t for t in towers if t.name in names and t is not tower]
        rest = _sum_of_logs(model, others, cohort[mask])
        function = _by_towers(model, tower, len(names))
        found.append(Route(np.flatnonzero(mask), function, rest))
    return _view(model, tower.estimator, tower.inputs, cohort, found)


def _find_tower(towers: Any, modality: str) -> Any:
    found = [tower for tower in towers if tower.name == modality]
    found = found or [tower for tower in towers if tower.modality == modality]
    if len(found) != 1:
        names = [tower.name for tower in towers]
        number = "no tower" if not found else "several towers"
        raise NotExplainableError(
            f"the model has {number} for modality {modality!r}: its towers are {names}."
        )
    return found[0]


def _rows_with(model: Any, X: Any, modality: str, columns: Any) -> Cohort:
    cohort = read_cohort(model, X, reset=False, columns=columns)
    if modality not in cohort.modalities:
        raise ValueError(
            f"the data have no modality {modality!r}, only {cohort.modalities}."
        )
    has = cohort.has(modality)
    if not has.all():
        raise ValueError(
            f"patient {cohort.index[~has].tolist()[0]!r} lacks modality {modality!r}, "
            f"as do {(~has).sum()} of {len(has)} rows: pass X[X.has({modality!r})]."
        )
    return cohort


def _view(
    model: Any, estimator: Any, inputs: Any, cohort: Cohort, routes: Any
) -> ModalityView:
    names = inputs.feature_names or cohort.feature_names(inputs.modality)
    return ModalityView(
        estimator,
        np.asarray(inputs.read(cohort)),
        cohort.index,
        None if names is None else list(names),
        _classes(model),
        routes,
        _with_other_rows(model, cohort, inputs),
    )


def _with_other_rows(model: Any, cohort: Cohort, inputs: Any) -> Callable[..., Any]:
    """Maps other rows of a modality, beside the same others, to probabilities.

    The rows have the features of ``fit``, those of other modalities the cohort's.
    """
    # Rows that are changed piece by piece would fill the cache of a model.
    uncached = copy.copy(model)
    uncached.memory = None
    index = np.arange(len(cohort))
    blocks: dict[str, Any] = {}

    def keyed(ids: Any, rows: Any, names: Any) -> tuple[Any, Any]:
        if names is not None:
            rows = pd.DataFrame(np.asarray(rows), columns=list(names))
        return ids, rows

    def predict_proba(rows: Any) -> Any:
        if not hasattr(model, "classes_"):
            raise NotExplainableError(
                f"{type(model).__name__} has no probabilities, which this method "
                "explains."
            )
        if not blocks:
            for name in cohort.modalities:
                ids, names = index[cohort.has(name)], cohort.feature_names(name)
                blocks[name] = keyed(ids, cohort.block(name), names)
        names = inputs.feature_names
        blocks[inputs.modality] = keyed(index, np.asarray(rows), names)
        return uncached.predict_proba(Cohort(blocks, index=index))

    return predict_proba


# How a prediction depends on one tower


def _tower_logs(model: Any, tower: Any, batch: Any) -> torch.Tensor:
    """Log-probabilities of the model's classes."""
    view = torch_view(tower.estimator)
    if tower.head is None:
        logs, known = view.log_probabilities(batch), _classes(tower.estimator)
    else:
        read = Batch(view.features(batch).double())
        logs = torch_view(tower.head).log_probabilities(read)
        known = _classes(model)
        if hasattr(model, "classes_"):
            known = known[tower.head.classes_]
    return align_logs(logs, known, _classes(model))


def _classes(estimator: Any) -> Any:
    """Classes of a classifier, and what stands for them elsewhere."""
    return getattr(estimator, "classes_", ONE_OUTPUT)


def _by_towers(model: Any, tower: Any, n_towers: int) -> Callable[..., Any]:
    def log_probabilities(x: Any, rest: Any) -> torch.Tensor:
        logs = _tower_logs(model, tower, Batch(x)).cpu()
        return logs if n_towers == 1 else (clip_logs(logs) + rest) / n_towers

    return log_probabilities


def _sum_of_logs(model: Any, towers: Any, cohort: Cohort) -> Any:
    """Sum of the log-probabilities of other towers."""
    total = torch.zeros(len(cohort), len(model.classes_), dtype=torch.float64)
    for tower in towers:
        p = tower.predict(cohort, model._outcome, TowerCache(None))
        total += clip_logs(torch.as_tensor(p).double().log())
    return total


def _by_head(model: Any, tower: Any) -> Callable[..., Any]:
    span, scaler = model._spans[tower.name], model.scalers_[tower.name]
    head = model.final_estimator_
    codes = np.searchsorted(_classes(model), _classes(head))

    def log_probabilities(x: Any, rest: Any) -> torch.Tensor:
        batch, joint, outputs = Batch(x), rest.clone(), []
        if Output.FEATURES in span.holds:
            outputs.append(torch_view(tower.estimator).features(batch).double())
        if Output.LOG_ODDS in span.holds:
            logs = _tower_logs(model, tower, batch)[:, codes]
            if hasattr(model, "classes_"):
                logs = clip_logs(logs)
            two = logs.shape[1] == 2
            odds = logs[:, 1:] - logs[:, :1] if two else center_logs(logs)
            outputs.append(odds.double())
        joint[:, span.all] = scale(scaler, torch.cat(outputs, dim=1)).cpu()
        logs = torch_view(head).log_probabilities(Batch(joint)).cpu()
        return align_logs(logs, _classes(head), _classes(model))

    return log_probabilities
