"""Towers: one encoder per modality, each an ordinary scikit-learn estimator."""

from skmultimodal.towers import _views as _views  # for gradients through the towers
from skmultimodal.towers._bag import BagTowerClassifier
from skmultimodal.towers._ensemble import CrossFittedEnsembleClassifier
from skmultimodal.towers._gene import GeneAutoencoderTransformer
from skmultimodal.towers._image import ImageTowerClassifier
from skmultimodal.towers._table import make_table_tower

__all__ = [
    "BagTowerClassifier",
    "CrossFittedEnsembleClassifier",
    "GeneAutoencoderTransformer",
    "ImageTowerClassifier",
    "make_table_tower",
]
