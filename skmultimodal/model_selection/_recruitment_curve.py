"""What more patients of each kind would change: the answer to `recruitment_curve`."""

from collections.abc import Iterator
from itertools import combinations
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.model_selection._extrapolation import PowerLaws
from skmultimodal.model_selection._metrics import range_of
from skmultimodal.model_selection._score_table import choose_names, summarise

__all__ = ["RecruitmentCurve"]

N_ADDED = (10, 50, 100)
GAIN_COLUMNS = ["metric", "kind", "n_now", "n_added", "gain", "low", "high"]
GAIN_COLUMNS += ["per_patient"]


class RecruitmentCurve:
    """Scores by the number of rows of each kind, and their extrapolation.

    Made by `recruitment_curve`. Printing it shows `gains` and `remarks`.

    Parameters
    ----------
    scores : DataFrame
        Columns ``kind``, ``n_rows`` (mean of the folds), ``repeat``, ``fold``,
        ``metric``, ``score``.
    n_now : dict of str to int
        Labelled rows of each kind in the cohort. They are more than train in a fold
        where rows of the kind are tested.
    left_out : dict of str to str
        Why other patterns have no curve.
    test_to_train : float
        The ratio of rows in the corrected variance.
    positive : class label
        The positive class; None of other outcomes.
    confidence_level : float
        Of the intervals.
    known_as : dict of str to str
        Names in scikit-learn of metrics with names of their own.

    Attributes
    ----------
    kinds : list of str
    metrics : list of str
    max_factor : float
        2: scores are extrapolated to twice the rows there are, no further.

    See Also
    --------
    recruitment_curve : Makes it.
    skmultimodal.inspection.RecruitmentCurveDisplay : Draws it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> from skmultimodal.model_selection import recruitment_curve
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(90) % 2
    >>> image, gene = rng.normal(size=(90, 3)), rng.normal(size=(90, 9))
    >>> image[60:] = np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> model = UnimodalClassifier("gene", LogisticRegression())
    >>> curve = recruitment_curve(
    ...     model, X, y, cv=3, scoring="roc_auc", random_state=0
    ... )
    >>> curve.n_now
    {'image+gene': 60, 'gene': 30}
    >>> curve.remarks(50)[-1]
    '50 more with gene only is not extrapolated: there are 30, and at most 30 more ...'
    """

    max_factor = 2.0

    def __init__(
        self,
        *,
        scores: pd.DataFrame,
        n_now: Any,
        left_out: Any,
        test_to_train: float,
        positive: Any,
        confidence_level: float,
        known_as: Any,
    ) -> None:
        self.scores = scores
        self.n_now = n_now
        self.left_out = left_out
        self.test_to_train = test_to_train
        self.positive = positive
        self.confidence_level = confidence_level
        self.known_as = known_as
        self.kinds = list(n_now)
        self.metrics = list(dict.fromkeys(scores["metric"]))
        self._laws = {
            (metric, kind): PowerLaws(*self._points(metric, kind), test_to_train)
            for metric in self.metrics
            for kind in self.kinds
        }

    def _points(self, metric: Any, kind: str) -> tuple[Any, Any, Any]:
        own = self.scores[
            (self.scores["metric"] == metric) & (self.scores["kind"] == kind)
        ]
        wide = own.pivot(index=["repeat", "fold"], columns="n_rows", values="score")
        repeats = wide.index.get_level_values("repeat").to_numpy()
        return wide.columns.to_numpy(), wide.to_numpy(), repeats

    def summary(self) -> pd.DataFrame:
        """Means of the folds.

        Returns
        -------
        summary : DataFrame
            A row per metric, kind and number of rows: ``metric``, ``kind``, ``n_rows``,
            ``mean``, its interval from ``low`` to ``high``, ``std`` of the folds and
            ``n_folds``.
        """
        points = self.scores[["kind", "n_rows"]].apply(tuple, axis=1)
        scores = self.scores.assign(model=points)
        given = self.test_to_train, self.confidence_level
        table = summarise(scores, *given, known_as=self.known_as)
        table.insert(1, "kind", [point[0] for point in table["model"]])
        table.insert(2, "n_rows", [point[1] for point in table["model"]])
        table = table.drop(columns="model")
        order = table["metric"].map(self.metrics.index)
        return (
            table[["metric", *table.columns.drop("metric")]]
            .iloc[np.argsort(order, kind="stable")]
            .reset_index(drop=True)
        )

    def change(
        self, metric: str, kind: str, start: float, stop: float
    ) -> tuple[float, float, float]:
        """Expected change of the score from `start` to `stop` rows of a kind.

        Parameters
        ----------
        metric, kind : str
        start, stop : float
            Rows that train.

        Returns
        -------
        change : tuple of float
            ``mean``, ``low`` and ``high``; NaN if `stop` is more than `max_factor`
            times the rows there are, or there are fewer than two folds.

        Raises
        ------
        ValueError
            If the metric or kind is not in the curve.
        """
        choose_names("metric", self.metrics, [metric])
        choose_names("kind", self.kinds, [kind])
        if stop > self.max_factor * self.n_now[kind]:
            return np.nan, np.nan, np.nan
        laws = self._laws[metric, kind]
        gain, low, high = laws.change(start, stop, self.confidence_level)
        return gain, low, high

    def gains(
        self, n_added: Any = N_ADDED, *, metrics: list[str] | None = None
    ) -> pd.DataFrame:
        """Expected change of the score by more patients of each kind.

        Parameters
        ----------
        n_added : int or list of int, default=(10, 50, 100)
            Patients more than now.
        metrics : list of str, default=None
            None is all.

        Returns
        -------
        gains : DataFrame
            A row per metric, number and kind, the largest gain first: ``metric``,
            ``kind``, ``n_now``, ``n_added``, ``gain``, its interval from ``low`` to
            ``high``, and ``per_patient``, the gain divided by the number. NaN is
            explained by `remarks`.
        """
        metrics = choose_names("metric", self.metrics, metrics)
        rows = []
        for metric in metrics:
            for number in _read_added(n_added):
                found = [self._gain(metric, kind, number) for kind in self.kinds]
                # NaN last; otherwise the largest gain first.
                rows += sorted(found, key=lambda row: (np.isnan(row[4]), -row[4]))
        return pd.DataFrame(rows, columns=GAIN_COLUMNS)

    def _gain(
        self, metric: Any, kind: str, n_added: Any
    ) -> tuple[Any, Any, Any, Any, Any, Any, Any, Any]:
        now = self.n_now[kind]
        gain, low, high = self.change(metric, kind, now, now + n_added)
        low, high = self._within_range(metric, kind, low, high)
        return metric, kind, now, n_added, gain, low, high, gain / n_added

    def _within_range(self, metric: Any, kind: str, *ends: Any) -> tuple[float, ...]:
        """No more is gained than lies between the score and the end of its range."""
        least, most = range_of(self.known_as.get(metric, metric))
        score = np.nanmean(self._points(metric, kind)[1][:, -1])
        return tuple(float(np.clip(end, least - score, most - score)) for end in ends)

    def remarks(self, n_added: Any = N_ADDED, *, metrics: Any = None) -> list[str]:
        """What the gains show in sentences, and what they do not.

        Parameters
        ----------
        n_added, metrics : as of `gains`

        Returns
        -------
        remarks : list of str
        """
        gains = self.gains(n_added, metrics=metrics)
        found = []
        for metric, of_metric in gains.dropna(subset="low").groupby(
            "metric", sort=False
        ):
            judged: dict[str, list[str]] = {}
            for number, part in of_metric.groupby("n_added"):
                found.append(_in_words(metric, number, part))
                if len(part) > 1 and (sentence := _which_overlap(part)):
                    judged.setdefault(sentence, []).append(str(number))
            for sentence, numbers in judged.items():
                found.append(f"{metric}, by {' or '.join(numbers)} more: {sentence}")
        return [*found, *self._not_determined(gains), *self.left_out.values()]

    def _not_determined(self, gains: Any) -> Iterator[str]:
        for kind, part in gains.groupby("kind", sort=False):
            most = int((self.max_factor - 1) * self.n_now[kind])
            beyond = sorted({n for n in part["n_added"] if n > most})
            if beyond:
                yield (
                    f"{', '.join(map(str, beyond))} more with {_name(kind)} is not "
                    f"extrapolated: there are {self.n_now[kind]}, and at most {most} "
                    f"more would be {self.max_factor:g} times as many."
                )
        for (metric, kind), laws in self._laws.items():
            own = gains[(gains["metric"] == metric) & (gains["kind"] == kind)]
            if not len(own):
                continue
            if laws.n_folds < 2:
                yield (
                    f"{metric} is defined at all sizes on {laws.n_folds} folds for "
                    f"{_name(kind)}: two are needed, use more folds or repeats."
                )
            elif (own["low"] == own["high"]).any():
                yield (
                    f"The interval of {metric} for {_name(kind)} has no width: scores "
                    "change alike in every fold, which is no certainty."
                )

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {_name(kind)}" for kind, n in self.n_now.items())
        level = f"{100 * self.confidence_level:.3g} %"
        table = self.gains().round(4).to_string(index=False)
        heading = f"Expected gain by more patients of a kind, {level} intervals"
        lines = [f"{heading} (now {counts})", table, *self.remarks()]
        return "\n".join(lines)


def _read_added(n_added: Any) -> list[int]:
    numbers = [n_added] if np.ndim(n_added) == 0 else list(n_added)
    if not numbers:
        raise ValueError("n_added is empty: name at least one number of patients.")
    for number in numbers:
        if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
            raise ValueError(f"n_added must be integers above 0, got {number!r}.")
    return sorted({int(number) for number in numbers})


def _name(kind: str) -> str:
    """A kind in words: "image+gene", "gene only"."""
    return kind if "+" in kind else f"{kind} only"


def _in_words(metric: Any, number: Any, known: Any) -> str:
    parts = [
        f"{number} more with {_name(row.kind)}: {row.gain:+.3f} "
        f"[{row.low:.3f}, {row.high:.3f}]"
        for row in known.itertuples()
    ]
    return f"{metric}: {'; '.join(parts)}."


def _overlap(a: Any, b: Any) -> bool:
    return a.low <= b.high and b.low <= a.high


def _which_overlap(known: Any) -> str | None:
    """What cannot be ranked, as a sentence; None if no intervals overlap."""
    pairs = [
        f"{_name(a.kind)} and {_name(b.kind)}"
        for a, b in combinations(known.itertuples(), 2)
        if _overlap(a, b)
    ]
    if not pairs:
        return None
    return (
        f"the intervals of {', of '.join(pairs)} overlap; the data do not show which "
        "is worth more."
    )
