"""Display of the learning curve over paired patients."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.inspection._comparison_parts import folds_name, label_of
from skmultimodal.inspection._style import in_style, look, make_axes
from skmultimodal.model_selection import paired_learning_curve
from skmultimodal.utils._optional import import_optional

__all__ = ["PairedLearningCurveDisplay"]


class PairedLearningCurveDisplay:
    """Score by the number of paired patients in training.

    Use `from_estimator` or `from_curve` to make one. Drawn again on the same axes, it
    compares models.

    Parameters
    ----------
    summary : DataFrame
        With the columns ``n_pairs``, ``mean``, ``low``, ``high`` and ``n_folds``, a row
        per number: one metric of the summary of `paired_learning_curve`.
    metric : str
        Its name.
    confidence_level : float, default=0.95
        Of the intervals from ``low`` to ``high``.
    name : str, default=None
        Of the model, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D
        The means.
    band_ : matplotlib FillBetweenPolyCollection or None
        The intervals; None if there are none, as with one fold.

    See Also
    --------
    RecruitmentCurveDisplay : Over patients of each kind, extrapolated.
    skmultimodal.model_selection.paired_learning_curve : Computes what is drawn.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> from skmultimodal.inspection import PairedLearningCurveDisplay
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> X = Cohort(
    ...     {"image": rng.normal(size=(60, 3)), "gene": rng.normal(size=(60, 9))}
    ... )
    >>> model = UnimodalClassifier("gene", LogisticRegression())
    >>> PairedLearningCurveDisplay.from_estimator(
    ...     model, X, y, cv=3, n_pairs=[10, 20, 40], scoring="roc_auc"
    ... )
    <...PairedLearningCurveDisplay object at ...>
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        summary: pd.DataFrame,
        metric: str | None,
        confidence_level: float = 0.95,
        name: str | None = None,
    ) -> None:
        self.summary = summary
        self.metric = metric
        self.confidence_level = confidence_level
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cv: Any,
        n_pairs: Any = (0.2, 0.4, 0.6, 0.8, 1.0),
        scoring: Any = None,
        groups: Any = None,
        confidence_level: float = 0.95,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Compute a learning curve and draw it.

        Parameters
        ----------
        estimator, X, y, cv, n_pairs : see `paired_learning_curve`
        scoring : str or callable, default=None
            One metric; None is as of `paired_learning_curve`.
        groups, confidence_level, random_state, n_jobs : see `paired_learning_curve`
        name, ax : see `from_curve`

        Returns
        -------
        display : PairedLearningCurveDisplay
        """
        curve = paired_learning_curve(
            estimator,
            X,
            y,
            cv=cv,
            n_pairs=n_pairs,
            scoring=scoring,
            groups=groups,
            confidence_level=confidence_level,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        return cls.from_curve(curve, name=name, ax=ax)

    @classmethod
    def from_curve(
        cls,
        curve: Bunch,
        *,
        metric: str | None = None,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a learning curve.

        Parameters
        ----------
        curve : Bunch
            Of `paired_learning_curve`.
        metric : str, default=None
            The metric to draw; None is the only one.
        name : str, default=None
            Name of the model, for the legend.
        ax : matplotlib Axes, default=None
            None makes a figure. Axes with curves get one more, in another colour.

        Returns
        -------
        display : PairedLearningCurveDisplay

        Raises
        ------
        ValueError
            If the curve has several metrics and `metric` is None, or not that one.
        """
        metrics = list(dict.fromkeys(curve.summary["metric"]))
        if metric is None and len(metrics) == 1:
            metric = metrics[0]
        if metric not in metrics:
            raise ValueError(f"metric must be one of {metrics}, got {metric!r}.")
        summary = curve.summary[curve.summary["metric"] == metric]
        return cls(
            summary=summary.reset_index(drop=True),
            metric=metric,
            confidence_level=curve.confidence_level,
            name=name,
        ).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : PairedLearningCurveDisplay
            Itself.
        """
        self.ax_, self.figure_ = make_axes(ax)
        ax = self.ax_
        to_rgba = import_optional("matplotlib.colors", "plot").to_rgba
        style = look(len([line for line in ax.lines if line.get_gid() == "curve"]))
        table = self.summary
        (self.line_,) = ax.plot(
            table["n_pairs"],
            table["mean"],
            color=style["color"],
            linestyle=style["linestyle"],
            marker=style["marker"],
            linewidth=2,
            markersize=7,
            gid="curve",
            label=self.name,
        )
        self.band_ = None
        if table["low"].notna().any():
            self.band_ = ax.fill_between(
                table["n_pairs"],
                table["low"],
                table["high"],
                facecolor=to_rgba(style["color"], 0.13),
                edgecolor=to_rgba(style["color"], 0.6),
                linestyle=style["linestyle"],
            )
        ax.set(xlabel="Paired patients in training", ylabel=label_of(self.metric))
        ax.set_title(self._describe(), loc="left", fontsize="medium")
        if self.name:
            ax.legend(loc="best")
        self._tick(ax)
        return self

    def _describe(self) -> str:
        folds = folds_name(self.summary)
        if self.band_ is None:
            return folds
        return f"{folds}, {self.confidence_level:.0%} interval"

    def _tick(self, ax: Any) -> None:
        """One tick per number of patients, without those that would touch the next."""
        lines = [line for line in ax.lines if line.get_gid() == "curve"]
        numbers = np.unique(np.concatenate([line.get_xdata() for line in lines]))
        apart = 0.06 * (numbers[-1] - numbers[0])
        ticks = [numbers[-1]]
        for number in numbers[-2::-1]:
            if ticks[-1] - number > apart:
                ticks.append(number)
        ax.set_xticks(ticks[::-1])
        means = np.concatenate([line.get_ydata() for line in lines])
        if means.min() >= 0 and means.max() <= 1:
            # Otherwise a small difference of scores near 1 would fill the axes.
            ax.update_datalim([(numbers[-1], 0.85)])
            ax.autoscale_view(scalex=False)
