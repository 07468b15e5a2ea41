"""Towers: one encoder per modality, each an ordinary scikit-learn estimator."""

from skmultimodal.towers._ensemble import CrossFittedEnsembleClassifier
from skmultimodal.towers._gene import GeneAutoencoderTransformer
from skmultimodal.towers._image import ImageTowerClassifier
from skmultimodal.towers._members import feature_head as feature_head  # for fusion

__all__ = [
    "CrossFittedEnsembleClassifier",
    "GeneAutoencoderTransformer",
    "ImageTowerClassifier",
]
