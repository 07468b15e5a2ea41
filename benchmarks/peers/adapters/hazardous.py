"""SurvivalBoost of hazardous, which reads NaN."""

import numpy as np
from hazardous import SurvivalBoost

from benchmarks.peers.adapters.tables import side_by_side


def survival_boost(train, y, seed):
    model = SurvivalBoost(show_progressbar=False, random_state=seed)
    model.fit(side_by_side(train), {"event": y["event"] * 1, "duration": y["time"]})

    def predict(test, times):
        curves = model.predict_survival_function(side_by_side(test), times)
        return -np.trapezoid(curves, times, axis=1), np.asarray(curves)

    return predict
