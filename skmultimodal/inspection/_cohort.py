"""Display of the modalities that patients have."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.inspection._style import INK, MUTED, in_style, look, make_axes
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._labels import encode_labels
from skmultimodal.utils._patterns import modalities_of

__all__ = ["AvailabilityDisplay", "count_by_class"]

UNLABELLED = "unlabelled"
ALL_ROWS = "rows"
ABSENT, PLAIN = "#D0D0D0", "#D9D9D9"


class AvailabilityDisplay:
    """Numbers of patients by the modalities they have, and by class.

    Use `from_cohort` to make one. A column is a pattern of modalities: dots at the
    bottom mark the modalities of the pattern, bars at the top count its patients by
    class, and the same counts stand in between as numbers.

    Parameters
    ----------
    counts : DataFrame of shape (n_patterns, n_classes)
        Patients by pattern (index, such as ``"image+gene"``) and class (columns). The
        column ``"unlabelled"`` is drawn as such.
    modalities : list of str
        Names of the modalities, from top to bottom.
    unit : str, default="Patients"
        What is counted.

    Attributes
    ----------
    ax_ : ndarray of two matplotlib Axes
        Of the bars and of the dots.
    figure_ : matplotlib Figure

    See Also
    --------
    ParticipantFlowDisplay : How patients came into the cohort.

    References
    ----------
    Lex, Gehlenborg, Strobelt, Vuillemot & Pfister (2014), UpSet: visualization of
    intersecting sets, IEEE Transactions on Visualization and Computer Graphics 20(12).

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.inspection import AvailabilityDisplay
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> display = AvailabilityDisplay.from_cohort(X, y, class_names={1: "responds"})
    >>> display.counts.reset_index()
          pattern   0  responds
    0       image  15        15
    1        gene  20        20
    2  image+gene  10        10
    >>> plt.close()
    """

    def __init__(
        self, *, counts: pd.DataFrame, modalities: list[str], unit: str = "Patients"
    ) -> None:
        self.counts = counts
        self.modalities = modalities
        self.unit = unit

    @classmethod
    def from_cohort(
        cls, X: Any, y: Any = None, *, class_names: Any = None, ax: Any = None
    ) -> Self:
        """Count patients and draw them.

        Parameters
        ----------
        X : Cohort, dict of aligned arrays, DataFrame or array
        y : array-like of shape (n_rows,), default=None
            Class labels; NaN or None marks an unlabelled row. None counts all alike.
        class_names : dict of label to str, default=None
            Names for the legend. A class that `y` lacks is drawn as empty.
        ax : array-like of two matplotlib Axes, default=None
            For bars and dots; None makes a figure.

        Returns
        -------
        display : AvailabilityDisplay

        Raises
        ------
        ValueError
            If there are no rows, or `y` has another length.
        """
        cohort = as_cohort(X)
        if not len(cohort):
            raise ValueError("X has no rows: there is nothing to draw.")
        (y,) = join_rows(X, cohort, y=y)
        by_class = count_by_class(cohort, y, class_names)
        patterns = pd.Index(cohort.summary().index, name="pattern")
        counts = by_class.groupby(cohort.patterns).sum().reindex(patterns)
        metadata = cohort.metadata
        sliced = metadata is not None and "patient" in metadata
        distinct = cohort.index.is_unique and not sliced
        return cls(
            counts=counts,
            modalities=cohort.modalities,
            unit="Patients" if distinct else "Rows",
        ).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes, default=None
            For bars and dots; None makes a figure.

        Returns
        -------
        display : AvailabilityDisplay
            Itself.
        """
        n_lines = len(self.modalities) + len(self._classes())
        longest = max(
            map(len, [*self._classes(), *map(self._modality_label, self.modalities)])
        )
        width = max(6.4, 0.8 + 0.1 * longest + 0.55 * len(self.counts))
        axes, self.figure_ = make_axes(
            ax,
            figsize=(width, 3.2 + 0.32 * n_lines),
            shape=(2, 1),
            sharex=True,
            height_ratios=(2.6, 0.4 + 0.32 * n_lines),
        )
        self.ax_ = axes.ravel()
        self._plot_bars(self.ax_[0])
        self._plot_dots(self.ax_[1])
        return self

    def _classes(self) -> list[str]:
        """The classes; none without labels."""
        classes = list(self.counts.columns)
        return [] if classes == [ALL_ROWS] else classes

    def _look(self, number: Any) -> dict[str, Any]:
        style = look(number)
        if self.counts.columns[number] == UNLABELLED:
            return {"facecolor": PLAIN, "edgecolor": MUTED}
        return {
            "facecolor": style["color"],
            "hatch": style["hatch"],
            "edgecolor": "white",
        }

    def _plot_bars(self, ax: Any) -> None:
        places = np.arange(len(self.counts))
        total = np.zeros(len(self.counts), dtype=int)
        for number, (_, column) in enumerate(self.counts.items()):
            bars = self._look(number)
            ax.bar(places, column, bottom=total, width=0.7, linewidth=0.8, **bars)
            total += column.to_numpy()
        for place, count in zip(places, total, strict=True):
            ax.annotate(
                f"{count}",
                (place, count),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=INK,
            )
        ax.margins(y=0.12)
        ax.set_ylim(bottom=0)
        ax.set_ylabel(self.unit)
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.tick_params(axis="x", bottom=False, labelbottom=False)

    def _plot_dots(self, ax: Any) -> None:
        """One line of numbers per class, and below one line of dots per modality."""
        classes, n_modalities = self._classes(), len(self.modalities)
        heights = np.arange(n_modalities) + len(classes)
        for place, (pattern, row) in enumerate(self.counts.iterrows()):
            for line, name in enumerate(classes):
                ax.text(place, line, f"{row[name]}", ha="center", va="center")
            has = [m in modalities_of(str(pattern)) for m in self.modalities]
            colours = [INK if present else ABSENT for present in has]
            ax.scatter([place] * n_modalities, heights, s=110, c=colours, zorder=3)
            if sum(has) > 1:
                ends = heights[has][[0, -1]]
                ax.plot([place, place], ends, color=INK, linewidth=2.5, zorder=2)
        for height in heights[::2]:
            ax.axhspan(height - 0.5, height + 0.5, color="#F2F2F2", zorder=0)
        for line in range(len(classes)):
            box = {**self._look(line), "transform": ax.get_yaxis_transform()}
            ax.scatter([0], [line], s=150, marker="s", clip_on=False, **box)
        names = [*classes, *map(self._modality_label, self.modalities)]
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(left=False, bottom=False, labelbottom=False, pad=10)
        ax.set_ylim(len(names) - 0.4, -0.6)
        spare = max(0, 3 - len(self.counts)) / 2
        ax.set_xlim(-0.75 - spare, len(self.counts) - 0.4 + spare)
        ax.spines[:].set_visible(False)
        ax.set_xlabel("Modalities present")

    def _modality_label(self, modality: str) -> str:
        has = [modality in modalities_of(str(pattern)) for pattern in self.counts.index]
        return f"{modality} ({self.counts[has].to_numpy().sum()})"


def count_by_class(cohort: Cohort, y: Any, class_names: Any) -> pd.DataFrame:
    """Indicators of the class of each row: DataFrame of 0 and 1, one column per class.

    The last column is ``"unlabelled"`` if there are such rows; without `y`, the only
    column is ``"rows"``.
    """
    if y is None:
        return pd.DataFrame({ALL_ROWS: np.ones(len(cohort), dtype=int)})
    if len(y) != len(cohort):
        raise ValueError(f"X has {len(cohort)} rows, y has {len(y)}.")
    if class_names is not None and not isinstance(class_names, Mapping):
        raise ValueError(
            "class_names must be a dict of label to name, "
            f"got {type(class_names).__name__}."
        )
    names = dict(class_names or {})
    classes, codes = encode_labels(y, allow_unlabelled=True)
    classes = classes.tolist()
    empty = [label for label in names if label not in classes]
    number = {label: i for i, label in enumerate([*classes, *empty])}
    columns = {_label_name(names.get(n, n)): codes == i for n, i in number.items()}
    if len(columns) < len(number) or UNLABELLED in columns:
        raise ValueError(
            f"each class needs a name of its own that is not {UNLABELLED!r}, got "
            f"{[_label_name(names.get(label, label)) for label in number]}."
        )
    if (codes < 0).any():
        columns[UNLABELLED] = codes < 0
    return pd.DataFrame(columns, dtype=int)


def _label_name(label: Any) -> str:
    # Labels beside NaN are floats: class 1.0 is named 1.
    return f"{label:g}" if isinstance(label, float) else str(label)
