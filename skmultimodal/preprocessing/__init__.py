"""Array transformers: image intensities, expression values, texture."""

from skmultimodal.preprocessing._texture import TumorTextureTransformer

__all__ = ["TumorTextureTransformer"]
