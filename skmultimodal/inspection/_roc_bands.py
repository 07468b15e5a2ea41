"""Mean ROC curves over the folds of a cross-validation."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_curve

from skmultimodal.inspection._comparison_parts import (
    add_legend,
    check_comparison,
    interval_name,
)
from skmultimodal.inspection._style import MUTED, in_style, look, make_axes
from skmultimodal.model_selection import corrected_t_interval
from skmultimodal.utils._alignment import refuse_other_ids
from skmultimodal.utils._labels import class_name, encode_labels, find_positive
from skmultimodal.utils._warnings import warn

__all__ = ["RocBandsDisplay"]

N_RATES = 1001


class RocBandsDisplay:
    """Mean ROC curve of each model over the folds, with a band that the folds fill.

    Parameters
    ----------
    fpr : array-like of shape (n_points,)
        False positive rates from 0 to 1, increasing, at which all curves are given.
    tpr : dict of str to array-like of shape (n_folds, n_points)
        True positive rates by model, a row for the curve of each test fold.
    auc : dict of str to (mean, low, high), default=None
        Area under the curve and its interval by model, shown in the legend. An
        interval of NaN is not shown.
    positive : class label, default=None
        The positive class, named on the axis.
    confidence_level : float, default=None
        Of the intervals, stated in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
    bands_ : dict of str to matplotlib PolyCollection

    See Also
    --------
    RocBandsDisplay.from_comparison : Draw the models of a comparison.
    RocBandsDisplay.from_predictions : Draw predictions from elsewhere.
    skmultimodal.inspection.MetricIntervalsDisplay : Several metrics of each model.

    Notes
    -----
    Curves are averaged vertically: the mean, over the test folds of all repeats, of the
    true positive rates at a false positive rate. The area under the mean curve is so
    the mean of the areas. The band is the mean plus and minus one standard deviation of
    the folds, cut at 0 and 1. It shows how folds differ; it is not the interval of the
    mean, which is that of the legend.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.inspection import RocBandsDisplay
    >>> from skmultimodal.model_selection import compare_classifiers
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> X, y = make_classification(n_samples=60, random_state=0)
    >>> models = {"majority": DummyClassifier(), "logistic": LogisticRegression()}
    >>> cv = PairedStratifiedKFold(3, n_repeats=2, random_state=0)
    >>> result = compare_classifiers(models, X, y, cv=cv, scoring=["roc_auc"])
    >>> display = RocBandsDisplay.from_comparison(result)
    >>> {name: round(area, 2) for name, (area, _, _) in display.auc.items()}
    {'majority': 0.5, 'logistic': 0.81}
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        fpr: Any,
        tpr: Mapping[str, Any],
        auc: Any = None,
        positive: Any = None,
        confidence_level: float | None = None,
    ) -> None:
        self.fpr = fpr
        self.tpr = tpr
        self.auc = auc
        self.positive = positive
        self.confidence_level = confidence_level

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        models: list[str] | None = None,
        positive: Any = None,
        bands: Any = True,
        ax: Any = None,
    ) -> Self:
        """Draw the ROC curves of the out-of-fold probabilities of a comparison.

        Parameters
        ----------
        comparison : Comparison
            From `compare_classifiers`.
        models : list of str, default=None
            Models to draw, in this order. None draws all that have probabilities, and
            warns of the others.
        positive : class label, default=None
            The positive class; all others together are the negative one. None is that
            of the comparison.
        bands : bool or list of str, default=True
            Models that get a band.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : RocBandsDisplay

        Raises
        ------
        ValueError
            If a model is unknown or has no probabilities, if `positive` is no class,
            or if the test rows of every fold are of one class.
        """
        check_comparison(comparison)
        positive = comparison.find_positive(positive)
        if len(comparison.classes) < 2:
            raise ValueError(f"a ROC curve needs two classes, got {positive!r} only.")
        rows = comparison.predictions(models=models)
        names = rows["model"].unique().tolist()
        lacking = [name for name in names if not comparison.has_proba(name)]
        if models is None and lacking and lacking != names:
            warn(
                "models without probabilities have no ROC curve and are left out: "
                f"{', '.join(lacking)}."
            )
            names = [name for name in names if name not in lacking]
        scores = {name: comparison.proba(name, positive).to_numpy() for name in names}
        rows = rows[rows["model"] == names[0]]  # every model has the same rows
        folds = [
            f"fold {fold} of repeat {repeat}"
            for fold, repeat in zip(rows["fold"], rows["repeat"], strict=True)
        ]
        display = cls._from_folds(
            (rows["y_true"] == positive).to_numpy(),
            scores,
            np.array(folds),
            positive=positive,
            test_to_train=comparison.test_to_train,
            confidence_level=comparison.confidence_level,
        )
        if positive == comparison.positive and "roc_auc" in comparison.metrics:
            # Those of the comparison are no narrower than its patients allow.
            table = comparison.summary(models=names, metrics=["roc_auc"])
            table = table.set_index("model")[["mean", "low", "high"]]
            display.auc = {name: tuple(table.loc[name]) for name in names}
        return display.plot(ax, bands=bands)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        folds: Any,
        *,
        positive: Any = None,
        test_to_train: float | None = None,
        confidence_level: float = 0.95,
        bands: Any = True,
        ax: Any = None,
    ) -> Self:
        """Draw the ROC curves of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            Labels of tested rows, none missing. A row that was tested in several
            repeats is there as often.
        y_score : dict of str to array-like of shape (n_rows,)
            Scores by model, such as probabilities of the class `positive`.
        folds : array-like of shape (n_rows,)
            The fold that tested the row. Folds of other repeats have other names.
        positive : class label, default=None
            The positive class. None is the class that is named yes, positive or
            responder, or of two classes 1 or true, where exactly one is; else the last.
        test_to_train : float, default=None
            Tested over training rows, as for `corrected_t_interval`, from which the
            areas have intervals. None shows none.
        confidence_level : float, default=0.95
            Of these intervals.
        bands : bool or list of str, default=True
            Models that get a band.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : RocBandsDisplay

        Raises
        ------
        ValueError
            If a label is missing, lengths differ, `positive` is no class, the rows of
            every fold are of one class, or Series have different patient ids, row by
            row.
        """
        if not isinstance(y_score, Mapping):
            raise ValueError(
                "y_score must be a dict of the name of a model to its scores, got "
                f"{type(y_score).__name__}."
            )
        named = {f"y_score[{name!r}]": score for name, score in y_score.items()}
        refuse_other_ids(y_true=y_true, folds=folds, **named)
        classes, codes = encode_labels(y_true)
        column = find_positive(classes, positive, of="y_true")
        folds = np.asarray(folds)
        scores = {name: np.asarray(score) for name, score in y_score.items()}
        for name, values in {"folds": folds, **scores}.items():
            if values.shape != codes.shape:
                raise ValueError(
                    f"{name!r} has shape {values.shape}, and y_true {codes.shape}: "
                    "each needs one entry per row."
                )
        return cls._from_folds(
            codes == column,
            scores,
            np.array([f"fold {fold}" for fold in folds.tolist()]),
            positive=classes.tolist()[column],
            test_to_train=test_to_train,
            confidence_level=confidence_level,
        ).plot(ax, bands=bands)

    @classmethod
    def _from_folds(
        cls,
        hits: NDArray,
        scores: Any,
        folds: Any,
        *,
        positive: Any,
        test_to_train: float | None,
        confidence_level: float,
    ) -> Self:
        """The curves of each fold with rows of both classes."""
        known = list(dict.fromkeys(folds.tolist()))
        drawn = [fold for fold in known if len(np.unique(hits[folds == fold])) > 1]
        lacking = [fold for fold in known if fold not in drawn]
        if not drawn:
            raise ValueError(
                "the test rows of every fold are of one class: there is no ROC curve."
            )
        if lacking:
            warn(
                f"{len(lacking)} of {len(known)} folds, such as {lacking[0]}, have no "
                "ROC curve and are left out: their test rows are of one class."
            )
        tpr, areas = {}, {}
        for name, score in scores.items():
            curves = [
                roc_curve(hits[folds == fold], score[folds == fold])[:2]
                for fold in drawn
            ]
            tpr[name] = np.stack([_at_rates(*curve) for curve in curves])
            areas[name] = _mean_area(
                [auc(*curve) for curve in curves], test_to_train, confidence_level
            )
        return cls(
            fpr=np.append(0.0, _rates()),
            tpr=tpr,
            auc=areas,
            positive=positive,
            confidence_level=confidence_level,
        )

    @in_style
    def plot(self, ax: Any = None, *, bands: Any = True) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.
        bands : bool or list of str, default=True
            Models that get a band. Those with one fold get none.

        Returns
        -------
        self : RocBandsDisplay
        """
        names = list(self.tpr)
        banded = names if bands is True else bands or []
        for name in banded:
            if name not in names:
                raise ValueError(
                    f"bands: no curve is of model {name!r}, but of {', '.join(names)}."
                )
        # A square of axes, and a line of the legend for each model below it.
        size = (6.4, 6.2 + 0.24 * len(names))
        own = ax is None
        self.ax_, self.figure_ = make_axes(ax, figsize=size)
        self.ax_.plot([0, 1], [0, 1], color=MUTED, linewidth=1, zorder=1)
        self.lines_: dict[str, Any] = {}
        self.bands_: dict[str, Any] = {}
        for number, name in enumerate(names):
            self._draw(name, look(number), name in banded)
        self.ax_.set(
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
            aspect="equal",
            xlabel="False positive rate",
            ylabel="True positive rate",
        )
        if self.positive is not None:
            name = class_name(self.positive)
            self.ax_.set_ylabel(f"True positive rate (positive: {name})")
        add_legend(self.ax_, own, title=self._legend_title())
        return self

    def _draw(self, name: str, style: Any, banded: Any) -> None:
        curves = np.asarray(self.tpr[name], dtype=float)
        mean = curves.mean(axis=0)
        if banded and len(curves) > 1:
            spread = curves.std(axis=0, ddof=1)
            self.bands_[name] = self.ax_.fill_between(
                self.fpr,
                np.clip(mean - spread, 0, 1),
                np.clip(mean + spread, 0, 1),
                color=style["color"],
                alpha=0.12,
                linewidth=0,
            )
        (self.lines_[name],) = self.ax_.plot(
            self.fpr,
            mean,
            color=style["color"],
            linestyle=style["linestyle"],
            linewidth=2,
            label=name + self._area(name),
        )

    def _area(self, name: str) -> str:
        if not self.auc:
            return ""
        mean, low, high = self.auc[name]
        return f": {mean:.2f}" + (
            f" [{low:.2f}, {high:.2f}]" if np.isfinite([low, high]).all() else ""
        )

    def _legend_title(self) -> str:
        parts = []
        if self.auc:
            parts.append("Mean AUC")
            if np.isfinite(list(self.auc.values())).all():
                parts[0] += f" [{interval_name(self.confidence_level)}]"
        if self.bands_:
            counts = {len(self.tpr[name]) for name in self.bands_}
            parts.append(f"band: ± 1 SD of {'/'.join(map(str, sorted(counts)))} folds")
        return "; ".join(parts)


def _rates() -> NDArray:
    return np.linspace(0, 1, N_RATES)


def _at_rates(fpr: NDArray, tpr: NDArray) -> NDArray:
    """True positive rates of a curve at the common false positive rates."""
    # At a step np.interp takes the upper end; the curve still starts at 0.
    return np.append(0.0, np.interp(_rates(), fpr, tpr))


def _mean_area(
    areas: Sequence[float], test_to_train: float | None, confidence_level: float
) -> tuple[float, float, float]:
    """Mean area of the folds, and its interval if the ratio is known."""
    low = high = float("nan")
    if test_to_train is not None and len(areas) > 1:
        low, high = corrected_t_interval(
            areas, test_to_train, bounded=True, confidence_level=confidence_level
        )
    return float(np.mean(areas)), low, high
