"""Decision curves: what it is worth to act on a model's probabilities."""

from typing import Any, Self

import numpy as np

from skmultimodal.inspection._comparison_parts import add_legend, check_comparison
from skmultimodal.inspection._style import INK, MUTED, in_style, look, make_axes
from skmultimodal.utils._labels import class_name

__all__ = ["DecisionCurveDisplay"]


class DecisionCurveDisplay:
    """Net benefit of models at thresholds, beside treating everyone and no one.

    Parameters
    ----------
    thresholds : array-like of shape (n_thresholds,)
        Probabilities of the positive class from which one would act.
    net_benefit : dict of str to array-like of shape (n_thresholds,)
        By model, per tested patient.
    treat_all : array-like of shape (n_thresholds,)
        That of treating everyone. Treating no one has 0.
    positive : class label, default=None
        The positive class, named on the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D

    See Also
    --------
    DecisionCurveDisplay.from_comparison : Draw the models of a comparison.
    skmultimodal.model_selection.Comparison : ``net_benefit`` has intervals as well.

    Notes
    -----
    A model is of use at a threshold where its curve is above both others. Curves have
    no bands: with some dozens of patients these would hide them. Look at the intervals
    of `Comparison.net_benefit` before a difference is believed.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.inspection import DecisionCurveDisplay
    >>> from skmultimodal.model_selection import compare_classifiers
    >>> X, y = make_classification(n_samples=60, random_state=0)
    >>> result = compare_classifiers({"logistic": LogisticRegression()}, X, y, cv=3)
    >>> display = DecisionCurveDisplay.from_comparison(result, [0.1, 0.2, 0.3])
    >>> list(display.lines_)
    ['treat all', 'treat none', 'logistic']
    >>> plt.close()
    """

    def __init__(
        self, *, thresholds: Any, net_benefit: Any, treat_all: Any, positive: Any = None
    ) -> None:
        self.thresholds = thresholds
        self.net_benefit = net_benefit
        self.treat_all = treat_all
        self.positive = positive

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        thresholds: Any,
        *,
        models: list[str] | None = None,
        positive: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw the decision curves of the models of a comparison.

        Parameters
        ----------
        comparison : Comparison
            From `compare_classifiers`.
        thresholds : sequence of float
            As of `Comparison.net_benefit`.
        models : list of str, default=None
            Models to draw, in this order. None is all that have probabilities.
        positive : class label, default=None
            None is the positive class of the comparison.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : DecisionCurveDisplay

        Raises
        ------
        ValueError
            If a threshold is not between 0 and 1 or there is none, a model is not in
            the comparison or none has probabilities, or `positive` is no class.
        """
        check_comparison(comparison)
        options = {"models": models, "positive": positive}
        table = comparison.net_benefit(thresholds, **options)
        if table.empty:
            raise ValueError("no model has probabilities, and so none a curve.")
        names = table["model"].unique().tolist()
        by_model = {name: table[table["model"] == name] for name in names}
        return cls(
            thresholds=by_model[names[0]]["threshold"].to_numpy(),
            net_benefit={
                name: part["net_benefit"].to_numpy() for name, part in by_model.items()
            },
            treat_all=by_model[names[0]]["treat_all"].to_numpy(),
            positive=comparison.find_positive(positive),
        ).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        self : DecisionCurveDisplay
        """
        own = ax is None
        size = (6.4, 4.4 + 0.26 * (len(self.net_benefit) + 2))
        self.ax_, self.figure_ = make_axes(ax, figsize=size)
        nothing = np.zeros(len(self.thresholds))
        plain = {"linewidth": 1.5, "marker": ""}
        self.lines_: dict[str, Any] = {}
        self._draw("treat all", self.treat_all, color=MUTED, linestyle="--", **plain)
        self._draw("treat none", nothing, color=INK, linestyle="-", **plain)
        for number, (name, benefit) in enumerate(self.net_benefit.items()):
            style = look(number)
            style = {key: style[key] for key in ("color", "linestyle", "marker")}
            self._draw(name, benefit, linewidth=2, **style)
        self.ax_.set_xlabel("Threshold")
        if self.positive is not None:
            name = class_name(self.positive)
            self.ax_.set_xlabel(f"Threshold of the probability of {name}")
        self.ax_.set_ylabel("Net benefit per patient")
        shown = np.concatenate([nothing, *map(np.asarray, self.net_benefit.values())])
        highest = max(shown.max(), np.max(self.treat_all))
        # Treating everyone falls without end, and is of interest near 0 only.
        lowest = min(shown.min(), -0.1 * highest)
        # No benefit is more than the share of the class, which may be a hundredth.
        margin = max(0.05 * (highest - lowest), 1e-4)
        self.ax_.set_ylim(lowest - margin, highest + margin)
        add_legend(self.ax_, own)
        return self

    def _draw(self, name: str, benefit: Any, **style: Any) -> None:
        (self.lines_[name],) = self.ax_.plot(
            self.thresholds, benefit, label=name, **style
        )
