"""Any accepted X as a cohort, and labels beside it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.validation import column_or_1d

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.utils._labels import as_labels
from skmultimodal.utils._validation import check_rows

__all__ = ["check_groups", "check_labels", "read_cohort"]


def read_cohort(estimator, X, *, reset, columns=None):
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
    if reset:
        for name in ("n_features_in_", "feature_names_in_"):
            vars(estimator).pop(name, None)
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
                f"not fitted with: it knows {estimator.modalities_in_}. Leave it out "
                f"with X.without({unknown[0]!r})."
            )
        return cohort
    estimator.modalities_in_ = cohort.modalities
    return cohort


def _check_bare(estimator, X, reset):
    checked = check_rows(
        estimator, X, ndims=(2, 4), reset=reset, require_y=False, finite=False
    )
    if isinstance(X, pd.DataFrame):
        return pd.DataFrame(checked, index=X.index, columns=X.columns)
    return checked


def check_labels(y, n_rows):
    """Labels as a 1-D array, NaN or None where unknown.

    Raises
    ------
    ValueError
        If there is not one label a row.
    """
    if y is None:
        raise ValueError(
            "this classifier requires y to be passed, but the target y is None."
        )
    y = column_or_1d(as_labels(y), warn=True)
    if len(y) != n_rows:
        raise ValueError(f"y has {len(y)} labels for {n_rows} rows of X.")
    return y


def check_groups(groups, n_rows):
    """Groups as a 1-D array, None if there are none.

    Raises
    ------
    ValueError
        If there is not one group a row.
    """
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_rows,):
        raise ValueError(f"groups has shape {groups.shape} for {n_rows} rows of X.")
    return groups
