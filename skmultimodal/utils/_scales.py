"""The scale of the rows of a modality, by which a change of units is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._rows import is_lazy

__all__ = ["Scale", "some_rows"]

# A sample is enough, and costs no more than a few milliseconds.
MOST_ROWS, MOST_COLUMNS, MOST_VALUES = 256, 256, 100_000
# With fewer columns, those of other units decide what the typical size is.
MIN_COLUMNS = 50
# Of fewer, in fit or in what is compared with it, quartiles are chance.
MIN_FITTED, MIN_ROWS = 30, 10
SIZE_RATIO = 5.0
SPREAD_RATIO = 10.0
N_SPREADS = 4.0
UNIT_RATIO = 1.5
SHARE = 0.1


def some_rows(cohort: Any, name: str) -> Any:
    """Rows of a modality at equal steps, as many as are measured in little time."""
    width = int(np.prod(cohort.block_shape(name)[1:]))
    n_rows = min(MOST_ROWS, max(4, 10 * MOST_VALUES // max(width, 1)))
    present = np.flatnonzero(cohort.has(name))
    return cohort[present[:: -(-len(present) // n_rows) or 1]].block(name)


@dataclass(frozen=True, eq=False)
class Scale(ModelPart):
    """How large values are in some of the rows that a model was fitted to.

    Parameters
    ----------
    sizes : tuple of float
        Median and 95th percentile of the absolute values that are not 0; NaN with few
        columns.
    names : list of str or None
        Names of the columns of `centre` and `spread`.
    columns : ndarray of intp, shape (n_columns,)
        Their places.
    centre, spread : ndarray of shape (n_columns,)
        Median and interquartile range of some columns; none of images.
    n_rows : int
    """

    sizes: tuple[float, float]
    names: Any
    columns: Any
    centre: Any
    spread: Any
    n_rows: int

    @classmethod
    def of(cls, rows: Any, names: Sequence[str] | None) -> "Scale | None":
        """The scale of some rows, None if they are lazy, no numbers, or none."""
        if not _is_measured(rows):
            return None
        columns = np.empty(0, dtype=np.intp)
        if rows.ndim == 2:
            step = max(1, rows.shape[1] // MOST_COLUMNS)
            columns = np.arange(0, rows.shape[1], step)
        centre, spread = _quartiles(rows[:, columns] if len(columns) else rows[:, :0])
        named = None if names is None else [names[int(i)] for i in columns]
        return cls(_sizes(rows), named, columns, centre, spread, len(rows))

    def describe_shift(self, rows: Any, names: Sequence[str] | None) -> str | None:
        """How the scale of `rows` differs, as the end of a sentence; None if it hardly
        does."""
        if not _is_measured(rows):
            return None
        for word, then, now in zip(
            ("a median", "a 95th percentile"), self.sizes, _sizes(rows), strict=True
        ):
            ratio = now / then if then else np.nan
            if ratio > SIZE_RATIO or ratio < 1 / SIZE_RATIO:
                return f"absolute values have {word} of {now:.3g}, in fit of {then:.3g}"
        return self._shifted_columns(rows, names)

    def _shifted_columns(self, rows: Any, names: Sequence[str] | None) -> str | None:
        columns = self._places(rows, names)
        if columns is None or self.n_rows < MIN_FITTED or len(rows) < MIN_ROWS:
            return None
        centre, spread = _quartiles(rows[:, columns])
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = np.abs(centre - self.centre) > N_SPREADS * self.spread
            # Of two units, one is at least so many times the other.
            sizes = np.sort(np.abs([centre, self.centre]), axis=0)
            other = sizes[1] > UNIT_RATIO * sizes[0]
            moved &= other | (centre * self.centre < 0)
            wider = spread / self.spread
        # Some patients may be alike.
        narrower = (wider < 1 / SPREAD_RATIO) & (spread > 0) & other
        odd = (moved | (wider > SPREAD_RATIO) | narrower) & (self.spread > 0)
        if odd.sum() < max(1, SHARE * len(columns)):
            return None
        shown = [
            f"{self.names[i] if self.names else f'column {self.columns[i]}'} (median "
            f"{centre[i]:.3g}, in fit {self.centre[i]:.3g})"
            for i in np.flatnonzero(odd)[:3]
        ]
        return f"{odd.sum()} of {len(odd)} columns differ, such as {', '.join(shown)}"

    def _places(self, rows: Any, names: Sequence[str] | None) -> Any:
        """Where the columns are among `rows`, None if that cannot be known."""
        if not len(self.columns) or rows.ndim != 2:
            return None
        if self.names is None or names is None:
            return self.columns if self.columns[-1] < rows.shape[1] else None
        place = {name: i for i, name in enumerate(names)}
        found = [place.get(name, -1) for name in self.names]
        return None if -1 in found else np.array(found)


def _is_measured(rows: Any) -> bool:
    return not is_lazy(rows) and rows.dtype.kind in "iuf" and rows.size > 0


def _sizes(rows: NDArray[Any]) -> tuple[float, float]:
    width = int(np.prod(rows.shape[1:]))
    nothing = np.nan, np.nan
    if width < MIN_COLUMNS:
        return nothing
    values = rows.reshape(-1)
    values = np.abs(values[:: max(1, len(values) // MOST_VALUES)].astype(np.float64))
    values = values[np.isfinite(values) & (values > 0)]
    if len(values) < MIN_COLUMNS:
        return nothing
    median, high = np.quantile(values, [0.5, 0.95])
    return float(median), float(high)


def _quartiles(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Median and interquartile range of each column; NaN where values are missing."""
    some = rows.astype(np.float64)
    if not some.size:
        return np.empty(some.shape[1]), np.empty(some.shape[1])
    if not np.isfinite(some).all():
        some = np.where(np.isfinite(some), some, np.nan)
        known = ~np.isnan(some).all(axis=0)
        quartiles = np.full((3, some.shape[1]), np.nan)
        quartiles[:, known] = np.nanquantile(some[:, known], [0.25, 0.5, 0.75], axis=0)
    else:
        quartiles = np.quantile(some, [0.25, 0.5, 0.75], axis=0)
    return quartiles[1], quartiles[2] - quartiles[0]
