"""Names of columns, and which column holds the ids of patients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from skmultimodal.io._barcodes import looks_like_barcode

__all__ = [
    "counts_rows",
    "find_id_column",
    "is_corner_name",
    "is_gene_corner",
    "is_patient_name",
    "refuse_duplicates",
]

PATIENTS = r"(patient|subject|participant|person|mrn|pid)"
# Names of the column of ids, best first: a case may be one or a control.
ID_NAMES = (
    rf"({PATIENTS}(_?(id|identifier|code|no|nr|number|name|barcode))?)",
    r"(bcr_patient_(barcode|id)|case_submitter_id|(cases_)?submitter_id"
    r"|case_(id|barcode|no|number)|(study|record|anon|pseudo|research)_?(id|nr|no))",
    r"(case|sample(_?(id|barcode|name|identifier))?|barcode|id|ids|identifier)",
)
GENE_CORNERS = (
    r"(gene|genes|ensembl|hugo|symbol|symbols|probe|probes|probeset|transcript"
    r"|transcripts|entrez|feature|features|locus|protein|cpg|ref|geneid|name)"
)
SAMPLE_CORNERS = r"(patient|sample|case|subject|barcode|participant|sampleid|patientid)"


def _plain(name: object) -> str:
    """A name in lower case, its words joined by underscores."""
    return re.sub(r"[\W_]+", "_", str(name).strip()).strip("_").lower()


def _rank(name: object) -> int | None:
    """Place of a name in `ID_NAMES`, None if it is no name of ids."""
    plain = _plain(name)
    places = [i for i, names in enumerate(ID_NAMES) if re.fullmatch(names, plain)]
    return places[0] if places else None


def is_patient_name(name: object) -> bool:
    """Whether a column of this name holds patient ids, and nothing else."""
    return _rank(name) in (0, 1)


def is_gene_corner(name: object) -> bool | None:
    """Whether the first column holds genes, by its name; None leaves it open."""
    words = _plain(name).split("_")
    if any(re.fullmatch(SAMPLE_CORNERS, word) for word in words):
        return False
    return True if any(re.fullmatch(GENE_CORNERS, word) for word in words) else None


def is_corner_name(name: object) -> bool:
    """Whether a name is one of a column of ids, of patients or genes, or none."""
    plain = _plain(name)
    return not plain or _rank(name) is not None or is_gene_corner(name) is not None


def refuse_duplicates(names: pd.Index, what: str, path: Path) -> None:
    """Raise if a sample or gene occurs twice."""
    if names.has_duplicates:
        again = names[names.duplicated()].unique()
        raise ValueError(
            f"{path}: {len(again)} duplicated {what} "
            f"({', '.join(map(str, again[:5]))}{', ...' if len(again) > 5 else ''}); "
            "keep one of each."
        )


def counts_rows(cells: pd.Series) -> bool:
    """Whether a column of text counts the rows, from 0 or 1."""
    if len(cells) < 2 or not cells.str.fullmatch(r"\d+").all():
        return False
    numbers = cells.astype(float).to_numpy()
    return bool(numbers[0] in (0, 1) and (np.diff(numbers) == 1).all())


def find_id_column(
    names: Sequence[str], cells: pd.DataFrame, path: Path
) -> tuple[int, str]:
    """Find the column of patient ids.

    Parameters
    ----------
    names : sequence of str
        Of the columns.
    cells : DataFrame of str
        As many columns, without blanks around the cells.
    path : Path
        Named in errors.

    Returns
    -------
    place : int
        The column that is named best: patient or subject, then case id, then case,
        sample or id; else the first. One that counts the rows comes last, one with two
        values (cases and controls) is none.
    note : str
        Which one it is, where that is not plain.

    Raises
    ------
    ValueError
        If it counts the rows and has no name, or another column may hold the ids.
    """
    counting = {p for p in range(len(names)) if counts_rows(cells.iloc[:, p])}
    ranked = []
    for place, name in enumerate(names):
        rank, column = _rank(name), cells.iloc[:, place]
        if rank is not None and not (len(column) > 2 and column.nunique() <= 2):
            counts = place in counting
            ranked.append((rank > 0 and counts, rank, counts, place))
    place = min(ranked)[-1] if ranked else 0
    rank = _rank(names[place])
    if rank != 0 and place in counting:
        _refuse_row_numbers(names, cells, place, path)
    if rank == 0 and cells.iloc[:, place].duplicated().any():
        place = _samples_beside(cells, [r[-1] for r in ranked], place)
    if is_patient_name(names[place]):
        return place, ""
    return place, f"patient ids are read from column {names[place] or '(no name)'!r}"


def _samples_beside(cells: pd.DataFrame, places: Sequence[int], place: int) -> int:
    """A column of sample barcodes: it distinguishes several rows of a patient."""
    for other in places:
        column = cells.iloc[:, other]
        if column.is_unique and column.map(looks_like_barcode).all():
            return other
    return place


def _refuse_row_numbers(
    names: Sequence[str], cells: pd.DataFrame, place: int, path: Path
) -> None:
    others = [
        name
        for i, name in enumerate(names)
        if name and i != place and _may_be_ids(cells.iloc[:, i])
    ]
    if names[place] and not others:
        return
    which = f"the column {names[place]!r}" if names[place] else "the first column"
    but = f", and {others[0]!r} may hold the patient ids" if others else ""
    raise ValueError(
        f"{path}: {which} {'' if names[place] else 'has no name and '}counts the rows"
        f"{but}: name the column of patient ids 'patient'."
    )


def _may_be_ids(column: pd.Series) -> bool:
    """Whether cells are whole numbers or hold a letter, all different, none blank."""
    like_ids = column.str.fullmatch(r"\d+|.*[^\W\d_].*").all()
    return bool(like_ids and column.is_unique and len(column) > 1)
