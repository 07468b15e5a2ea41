"""What one would write in twenty lines of scikit-learn, beside the twin tower.

Each model is a function of training blocks, the labels, and tested blocks, all dicts of
modality to array with NaN rows where a patient lacks it; it returns the probability of
class 1 of the tested patients.
"""

import warnings

import numpy as np
from scipy.special import expit, logit
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["SIMPLE_MODELS", "blocks_of"]

N_FOLDS = 5
# Log-odds of a probability of 0 or 1.
LARGEST = 12.0


# Side of the squares of pixels that are averaged.
SQUARE = 4


def blocks_of(X):
    """Blocks of a cohort as flat arrays, NaN rows where a patient lacks a modality.

    Images are means of squares of 4 x 4 pixels.
    """
    blocks = {}
    for name in X.modalities:
        has = X.has(name)
        rows = np.asarray(X.block(name), dtype=float)
        if rows.ndim == 4:
            n, channels, height, width = rows.shape
            squares = height // SQUARE, SQUARE, width // SQUARE, SQUARE
            rows = rows.reshape(n, channels, *squares).mean(axis=(3, 5))
        rows = rows.reshape(has.sum(), -1)
        blocks[name] = np.full((len(has), rows.shape[1]), np.nan)
        blocks[name][has] = rows
    return blocks


def reduced_logistic(n_rows, n_columns):
    """PCA + logistic regression, or the latter alone for a narrow table."""
    steps = [StandardScaler()]
    if n_columns > 50:
        # Folds have four fifths of the rows.
        steps.append(PCA(min(50, 3 * n_rows // 4 - 1), random_state=0))
    return make_pipeline(*steps, LogisticRegression(C=0.1, max_iter=1000))


def _present(block):
    return ~np.isnan(block).all(axis=1)


def _odds(p):
    return np.clip(logit(p[:, 1]), -LARGEST, LARGEST)


def _joined(blocks):
    return np.hstack(list(blocks.values()))


def stack_on_every_row(train, y, test, seed):
    """Out-of-fold log-odds of PCA + logistic, stacked on all rows, absent ones 0."""
    stacked = np.zeros((len(y), len(train)))
    tested = np.zeros((len(next(iter(test.values()))), len(train)))
    for m, (name, block) in enumerate(train.items()):
        rows = np.flatnonzero(_present(block))
        n_folds = min(N_FOLDS, np.bincount(y[rows], minlength=2).min())
        if n_folds < 2:
            continue
        model = reduced_logistic(len(rows), block.shape[1])
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        p = cross_val_predict(
            model, block[rows], y[rows], cv=folds, method="predict_proba"
        )
        stacked[rows, m] = _odds(p)
        known = _present(test[name])
        if known.any():
            p = model.fit(block[rows], y[rows]).predict_proba(test[name][known])
            tested[known, m] = _odds(p)
    return LogisticRegression().fit(stacked, y).predict_proba(tested)[:, 1]


def mean_of_logistics(train, y, test, seed):
    """Mean log-odds of PCA + logistic of the modalities that a patient has."""
    odds = []
    for name, block in train.items():
        rows = np.flatnonzero(_present(block))
        of_tested = np.full(len(test[name]), np.nan)
        known = _present(test[name])
        if known.any() and len(np.unique(y[rows])) == 2:
            model = reduced_logistic(len(rows), block.shape[1])
            p = model.fit(block[rows], y[rows]).predict_proba(test[name][known])
            of_tested[known] = _odds(p)
        odds.append(of_tested)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        mean = np.nanmean(odds, axis=0)
    return expit(np.where(np.isnan(mean), logit(np.mean(y)), mean))


def early_fusion(train, y, test, seed):
    """PCA + logistic on the patients who have everything."""
    complete = np.all([_present(b) for b in train.values()], axis=0)
    if complete.sum() < 10 or len(np.unique(y[complete])) < 2:
        return np.full(len(next(iter(test.values()))), np.mean(y))
    joined = _joined(train)[complete]
    model = make_pipeline(
        SimpleImputer(), reduced_logistic(complete.sum(), joined.shape[1])
    )
    return model.fit(joined, y[complete]).predict_proba(_joined(test))[:, 1]


def imputed_forest(train, y, test, seed):
    model = make_pipeline(SimpleImputer(), RandomForestClassifier(300, random_state=0))
    return model.fit(_joined(train), y).predict_proba(_joined(test))[:, 1]


def imputed_ridge(train, y, test, seed):
    model = make_pipeline(
        SimpleImputer(),
        StandardScaler(),
        LogisticRegression(C=1e-3, max_iter=1000),
    )
    return model.fit(_joined(train), y).predict_proba(_joined(test))[:, 1]


def boosting(train, y, test, seed):
    model = HistGradientBoostingClassifier(random_state=0)
    return model.fit(_joined(train), y).predict_proba(_joined(test))[:, 1]


SIMPLE_MODELS = {
    "stack on every row (PCA + logistic)": stack_on_every_row,
    "mean of PCA + logistic": mean_of_logistics,
    "early fusion (complete cases)": early_fusion,
    "mean imputation + forest": imputed_forest,
    "mean imputation + ridge": imputed_ridge,
    "boosting on NaN blocks": boosting,
}
