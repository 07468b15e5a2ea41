"""Checks of the input of explanations: rows, labels, patterns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.fusion._params import table_columns
from skmultimodal.utils._labels import encode_labels
from skmultimodal.utils._parts import innermost

__all__ = ["codes_of", "explained_cohort", "patterns_of"]


def explained_cohort(estimator: Any, X: Any, name: str = "X") -> Cohort:
    """`X` as a cohort of at least one row, in which every row has a modality.

    Parameters
    ----------
    estimator : estimator
        Fitted; if it names the columns of a table, `X` is read by them.
    X : Cohort, dict of aligned arrays, DataFrame or array
    name : str
        Of the parameter, for errors.

    Returns
    -------
    cohort : Cohort

    Raises
    ------
    ValueError
        If there is no row, or one without a modality.
    """
    columns = table_columns(getattr(innermost(estimator), "towers", None))
    cohort = as_cohort(X, None if isinstance(X, Cohort | Mapping) else columns)
    if not len(cohort):
        raise ValueError(f"{name} has no row.")
    empty = cohort.available.to_numpy().sum(axis=1) == 0
    if empty.any():
        raise ValueError(
            f"row {cohort.index[empty].tolist()[0]!r} of {name} has no modality: leave "
            f"out the {empty.sum()} such rows."
        )
    return cohort


def patterns_of(cohort: Cohort, like: Any = None) -> NDArray:
    """Modalities of each row, named in the order of cohort `like`."""
    first = [] if like is None else like.modalities
    order = [name for name in first if name in cohort.modalities]
    order += [name for name in cohort.modalities if name not in order]
    return cohort[:, order].patterns


def codes_of(
    y: Any, classes: NDArray, n_rows: int, *, allow_unlabelled: bool, name: str = "y"
) -> NDArray:
    """Class number of each row among `classes`, -1 where the label is missing.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
    classes : ndarray of shape (n_classes,)
    n_rows : int
    allow_unlabelled : bool
    name : str
        Of the parameter, for errors.

    Returns
    -------
    codes : ndarray of int, shape (n_rows,)
    """
    found, codes = encode_labels(y, allow_unlabelled=True)
    if len(codes) != n_rows:
        raise ValueError(f"{name} has {len(codes)} labels for {n_rows} rows.")
    if not allow_unlabelled and (codes < 0).any():
        raise ValueError(
            f"the label of row {np.flatnonzero(codes < 0)[0]} of {name} is missing: "
            f"leave out the {(codes < 0).sum()} unlabelled rows."
        )
    place = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    unknown = [label for label in found.tolist() if label not in place]
    if unknown:
        raise ValueError(
            f"{name} has class {unknown[0]!r}, on which the model was not fitted: its "
            f"classes are {list(place)}."
        )
    places = np.array([place[label] for label in found.tolist()] + [-1])
    return places[codes]
