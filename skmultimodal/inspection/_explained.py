"""The score of a class as a function of one modality of some rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.inspection import _graph as _graph  # views of scikit-learn's
from skmultimodal.utils._labels import find_positive
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._threads import one_thread
from skmultimodal.utils._torch_views import (
    ONE_OUTPUT,
    Batch,
    ModalityView,
    Route,
    modality_view,
    torch_view,
)

__all__ = ["Explained", "explain_rows"]

ROWS_AT_ONCE = 16


class Explained(NamedTuple):
    """Rows of one modality, and the score of a class as a function of them.

    Parameters
    ----------
    view : ModalityView
    positive : int
        Number of the class whose score is explained: its log-odds against all others.
    """

    view: ModalityView
    positive: int

    def score(self, logs: Any) -> torch.Tensor:
        """Score of the class: (n_rows, n_classes) -> (n_rows,)."""
        others = [i for i in range(len(self.view.classes)) if i != self.positive]
        return logs[:, self.positive] - torch.logsumexp(logs[:, others], dim=1)

    def attribute(self, method: Callable[..., Any]) -> list[Any]:
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
        for route in self.view.routes:

            def function(x: Any, rest: Any, route: Any = route) -> torch.Tensor:
                return self.score(route.log_probabilities(x, rest))

            for start in range(0, len(route.rows), ROWS_AT_ONCE):
                part = slice(start, start + ROWS_AT_ONCE)
                rows = route.rows[part]
                x = torch_view(self.view.estimator).read_rows(self.view.raw[rows])
                with one_thread():
                    parts = method(function, x, (route.rest[part],), rows)
                found.append([p.detach().cpu().numpy() for p in parts])
                order.append(rows)
        back = np.argsort(np.concatenate(order))
        return [np.concatenate(p)[back] for p in zip(*found, strict=True)]

    def of_members(self) -> list[Any]:
        """The same rows by each member of an ensemble that reads them: list.

        Empty if the estimator is no ensemble, or was not fitted on every class.
        """
        view = self.view
        known = getattr(view.estimator, "classes_", ONE_OUTPUT)
        if list(known) != list(view.classes):
            return []
        rows = np.arange(len(view.raw))

        def route_of(member: Any) -> Route:
            return Route(rows, lambda x, rest: member(Batch(x)), torch.zeros(len(rows)))

        members = torch_view(view.estimator).members()
        return [
            self._replace(view=replace(view, routes=[route_of(member)]))
            for member in members
        ]

    def integrate_gradients(
        self, make_baseline: Callable[..., Any], n_steps: int
    ) -> Any:
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

        def method(function: Any, x: Any, rest: Any, rows: Any) -> tuple[Any, Any, Any]:
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


def explain_rows(estimator: Any, X: Any, modality: str, positive: Any) -> Any:
    """Take a fitted model apart for the rows of `X`, all of which have `modality`.

    Parameters
    ----------
    estimator : estimator
        A model of cohorts, a search over one, or a tower by itself, which reads rows of
        the modality.
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
    view = modality_view(estimator, X, modality) or _tower_view(estimator, X)
    return Explained(view, find_positive(view.classes, positive, of="the model"))


def _tower_view(estimator: Any, X: Any) -> ModalityView:
    if isinstance(X, Cohort):
        raise NotExplainableError(
            f"{type(estimator).__name__} reads rows of one modality, not a Cohort: "
            "give it X.block(modality), or explain a model of cohorts."
        )
    if not any(hasattr(estimator, name) for name in ("predict_proba", "predict")):
        raise NotExplainableError(
            f"this {type(estimator).__name__} has no classes to explain: fit it with "
            "labels, or explain the model that it is a tower of."
        )
    frame = isinstance(X, pd.DataFrame)
    raw = np.asarray(X)
    names = X.columns if frame else getattr(estimator, "feature_names_in_", None)

    def log_probabilities(x: Any, rest: Any) -> torch.Tensor:
        return torch_view(estimator).log_probabilities(Batch(x))

    def predict_proba(rows: Any) -> Any:
        rows = pd.DataFrame(rows, X.index, X.columns) if frame else rows
        return estimator.predict_proba(rows)

    return ModalityView(
        estimator,
        raw,
        X.index if frame else pd.RangeIndex(len(raw)),
        None if names is None else list(names),
        getattr(estimator, "classes_", ONE_OUTPUT),
        [Route(np.arange(len(raw)), log_probabilities, torch.zeros(len(raw)))],
        predict_proba,
    )
