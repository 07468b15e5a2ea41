"""What a final estimator reads: outputs of the towers, scaled and side by side."""

from dataclasses import dataclass
from enum import Flag, auto

import numpy as np
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skmultimodal.utils._parts import ModelPart

__all__ = [
    "Output",
    "Span",
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


def wanted_outputs(tower_output, final_estimator):
    """What a final estimator reads, by the parameter `tower_output`: Output."""
    if tower_output == "auto":
        takes_odds = has_fit_parameter(searched(final_estimator), "log_odds")
        tower_output = "both" if takes_odds else "features"
    return {
        "features": Output.FEATURES,
        "log_odds": Output.LOG_ODDS,
        "both": Output.FEATURES | Output.LOG_ODDS,
    }[tower_output]


def reads_partial_rows(estimator):
    """Whether a final estimator learns from and predicts rows that lack a modality.

    It then reads log-odds, and NaN as a modality that is absent.
    """
    inner = searched(estimator)
    return has_fit_parameter(inner, "log_odds") and get_tags(inner).input_tags.allow_nan


def searched(estimator):
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
    def all(self):
        return slice(self.start, self.start + self.n_features + self.n_odds)

    @property
    def odds(self):
        start = self.start + self.n_features
        return slice(start, start + self.n_odds)

    @property
    def holds(self):
        """Output: which kinds there are."""
        features = Output.FEATURES if self.n_features else Output(0)
        return features | (Output.LOG_ODDS if self.n_odds else Output(0))

    @property
    def shown(self):
        """Columns that ``transform`` returns: features if there are any."""
        if not self.n_features:
            return self.odds
        return slice(self.start, self.start + self.n_features)


def fit_scalers(outputs, centres):
    """Scalers of each tower, and its columns in the joint matrix.

    Parameters
    ----------
    outputs : dict of str to dict of Output to ndarray of shape (n_train, n_outputs)
        For each tower, its features, its log-odds or both, for the rows that the final
        estimator is given; NaN where there are none.
    centres : dict of str to ndarray of shape (1, n_log_odds)
        Log-odds of the class shares that each tower was fitted with.

    Returns
    -------
    scalers : dict of str to StandardScaler
        Features are standardised. Log-odds are centred only, as their scale is how sure
        the tower is, and at those of its class shares: what is left is evidence.
    spans : dict of str to Span
    """
    scalers, spans, stop = {}, {}, 0
    for name, parts in outputs.items():
        n_features, n_odds = (
            parts[kind].shape[1] if kind in parts else 0 for kind in Output
        )
        scaler = StandardScaler(with_std=n_features > 0).fit(_side_by_side(parts))
        if n_features:
            scaler.scale_[n_features:] = 1.0
        if n_odds:
            scaler.mean_[n_features:] = centres[name]
        scalers[name] = scaler
        spans[name] = Span(stop, n_features, n_odds)
        stop = spans[name].all.stop
    return scalers, spans


def join_outputs(scalers, spans, parts, n_rows, fill=np.nan):
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


def _side_by_side(parts):
    columns = [parts[kind] for kind in Output if kind in parts]
    return np.hstack(columns, dtype=np.float64)
