"""scikit-survival as a user writes it."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sksurv.ensemble import RandomSurvivalForest
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from benchmarks.peers.adapters.tables import side_by_side


def predictor(model, y, train):
    model.fit(side_by_side(train), Surv.from_arrays(y["event"], y["time"]))

    def predict(test, times):
        table = side_by_side(test)
        curves = [f(times) for f in model.predict_survival_function(table)]
        return model.predict(table), np.array(curves)

    return predict


def cox(train, y, seed):
    steps = [SimpleImputer(), StandardScaler(), PCA(40, random_state=seed)]
    model = make_pipeline(*steps, StandardScaler(), CoxPHSurvivalAnalysis(alpha=100.0))
    return predictor(model, y, train)


def forest(train, y, seed):
    trees = RandomSurvivalForest(100, min_samples_leaf=10, random_state=seed)
    return predictor(make_pipeline(SimpleImputer(), trees), y, train)
