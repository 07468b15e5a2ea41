"""The table tower: a clinical table as it is, encoded for a logistic regression."""

from datetime import date
from numbers import Real
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from skmultimodal.utils._covariates import MISSING, days_of, read_covariate
from skmultimodal.utils._warnings import warn

__all__ = [
    "AsNumbers",
    "AsWords",
    "make_imputer",
    "make_number_tower",
    "make_table_tower",
]

# Categories of fewer rows share one column.
MIN_FREQUENCY = 3
# Inverse strength of the penalty: of columns of unit variance, and beside one-hot
# columns, whose variance is a tenth of that (results/table_tower_*.csv of
# benchmarks/accuracy).
C, C_ONE_HOT = 0.1, 1.0
TEXTS = {
    "number": "numbers written as text: convert it with pandas.to_numeric",
    "date": "dates written as text: convert it with pandas.to_datetime",
    "text": "text that is nearly all different: leave it out",
}


def make_table_tower(table: Any, estimator: Any = None) -> Pipeline:
    """Make a tower for a table of numbers, words, categories, dates and booleans.

    Numbers are imputed by their median, with a column that marks where, and
    standardised; dates are days since 1970, booleans 0 and 1. All else is one-hot
    encoded, a missing cell being a category of its own; categories of fewer than 3
    rows, and those that ``fit`` did not see, share one column. A logistic regression
    reads the result. It is the tower that ``TwinTowerClassifier(towers=None)`` gives
    such a table.

    Parameters
    ----------
    table : DataFrame or array of shape (n_rows, n_columns)
        With the columns, and their types, that the tower will be fitted on, such as
        ``X.table("clinical")`` of a `Cohort`. Nothing is learnt from its cells but
        which columns of no declared type hold words.
    estimator : estimator, default=None
        What predicts from the encoded columns. None is a logistic regression, for class
        labels; others are `CoxRidgeSurvival` and scikit-learn's ``Ridge``.

    Returns
    -------
    tower : Pipeline
        Not fitted.

    Warns
    -----
    UserWarning
        If a column has no value at all, or its words are numbers, dates or nearly all
        different, so that few of them are seen twice.

    See Also
    --------
    GeneAutoencoderTransformer : For wide tables of numbers without gaps.
    sklearn.compose.make_column_transformer : To encode columns otherwise.

    Notes
    -----
    A column of one value is kept and adds nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmultimodal import make_table_tower
    >>> table = pd.DataFrame(
    ...     {
    ...         "age": [61.0, None, 48.0, 70.0] * 3,
    ...         "grade": ["low", "high", None, "high"] * 3,
    ...     }
    ... )
    >>> tower = make_table_tower(table).fit(table, [0, 1, 0, 1] * 3)
    >>> tower[:-1].get_feature_names_out().tolist()
    ['age', 'missingindicator_age', 'grade_(missing)', 'grade_high', 'grade_low']
    """
    table = pd.DataFrame(table).infer_objects()
    if table.shape[1] == 0:
        raise ValueError("the table has no columns.")
    numbers = [name for name, column in table.items() if _is_number(column)]
    words = [name for name in table.columns if name not in numbers]
    for name in table.columns:
        _warn_of_column(name, table[name], name in words)
    encoders = []
    if numbers:
        encoders.append(("numbers", make_pipeline(AsNumbers(), *_scale()), numbers))
    if words:
        one_hot = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=MIN_FREQUENCY,
            sparse_output=False,
        )
        encoders.append(("words", make_pipeline(AsWords(), one_hot), words))
    columns = ColumnTransformer(encoders, verbose_feature_names_out=False)
    one_hot_varies = table[words].nunique().gt(1).any()
    if estimator is None:
        logistic = _logistic(C_ONE_HOT if one_hot_varies else C)
        return Pipeline([("columns", columns), ("logistic", logistic)])
    return Pipeline([("columns", columns), ("estimator", estimator)])


def make_number_tower(estimator: Any = None) -> Pipeline:
    """The same for rows of numbers, which need no types."""
    return make_pipeline(*_scale(), _logistic(C) if estimator is None else estimator)


def make_imputer(**options: Any) -> SimpleImputer:
    """Medians in the place of blanks; 0 in a column that has no value at all."""
    return SimpleImputer(strategy="median", keep_empty_features=True, **options)


def _scale() -> tuple[Any, Any]:
    return make_imputer(add_indicator=True), StandardScaler()


def _logistic(inverse_penalty: float) -> LogisticRegression:
    return LogisticRegression(C=inverse_penalty, max_iter=1000)


def _is_number(column: Any) -> bool:
    """Whether a column holds numbers, booleans or dates, by its type or every cell."""
    kind = pd.api.types
    if isinstance(column.dtype, pd.CategoricalDtype):
        return False
    if kind.is_numeric_dtype(column) or _is_date(column):
        return True
    known = column.dropna()
    return kind.is_timedelta64_dtype(column) or all(
        isinstance(cell, Real | np.bool_) for cell in known
    )


def _is_date(column: Any) -> bool:
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(dtype):
        return True
    known = column.dropna()
    dated = pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.ArrowDtype)
    return dated and len(known) > 0 and all(isinstance(cell, date) for cell in known)


def _warn_of_column(name: str, column: Any, is_words: bool) -> None:
    if not column.notna().any():
        warn(
            f"column {name!r} has no value in any row, and adds nothing: leave it out."
        )
    elif is_words and not isinstance(column.dtype, pd.CategoricalDtype):
        kind = read_covariate(column).kind
        if kind in TEXTS:
            warn(
                f"column {name!r} is read as categories, of which few are seen twice, "
                f"but holds {TEXTS[kind]}, or make it a pandas category."
            )


class _Columns(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A transformer of tables, column by column, that learns nothing but their names.

    A `FunctionTransformer` that is not fitted cannot be shown inside a fitted model.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        validate_data(self, X, skip_check_array=True)
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        check_is_fitted(self)
        validate_data(self, X, reset=False, skip_check_array=True)
        table = pd.DataFrame(X)
        return pd.DataFrame({name: self._read(name, table[name]) for name in table})


class AsNumbers(_Columns):
    """Numbers, booleans and dates as floats; a date is days since 1970.

    Infinity, or what is no number, is a ValueError that names its column.
    """

    def _read(self, name: str, column: Any) -> NDArray:
        return _floats(name, column)


class AsWords(_Columns):
    """Cells as words, a blank one too; a whole number has one form."""

    def _read(self, name: str, column: Any) -> pd.Series:
        return pd.Series([_word(cell) for cell in column], dtype=object)


def _floats(name: str, column: Any) -> NDArray:
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if _is_date(column):
        return days_of(column)
    if pd.api.types.is_timedelta64_dtype(column):
        return column.dt.total_seconds().to_numpy() / 86_400
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(numbers).any():
        raise ValueError(
            f"column {name!r} holds infinity: correct these cells, or leave them blank."
        )
    return numbers


def _word(cell: Any) -> str:
    if pd.isna(cell):
        return MISSING
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)  # blanks make floats of whole numbers
    return str(cell)
