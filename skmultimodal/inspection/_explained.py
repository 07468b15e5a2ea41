"""The score of a class as a function of one modality of some rows."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.fusion import TwinTowerClassifier, UnimodalClassifier
from skmultimodal.fusion._cache import TowerCache
from skmultimodal.fusion._input import read_cohort
from skmultimodal.fusion._rows import HEAD
from skmultimodal.fusion._scaling import FEATURES, LOG_ODDS
from skmultimodal.inspection._graph import (
    Batch,
    align,
    bounded,
    centred,
    features,
    log_probabilities,
    read_rows,
    scaled,
)
from skmultimodal.utils._labels import find_positive
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._threads import one_thread

__all__ = ["Explained", "Route", "explain_rows"]

ROWS_AT_ONCE = 16


@dataclass
class Route:
    """Rows that are answered in the same way.

    Parameters
    ----------
    rows : ndarray of int
        Their numbers.
    log_probabilities : callable
        Maps ``(x, rest)``, Tensors of what the modality's estimator reads and of what
        the others have said, to log-probabilities (n_rows, n_classes).
    rest : Tensor of shape (n_rows, ...)
    """

    rows: Any
    log_probabilities: Callable
    rest: Any


@dataclass
class Explained:
    """Rows of one modality, and the score of a class as a function of them.

    Parameters
    ----------
    estimator : estimator
        What reads the modality.
    raw : ndarray of shape (n_rows, ...)
        Rows of the modality, as given.
    ids : pandas.Index of shape (n_rows,)
    names : list of str or None
        Names of the features.
    classes : ndarray of shape (n_classes,)
    positive : int
        Number of the class whose score is explained: its log-odds against all others.
    routes : list of Route
    predict_proba : callable
        Maps other rows of the modality, in the place of `raw`, to probabilities.
    """

    estimator: Any
    raw: Any
    ids: Any
    names: Any
    classes: Any
    positive: int
    routes: Any
    predict_proba: Callable

    def score(self, logs):
        """Score of the class: (n_rows, n_classes) -> (n_rows,)."""
        others = [i for i in range(len(self.classes)) if i != self.positive]
        return logs[:, self.positive] - torch.logsumexp(logs[:, others], dim=1)

    def attribute(self, method):
        """Attributions by a method of captum, some rows at a time.

        Parameters
        ----------
        method : callable
            Maps ``(function, x, (rest,), rows)`` to a tuple of Tensors with a row for
            each of x; `function` is differentiable.

        Returns
        -------
        parts : list of ndarray, each with a row for each explained row
        """
        found, order = [], []
        for route in self.routes:

            def function(x, rest, route=route):
                return self.score(route.log_probabilities(x, rest))

            for start in range(0, len(route.rows), ROWS_AT_ONCE):
                part = slice(start, start + ROWS_AT_ONCE)
                rows = route.rows[part]
                x = read_rows(self.estimator, self.raw[rows])
                with one_thread():
                    parts = method(function, x, (route.rest[part],), rows)
                found.append([p.detach().cpu().numpy() for p in parts])
                order.append(rows)
        back = np.argsort(np.concatenate(order))
        return [np.concatenate(p)[back] for p in zip(*found, strict=True)]

    def integrate_gradients(self, make_baseline, n_steps):
        """Integrated gradients of the score.

        Parameters
        ----------
        make_baseline : callable
            Maps some rows, as the estimator reads them, to their baselines.
        n_steps : int

        Returns
        -------
        shares : ndarray of shape (n_rows, ...), as the estimator reads them
        score, baseline_score : ndarray of shape (n_rows,)
        """
        captum = import_optional("captum.attr", "explain")

        def method(function, x, rest, rows):
            baseline = make_baseline(x)
            shares = captum.IntegratedGradients(function).attribute(
                x,
                baseline,
                additional_forward_args=rest,
                n_steps=n_steps,
                internal_batch_size=8 * len(x),
            )
            with torch.no_grad():
                return shares, function(x, *rest), function(baseline, *rest)

        return self.attribute(method)


def explain_rows(estimator, X, modality, positive):
    """Take a fitted model apart for the rows of `X`, all of which have `modality`.

    Parameters
    ----------
    estimator : estimator
        A `TwinTowerClassifier`, a `UnimodalClassifier`, a search over them, or a tower
        by itself, which reads rows of the modality.
    X : Cohort or other input, or, for a tower, its rows
    modality : str
    positive : class label or None

    Returns
    -------
    explained : Explained
    """
    check_is_fitted(estimator)
    if hasattr(estimator, "best_estimator_"):
        return explain_rows(estimator.best_estimator_, X, modality, positive)
    if isinstance(estimator, FrozenEstimator):
        return explain_rows(estimator.estimator, X, modality, positive)
    if isinstance(estimator, TwinTowerClassifier):
        return _explain_fused(estimator, X, modality, positive)
    if isinstance(estimator, UnimodalClassifier):
        return _explain_unimodal(estimator, X, modality, positive)
    return _explain_tower(estimator, X, positive)


def _explain_tower(estimator, X, positive):
    if isinstance(X, Cohort):
        raise NotExplainableError(
            f"{type(estimator).__name__} reads rows of one modality, not a Cohort: "
            "give it X.block(modality), or explain a model of cohorts."
        )
    if not hasattr(estimator, "predict_proba"):
        raise NotExplainableError(
            f"this {type(estimator).__name__} has no classes to explain: fit it with "
            "labels, or explain the model that it is a tower of."
        )
    frame = isinstance(X, pd.DataFrame)
    raw = np.asarray(X)
    route = Route(
        np.arange(len(raw)),
        lambda x, rest: log_probabilities(estimator, Batch(x)),
        torch.zeros(len(raw)),
    )
    names = list(X.columns) if frame else None

    def predict_proba(rows):
        rows = pd.DataFrame(rows, X.index, X.columns) if frame else rows
        return estimator.predict_proba(rows)

    return Explained(
        estimator,
        raw,
        X.index if frame else pd.RangeIndex(len(raw)),
        _known_names(estimator) if names is None else names,
        estimator.classes_,
        find_positive(estimator.classes_, positive, of="the model"),
        [route],
        predict_proba,
    )


def _known_names(estimator):
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else list(names)


def _explain_unimodal(model, X, modality, positive):
    if model.modality != modality:
        raise NotExplainableError(
            f"the model reads modality {model.modality!r}, not {modality!r}."
        )
    cohort = _rows_with(model, X, modality)
    tower = model._tower
    route = Route(
        np.arange(len(cohort)),
        lambda x, rest: align(
            log_probabilities(tower.estimator, Batch(x)),
            tower.estimator.classes_,
            model.classes_,
        ),
        torch.zeros(len(cohort)),
    )
    return _explained(model, tower, cohort, modality, positive, [route])


def _explain_fused(model, X, modality, positive):
    tower = _find_tower(model, modality)
    cohort = _rows_with(model, X, tower.modality)
    cohort, answered_by = model._read_routed(cohort)
    routes = []
    for pattern in np.unique(answered_by):
        rows = np.flatnonzero(answered_by == pattern)
        if pattern == HEAD:
            rest = torch.as_tensor(model._features(cohort[rows], fill=0)).double()
            routes.append(Route(rows, _by_head(model, tower), rest))
        else:
            names = pattern.split("+")
            others = [t for t in model._towers if t.name in names and t is not tower]
            rest = _said(others, cohort[rows], len(model.classes_))
            routes.append(Route(rows, _by_towers(tower, len(names)), rest))
    return _explained(model, tower, cohort, tower.modality, positive, routes)


def _find_tower(model, modality):
    found = [t for t in model._towers if t.name == modality]
    found = found or [t for t in model._towers if t.modality == modality]
    if len(found) != 1:
        names = [t.name for t in model._towers]
        told = "no tower" if not found else "several towers"
        raise NotExplainableError(
            f"the model has {told} for modality {modality!r}: its towers are {names}."
        )
    return found[0]


def _rows_with(model, X, modality):
    columns = model._columns() if hasattr(model, "_columns") else None
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


def _explained(model, tower, cohort, modality, positive, routes):
    given = tower.feature_names or cohort.feature_names(modality)
    return Explained(
        tower.estimator,
        np.asarray(tower.read(cohort)),
        cohort.index,
        None if given is None else list(given),
        model.classes_,
        find_positive(model.classes_, positive, of="the model"),
        routes,
        _replacing(model, cohort, modality),
    )


def _replacing(model, cohort, modality):
    """Maps other rows of a modality to what the model says of them."""
    # Rows that are changed piece by piece would fill the cache of a model.
    uncached = copy.copy(model)
    uncached.memory = None
    blocks = {}

    def predict_proba(rows):
        if not blocks:
            for name in cohort.modalities:
                has = cohort.has(name)
                shape = (len(has), *cohort.block_shape(name)[1:])
                blocks[name] = np.full(shape, np.nan)
                blocks[name][has] = np.asarray(cohort.block(name))
        blocks[modality] = np.asarray(rows)
        return uncached.predict_proba(Cohort(blocks, index=cohort.index))

    return predict_proba


# How the answer depends on one tower


def _tower_logs(tower, batch):
    """Log-probabilities of the parent's classes."""
    if tower.head is None:
        logs = log_probabilities(tower.estimator, batch)
        known = tower.estimator.classes_
    else:
        read = Batch(features(tower.estimator, batch).double())
        logs = log_probabilities(tower.head, read)
        known = tower.classes[tower.head.classes_]
    return align(logs, known, tower.classes)


def _by_towers(tower, n_towers):
    def log_probs(x, rest):
        logs = _tower_logs(tower, Batch(x)).cpu()
        return logs if n_towers == 1 else (bounded(logs) + rest) / n_towers

    return log_probs


def _said(towers, cohort, n_classes):
    """Sum of the log-probabilities of other towers."""
    total = torch.zeros(len(cohort), n_classes, dtype=torch.float64)
    for tower in towers:
        said = torch.as_tensor(tower.probabilities(cohort, TowerCache(None)))
        total += bounded(said.double().log())
    return total


def _by_head(model, tower):
    columns = model._scaler._columns[tower.name]
    scalers = model._scaler._scalers[tower.name]
    head = model.final_estimator_

    def log_probs(x, rest):
        batch, joint = Batch(x), rest.clone()
        for part, span in columns.items():
            if part == FEATURES:
                output = features(tower.estimator, batch)
            elif part == LOG_ODDS:
                logs = bounded(_tower_logs(tower, batch)[:, tower.fused])
                output = logs[:, 1:] - logs[:, :1]
                output = output if logs.shape[1] == 2 else centred(logs)
            joint[:, span] = scaled(scalers[part], output.double()).cpu()
        logs = log_probabilities(head, Batch(joint)).cpu()
        return align(logs, head.classes_, model.classes_)

    return log_probs
