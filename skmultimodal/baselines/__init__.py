"""Comparators, as functions that return unfitted estimators of a cohort."""

from skmultimodal.baselines._late import LateFusionClassifier
from skmultimodal.baselines._paper import paper_twin_tower

__all__ = ["LateFusionClassifier", "paper_twin_tower"]
