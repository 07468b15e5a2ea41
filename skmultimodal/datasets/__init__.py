"""Cohorts: simulated, or joined from what `skmultimodal.io` reads."""

from skmultimodal.datasets._check import FolderCheck, check_folder
from skmultimodal.datasets._folder import load_folder
from skmultimodal.datasets._load import load_cohort
from skmultimodal.datasets._make import make_glioma_cohort
from skmultimodal.datasets._unpair import unpair
from skmultimodal.datasets.tcga._load import load_tcga_glioma

__all__ = [
    "FolderCheck",
    "check_folder",
    "load_cohort",
    "load_folder",
    "load_tcga_glioma",
    "make_glioma_cohort",
    "unpair",
]
