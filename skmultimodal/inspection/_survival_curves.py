"""Display of survival by predicted risk."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import CensoredData, ecdf, logrank

from skmultimodal.inspection._comparison_parts import p_in_words, times_of
from skmultimodal.inspection._style import in_style, look, make_axes
from skmultimodal.utils._survival_target import read_survival
from skmultimodal.utils._warnings import ignored_warnings

__all__ = ["RiskGroupsDisplay"]

NAMES = {2: ["Lower risk", "Higher risk"], 3: ["Low risk", "Middle risk", "High risk"]}
FEWEST = 5


class RiskGroupsDisplay:
    """Survival of patients in groups of predicted risk (Kaplan-Meier).

    Use `from_comparison` or `from_predictions` to make one. Curves far apart show that
    the risks are in the order of the events. They do not show whether predicted
    probabilities are right.

    Parameters
    ----------
    event : array-like of bool, shape (n_patients,)
        Whether the event came.
    time : array-like of float, shape (n_patients,)
        Until it came, or the patient was last seen.
    group : array-like of int, shape (n_patients,)
        0 is the lowest risk.
    confidence_level : float, default=0.95
        Of the bands.
    name : str, default=None
        Of the model, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        A step function per group.
    pvalue_ : float
        Of the log-rank test of the highest group against the lowest; NaN if one of them
        has no event.

    See Also
    --------
    skmultimodal.model_selection.compare_survival : Compares models, with intervals.

    Notes
    -----
    Bands are Greenwood's with the logarithm of the hazard, point by point. The p value
    holds for one model whose risks were predicted out of fold, as those of a comparison
    are; of folds, risks depend on each other, which it leaves out.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skmultimodal import make_survival_target
    >>> from skmultimodal.inspection import RiskGroupsDisplay
    >>> rng = np.random.default_rng(0)
    >>> risk = rng.normal(size=90)
    >>> y = make_survival_target(rng.random(90) < 0.7, rng.exponential(np.exp(-risk)))
    >>> display = RiskGroupsDisplay.from_predictions(y, risk, n_groups=2)
    >>> display.pvalue_ < 0.05
    True
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        event: Any,
        time: Any,
        group: Any,
        confidence_level: float = 0.95,
        name: str | None = None,
    ) -> None:
        self.event = event
        self.time = time
        self.group = group
        self.confidence_level = confidence_level
        self.name = name

    @classmethod
    def from_comparison(
        cls, comparison: Any, model: str, *, n_groups: int = 3, ax: Any = None
    ) -> Self:
        """Draw the patients of a comparison by their out-of-fold risks.

        Parameters
        ----------
        comparison : OutcomeComparison
            Of `compare_survival`.
        model : str
            Its name.
        n_groups : int, default=3
            Groups of equal size. Risks are ranked within each fold, since those of
            different models have no common scale, and a patient's ranks averaged over
            the repeats.
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : RiskGroupsDisplay
        """
        table = times_of(comparison, model)
        folds = table.groupby(["repeat", "fold"])["predicted"]
        table = table.assign(rank=folds.rank(pct=True))
        patients = table.groupby("row").agg(
            {"rank": "mean", "event": "first", "time": "first"}
        )
        display = cls(
            event=patients["event"].to_numpy(dtype=bool),
            time=patients["time"].to_numpy(),
            group=_in_groups(patients["rank"].to_numpy(), n_groups),
            confidence_level=comparison.confidence_level,
            name=model,
        )
        return display.plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        risk: Any,
        *,
        n_groups: int = 3,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw patients by risks that a model predicted without their times.

        Parameters
        ----------
        y : structured array, DataFrame or array-like of shape (n_patients,)
            As of ``make_survival_target``.
        risk : array-like of shape (n_patients,)
        n_groups : int, default=3
            Groups of equal size.
        name : str, default=None
            Of the model.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : RiskGroupsDisplay
        """
        target, risk = read_survival(y), np.asarray(risk, dtype=float)
        if len(target) != len(risk):
            raise ValueError(
                f"y has {len(target)} rows, and there are {len(risk)} risks."
            )
        known = ~np.isnan(target["time"])
        target = target[known]
        group = _in_groups(risk[known], n_groups)
        times = {"event": target["event"], "time": target["time"]}
        return cls(**times, group=group, name=name).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : RiskGroupsDisplay
        """
        self.ax_, self.figure_ = make_axes(ax)
        event, time = np.asarray(self.event, dtype=bool), np.asarray(self.time)
        group, samples = np.asarray(self.group), []
        self.lines_: list[Any] = []
        n_groups = int(group.max()) + 1
        names = NAMES.get(n_groups) or [f"Risk {i + 1}" for i in range(n_groups)]
        for number in range(n_groups):
            own = group == number
            data = CensoredData(time[own & event], right=time[own & ~event])
            samples.append(data)
            label = f"{names[number]}: {(own & event).sum()} of {own.sum()}"
            self._draw(data, time[own].max(), number, label)
        self.pvalue_ = np.nan
        if all((event & (group == i)).any() for i in (0, n_groups - 1)):
            self.pvalue_ = float(logrank(samples[-1], samples[0]).pvalue)
        self.ax_.set(xlabel="Time", ylabel="Share without the event", ylim=(0, 1.02))
        self.ax_.set_xlim(left=0)
        self.ax_.set_title(self._describe(), loc="left", fontsize="medium")
        self.ax_.legend(title="Patients with the event", loc="best")
        return self

    def _draw(self, data: Any, last: Any, number: Any, label: Any) -> None:
        survival = ecdf(data).sf
        x = np.concatenate([[0.0], survival.quantiles])
        y = np.concatenate([[1.0], survival.probabilities])
        style = look(number)
        (line,) = self.ax_.step(
            np.append(x, last),
            np.append(y, y[-1]),
            where="post",
            color=style["color"],
            linestyle=style["linestyle"],
            linewidth=2,
            label=label,
        )
        self.lines_.append(line)
        with ignored_warnings("The confidence interval is undefined"):
            band = survival.confidence_interval(self.confidence_level, method="log-log")
        low, high = (
            np.append(1.0, side.probabilities) for side in (band.low, band.high)
        )
        self.ax_.fill_between(
            x, low, high, step="post", facecolor=style["color"], alpha=0.13
        )

    def _describe(self) -> str:
        parts = [] if self.name is None else [self.name]
        if not np.isnan(self.pvalue_):
            p = p_in_words(self.pvalue_)
            parts.append(f"highest against lowest, log-rank {p}")
        return ": ".join(parts)


def _in_groups(risk: Any, n_groups: int) -> NDArray:
    """Number of the group, of equal sizes, of each risk."""
    if n_groups < 2 or len(risk) < FEWEST * n_groups:
        raise ValueError(
            f"n_groups={n_groups}: there must be two groups or more, and at least "
            f"{FEWEST} patients in each; there are {len(risk)} patients."
        )
    order = np.argsort(np.argsort(risk, kind="stable"), kind="stable")
    return order * n_groups // len(risk)
