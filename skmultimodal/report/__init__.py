"""An evaluation, its report, a model card, tables of predictions."""

from skmultimodal.report._card import model_card
from skmultimodal.report._evaluate import evaluate_cohort
from skmultimodal.report._evaluate_outcome import evaluate_outcome
from skmultimodal.report._evaluation import evaluation_report
from skmultimodal.report._external import external_report
from skmultimodal.report._obs import predictions_to_obs
from skmultimodal.report._outcome import outcome_report
from skmultimodal.report._predictions import prediction_table

__all__ = [
    "evaluate_cohort",
    "evaluate_outcome",
    "evaluation_report",
    "external_report",
    "model_card",
    "outcome_report",
    "prediction_table",
    "predictions_to_obs",
]
