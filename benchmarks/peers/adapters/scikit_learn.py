"""scikit-learn as a user writes it; the rest is in accuracy/simple_models.py."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.peers.adapters.tables import side_by_side


def stacking_classifier(train, y, seed):
    """StackingClassifier of a model per modality, each on all rows, means imputed."""
    models, start = [], 0
    for name, block in train.items():
        width = block.shape[1]
        own = ColumnTransformer([(name, SimpleImputer(), slice(start, start + width))])
        steps = [own, StandardScaler()] + [PCA(50, random_state=seed)] * (width > 50)
        models += [(name, make_pipeline(*steps, LogisticRegression(max_iter=1000)))]
        start += width
    model = StackingClassifier(models).fit(side_by_side(train), np.asarray(y))
    return lambda test: model.predict_proba(side_by_side(test))[:, 1]
