"""Out-of-fold predictions with one row per tested row: the mean over the repeats."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["PatientPredictions", "by_patient"]


class PatientPredictions(NamedTuple):
    """What a model predicts for each tested row, in the order of the rows.

    Parameters
    ----------
    rows : ndarray of int, shape (n_rows,)
        Numbers of the rows.
    codes : ndarray of int, shape (n_rows,)
        Numbers of their classes.
    proba : ndarray of shape (n_rows, n_classes)
    patterns : ndarray of str, shape (n_rows,)
    each : ndarray of shape (n_predictions, n_classes)
        Probabilities of each repeat, from which `proba` is.
    places : ndarray of int, shape (n_predictions,)
        Place among the rows of each of these.
    folds : ndarray of int, shape (n_predictions,)
        Number of the fold, over all repeats.
    repeats : ndarray of int, shape (n_predictions,)
        Number of the repeat.
    """

    rows: np.ndarray
    codes: np.ndarray
    proba: np.ndarray
    patterns: np.ndarray
    each: np.ndarray
    places: np.ndarray
    folds: np.ndarray
    repeats: np.ndarray


def by_patient(
    predictions: pd.DataFrame, proba: NDArray, model: str, classes: NDArray
) -> PatientPredictions:
    """Mean of the out-of-fold probabilities of each tested row over the repeats.

    Parameters
    ----------
    predictions : DataFrame
        With columns ``model``, ``repeat``, ``fold``, ``row``, ``pattern`` and
        ``y_true``.
    proba : ndarray of shape (n_predictions, n_classes)
    model : str
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    patients : PatientPredictions
    """
    chosen = (predictions["model"] == model).to_numpy()
    table = predictions[chosen]
    rows, first, places = np.unique(
        table["row"].to_numpy(), return_index=True, return_inverse=True
    )
    mean = pd.DataFrame(proba[chosen]).groupby(table["row"].to_numpy()).mean()
    p = mean.to_numpy()
    p = p / p.sum(axis=1, keepdims=True)  # lest rounding be taken for an error
    labels = table["y_true"].iloc[first]
    codes = pd.Categorical(labels, categories=classes.tolist()).codes.astype(int)
    patterns = table["pattern"].to_numpy()[first]
    folds = table.groupby(["repeat", "fold"], sort=False).ngroup().to_numpy()
    repeats = table["repeat"].to_numpy()
    of_each = proba[chosen], places, folds, repeats
    return PatientPredictions(rows, codes, p, patterns, *of_each)
