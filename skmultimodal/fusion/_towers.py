"""One tower inside a model of cohorts: how it is fitted, and what it predicts."""

from dataclasses import dataclass, replace
from typing import Any, Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_selection import SelectorMixin, VarianceThreshold
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._inputs import TowerInput
from skmultimodal.fusion._outputs import Output, TowerOutputs
from skmultimodal.fusion._plans import has_features, is_ensemble
from skmultimodal.towers import (
    CrossFittedEnsembleClassifier,
    CrossFittedEnsembleRegressor,
    CrossFittedEnsembleSurvival,
)
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._warnings import warn
from skmultimodal.utils._weights import fit_weighted, given, part_of, takes_weights

__all__ = [
    "FittedTower",
    "fit_estimator",
    "fit_tower",
    "warn_of_seen_labels",
    "warn_of_unused_weights",
]

ENSEMBLES = {
    ClassLabels: CrossFittedEnsembleClassifier,
    Numbers: CrossFittedEnsembleRegressor,
    TimeToEvent: CrossFittedEnsembleSurvival,
}


# Fitting


def fit_tower(
    plan: Any, data: Any, cache: Any, *, predicts_alone: bool
) -> tuple[Any, Any]:
    """Fit a tower, and compute what the final estimator learns from.

    Parameters
    ----------
    plan : TowerPlan
    data : TrainingData
    cache : TowerCache
    predicts_alone : bool
        Whether the tower predicts rows by itself.

    Returns
    -------
    tower : FittedTower
    outputs : TowerOutputs
        Log-odds of rows that the tower was fitted on are those of ensemble members
        that have not seen them.
    """
    rows = plan.rows  # that what gives the log-odds was fitted on
    if data.partial and not plan.frozen and not data.outcome.differ(data.codes[rows]):
        # It adds no evidence, and the other towers need not be given up.
        rows = data.labelled
        estimator, key = _fit_constant(plan, data), None
    else:
        estimator, key = fit_estimator(plan, data, cache)
    tower = FittedTower(plan.name, plan.inputs, estimator, key, plan.wanted)
    if (predicts_alone or plan.gives_odds) and not tower.predicts(data.outcome):
        tower, rows = _add_head(tower, plan, data, cache)
    unseen = tower.estimator if tower.head is None else tower.head
    unseen = unseen if is_ensemble(unseen) else None
    has, parts = data.has[plan.name], {}
    # Features of these rows follow their labels, and only log-odds are out of fold.
    biased = (
        unseen is not None
        and Output.LOG_ODDS in plan.wanted
        and _reads_labels(estimator)
        and (plan.rows & has & data.fused).any()
    )
    if biased and not data.partial:
        tower = tower.giving(Output.LOG_ODDS)
    if Output.FEATURES in tower.gives and has_features(estimator):
        # Where no rows are fused, others show how features are scaled.
        own = next(m for m in (data.fused & has, data.train & has, has) if m.any())
        features = tower.run(data.cohort[own], "transform", cache)
        parts[Output.FEATURES] = _spread(features, own, data.train)
        biased = biased or not (data.fused & has).any()
    codes = data.outcome.known_of(data.codes[data.train])
    if Output.LOG_ODDS in tower.gives or not parts:
        p, own = _unseen_predictions(tower, unseen, rows, data, cache)
        odds = data.outcome.evidence(p, codes)
        parts[Output.LOG_ODDS] = _spread(odds, own, data.train)
    centre = None
    if data.partial:
        known = (has if plan.frozen else rows) & data.labelled
        odds = parts.get(Output.LOG_ODDS)
        of_known = data.y[known], data.codes[known], codes, odds
        centre = data.outcome.centre(*of_known, *given(data.weights, known))
    return tower, TowerOutputs(parts, centre, biased)


def fit_estimator(plan: Any, data: Any, cache: Any) -> tuple[Any, str | None]:
    """Fit the estimator of a tower on its rows.

    Returns
    -------
    estimator : estimator
        Fitted; a `CrossFittedEnsembleClassifier` of it where the plan wants one.
    key : str or None
        Names the fit in the cache.
    """
    if plan.frozen:
        _check_frozen(plan, data.outcome)
        return plan.estimator, joblib.hash(plan.estimator) if cache.active else None
    if is_classifier(plan.estimator) and data.outcome.method != "predict_proba":
        raise ValueError(
            f"tower {plan.name!r} is a classifier, and classes are not what is "
            "predicted: give it a regressor, or a survival estimator such as "
            "CoxRidgeSurvival, or use TwinTowerClassifier."
        )
    codes = data.codes[plan.rows]
    labels = data.outcome.targets(data.y[plan.rows], codes)
    differ = data.outcome.differ(codes)
    if is_classifier(plan.estimator) and not differ:
        raise ValueError(
            f"tower {plan.name!r} is a classifier, and its {plan.rows.sum()} labelled "
            f"rows {data.outcome.describe_alike(codes)}: add rows of another "
            "(tower_rows='all' those that have every modality), or leave the tower out."
        )
    estimator = plan.estimator
    # Rows of one class cannot show how good an unsupervised tower is; a head will.
    if plan.becomes_ensemble and differ:
        estimator = _cross_fitted(estimator, plan, data.outcome)
    options = _fit_options(plan, estimator, data)
    cohort = data.cohort[plan.rows]
    return cache.fit(estimator, plan.inputs, cohort, labels, **options)


def _fit_constant(plan: Any, data: Any) -> Any:
    """An estimator that predicts every row alike."""
    alike = data.outcome.describe_alike(data.codes[plan.rows])
    warn(f"it adds nothing, as its labelled rows {alike}: leave the tower out.")
    known = data.labelled
    counts = given(data.weights, known)
    return data.outcome.constant(data.y[known], data.codes[known], *counts)


def _check_frozen(plan: Any, outcome: Any) -> None:
    if not hasattr(plan.estimator, "predict_proba") or not hasattr(outcome, "classes"):
        return
    other = [c for c in plan.estimator.classes_ if c not in outcome.classes]
    if other:
        raise ValueError(
            f"frozen tower {plan.name!r} was fitted with class {other[0]!r}, which no "
            f"label is: the classes are {outcome.classes.tolist()}."
        )


def _cross_fitted(estimator: Any, plan: Any, outcome: Any) -> Any:
    seed = estimator.get_params(deep=False).get("random_state", plan.seed)
    return ENSEMBLES[type(outcome)](estimator, cv=plan.cv, random_state=seed)


def _fit_options(plan: Any, estimator: Any, data: Any) -> dict[str, Any]:
    """Weights and groups of the rows, if the estimator takes them."""
    options = {}
    if data.weights is not None and takes_weights(estimator):
        options["sample_weight"] = data.weights[plan.rows]
    return options | _groups_option(plan, estimator, data)


def _groups_option(plan: Any, estimator: Any, data: Any) -> dict[str, Any]:
    """Groups of the rows, if the estimator holds out rows at all."""
    if not has_fit_parameter(estimator, "groups"):
        return {}
    if data.groups is None:
        # A row that is there twice, as after a bootstrap, is not held out by half.
        places = data.cohort[plan.rows].positions(plan.inputs.modality)
        twice = len(np.unique(places)) < len(places)
        return {"groups": places} if twice else {}
    groups = data.groups[plan.rows]
    if len(np.unique(groups[data.codes[plan.rows] >= 0])) < 2:
        warn(
            f"tower {plan.name!r} cannot hold out groups: its {plan.rows.sum()} rows "
            "are of one, so its folds ignore them."
        )
        return {}
    return {"groups": groups}


def _add_head(tower: Any, plan: Any, data: Any, cache: Any) -> tuple[Any, NDArray]:
    """Give a tower that predicts nothing an estimator on its features.

    Returns
    -------
    tower : FittedTower
    rows : ndarray of bool, shape (n_rows,)
        Rows that it was fitted on: the labelled ones of the tower, and the
        paired ones as well where those are of one class.
    """
    rows = plan.rows & data.labelled
    if not data.outcome.differ(data.codes[rows]):
        rows = rows | (data.train & data.has[plan.name])
    seen = (rows & data.fused).any()
    head = data.outcome.feature_head()
    if seen and plan.gives_odds and plan.cv is not None:
        ensemble = ENSEMBLES[type(data.outcome)]
        head = ensemble(head, cv=plan.cv, random_state=plan.seed)
    labels = data.outcome.head_targets(data.y[rows], data.codes[rows])
    features = tower.run(data.cohort[rows], "transform", cache)
    fit_weighted(head, features, labels, part_of(data.weights, rows))
    return tower.with_head(head), rows


def _unseen_predictions(
    tower: Any, ensemble: Any, rows: Any, data: Any, cache: Any
) -> tuple[NDArray, NDArray]:
    """Predictions for the rows of the final estimator, out of fold if need be.

    Returns
    -------
    p : ndarray of shape (n_own_rows, n_outputs)
    own : ndarray of bool, shape (n_rows,)
        Rows that `p` are of. Without an ensemble, one that the tower was fitted on is
        left out unless it is needed to fuse.
    """
    own = data.has[tower.name] & data.train
    held_out = own & rows if ensemble is not None else np.zeros_like(own)
    if ensemble is None:
        own = own & (data.fused | ~rows)
    others = own & ~held_out
    p = np.empty((len(own), data.outcome.n_outputs))
    if others.any():
        p[others] = tower.predict(data.cohort[others], data.outcome, cache)
    if held_out.any():
        # The n-th row of a mask is number n of the fit: count the mask up to each row.
        numbers = np.cumsum(rows)[held_out] - 1
        unseen = data.outcome.held_out(ensemble, numbers)
        p[held_out] = tower.align(unseen, data.outcome)
    return p[own], own


def _spread(outputs: Any, own: Any, train: Any) -> NDArray:
    """Outputs of the rows `own` among the rows `train`, the others NaN."""
    spread = np.full((len(own), outputs.shape[1]), np.nan)
    spread[own] = outputs
    return spread[train]


def warn_of_unused_weights(plans: Any, final_estimator: Any) -> None:
    """Warn of what is fitted without the weights, as its ``fit`` takes none."""
    parts = {
        f"tower {plan.name!r} ({type(plan.estimator).__name__})": plan.estimator
        for plan in plans
        if not plan.frozen
    }
    parts[f"the final estimator ({type(final_estimator).__name__})"] = final_estimator
    without = [name for name, part in parts.items() if not takes_weights(part)]
    if without:
        warn(
            f"sample_weight does not reach {', '.join(without)}, whose fit takes none: "
            "its rows all count alike there. Give it an estimator that takes weights."
        )


def warn_of_seen_labels(plan: Any, tower: Any, data: Any) -> None:
    """Warn if outputs of rows follow the labels of these very rows."""
    if not (plan.rows & data.fused).any():
        return
    by_head = plan.gives_odds and tower.head is not None
    learnt = by_head or (_reads_labels(tower.estimator) and not plan.frozen)
    out_of_fold = is_ensemble(tower.estimator) or is_ensemble(tower.head)
    if learnt and not (plan.gives_odds and out_of_fold):
        warn(
            f"tower {plan.name!r} was fitted with the labels of rows whose "
            "outputs train the final estimator, which will trust them too much; "
            "tower_output='log_odds' with a tower_cv is cross-fitted."
        )


# Fitted


@dataclass(frozen=True)
class FittedTower:
    """A fitted tower, and an estimator on its features where it needs one.

    Parameters
    ----------
    name : str
    inputs : TowerInput
    estimator : estimator
    key : str or None
        Names the fit in the cache; None where its outputs are not cached.
    gives : Output
        What the final estimator reads of it.
    head : estimator or None
        On its features; of classes by their number.
    """

    name: str
    inputs: TowerInput
    estimator: Any
    key: Any
    gives: Output
    head: Any = None

    @property
    def modality(self) -> str:
        return self.inputs.modality

    def predicts(self, outcome: Any) -> bool:
        """Whether it predicts the outcome by itself."""
        return hasattr(self.estimator, outcome.method)

    def with_head(self, head: Any) -> Self:
        return replace(self, head=head)

    def giving(self, outputs: Any) -> Self:
        return replace(self, gives=outputs)

    def run(self, cohort: Cohort, method: str, cache: Any) -> NDArray:
        """Output of a method of the estimator for rows that all have the modality."""
        return cache.run(self.estimator, self.key, self.inputs, cohort, method)

    def predict(self, cohort: Cohort, outcome: Any, cache: Any) -> NDArray:
        """Probabilities of all classes, or a number: (n_rows, n_outputs)."""
        if self.head is None:
            return self.align(self.run(cohort, outcome.method, cache), outcome)
        features = self.run(cohort, "transform", cache)
        return self.align(getattr(self.head, outcome.method)(features), outcome)

    def align(self, predictions: Any, outcome: Any) -> NDArray:
        """Probabilities of all classes from those that it was fitted with."""
        if self.head is None:
            return outcome.align(predictions, outcome.classes_of(self.estimator))
        return outcome.align(predictions, outcome.classes_of_head(self.head))

    def outputs(
        self, cohort: Cohort, outcome: Any, codes: NDArray | None, cache: Any
    ) -> Any:
        """What the final estimator reads of rows that all have the modality.

        Parameters
        ----------
        cohort : Cohort
        outcome : ClassLabels, Numbers or TimeToEvent
        codes : ndarray of int or None
            Numbers of the classes that the final estimator is fitted with.
        cache : TowerCache

        Returns
        -------
        outputs : dict of Output to ndarray of shape (n_rows, n_outputs)
        """
        outputs = {}
        if Output.FEATURES in self.gives and has_features(self.estimator):
            outputs[Output.FEATURES] = self.run(cohort, "transform", cache)
        if Output.LOG_ODDS in self.gives or not outputs:
            p = self.predict(cohort, outcome, cache)
            outputs[Output.LOG_ODDS] = outcome.evidence(p, codes)
        return outputs


# What estimators can do


def _reads_labels(estimator: Any) -> bool:
    """Whether features follow the labels of the rows that they were fitted on."""
    inner = estimator.estimators_[0] if is_ensemble(estimator) else estimator
    parts = [inner, *inner.get_params(deep=True).values()]
    return any(_follows_labels(part) for part in parts if hasattr(part, "fit"))


def _follows_labels(estimator: Any) -> bool:
    if isinstance(estimator, DummyClassifier | DummyRegressor):
        return False  # it predicts every row alike
    if hasattr(estimator, "classes_") or get_tags(estimator).target_tags.required:
        return True
    selects = isinstance(estimator, SelectorMixin)
    return selects and not isinstance(estimator, VarianceThreshold)
