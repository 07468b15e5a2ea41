"""Class probabilities of rows, also with some of their modalities removed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import NotExplainableError
from skmultimodal.utils._parts import innermost
from skmultimodal.utils._patterns import pattern_name

__all__ = [
    "class_frequencies",
    "number_without_modality",
    "predict_number",
    "predict_proba",
    "predict_proba_with",
]


def predict_proba(estimator: Any, cohort: Cohort) -> NDArray:
    """Class probabilities of rows: float64 ndarray of shape (n_rows, n_classes)."""
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{type(estimator).__name__} has no predict_proba, which is needed here."
        )
    return np.asarray(estimator.predict_proba(cohort), dtype=np.float64)


def predict_number(estimator: Any, cohort: Cohort) -> NDArray:
    """Numbers or log-hazards of rows: float64 ndarray of shape (n_rows, 1)."""
    return np.asarray(estimator.predict(cohort), dtype=np.float64).reshape(-1, 1)


def predict_proba_with(
    estimator: Any,
    cohort: Cohort,
    names: Sequence[str],
    predict: Callable[..., Any] = predict_proba,
) -> NDArray:
    """Class probabilities of rows from which all modalities but `names` are removed.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    cohort : Cohort
        Its rows have all of `names`, and may have others.
    names : sequence of str
    predict : callable, default=predict_proba
        Or `predict_number`.

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
        # Hidden rather than left out: some models require the columns of fit.
        cohort = cohort.hide(name, slice(None))
    if not removed:
        return predict(estimator, cohort)
    try:
        return predict(estimator, cohort)
    except ValueError as error:
        raise NotExplainableError(
            f"{type(estimator).__name__} does not predict rows that have only "
            f"{pattern_name(names)} ({', '.join(removed)} removed), so the effect of a "
            f"modality cannot be measured. Its error: {error}"
        ) from error


def class_frequencies(estimator: Any, codes: NDArray | None = None) -> NDArray:
    """Frequencies of the classes: the prediction for a row without any modality.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    codes : ndarray of int, shape (n_rows,), default=None
        Class numbers, -1 for unlabelled rows, used if the estimator records no counts
        or fused no row.

    Returns
    -------
    frequencies : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If the model records no class counts and no row of `codes` is labelled.
    """
    model, n_classes = innermost(estimator), len(estimator.classes_)
    if hasattr(model, "class_prior_"):
        return np.asarray(model.class_prior_, dtype=float)
    counts = getattr(model, "class_counts_", None)
    counts = counts.get("final_estimator") if isinstance(counts, Mapping) else None
    if counts is not None and np.any(counts[:n_classes]):
        counts = np.asarray(counts)[:n_classes]
    elif codes is not None and (codes >= 0).any():
        counts = np.bincount(codes[codes >= 0], minlength=n_classes)
    else:
        raise ValueError(
            f"{type(estimator).__name__} does not record how frequent the classes were "
            "in training: pass y, whose class frequencies are then the prediction "
            "without any modality."
        )
    return counts / counts.sum()


def number_without_modality(estimator: Any) -> float:
    """The number, or log-hazard, predicted for a row without any modality: float.

    Raises
    ------
    NotExplainableError
        If the model does not record it.
    """
    model = innermost(estimator)
    if hasattr(model, "prior_"):
        return float(model.prior_)
    pool = getattr(model, "final_estimator_", None)
    if pool is None or np.shape(getattr(pool, "intercept_", ())) != (1,):
        raise NotExplainableError(
            f"{type(estimator).__name__} does not record what it predicts without any "
            "modality."
        )
    return float(pool.intercept_[0])
