"""Splitters for paired rows, comparisons with their statistics, the shortcut audit."""

from skmultimodal.model_selection._audit import audit_shortcuts
from skmultimodal.model_selection._compare import compare_classifiers
from skmultimodal.model_selection._compare_outcomes import (
    compare_regressors,
    compare_survival,
)
from skmultimodal.model_selection._comparison import Comparison
from skmultimodal.model_selection._dask import dask_parallel
from skmultimodal.model_selection._delong import delong_interval
from skmultimodal.model_selection._drift import cohort_drift
from skmultimodal.model_selection._external import evaluate_external
from skmultimodal.model_selection._external_evaluation import ExternalEvaluation
from skmultimodal.model_selection._gain import unpaired_gain
from skmultimodal.model_selection._intervals import (
    corrected_t_interval,
    corrected_t_test,
    holm_adjust,
    patient_bootstrap_interval,
    wilson_interval,
)
from skmultimodal.model_selection._learning_curve import paired_learning_curve
from skmultimodal.model_selection._outcome_comparison import OutcomeComparison
from skmultimodal.model_selection._pattern_split import PatternStratifiedKFold
from skmultimodal.model_selection._permutation import paired_permutation_test
from skmultimodal.model_selection._recruitment import recruitment_curve
from skmultimodal.model_selection._recruitment_curve import RecruitmentCurve
from skmultimodal.model_selection._split import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
)
from skmultimodal.model_selection._weighting import selection_weights

__all__ = [
    "Comparison",
    "ExternalEvaluation",
    "OutcomeComparison",
    "PairedStratifiedKFold",
    "PairedStratifiedShuffleSplit",
    "PatternStratifiedKFold",
    "RecruitmentCurve",
    "audit_shortcuts",
    "cohort_drift",
    "compare_classifiers",
    "compare_regressors",
    "compare_survival",
    "corrected_t_interval",
    "corrected_t_test",
    "dask_parallel",
    "delong_interval",
    "evaluate_external",
    "holm_adjust",
    "paired_learning_curve",
    "paired_permutation_test",
    "patient_bootstrap_interval",
    "recruitment_curve",
    "selection_weights",
    "unpaired_gain",
    "wilson_interval",
]
