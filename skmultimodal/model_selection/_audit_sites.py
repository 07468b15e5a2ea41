"""How well each modality shows the hospital that a patient is of."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmultimodal.cohort import Cohort
from skmultimodal.model_selection._audit_ranks import (
    OfClasses,
    mean_one_against_rest,
    responses,
)
from skmultimodal.model_selection._audit_sources import covariate_predictor
from skmultimodal.utils._covariates import read_covariate

__all__ = ["areas_of_site"]

N_FOLDS = 5
MOST_ROWS = 2000
N_COMPONENTS = 20
QUANTILES = (5, 25, 50, 75, 95)


def areas_of_site(
    cohort: Cohort, modality: str, codes: NDArray, random_state: np.random.RandomState
) -> NDArray:
    """AUC of each fold of predicting a covariate from the values of a modality.

    By a logistic regression of 20 principal components of a table, or of statistics of
    the intensities of each channel of an image. Values with fewer than five patients
    are left out, and of more than 2,000 patients a part is drawn.

    Parameters
    ----------
    cohort : Cohort
    modality : str
    codes : ndarray of shape (n_rows,)
        Numbers of the values, -1 where it is missing.
    random_state : RandomState

    Returns
    -------
    areas : ndarray of shape (5,)
        Empty if fewer than two values have five patients.
    """
    rows = np.flatnonzero(cohort.has(modality) & (codes >= 0))
    counts = np.bincount(codes[rows], minlength=1)
    rows = rows[counts[codes[rows]] >= N_FOLDS]
    if len(rows) > MOST_ROWS:
        rows = np.sort(random_state.choice(rows, MOST_ROWS, replace=False))
        counts = np.bincount(codes[rows])
        rows = rows[counts[codes[rows]] >= N_FOLDS]
    y = codes[rows]
    classes = np.unique(y)
    if len(classes) < 2:
        return np.empty(0)
    Z, predictor = _read(cohort[rows], modality)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state)
    areas = []
    for train, test in folds.split(rows, y):
        fitted = predictor.fit(Z.iloc[train], y[train])
        scores = responses(fitted, Z.iloc[test], classes)
        areas.append(mean_one_against_rest(scores, y[test], classes))
    return np.array(areas)


def _read(cohort: Cohort, modality: str) -> tuple[Any, Any]:
    """Values of the rows, and what predicts from them."""
    block = cohort.block(modality)
    if block.ndim == 1:
        block = np.stack([_describe_bag(block[row]) for row in range(len(block))])
    block = np.asarray(block)
    if block.dtype.kind not in "biuf" and block.ndim == 2:
        columns = pd.DataFrame(block)
        read = {n: read_covariate(columns[n].infer_objects()).values for n in columns}
        table = pd.DataFrame(read)
        return table, covariate_predictor(table, OfClasses(np.empty(0)).predictor())
    if block.ndim > 2:
        block = _intensities(block)
    n_components = min(N_COMPONENTS, block.shape[1], len(block) // 4)
    return pd.DataFrame(block.astype(float)), make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        PCA(max(1, n_components), random_state=0),
        LogisticRegression(class_weight="balanced", max_iter=1000),
    )


def _describe_bag(bag: Any) -> NDArray:
    """Mean and spread of each feature of the vectors, and their number."""
    vectors = np.asarray(bag, dtype=float)
    return np.hstack([vectors.mean(axis=0), vectors.std(axis=0), len(vectors)])


def _intensities(images: NDArray) -> NDArray:
    """Mean, spread and quantiles of each channel, and its share of non-zero values."""
    values = images.reshape(*images.shape[:2], -1).astype(float)
    parts = [values.mean(axis=2), values.std(axis=2), (values != 0).mean(axis=2)]
    parts += list(np.percentile(values, QUANTILES, axis=2))
    return np.hstack(parts)
