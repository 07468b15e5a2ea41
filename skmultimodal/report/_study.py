"""What is reported on: a cohort, a fitted model and the comparison that tested it."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort
from skmultimodal.inspection._inputs import explained_cohort
from skmultimodal.model_selection import Comparison
from skmultimodal.report._compared import ComparedModel
from skmultimodal.report._same import find_model
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._labels import class_name, encode_labels
from skmultimodal.utils._patterns import modalities_of

__all__ = ["SITES", "Pattern", "Study", "hospital_columns", "make_study"]

IMAGE_AXES = 4  # of a block: patients, channels, height, width
# Names of a column of the metadata that is a hospital.
SITES = ["site", "tss", "hospital", "centre", "center", "institution"]


def hospital_columns(metadata: pd.DataFrame) -> list[Any]:
    """Columns of a DataFrame whose name is that of a hospital."""
    return [name for name in metadata if str(name).lower() in SITES]


class Pattern(NamedTuple):
    """Rows with the same modalities; ``alone`` if they have one of several."""

    names: list[str]
    n: int
    alone: bool


@dataclass(frozen=True)
class Study:
    """What several sections read.

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
    tested : ComparedModel
        The model in the comparison.
    positive : int
        Number of the class whose probabilities are shown.
    class_names : dict of label to str
        As given.
    """

    estimator: Any
    X: Any
    cohort: Any
    codes: Any
    tested: ComparedModel
    positive: int
    class_names: dict[Any, str]

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.tested.model

    @property
    def classes(self) -> list[Any]:
        """Labels of the classes: list."""
        return self.tested.classes

    @cached_property
    def names(self) -> list[Any]:
        """Name of each class, then None for an unknown one: list."""
        names = [self.class_names.get(c, class_name(c)) for c in self.classes]
        return [*map(str, names), None]

    @property
    def unnamed(self) -> list[str]:
        """Classes whose meaning was not given: list of str."""
        return [class_name(c) for c in self.classes if c not in self.class_names]

    @property
    def positive_name(self) -> str:
        return self.names[self.positive]

    @property
    def positive_label(self) -> Any:
        return self.classes[self.positive]

    @cached_property
    def labels(self) -> NDArray[Any]:
        """Labels of the rows, None where unknown: array of objects."""
        return np.array([*self.classes, None], dtype=object)[self.codes]

    @cached_property
    def patterns(self) -> NDArray[Any]:
        """Modalities of each row: array of str, such as "image+gene"."""
        return self.cohort.patterns

    @property
    def image_modalities(self) -> list[str]:
        """Names of the modalities of images: list."""
        shapes = {n: self.cohort.block_shape(n) for n in self.cohort.modalities}
        return [name for name, shape in shapes.items() if len(shape) == IMAGE_AXES]

    @cached_property
    def tested_codes(self) -> NDArray[Any]:
        """Number of the class of each tested row."""
        return self.codes[self.tested.rows]

    @cached_property
    def tested_sizes(self) -> NDArray[Any]:
        """Tested rows of each class."""
        return np.bincount(self.tested_codes, minlength=len(self.classes))

    @property
    def rarest(self) -> int:
        """Number of the class with the fewest tested rows."""
        return int(self.tested_sizes.argmin())

    def pattern(self, name: str, n: int) -> Pattern:
        """A pattern, and how many rows have it."""
        names = modalities_of(name)
        several = len(self.cohort.modalities) > 1
        return Pattern(names, int(n), several and len(names) == 1)

    @property
    def all_patterns(self) -> list[Pattern]:
        """Rows of each pattern: list of Pattern."""
        return [self.pattern(name, n) for name, n in self.cohort.summary().items()]

    @property
    def tested_patterns(self) -> list[Pattern]:
        """Tested rows of each pattern, in the order of the rows: list of Pattern."""
        names = self.patterns[self.tested.rows].tolist()
        return [self.pattern(name, names.count(name)) for name in dict.fromkeys(names)]

    @cached_property
    def metadata(self) -> Any:
        """Covariates in the order of the rows, or None."""
        table = self.cohort.metadata
        return None if table is None else table.reset_index(drop=True)

    @property
    def hospitals(self) -> list[Any]:
        """Columns of the metadata that are a hospital."""
        return [] if self.metadata is None else hospital_columns(self.metadata)

    def shares_hospital(self, column: Any) -> bool:
        """Whether some tested rows are of a hospital, a column, that also trains."""
        values = self.metadata[column].to_numpy(dtype=object)
        return any(
            set(values[fold.test]) & {v for v in values[fold.train] if not pd.isna(v)}
            for fold in self.tested.folds
        )

    @cached_property
    def final(self) -> NDArray[Any] | None:
        """Probabilities of the final model: (n_rows, n_classes), or None."""
        if not hasattr(self.estimator, "predict_proba"):
            return None
        known = np.asarray(self.estimator.classes_).tolist()
        columns = [self.classes.index(label) for label in known]
        p = np.zeros((len(self.cohort), len(self.classes)))
        p[:, columns] = self.estimator.predict_proba(self.X)
        return p

    @cached_property
    def routes(self) -> NDArray[Any] | None:
        """How the final model predicts each row: array of str, or None."""
        if not hasattr(self.estimator, "predict_route"):
            return None
        return np.asarray(self.estimator.predict_route(self.X), dtype=object)

    @cached_property
    def unit(self) -> str:
        """What a row is: the planes of a patient are several."""
        table = self.cohort.metadata
        sliced = table is not None and "patient" in table
        return "row" if sliced or not self.cohort.index.is_unique else "patient"

    def number(self, rows: Sized) -> list[str]:
        """Names of rows that are shown, in the place of their ids: list of str."""
        return [f"{self.unit.capitalize()} {n}" for n in range(1, len(rows) + 1)]

    def take(self, rows: Any) -> Any:
        """Some rows of X."""
        return self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows]

    @property
    def shared(self) -> dict[str, Any]:
        """What every template may use."""
        return {
            "model": self.model,
            "positive": self.positive_name,
            "unit": self.unit,
        }


def make_study(
    estimator: Any,
    X: Any,
    y: Any,
    comparison: Any,
    *,
    model: str | None,
    positive: Any,
    class_names: Mapping[Any, str] | None,
) -> Study:
    """Check what a report is made of, and put it together."""
    check_is_fitted(estimator)
    if not isinstance(comparison, Comparison):
        raise TypeError(
            "comparison must be a Comparison, which compare_classifiers returns, got "
            f"{type(comparison).__name__}."
        )
    cohort = explained_cohort(estimator, X)
    tested = ComparedModel(comparison, find_model(estimator, comparison, model))
    _check_classes(estimator, tested.classes)
    _check_rows(comparison.predictions(), cohort)
    if class_names is not None and not isinstance(class_names, Mapping):
        raise ValueError(
            "class_names must be a dict of label to name, got "
            f"{type(class_names).__name__}."
        )
    (labels,) = join_rows(X, cohort, y=y)
    return Study(
        estimator=estimator,
        X=cohort if isinstance(X, Mapping | list) else X,
        cohort=cohort,
        codes=_codes_of(labels, tested.classes, len(cohort)),
        tested=tested,
        positive=tested.classes.index(comparison.find_positive(positive)),
        class_names=dict(class_names or {}),
    )


def _codes_of(y: Any, classes: list[Any], n_rows: int) -> NDArray[Any]:
    """Number of each row's class, -1 where its label is missing."""
    if y is None:
        raise ValueError("y is None: pass the labels of the rows of X.")
    found, codes = encode_labels(y, allow_unlabelled=True)
    if len(codes) != n_rows:
        raise ValueError(f"y has {len(codes)} labels for {n_rows} rows of X.")
    unknown = [label for label in found.tolist() if label not in classes]
    if unknown:
        raise ValueError(
            f"y has class {unknown[0]!r}, which the comparison lacks: its classes are "
            f"{', '.join(map(repr, classes))}."
        )
    places = np.array([*map(classes.index, found.tolist()), -1])
    return places[codes]


def _check_classes(estimator: Any, classes: list[Any]) -> None:
    """Refuse an estimator of other labels."""
    known = np.asarray(getattr(estimator, "classes_", [])).tolist()
    unknown = [label for label in known if label not in classes]
    if unknown:
        raise ValueError(
            f"the estimator has class {unknown[0]!r}, which the comparison lacks: both "
            "must be of the same labels."
        )


def _check_rows(predictions: pd.DataFrame, cohort: Cohort) -> None:
    """Refuse a comparison of other rows."""
    tested = predictions.drop_duplicates("row")
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
