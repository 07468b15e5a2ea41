"""Array transformers: image intensities, expression values, texture."""

from skmultimodal.preprocessing._statistics import IntensityStatisticsTransformer
from skmultimodal.preprocessing._texture import TumorTextureTransformer

__all__ = ["IntensityStatisticsTransformer", "TumorTextureTransformer"]
