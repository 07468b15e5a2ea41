"""Meta-estimators that train towers, freeze them and fuse what they say."""

from skmultimodal.fusion._head import FusionHeadClassifier
from skmultimodal.fusion._pool import LogOpinionPoolClassifier
from skmultimodal.fusion._twin_tower import TwinTowerClassifier
from skmultimodal.fusion._unimodal import UnimodalClassifier

__all__ = [
    "FusionHeadClassifier",
    "LogOpinionPoolClassifier",
    "TwinTowerClassifier",
    "UnimodalClassifier",
]
