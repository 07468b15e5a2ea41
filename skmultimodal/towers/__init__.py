"""Towers: one encoder per modality, each an ordinary scikit-learn estimator."""

from skmultimodal.towers import _views as _views  # for gradients through the towers
from skmultimodal.towers._bag import BagTowerClassifier
from skmultimodal.towers._cox import CoxRidgeSurvival
from skmultimodal.towers._ensemble import (
    CrossFittedEnsembleClassifier,
    CrossFittedEnsembleRegressor,
    CrossFittedEnsembleSurvival,
)
from skmultimodal.towers._gene import (
    GeneAutoencoderRegressor,
    GeneAutoencoderSurvival,
    GeneAutoencoderTransformer,
)
from skmultimodal.towers._image import (
    ImageTowerClassifier,
    ImageTowerRegressor,
    ImageTowerSurvival,
)
from skmultimodal.towers._table import make_table_tower

__all__ = [
    "BagTowerClassifier",
    "CoxRidgeSurvival",
    "CrossFittedEnsembleClassifier",
    "CrossFittedEnsembleRegressor",
    "CrossFittedEnsembleSurvival",
    "GeneAutoencoderRegressor",
    "GeneAutoencoderSurvival",
    "GeneAutoencoderTransformer",
    "ImageTowerClassifier",
    "ImageTowerRegressor",
    "ImageTowerSurvival",
    "make_table_tower",
]
