"""Array transformers: intensities, expression, texture, radiomics; harmonisation."""

from skmultimodal.preprocessing._harmonizer import SiteHarmonizer
from skmultimodal.preprocessing._radiomics import MirpTransformer
from skmultimodal.preprocessing._statistics import IntensityStatisticsTransformer
from skmultimodal.preprocessing._texture import TumorTextureTransformer

__all__ = [
    "IntensityStatisticsTransformer",
    "MirpTransformer",
    "SiteHarmonizer",
    "TumorTextureTransformer",
]
