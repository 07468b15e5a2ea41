"""Models of covariates: what a model must beat to have read any biology."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._inputs import CohortClassifierMixin, JoinedScoreMixin
from skmultimodal.towers import CoxRidgeSurvival
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._covariates import MISSING, days_of, read_covariate
from skmultimodal.utils._docs import described_like
from skmultimodal.utils._sklearn import HasMethods, fit_context
from skmultimodal.utils._survival import BaselineMixin
from skmultimodal.utils._validation import check_rows
from skmultimodal.utils._warnings import warn

__all__ = ["MetadataClassifier", "MetadataRegressor", "MetadataSurvival"]

TEXTS = {
    "number": "numbers written as text",
    "date": "dates written as text",
    "text": "text that is nearly all different",
}


class BaseMetadata(BaseEstimator):
    """Model of the metadata of a cohort, of any outcome.

    Parameters and attributes are those of `MetadataClassifier`; a subclass names its
    outcome in ``_outcome_type``.
    """

    _parameter_constraints: dict = {
        "columns": ["array-like", None],
        "estimator": [HasMethods(["fit"]), None],
        "categories": ["array-like"],
    }

    def __init__(
        self, columns: Any = None, *, estimator: Any = None, categories: Any = ()
    ) -> None:
        self.columns = columns
        self.estimator = estimator
        self.categories = categories

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> Self:
        """Fit on the labelled rows.

        Parameters
        ----------
        X : Cohort with metadata, or array-like of shape (n_rows, n_columns)
        y : array-like of shape (n_rows,)
            Class labels, numbers, or times to an event as of ``make_survival_target``;
            NaN or None marks an unlabelled row, which is not used.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the metadata lack a column, or all labelled rows have the same `y`.

        Warns
        -----
        UserWarning
            If text that is read as categories is that of numbers or dates, or is
            nearly all different.
        """
        table = self._read(X, reset=True)
        (y,) = join_rows(X, X, y=y)
        outcome, y, codes = self._outcome_type.read(y, len(table))
        outcome.refuse_alike(self, codes)
        outcome.record(self)
        self.columns_ = list(table.columns)
        others = ~table.columns.isin(list(self.categories))
        self.is_number_ = others & np.array(list(map(_is_number, table.dtypes)), bool)
        for name in table.columns[others & ~self.is_number_]:
            _warn_of_text(name, read_covariate(table[name]).kind)
        labelled = codes >= 0
        final = self._default() if self.estimator is None else clone(self.estimator)
        model = make_pipeline(_encoder(self.is_number_), final)
        targets = outcome.head_targets(y[labelled], codes[labelled])
        self.estimator_ = model.fit(self._cells(table)[labelled], targets)
        return self

    def _run(self, X: Any, method: str) -> NDArray:
        check_is_fitted(self)
        cells = self._cells(self._read(X, reset=False))
        return getattr(self.estimator_, method)(cells)

    def _read(self, X: Any, reset: bool) -> pd.DataFrame:
        """The wanted columns of the metadata: DataFrame."""
        if isinstance(X, Cohort):
            table = X.metadata
            if table is None:
                raise ValueError("the cohort has no metadata to predict from.")
        else:
            checked = np.asarray(check_rows(self, X, reset=reset, require_y=False))
            names = getattr(self, "feature_names_in_", range(checked.shape[1]))
            table = pd.DataFrame(checked, columns=list(names))
        wanted = list(table.columns if self.columns is None else self.columns)
        absent = [str(name) for name in wanted if name not in table.columns]
        if absent:
            raise ValueError(
                f"the metadata lack column {', '.join(map(repr, absent))}: they have "
                f"{[str(name) for name in table.columns]}."
            )
        if not wanted:
            raise ValueError("the metadata have no columns.")
        return table[wanted].reset_index(drop=True)

    def _cells(self, table: Any) -> pd.DataFrame:
        """Floats where numbers are read, words elsewhere."""
        cells = {}
        for place, name in enumerate(self.columns_):
            column = table[name]
            if self.is_number_[place]:
                if pd.api.types.is_datetime64_any_dtype(column):
                    column = pd.Series(days_of(column))
                values = column.to_numpy(dtype=float, na_value=np.nan)
                cells[place] = np.where(np.isfinite(values), values, np.nan)
            else:
                words = [MISSING if pd.isna(v) else str(v) for v in column]
                cells[place] = np.array(words, dtype=object)
        return pd.DataFrame(cells)


class MetadataClassifier(ProbableClassMixin, CohortClassifierMixin, BaseMetadata):
    """Classifier of the metadata of a cohort: age, site, project, ...

    No modality is read. Numbers, and dates as days, are imputed by their median and
    standardised, anything else is one-hot encoded, a missing or unseen category
    included; all of it is learnt from the labelled rows given to ``fit``.

    Parameters
    ----------
    columns : list of str, default=None
        Columns of ``X.metadata``; None is all of them.
    estimator : classifier, default=None
        Of the encoded columns. None means ``LogisticRegression(max_iter=1000)``.
    categories : list of str, default=()
        Columns to read as categories though they hold numbers or dates, such as codes
        of hospitals.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    columns_ : list of str
        Columns read.
    is_number_ : ndarray of bool, shape (n_columns,)
        Which of them are read as numbers.
    estimator_ : Pipeline
        Encoder and classifier, fitted.
    n_features_in_ : int
        Only after a ``fit`` on one bare array or DataFrame.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Only after a ``fit`` on one bare DataFrame.

    Notes
    -----
    The columns of a bare 2-D array, or numeric DataFrame, are read as the metadata.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.baselines import MetadataClassifier
    >>> table = pd.DataFrame({"site": ["Leeds", "York"] * 3, "age": range(6)})
    >>> X = Cohort({"gene": [[0.0]] * 6}, metadata=table)
    >>> MetadataClassifier(["site"]).fit(X, [0, 1] * 3).predict(X).tolist()
    [0, 1, 0, 1, 0, 1]
    """

    _outcome_type = ClassLabels

    @staticmethod
    def _default() -> LogisticRegression:
        return LogisticRegression(max_iter=1000)

    def predict(self, X: Any) -> NDArray:
        """Predict class labels.

        Parameters
        ----------
        X : Cohort or array-like as in ``fit``

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        codes = self._run(X, "predict")
        return self.classes_[codes]

    def predict_proba(self, X: Any) -> NDArray:
        """Predict class probabilities.

        Parameters
        ----------
        X : Cohort or array-like as in ``fit``

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        return self._run(X, "predict_proba")


class _OneOutputMetadata(BaseMetadata):
    """Model of the metadata whose ``predict`` is one number."""

    def predict(self, X: Any) -> NDArray:
        """Predict a number of each row: its mean, or its log-hazard.

        Parameters
        ----------
        X : Cohort or array-like as in ``fit``

        Returns
        -------
        predicted : ndarray of shape (n_rows,)
        """
        return self._run(X, "predict")


@described_like(
    MetadataClassifier,
    without=("classes_",),
    estimator="On the encoded columns. None is Ridge.",
)
class MetadataRegressor(JoinedScoreMixin, RegressorMixin, _OneOutputMetadata):
    """Regressor of the metadata of a cohort: what a model of modalities must beat.

    Attributes
    ----------
    estimator_ : Pipeline
        Encoder and regressor, fitted.
    target_mean_, target_std_ : float
        Of `y` in ``fit``.
    target_range_ : ndarray of shape (2,)
        Least and greatest number in ``fit``.

    See Also
    --------
    MetadataClassifier : For class labels, with the details.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.baselines import MetadataRegressor
    >>> table = pd.DataFrame({"site": ["Leeds", "York"] * 3, "age": range(6)})
    >>> X = Cohort({"gene": [[0.0]] * 6}, metadata=table)
    >>> MetadataRegressor(["age"]).fit(X, range(6)).score(X, range(6)) > 0.8
    True
    """

    _outcome_type = Numbers

    @staticmethod
    def _default() -> Ridge:
        return Ridge()


@described_like(
    MetadataClassifier,
    without=("classes_",),
    estimator="On the encoded columns. None is CoxRidgeSurvival.",
)
class MetadataSurvival(JoinedScoreMixin, BaselineMixin, _OneOutputMetadata):
    """Cox's regression of the metadata of a cohort: age, stage, ...

    A survival model of modalities has to beat it.

    Attributes
    ----------
    estimator_ : Pipeline
        Encoder and survival estimator, fitted.
    baselines_ : dict of int to Baseline
        Cumulative baseline hazard of each stratum.

    See Also
    --------
    MetadataClassifier : For class labels, with the details.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.baselines import MetadataSurvival
    >>> table = pd.DataFrame({"site": ["Leeds", "York"] * 3, "age": range(6)})
    >>> X = Cohort({"gene": [[0.0]] * 6}, metadata=table)
    >>> time = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    >>> MetadataSurvival(["age"]).fit(X, time).score(X, time)
    1.0
    """

    _outcome_type = TimeToEvent

    @staticmethod
    def _default() -> CoxRidgeSurvival:
        return CoxRidgeSurvival()

    # The mixin's is assigned in fit; this one is derived from the fitted part.
    @property
    def baselines_(self) -> dict[Any, Any]:  # type: ignore[override]
        """Cumulative baseline hazard of each stratum: dict of int to Baseline."""
        return self.estimator_[-1].baselines_


def _is_number(dtype: Any) -> bool:
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return True
    is_bool = pd.api.types.is_bool_dtype(dtype)
    return pd.api.types.is_numeric_dtype(dtype) and not is_bool


def _warn_of_text(name: str, kind: str) -> None:
    if kind in TEXTS:
        warn(
            f"column {name!r} of the metadata holds {TEXTS[kind]} and is read as "
            "categories, of which few are seen twice: convert it with "
            "pandas.to_numeric or to_datetime, leave it out, or name it in categories."
        )


def _encoder(is_number: bool) -> Any:
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    return make_column_transformer(
        (numbers, np.flatnonzero(is_number)),
        (OneHotEncoder(handle_unknown="ignore"), np.flatnonzero(~is_number)),
        sparse_threshold=0,  # not every estimator takes sparse columns
    )
