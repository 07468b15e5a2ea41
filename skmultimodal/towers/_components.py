"""Principal components of many columns: a network and a linear model read them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh
from sklearn.linear_model import LogisticRegression
from sklearn.utils import gen_batches

from skmultimodal.utils._device import place_rows
from skmultimodal.utils._threads import one_thread

__all__ = ["Components", "TrainingRows", "fit_linear"]

# With more rows, a network learns more from columns than a few components hold.
MAX_ROWS = 2000
# Values that are read at a time: 64 MB of float64.
CHUNK_ELEMENTS = 2**23
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
    def fit(cls, read, shape, n_components):
        """Components of centred rows; None if no row differs from another.

        Rows span at most as many dimensions as there are rows, so the eigenvectors of
        their products are enough.

        Parameters
        ----------
        read : callable
            Maps an array of row numbers to these rows.
        shape : tuple of int
            Of all rows.
        n_components : int
        """
        n_rows, n_columns = shape
        size = max(1, CHUNK_ELEMENTS // n_columns)
        chunks = [np.arange(c.start, c.stop) for c in gen_batches(n_rows, size)]
        gram = np.empty((n_rows, n_rows))
        # The same sums on any number of threads.
        with one_thread():
            for number, some in enumerate(chunks):
                part = read(some).astype(np.float64)
                gram[np.ix_(some, some)] = part @ part.T
                for others in chunks[:number]:
                    products = part @ read(others).astype(np.float64).T
                    gram[np.ix_(some, others)] = products
                    gram[np.ix_(others, some)] = products.T
            wanted = [max(n_rows - n_components, 0), n_rows - 1]
            variances, axes = eigh(gram, subset_by_index=wanted)
            kept = variances > MIN_VARIANCE * max(variances[-1], 0)
            if not kept.any():
                return None
            variances, axes = variances[kept][::-1], axes[:, kept][:, ::-1]
            # Eigenvectors have no sign: the largest entry is made positive.
            largest = np.abs(axes).argmax(axis=0)
            axes = axes * np.sign(axes[largest, np.arange(len(largest))])
            lengths = np.sqrt(variances)
            unit = np.sqrt(variances.sum() / (n_rows * len(variances)))
            basis = np.zeros((n_columns, len(variances)))
            for some in chunks:
                basis += read(some).astype(np.float64).T @ axes[some]
        basis /= lengths * unit
        scores = (axes * lengths / unit).astype(np.float32)
        return cls(scores, basis, float(unit))


@dataclass(frozen=True)
class TrainingRows:
    """What a network of many columns is trained on.

    Parameters
    ----------
    read : callable
        Maps an array of row numbers to standardised rows, float32.
    n_columns : int
        Of what the network reads.
    few : bool
        Whether there are so few rows that their principal components hold what a
        network can learn from them. It then reads these, if they are fewer than the
        columns, and all are in memory.
    kept : ndarray of float32, shape (n_rows, n_columns), or None
        What the network reads, if it is in memory.
    components : Components or None
        None if the network reads the columns.
    """

    read: Callable
    n_columns: int
    few: bool
    kept: np.ndarray | None
    components: Components | None

    @classmethod
    def choose(cls, read, shape, n_components, kept=None):
        """Components of a few rows, or else the rows themselves.

        Parameters
        ----------
        read : callable
        shape : tuple of int
        n_components : int or None
            None: the rows in any case.
        kept : ndarray of float32, shape (n_rows, n_columns), default=None
            All rows, if they are in memory.
        """
        n_rows, n_columns = shape
        few = n_components is not None and n_rows <= MAX_ROWS
        components = None
        if few and n_columns > n_components:
            components = Components.fit(read, shape, n_components)
        if components is not None:
            kept, n_columns = components.scores, components.scores.shape[1]
        elif few and kept is None:
            kept = read(np.arange(n_rows))
        return cls(read, n_columns, few, kept, components)

    def reader(self, device):
        """A function that maps an index tensor to a batch on a device."""
        if self.kept is None:
            return lambda rows: torch.from_numpy(self.read(rows.numpy())).to(device)
        placed = place_rows(torch.from_numpy(self.kept), device)
        return lambda rows: placed[rows].to(device)


def fit_linear(inputs, codes, penalty):
    """Coefficients of a ridge logistic regression.

    Parameters
    ----------
    inputs : ndarray of shape (n_rows, n_inputs)
    codes : ndarray of int, shape (n_rows,)
        Class numbers, each from 0 at least once.
    penalty : float

    Returns
    -------
    weight : ndarray of float64, shape (n_classes, n_inputs)
    bias : ndarray of float64, shape (n_classes,)
    """
    with one_thread():
        model = LogisticRegression(C=1 / penalty, tol=1e-7, max_iter=10_000)
        model.fit(inputs.astype(np.float64), codes)
    weight, bias = model.coef_, model.intercept_
    if len(weight) == 1:
        weight, bias = np.vstack([-weight, weight]) / 2, np.append(-bias, bias) / 2
    return weight, bias
