"""Meta-estimators that train towers, freeze them and combine their outputs."""

from skmultimodal.fusion import _views as _views  # for gradients through the models
from skmultimodal.fusion._classifier import TwinTowerClassifier
from skmultimodal.fusion._head import FusionHeadClassifier
from skmultimodal.fusion._number_pools import GaussianPoolRegressor, HazardPoolSurvival
from skmultimodal.fusion._pool import LogOpinionPoolClassifier
from skmultimodal.fusion._regressor import TwinTowerRegressor
from skmultimodal.fusion._survival import TwinTowerSurvival
from skmultimodal.fusion._unimodal import (
    UnimodalClassifier,
    UnimodalRegressor,
    UnimodalSurvival,
)

__all__ = [
    "FusionHeadClassifier",
    "GaussianPoolRegressor",
    "HazardPoolSurvival",
    "LogOpinionPoolClassifier",
    "TwinTowerClassifier",
    "TwinTowerRegressor",
    "TwinTowerSurvival",
    "UnimodalClassifier",
    "UnimodalRegressor",
    "UnimodalSurvival",
]
