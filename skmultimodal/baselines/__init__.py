"""Comparators, as functions that return unfitted estimators of a cohort.

``table3`` and ``table4`` are the paper's, ``reference_baselines`` what it lacks; each
returns ``{name: estimator}``. The systems of other papers, of Table 2, are in
``benchmarks/paper/systems``.
"""

from skmultimodal.baselines._ablation import table3
from skmultimodal.baselines._comparison import comparison_models, outcome_models
from skmultimodal.baselines._genes import table4
from skmultimodal.baselines._late import LateFusionClassifier
from skmultimodal.baselines._metadata import (
    MetadataClassifier,
    MetadataRegressor,
    MetadataSurvival,
)
from skmultimodal.baselines._paper import paper_twin_tower
from skmultimodal.baselines._simple import reference_baselines

__all__ = [
    "LateFusionClassifier",
    "MetadataClassifier",
    "MetadataRegressor",
    "MetadataSurvival",
    "comparison_models",
    "outcome_models",
    "paper_twin_tower",
    "reference_baselines",
    "table3",
    "table4",
]
