"""Principal components of many columns: a network and a ridge regression read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skmultimodal.utils._device import place_rows
from skmultimodal.utils._threads import one_thread

__all__ = ["Components", "TrainingRows", "doubled", "finish_network", "row_chunks"]

# Products of each two rows, or columns, take longer than a network's training if there
# are more of both.
MAX_SIDE = 1000
MAX_ROWS = 20_000
# Values that are read at a time: 16 MB of float64.
CHUNK_ELEMENTS = 2**21
# A network reads so many components, and with many rows one per so many rows.
FEWEST, ROWS_PER_COMPONENT = 50, 8
# Up to so many rows, logits are half those of the ridge regression; of wide rows half
# those of the lasso, and the rest half those of the ridge regression. With more, the
# network errs less from draw to draw, and linear models as before: their shares fall.
FEW_ROWS = 500
# A lasso with a smaller share would change nothing but the time.
LEAST_SHARE = 0.01
# Components with a smaller share of the largest variance are rounding.
MIN_VARIANCE = 1e-9


@dataclass(frozen=True)
class Components:
    """Scores of centred rows in all their principal components, in one unit.

    They are not whitened, so a network finds first what varies most, as it does in the
    columns themselves.

    Parameters
    ----------
    scores : ndarray of float32, shape (n_rows, n_components)
        By falling variance. Without `columns_of`, the columns themselves.
    columns_of : callable or None
        Maps coefficients of the scores, (n_components, n), to those of the columns that
        give the same, (n_columns, n).
    unit : float
        Standard deviation of the first components, by which the scores are divided.
    """

    scores: np.ndarray
    columns_of: Callable | None = None
    unit: float = 1.0

    @classmethod
    def fit(
        cls, read: Callable[..., Any], shape: Sequence[int], n_leading: int
    ) -> Self | None:
        """Components of centred rows; None if no row differs from another.

        Rows span at most as many dimensions as there are rows, so the eigenvectors of
        their products are enough, and columns as many as there are columns.

        Parameters
        ----------
        read : callable
            Maps an array of row numbers to these rows.
        shape : tuple of int
            Of all rows.
        n_leading : int
            The mean variance of so many components is 1.
        """
        n_rows, n_columns = shape
        chunks = row_chunks(n_rows, n_columns)
        # The same sums on any number of threads.
        with one_thread():
            if n_columns < n_rows:
                products = sum(doubled(read, c).T @ doubled(read, c) for c in chunks)
            else:
                products = _products_of_rows(read, chunks, n_rows)
            squares, axes = np.linalg.eigh(products)
        kept = squares > MIN_VARIANCE * max(squares[-1], 0)
        if not kept.any():
            return None
        squares, axes = squares[kept][::-1], axes[:, kept][:, ::-1]
        # Eigenvectors have no sign: the largest entry is made positive.
        largest = np.abs(axes).argmax(axis=0)
        axes = axes * np.sign(axes[largest, np.arange(len(largest))])
        unit = float(np.sqrt(squares[:n_leading].mean() / n_rows))
        lengths = np.sqrt(squares)
        if n_columns < n_rows:
            axes = axes / unit
            scores = np.vstack([doubled(read, c) @ axes for c in chunks])
            return cls(scores.astype(np.float32), lambda c: axes @ c, unit)

        def columns_of(coefficients: Any) -> NDArray:
            by_row = axes / (lengths * unit) @ coefficients
            return sum(doubled(read, c).T @ by_row[c] for c in chunks)

        return cls((axes * lengths / unit).astype(np.float32), columns_of, unit)


def row_chunks(n_rows: int, n_columns: int) -> list[NDArray[np.intp]]:
    """Numbers of the rows that are read at a time."""
    size = max(1, CHUNK_ELEMENTS // n_columns)
    return [np.arange(c.start, c.stop) for c in gen_batches(n_rows, size)]


def doubled(read: Any, rows: Any) -> NDArray:
    """Rows in float64."""
    return read(rows).astype(np.float64)


def _products_of_rows(read: Any, chunks: Any, n_rows: int) -> NDArray:
    """Products of each two rows, of which only two chunks are in memory."""
    products = np.empty((n_rows, n_rows))
    for number, some in enumerate(chunks):
        part = doubled(read, some)
        products[np.ix_(some, some)] = part @ part.T
        for others in chunks[:number]:
            block = part @ doubled(read, others).T
            products[np.ix_(some, others)] = block
            products[np.ix_(others, some)] = block.T
    return products


@dataclass(frozen=True)
class TrainingRows:
    """What a network of many columns is trained on, and linear models beside it.

    Parameters
    ----------
    read : callable
        Maps an array of row numbers to standardised rows, float32.
    kept : ndarray of float32, shape (n_rows, n_inputs), or None
        What the network reads, if it is in memory.
    n_inputs : int
        Number of its columns.
    components : Components or None
        The network reads the first `n_inputs` of them.
    """

    read: Callable
    kept: np.ndarray | None
    n_inputs: int
    components: Components | None = None

    @classmethod
    def choose(
        cls,
        read: Callable[..., Any],
        shape: Sequence[int],
        n_components: Any,
        kept: NDArray | None = None,
    ) -> Self:
        """The first components if they are cheap, or else the rows themselves.

        Parameters
        ----------
        read : callable
        shape : tuple of int
        n_components : int, "auto" or None
            "auto" is 50, and an eighth of the rows if that is more. None: the rows in
            any case.
        kept : ndarray of float32, shape (n_rows, n_columns), default=None
            All rows, if they are in memory.
        """
        n_rows, n_columns = shape
        if n_components == "auto":
            n_components = max(FEWEST, n_rows // ROWS_PER_COMPONENT)
        small = kept is not None and n_rows <= MAX_ROWS and n_columns <= MAX_SIDE
        if n_components is None or not (n_rows <= MAX_SIDE or small):
            return cls(read, kept, n_columns)
        found = None
        # Of columns that are not many more, the first components hold too little.
        if n_columns > 2 * n_components:
            found = Components.fit(read, shape, n_components)
        if found is None:
            kept = read(np.arange(n_rows)) if kept is None else kept
            return cls(read, kept, n_columns, Components(kept))
        kept = np.ascontiguousarray(found.scores[:, :n_components])
        return cls(read, kept, kept.shape[1], found)

    def reader(self, device: Any) -> Callable[..., Any]:
        """A function that maps an index tensor to a batch on a device."""
        if self.kept is None:
            return lambda rows: torch.from_numpy(self.read(rows.numpy())).to(device)
        placed = place_rows(torch.from_numpy(self.kept), device)
        return lambda rows: placed[rows].to(device)


def finish_network(
    net_params: dict[str, Any],
    rows: TrainingRows,
    fit_ridge: Callable[..., Any] | None,
    fit_sparse: Callable[..., Any] | None,
    module: Any,
) -> dict[str, Any]:
    """Let a network that was trained on components read columns; add linear models.

    Parameters
    ----------
    net_params : dict
        Arguments that build the network of columns.
    rows : TrainingRows
    fit_ridge : callable or None
        Maps inputs (n_rows, n_inputs) to the weight (n_outputs, n_inputs) and the bias
        (n_outputs,) of a linear model of all components; None: there is none.
    fit_sparse : callable or None
        Maps `read` and the number of columns to those of a model of single columns.
    module : Autoencoder
        Trained; changed in place.

    Returns
    -------
    net_params : dict
        Arguments that build it as it is now.
    """
    found = rows.components
    if found is None:
        return net_params
    n_rows, n_scores = found.scores.shape
    few = min(1.0, FEW_ROWS / n_rows)
    sparse_share = few**2 / 2
    if module.classifier is None:
        fit_ridge = fit_sparse = None
    # Components dilute what a single column shows; a network of columns reads it.
    diluted = found.columns_of is not None
    if fit_sparse is None or not diluted or sparse_share < LEAST_SHARE:
        fit_sparse, sparse_share = None, 0.0
    coefficients = np.eye(n_scores, rows.n_inputs)
    models = []
    if fit_ridge is not None:
        weight, bias = fit_ridge(found.scores)
        coefficients = np.hstack([coefficients, weight.T])
    if found.columns_of is not None:
        coefficients = found.columns_of(coefficients)
        basis = torch.from_numpy(coefficients[:, : rows.n_inputs])
        module.change_basis(basis, found.unit**2 * basis.T)
    if fit_ridge is not None:
        weight = coefficients[:, rows.n_inputs :].T
        models.append(((1 - sparse_share) * few / 2, weight, bias))
    if fit_sparse is not None:
        models.append((sparse_share, *fit_sparse(rows.read, len(coefficients))))
    if not models:
        return net_params
    # One layer has the mean of them, and its share in the logits.
    share = sum(part for part, _, _ in models)
    weight = sum(part / share * weight for part, weight, _ in models)
    bias = sum(part / share * bias for part, _, bias in models)
    module.set_linear(torch.from_numpy(weight), torch.from_numpy(bias), share)
    return net_params | {"linear_share": share}
