"""Display of prediction sets."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.inspection._inputs import codes_of
from skmultimodal.inspection._prediction_sets import prediction_sets
from skmultimodal.inspection._style import INK, in_style, look, make_axes
from skmultimodal.model_selection import wilson_interval
from skmultimodal.utils._alignment import join_by_id

__all__ = ["PredictionSetsDisplay"]


class PredictionSetsDisplay:
    """Sizes of prediction sets by pattern, and how often they hold the true class.

    Use `from_estimator` or `from_sets` to make one.

    Parameters
    ----------
    summary : DataFrame with a row per pattern
        Columns ``n_rows``; ``empty``, ``one`` and ``several``, the shares of rows with
        so many classes in their set; ``mean_size``; and, with labels, ``n_labelled``,
        ``coverage``, ``low`` and ``high`` (Wilson's 95 % interval).
    coverage : float
        As stated.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    prediction_sets : Computes the sets.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn.utils import Bunch
    >>> from skmultimodal.inspection import PredictionSetsDisplay
    >>> ids = ["a", "b", "c"]
    >>> result = Bunch(
    ...     sets=pd.DataFrame([[1, 0], [1, 1], [0, 1]], index=ids, dtype=bool),
    ...     patterns=pd.Series(["gene", "gene", "image"], index=ids),
    ...     n_calibration=pd.Series({"image": 40, "gene": 30}),
    ...     coverage=0.9,
    ... )
    >>> display = PredictionSetsDisplay.from_sets(result, [0, 1, 0])
    >>> display.summary[["one", "several", "mean_size", "coverage"]]
           one  several  mean_size  coverage
    image  1.0      0.0        1.0       0.0
    gene   0.5      0.5        1.5       1.0
    >>> plt.close()
    """

    def __init__(self, summary: pd.DataFrame, *, coverage: float) -> None:
        self.summary = summary
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        X_calibration: Any,
        y_calibration: Any,
        coverage: float = 0.9,
        label_conditional: bool = False,
        ax: Any = None,
    ) -> Self:
        """Make prediction sets and draw them.

        Parameters
        ----------
        estimator, X : see `prediction_sets`
        y : see `from_sets`
        X_calibration, y_calibration : see `prediction_sets`
        coverage, label_conditional : see `prediction_sets`
        ax : see `from_sets`

        Returns
        -------
        display : PredictionSetsDisplay
        """
        result = prediction_sets(
            estimator,
            X,
            X_calibration=X_calibration,
            y_calibration=y_calibration,
            coverage=coverage,
            label_conditional=label_conditional,
        )
        return cls.from_sets(result, y, ax=ax)

    @classmethod
    def from_sets(cls, result: Bunch, y: Any = None, *, ax: Any = None) -> Self:
        """Draw prediction sets.

        Parameters
        ----------
        result : Bunch
            Of `prediction_sets`.
        y : array-like of shape (n_rows,), default=None
            True labels; NaN or None marks an unlabelled row, left out of the coverage.
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : PredictionSetsDisplay
        """
        sets, codes = result.sets.to_numpy(), None
        if y is not None:
            y = join_by_id(y, result.sets)
            codes = codes_of(y, result.sets.columns, len(sets), allow_unlabelled=True)
        summary = {}
        for pattern in result.n_calibration.index:
            rows = (result.patterns == pattern).to_numpy()
            if not rows.any():
                continue
            summary[pattern] = _of_sets(
                sets[rows], None if codes is None else codes[rows]
            )
        table = pd.DataFrame.from_dict(summary, orient="index")
        return cls(table, coverage=result.coverage).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw a bar per pattern, and below it the coverage if labels were given.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : PredictionSetsDisplay
            Itself.
        """
        n_patterns = len(self.summary)
        self.ax_, self.figure_ = make_axes(ax, figsize=(6.4, 2.2 + 0.8 * n_patterns))
        places, left = np.arange(n_patterns), np.zeros(n_patterns)
        kinds = {"one": "one class", "several": "several", "empty": "none"}
        for number, (kind, label) in enumerate(kinds.items()):
            style, width = look(number), self.summary[kind].to_numpy()
            self.ax_.barh(
                places,
                width,
                0.5,
                left=left,
                color=style["color"],
                hatch=style["hatch"],
                edgecolor="white",
                label=label,
            )
            left = left + width
        if "coverage" in self.summary:
            self._plot_coverage(places + 0.37)
        ticks = [f"{p}\n{n} rows" for p, n in self.summary["n_rows"].items()]
        self.ax_.set_yticks(places, ticks)
        self.ax_.set(
            xlim=(0, 1.02),
            ylim=(n_patterns - 0.4, -0.5),
            xlabel="share of rows, by the classes in their set",
        )
        self.ax_.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, columnspacing=1
        )
        return self

    def _plot_coverage(self, places: Any) -> None:
        share = self.summary["coverage"].to_numpy()
        reach = [share - self.summary["low"], self.summary["high"] - share]
        self.ax_.axvline(
            self.coverage,
            color=INK,
            linestyle="--",
            label=f"coverage stated: {self.coverage:g}",
        )
        self.ax_.errorbar(
            share,
            places,
            xerr=np.abs(np.array(reach, dtype=float)),
            color=INK,
            linestyle="",
            marker="D",
            capsize=3,
            label="coverage found",
        )


def _of_sets(sets: Any, codes: NDArray | None) -> dict[str, Any]:
    """Row of the summary for the sets of one pattern."""
    sizes = sets.sum(axis=1)
    row = {
        "n_rows": len(sets),
        "empty": np.mean(sizes == 0),
        "one": np.mean(sizes == 1),
        "several": np.mean(sizes > 1),
        "mean_size": sizes.mean(),
    }
    if codes is None:
        return row
    labelled = np.flatnonzero(codes >= 0)
    held = sets[labelled, codes[labelled]]
    low, high = wilson_interval(held.sum(), len(held)) if len(held) else (np.nan,) * 2
    share = held.mean() if len(held) else np.nan
    return row | {
        "n_labelled": len(held),
        "coverage": share,
        "low": low,
        "high": high,
    }
