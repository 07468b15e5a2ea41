"""Array transformers: image intensities, expression values, texture, radiomics."""

from skmultimodal.preprocessing._radiomics import MirpTransformer
from skmultimodal.preprocessing._texture import TumorTextureTransformer

__all__ = ["MirpTransformer", "TumorTextureTransformer"]
