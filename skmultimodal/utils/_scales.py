"""The scale of the rows of a modality, by which a change of units is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._parts import ModelPart
from skmultimodal.utils._rows import is_lazy

__all__ = ["Scale", "measured", "some_rows"]

# A sample is enough, and costs no more than a few milliseconds.
MOST_ROWS, MOST_COLUMNS, MOST_VALUES = 256, 256, 100_000
# Of images, whose statistics are of all their pixels.
MOST_PIXELS = 20_000_000
# With fewer columns, those of other units decide what the typical size is.
MIN_COLUMNS = 50
# Of fewer, in fit or in what is compared with it, quartiles are chance.
MIN_FITTED, MIN_ROWS = 30, 10
SIZE_RATIO = 5.0
SPREAD_RATIO = 10.0
N_SPREADS = 4.0
UNIT_RATIO = 1.5
SHARE = 0.1
# Of hospitals that measure alike, medians differ by .01; natural logarithms are .69 of
# binary ones. Medians of so many columns have to agree about a factor.
FACTOR, MIN_AGREEING = 0.15, 20
# Ends of the range of a column: one value in a hundred of its own is outside.
OUTSIDE = 0.005
# What is measured of each channel of an image.
MOST_OF_CHANNEL = 2000
# Of an image: the value of its corner is that of what surrounds the body.
MARGIN = 0.1
STATISTICS = ("mean", "standard deviation", "5 %", "median", "95 %")


def some_rows(cohort: Any, name: str) -> Any:
    """Rows of a modality at equal steps, as many as are measured in little time.

    Those of a lazy table are read; lazy images stay so.
    """
    shape = cohort.block_shape(name)[1:]
    most = MOST_PIXELS if len(shape) > 2 else 10 * MOST_VALUES
    n_rows = min(MOST_ROWS, max(4, most // max(int(np.prod(shape)), 1)))
    present = np.flatnonzero(cohort.has(name))
    rows = cohort[present[:: -(-len(present) // n_rows) or 1]].block(name)
    return np.asarray(rows) if len(shape) == 1 and is_lazy(rows) else rows


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
        Median and interquartile range of some columns, or of statistics of the channels
        of images.
    low, high : ndarray of shape (n_columns,)
        Between them are 99 % of the values.
    n_rows : int
    """

    sizes: tuple[float, float]
    names: Any
    columns: Any
    centre: Any
    spread: Any
    low: Any
    high: Any
    n_rows: int

    @classmethod
    def of(cls, rows: Any, names: Sequence[str] | None) -> "Scale | None":
        """The scale of some rows, None if they are lazy, no numbers, or none."""
        if not _is_measured(rows):
            return None
        table, names = measured(rows, names)
        step = max(1, table.shape[1] // MOST_COLUMNS)
        columns = np.arange(0, table.shape[1], step)
        named = None if names is None else [names[int(i)] for i in columns]
        ends = (OUTSIDE, 1 - OUTSIDE)
        low, lower, centre, upper, high = _quantiles(
            table[:, columns], (ends[0], 0.25, 0.5, 0.75, ends[1])
        )
        numbers = centre, upper - lower, low, high
        return cls(_sizes(rows), named, columns, *numbers, len(rows))

    def table(self) -> pd.DataFrame:
        """Median, spread and range of the columns, by name or number."""
        columns = {"median": self.centre, "iqr": self.spread}
        columns |= {"low": self.low, "high": self.high, "n_rows": self.n_rows}
        index = self.columns if self.names is None else self.names
        return pd.DataFrame(columns, index=pd.Index(index, name="feature"))

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
        table, names = measured(rows, names)
        kept, columns = self.places(table.shape[1], names)
        if not len(kept) or self.n_rows < MIN_FITTED or len(rows) < MIN_ROWS:
            return None
        lower, centre, upper = _quantiles(table[:, columns], (0.25, 0.5, 0.75))
        spread = upper - lower
        fitted, fitted_spread = self.centre[kept], self.spread[kept]
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = np.abs(centre - fitted) > N_SPREADS * fitted_spread
            # Of two units, one is at least so many times the other.
            sizes = np.sort(np.abs([centre, fitted]), axis=0)
            other = sizes[1] > UNIT_RATIO * sizes[0]
            moved &= other | (centre * fitted < 0)
            wider = spread / fitted_spread
        # Some patients may be alike.
        narrower = (wider < 1 / SPREAD_RATIO) & (spread > 0) & other
        odd = (moved | (wider > SPREAD_RATIO) | narrower) & (fitted_spread > 0)
        if odd.sum() < max(1, SHARE * len(kept)):
            # A channel that a hospital lacks is 0 everywhere, and no other unit.
            is_table = rows.ndim <= 2
            return _common_factor(centre, fitted, fitted_spread) if is_table else None
        shown = [
            f"{self._name(kept[i])} (median {centre[i]:.3g}, in fit {fitted[i]:.3g})"
            for i in np.flatnonzero(odd)[:3]
        ]
        return f"{odd.sum()} of {len(odd)} columns differ, such as {', '.join(shown)}"

    def _name(self, i: int) -> str:
        return self.names[i] if self.names else f"column {self.columns[i]}"

    def places(
        self, n_columns: int, names: Sequence[str] | None
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which of the columns a table has too, and where; none if that is unknown."""
        if self.names is None or names is None:
            kept = np.arange(len(self.columns))
            known = len(kept) and self.columns[-1] < n_columns
            return (kept, self.columns) if known else (kept[:0], self.columns[:0])
        place = {name: i for i, name in enumerate(names)}
        found = np.array([place.get(name, -1) for name in self.names], dtype=np.intp)
        kept = np.flatnonzero(found >= 0)
        return kept, found[kept]


def _common_factor(
    centre: NDArray[Any], fitted: NDArray[Any], fitted_spread: NDArray[Any]
) -> str | None:
    """By how much all values are multiplied, as the end of a sentence."""
    far = np.abs(fitted) > fitted_spread
    if far.sum() < MIN_AGREEING:
        return None
    ratios = centre[far] / fitted[far]
    lower, factor, upper = np.quantile(ratios, [0.25, 0.5, 0.75])
    if not abs(factor - 1) > max(FACTOR, 3 * (upper - lower)):
        return None
    return (
        f"medians of {far.sum()} columns are {factor:.2f} times those of fit, as of "
        "other logarithms (natural ones are 0.69 of binary ones) or another unit"
    )


def measured(
    rows: Any, names: Sequence[str] | None
) -> tuple[NDArray[Any], Sequence[str] | None]:
    """A table of what is compared between rows, and names of its columns.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns) or (n_rows, n_channels, ...)
        Of images, `STATISTICS` of each channel are, without an empty margin, which may
        be wider elsewhere.
    names : list of str or None

    Returns
    -------
    table : ndarray of shape (n_rows, n_measured)
    names : list of str or None
    """
    if rows.ndim <= 2:
        return (rows if rows.ndim == 2 else rows[:, None]), names
    pixels = rows.reshape(*rows.shape[:2], -1)
    step = max(1, pixels.shape[2] // MOST_OF_CHANNEL)
    table = _channel_statistics(pixels[:, :, ::step].astype(np.float64))
    of_channels = [
        f"channel {c}: {s}" for c in range(rows.shape[1]) for s in STATISTICS
    ]
    return table.reshape(len(rows), -1), of_channels


def _channel_statistics(pixels: NDArray[Any]) -> NDArray[Any]:
    """`STATISTICS` of (n_rows, n_channels, n_pixels): (n_rows, n_channels, 5)."""
    around = pixels == pixels[:, :, :1]
    share = around.mean(axis=2, keepdims=True)
    counted = ~around | (share < MARGIN) | (share == 1)
    n = counted.sum(axis=2, keepdims=True)
    with np.errstate(invalid="ignore", over="ignore"):  # of infinite or huge ones
        mean = np.where(counted, pixels, 0).sum(axis=2, keepdims=True) / n
        spread = np.where(counted, pixels - mean, 0) ** 2
        deviation = np.sqrt(spread.sum(axis=2, keepdims=True) / n)
    ordered = np.sort(np.where(counted, pixels, np.inf), axis=2)
    places = [(q * (n - 1)).astype(np.intp) for q in (0.05, 0.5, 0.95)]
    ends = [np.take_along_axis(ordered, place, axis=2) for place in places]
    return np.concatenate([mean, deviation, *ends], axis=2)


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


def _quantiles(rows: NDArray[Any], at: Sequence[float]) -> NDArray[Any]:
    """Quantiles of each column; NaN where all of it is missing."""
    some = rows.astype(np.float64)
    if not some.size:
        return np.empty((len(at), some.shape[1]))
    if np.isfinite(some).all():
        return np.quantile(some, at, axis=0)
    some = np.where(np.isfinite(some), some, np.nan)
    known = ~np.isnan(some).all(axis=0)
    found = np.full((len(at), some.shape[1]), np.nan)
    found[:, known] = np.nanquantile(some[:, known], at, axis=0)
    return found
