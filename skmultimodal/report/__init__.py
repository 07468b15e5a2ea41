"""What a reader is given of a model: its card."""

from skmultimodal.report._card import model_card

__all__ = ["model_card"]
