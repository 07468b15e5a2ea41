"""The linear models beside the networks."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from skmultimodal.utils._threads import one_thread

__all__ = ["add_linear", "fit_linear"]

# Images whose statistics are computed at a time.
BATCH = 64
# A smaller standard deviation of a statistic is rounding, or a border by chance.
MIN_SPREAD = 1e-4


def fit_linear(inputs, codes, penalty, class_weight=None):
    """Coefficients of a ridge logistic regression.

    Parameters
    ----------
    inputs : ndarray of shape (n_rows, n_inputs)
    codes : ndarray of int, shape (n_rows,)
        Class numbers, each from 0 at least once.
    penalty : float
    class_weight : dict of int to float, default=None
        By number of the class.

    Returns
    -------
    weight : ndarray of float64, shape (n_classes, n_inputs)
    bias : ndarray of float64, shape (n_classes,)
    """
    with one_thread():
        model = LogisticRegression(
            C=1 / penalty, tol=1e-7, max_iter=10_000, class_weight=class_weight
        )
        model.fit(inputs.astype(np.float64), codes)
    weight, bias = model.coef_, model.intercept_
    if len(weight) == 1:
        weight, bias = np.vstack([-weight, weight]) / 2, np.append(-bias, bias) / 2
    return weight, bias


def add_linear(net_params, read, codes, penalty, criterion, module):
    """Add a ridge logistic regression of the statistics of images to a network.

    They are standardised, and scaled to a total variance of 1, so that `penalty` does
    not depend on how many there are.

    Parameters
    ----------
    net_params : dict
        Arguments that build the network.
    read : callable
        Maps an index tensor (B,) to images as a network reads them.
    codes : ndarray of int, shape (n_rows,)
        Class numbers.
    penalty : float
    criterion : torch.nn.CrossEntropyLoss
        The network was trained with; its weights are those of the classes.
    module : ConvTower
        Trained; changed in place.

    Returns
    -------
    net_params : dict
        Arguments that build it as it is now.
    """
    with torch.no_grad():
        batches = torch.arange(len(codes)).split(BATCH)
        parts = [module.statistics(read(batch)).cpu() for batch in batches]
    statistics = torch.cat(parts).double().numpy()
    mean, spread = statistics.mean(axis=0), statistics.std(axis=0)
    varies = spread > MIN_SPREAD
    scale = np.where(varies, 1 / np.maximum(spread, MIN_SPREAD), 0)
    scale /= np.sqrt(max(varies.sum(), 1))
    weights = criterion.weight
    if weights is not None:
        weights = dict(enumerate(weights.tolist()))
    weight, bias = fit_linear((statistics - mean) * scale, codes, penalty, weights)
    weight = weight * scale
    bias = bias - weight @ mean
    module.set_linear(torch.from_numpy(weight), torch.from_numpy(bias))
    return net_params | {"linear": True}
