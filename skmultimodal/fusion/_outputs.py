"""What a final estimator reads: outputs of the towers, scaled and side by side."""

from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skmultimodal.utils._parts import ModelPart

__all__ = [
    "Output",
    "Span",
    "TowerOutputs",
    "fit_scalers",
    "join_outputs",
    "reads_partial_rows",
    "searched",
    "wanted_outputs",
]


class Output(Flag):
    """Kinds of output of a tower; a tower may have both."""

    FEATURES = auto()
    LOG_ODDS = auto()


def wanted_outputs(tower_output: Any, final_estimator: Any) -> Output:
    """What a final estimator reads, by the parameter `tower_output`: Output."""
    if tower_output == "auto":
        takes_odds = has_fit_parameter(searched(final_estimator), "log_odds")
        tower_output = "both" if takes_odds else "features"
    return {
        "features": Output.FEATURES,
        "log_odds": Output.LOG_ODDS,
        "both": Output.FEATURES | Output.LOG_ODDS,
    }[tower_output]


def reads_partial_rows(estimator: Any) -> bool:
    """Whether a final estimator learns from and predicts rows that lack a modality.

    It then reads log-odds, and NaN as a modality that is absent.
    """
    inner = searched(estimator)
    return has_fit_parameter(inner, "log_odds") and get_tags(inner).input_tags.allow_nan


def searched(estimator: Any) -> Any:
    """What a search is over, to which it hands what ``fit`` is given; else itself."""
    while isinstance(estimator, GridSearchCV | RandomizedSearchCV):
        estimator = estimator.estimator
    return estimator


@dataclass(frozen=True)
class Span(ModelPart):
    """Columns of one tower among those that the final estimator reads.

    Parameters
    ----------
    start : int
        First column; features come first.
    n_features, n_odds : int
        Number of columns of features, and of log-odds.
    """

    start: int
    n_features: int
    n_odds: int

    @property
    def all(self) -> slice:
        return slice(self.start, self.start + self.n_features + self.n_odds)

    @property
    def features(self) -> slice:
        return slice(self.start, self.start + self.n_features)

    @property
    def odds(self) -> slice:
        start = self.start + self.n_features
        return slice(start, start + self.n_odds)

    @property
    def holds(self) -> Output:
        """Output: which kinds there are."""
        features = Output.FEATURES if self.n_features else Output(0)
        return features | (Output.LOG_ODDS if self.n_odds else Output(0))

    @property
    def shown(self) -> slice:
        """Columns that ``transform`` returns: features if there are any."""
        return self.features if self.n_features else self.odds


@dataclass(frozen=True)
class TowerOutputs:
    """What the final estimator is given of one tower in ``fit``.

    Parameters
    ----------
    parts : dict of Output to ndarray of shape (n_train, n_outputs)
        For the rows that the final estimator is given; NaN where there are none.
    centre : ndarray of shape (1, n_log_odds) or None
        What log-odds are counted from: those of the class shares that the tower was
        fitted with. None is their mean.
    biased : bool
        Whether features follow the labels of the rows that they are of, or those rows
        are not fused: a final estimator that can do without does not read them.
    """

    parts: dict
    centre: Any
    biased: bool


def fit_scalers(outputs: Any, weights: NDArray | None = None) -> tuple[Any, Any]:
    """Scalers of each tower, and its columns in the joint matrix.

    Parameters
    ----------
    outputs : dict of str to TowerOutputs
    weights : ndarray of float, shape (n_train,), default=None
        As many rows each row counts as. None is one.

    Returns
    -------
    scalers : dict of str to StandardScaler
        Features are standardised. Log-odds are centred only: their scale is how sure
        the tower is.
    spans : dict of str to Span
    """
    scalers, spans, stop = {}, {}, 0
    for name, given in outputs.items():
        n_features, n_odds = (
            given.parts[kind].shape[1] if kind in given.parts else 0 for kind in Output
        )
        columns = _side_by_side(given.parts)
        columns[:, np.isnan(columns).all(axis=0)] = 0.0
        scaler = StandardScaler(with_std=n_features > 0)
        scaler.fit(columns, sample_weight=weights)
        if n_features:
            scaler.scale_[n_features:] = 1.0
        if n_odds and given.centre is not None:
            scaler.mean_[n_features:] = given.centre
        scalers[name] = scaler
        spans[name] = Span(stop, n_features, n_odds)
        stop = spans[name].all.stop
    return scalers, spans


def join_outputs(
    scalers: dict[str, Any],
    spans: dict[str, Any],
    parts: Any,
    n_rows: int,
    fill: float = np.nan,
) -> NDArray:
    """Put scaled outputs of towers side by side.

    Parameters
    ----------
    scalers, spans : dict
        As of `fit_scalers`.
    parts : iterable of (name, rows, outputs)
        `rows` are the rows, a mask or slice, that `outputs` of a tower are of.
    n_rows : int
    fill : float
        Stands where a row has no output of a tower.

    Returns
    -------
    Z : ndarray of float32, shape (n_rows, n_outputs)
    """
    n_outputs = max(span.all.stop for span in spans.values())
    Z = np.full((n_rows, n_outputs), fill, dtype=np.float32)
    for name, rows, outputs in parts:
        Z[rows, spans[name].all] = scalers[name].transform(_side_by_side(outputs))
    return Z


def _side_by_side(parts: Any) -> NDArray:
    columns = [parts[kind] for kind in Output if kind in parts]
    return np.hstack(columns, dtype=np.float64)
