"""Outcomes that are predicted by one number: amounts, and times to an event."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal.nn import HazardLoss, SquaredLoss
from skmultimodal.towers._cox import CoxRidgeSurvival
from skmultimodal.towers._likelihoods import Gaussian
from skmultimodal.utils._cox import CoxLikelihood, nelson_aalen
from skmultimodal.utils._labels import (
    UNLABELLED,
)
from skmultimodal.utils._numbers import read_numbers
from skmultimodal.utils._strata import fifths
from skmultimodal.utils._survival_target import read_survival
from skmultimodal.utils._threads import one_thread

__all__ = ["Numbers", "TimeToEvent"]


class _OneOutput:
    """What outcomes share that towers predict by one number."""

    method = "predict"
    n_outputs = 1
    # A gene tower's lasso gains nothing: benchmarks/accuracy/results/notes.md.
    sparse_penalty: ClassVar[float | None] = None
    remedy: str
    encode: Callable[..., Any]
    differ: Callable[..., bool]
    describe_alike: Callable[..., str]

    @classmethod
    def read(cls, y: Any, n_rows: int) -> tuple[Any, Any, Any]:
        """Check a target that a user gives, and encode it: outcome, y, codes."""
        outcome, y, codes = cls.encode(y)
        if len(y) != n_rows:
            raise ValueError(f"y has {len(y)} labels for {n_rows} rows of X.")
        return outcome, y, codes

    def refuse_alike(self, estimator: Any, codes: NDArray) -> None:
        """Raise a ValueError if a target teaches nothing."""
        if self.differ(codes):
            return
        known = codes[codes >= 0]
        if not len(known):
            raise ValueError("Input y contains NaN only: no row is labelled.")
        raise ValueError(
            f"{type(estimator).__name__} cannot learn from {len(known)} labelled rows "
            f"that {self.describe_alike(codes)}: {self.remedy}."
        )

    def targets(self, y: Any, codes: NDArray) -> NDArray:
        return y

    def predict_by(self, estimator: Any, rows: Any) -> NDArray:
        """Predictions of an estimator: (n_rows, 1)."""
        return np.asarray(estimator.predict(rows)).reshape(-1, 1)

    outputs_of = predict_by

    def calibrated(self, outputs: Any) -> NDArray:
        """Calibrated outputs are predictions: (n_rows, 1)."""
        return outputs

    @staticmethod
    def held_out(ensemble: Any, rows: Any) -> NDArray:
        """Predictions for rows of an ensemble's ``fit``: (n_rows, 1)."""
        return ensemble.held_out_prediction(rows)[:, None]

    def head_targets(self, y: Any, codes: NDArray) -> NDArray:
        """Target for the ``fit`` of a `feature_head`."""
        return y

    def align(self, predictions: Any, known: Any) -> NDArray:
        """Predictions as a column: (n_rows, 1)."""
        return np.asarray(predictions).reshape(-1, 1)

    def classes_of(self, estimator: Any) -> Any:
        return None

    classes_of_head = known_of = known_to = classes_of

    def evidence(self, predictions: Any, known: Any) -> NDArray:
        """Predictions as they are: (n_rows, 1)."""
        return predictions


@dataclass(frozen=True)
class Numbers(_OneOutput):
    """Numbers, of which some may be missing.

    Parameters
    ----------
    shift, factor : float
        Mean and standard deviation of the labelled rows. Networks learn, and ridge
        regressions predict, numbers less the one and divided by the other.
    low, high : float
        Least and greatest number, beyond which nothing is predicted: one column with a
        value a hundred times larger than in ``fit`` would outweigh all others.
    """

    shift: float = 0.0
    factor: float = 1.0
    low: float = -np.inf
    high: float = np.inf
    stratum, nothing = "a fifth of the numbers", "their mean"
    described, strata = "numbers", "fifths of the numbers"
    remedy = "give numbers that differ"

    def record(self, model: Any) -> None:
        """Make mean, standard deviation and range attributes of a fitted model."""
        model.target_mean_, model.target_std_ = self.shift, self.factor
        model.target_range_ = np.array([self.low, self.high])

    @classmethod
    def recorded(cls, model: Any) -> Self:
        return cls(model.target_mean_, model.target_std_, *model.target_range_)

    def undo(self, outputs: Any) -> NDArray:
        """Numbers of what was learnt in their place."""
        return np.clip(self.shift + self.factor * outputs, self.low, self.high)

    def outputs_of(self, estimator: Any, rows: Any) -> NDArray:
        """Predictions of an estimator, in the range of the numbers: (n_rows, 1)."""
        return np.clip(self.predict_by(estimator, rows), self.low, self.high)

    @classmethod
    def encode(cls, y: Any) -> tuple[Any, Any, Any]:
        """Check numbers; codes are their fifths, by size."""
        y = read_numbers(y)
        known, codes = y[~np.isnan(y)], fifths(y)
        if not len(known):
            return cls(), y, codes
        moments = float(known.mean()), float(known.std()) or 1.0
        return cls(*moments, float(known.min()), float(known.max())), y, codes

    def differ(self, codes: NDArray) -> bool:
        """Whether labelled rows have different numbers."""
        return len(np.unique(codes[codes >= 0])) > 1

    def describe_alike(self, codes: NDArray) -> str:
        if (codes >= 0).sum() == 1:
            return "are one sample only"
        return "have one and the same number"

    def count(self, codes: NDArray) -> NDArray:
        """Rows with a number, and without: (2,)."""
        return np.array([(codes >= 0).sum(), (codes < 0).sum()])

    def likelihood(self, y: Any, codes: NDArray) -> Gaussian:
        """Loss of predictions, for rows that are all labelled."""
        return Gaussian(y)

    def no_evidence(self, y: Any, codes: NDArray) -> NDArray:
        """Mean number: (1,)."""
        return np.array([y[codes >= 0].mean()])

    def centre(self, y: Any, codes: NDArray, known: Any, evidence: Any) -> NDArray:
        """What evidence is counted from: the mean number of a tower's rows."""
        return y.mean(keepdims=True)[None]

    def centred(self, intercept: Any, slope: Any, outputs: Any) -> NDArray:
        """Intercept of calibrated means: that which was fitted."""
        return intercept

    @staticmethod
    def feature_head() -> Pipeline:
        """An unfitted regressor of a tower's features."""
        return make_pipeline(StandardScaler(), Ridge(alpha=10.0))

    def constant(self, y: Any, codes: NDArray) -> Any:
        """A fitted regressor that predicts the mean of all labelled rows."""
        return DummyRegressor().fit(np.zeros((len(y), 1)), y)

    @staticmethod
    def criterion() -> SquaredLoss:
        return SquaredLoss()

    def net_targets(self, y: Any, codes: NDArray) -> NDArray:
        """What a network learns: numbers of mean 0 and variance 1."""
        return ((y - self.shift) / self.factor).astype(np.float32)

    def net_likelihood(self, y: Any, codes: NDArray) -> Gaussian:
        """Loss of what a network predicts, for the rows that have a number."""
        return Gaussian(self.net_targets(y, codes)[codes >= 0].astype(np.float64))

    def fit_linear(
        self, inputs: Any, y: Any, codes: NDArray, penalty: Any
    ) -> tuple[Any, Any]:
        """Weight and bias of a ridge regression of what a network learns.

        A class label shows a quarter as much of its log-odds as a number of itself.
        """
        known = codes >= 0
        targets = self.net_targets(y, codes)[known]
        with one_thread():
            model = Ridge(alpha=4 * penalty).fit(
                inputs[known].astype(np.float64), targets
            )
        return model.coef_[None], np.array([model.intercept_])


@dataclass(frozen=True)
class TimeToEvent(_OneOutput):
    """Times to an event, censored or not, of which some may be missing."""

    stratum, nothing = "the event or the censoring", "the same hazard for all"
    described, strata = "times to an event", "kinds (event, censored)"
    remedy = "follow patients up for longer, or predict something else"

    def record(self, model: Any) -> None:
        """A fitted model has no attribute for it."""

    @classmethod
    def recorded(cls, model: Any) -> Self:
        return cls()

    def undo(self, outputs: Any) -> NDArray:
        """Log-hazards are learnt as they are."""
        return outputs

    @classmethod
    def encode(cls, y: Any) -> tuple[Any, Any, Any]:
        """Check times and events; codes are 1 for an event and 0 for a censoring."""
        y = read_survival(y)
        codes = np.where(np.isnan(y["time"]), UNLABELLED, y["event"].astype(int))
        return cls(), y, codes

    def differ(self, codes: NDArray) -> bool:
        """Whether labelled rows have an event and are at least two."""
        return bool((codes == 1).any() and (codes >= 0).sum() > 1)

    def describe_alike(self, codes: NDArray) -> str:
        if (codes >= 0).sum() == 1:
            return "are one sample only"
        return "have no event: all are censored"

    def count(self, codes: NDArray) -> NDArray:
        """Censored rows, rows with an event, and without a time: (3,)."""
        return np.roll(np.bincount(codes + 1, minlength=3), -1)

    def likelihood(self, y: Any, codes: NDArray) -> CoxLikelihood:
        """Loss of log-hazards, for rows that all have a time."""
        return CoxLikelihood(y)

    def no_evidence(self, y: Any, codes: NDArray) -> NDArray:
        """Log-hazard of an average patient: (1,)."""
        return np.zeros(1)

    def centre(self, y: Any, codes: NDArray, known: Any, evidence: Any) -> NDArray:
        """What evidence is counted from: hazards of mean 1 over the rows."""
        risk = evidence[~np.isnan(evidence)]
        return np.array([[average_hazard(risk) if len(risk) else 0.0]])

    def centred(self, intercept: Any, slope: Any, outputs: Any) -> NDArray:
        """Intercept with which the rows have a mean hazard ratio of 1."""
        return np.array([-average_hazard(slope * outputs[:, 0])])

    @staticmethod
    def feature_head() -> Pipeline:
        """An unfitted survival estimator of a tower's features."""
        return make_pipeline(StandardScaler(), CoxRidgeSurvival())

    def constant(self, y: Any, codes: NDArray) -> Any:
        """A fitted estimator that predicts a log-hazard of 0."""
        return DummyRegressor().fit(np.zeros((len(y), 1)), np.zeros(len(y)))

    @staticmethod
    def criterion() -> HazardLoss:
        return HazardLoss()

    def net_targets(self, y: Any, codes: NDArray) -> NDArray | None:
        """What a network learns: events and cumulative hazards, (n_rows, 2)."""
        return np.column_stack([y["event"], nelson_aalen(y)]).astype(np.float32)

    def net_likelihood(self, y: Any, codes: NDArray) -> CoxLikelihood:
        """Loss of log-hazards, for the rows that have a time."""
        return CoxLikelihood(y[codes >= 0])

    def fit_linear(
        self, inputs: Any, y: Any, codes: NDArray, penalty: Any
    ) -> tuple[Any, Any]:
        """Weight and bias of Cox's regression with a ridge penalty.

        Times show less than classes: with ten times the penalty, towers of the 452
        patients of tcga_pancan are more concordant (results/notes.md of
        benchmarks/accuracy).
        """
        with one_thread():
            model = CoxRidgeSurvival(10 * penalty).fit(inputs.astype(np.float64), y)
        return model.coef_[None], -model.mean_[None] @ model.coef_


def average_hazard(risk: Any) -> float:
    """Log-hazard of which the hazards of rows are multiples of mean 1."""
    return float(logsumexp(risk) - np.log(len(risk)))
