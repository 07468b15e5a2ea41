"""Mean ROC curves of the models that `compare_classifiers` compared."""

import warnings

import numpy as np
from sklearn.metrics import auc, roc_curve

from skmultimodal.inspection._comparison_parts import (
    add_legend,
    check_comparison,
    interval_name,
    pick,
    positive_of,
    refuse_unknown,
)
from skmultimodal.inspection._style import MUTED, in_style, look, make_axes
from skmultimodal.utils._labels import class_name

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

    def __init__(self, *, fpr, tpr, auc=None, positive=None, confidence_level=None):
        self.fpr = fpr
        self.tpr = tpr
        self.auc = auc
        self.positive = positive
        self.confidence_level = confidence_level

    @classmethod
    def from_comparison(
        cls, comparison, *, models=None, positive=None, bands=True, ax=None
    ):
        """Draw the ROC curves of the out-of-fold probabilities of a comparison.

        Parameters
        ----------
        comparison : Bunch
            From `compare_classifiers`. The areas of the legend are those of its
            metric ``roc_auc``; without it, and with more than two classes, they are
            those of the curves and have no interval.
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
        needed = ("predictions", "classes", "positive", "summary")
        check_comparison(comparison, *needed)
        positive = positive_of(comparison, positive)
        if len(comparison.classes) < 2:
            raise ValueError(f"a ROC curve needs two classes, got {positive!r} only.")
        rows = comparison.predictions
        column = f"proba_{positive}"
        names = _models_with_probabilities(rows, models, column)
        curves = _fold_curves(rows[rows["model"].isin(names)], positive, column)
        fpr, tpr = np.append(0.0, _rates()), {name: curves[name] for name in names}
        display = cls(
            fpr=fpr,
            tpr=tpr,
            auc=_areas(comparison, fpr, tpr),
            positive=positive,
            confidence_level=comparison.get("confidence_level"),
        )
        return display.plot(ax, bands=bands)

    @in_style
    def plot(self, ax=None, *, bands=True):
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
        refuse_unknown(banded, names, "models")
        # A square of axes, and a line of the legend for each model below it.
        size = (6.4, 6.2 + 0.24 * len(names))
        own = ax is None
        self.ax_, self.figure_ = make_axes(ax, figsize=size)
        self.ax_.plot([0, 1], [0, 1], color=MUTED, linewidth=1, zorder=1)
        self.lines_, self.bands_ = {}, {}
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

    def _draw(self, name, style, banded):
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

    def _area(self, name):
        if not self.auc:
            return ""
        mean, low, high = self.auc[name]
        return f": {mean:.2f}" + (
            f" [{low:.2f}, {high:.2f}]" if np.isfinite([low, high]).all() else ""
        )

    def _legend_title(self):
        told = []
        if self.auc:
            told.append("Mean AUC")
            if np.isfinite(list(self.auc.values())).all():
                told[0] += f" [{interval_name(self.confidence_level)}]"
        if self.bands_:
            counts = {len(self.tpr[name]) for name in self.bands_}
            told.append(f"band: ± 1 SD of {'/'.join(map(str, sorted(counts)))} folds")
        return "; ".join(told)


def _models_with_probabilities(rows, models, column):
    """The models to draw; those named must have probabilities, others are left out."""
    names = pick(rows["model"], models, "models")
    known = rows[column].notna().groupby(rows["model"]).all()
    lacking = [name for name in names if not known[name]]
    if lacking and (models is not None or lacking == names):
        raise ValueError(
            f"model {lacking[0]!r} has no probabilities (no predict_proba), which the "
            "ROC curve is made of: leave it out of models."
        )
    if lacking:
        warnings.warn(
            f"models without probabilities have no ROC curve and are left out: "
            f"{', '.join(lacking)}.",
            stacklevel=3,
        )
    return [name for name in names if name not in lacking]


def _fold_curves(rows, positive, column):
    """ROC curve of each model and fold at the common rates: dict of arrays."""
    hits = rows["y_true"] == positive
    by_fold = hits.groupby([rows["repeat"], rows["fold"]])
    of_one_class = by_fold.transform("nunique") == 1
    lacking = rows.loc[of_one_class, ["repeat", "fold"]].drop_duplicates()
    if of_one_class.all():
        raise ValueError(
            "the test rows of every fold are of one class: there is no ROC curve."
        )
    if len(lacking):
        first = lacking.iloc[0]
        warnings.warn(
            f"{len(lacking)} of {by_fold.ngroups} folds, such as fold {first['fold']} "
            f"of repeat {first['repeat']}, have no ROC curve and are left out: their "
            "test rows are of one class.",
            stacklevel=3,
        )
    curves = {}
    kept = rows[~of_one_class]
    for (name, _, _), part in kept.groupby(["model", "repeat", "fold"], sort=False):
        fpr, tpr, _ = roc_curve(part["y_true"] == positive, part[column])
        # At a step np.interp takes the upper end; the curve still starts at 0.
        curve = np.append(0.0, np.interp(_rates(), fpr, tpr))
        curves.setdefault(name, []).append(curve)
    return {name: np.stack(found) for name, found in curves.items()}


def _rates():
    return np.linspace(0, 1, N_RATES)


def _areas(comparison, fpr, tpr):
    """Mean area under the curves and its interval, of the summary if it has them."""
    summary = comparison.summary
    scored = summary[summary["metric"] == "roc_auc"].set_index("model")
    if len(scored) and len(comparison.classes) == 2:
        found = scored[["mean", "low", "high"]]
        return {name: tuple(map(float, found.loc[name])) for name in tpr}
    nothing = float("nan")
    return {
        name: (np.mean([auc(fpr, curve) for curve in curves]), nothing, nothing)
        for name, curves in tpr.items()
    }
