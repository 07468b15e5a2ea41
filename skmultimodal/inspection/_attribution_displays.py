"""Displays of saliency maps and of gene attributions."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.inspection._genes import gene_attributions
from skmultimodal.inspection._saliency import saliency_map
from skmultimodal.inspection._style import (
    COLOURS,
    HATCHES,
    INK,
    SIGNED,
    in_style,
    make_axes,
)
from skmultimodal.utils._anatomy import view_of
from skmultimodal.utils._labels import class_name

__all__ = ["GeneAttributionsDisplay", "SaliencyDisplay"]


class SaliencyDisplay:
    """Saliency maps of a class, drawn over the images of some patients.

    Parameters
    ----------
    heatmap : ndarray of shape (n_rows, height, width)
        Attributions in log-odds per pixel.
    images : ndarray of shape (n_rows, n_channels, height, width)
        Images under the heatmap.
    ids : sequence of length n_rows
        Patients, for the titles.
    segmentation : ndarray of shape (n_rows, height, width), default=None
        Its outline is drawn.
    positive : class label, default=None
        The class, for the scale.
    axes : (str, spacing), default=None
        Where the axes of the images lie in the body, as `Cohort` has them: images are
        then drawn as radiologists expect, with the patient's right at the left, letters
        at the sides, and the name of the plane.

    Attributes
    ----------
    ax_ : ndarray of Axes, shape (1, n_rows)
    figure_ : Figure

    See Also
    --------
    saliency_map : Computes what is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.inspection import SaliencyDisplay
    >>> rng = np.random.default_rng(0)
    >>> images, heat = rng.normal(size=(2, 3, 9, 8)), rng.normal(size=(2, 9, 8))
    >>> SaliencyDisplay(heat, images, ["a", "b"]).plot().ax_.shape
    (1, 2)
    """

    def __init__(
        self,
        heatmap: NDArray,
        images: NDArray,
        ids: Any,
        *,
        segmentation: NDArray | None = None,
        positive: Any = None,
        axes: Any = None,
    ) -> None:
        self.heatmap = heatmap
        self.images = images
        self.ids = ids
        self.segmentation = segmentation
        self.positive = positive
        self.axes = axes

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, ax: Any = None, channel: int = 0, **options: Any
    ) -> Self:
        """Compute the maps of a fitted model and draw them.

        Parameters
        ----------
        estimator : estimator
            As of `saliency_map`.
        X : Cohort or other input of `estimator`
            Some patients, one column of the figure each.
        ax : array of Axes, default=None
        channel : int, default=0
            Channel under the map.
        **options : dict
            Of `saliency_map`.

        Returns
        -------
        display : SaliencyDisplay
        """
        return cls.from_saliency(saliency_map(estimator, X, **options)).plot(
            ax, channel=channel
        )

    @classmethod
    def from_saliency(cls, saliency: Bunch) -> Self:
        """Make a display of the result of `saliency_map`, which ``plot`` draws.

        Parameters
        ----------
        saliency : Bunch

        Returns
        -------
        display : SaliencyDisplay
        """
        return cls(
            saliency.heatmap,
            saliency.images,
            list(saliency.ids),
            segmentation=saliency.segmentation,
            positive=saliency.positive,
            axes=saliency.axes,
        )

    @in_style
    def plot(self, ax: Any = None, *, channel: int = 0) -> Self:
        """Draw one image per patient.

        Parameters
        ----------
        ax : array of Axes, default=None
            As many as there are patients.
        channel : int, default=0
            Channel under the map.

        Returns
        -------
        self : SaliencyDisplay
        """
        n_rows = len(self.heatmap)
        size = (2.6 * n_rows + 1.4, 3.2)
        ax, self.figure_ = make_axes(ax, figsize=size, shape=(1, n_rows))
        self.ax_ = np.asarray(ax, dtype=object).reshape(1, n_rows)
        limit = np.quantile(np.abs(self.heatmap), 0.998) or 1.0
        view = view_of(self.axes)
        turn = np.asarray if view is None else view.turn
        aspect = 1.0 if view is None else view.aspect
        for row, axes in enumerate(self.ax_[0]):
            heat = turn(self.heatmap[row])
            axes.imshow(turn(self.images[row, channel]), cmap="gray", aspect=aspect)
            drawn = axes.imshow(
                heat,
                cmap=SIGNED,
                vmin=-limit,
                vmax=limit,
                alpha=np.clip(2 * np.abs(heat) / limit, 0, 0.85),
                aspect=aspect,
            )
            if self.segmentation is not None and np.ptp(self.segmentation[row]) > 0:
                outline = turn(self.segmentation[row] > 0)
                axes.contour(outline, levels=[0.5], colors="#F0E442", linewidths=1.2)
            nothing = "" if heat.any() else "\nnothing found"
            plane = "" if view is None else f"\n{view.plane}"
            axes.set_title(f"{self.ids[row]}{nothing}{plane}".lstrip("\n"))
            axes.set_axis_off()
            if view is not None:
                _letter(axes, view.sides)
        bar = self.figure_.colorbar(drawn, ax=list(self.ax_[0]), shrink=0.85)
        name = _name_class(self.positive)
        bar.set_label(f"log-odds of {name} per pixel")
        return self


class GeneAttributionsDisplay:
    """The most important genes as bars, with their spread over estimators.

    Parameters
    ----------
    ranking : DataFrame
        Of `gene_attributions`: columns ``importance``, ``importance_std``,
        ``direction``.
    positive : class label, default=None
        The class, for the axis.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure

    See Also
    --------
    gene_attributions : Computes what is drawn.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal.inspection import GeneAttributionsDisplay
    >>> columns = {"importance": [2.0, 1.0], "importance_std": [0.1, 0.2]}
    >>> ranking = pd.DataFrame({**columns, "direction": [1, -1]}, ["IDH1", "EGFR"])
    >>> GeneAttributionsDisplay(ranking).plot().ax_.get_xlabel()
    'mean |attribution| (log-odds of the class)'
    """

    def __init__(self, ranking: pd.DataFrame, *, positive: Any = None) -> None:
        self.ranking = ranking
        self.positive = positive

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        ax: Any = None,
        n_genes: int = 20,
        **options: Any,
    ) -> Self:
        """Compute the attributions of one or several fitted models and draw them.

        Parameters
        ----------
        estimator : estimator or list of estimators
            As of `gene_attributions`.
        X : Cohort or other input of `estimator`
        ax : Axes, default=None
        n_genes : int, default=20
            How many genes are drawn.
        **options : dict
            Of `gene_attributions`.

        Returns
        -------
        display : GeneAttributionsDisplay
        """
        result = gene_attributions(estimator, X, **options)
        return cls(result.ranking, positive=result.positive).plot(ax, n_genes=n_genes)

    @in_style
    def plot(self, ax: Any = None, *, n_genes: int = 20) -> Self:
        """Draw one bar per gene.

        Parameters
        ----------
        ax : Axes, default=None
        n_genes : int, default=20
            How many genes are drawn.

        Returns
        -------
        self : GeneAttributionsDisplay
        """
        shown = self.ranking.iloc[:n_genes][::-1]
        height = 1.4 + 0.28 * len(shown)
        self.ax_, self.figure_ = make_axes(ax, figsize=(6.4, height))
        place = np.arange(len(shown))
        labels = {1: "more expression: likelier", -1: "more expression: less likely"}
        for sign, label in labels.items():
            own = (np.sign(shown["direction"]) == sign).to_numpy()
            self.ax_.barh(
                place[own],
                shown["importance"][own],
                color=COLOURS[int(sign > 0)],
                hatch=HATCHES[int(sign < 0)],
                edgecolor="white",
                label=label,
            )
        spread = shown["importance_std"].notna().to_numpy()
        if spread.any():
            self.ax_.errorbar(
                shown["importance"][spread],
                place[spread],
                xerr=shown["importance_std"][spread],
                fmt="none",
                ecolor=INK,
                capsize=2,
            )
        name = _name_class(self.positive)
        self.ax_.set_yticks(place, shown.index.astype(str))
        self.ax_.set_xlabel(f"mean |attribution| (log-odds of {name})")
        self.ax_.set_ylabel("gene")
        self.ax_.legend(ncols=2, loc="lower left", bbox_to_anchor=(-0.1, 1))
        return self


def _letter(axes: Any, sides: Sequence[str]) -> None:
    """Letters of the body at the left, right, top and bottom of a picture."""
    places = [(0.02, 0.5), (0.98, 0.5), (0.5, 0.98), (0.5, 0.02)]
    ways = [("left", "center"), ("right", "center"), ("center", "top")]
    ways.append(("center", "bottom"))
    for letter, place, (across, down) in zip(sides, places, ways, strict=True):
        axes.annotate(
            letter,
            place,
            xycoords="axes fraction",
            ha=across,
            va=down,
            color="#FFFFFF",
            bbox={"facecolor": "#000000", "edgecolor": "none", "alpha": 0.6, "pad": 1},
        )


def _name_class(positive: Any) -> str:
    return "the class" if positive is None else f"class {class_name(positive)}"
