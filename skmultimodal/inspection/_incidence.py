"""Display of the cumulative incidence of competing events."""

from typing import Any, Self

import numpy as np

from skmultimodal.inspection._style import in_style, look, make_axes
from skmultimodal.utils._incidence import cumulative_incidence, read_causes

__all__ = ["CumulativeIncidenceDisplay"]


class CumulativeIncidenceDisplay:
    """Share of patients with each of several competing events (Aalen-Johansen).

    Use `from_causes` to make one. A patient who died of something else can no longer
    relapse. One minus the Kaplan-Meier curve takes such a patient for one who may
    still, and is too high; the curves here, and the share without any event, add up to
    one.

    Parameters
    ----------
    time : array-like of float, shape (n_patients,)
        Until the first event, or the patient was last seen.
    cause : array-like of str, shape (n_patients,)
        Which event it was; "" where the patient was censored.
    causes : list of str, default=None
        Which ones are drawn, in this order; None is all.
    confidence_level : float, default=0.95
        Of the bands.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        A step function per cause.
    incidences_ : dict of str to named tuple
        Of each cause ``times``, ``share``, ``low`` and ``high`` (arrays of one length),
        and ``n_events``; ``at(time)`` is the share at a time.

    See Also
    --------
    RiskGroupsDisplay : Survival by predicted risk, of one event.

    Notes
    -----
    Bands are those of Aalen's variance with the logarithm of minus the logarithm, point
    by point. Censoring is taken to be independent of the events, and all patients to be
    at risk from time 0 on.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skmultimodal.inspection import CumulativeIncidenceDisplay
    >>> time = [2.0, 3.0, 5.0, 8.0, 9.0]
    >>> cause = ["relapse", "death", None, "relapse", None]
    >>> display = CumulativeIncidenceDisplay.from_causes(time, cause)
    >>> round(display.incidences_["relapse"].at(8.0), 2)
    0.5
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        time: Any,
        cause: Any,
        causes: list[str] | None = None,
        confidence_level: float = 0.95,
    ) -> None:
        self.time = time
        self.cause = cause
        self.causes = causes
        self.confidence_level = confidence_level

    @classmethod
    def from_causes(
        cls,
        time: Any,
        cause: Any,
        *,
        causes: Any = None,
        confidence_level: float = 0.95,
        ax: Any = None,
    ) -> Self:
        """Draw the incidence of each cause.

        Parameters
        ----------
        time : array-like of float, shape (n_patients,)
            Until the first event, or the patient was last seen; NaN is left out.
        cause : array-like of shape (n_patients,)
            Which event it was, such as ``"relapse"`` and ``"death"``; missing, 0 or an
            empty text where the patient was censored.
        causes : list, default=None
            Which ones are drawn, in this order; None is all.
        confidence_level : float, default=0.95
            Of the bands.
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : CumulativeIncidenceDisplay

        Raises
        ------
        ValueError
            If no patient has an event, or none one of `causes`.
        """
        time, cause = np.asarray(time, dtype=float), read_causes(cause)
        if time.shape != cause.shape:
            raise ValueError(f"time has {len(time)} values, and cause {len(cause)}.")
        known = ~np.isnan(time)
        options = {"causes": causes, "confidence_level": confidence_level}
        return cls(time=time[known], cause=cause[known], **options).plot(ax)

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : CumulativeIncidenceDisplay
        """
        time, cause = np.asarray(self.time, dtype=float), np.asarray(self.cause)
        found = cumulative_incidence(time, cause, self.confidence_level)
        names = list(found) if self.causes is None else list(map(str, self.causes))
        absent = [name for name in names if name not in found]
        if absent or not names:
            raise ValueError(
                f"no patient has the event {absent[0]!r}: there are "
                f"{', '.join(found) or 'none'}."
                if absent
                else "no patient has an event: all are censored."
            )
        self.ax_, self.figure_ = make_axes(ax)
        self.incidences_ = {name: found[name] for name in names}
        self.lines_: dict[str, Any] = {}
        for number, name in enumerate(names):
            self._draw(name, time.max(), number)
        self.ax_.set(xlabel="Time", ylabel="Share with the event", ylim=(0, 1.02))
        self.ax_.set_xlim(left=0)
        title = f"Cumulative incidence, {self.confidence_level:.0%} bands"
        self.ax_.set_title(title, loc="left", fontsize="medium")
        self.ax_.legend(title="Patients with the event", loc="best")
        return self

    def _draw(self, name: str, last: Any, number: Any) -> None:
        own, style = self.incidences_[name], look(number)
        x = np.concatenate([[0.0], own.times, [last]])
        share, low, high = (
            np.concatenate([[0.0], part, part[-1:]])
            for part in (own.share, own.low, own.high)
        )
        (self.lines_[name],) = self.ax_.step(
            *(x, share),
            where="post",
            color=style["color"],
            linestyle=style["linestyle"],
            linewidth=2,
            label=f"{name}: {own.n_events} of {len(self.time)}",
        )
        self.ax_.fill_between(
            x, low, high, step="post", facecolor=style["color"], alpha=0.13
        )
