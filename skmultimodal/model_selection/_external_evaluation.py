"""What is known after a fitted model was tested on patients of another hospital."""

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.model_selection._acting import count_shares
from skmultimodal.model_selection._external_scores import METRICS
from skmultimodal.model_selection._intervals import wilson_interval
from skmultimodal.utils._labels import class_name
from skmultimodal.utils._metrics import metric_name
from skmultimodal.utils._probability import check_thresholds
from skmultimodal.utils._text import counted

__all__ = ["ExternalEvaluation"]

FEW = 10


class ExternalEvaluation:
    """Scores of one fitted model on patients of another hospital.

    `evaluate_external` returns it, and printing it shows the scores.

    Parameters
    ----------
    scores : DataFrame with one row per pattern and metric
        Columns ``pattern`` (``"all"`` first, and then each missing-modality pattern if
        there are several), ``metric``, ``value``, ``low``, ``high``, ``n_patients`` and
        ``n_positive``. The metrics are ``roc_auc`` (of more than two classes, the mean
        over them); ``brier`` and ``log_loss``, less is better; ``brier_gain`` and
        ``log_loss_gain``, how much less they are than those of the class shares of this
        hospital, always predicted; ``calibration_slope``, 1 is calibrated and less is
        too extreme; ``calibration_intercept`` in the large (slope 1), above 0 more
        patients are of the class than predicted; and ``observed_expected``, their
        ratio.
    predictions : DataFrame with one row per labelled patient
        ``pattern``, ``y_true``, ``y_pred`` and ``proba_...`` of each class, by patient
        id.
    classes : ndarray of shape (n_classes,)
        Of the model.
    positive : class label
        The class that intercept and ratio are about.
    model : str
        Name of the model's class.
    confidence_level : float
        Of the intervals.
    n_unlabelled : int
        Patients without a label, who are left out.
    recalibration : DataFrame, default=None
        Losses of the probabilities as predicted, and out of fold after recalibration on
        other patients of this hospital: ``in the large`` moves the log-odds by an
        intercept, ``slope`` also stretches them. None of more than two classes.
    alignment : DataFrame, default=None
        What was changed in each modality, as of ``TwinTowerClassifier.alignment``.
    drift : DataFrame, default=None
        As of `cohort_drift`.
    development : DataFrame, default=None
        ``mean``, ``low`` and ``high`` by metric, where the model comes from.
    development_pattern : str, default=None
        Missing-modality pattern of the patients whom these are of, if they have one.

    See Also
    --------
    evaluate_external : Makes it.
    skmultimodal.report.external_report : Writes a report.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.model_selection import evaluate_external
    >>> X = np.random.default_rng(0).normal(size=(90, 4))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = LogisticRegression().fit(X[:40], y[:40])
    >>> evaluation = evaluate_external(model, X[40:], y[40:])
    >>> shares = evaluation.at_threshold(0.5).set_index("metric")
    >>> shares.loc["sensitivity", ["n_right", "n"]].astype(int).tolist()
    [23, 24]
    """

    def __init__(
        self,
        scores: pd.DataFrame,
        predictions: pd.DataFrame,
        *,
        classes: NDArray,
        positive: Any,
        model: str,
        confidence_level: float,
        n_unlabelled: int = 0,
        recalibration: pd.DataFrame | None = None,
        alignment: pd.DataFrame | None = None,
        drift: pd.DataFrame | None = None,
        development: pd.DataFrame | None = None,
        development_pattern: str | None = None,
    ) -> None:
        self.scores = scores
        self.predictions = predictions
        self.classes = classes
        self.positive = positive
        self.model = model
        self.confidence_level = confidence_level
        self.n_unlabelled = n_unlabelled
        self.recalibration = recalibration
        self.alignment = alignment
        self.drift = drift
        self.development = development
        self.development_pattern = development_pattern

    @property
    def patterns(self) -> list[str]:
        """``"all"``, and each missing-modality pattern if there are several."""
        return self.scores["pattern"].drop_duplicates().tolist()

    def table(self) -> pd.DataFrame:
        """Scores as text: DataFrame with one row per pattern and a column per metric.

        Returns
        -------
        table : DataFrame
            Such as ``"0.740 [0.64, 0.82]"``; ``"-"`` cannot be estimated.
        """
        texts = self.scores.assign(text=self.scores.apply(_spell, axis=1))
        wide = texts.pivot(index="pattern", columns="metric", values="text")
        return wide.loc[self.patterns, METRICS].rename_axis(columns=None)

    def score(self, metric: str, pattern: str = "all") -> Any:
        """One score: Series with ``value``, ``low`` and ``high``.

        Parameters
        ----------
        metric : str
        pattern : str, default="all"

        Returns
        -------
        score : Series
        """
        rows = self.scores.set_index(["pattern", "metric"])
        if (pattern, metric) not in rows.index:
            raise ValueError(
                f"there is no score {metric!r} of pattern {pattern!r}: metrics are "
                f"{METRICS}, patterns {self.patterns}."
            )
        return rows.loc[(pattern, metric), ["value", "low", "high"]]

    def at_threshold(self, threshold: float = 0.5) -> pd.DataFrame:
        """Shares of patients that are right at a probability of the positive class.

        Parameters
        ----------
        threshold : float, default=0.5
            From this probability on a patient is called positive.

        Returns
        -------
        shares : DataFrame with one row per metric
            ``metric`` (accuracy, sensitivity, specificity, precision and negative
            predictive value), ``score``, ``low`` and ``high`` of Wilson's interval,
            ``n_right`` of ``n`` patients.
        """
        (threshold,) = check_thresholds([threshold])
        table = self.predictions
        hits = (table["y_true"] == self.positive).to_numpy()
        p = table[f"proba_{class_name(self.positive)}"].to_numpy()
        rows = []
        for metric, (n_right, n) in count_shares(hits, p >= threshold).items():
            found = np.nan, np.nan, np.nan
            if n:
                ends = wilson_interval(
                    n_right, n, confidence_level=self.confidence_level
                )
                found = n_right / n, *ends
            rows.append((metric, *found, n_right, n))
        columns = ["metric", "score", "low", "high", "n_right", "n"]
        return pd.DataFrame(rows, columns=columns)

    def remarks(self) -> list[Any]:
        """What to know before the scores are read: list of str."""
        return [*self._few(), *self._changed(), *self._miscalibrated()]

    def _few(self) -> Iterator[str]:
        names = [class_name(label) for label in self.predictions["y_true"]]
        for label in map(class_name, self.classes.tolist()):
            n = names.count(label)
            if n < FEW:
                yield (
                    f"{n} of {len(names)} tested patients are of class {label}: no "
                    "score here means much."
                )
        if self.n_unlabelled:
            patients = counted(self.n_unlabelled, "patient")
            yield f"Left out without a label: {patients}."

    def _changed(self) -> Iterator[str]:
        if self.alignment is None:
            return
        for name, row in self.alignment.iterrows():
            parts = []
            if row["n_left_out"]:
                parts.append(f"{counted(row['n_left_out'], 'feature')} left out")
            if row["n_filled"]:
                share = f"{row['n_filled']} of {row['n_features']} features"
                parts.append(f"{share} absent and filled with means of the training")
            if row["resized"]:
                parts.append(f"images {row['resized']}")
            if parts:
                yield f"Modality {name}: {', '.join(parts)}."

    def _miscalibrated(self) -> Iterator[str]:
        slope = self.score("calibration_slope")
        if slope["high"] < 1:
            yield (
                "Probabilities are too extreme for these patients: their calibration "
                f"slope is {_spell(slope)}."
            )
        intercept = self.score("calibration_intercept")
        if intercept["low"] > 0 or intercept["high"] < 0:
            more = "More" if intercept["low"] > 0 else "Fewer"
            yield (
                f"{more} patients are of class {class_name(self.positive)} than "
                f"predicted: {_spell(self.score('observed_expected'))} times as many."
            )

    def _heading(self) -> str:
        n, rows = len(self.predictions), self.scores
        n_positive = rows.loc[rows["pattern"] == "all", "n_positive"].iloc[0]
        return (
            f"{self.model} on {n} patients who did not train it, {n_positive} of class "
            f"{class_name(self.positive)}; {self.confidence_level:.0%} intervals"
        )

    def __repr__(self) -> str:
        table = self.table().rename(columns=metric_name).T.to_string()
        return "\n\n".join([self._heading(), table, *self.remarks()])

    def _repr_html_(self) -> str:
        table = self.table().rename(columns=metric_name).T.to_html()
        remarks = "".join(f"<p>{escape(text)}</p>" for text in self.remarks())
        return f"<p>{escape(self._heading())}</p>{table}{remarks}"


def _spell(row: Any) -> str:
    """Such as ``0.740 [0.64, 0.82]``."""
    if not np.isfinite(row["value"]):
        return "-"
    if np.isnan(row["low"]):
        return f"{row['value']:.3f}"
    return f"{row['value']:.3f} [{row['low']:.2f}, {row['high']:.2f}]"
