"""Array transformers: image intensities, expression values, texture, radiomics."""

from skmultimodal.preprocessing._radiomics import MirpTransformer
from skmultimodal.preprocessing._statistics import IntensityStatisticsTransformer
from skmultimodal.preprocessing._texture import TumorTextureTransformer

__all__ = [
    "IntensityStatisticsTransformer",
    "MirpTransformer",
    "TumorTextureTransformer",
]
