"""Display of the calibration of survival curves as a whole."""

from typing import Any, Self

import numpy as np

from skmultimodal.inspection._comparison_parts import p_in_words, times_of
from skmultimodal.inspection._style import MUTED, in_style, look, make_axes
from skmultimodal.utils._survival_metrics import d_calibration
from skmultimodal.utils._survival_target import read_survival

__all__ = ["DCalibrationDisplay"]

FEWEST = 5  # patients of a part


class DCalibrationDisplay:
    """Where on their predicted survival curve patients have their event.

    Use `from_comparison` or `from_predictions` to make one. If the curves are right, as
    many have it while their predicted survival falls from 1 to .9 as from .9 to .8, and
    so on: all bars are of one height (D-calibration). Bars that are high on the left
    are of patients who lived longer than predicted, on the right of events that came
    earlier.

    Parameters
    ----------
    event : array-like of bool, shape (n_patients,)
        Whether the event came.
    survival : array-like of float, shape (n_patients,)
        Predicted probability of being without the event by the patient's own time.
    n_bins : int, default=10
        Parts of the survival from 0 to 1.
    name : str, default=None
        Of the model, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    bars_ : matplotlib BarContainer
    shares_ : ndarray of shape (n_bins,)
        Share of the patients in each part, of the lowest survival first.
    pvalue_ : float
        Of the test that all shares are the same.

    See Also
    --------
    RiskGroupsDisplay : Whether risks are in the right order.

    Notes
    -----
    A censored patient is spread over the parts that were still to come, in proportion
    to them. That evens out the bars: with many censored patients the test finds less
    than it could, and rejects right curves in fewer than 5 % of cohorts at ``p < .05``.
    It holds for curves that were predicted out of fold, and is about all patients
    together: curves may be right on average and wrong for some.

    References
    ----------
    Haider et al. (2020), Effective ways to build and evaluate individual survival
    distributions, Journal of Machine Learning Research 21(85).

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skmultimodal import make_survival_target
    >>> from skmultimodal.inspection import DCalibrationDisplay
    >>> rng = np.random.default_rng(0)
    >>> time, last = rng.exponential(size=200), rng.exponential(4, size=200)
    >>> y = make_survival_target(time <= last, np.minimum(time, last))
    >>> right = DCalibrationDisplay.from_predictions(y, np.exp(-y["time"]))
    >>> wrong = DCalibrationDisplay.from_predictions(y, np.exp(-3 * y["time"]))
    >>> right.pvalue_ > 0.05, wrong.pvalue_ < 0.001
    (True, True)
    >>> plt.close("all")
    """

    def __init__(
        self, *, event: Any, survival: Any, n_bins: int = 10, name: str | None = None
    ) -> None:
        self.event = event
        self.survival = survival
        self.n_bins = n_bins
        self.name = name

    @classmethod
    def from_comparison(
        cls, comparison: Any, model: str, *, n_bins: int = 10, ax: Any = None
    ) -> Self:
        """Draw the patients of a comparison by their out-of-fold survival curves.

        Parameters
        ----------
        comparison : OutcomeComparison
            Of `compare_survival`.
        model : str
            Its name.
        n_bins : int, default=10
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : DCalibrationDisplay
            A patient's survival is averaged over the repeats.

        Raises
        ------
        ValueError
            If the comparison is not of times, or the model has no survival curves.
        """
        table = times_of(comparison, model)
        patients = table.groupby("row").agg({"survival": "mean", "event": "first"})
        # Of a stratum that was not in training nothing is predicted.
        patients = patients.dropna()
        if not len(patients):
            raise ValueError(
                f"model {model!r} predicts no survival curves: choose one that has "
                "predict_survival_function."
            )
        event = patients["event"].to_numpy(dtype=bool)
        survival = patients["survival"].to_numpy()
        return cls(event=event, survival=survival, n_bins=n_bins, name=model).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        survival: Any,
        *,
        n_bins: int = 10,
        name: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw patients by curves that a model predicted without their times.

        Parameters
        ----------
        y : structured array, DataFrame or array-like of shape (n_patients,)
            As of ``make_survival_target``.
        survival : array-like of shape (n_patients,)
            Predicted probability of being without the event by the patient's own time,
            such as ``[f(t) for f, t in zip(curves, y["time"])]``.
        n_bins : int, default=10
        name : str, default=None
            Of the model.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : DCalibrationDisplay
        """
        target, survival = read_survival(y), np.asarray(survival, dtype=float)
        if survival.shape != target.shape:
            raise ValueError(
                f"survival has shape {survival.shape} for {len(target)} rows: give "
                "each patient's own, at their own time."
            )
        known = ~np.isnan(target["time"])
        survival, event = survival[known], target["event"][known]
        if not ((survival >= 0) & (survival <= 1)).all():
            raise ValueError("survival must lie between 0 and 1.")
        return cls(event=event, survival=survival, n_bins=n_bins, name=name).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : DCalibrationDisplay
        """
        n_patients = len(self.event)
        if self.n_bins < 2 or n_patients < FEWEST * self.n_bins:
            raise ValueError(
                f"n_bins={self.n_bins}: there must be two or more, and at least "
                f"{FEWEST} patients for each; there are {n_patients} patients."
            )
        found = d_calibration(self.event, self.survival, self.n_bins)
        self.shares_, self.pvalue_ = found.counts / n_patients, found.pvalue
        self.ax_, self.figure_ = make_axes(ax)
        width = 1 / self.n_bins
        self.bars_ = self.ax_.bar(
            np.arange(self.n_bins) * width,
            self.shares_,
            width=width,
            align="edge",
            color=look(0)["color"],
            edgecolor="white",
        )
        self.ax_.axhline(width, color=MUTED, linestyle="--")
        self.ax_.set(
            xlabel="Predicted survival at the event",
            ylabel="Share of patients",
            xlim=(0, 1),
        )
        self.ax_.set_title(self._describe(), loc="left", fontsize="medium")
        return self

    def _describe(self) -> str:
        of_model = "" if self.name is None else f"{self.name}: "
        return f"{of_model}D-calibration, {p_in_words(self.pvalue_)}"
