"""How far the log-odds of a tower can be trusted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from skmultimodal.towers._log_linear import fit_log_linear
from skmultimodal.utils._weights import given, part_of

__all__ = ["MIN_ROWS", "fit_slope", "scale_to_mean"]

# With fewer labelled rows it is not fitted.
MIN_ROWS = 8
# Prior of the slope, in units of the standard deviation of held-out log-ratios, and
# its strength: towers tend to be informative, which 20 rows alone cannot show.
SLOPE_PRIOR, SLOPE_PENALTY = 0.5, 4.0


def fit_slope(
    outputs: NDArray,
    y: NDArray,
    codes: NDArray,
    seen: NDArray,
    outcome: Any,
    weights: NDArray | None = None,
) -> tuple[float, NDArray]:
    """Slope and intercept that calibrate outputs for rows that were held out.

    Parameters
    ----------
    outputs : ndarray of shape (n_rows, n_outputs)
        Centred log-ratios of classes, means or log-hazards.
    y, codes : ndarray of shape (n_rows,)
        Target and strata, -1 for a row without label.
    seen : ndarray of bool, shape (n_rows,)
        Labelled rows whose `outputs` are known.
    outcome : ClassLabels, Numbers or TimeToEvent
    weights : ndarray of float, shape (n_rows,), default=None
        Of class labels: as many rows each row counts as.

    Returns
    -------
    slope : float
        0 if fewer than 8 rows are known, or their outputs are all equal.
    intercept : ndarray of shape (n_outputs,)
    """
    spread = _spread(outputs[seen], part_of(weights, seen)) if seen.any() else 0
    if seen.sum() < MIN_ROWS or spread < 1e-12:
        return 0.0, outcome.no_evidence(y, codes, *given(weights))
    likelihood = outcome.likelihood(y[seen], codes[seen], *given(weights, seen))
    # Rows of a shifted origin would leave the slope to the prior of the intercept.
    centre = outputs[seen].mean(axis=0) if outputs.shape[1] == 1 else 0.0
    unit = spread / likelihood.unit
    model = fit_log_linear(
        (outputs[None, seen] - centre) / unit,
        np.empty((seen.sum(), 0)),
        likelihood,
        prior_weight=SLOPE_PRIOR,
        weight_penalty=SLOPE_PENALTY,
        intercept_penalty=1e-3,
        feature_penalty=np.empty(0),
    )
    slope = float(model.weights[0] / unit)
    return slope, outcome.centred(
        model.intercept - slope * centre, slope, outputs[seen]
    )


def _spread(outputs: Any, weights: Any) -> float:
    """Standard deviation over all rows and outputs."""
    if weights is None:
        return outputs.std()
    share = np.broadcast_to(weights[:, None], outputs.shape)
    mean = np.average(outputs, weights=share)
    return np.sqrt(np.average((outputs - mean) ** 2, weights=share))


def scale_to_mean(
    members: Any, slope: Any, intercept: Any, no_evidence: NDArray
) -> tuple[Any, Any]:
    """Slope and intercept of the mean of members, from those of one member.

    By regression dilution the slope grows by the variance of one member's outputs over
    that of the mean's.

    Parameters
    ----------
    members : list of fitted estimators
        Their attribute ``noise_share``, if they have one, is the share of the variance
        of a member's outputs that is not common to all members.
    slope, intercept : float and ndarray of shape (n_outputs,)
        As of `fit_slope`.
    no_evidence : ndarray of shape (n_outputs,)
        Outputs of a row of which nothing is known.

    Returns
    -------
    slope, intercept : float and ndarray of shape (n_outputs,)
    """
    one = members[0]
    last = one.steps[-1][1] if isinstance(one, Pipeline) else one
    noise = getattr(last, "noise_share", 0.0)
    gain = 1 / (1 - noise * (1 - 1 / len(members)))
    return gain * slope, no_evidence + gain * (intercept - no_evidence)
