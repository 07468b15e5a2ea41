"""Expression values."""

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["signed_log", "signed_log_inverse"]


def signed_log(x: NDArray) -> NDArray:
    """``sign(x) * log(1 + |x|)``: tames heavy tails on both sides, keeps the order.

    Parameters
    ----------
    x : ndarray
        Expression in any unit: counts, TPM, log2 values or z-scores.

    Returns
    -------
    y : ndarray of the same shape
    """
    y = np.abs(x)
    if y.dtype in (np.float32, np.float64):
        torch.from_numpy(y).log1p_()  # several times as fast as NumPy's
    else:
        y = np.log1p(y)
    return np.copysign(y, x, out=y)


def signed_log_inverse(y: NDArray) -> NDArray:
    """Undo `signed_log`; beyond the range of the type the result is the largest value.

    Parameters
    ----------
    y : ndarray

    Returns
    -------
    x : ndarray of the same shape
    """
    largest = np.log(np.finfo(y.dtype).max) - 1
    return np.sign(y) * np.expm1(np.minimum(np.abs(y), largest))
