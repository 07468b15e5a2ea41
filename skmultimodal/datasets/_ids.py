"""Ids of several sources: samples to patients, and how many patients meet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.datasets._join import Flow
from skmultimodal.exceptions import ReadWarning
from skmultimodal.io._barcodes import PRIMARY_TYPES, case_of, choose_aliquots
from skmultimodal.utils._ids import (
    difference,
    examples,
    near_misses,
    number_forms,
    spelt_alike,
)
from skmultimodal.utils._text import counted, some
from skmultimodal.utils._warnings import warn

__all__ = ["by_patient", "compare_sources", "reduce_samples", "without_empty"]

# What follows the patient in the name of a sample.
_SAMPLE = re.compile(
    r"(?P<patient>.*\d.*?)[-_. ]"
    r"(t|n|tumou?r|tum|normal|norm|nat|primary|prim|metastasis|met|recurrence|recurrent"
    r"|relapse|pre|post|before|after|baseline|bl|follow-?up|fu\d*|blood|plasma|serum"
    r"|tissue|biopsy\d*|aliquot-?\w*|rep(licate)?-?\d+|ses(sion)?-?\w+|visit-?\w+|v\d\d?"
    r"|tp?\d\d?|timepoint-?\w+|scan-?\d+|day-?\d+|week-?\d+|month-?\d+|year-?\d+"
    r"|(19|20)\d{6}|(19|20)\d\d-\d\d-\d\d)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?P<patient>.*\d.*?)[-_](?P<number>\d{1,2})")
FEW_OF_CLINICAL, FEW_OF_MODALITY, ENOUGH = 0.5, 0.1, 10


def by_patient(
    table: pd.DataFrame, item: str, flow: Flow, file: Any, *, tissue: bool = True
) -> pd.DataFrame:
    """One row per patient, of a table indexed by sample; see `reduce_samples`."""
    flow.note(table.attrs.get("notes", ()), item, file)
    patients, kept = reduce_samples(table.index, item, flow, file, tissue=tissue)
    return table[kept].set_axis(patients, axis=0)


def without_empty(
    table: pd.DataFrame, modality: str, flow: Flow, file: Any
) -> pd.DataFrame:
    """Leave out patients without any value; record all."""
    empty = table.isna().all(axis=1).to_numpy()
    for patient, lacks in zip(table.index, empty, strict=True):
        reason = "every value is missing" if lacks else ""
        flow.add(patient, modality, "dropped" if lacks else "kept", reason, file)
    return table[~empty]


def reduce_samples(
    ids: pd.Index, item: str, flow: Flow, file: Any, *, tissue: bool = True
) -> tuple[pd.Index, NDArray[np.bool_]]:
    """Patients of samples: barcodes of GDC programmes are reduced to their case.

    Parameters
    ----------
    ids : Index of str
        Of the rows of a source. Those that are no barcode stay as they are.
    item : str
        Of the flow, which records each sample that is left out.
    flow : Flow
    file : object
        For the flow and errors.
    tissue : bool, default=True
        Whether the rows are of tissue, of which primary tumours are kept only.

    Returns
    -------
    patients : Index of str
        Of the rows kept.
    kept : ndarray of bool, shape (n_ids,)

    Raises
    ------
    ValueError
        If names of another kind are several samples of a patient.
    """
    cases = [case_of(name) for name in ids]
    coded = np.array([case is not None for case in cases], dtype=bool)
    _refuse_other_samples(ids[~coded], file)
    kept = np.ones(len(ids), dtype=bool)
    if not coded.any():
        return ids, kept
    samples = ids[coded]
    types = PRIMARY_TYPES if tissue else None
    chosen = choose_aliquots(list(samples), sample_types=types)
    for sample, case, reason in zip(
        samples, chosen["case"], chosen["reason"], strict=True
    ):
        if reason:
            flow.add(case, item, "dropped", f"{sample}: {reason}", file)
    kept[coded] = chosen["kept"]
    lost = set(chosen["case"]) - set(chosen["case"][chosen["kept"]])
    if lost:
        warn(
            f"{file}: {some(sorted(lost), 'patient')} without a sample of a primary "
            "tumour left out; the flow table has the types of theirs.",
            ReadWarning,
        )
    patients = np.where(coded, [case or "" for case in cases], ids.to_numpy())
    renamed = int((patients[kept] != ids[kept]).sum())
    if renamed:
        reason = f"{counted(renamed, 'sample barcode')} read as that of the patient"
        flow.add("", item, "note", reason, file)
    return pd.Index(patients[kept], dtype="str", name=ids.name), kept


def _refuse_other_samples(ids: pd.Index, file: Any) -> None:
    """Raise if rows are samples of one patient, by the last word of their names."""
    everyone = set(ids)
    groups: dict[str, list[str]] = {}
    numbered: dict[str, list[str]] = {}
    numbers = set()
    for name in ids:
        if match := _SAMPLE.fullmatch(name):
            groups.setdefault(match["patient"], []).append(name)
        elif match := _NUMBERED.fullmatch(name):
            numbered.setdefault(match["patient"], []).append(name)
            numbers.add(match["number"])
    several = [
        names + [patient] * (patient in everyone)
        for patient, names in groups.items()
        if len(names) + (patient in everyone) > 1
    ]
    if several:
        raise ValueError(
            f"{file}: {counted(len(several), 'patient')} with several samples, such as "
            f"{some(several[0])}: keep one sample of each patient, named as the "
            "patient is."
        )
    several = [names for names in numbered.values() if len(names) > 1]
    if several and len(numbered) > len(numbers):
        warn(
            f"{file}: ids such as {some(several[0])} are read as different patients: "
            "if they are samples or visits of one, keep one of each.",
            ReadWarning,
        )


def reduce_folders(folders: Mapping[str, Path], flow: Flow) -> dict[str, Path]:
    """Folders of scans by patient: one of each, its first if it has several."""
    names = pd.Index(folders, dtype="str")
    patients, kept = reduce_samples(names, "image", flow, "mri", tissue=False)
    return {p: folders[name] for p, name in zip(patients, names[kept], strict=True)}


def compare_sources(
    sources: Mapping[str, Sequence[str]], flow: Flow, *, clinical: str | None
) -> None:
    """Record how many patients the sources share; warn where it seems too few.

    Parameters
    ----------
    sources : dict of str to sequence of str
        Ids of the patients by the name of the source.
    flow : Flow
    clinical : str or None
        Which source is the clinical table, that should have a row of every patient.

    Raises
    ------
    ValueError
        If ids of two sources, or two ids of one, are the same number in two forms, such
        as ``"7"`` and ``"7.0"``.

    Warns
    -----
    ReadWarning
        If ids differ in case, blanks, Unicode form, zeros or separators only, or
        two sources share few patients.
    """
    for name, ids in sources.items():
        _check_spelling(name, ids, flow)
    for (one, ones), (other, others) in combinations(sources.items(), 2):
        n_both = len(set(ones) & set(others))
        meeting = (
            f"{one} has {len(ones)} patients, {other} {len(others)}, both {n_both}"
        )
        flow.add("", "ids", "note", meeting)
        pairs = near_misses(ones, others)
        for patient, like in pairs:
            if number_forms(patient, like):
                raise ValueError(
                    f"{one} has patient {patient!r} and {other} {like!r}, which are "
                    "one number: write ids alike, as text."
                )
            why = f"{like!r} of {other} differs in {difference(patient, like)} only"
            flow.add(patient, "ids", "apart", why, one)
        smaller = min(len(ones), len(others))
        share = FEW_OF_CLINICAL if one == clinical else FEW_OF_MODALITY
        few = n_both < share * smaller and (one == clinical or smaller >= ENOUGH)
        if pairs or few:
            alike = pairs or examples(ones, others)
            shown = "; ".join(f"{a!r} and {b!r}" for a, b in alike[:3])
            kind = "near misses" if pairs else "for example"
            why = f" (differ in {difference(*pairs[0])} only)" if pairs else ""
            warn(
                f"few ids meet: {meeting}; {kind}: {shown}{why}. Write the ids of a "
                "patient alike in all sources.",
                ReadWarning,
            )


def _check_spelling(name: str, ids: Sequence[str], flow: Flow) -> None:
    pairs = spelt_alike(ids)
    for one, other in pairs:
        if number_forms(one, other):
            raise ValueError(
                f"{name} has patients {one!r} and {other!r}, which are one number: "
                "write ids alike, as text, or keep one of them."
            )
        why = f"{one!r} differs in {difference(one, other)} only"
        flow.add(other, "ids", "apart", why, name)
    if pairs:
        one, other = pairs[0]
        warn(
            f"{name}: {counted(len(pairs), 'pair')} of ids such as {one!r} and "
            f"{other!r} (differ in {difference(one, other)} only) are read as "
            "different patients: write them alike if they are one.",
            ReadWarning,
        )
