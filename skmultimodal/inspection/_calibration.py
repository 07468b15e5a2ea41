"""Whether predicted probabilities come true, pattern by pattern."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from skmultimodal.cohort import as_cohort
from skmultimodal.inspection._comparison_parts import check_comparison
from skmultimodal.inspection._inputs import codes_of, explained_cohort, patterns_of
from skmultimodal.inspection._predictions import predict_proba
from skmultimodal.inspection._style import MUTED, in_style, look, make_axes
from skmultimodal.model_selection import wilson_interval
from skmultimodal.utils._alignment import join_rows, refuse_other_ids
from skmultimodal.utils._labels import class_name, encode_labels, find_positive
from skmultimodal.utils._warnings import warn

__all__ = ["PatternCalibrationDisplay"]

STRATEGIES = ("quantile", "uniform")


class PatternCalibrationDisplay:
    """Reliability diagram with a curve for each availability pattern.

    Rows of a pattern are binned by their predicted probability of a class; a point is
    the share of a bin that is of this class, with Wilson's interval, against the mean
    prediction. Use `from_estimator`, `from_predictions` or `from_comparison`.

    Parameters
    ----------
    curves : DataFrame with a row per pattern and bin
        Columns ``pattern``, ``prob_pred``, ``prob_true``, ``low``, ``high``,
        ``n_rows``.
    summary : DataFrame with a row per pattern
        Columns ``n_rows``, ``n_bins``, ``brier``.
    positive : class label
        Class whose probability is drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : One curve for all rows.

    Notes
    -----
    A model that is calibrated over all rows need not be so for those with one
    modality, of whom others answer. scikit-learn's calibration works on cohorts. With
    rows that did not train the model, one calibrator is fitted for all patterns::

        CalibratedClassifierCV(FrozenEstimator(model)).fit(X_other, y_other)

    and without such rows models are fitted on folds, which must have paired rows::

        CalibratedClassifierCV(TwinTowerClassifier(), cv=PatternStratifiedKFold(3))

    Neither takes unlabelled rows.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.calibration import CalibratedClassifierCV
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, TwinTowerClassifier
    >>> from skmultimodal.inspection import PatternCalibrationDisplay
    >>> rng = np.random.default_rng(0)
    >>> y = rng.permutation(np.arange(300) % 2)
    >>> image, gene = rng.normal(size=(300, 2)), rng.normal(size=(300, 3))
    >>> gene += y[:, None]
    >>> image[::3], gene[1::3] = np.nan, np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> towers = [(name, LogisticRegression()) for name in ("image", "gene")]
    >>> model = TwinTowerClassifier(towers, random_state=0).fit(X[:100], y[:100])
    >>> calibrated = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid")
    >>> calibrated = calibrated.fit(X[100:180], y[100:180])
    >>> display = PatternCalibrationDisplay.from_estimator(
    ...     calibrated, X[180:], y[180:]
    ... )
    >>> display.summary.round(2)
                n_rows  n_bins  brier
    image           40       1   0.27
    gene            40       2   0.16
    image+gene      40       2   0.10
    >>> plt.close()
    """

    def __init__(
        self, *, curves: pd.DataFrame, summary: pd.DataFrame, positive: Any
    ) -> None:
        self.curves = curves
        self.summary = summary
        self.positive = positive

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        positive: Any = None,
        n_bins: int = 5,
        strategy: str = "quantile",
        min_bin_rows: int = 15,
        ax: Any = None,
    ) -> Self:
        """Predict rows that did not train a model, and draw its reliability.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier of cohorts with ``predict_proba``.
        X : Cohort, dict of aligned arrays, DataFrame or array
        y : array-like of shape (n_rows,)
            Labels, none missing.
        positive : class label, default=None
            Class whose probability is drawn. None as in `modality_contributions`.
        n_bins, strategy, min_bin_rows, ax : see `from_predictions`

        Returns
        -------
        display : PatternCalibrationDisplay

        Raises
        ------
        ValueError
            If a label is missing or unknown to the model.
        """
        cohort = explained_cohort(estimator, X)
        classes = np.asarray(estimator.classes_)
        column = find_positive(classes, positive, of="the model")
        (y,) = join_rows(X, cohort, y=y)
        codes = codes_of(y, classes, len(cohort), allow_unlabelled=False)
        return cls._from_arrays(
            codes == column,
            predict_proba(estimator, cohort)[:, column],
            patterns_of(cohort),
            classes.tolist()[column],
            (n_bins, strategy, min_bin_rows),
            order=cohort.summary().index,
        ).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        patterns: Any,
        *,
        positive: Any = None,
        n_bins: int = 5,
        strategy: str = "quantile",
        min_bin_rows: int = 15,
        ax: Any = None,
    ) -> Self:
        """Draw the reliability of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_rows,)
            Labels, none missing.
        y_prob : array-like of shape (n_rows,)
            Predicted probability of the class `positive`.
        patterns : array-like of str, shape (n_rows,)
            As of `Cohort.patterns`.
        positive : class label, default=None
            None as in `modality_contributions`; `y_true` must then have two classes.
        n_bins : int, default=5
            Bins of a pattern, at most.
        strategy : {"quantile", "uniform"}, default="quantile"
            Bins of equal numbers of rows, or of equal width.
        min_bin_rows : int, default=15
            A pattern has one bin per so many of its rows, at most `n_bins`.
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : PatternCalibrationDisplay

        Raises
        ------
        ValueError
            If a label is missing, lengths differ, a probability is none, or Series have
            different patient ids, row by row.

        Warns
        -----
        UserWarning
            If a pattern has too few rows for two bins: its curve is then one point.
        """
        refuse_other_ids(y_true=y_true, y_prob=y_prob, patterns=patterns)
        y_prob, patterns = np.asarray(y_prob, dtype=float), np.asarray(patterns)
        if y_prob.ndim != 1 or y_prob.shape != patterns.shape:
            raise ValueError(
                "y_prob and patterns are 1-D and have one entry per row, got shapes "
                f"{y_prob.shape} and {patterns.shape}."
            )
        bad = ~((y_prob >= 0) & (y_prob <= 1))
        if bad.any():
            raise ValueError(
                f"y_prob of row {np.flatnonzero(bad)[0]} is {y_prob[bad][0]}, which is "
                "no probability."
            )
        classes, _ = encode_labels(y_true, allow_unlabelled=True)
        if positive is None and len(classes) < 2:
            raise ValueError(
                f"y_true has {len(classes)} classes: y_prob is the probability of "
                "which class, positive has to name."
            )
        column = find_positive(classes, positive, of="y_true")
        codes = codes_of(
            y_true, classes, len(y_prob), allow_unlabelled=False, name="y_true"
        )
        return cls._from_arrays(
            codes == column,
            y_prob,
            patterns,
            classes.tolist()[column],
            (n_bins, strategy, min_bin_rows),
        ).plot(ax)

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        X: Any,
        *,
        model: str,
        positive: Any = None,
        repeat: int = 0,
        n_bins: int = 5,
        strategy: str = "quantile",
        min_bin_rows: int = 15,
        ax: Any = None,
    ) -> Self:
        """Draw the reliability of the out-of-fold predictions of a comparison.

        Parameters
        ----------
        comparison : Comparison
            Of ``compare_classifiers``. Folds of ``PairedStratifiedKFold`` test paired
            rows only; those of ``PatternStratifiedKFold`` test every pattern.
        X : Cohort
            What was compared on.
        model : str
            Name of a model in the comparison.
        positive : class label, default=None
            None is that of the comparison.
        repeat : int, default=0
            The repeat drawn. Others predict the same rows once more, and would make
            intervals too narrow.
        n_bins, strategy, min_bin_rows, ax : see `from_predictions`

        Returns
        -------
        display : PatternCalibrationDisplay
        """
        check_comparison(comparison)
        label = comparison.find_positive(positive)
        y_prob = comparison.proba(model, label).to_numpy()
        table = comparison.predictions(models=[model])
        chosen = (table["repeat"] == repeat).to_numpy()
        if not chosen.any():
            raise ValueError(
                f"repeat {repeat!r} is not in the comparison, which has "
                f"{table['repeat'].nunique()}, counted from 0."
            )
        table, y_prob = table[chosen], y_prob[chosen]
        cohort = as_cohort(X)
        if table["row"].max() >= len(cohort):
            raise ValueError(
                f"the comparison tested row {table['row'].max()}, and X has "
                f"{len(cohort)} rows: pass the X that was compared on."
            )
        tested = cohort[table["row"].to_numpy()]
        return cls._from_arrays(
            (table["y_true"] == label).to_numpy(),
            y_prob,
            patterns_of(tested),
            label,
            (n_bins, strategy, min_bin_rows),
            order=tested.summary().index,
        ).plot(ax)

    @classmethod
    def _from_arrays(
        cls,
        hits: NDArray,
        y_prob: Any,
        patterns: Any,
        positive: Any,
        options: Any,
        order: Any = None,
    ) -> Self:
        n_bins, strategy, min_bin_rows = options
        if n_bins < 1 or min_bin_rows < 1 or strategy not in STRATEGIES:
            raise ValueError(
                "n_bins and min_bin_rows must be at least 1 and strategy one of "
                f"{STRATEGIES}, got {n_bins}, {min_bin_rows} and {strategy!r}."
            )
        curves, summary = [], {}
        for pattern in dict.fromkeys(patterns.tolist()) if order is None else order:
            rows = patterns == pattern
            if rows.sum() < 2 * min_bin_rows:
                warn(
                    f"pattern {pattern!r} has {rows.sum()} rows, and two bins need "
                    f"{2 * min_bin_rows}: its curve is one point."
                )
            wanted = min(n_bins, max(1, int(rows.sum()) // min_bin_rows))
            curve = _curve(hits[rows], y_prob[rows], wanted, strategy)
            curves.append(curve.assign(pattern=pattern))
            brier = brier_score_loss(hits[rows].astype(int), y_prob[rows], pos_label=1)
            summary[pattern] = (int(rows.sum()), len(curve), brier)
        columns = ["n_rows", "n_bins", "brier"]
        return cls(
            curves=pd.concat(curves, ignore_index=True),
            summary=pd.DataFrame.from_dict(summary, orient="index", columns=columns),
            positive=positive,
        )

    @in_style
    def plot(self, ax: Any = None) -> Self:
        """Draw a curve per pattern, and the diagonal of perfect calibration.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure.

        Returns
        -------
        display : PatternCalibrationDisplay
            Itself.
        """
        height = 5.4 + 0.25 * len(self.summary)
        self.ax_, self.figure_ = make_axes(ax, figsize=(6.4, height))
        self.ax_.plot([0, 1], [0, 1], color=MUTED, linewidth=1, label="perfect")
        for number, (pattern, row) in enumerate(self.summary.iterrows()):
            part = self.curves[self.curves["pattern"] == pattern]
            style = look(number)
            reach = [part["prob_true"] - part["low"], part["high"] - part["prob_true"]]
            self.ax_.errorbar(
                part["prob_pred"],
                part["prob_true"],
                yerr=np.abs(reach),
                color=style["color"],
                linestyle=style["linestyle"],
                marker=style["marker"],
                markersize=7,
                capsize=3,
                elinewidth=1,
                label=f"{pattern}: {row['n_rows']:.0f} rows, "
                f"Brier score {row['brier']:.3f}",
            )
        name = class_name(self.positive)
        self.ax_.set(
            xlabel=f"mean predicted probability of class {name}",
            ylabel=f"share of class {name} (95 % interval)",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
        )
        self.ax_.legend(loc="lower center", bbox_to_anchor=(0.5, 1))
        return self


def _curve(hits: NDArray, y_prob: Any, n_bins: int, strategy: str) -> pd.DataFrame:
    """Reliability of one pattern, a row per bin."""
    prob_true, prob_pred = calibration_curve(
        hits.astype(int), y_prob, pos_label=1, n_bins=n_bins, strategy=strategy
    )
    # calibration_curve does not return how many rows its bins have.
    edges = np.linspace(0, 1, n_bins + 1)
    if strategy == "quantile":
        edges = np.percentile(y_prob, edges * 100)
    n_rows = np.bincount(np.searchsorted(edges[1:-1], y_prob))
    n_rows = n_rows[n_rows > 0]
    intervals = [
        wilson_interval(round(share * n), n)
        for share, n in zip(prob_true, n_rows, strict=True)
    ]
    low, high = np.transpose(intervals)
    return pd.DataFrame(
        {
            "prob_pred": prob_pred,
            "prob_true": prob_true,
            "low": low,
            "high": high,
            "n_rows": n_rows,
        }
    )
