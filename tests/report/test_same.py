"""Which estimator is the model that was compared."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmultimodal import ImageTowerClassifier, TwinTowerClassifier, UnimodalClassifier
from skmultimodal.report._same import same_model


def twin(**options):
    towers = [
        ("image", ImageTowerClassifier(filters=(4, 8))),
        ("gene", make_pipeline(StandardScaler(), LogisticRegression(C=0.1))),
    ]
    return TwinTowerClassifier(towers, **options)


SEARCH = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]})
FITTED = LogisticRegression().fit(np.eye(2), [0, 1])


@pytest.mark.parametrize(
    ("estimator", "compared"),
    [
        (twin(), twin()),
        (twin(memory="here", random_state=0, n_jobs=2), twin(device="cpu", verbose=1)),
        (twin(), clone(twin())),
        (LogisticRegression(class_weight={0: 1, 1: 3}),) * 2,
        (FrozenEstimator(LogisticRegression(C=2)), LogisticRegression(C=2)),
        (TwinTowerClassifier([("gene", FrozenEstimator(FITTED))]),) * 2,
        (SEARCH, clone(SEARCH)),
        (LogisticRegression(C=0.1), SEARCH),
        (FunctionTransformer(np.log1p), FunctionTransformer(np.log1p)),
        (twin(tower_cv=StratifiedKFold(4)), twin(tower_cv=StratifiedKFold(4))),
        (RandomForestClassifier(max_features=np.array([3])[0]),) * 2,
    ],
)
def test_same(estimator, compared):
    assert same_model(estimator, compared)


@pytest.mark.parametrize(
    ("estimator", "compared"),
    [
        (twin(), LogisticRegression()),
        (twin(), twin(tower_output="log_odds")),
        (twin(), twin().set_params(gene__logisticregression__C=0.2)),
        (twin(), twin().set_params(image__filters=(4, 9))),
        (twin(), TwinTowerClassifier()),
        (twin(), TwinTowerClassifier(twin().towers[:1])),
        (LogisticRegression(C=2), LogisticRegression(C=2.5)),
        (LogisticRegression(class_weight={0: 1, 1: 3}), LogisticRegression()),
        (CalibratedClassifierCV(twin()), twin()),
        (UnimodalClassifier("gene", FITTED), UnimodalClassifier("image", FITTED)),
        (RandomForestClassifier(), SEARCH),
        (FunctionTransformer(np.log1p), FunctionTransformer(np.sqrt)),
        (twin(tower_cv=StratifiedKFold(4)), twin(tower_cv=StratifiedKFold(5))),
    ],
)
def test_not_the_same(estimator, compared):
    assert not same_model(estimator, compared)
