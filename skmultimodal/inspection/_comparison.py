"""Scores of the models that `compare_classifiers` compared."""

from typing import Any, Self

import numpy as np

from skmultimodal.inspection._comparison_parts import (
    add_legend,
    bounded,
    check_comparison,
    draw_dot,
    draw_whiskers,
    interval_name,
    mark_undefined,
    mean_and_reach,
    metric_name,
    name_rows,
    names_width,
    wrapped,
)
from skmultimodal.inspection._style import in_style, look, make_axes

__all__ = ["MetricIntervalsDisplay"]


class MetricIntervalsDisplay:
    """Mean scores of models, a bar or a dot each, with their intervals.

    Parameters
    ----------
    models : list of str
        Their names.
    metrics : list of str
        Names as in scikit-learn's ``scoring``.
    mean, low, high : array-like of shape (n_models, n_metrics)
        Mean score, and the ends of its interval. NaN ends draw no interval, a NaN mean
        is marked as undefined.
    confidence_level : float, default=None
        Of the intervals, stated on the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes, or ndarray of Axes of shape (n_metrics,) of ``kind="point"``
    figure_ : matplotlib Figure

    See Also
    --------
    MetricIntervalsDisplay.from_comparison : Draw the summary of a comparison.
    DifferencesDisplay : Whether two models differ, which overlapping intervals of their
        means do not show.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skmultimodal.inspection import MetricIntervalsDisplay
    >>> display = MetricIntervalsDisplay(
    ...     models=["image only", "twin tower"],
    ...     metrics=["accuracy", "f1", "roc_auc"],
    ...     mean=[[0.68, 0.74, 0.80], [0.84, 0.84, 0.92]],
    ...     low=[[0.53, 0.64, 0.64], [0.72, 0.71, 0.80]],
    ...     high=[[0.80, 0.82, 0.89], [0.91, 0.91, 0.97]],
    ...     confidence_level=0.95,
    ... )
    >>> display.plot().ax_.get_ylabel()
    'Mean of the folds, 95 % interval'
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        models: list[str],
        metrics: list[str],
        mean: Any,
        low: Any,
        high: Any,
        confidence_level: float | None = None,
    ) -> None:
        self.models = models
        self.metrics = metrics
        self.mean = mean
        self.low = low
        self.high = high
        self.confidence_level = confidence_level

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        metrics: list[str] | None = None,
        models: list[str] | None = None,
        kind: str = "bar",
        ax: Any = None,
    ) -> Self:
        """Draw the summary of a comparison.

        Parameters
        ----------
        comparison : Comparison or OutcomeComparison
            From `compare_classifiers`, `compare_survival` or `compare_regressors`.
        metrics, models : list of str, default=None
            What to draw, in this order; None draws all.
        kind : {"bar", "point"}, default="bar"
            As for `plot`.
        ax : matplotlib Axes or array of them, default=None
            As for `plot`.

        Returns
        -------
        display : MetricIntervalsDisplay

        Raises
        ------
        ValueError
            If a model or metric is not in the comparison.
        """
        check_comparison(comparison, outcomes=True)
        table = comparison.summary(models=models, metrics=metrics)
        models, metrics = table["model"].unique(), table["metric"].unique()
        wide = table.pivot(index="model", columns="metric")
        found = {
            value: wide[value].reindex(index=models, columns=metrics).to_numpy()
            for value in ("mean", "low", "high")
        }
        display = cls(
            models=list(models),
            metrics=list(metrics),
            **found,
            confidence_level=comparison.confidence_level,
        )
        return display.plot(ax, kind=kind)

    @in_style
    def plot(self, ax: Any = None, *, kind: str = "bar") -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes or array of n_metrics Axes, default=None
            One for bars, one per metric for points. None makes a figure.
        kind : {"bar", "point"}, default="bar"
            ``"bar"`` groups the models' bars by metric, on one axis. ``"point"`` has a
            panel per metric and a row per model: clearer for more than four models, and
            for metrics that do not lie between 0 and 1, which get scales of their own.

        Returns
        -------
        self : MetricIntervalsDisplay
        """
        if kind not in ("bar", "point"):
            raise ValueError(f"kind must be 'bar' or 'point', got {kind!r}.")
        (self._bars if kind == "bar" else self._points)(ax)
        return self

    def _bars(self, ax: Any) -> None:
        mean, reach = mean_and_reach(self.mean, self.low, self.high)
        n_models, n_metrics = mean.shape
        own = ax is None
        width = max(6.4, 1 + 0.3 * n_models * n_metrics)
        columns = int(width / (0.8 + names_width(self.models)))
        columns = min(max(columns, 1), n_models, 3)
        size = (width, 4.3 + 0.26 * -(-n_models // columns))
        self.ax_, self.figure_ = make_axes(ax, figsize=size)
        place, bar = np.arange(n_metrics), 0.84 / n_models
        for number, name in enumerate(self.models):
            style = look(number)
            x = place + (number - (n_models - 1) / 2) * bar
            self.ax_.bar(
                x,
                mean[number],
                bar,
                label=name,
                color=style["color"],
                hatch=style["hatch"],
                edgecolor="white",
                linewidth=0.8,
            )
            draw_whiskers(self.ax_, x, mean[number], yerr=reach[:, number])
            for where in x[np.isnan(mean[number])]:
                mark_undefined(self.ax_, where, 0.02, rotation=90, ha="center")
        self.ax_.set_xticks(place, [wrapped(metric) for metric in self.metrics])
        self.ax_.set_ylabel(
            f"Mean of the folds, {interval_name(self.confidence_level)}"
        )
        if bounded(mean, reach):
            self.ax_.set_ylim(0, 1.02)
        add_legend(self.ax_, own, ncols=columns)

    def _points(self, ax: Any) -> None:
        mean, reach = mean_and_reach(self.mean, self.low, self.high)
        n_models, n_metrics = mean.shape
        own, shape = ax is None, (1, n_metrics)
        if own:
            n_columns = min(n_metrics, 3)
            shape = (-(-n_metrics // n_columns), n_columns)
        width = names_width(self.models) + 0.4 + 2.2 * shape[1]
        size = (width, shape[0] * (1.1 + 0.34 * n_models))
        axes, self.figure_ = make_axes(
            ax, shape=shape, figsize=size, sharey=True, sharex=bounded(mean, reach)
        )
        axes = np.ravel(axes)
        self.ax_ = axes[:n_metrics]
        for spare in axes[n_metrics:]:
            spare.remove()
        for column, (panel, metric) in enumerate(
            zip(self.ax_, self.metrics, strict=True)
        ):
            for row in range(n_models):
                draw_dot(
                    panel, row, mean[row, column], reach[:, row, column], look(row)
                )
            panel.set_title(metric_name(metric))
            panel.tick_params(labelbottom=True)
            panel.locator_params(axis="x", nbins=4)
            name_rows(panel, self.models)
        label = f"Mean of the folds, {interval_name(self.confidence_level)}"
        if own:
            self.figure_.supxlabel(label, fontsize="medium")
        for panel in () if own else self.ax_:
            panel.set_xlabel(label)
