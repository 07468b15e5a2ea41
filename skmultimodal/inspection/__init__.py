"""Explanations of predictions, prediction sets, and displays of cohorts and scores.

Functions return numbers (a Bunch or a DataFrame); Display classes draw them.
"""

from skmultimodal.inspection._attribution_displays import (
    GeneAttributionsDisplay,
    SaliencyDisplay,
)
from skmultimodal.inspection._calibration import PatternCalibrationDisplay
from skmultimodal.inspection._cohort import AvailabilityDisplay
from skmultimodal.inspection._comparison import MetricIntervalsDisplay
from skmultimodal.inspection._contributions import modality_contributions
from skmultimodal.inspection._contributions_display import ModalityContributionsDisplay
from skmultimodal.inspection._d_calibration import DCalibrationDisplay
from skmultimodal.inspection._decision_curve import DecisionCurveDisplay
from skmultimodal.inspection._differences import DifferencesDisplay
from skmultimodal.inspection._flow import ParticipantFlowDisplay
from skmultimodal.inspection._genes import gene_attributions
from skmultimodal.inspection._history import TrainingHistoryDisplay
from skmultimodal.inspection._incidence import CumulativeIncidenceDisplay
from skmultimodal.inspection._learning_curve import PairedLearningCurveDisplay
from skmultimodal.inspection._missing_modality import (
    MissingModalityDisplay,
    value_of_missing_modality,
)
from skmultimodal.inspection._prediction_sets import prediction_sets
from skmultimodal.inspection._prediction_sets_display import PredictionSetsDisplay
from skmultimodal.inspection._recruitment import RecruitmentCurveDisplay
from skmultimodal.inspection._roc_bands import RocBandsDisplay
from skmultimodal.inspection._saliency import saliency_map
from skmultimodal.inspection._survival_curves import RiskGroupsDisplay

__all__ = [
    "AvailabilityDisplay",
    "CumulativeIncidenceDisplay",
    "DCalibrationDisplay",
    "DecisionCurveDisplay",
    "DifferencesDisplay",
    "GeneAttributionsDisplay",
    "MetricIntervalsDisplay",
    "MissingModalityDisplay",
    "ModalityContributionsDisplay",
    "PairedLearningCurveDisplay",
    "ParticipantFlowDisplay",
    "PatternCalibrationDisplay",
    "PredictionSetsDisplay",
    "RecruitmentCurveDisplay",
    "RiskGroupsDisplay",
    "RocBandsDisplay",
    "SaliencyDisplay",
    "TrainingHistoryDisplay",
    "gene_attributions",
    "modality_contributions",
    "prediction_sets",
    "saliency_map",
    "value_of_missing_modality",
]
