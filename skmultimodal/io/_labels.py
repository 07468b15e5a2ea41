"""Words for a response to therapy, from four vocabularies, to labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.io._missing import missing_cells

__all__ = [
    "RESPONSE_SCHEMES",
    "label_column",
    "make_response_labels",
    "response_codes",
    "target_array",
]

_CODES = {
    "CR": (
        "complete remission/response",
        "complete response",
        "complete remission",
        "cr-complete response",
        "cr",
    ),
    "PR": (
        "partial remission/response",
        "partial response",
        "partial remission",
        "pr-partial response",
        "pr",
    ),
    "SD": ("stable disease", "sd-stable disease", "sd"),
    "PD": (
        "progressive disease",
        "clinical progressive disease",
        "radiographic progressive disease",
        "pd-progressive disease",
        "pd",
    ),
    "TF": ("tumor free", "tf-tumor free", "tf"),
    "WT": ("with tumor", "wt-with tumor", "wt"),
    "persistent": ("persistent disease",),
    # Known words without information about the response, beside those for missing.
    "": (
        "discrepancy",
        "treatment ongoing",
        "no measureable tumor or tumor markers",
        "no measurable tumor or tumor markers",
        "normalization of tumor markers, but residual tumor mass",
        "ppd-pseudoprogression",
        "no response",
        "mixed response",
        "mx-mixed response",
        "nr-no response",
        "im-immunoprogression",
        "rp-response",
        "rd-responsive disease",
        "rpd-radiographic progressive disease",
        "bed-biochemical evidence of disease",
        "sted-stable disease with elevation",
        "very good partial response",
        "vgpr-very good partial response",
    ),
}
WORDS = {word: code for code, words in _CODES.items() for word in words}

RESPONSE_SCHEMES: dict[str, dict[str, float]] = {
    "disease_control": {"CR": 1.0, "PR": 1.0, "SD": 1.0, "PD": 0.0},
    "objective_response": {"CR": 1.0, "PR": 1.0, "SD": 0.0, "PD": 0.0},
    "exclude_stable": {"CR": 1.0, "PR": 1.0, "PD": 0.0},
    "tumor_free": {"TF": 1.0, "WT": 0.0},
}


def response_codes(values: Any, *, on_error: str = "raise") -> NDArray[np.object_]:
    """Words to ``"CR"``, ``"PR"``, ``"SD"``, ``"PD"``, ``"TF"``, ``"WT"`` or ``""``.

    Any value in square brackets is missing. A word of no vocabulary is refused, or
    becomes ``""`` with ``on_error="drop"``.
    """
    series = values if isinstance(values, pd.Series) else pd.Series(list(values))
    words = series.astype(object).where(series.notna(), "").astype(str)
    clean = words.str.strip().str.lower().str.replace(r"\s+", " ", regex=True)
    clean = clean.str.replace("tumour", "tumor")
    known = clean.map(WORDS).mask(missing_cells(words), "")
    bad = known.isna().to_numpy()
    if bad.any() and on_error == "raise":
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"row {series.index[first]!r}: {words.iloc[first]!r} is no known response; "
            "known are Complete / Partial Remission/Response, Stable Disease, "
            "Progressive Disease, TUMOR FREE and WITH TUMOR."
        )
    return known.fillna("").to_numpy(dtype=object)


def make_response_labels(
    values: Any,
    scheme: str = "disease_control",
    *,
    persistent: float | None = None,
    on_error: str = "raise",
) -> pd.Series:
    """Turn response words into 1, 0 and NaN (unknown).

    Words of TCGA Biotab forms, TCGA-CDR, GDC and Xena are accepted, in any case. The
    scheme of the paper is not published, see the user guide.

    Parameters
    ----------
    values : array-like or Series of str, shape (n_patients,)
        A Series keeps its index.
    scheme : str, default="disease_control"
        - ``"disease_control"``: complete, partial, stable 1; progressive 0.
        - ``"objective_response"``: complete, partial 1; stable, progressive 0.
        - ``"exclude_stable"``: complete, partial 1; progressive 0; stable unknown.
        - ``"tumor_free"``: tumour free 1; with tumour 0. A status, no response.
    persistent : {0, 1}, default=None
        Label of "Persistent Disease"; None leaves it unknown.
    on_error : {"raise", "drop"}, default="raise"
        Whether a word of no vocabulary is refused or becomes unknown.

    Returns
    -------
    Series of float, shape (n_patients,)
        ``attrs["scheme"]`` records the scheme.

    Raises
    ------
    ValueError
        If the scheme or a word is unknown.

    Examples
    --------
    >>> from skmultimodal.io import make_response_labels
    >>> words = ["Stable Disease", "Progressive Disease", "Unknown"]
    >>> make_response_labels(words, scheme="disease_control").tolist()
    [1.0, 0.0, nan]
    """
    if scheme not in RESPONSE_SCHEMES:
        raise ValueError(
            f"scheme must be one of {', '.join(RESPONSE_SCHEMES)}, got {scheme!r}."
        )
    table = dict(RESPONSE_SCHEMES[scheme])
    if persistent is not None and scheme != "tumor_free":
        table["persistent"] = float(persistent)
    codes = response_codes(values, on_error=on_error)
    labels = [table.get(code, np.nan) for code in codes]
    index = values.index if isinstance(values, pd.Series) else None
    series = pd.Series(labels, index=index, dtype=float, name=scheme)
    series.attrs["scheme"] = scheme
    return series


def label_column(clinical: pd.DataFrame, label: str, file: Any) -> pd.Series:
    """Take a column of a table; the error for an absent one lists the columns.

    Parameters
    ----------
    clinical : DataFrame of shape (n_patients, n_columns)
        The table.
    label : str
        Name of the column.
    file : object
        Where the table is from, for the message.

    Returns
    -------
    values : Series of shape (n_patients,)
        The column.

    Raises
    ------
    ValueError
        If there is no such column; the message lists those there are.
    """
    if label not in clinical.columns:
        names = ", ".join(map(str, clinical.columns))
        raise ValueError(f"label {label!r} is no column of {file}; it has: {names}.")
    return clinical[label]


def target_array(values: pd.Series) -> NDArray[Any]:
    """Turn a column into labels, in which what is unknown is NaN or None.

    Parameters
    ----------
    values : Series of shape (n_patients,)
        Numbers, booleans or words, also as categories; a word for missing, such as a
        blank one, is unknown.

    Returns
    -------
    labels : ndarray of shape (n_patients,)
        Float with NaN for numbers and booleans, else object with None.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object).infer_objects()
    known = values.dropna()
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan)
    if len(known) and all(isinstance(value, (bool, np.bool_)) for value in known):
        return values.astype("boolean").to_numpy(dtype=float, na_value=np.nan)
    text = values.astype(object)
    text = text.mask(missing_cells(text))
    return text.where(text.notna(), None).to_numpy(dtype=object)
