"""This library, with nothing set but the seed."""

import numpy as np

from skmultimodal import Cohort, TwinTowerClassifier, TwinTowerSurvival


def cohort(blocks):
    """Cohort of the patients, each with the modalities that are not NaN."""
    has = {n: ~np.isnan(b.reshape(len(b), -1)).all(axis=1) for n, b in blocks.items()}
    X = Cohort({n: (np.flatnonzero(has[n]), b[has[n]]) for n, b in blocks.items()})
    return X[np.argsort(X.index)]


def twin_tower(train, y, seed):
    model = TwinTowerClassifier(random_state=seed).fit(cohort(train), y)
    return lambda test: model.predict_proba(cohort(test))[:, 1]


def twin_tower_survival(train, y, seed):
    model = TwinTowerSurvival(random_state=seed).fit(cohort(train), y)

    def predict(test, times):
        X = cohort(test)
        return model.predict(X), model.predict_survival_function(X, times)

    return predict
