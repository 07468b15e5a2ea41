"""What is reported on: a cohort, a fitted model and the comparison that tested it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmultimodal.fusion._input import check_labels
from skmultimodal.inspection._comparison_parts import check_comparison
from skmultimodal.inspection._inputs import (
    codes_of,
    explained_cohort,
    patterns_of,
)
from skmultimodal.report._words import count
from skmultimodal.utils._labels import class_name

__all__ = ["Study", "make_study"]

# Names of a column of the metadata that is a hospital.
SITES = ["site", "tss", "hospital", "centre", "center", "institution"]
AREAS = ["roc_auc", "roc_auc_ovr"]


@dataclass
class Study:
    """Everything that the sections tell of.

    Parameters
    ----------
    estimator : estimator
        Fitted on all rows.
    X : Cohort, DataFrame or array
        What the estimator takes.
    cohort : Cohort
        The same rows.
    codes : ndarray of int, shape (n_rows,)
        Number of the class of each row, -1 where it is unknown.
    comparison : Comparison
    model : str
        Its name in the comparison.
    positive : int
        Number of the class whose probabilities are shown.
    audit, flow, prediction_sets : DataFrame or None
    title, label : str or None
    names : dict of label to str
    channels : dict of str to list of str
        Names of the channels of a modality of images.
    facts : dict of str to str
    limits : list of str
    n_examples : int
    """

    estimator: Any
    X: Any
    cohort: Any
    codes: Any
    comparison: Any
    model: str
    positive: int
    audit: Any = None
    flow: Any = None
    prediction_sets: Any = None
    title: Any = None
    label: Any = None
    names: dict = field(default_factory=dict)
    channels: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    limits: list = field(default_factory=list)
    n_examples: int = 5

    @property
    def classes(self):
        return np.asarray(self.comparison.classes)

    @property
    def level(self):
        return self.comparison.confidence_level

    def say(self, code):
        """Class of a code for people."""
        if code < 0:
            return "unknown"
        label = self.classes.tolist()[code]
        return str(self.names.get(label, class_name(label)))

    @property
    def positive_name(self):
        return self.say(self.positive)

    @property
    def positive_label(self):
        """The positive class as the displays have it."""
        return self.classes.tolist()[self.positive]

    @property
    def scored_name(self):
        """The class that scores of one class are about, which may be another one."""
        return self.say(self.classes.tolist().index(self.comparison.positive))

    @cached_property
    def class_labels(self):
        """Labels of the rows as given, NaN or None where unknown."""
        labels = np.array([*self.classes.tolist(), None], dtype=object)
        return labels[self.codes]

    @cached_property
    def patterns(self):
        return patterns_of(self.cohort)

    @cached_property
    def metric(self):
        """The metric that sentences tell: an area under the curve if there is one."""
        known = self.comparison.metrics
        return next((name for name in AREAS if name in known), known[0])

    @cached_property
    def models(self):
        return self.comparison.models

    @cached_property
    def scores(self):
        """Mean and interval of each model on the leading metric."""
        return self.comparison.summary(metrics=[self.metric]).set_index("model")

    @cached_property
    def own(self):
        return self.scores.loc[self.model]

    @property
    def area(self):
        """Score of the model as an area under the curve: a row, or None."""
        return self.own if self.metric in AREAS else None

    @cached_property
    def predictions(self):
        """Out-of-fold predictions of the model: a row for each repeat."""
        return self.comparison.predictions(models=[self.model])

    @cached_property
    def has_probabilities(self):
        return self.comparison.has_proba(self.model)

    @cached_property
    def positive_proba(self):
        """Out-of-fold probabilities of the positive class, in rows of `predictions`."""
        return self.comparison.proba(self.model, self.positive_label).to_numpy()

    @cached_property
    def tested(self):
        """Out-of-fold probabilities by row number, averaged over the repeats."""
        columns = range(len(self.classes))
        if not self.has_probabilities:
            rows = np.unique(self.predictions["row"])
            return pd.DataFrame(np.nan, index=rows, columns=columns)
        proba = self.comparison.proba(self.model)
        return proba.groupby("row").mean().set_axis(columns, axis=1)

    @cached_property
    def n_repeats(self):
        return int(self.predictions["repeat"].nunique())

    @cached_property
    def n_folds(self):
        return int(self.predictions.groupby("repeat")["fold"].nunique().max())

    @cached_property
    def final(self):
        """Probabilities of the final model for all rows, in the order of the classes.

        None if it has none.
        """
        if not hasattr(self.estimator, "predict_proba"):
            return None
        known = np.asarray(self.estimator.classes_).tolist()
        columns = [self.classes.tolist().index(label) for label in known]
        answers = np.zeros((len(self.cohort), len(self.classes)))
        answers[:, columns] = self.estimator.predict_proba(self.X)
        return answers

    @cached_property
    def routes(self):
        """How the final model answers each row, or None."""
        if not hasattr(self.estimator, "predict_route"):
            return None
        return self.estimator.predict_route(self.X)

    @cached_property
    def unit(self):
        """What a row is: the planes of a patient are several."""
        table = self.cohort.metadata
        sliced = table is not None and "patient" in table
        return "row" if sliced or not self.cohort.index.is_unique else "patient"

    def count(self, n):
        """ "3 patients"."""
        return count(n, self.unit)

    def say_channel(self, modality, number):
        names = self.channels.get(modality, [])
        return str(names[number]) if number < len(names) else f"channel {number}"

    @property
    def hospitals(self):
        """Columns of the metadata that are a hospital."""
        table = self.metadata
        return [] if table is None else [c for c in table if str(c).lower() in SITES]

    @property
    def ids(self):
        return self.cohort.index.tolist()

    @cached_property
    def metadata(self):
        table = self.cohort.metadata
        return None if table is None else table.reset_index(drop=True)


def make_study(estimator, X, y, comparison, *, model, positive, names, **others):
    """Check what a report is made of, and put it together."""
    check_is_fitted(estimator)
    check_comparison(comparison)
    cohort = explained_cohort(estimator, X)
    labels = check_labels(y, len(cohort))
    classes = np.asarray(comparison.classes)
    codes = codes_of(labels, classes, len(cohort), allow_unlabelled=True)
    unknown = [
        label
        for label in np.asarray(getattr(estimator, "classes_", [])).tolist()
        if label not in classes.tolist()
    ]
    if unknown:
        raise ValueError(
            f"estimator knows class {unknown[0]!r}, which the comparison lacks: both "
            "must be of the same labels."
        )
    _check_rows(comparison, cohort)
    known = comparison.models
    if model is None:
        model = known[-1]
    if model not in known:
        raise ValueError(
            f"model {model!r} is not in the comparison, which has {', '.join(known)}."
        )
    if names is not None and not isinstance(names, Mapping):
        raise ValueError(
            f"class_names must be a dict of label to name, got {type(names).__name__}."
        )
    for name, columns in (
        ("audit", ["source", "kind", "tested", "roc_auc", "low", "high"]),
        ("flow", ["patient", "item", "status", "reason"]),
    ):
        _check_columns(name, others.get(name), columns)
    others["prediction_sets"] = _check_sets(others.get("prediction_sets"), classes)
    return Study(
        estimator,
        cohort if isinstance(X, Mapping | list) else X,
        cohort,
        codes,
        comparison,
        model,
        classes.tolist().index(comparison.find_positive(positive)),
        names=dict(names or {}),
        **others,
    )


def _check_rows(comparison, cohort):
    """Refuse a comparison of other rows."""
    tested = comparison.predictions().drop_duplicates("row")
    if len(tested) and tested["row"].max() >= len(cohort):
        raise ValueError(
            f"the comparison tested row {tested['row'].max()}, and X has "
            f"{len(cohort)} rows: pass the X that was compared on."
        )
    ids = cohort.index[tested["row"].to_numpy()]
    other = np.flatnonzero(ids.to_numpy() != tested["id"].to_numpy())
    if len(other):
        row = tested.iloc[other[0]]
        raise ValueError(
            f"row {row['row']} is patient {row['id']!r} in the comparison and "
            f"{ids.tolist()[other[0]]!r} in X: pass the X that was compared on."
        )


def _check_columns(name, table, columns):
    if table is None:
        return
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} must be a DataFrame, got {type(table).__name__}.")
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise ValueError(f"the table {name} lacks the column {lacking[0]!r}.")


def _check_sets(sets, classes):
    """The boolean table, of what was given: it, or a Bunch that has it."""
    sets = getattr(sets, "sets", sets)
    if sets is None:
        return None
    if not isinstance(sets, pd.DataFrame):
        raise ValueError(
            "prediction_sets must be what the function of that name returns, or a "
            f"DataFrame, got {type(sets).__name__}."
        )
    lacking = [label for label in classes.tolist() if label not in sets]
    if lacking:
        raise ValueError(
            f"prediction_sets lacks a column for class {lacking[0]!r}: it needs a "
            "boolean column for each class."
        )
    return sets[classes.tolist()].astype(bool)
