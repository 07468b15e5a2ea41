"""Torch modules of the towers and of the fusion head; private."""

from skmultimodal.nn._autoencoder import Autoencoder, AutoencoderLoss
from skmultimodal.nn._bags import BagBatch, BagTower
from skmultimodal.nn._conv import ConvTower, choose_memory_format, flip
from skmultimodal.nn._heads import MixtureOfExperts, MultilayerPerceptron
from skmultimodal.nn._init import draw_weights
from skmultimodal.nn._losses import HazardLoss, LabelLoss, SquaredLoss
from skmultimodal.nn._statistics import ImageStatistics

__all__ = [
    "Autoencoder",
    "AutoencoderLoss",
    "BagBatch",
    "BagTower",
    "ConvTower",
    "HazardLoss",
    "ImageStatistics",
    "LabelLoss",
    "MixtureOfExperts",
    "MultilayerPerceptron",
    "SquaredLoss",
    "choose_memory_format",
    "draw_weights",
    "flip",
]
