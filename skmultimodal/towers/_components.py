"""Principal components in which a network of many columns is trained."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import gen_batches

from skmultimodal.utils._threads import one_thread

__all__ = ["Components"]

# Columns of which products are summed at a time, in float64.
CHUNK = 2048
# Components with a smaller share of the largest variance are rounding.
MIN_VARIANCE = 1e-9


@dataclass(frozen=True)
class Components:
    """Scores of centred rows in their first principal components, in one unit.

    The unit makes the mean variance of the components 1: they are not whitened, so a
    network finds first what varies most, as it does in the columns themselves.

    Parameters
    ----------
    scores : ndarray of float32, shape (n_rows, n_components)
        ``rows @ basis``.
    basis : ndarray of float64, shape (n_columns, n_components)
        Orthogonal columns, all of length ``1 / unit``.
    unit : float
    """

    scores: np.ndarray
    basis: np.ndarray
    unit: float

    @classmethod
    def fit(cls, rows, n_components):
        """Components of `rows`, float32 of shape (n_rows, n_columns).

        Rows span at most as many dimensions as there are rows, so the eigenvectors of
        their products are enough. Returns None if no row differs from another.
        """
        n_rows, n_columns = rows.shape
        gram = np.zeros((n_rows, n_rows))
        # The same sums on any number of threads.
        with one_thread():
            for chunk in gen_batches(n_columns, CHUNK):
                part = rows[:, chunk].astype(np.float64)
                gram += part @ part.T
            wanted = [max(n_rows - n_components, 0), n_rows - 1]
            variances, axes = eigh(gram, subset_by_index=wanted)
            kept = variances > MIN_VARIANCE * max(variances[-1], 0)
            if variances[-1] <= 0:
                return None
            variances, axes = variances[kept][::-1], axes[:, kept][:, ::-1]
            # Eigenvectors have no sign: the largest entry is made positive.
            largest = np.abs(axes).argmax(axis=0)
            axes = axes * np.sign(axes[largest, np.arange(len(largest))])
            lengths = np.sqrt(variances)
            unit = np.sqrt(variances.sum() / (n_rows * len(variances)))
            basis = np.empty((n_columns, len(variances)))
            for chunk in gen_batches(n_columns, CHUNK):
                part = rows[:, chunk].astype(np.float64)
                basis[chunk] = part.T @ (axes / (lengths * unit))
        scores = (axes * lengths / unit).astype(np.float32)
        return cls(scores, basis, float(unit))
