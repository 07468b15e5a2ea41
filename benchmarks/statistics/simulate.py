"""Cohorts of known truth, and logistic models cross-validated on them.

Paired patients have Gaussian features whose means differ by class. A logistic model is
linear in them, so its AUC and accuracy on the whole population are known exactly: no
test set is needed to tell how well a fold's model really does.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, ndtr, ndtri

from skmultimodal.model_selection import PairedStratifiedKFold


@dataclass(frozen=True)
class Scenario:
    """What is drawn: `oracle_auc` is that of a model's features with perfect weights.

    Models see `n_features` each, the first `n_shared` of which are the same. With
    `n_unpaired` rows two towers are fitted on them, each on half of the features, and
    the paired rows train a head on the two tower scores.
    """

    name: str
    oracle_auc: float
    n_positive: int = 25
    n_negative: int = 25
    n_features: int = 5
    n_shared: int = 2
    n_unpaired: int = 0
    n_models: int = 3
    n_splits: int = 3
    n_repeats: int = 10
    # Scales the effects of the last model's own features: 1 makes all models equal.
    handicap: float = 1.0
    effects: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        n_columns = self.n_shared + self.n_models * (self.n_features - self.n_shared)
        distance = np.sqrt(2) * ndtri(self.oracle_auc)
        effects = np.full(n_columns, distance / np.sqrt(self.n_features))
        effects[self.columns(self.n_models - 1)[self.n_shared :]] *= self.handicap
        object.__setattr__(self, "effects", effects)

    def columns(self, model):
        own = self.n_features - self.n_shared
        start = self.n_shared + model * own
        return np.r_[: self.n_shared, start : start + own]


@dataclass(frozen=True)
class Experiment:
    """One cohort cross-validated: scores of models, and what they are worth."""

    y: np.ndarray  # (n,) 0 or 1
    fold_of: np.ndarray  # (repeats, n) the fold that tests a patient
    decision: np.ndarray  # (models, repeats, n) out-of-fold log-odds
    true_auc: np.ndarray  # (models,) mean of the folds' models on the population
    true_accuracy: np.ndarray


def logistic_fits(X, y, n_steps=8):
    """Fit many ridge logistic regressions (C = 1) by Newton steps.

    X is (fits, rows, features) and y (fits, rows); returns the coefficients with the
    intercept last, (fits, features + 1). scikit-learn's fit takes 100 times as long.
    """
    X = np.concatenate([X, np.ones((*X.shape[:2], 1))], axis=2)
    ridge = np.r_[np.ones(X.shape[2] - 1), 1e-9]
    weights = np.zeros((len(X), X.shape[2]))
    for _ in range(n_steps):
        proba = expit(np.einsum("fnp,fp->fn", X, weights))
        slope = np.einsum("fnp,fn->fp", X, proba - y) + ridge * weights
        weighted = X * np.maximum(proba * (1 - proba), 1e-6)[..., None]
        curvature = X.transpose(0, 2, 1) @ weighted + np.diag(ridge)
        weights -= np.linalg.solve(curvature, slope[..., None])[..., 0]
    return weights


def draw(rng, y, effects):
    """Features of patients with labels `y`: unit variance, means `effects` apart."""
    return rng.normal(size=(len(y), len(effects))) + np.outer(y - 0.5, effects)


def run(scenario, rng):
    """Draw a cohort and cross-validate each model of the scenario on it."""
    y = np.repeat([1.0, 0.0], [scenario.n_positive, scenario.n_negative])
    features = draw(rng, y, scenario.effects)
    splitter = PairedStratifiedKFold(
        scenario.n_splits, scenario.n_repeats, random_state=int(rng.integers(2**31))
    )
    splits = list(splitter.split(np.ones((len(y), 1)), y))
    fold_of = np.empty((scenario.n_repeats, len(y)), dtype=int)
    for i, (_, test) in enumerate(splits):
        fold_of[i // scenario.n_splits, test] = i % scenario.n_splits
    found = []
    for model in range(scenario.n_models):
        columns = scenario.columns(model)
        effects, inputs = scenario.effects[columns], features[:, columns]
        towers = fit_towers(scenario, effects, rng)
        # A scaler, as in the twin tower; its spread belongs to the paired rows.
        towers = towers / np.std(inputs @ towers, axis=0)
        found.append(
            cross_validate(inputs, y, splits, towers, effects, scenario.n_repeats)
        )
    decision, true_auc, true_accuracy = map(np.array, zip(*found, strict=True))
    decision = decision.reshape(scenario.n_models, scenario.n_repeats, len(y))
    return Experiment(y, fold_of, decision, true_auc, true_accuracy)


def fit_towers(scenario, effects, rng):
    """Weights of the towers' scores, (features, towers); the features without towers"""
    n_features = len(effects)
    if not scenario.n_unpaired:
        return np.eye(n_features)
    half = n_features // 2
    y = np.arange(scenario.n_unpaired) % 2.0
    towers = np.zeros((n_features, 2))
    for tower, part in enumerate([slice(half), slice(half, None)]):
        rows = draw(rng, y, effects[part])
        towers[part, tower] = logistic_fits(rows[None], y[None])[0, :-1]
    return towers


def cross_validate(features, y, splits, towers, effects, n_repeats):
    """Out-of-fold log-odds by repeat, and the fits' mean true AUC and accuracy."""
    inputs = features @ towers
    decision = np.full((n_repeats, len(y)), np.nan)
    weights = np.empty((len(splits), inputs.shape[1] + 1))
    sizes = np.array([len(train) for train, _ in splits])
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        rows = np.array([splits[i][0] for i in which])
        weights[which] = logistic_fits(inputs[rows], y[rows])
    per_repeat = len(splits) // n_repeats
    for i, (_, test) in enumerate(splits):
        decision[i // per_repeat, test] = (
            inputs[test] @ weights[i, :-1] + weights[i, -1]
        )
    direction = weights[:, :-1] @ towers.T
    length = np.linalg.norm(direction, axis=1)
    reach, intercept = direction @ effects / 2, weights[:, -1]
    true_auc = ndtr(np.sqrt(2) * reach / length)
    hit, rejected = (
        ndtr((reach + intercept) / length),
        ndtr((reach - intercept) / length),
    )
    true_accuracy = y.mean() * hit + (1 - y.mean()) * rejected
    return decision, true_auc.mean(), true_accuracy.mean()
