"""AutoGluon tabular on the blocks side by side."""

import tempfile

import pandas as pd
from autogluon.tabular import TabularPredictor

from benchmarks.peers.adapters.tables import side_by_side

SECONDS = 60


def table(blocks):
    return pd.DataFrame(side_by_side(blocks)).add_prefix("x")


def tabular(train, y, seed):
    predictor = TabularPredictor("label", path=tempfile.mkdtemp(), verbosity=0)
    predictor.fit(table(train).assign(label=y), time_limit=SECONDS, num_cpus=1)
    return lambda test: predictor.predict_proba(table(test))[1].to_numpy()
