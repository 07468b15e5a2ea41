"""Downloads of The Cancer Genome Atlas: readers of GDC, Xena and Biotab files.

`skmultimodal.datasets.load_tcga_glioma` joins what they read to a cohort.
"""

from skmultimodal.datasets.tcga._clinical import read_clinical
from skmultimodal.datasets.tcga._expression import one_per_patient, read_expression
from skmultimodal.datasets.tcga._responses import collect_responses

__all__ = [
    "collect_responses",
    "one_per_patient",
    "read_clinical",
    "read_expression",
]
