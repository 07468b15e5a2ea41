"""What a reader is given of a model: its card, and a report on its evaluation."""

from skmultimodal.report._card import model_card
from skmultimodal.report._evaluation import evaluation_report

__all__ = ["evaluation_report", "model_card"]
