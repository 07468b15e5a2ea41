"""Gene ids: versions, pseudo-autosomal copies, species."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.io._missing import missing_cells

__all__ = [
    "is_known_symbol",
    "is_par_copy",
    "looks_like_gene_id",
    "odd_gene_names",
    "strip_version",
    "strip_versions",
]

# Only Ensembl ids carry a version; other names may end in a dot and a number.
_VERSION = re.compile(r"^(ENS[A-Z]*[GTPE]R?\d+)\.\d+(_PAR_Y)?$")
_MONTHS = r"(jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez)"
# What spreadsheets make of MARCHF1, SEPTIN2, DEC1 and, of the RIKEN clones, 2310009E13.
_DAMAGED = re.compile(
    rf"\d{{1,4}}[-. /]{_MONTHS}[a-z]*|{_MONTHS}[a-z]*[-. /]\d{{1,4}}"
    r"|\d{4}-\d\d-\d\d( 00:00:00)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}"
    r"|\d+([.,]\d+)?e\+\d+",
    re.IGNORECASE,
)
# Measured in nearly every study of human tumours, and no names of patients.
_SYMBOL = re.compile(
    r"A1BG|ACTB|AKT1|ATRX|B2M|BAP1|BCL2|BRAF|BRCA1|BRCA2|CCND1|CD274|CD8A|"
    r"CDH1|CDK4|CDKN2A|CTNNB1|EGFR|ERBB2|ESR1|GAPDH|HPRT1|IDH1|IDH2|KRAS|"
    r"MDM2|MGMT|MKI67|MTOR|NOTCH1|NRAS|PDGFRA|PIK3CA|PTEN|RB1|SMAD4|STAT3|"
    r"TERT|TP53|VEGFA",
    re.IGNORECASE,
)
_ENSEMBL_GENE = re.compile(r"^ENS[A-Z]*G[R]?\d{6,}(\.\d+)?(_PAR_Y)?$")


def strip_version(gene_id: str) -> str:
    """``"ENSG00000000003.15"`` to ``"ENSG00000000003"``; other names stay."""
    return _VERSION.sub(r"\1", gene_id)


def strip_versions(gene_ids: Iterable[str]) -> list[str]:
    """`strip_version` of each id."""
    return [
        name.partition(".")[0] if name.startswith("ENS") else name for name in gene_ids
    ]


def is_par_copy(gene_ids: Any) -> NDArray[np.bool_]:
    """Mask of the Y copies of pseudo-autosomal genes, in either GENCODE spelling.

    Parameters
    ----------
    gene_ids : array-like of str, shape (n,)
        ``ENSG00000002586.20_PAR_Y`` (v25 and later), ``ENSGR0000002586.16`` (before).

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    ids = pd.Series(np.asarray(gene_ids, dtype=object)).astype(str)
    copies = ids.str.endswith("_PAR_Y") | ids.str.startswith("ENSGR")
    return copies.to_numpy(dtype=bool)


def looks_like_gene_id(name: Any) -> bool:
    """Whether a name is an Ensembl gene id of any species."""
    return _ENSEMBL_GENE.match(str(name)) is not None


def is_known_symbol(name: Any) -> bool:
    """Whether a name is the symbol of one of the genes measured most often."""
    return _SYMBOL.fullmatch(str(name)) is not None


def odd_gene_names(names: pd.Index) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which genes have no name, and which one that a spreadsheet damaged.

    Parameters
    ----------
    names : Index of str

    Returns
    -------
    nameless : ndarray of bool, shape (n_genes,)
        Blank, or a word for missing.
    damaged : ndarray of bool, shape (n_genes,)
        A date such as ``"1-Mar"``, or a number such as ``"2.31E+13"``.
    """
    nameless = missing_cells(names)
    damaged = np.array([_DAMAGED.fullmatch(name) is not None for name in names])
    return nameless, damaged & ~nameless
