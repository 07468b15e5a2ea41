"""Disk to arrays and frames keyed by case id; every reader goes by content."""

from skmultimodal.io._barcodes import (
    Barcode,
    choose_aliquots,
    looks_like_barcode,
    parse_barcode,
)
from skmultimodal.io._clinical import read_clinical
from skmultimodal.io._expression import (
    find_expression,
    find_matrices,
    one_per_patient,
    read_expression,
)
from skmultimodal.io._gtf import read_gtf, read_transcripts, select_genes
from skmultimodal.io._labels import (
    RESPONSE_SCHEMES,
    label_column,
    make_response_labels,
    target_array,
)
from skmultimodal.io._patients import NiftiBlock, read_patients
from skmultimodal.io._responses import collect_responses
from skmultimodal.io._sequences import SEQUENCES, find_sequences, patient_folders
from skmultimodal.io._sheets import (
    read_annotations,
    read_manifest,
    read_metadata,
    read_name_mapping,
    read_sample_sheet,
)
from skmultimodal.io._slices import PatientSlices, fit_plane, read_slices
from skmultimodal.io._stack import ImageRows, stack_patients
from skmultimodal.io._tables import one_file, read_patient_matrix, read_patient_table

__all__ = [
    "RESPONSE_SCHEMES",
    "SEQUENCES",
    "Barcode",
    "ImageRows",
    "NiftiBlock",
    "PatientSlices",
    "choose_aliquots",
    "collect_responses",
    "find_expression",
    "find_matrices",
    "find_sequences",
    "fit_plane",
    "label_column",
    "looks_like_barcode",
    "make_response_labels",
    "one_file",
    "one_per_patient",
    "parse_barcode",
    "patient_folders",
    "read_annotations",
    "read_clinical",
    "read_expression",
    "read_gtf",
    "read_manifest",
    "read_metadata",
    "read_name_mapping",
    "read_patient_matrix",
    "read_patient_table",
    "read_patients",
    "read_sample_sheet",
    "read_slices",
    "read_transcripts",
    "select_genes",
    "stack_patients",
    "target_array",
]
