"""Comparators, as functions that return unfitted estimators of a cohort.

``table2``, ``table3`` and ``table4`` are the paper's, ``reference_baselines`` what it
lacks; each returns ``{name: estimator}``.
"""

from skmultimodal.baselines._ablation import table3
from skmultimodal.baselines._balanced import BalancedSubsampleClassifier
from skmultimodal.baselines._comparison import comparison_models
from skmultimodal.baselines._genes import table4
from skmultimodal.baselines._images import (
    fractal_radiomics,
    inception_transformer,
    multiparametric_logistic,
    structural_surrogate,
    texture_forest,
)
from skmultimodal.baselines._late import LateFusionClassifier
from skmultimodal.baselines._metadata import MetadataClassifier
from skmultimodal.baselines._paper import paper_twin_tower
from skmultimodal.baselines._selection import SignificantFeatureSelector
from skmultimodal.baselines._simple import reference_baselines
from skmultimodal.baselines._tables import table2

__all__ = [
    "BalancedSubsampleClassifier",
    "LateFusionClassifier",
    "MetadataClassifier",
    "SignificantFeatureSelector",
    "comparison_models",
    "fractal_radiomics",
    "inception_transformer",
    "multiparametric_logistic",
    "paper_twin_tower",
    "reference_baselines",
    "structural_surrogate",
    "table2",
    "table3",
    "table4",
    "texture_forest",
]
