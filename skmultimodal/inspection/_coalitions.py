"""What a model says of rows of which some modalities are removed."""

from collections.abc import Mapping

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.utils._labels import encode_labels

__all__ = [
    "answer",
    "answer_with",
    "class_frequencies",
    "codes_of",
    "explained_cohort",
    "patterns_of",
]


def explained_cohort(estimator, X, name="X"):
    """`X` as a cohort with at least one row, whose rows all have a modality.

    Parameters
    ----------
    estimator : estimator
        Fitted; a model that names the columns of a table is asked for them.
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
    columns = getattr(_innermost(estimator), "_columns", lambda: None)()
    cohort = as_cohort(X, None if isinstance(X, Cohort | Mapping) else columns)
    if not len(cohort):
        raise ValueError(f"{name} has no row.")
    empty = ~cohort.available.to_numpy().any(axis=1)
    if empty.any():
        raise ValueError(
            f"row {cohort.index[empty].tolist()[0]!r} of {name} has no modality: leave "
            f"out the {empty.sum()} such rows."
        )
    return cohort


def patterns_of(cohort, like=None):
    """Modalities of each row, named in the order that cohort `like` has them in."""
    first = [] if like is None else like.modalities
    order = [name for name in first if name in cohort.modalities]
    order += [name for name in cohort.modalities if name not in order]
    return cohort[:, order].patterns


def codes_of(y, classes, n_rows, *, allow_unlabelled, name="y"):
    """Number of each row's class among `classes`, -1 where its label is missing.

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
            f"{name} has class {unknown[0]!r}, which the model does not know: its "
            f"classes are {list(place)}."
        )
    places = np.array([place[label] for label in found.tolist()] + [-1])
    return places[codes]


def answer(estimator, cohort):
    """Class probabilities of rows: float64 ndarray of shape (n_rows, n_classes)."""
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_proba, which is needed here."
        )
    return np.asarray(estimator.predict_proba(cohort), dtype=np.float64)


def answer_with(estimator, cohort, names):
    """Class probabilities of rows of which only modalities `names` are left.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    cohort : Cohort
        Its rows have all of `names`, and maybe more.
    names : sequence of str

    Returns
    -------
    p : ndarray of float64, shape (n_rows, n_classes)

    Raises
    ------
    NotExplainableError
        If the model refuses such rows.
    """
    removed = [m for m in cohort.modalities if m not in names and cohort.has(m).any()]
    for name in removed:
        # A column that is still there, and empty, suits models that count columns.
        cohort = cohort.hide(name, slice(None))
    if not removed:
        return answer(estimator, cohort)
    try:
        return answer(estimator, cohort)
    except ValueError as error:
        raise NotExplainableError(
            f"{type(estimator).__name__} does not answer rows that have only "
            f"{'+'.join(names)} ({', '.join(removed)} removed), so what a modality "
            f"changes cannot be measured. It says: {error}"
        ) from error


def class_frequencies(estimator, codes=None):
    """Frequencies of the classes: what is known of a row without any modality.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    codes : ndarray of int, shape (n_rows,), default=None
        Numbers of classes, -1 for none, for an estimator that records no counts.

    Returns
    -------
    frequencies : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If the model records no class counts and `codes` says nothing.
    """
    model, n_classes = _innermost(estimator), len(estimator.classes_)
    if hasattr(model, "class_prior_"):
        return np.asarray(model.class_prior_, dtype=float)
    counts = getattr(model, "class_counts_", None)
    if isinstance(counts, Mapping) and "final_estimator" in counts:
        known = np.asarray(counts["final_estimator"])[:n_classes]
    elif codes is not None and (codes >= 0).any():
        known = np.bincount(codes[codes >= 0], minlength=n_classes)
    else:
        raise ValueError(
            f"{type(estimator).__name__} does not record how frequent the classes were "
            "in training: pass y, whose class frequencies are then the prediction "
            "without any modality."
        )
    return known / known.sum()


def _innermost(estimator):
    """The model that a search, a frozen estimator or a pipeline hands rows to."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        else:
            return estimator
