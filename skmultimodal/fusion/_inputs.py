"""What models of cohorts are given, as they read it: cohorts, and rows for a tower."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import gen_batches, get_tags
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.fusion._params import table_columns
from skmultimodal.fusion._seen import SeenModality
from skmultimodal.towers import CrossFittedEnsembleClassifier
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._bags import bag_width, describe_bad_bag, is_bags
from skmultimodal.utils._ids import hash_ids
from skmultimodal.utils._parts import ModelPart, about_rows
from skmultimodal.utils._rows import is_lazy, is_lazy_in, lazy_batches
from skmultimodal.utils._sparse import values_of
from skmultimodal.utils._tables import cast, read_type, reads_columns, spell_type
from skmultimodal.utils._validation import (
    check_rows,
    describe_blanks,
    fill_advice,
    find_bad_row,
)

__all__ = [
    "AlignedInputMixin",
    "CohortClassifierMixin",
    "JoinedScoreMixin",
    "TowerInput",
    "read_cohort",
    "see_rows",
    "takes_nan",
]

# Rows that are looked through at a time.
CHECKED_ROWS = 64


class AlignedInputMixin:
    """For models that bring later data to the modalities of ``fit``."""

    _seen: dict[str, Any]

    @property
    def ranges_in_(self) -> dict[str, Any]:
        """Medians and ranges of the features of each modality in ``fit``."""
        check_is_fitted(self)
        scales = {name: seen.scale for name, seen in self._seen.items()}
        return {n: None if s is None else s.table() for n, s in scales.items()}

    def alignment(self, X: Any) -> pd.DataFrame:
        """Count what is changed in `X` for it to be as the data of ``fit``.

        Columns with names are put in their order in ``fit``. Others are left out, and
        up to a twentieth that are absent are filled with their means in ``fit`` (blanks
        in a table with words). Images of another size are cropped or padded around
        their centre if those of ``fit`` had an empty margin, as around a head, else
        resampled. Predictions are made of the data so changed, with an
        ``AlignmentWarning`` where anything was left out, filled or resized.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``

        Returns
        -------
        alignment : DataFrame with one row per modality
            ``n_features`` in ``fit`` (columns, or channels of images), of which
            ``n_matched`` were found and ``n_filled`` were not, ``n_left_out`` that
            ``fit`` did not have, whether columns were ``reordered``, and how images
            were ``resized``, ``""`` if they were not.
        """
        check_is_fitted(self)
        cohort = as_cohort(X, table_columns(getattr(self, "towers", None)))
        known = [name for name in cohort.modalities if name in self._seen]
        rows = {name: self._seen[name].alignment(cohort) for name in known}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("modality")


class JoinedScoreMixin:
    """For models of cohorts, whose ``score`` joins `y` to rows by patient id."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy of ``predict``, R2, or Harrell's concordance.

        Parameters
        ----------
        X : Cohort or other input as in ``fit``
        y : array-like of shape (n_rows,)
            As in ``fit``. What is indexed by patient id is joined by it.
        sample_weight : array-like of shape (n_rows,), default=None
            Joined as `y` is.

        Returns
        -------
        score : float
        """
        cohort = as_cohort(X) if isinstance(X, Mapping) else X
        y, sample_weight = join_rows(X, cohort, y=y, sample_weight=sample_weight)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        # Of scikit-learn's mixin, which follows this one in each class.
        score: float = super().score(cohort, y, **weights)  # type: ignore[misc]
        return score


class CohortClassifierMixin(JoinedScoreMixin, ClassifierMixin):
    """scikit-learn's mixin, whose ``score`` joins labels to rows by patient id."""


@about_rows.register
def _(estimator: JoinedScoreMixin) -> set[str]:
    return {"fit_ids_"}


def read_cohort(estimator: Any, X: Any, *, reset: bool, columns: Any = None) -> Cohort:
    """Read `X` as a cohort; a bare array or table is checked as scikit-learn would.

    Parameters
    ----------
    estimator : estimator
        Learns or checks ``n_features_in_`` and ``feature_names_in_`` of a bare `X`.
    X : Cohort, dict of aligned arrays, DataFrame or array
    reset : bool
        True in ``fit``.
    columns : dict of str to columns, default=None
        With a DataFrame or 2-D array: the columns of each modality.

    Returns
    -------
    cohort : Cohort
    """
    container = isinstance(X, Cohort | Mapping) and not issparse(X)
    if not reset and isinstance(X, pd.DataFrame):
        # Fitted on a cohort: the tower matches the columns by name.
        container |= not hasattr(estimator, "n_features_in_")
    if not container and not (columns and isinstance(X, pd.DataFrame)):
        X = _check_bare(estimator, X, reset)
    cohort = as_cohort(X, columns)
    if not len(cohort):
        raise ValueError(f"{type(estimator).__name__} got a cohort of 0 rows.")
    if not reset:
        unknown = [m for m in cohort.modalities if m not in estimator.modalities_in_]
        if unknown:
            raise ValueError(
                f"X has modality {unknown[0]!r}, which {type(estimator).__name__} was "
                f"not fitted with: those of fit were {estimator.modalities_in_}. Leave "
                f"it out with X.without({unknown[0]!r})."
            )
        # scikit-learn has matched the names of a bare table.
        by_name = container or not hasattr(estimator, "n_features_in_")
        for name in cohort.modalities:
            if cohort.has(name).any():
                seen = estimator._seen[name]
                if by_name:
                    seen.warn_of_names(cohort, type(estimator).__name__)
                seen.warn_of_values(cohort)
        return cohort
    see_rows(estimator, cohort)
    return cohort


def see_rows(estimator: Any, cohort: Cohort) -> None:
    """Learn what the modalities of the rows that train are like."""
    estimator.fit_ids_ = hash_ids(cohort.index)
    estimator.modalities_in_ = cohort.modalities
    estimator._seen = {n: SeenModality.of(cohort, n) for n in cohort.modalities}
    estimator.features_in_ = {
        name: np.array(seen.feature_names, dtype=object)
        for name, seen in estimator._seen.items()
        if seen.feature_names is not None
    }


def _check_bare(estimator: Any, X: Any, reset: bool) -> Any:
    checked = check_rows(
        estimator,
        X,
        ndims=(2, 4),
        reset=reset,
        require_y=False,
        finite=False,
        words=True,
    )
    if isinstance(X, pd.DataFrame) and not isinstance(checked, pd.DataFrame):
        return pd.DataFrame(checked, index=X.index, columns=X.columns)
    return checked


@dataclass(frozen=True)
class TowerInput(ModelPart):
    """Rows of a cohort as one tower reads them: with the features of ``fit``.

    Parameters
    ----------
    modality : str
    seen : SeenModality
        With the columns that the tower reads.
    allow_nan : bool
        Whether NaN is left to the tower.
    as_table : bool
        Whether the tower was fitted on a table, whose columns it chooses or checks.
    dtypes : dict of str to (str, or list and bool), or None
        Types of the columns of a table, as of `spell_type`: a row of blanks shows none.
    """

    modality: str
    seen: SeenModality
    allow_nan: bool
    as_table: bool
    dtypes: Any = None

    @classmethod
    def of(cls, estimator: Any, cohort: Cohort, seen: Any) -> Self:
        """What `estimator` reads of cohorts like this one."""
        modality = seen.name
        names, as_table = cohort.feature_names(modality), reads_columns(estimator)
        if isinstance(estimator, FrozenEstimator):
            as_table |= hasattr(estimator, "feature_names_in_")
            names = list(getattr(estimator, "feature_names_in_", names or ())) or None
        dtypes = None
        own = cohort[cohort.has(modality)]
        words = names is not None and own[:1].block(modality).dtype == object
        if words or (as_table and cohort.column_types(modality) is not None):
            table = own.table(modality).infer_objects()
            dtypes = {name: spell_type(column.dtype) for name, column in table.items()}
        # What encodes words deals with blanks.
        allow_nan = dtypes is not None or as_table or takes_nan(estimator)
        seen = seen.of_features(names)
        return cls(modality, seen, allow_nan, as_table, dtypes)

    @property
    def feature_names(self) -> Any:
        """Columns that the tower reads; None if they have no names."""
        return self.seen.feature_names

    def read(self, cohort: Cohort) -> Any:
        """Rows of the modality, in the order of the cohort.

        Parameters
        ----------
        cohort : Cohort
            All of its rows have the modality.

        Returns
        -------
        rows : ndarray, DataFrame or lazy block of shape (n_rows, ...)
            A table with words is a DataFrame, and so is what a `ColumnTransformer`
            reads. A lazy block is checked when it is read.

        Raises
        ------
        ValueError
            If rows cannot be brought to features and size of ``fit``, or a value is
            infinite, or NaN for a tower that does not take it.
        """
        rows = self.seen.rows(cohort)
        if is_lazy(rows):
            return rows
        if not self.allow_nan:
            self._refuse_blanks(rows, cohort)
        if self.as_table or self.dtypes is not None:
            return self._typed(pd.DataFrame(rows, columns=self.feature_names))
        return rows

    def _typed(self, table: Any) -> pd.DataFrame:
        """Numbers, words and dates by column, as in ``fit``."""
        if self.dtypes is None:
            return table
        columns = {}
        for name in table.columns:
            spelled = self.dtypes[name]
            try:
                columns[name] = cast(table[name], read_type(spelled))
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"column {name!r} of modality {self.modality!r} is no {spelled} as "
                    f"it was in fit ({error}): correct its cells, or leave them blank."
                ) from error
        return pd.DataFrame(columns)

    def check(self, cohort: Cohort) -> None:
        """Raise the errors of `read` before anything is fitted."""
        own = cohort[cohort.has(self.modality)]
        if is_lazy_in(own, self.modality):
            self.check_lazy(own)
            return
        # In parts, since rows that are not side by side are copied.
        for part in gen_batches(len(own), CHECKED_ROWS):
            rows = self.seen.rows(own[part])
            if self.allow_nan:
                continue
            if is_bags(rows) or find_bad_row(rows) is not None:
                self.read(own)  # its error counts them all
                return

    def check_lazy(self, own: Any) -> None:
        """Look through a table if it is lazy, up to the first batch with a blank.

        `read` checks what is in memory.
        """
        rows = self.seen.rows(own)
        if self.allow_nan or not is_lazy(rows) or len(rows.shape) != 2:
            return
        for part in lazy_batches(rows.shape):
            rows = self.seen.rows(own[part])
            if find_bad_row(values_of(rows)) is not None:
                where = f"Of {len(own):,} rows, {part.stop:,} were read: "
                self._refuse_blanks(np.asarray(rows), own[part], where)

    def describe_words(self, cohort: Cohort) -> str | None:
        """Cells that are no numbers, and what encodes them; None if there are none."""
        if self.dtypes is None:
            return None
        table = cohort.table(self.modality)
        for name, column in table.items():
            odd = column[[not isinstance(c, Real | np.bool_) for c in column]].dropna()
            if len(odd):
                cell, patient = str(odd.iloc[0])[:40], odd.index.tolist()[0]
                return (
                    f"modality {self.modality!r} holds words or dates, such as "
                    f"{cell!r} of patient {patient!r} in "
                    f"column {name!r}, which its tower does not take: encode them in "
                    f"the tower, such as ({self.modality!r}, "
                    f"make_table_tower(X.table({self.modality!r})))."
                )
        return None

    def _refuse_bad_bags(self, rows: Any, cohort: Cohort) -> None:
        width = bag_width(rows)
        for patient, bag in zip(cohort.index.tolist(), rows, strict=True):
            wrong = describe_bad_bag(bag, width)
            if wrong is not None:
                raise ValueError(
                    f"the bag of patient {patient!r} in modality {self.modality!r} "
                    f"{wrong}."
                )

    def _refuse_blanks(self, rows: Any, cohort: Cohort, where: Any = "") -> Any:
        if is_bags(rows):
            return self._refuse_bad_bags(rows, cohort)
        bad = find_bad_row(rows)
        if bad is None:
            return
        patients = cohort.index[cohort.has(self.modality)].tolist()
        names = self.feature_names
        blanks = describe_blanks(rows, patients, names, self.modality)
        if blanks is not None:
            raise ValueError(
                f"{where}Input X contains NaN: {blanks}. {fill_advice(rows)}"
            )
        raise ValueError(
            f"Input X contains infinity in row {patients[bad]!r} of modality "
            f"{self.modality!r}: correct it, or make the whole row NaN if the patient "
            "lacks the modality."
        )


def takes_nan(estimator: Any) -> bool:
    """Whether NaN is imputed, or let through to the end; a Pipeline has no such tag."""
    if isinstance(estimator, CrossFittedEnsembleClassifier):
        return takes_nan(estimator.estimator)
    steps = [estimator]
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if not isinstance(step, str)]
    for step in steps:
        if not get_tags(step).input_tags.allow_nan:
            return False
        if type(step).__module__.startswith("sklearn.impute"):
            return True
    return True
