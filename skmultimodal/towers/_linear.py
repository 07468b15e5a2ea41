"""The linear model beside an image network."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

__all__ = ["add_linear"]

# Images whose statistics are computed at a time.
BATCH = 64
# A smaller standard deviation of a statistic is rounding, or a border by chance.
MIN_SPREAD = 1e-4


def add_linear(
    net_params: dict[str, Any],
    measure: Callable[..., Any],
    n_rows: int,
    fit: Callable[..., Any],
    module: Any,
) -> dict[str, Any]:
    """Add a linear model of the statistics of images to a network.

    They are standardised, and scaled to a total variance of 1, so that a penalty does
    not depend on how many there are.

    Parameters
    ----------
    net_params : dict
        Arguments that build the network.
    measure : callable
        Maps an index tensor (B,) to statistics of images (B, n_statistics).
    n_rows : int
    fit : callable
        Maps inputs (n_rows, n_inputs) to the weight (n_outputs, n_inputs) and the bias
        (n_outputs,) of a linear model.
    module : ConvTower
        Trained; changed in place.

    Returns
    -------
    net_params : dict
        Arguments that build it as it is now.
    """
    with torch.no_grad():
        parts = [measure(batch).cpu() for batch in torch.arange(n_rows).split(BATCH)]
    statistics = torch.cat(parts).double().numpy()
    mean, spread = statistics.mean(axis=0), statistics.std(axis=0)
    varies = spread > MIN_SPREAD
    scale = np.where(varies, 1 / np.maximum(spread, MIN_SPREAD), 0)
    scale /= np.sqrt(max(varies.sum(), 1))
    weight, bias = fit((statistics - mean) * scale)
    weight = weight * scale
    bias = bias - weight @ mean
    module.set_linear(torch.from_numpy(weight), torch.from_numpy(bias))
    return net_params | {"linear": True}
