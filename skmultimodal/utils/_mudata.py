"""Conversion of cohorts from and to MuData, a container of multi-omics."""

from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._rows import is_lazy

__all__ = ["make_mudata", "read_mudata"]

# AnnData's own matrix is 2-D: rows of another shape are kept under this key.
ROWS = "rows"


def read_mudata(mdata: Any) -> tuple[dict[str, Any], pd.Index, pd.DataFrame | None]:
    """Blocks, patient ids and covariates of a MuData.

    Returns
    -------
    blocks : dict of str to (ids, rows)
        Rows that are read from a file stay lazy.
    index : Index of shape (n_rows,)
    metadata : DataFrame of shape (n_rows, n_columns) or None

    Raises
    ------
    ValueError
        If its modalities share variables rather than patients.
    """
    if getattr(mdata, "axis", 0) != 0:
        raise ValueError(
            f"the MuData has axis={mdata.axis}: its modalities must share their "
            "observations (axis=0), which are the patients."
        )
    blocks = {}
    for name, part in mdata.mod.items():
        if part.n_vars == 0 and ROWS in part.obsm:
            blocks[name] = part.obs_names, np.asarray(part.obsm[ROWS])
            continue
        rows = part.X.toarray() if hasattr(part.X, "toarray") else part.X
        if not is_lazy(rows):
            rows = pd.DataFrame(np.asarray(rows), columns=part.var_names)
        blocks[name] = part.obs_names, rows
    metadata = mdata.obs if mdata.obs.shape[1] else None
    return blocks, pd.Index(mdata.obs_names), metadata


def make_mudata(cohort: Any) -> Any:
    """MuData of the rows of a Cohort, which MuData orders by modality.

    Raises
    ------
    ValueError
        If a patient has two rows, or a modality is one of bags.
    """
    anndata = import_optional("anndata", "omics")
    mudata = import_optional("mudata", "omics")
    ids = cohort.index.astype(str)
    if ids.has_duplicates:
        raise ValueError(
            f"patient {ids[ids.duplicated()][0]!r} has two rows, and a MuData holds "
            "one per patient: leave one out."
        )
    parts = {}
    for name in cohort.modalities:
        rows = np.asarray(cohort.block(name))
        if rows.ndim == 1:
            raise ValueError(
                f"modality {name!r} holds bags, sets of vectors of varying number, "
                f"which a MuData cannot: leave it out with without({name!r})."
            )
        obs = pd.DataFrame(index=ids[cohort.has(name)])
        if rows.ndim == 2:
            names = cohort.feature_names(name)
            names = names or [f"{name}{i}" for i in range(rows.shape[1])]
            parts[name] = anndata.AnnData(rows, obs, pd.DataFrame(index=names))
        else:
            parts[name] = anndata.AnnData(obs=obs, obsm={ROWS: rows})
    with mudata.set_options(pull_on_update=False):
        mdata = mudata.MuData(parts)
    if cohort.metadata is not None:
        mdata.obs = cohort.metadata.set_axis(ids, axis=0).loc[mdata.obs_names]
    return mdata
