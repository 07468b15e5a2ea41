"""Disk to arrays and frames keyed by patient: NIfTI, tables, expression, GTF.

Readers recognise a layout by content; only which sequence of a patient a file is, is
read from its name.
"""

from skmultimodal.io._bags import BagFiles, read_bags
from skmultimodal.io._features import read_patient_features
from skmultimodal.io._gtf import read_gtf, select_genes
from skmultimodal.io._labels import make_response_labels
from skmultimodal.io._patients import NiftiBlock, read_patients
from skmultimodal.io._sequences import find_sequences, patient_folders
from skmultimodal.io._slices import PatientSlices, read_slices
from skmultimodal.io._stack import ImageRows, stack_patients
from skmultimodal.io._tables import read_patient_matrix, read_patient_table

__all__ = [
    "BagFiles",
    "ImageRows",
    "NiftiBlock",
    "PatientSlices",
    "find_sequences",
    "make_response_labels",
    "patient_folders",
    "read_bags",
    "read_gtf",
    "read_patient_features",
    "read_patient_matrix",
    "read_patient_table",
    "read_patients",
    "read_slices",
    "select_genes",
    "stack_patients",
]
