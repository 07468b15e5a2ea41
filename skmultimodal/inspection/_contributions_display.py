"""Display of the contributions of modalities."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.inspection._contributions import modality_contributions
from skmultimodal.inspection._style import INK, MUTED, in_style, look, make_axes
from skmultimodal.utils._labels import class_name

__all__ = ["ModalityContributionsDisplay"]

KINDS = ("mean", "patients")
N_PATIENTS = 5


class ModalityContributionsDisplay:
    """Contributions of modalities, by pattern or by patient.

    Use `from_estimator` or `from_contributions` to make one.

    Parameters
    ----------
    contributions, prediction, prior, patterns : see `modality_contributions`
        As returned by it.
    summary, positive, scale : see `modality_contributions`
        As returned by it.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    modality_contributions : Computes what is drawn.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skmultimodal import TwinTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.inspection import ModalityContributionsDisplay
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> model = TwinTowerClassifier(random_state=0).fit(X, y)
    >>> ModalityContributionsDisplay.from_estimator(model, X)
    <...ModalityContributionsDisplay object at ...>
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        contributions: Any,
        prediction: Any,
        prior: Any,
        patterns: Any,
        summary: Any,
        positive: Any,
        scale: Any,
    ) -> None:
        self.contributions = contributions
        self.prediction = prediction
        self.prior = prior
        self.patterns = patterns
        self.summary = summary
        self.positive = positive
        self.scale = scale

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        positive: Any = None,
        scale: Any = "probability",
        kind: str = "mean",
        patients: Any = None,
        ax: Any = None,
    ) -> Self:
        """Compute contributions and draw them.

        Parameters
        ----------
        estimator, X, y, positive, scale : see `modality_contributions`
        kind, patients, ax : see `plot`

        Returns
        -------
        display : ModalityContributionsDisplay
        """
        result = modality_contributions(estimator, X, y, positive=positive, scale=scale)
        return cls(**result).plot(ax, kind=kind, patients=patients)

    @classmethod
    def from_contributions(
        cls, result: Bunch, *, kind: str = "mean", patients: Any = None, ax: Any = None
    ) -> Self:
        """Draw contributions.

        Parameters
        ----------
        result : Bunch
            Of `modality_contributions`.
        kind, patients, ax : see `plot`

        Returns
        -------
        display : ModalityContributionsDisplay
        """
        return cls(**result).plot(ax, kind=kind, patients=patients)

    @in_style
    def plot(self, ax: Any = None, *, kind: str = "mean", patients: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.
        kind : {"mean", "patients"}, default="mean"
            The mean absolute contribution of each modality by pattern, or the steps
            from the prior to the prediction of some patients.
        patients : list of patient ids, default=None
            For ``kind="patients"``. None is five, evenly spread over the predictions.

        Returns
        -------
        display : ModalityContributionsDisplay
            Itself.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {kind!r}.")
        if kind == "mean":
            self.ax_, self.figure_ = make_axes(ax)
            self._plot_means(self.ax_)
        else:
            rows = self._rows_of(patients)
            height = 1.8 + 0.8 * len(rows)
            self.ax_, self.figure_ = make_axes(ax, figsize=(6.4, height))
            self._plot_patients(self.ax_, rows)
        return self

    @property
    def _quantity(self) -> str:
        if self.positive is None:
            return "prediction"
        what = {"probability": "probability", "log_odds": "log-odds"}[self.scale]
        return f"{what} of class {class_name(self.positive)}"

    def _look(self, name: str) -> Any:
        return look(list(self.contributions.columns).index(name))

    def _plot_means(self, ax: Any) -> None:
        patterns = list(dict.fromkeys(self.summary.index.get_level_values("pattern")))
        width, ticks, drawn = 0.8 / len(self.contributions.columns), [], set()
        for place, pattern in enumerate(patterns):
            part = self.summary.loc[pattern]
            ticks.append(f"{pattern}\n{part['n_rows'].iloc[0]} rows")
            first = place - width * (len(part) - 1) / 2
            for number, (name, row) in enumerate(part.iterrows()):
                style = self._look(name)
                ax.bar(
                    first + number * width,
                    row["mean_absolute"],
                    0.92 * width,
                    color=style["color"],
                    hatch=style["hatch"],
                    edgecolor="white",
                    label="_" * (name in drawn) + name,
                )
                drawn.add(name)
        ax.set_xticks(range(len(patterns)), ticks)
        ax.set(
            xlabel="modalities of the patient",
            ylabel=f"mean |contribution| to the\n{self._quantity}",
        )
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)

    def _rows_of(self, patients: Any) -> NDArray:
        """Numbers of the rows to draw."""
        if patients is None:
            order = np.argsort(self.prediction.to_numpy(), kind="stable")
            spread = np.linspace(0, len(order) - 1, min(N_PATIENTS, len(order)))
            return order[spread.round().astype(int)]
        places = {p: i for i, p in enumerate(self.contributions.index.tolist())}
        unknown = [p for p in patients if p not in places]
        if unknown or not len(patients):
            found = (
                f"there is no patient {unknown[0]!r}" if unknown else "none is named"
            )
            raise ValueError(f"patients must be ids of explained rows: {found}.")
        return np.array([places[p] for p in patients])

    def _plot_patients(self, ax: Any, rows: Any) -> None:
        """One line per modality, whose bar begins where that of the line above ends."""
        ids, drawn = self.contributions.index.tolist(), set()
        for place, row in enumerate(rows):
            shares = self.contributions.iloc[row].dropna()
            height, at = 0.7 / len(shares), self.prior
            lanes = place - 0.35 + height * (np.arange(len(shares)) + 0.5)
            for lane, (name, share) in zip(lanes, shares.items(), strict=True):
                self._draw_share(ax, lane, height, at, name, share, name in drawn)
                drawn.add(name)
                at += share
            ax.plot(
                [at, at], [place - 0.42, place + 0.42], color=INK, linewidth=2.5,
                label="_" * (place > 0) + "prediction",
            )  # fmt: skip
        ax.axvline(self.prior, color=MUTED, linestyle="--", label="prior", zorder=0)
        predicted = self.prediction.iloc[rows]
        ticks = [f"{ids[r]}\n{p:.2f}" for r, p in zip(rows, predicted, strict=True)]
        ax.set_yticks(range(len(rows)), ticks)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        # Bars are sticky, and would leave no margin for the numbers at their ends.
        ax.use_sticky_edges = False
        ax.margins(x=0.16)
        ax.set(xlabel=self._quantity, ylabel="patient, prediction")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)

    def _draw_share(
        self, ax: Any, lane: Any, height: Any, at: Any, name: str, share: Any, seen: Any
    ) -> None:
        style = self._look(name)
        ax.barh(
            lane,
            share,
            0.9 * height,
            left=at,
            color=style["color"],
            hatch=style["hatch"],
            edgecolor="white",
            label="_" * seen + name,
        )
        ax.annotate(
            f"{share:+.2f}",
            (at + share, lane),
            (5 if share >= 0 else -5, 0),
            textcoords="offset points",
            ha="left" if share >= 0 else "right",
            va="center",
            fontsize="small",
            color=INK,
        )
