"""Meta-estimators that train towers, freeze them and combine their outputs."""

from skmultimodal.fusion import _views as _views  # for gradients through the models
from skmultimodal.fusion._classifier import TwinTowerClassifier
from skmultimodal.fusion._head import FusionHeadClassifier
from skmultimodal.fusion._pool import LogOpinionPoolClassifier
from skmultimodal.fusion._unimodal import UnimodalClassifier

__all__ = [
    "FusionHeadClassifier",
    "LogOpinionPoolClassifier",
    "TwinTowerClassifier",
    "UnimodalClassifier",
]
