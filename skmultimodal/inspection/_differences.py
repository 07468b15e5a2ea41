"""Differences of the models that `compare_classifiers` compared."""

from typing import Any, Self

import numpy as np

from skmultimodal.inspection._comparison_parts import (
    check_comparison,
    draw_dot,
    interval_name,
    mean_and_reach,
    metric_name,
    name_rows,
    names_width,
    p_label,
    pair_label,
)
from skmultimodal.inspection._style import INK, MUTED, in_style, make_axes

__all__ = ["DifferencesDisplay"]


class DifferencesDisplay:
    """Differences of models with their intervals and p values, a row each.

    Parameters
    ----------
    labels : list of str
        What is compared in each row.
    difference, low, high : array-like of shape (n_rows,)
        Difference of the mean scores, and the ends of its interval; NaN ends draw no
        interval.
    p : array-like of shape (n_rows,)
        Adjusted by Holm for `n_tests` tests. NaN is shown as a dash.
    metric : str
        The metric, of which more is better.
    reference : str, default=None
        The model that is subtracted in every row. None: a row is a pair "a − b".
    n_tests : int, default=None
        None is the number of rows with a p value.
    confidence_level : float, default=None
        Of the intervals, stated on the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    DifferencesDisplay.from_comparison : Draw the differences of a comparison.
    skmultimodal.model_selection.compare_classifiers : Where intervals and tests come
        from.

    Notes
    -----
    The p values are adjusted for all tests made, the intervals each for none: an
    interval may exclude 0 where the adjusted p value is above 0.05.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skmultimodal.inspection import DifferencesDisplay
    >>> display = DifferencesDisplay(
    ...     labels=["image only", "gene only"],
    ...     difference=[-0.12, -0.09],
    ...     low=[-0.25, -0.21],
    ...     high=[0.01, 0.03],
    ...     p=[0.13, 0.14],
    ...     metric="roc_auc",
    ...     reference="twin tower",
    ... )
    >>> print(display.plot().ax_.get_xlabel())
    Difference in ROC AUC, interval
    ← worse than twin tower | better →
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        labels: list[str],
        difference: Any,
        low: Any,
        high: Any,
        p: Any,
        metric: str,
        reference: str | None = None,
        n_tests: int | None = None,
        confidence_level: float | None = None,
    ) -> None:
        self.labels = labels
        self.difference = difference
        self.low = low
        self.high = high
        self.p = p
        self.metric = metric
        self.reference = reference
        self.n_tests = n_tests
        self.confidence_level = confidence_level

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        metric: str,
        reference: str | None = None,
        models: list[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the differences of a comparison on one metric.

        Parameters
        ----------
        comparison : Comparison or OutcomeComparison
            From `compare_classifiers` or another, of two models or more. The p values
            are its ``p_holm``, adjusted for all its pairs, or those with its reference,
            also for those not drawn.
        metric : str
            Of the comparison; more must be better, as with scikit-learn's scorers.
        reference : str, default=None
            The model that the others are compared with. None is that of the
            comparison; if it has none, all pairs are drawn.
        models : list of str, default=None
            Models to compare, in this order. None is all.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : DifferencesDisplay

        Raises
        ------
        ValueError
            If the metric or a model is not in the comparison, or there is no pair.
        """
        check_comparison(comparison, outcomes=True)
        reference = comparison.reference if reference is None else reference
        table = comparison.differences(
            models=models, metrics=[metric], reference=reference
        )
        if table.empty:
            given = comparison.models if models is None else models
            raise ValueError(
                f"no two models to compare: models are {', '.join(map(str, given))}."
            )
        pairs = zip(table["model_a"], table["model_b"], strict=True)
        tested = comparison.differences(metrics=[metric])["p_holm"].notna()
        display = cls(
            labels=[pair_label(a, b) if reference is None else a for a, b in pairs],
            **{name: table[name].to_numpy() for name in ("difference", "low", "high")},
            p=table["p_holm"].to_numpy(),
            metric=metric,
            reference=reference,
            n_tests=int(tested.sum()),
            confidence_level=comparison.confidence_level,
        )
        return display.plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw the differences.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        self : DifferencesDisplay
        """
        n_rows = len(self.labels)
        lines = sum(label.count("\n") + 1 for label in self.labels)
        width = names_width(self.labels) + 5.4
        size = (width, max(2.6, 1.3 + 0.1 * n_rows + 0.25 * lines))
        self.ax_, self.figure_ = make_axes(ax, figsize=size)
        self.ax_.axvline(0, color=MUTED, linewidth=1, zorder=1)
        means, reach = mean_and_reach(self.difference, self.low, self.high)
        style = {"color": INK, "marker": "o"}
        for row, mean in enumerate(means):
            draw_dot(self.ax_, row, mean, reach[:, row], style)
        name_rows(self.ax_, self.labels)
        self.ax_.locator_params(axis="x", nbins=6)
        self._name_differences()
        self._write_p_values()
        return self

    def _name_differences(self) -> None:
        level = interval_name(self.confidence_level)
        sides = f"← worse than {self.reference} | better →"
        if self.reference is None:
            sides = "← second is better | first is better →"
        self.ax_.set_xlabel(
            f"Difference in {metric_name(self.metric)}, {level}\n{sides}"
        )

    def _write_p_values(self) -> None:
        p = np.asarray(self.p, dtype=float)
        n_tests = int(np.isfinite(p).sum()) if self.n_tests is None else self.n_tests
        right = self.ax_.secondary_yaxis("right")
        right.set_yticks(range(len(p)), [p_label(value) for value in p])
        name = "p" if n_tests < 2 else f"p (Holm,\n{n_tests} tests)"
        right.set_ylabel(name)
        right.spines["right"].set_visible(False)
        right.tick_params(length=0)
