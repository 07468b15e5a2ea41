"""A classifier of covariates: what a model must beat to have read any biology."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

from skmultimodal.cohort import Cohort
from skmultimodal.fusion._inputs import CohortClassifierMixin
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._classifier import ProbableClassMixin
from skmultimodal.utils._covariates import MISSING, days_of, read_covariate
from skmultimodal.utils._labels import check_labels, encode_labels, refuse_one_class
from skmultimodal.utils._sklearn import HasMethods, fit_context
from skmultimodal.utils._validation import check_rows
from skmultimodal.utils._warnings import warn

__all__ = ["MetadataClassifier"]

TEXTS = {
    "number": "numbers written as text",
    "date": "dates written as text",
    "text": "text that is nearly all different",
}


class MetadataClassifier(ProbableClassMixin, CohortClassifierMixin, BaseEstimator):
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

    _parameter_constraints: dict = {
        "columns": ["array-like", None],
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "categories": ["array-like"],
    }

    def __init__(self, columns=None, *, estimator=None, categories=()):
        self.columns = columns
        self.estimator = estimator
        self.categories = categories

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Fit on the labelled rows.

        Parameters
        ----------
        X : Cohort with metadata, or array-like of shape (n_rows, n_columns)
        y : array-like of shape (n_rows,)
            Class labels; NaN or None marks an unlabelled row, which is not used.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the metadata lack a column, or `y` has one class.

        Warns
        -----
        UserWarning
            If text that is read as categories is that of numbers or dates, or is
            nearly all different.
        """
        table = self._read(X, reset=True)
        y = check_labels(*join_rows(X, X, y=y), len(table))
        self.classes_, codes = encode_labels(y, allow_unlabelled=True)
        refuse_one_class(self, self.classes_)
        self.columns_ = list(table.columns)
        others = ~table.columns.isin(list(self.categories))
        self.is_number_ = others & np.array(list(map(_is_number, table.dtypes)), bool)
        for name in table.columns[others & ~self.is_number_]:
            _warn_of_text(name, read_covariate(table[name]).kind)
        labelled = codes >= 0
        final = LogisticRegression(max_iter=1000)
        if self.estimator is not None:
            final = clone(self.estimator)
        model = make_pipeline(_encoder(self.is_number_), final)
        self.estimator_ = model.fit(self._cells(table)[labelled], codes[labelled])
        return self

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : Cohort or array-like as in ``fit``

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        check_is_fitted(self)
        table = self._read(X, reset=False)
        return self.classes_[self.estimator_.predict(self._cells(table))]

    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : Cohort or array-like as in ``fit``

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        table = self._read(X, reset=False)
        return self.estimator_.predict_proba(self._cells(table))

    def _read(self, X, reset):
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

    def _cells(self, table):
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


def _is_number(dtype):
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return True
    is_bool = pd.api.types.is_bool_dtype(dtype)
    return pd.api.types.is_numeric_dtype(dtype) and not is_bool


def _warn_of_text(name, kind):
    if kind in TEXTS:
        warn(
            f"column {name!r} of the metadata holds {TEXTS[kind]} and is read as "
            "categories, of which few are seen twice: convert it with "
            "pandas.to_numeric or to_datetime, leave it out, or name it in categories."
        )


def _encoder(is_number):
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    return make_column_transformer(
        (numbers, np.flatnonzero(is_number)),
        (OneHotEncoder(handle_unknown="ignore"), np.flatnonzero(~is_number)),
    )
