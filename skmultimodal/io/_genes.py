"""Gene ids: versions, pseudo-autosomal copies, species."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["is_par_copy", "looks_like_gene_id", "strip_version", "strip_versions"]

# Only Ensembl ids carry a version; other names may end in a dot and a number.
_VERSION = re.compile(r"^(ENS[A-Z]*[GTPE]R?\d+)\.\d+(_PAR_Y)?$")
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
