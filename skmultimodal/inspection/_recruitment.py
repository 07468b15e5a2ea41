"""Display of the learning curves over patients of each kind, and what more bring."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skmultimodal.inspection._comparison_parts import folds_name, label_of
from skmultimodal.inspection._style import in_style, look, make_axes
from skmultimodal.model_selection import recruitment_curve
from skmultimodal.utils._optional import import_optional

__all__ = ["RecruitmentCurveDisplay"]

N_STEPS = 30


class RecruitmentCurveDisplay:
    """Score by the number of patients of each kind, extrapolated to twice as many.

    Use `from_estimator` or `from_curve` to make one. A line per kind joins the means of
    the folds; where it is dashed no score was measured, and the band is the interval of
    the change from the last mean.

    Parameters
    ----------
    curve : RecruitmentCurve
        Of `recruitment_curve`.
    metric : str
        The metric to draw.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        The means of each kind.
    extrapolated_ : dict of str to matplotlib Line2D
        The dashed lines; none where the curve cannot be extrapolated.
    bands_ : dict of str to matplotlib FillBetweenPolyCollection

    See Also
    --------
    PairedLearningCurveDisplay : Over pairs, to compare models.
    skmultimodal.model_selection.recruitment_curve : Computes what is drawn.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> from skmultimodal.inspection import RecruitmentCurveDisplay
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(90) % 2
    >>> image, gene = rng.normal(size=(90, 3)), rng.normal(size=(90, 9))
    >>> image[60:] = np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> model = UnimodalClassifier("gene", LogisticRegression())
    >>> RecruitmentCurveDisplay.from_estimator(
    ...     model, X, y, cv=3, scoring="roc_auc", random_state=0
    ... )
    <...RecruitmentCurveDisplay object at ...>
    >>> plt.close()
    """

    def __init__(self, *, curve: Any, metric: str | None) -> None:
        self.curve = curve
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cv: Any,
        kinds: Any = None,
        sizes: Any = (0.25, 0.5, 0.75, 1.0),
        scoring: Any = None,
        groups: Any = None,
        confidence_level: float = 0.95,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        ax: Any = None,
    ) -> Self:
        """Compute the curves and draw them.

        Parameters
        ----------
        estimator, X, y, cv, kinds, sizes : see `recruitment_curve`
        scoring : str or callable, default=None
            One metric; None is the first of those of `recruitment_curve`.
        groups, confidence_level, random_state, n_jobs : see `recruitment_curve`
        ax : see `plot`

        Returns
        -------
        display : RecruitmentCurveDisplay
        """
        curve = recruitment_curve(
            estimator,
            X,
            y,
            cv=cv,
            kinds=kinds,
            sizes=sizes,
            scoring=scoring,
            groups=groups,
            confidence_level=confidence_level,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        metric = curve.metrics[0] if scoring is None else None
        return cls.from_curve(curve, metric=metric, ax=ax)

    @classmethod
    def from_curve(
        cls, curve: Any, *, metric: str | None = None, ax: Any = None
    ) -> Self:
        """Draw curves.

        Parameters
        ----------
        curve : RecruitmentCurve
            Of `recruitment_curve`.
        metric : str, default=None
            The metric to draw; None is the only one.
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : RecruitmentCurveDisplay

        Raises
        ------
        ValueError
            If the curve has several metrics and `metric` is None, or not that one.
        """
        if metric is None and len(curve.metrics) == 1:
            metric = curve.metrics[0]
        if metric not in curve.metrics:
            raise ValueError(f"metric must be one of {curve.metrics}, got {metric!r}.")
        return cls(curve=curve, metric=metric).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : RecruitmentCurveDisplay
            Itself.
        """
        self.ax_, self.figure_ = make_axes(ax)
        self.lines_: dict[str, Any] = {}
        self.extrapolated_: dict[str, Any] = {}
        self.bands_: dict[str, Any] = {}
        summary = self.curve.summary()
        summary = summary[summary["metric"] == self.metric]
        for number, kind in enumerate(self.curve.kinds):
            own = summary[summary["kind"] == kind]
            self._draw(kind, own["n_rows"].to_numpy(), own["mean"].to_numpy(), number)
        self.ax_.set(
            xlabel="Patients of the kind in training", ylabel=label_of(self.metric)
        )
        self.ax_.set_title(self._describe(summary), loc="left", fontsize="medium")
        self.ax_.legend(loc="best")
        return self

    def _draw(self, kind: str, n_rows: NDArray, means: NDArray, number: Any) -> None:
        style = look(number)
        (self.lines_[kind],) = self.ax_.plot(
            n_rows,
            means,
            color=style["color"],
            marker=style["marker"],
            linewidth=2,
            markersize=7,
            label=kind if "+" in kind else f"{kind} only",
        )
        last = n_rows[-1]
        steps = np.linspace(
            last, self.curve.max_factor * self.curve.n_now[kind], N_STEPS
        )
        changes = [self.curve.change(self.metric, kind, last, n) for n in steps]
        mean, low, high = means[-1] + np.array(changes).T
        if np.isnan(mean).any():
            return
        options = {"color": style["color"], "linestyle": "--"}
        (self.extrapolated_[kind],) = self.ax_.plot(steps, mean, linewidth=2, **options)
        to_rgba = import_optional("matplotlib.colors", "plot").to_rgba
        self.bands_[kind] = self.ax_.fill_between(
            steps,
            low,
            high,
            facecolor=to_rgba(style["color"], 0.13),
            edgecolor=to_rgba(style["color"], 0.6),
            linestyle="--",
            hatch=style["hatch"],
        )

    def _describe(self, summary: Any) -> str:
        folds = folds_name(summary)
        if not self.extrapolated_:
            return folds
        return f"{folds}; dashed: expected, {self.curve.confidence_level:.0%} interval"
