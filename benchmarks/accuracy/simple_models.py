"""What one would write in twenty lines of scikit-learn, beside the twin tower.

Each model is a function of training blocks, a dict of modality to array with NaN rows
where a patient lacks it, the labels and a seed. It returns a function of tested blocks
that gives the probability of class 1.
"""

import numpy as np
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["blocks_of", "flat", "models_of_draw", "reduced_logistic"]

N_FOLDS = 5
# Log-odds of a probability of 0 or 1.
LARGEST = 12.0


# Side of the squares of pixels that are averaged.
SQUARE = 4


def flat(block):
    """Rows as a table of shape (n_rows, n_columns).

    Images of 32 pixels a side or more are means of squares of 4 x 4 pixels.
    """
    if block.ndim == 4:
        n, channels, height, width = block.shape
        side = SQUARE if min(height, width) >= 8 * SQUARE else 1
        squares = height // side, side, width // side, side
        block = block.reshape(n, channels, *squares).mean(axis=(3, 5))
    return block.reshape(len(block), -1)


def blocks_of(X):
    """Blocks of a cohort as flat arrays, NaN rows where a patient lacks a modality."""
    blocks = {}
    for name in X.modalities:
        has, rows = X.has(name), flat(np.asarray(X.block(name), dtype=float))
        blocks[name] = np.full((len(has), rows.shape[1]), np.nan)
        blocks[name][has] = rows
    return blocks


def reduced_logistic(n_rows, n_columns):
    """PCA + logistic regression, or the latter alone for a narrow table."""
    steps = [StandardScaler()]
    if n_columns > 50:
        # The smallest of two folds has half of the rows.
        steps.append(PCA(min(50, n_rows // 2 - 1), random_state=0))
    return make_pipeline(*steps, LogisticRegression(C=0.1, max_iter=1000))


def _present(block):
    return ~np.isnan(block).all(axis=1)


def _odds(p):
    return np.clip(logit(p[:, 1]), -LARGEST, LARGEST)


def _joined(blocks):
    return np.hstack(list(blocks.values()))


def _n_rows(blocks):
    return len(next(iter(blocks.values())))


def _fit_each(train, y):
    """PCA + logistic of each modality on all its rows: dict of str to estimator."""
    models = {}
    for name, block in train.items():
        rows = _present(block)
        if len(np.unique(y[rows])) == 2:
            model = reduced_logistic(rows.sum(), block.shape[1])
            models[name] = model.fit(block[rows], y[rows])
    return models


def _odds_of_each(models, blocks, absent):
    """Log-odds by each model: (n_rows, n_models), `absent` where there are none."""
    odds = np.full((_n_rows(blocks), len(models)), absent)
    for m, (name, model) in enumerate(models.items()):
        known = _present(blocks[name])
        if known.any():
            odds[known, m] = _odds(model.predict_proba(blocks[name][known]))
    return odds


def stack_on_every_row(train, y, seed):
    """Out-of-fold log-odds of PCA + logistic, stacked on all rows, absent ones 0."""
    models = _fit_each(train, y)
    stacked = np.zeros((len(y), len(models)))
    for m, (name, model) in enumerate(models.items()):
        rows = np.flatnonzero(_present(train[name]))
        n_folds = min(N_FOLDS, np.bincount(y[rows]).min())
        if n_folds < 2:
            continue
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        p = cross_val_predict(
            clone(model), train[name][rows], y[rows], cv=folds, method="predict_proba"
        )
        stacked[rows, m] = _odds(p)
    final = LogisticRegression().fit(stacked, y)
    return lambda test: final.predict_proba(_odds_of_each(models, test, 0.0))[:, 1]


def mean_of_logistics(train, y, seed):
    """Mean log-odds of PCA + logistic of the modalities that a patient has."""
    models = _fit_each(train, y)

    def predict(test):
        odds = _odds_of_each(models, test, np.nan)
        known = ~np.isnan(odds)
        mean = np.nansum(odds, axis=1) / np.maximum(known.sum(axis=1), 1)
        return expit(np.where(known.any(axis=1), mean, logit(np.mean(y))))

    return predict


def early_fusion(train, y, seed):
    """PCA + logistic on the patients who have everything."""
    complete = np.all([_present(b) for b in train.values()], axis=0)
    if complete.sum() < 10 or len(np.unique(y[complete])) < 2:
        return lambda test: np.full(_n_rows(test), np.mean(y))
    joined = _joined(train)[complete]
    model = make_pipeline(
        SimpleImputer(), reduced_logistic(complete.sum(), joined.shape[1])
    )
    return _predictor(model.fit(joined, y[complete]))


def imputed_forest(train, y, seed):
    model = make_pipeline(SimpleImputer(), RandomForestClassifier(300, random_state=0))
    return _predictor(model.fit(_joined(train), y))


def imputed_ridge(train, y, seed):
    model = make_pipeline(
        SimpleImputer(),
        StandardScaler(),
        LogisticRegression(C=1e-3, max_iter=1000),
    )
    return _predictor(model.fit(_joined(train), y))


def boosting(train, y, seed):
    model = HistGradientBoostingClassifier(random_state=0)
    return _predictor(model.fit(_joined(train), y))


def _predictor(model):
    return lambda test: model.predict_proba(_joined(test))[:, 1]


# Those that take longer than the twin tower are fitted in the first draws only.
SLOW_MODELS = ["mean imputation + forest", "boosting on NaN blocks"]
N_SLOW_DRAWS = 5


def models_of_draw(seed, names=None):
    """The models, or those in `names`, that are fitted in a draw: dict."""
    chosen = SIMPLE_MODELS if names is None else {n: SIMPLE_MODELS[n] for n in names}
    skipped = SLOW_MODELS if seed >= N_SLOW_DRAWS else []
    return {n: model for n, model in chosen.items() if n not in skipped}


SIMPLE_MODELS = {
    "stack on every row (PCA + logistic)": stack_on_every_row,
    "mean of PCA + logistic": mean_of_logistics,
    "early fusion (complete cases)": early_fusion,
    "mean imputation + forest": imputed_forest,
    "mean imputation + ridge": imputed_ridge,
    "boosting on NaN blocks": boosting,
}
