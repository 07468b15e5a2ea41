"""Scores and differences of the models that `compare_classifiers` compared."""

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
    p_label,
    pair_label,
    wrapped,
)
from skmultimodal.inspection._style import INK, MUTED, in_style, look, make_axes

__all__ = ["DifferencesDisplay", "MetricIntervalsDisplay"]


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
