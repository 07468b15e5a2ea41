"""Patient ids that differ in the way they are written."""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._text import SHOWN, counted, fold
from skmultimodal.utils._warnings import warn

__all__ = [
    "are_among",
    "compare_ids",
    "difference",
    "examples",
    "hash_ids",
    "id_texts",
    "is_default",
    "is_plain",
    "near_misses",
    "number_forms",
    "refuse_row_numbers",
    "spelt_alike",
    "take_ids",
    "warn_of_rows_alike",
]

MOST_COMPARED = 300
_WHOLE = re.compile(r"([-+]?\d+)\.0+")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_R_PREFIX = re.compile(r"^x(?=\d)")


def _plain(patient: str) -> str:
    """An id without case, blanks, Unicode form, kind of separator and leading zeros.

    A quotation mark that nothing closes stays in an id, and is no part of it.
    """
    text = "".join(fold(patient).split()).strip("\"'")
    text = _WHOLE.sub(r"\1", text)
    # R puts an X before a digit, and a point for a hyphen.
    return _ZEROS.sub("", re.sub(r"[\W_]+", "-", _R_PREFIX.sub("", text)))


def difference(one: str, other: str) -> str:
    """What makes two ids of one plain form different, in words."""
    if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        return "Unicode form"
    if "".join(one.split()) == "".join(other.split()):
        return "blanks"
    if one.casefold() == other.casefold():
        return "case"
    if fold(one) == fold(other):
        return "case, blanks or Unicode form"
    if _WHOLE.sub(r"\1", one) == _WHOLE.sub(r"\1", other):
        return "the form of a number"
    if one.strip("\"'") == other.strip("\"'"):
        return "a quotation mark"
    return "leading zeros or separators"


def number_forms(one: str, other: str) -> bool:
    """Whether two ids are one number, of which a program made ``"7.0"``."""
    return one != other and _WHOLE.sub(r"\1", one) == _WHOLE.sub(r"\1", other)


def near_misses(
    ones: Collection[str], others: Collection[str]
) -> list[tuple[str, str]]:
    """Pairs of ids, none of them in both sources, that differ in writing only.

    Examples
    --------
    >>> from skmultimodal.utils._ids import near_misses
    >>> near_misses(["P01", "P02", "Q3"], ["p01", "P02", "Q4"])
    [('P01', 'p01')]
    """
    known, wanted = set(ones), set(others)
    alone = [patient for patient in others if patient not in known]
    if not alone or known <= wanted:
        return []
    by_plain = {_plain(patient): patient for patient in alone}
    pairs = (
        (patient, by_plain.get(_plain(patient)))
        for patient in ones
        if patient not in wanted
    )
    return [(one, other) for one, other in pairs if other is not None]


def spelt_alike(patients: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of ids of one source that differ in writing only."""
    first: dict[str, str] = {}
    pairs = []
    for patient in patients:
        other = first.setdefault(_plain(patient), patient)
        if other != patient:
            pairs.append((other, patient))
    return pairs


def examples(ones: Collection[str], others: Collection[str]) -> list[tuple[str, str]]:
    """Three pairs of ids of two sources, as like each other as there are."""
    pairs = near_misses(ones, others)
    known = set(ones) & set(others)
    alone = [p for p in ones if p not in known][:MOST_COMPARED]
    rest = [p for p in others if p not in known][:MOST_COMPARED]
    for patient in alone:
        pairs += [(patient, other) for other in rest if patient in other][:1]
        pairs += [(patient, other) for other in rest if other in patient][:1]
    if len(pairs) < SHOWN:
        for patient in alone[:SHOWN]:
            close = difflib.get_close_matches(patient, rest, n=1, cutoff=0.6)
            pairs += [(patient, other) for other in close]
    unlike = list(zip(alone[:1], rest[:1], strict=False))
    return list(dict.fromkeys(pairs))[:SHOWN] or unlike


def is_default(index: pd.Index) -> bool:
    """Whether pandas made an index, of the row numbers 0, 1, ..., and nobody set it."""
    return isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index)))


def take_ids(index: pd.Index, rows: NDArray[np.intp]) -> pd.Index:
    """Ids of some rows; of row numbers those at equal distances stay a range.

    pandas 3 does so by itself, and `is_default` reads what nobody named from it.
    """
    taken = index[rows]
    if not isinstance(index, pd.RangeIndex) or isinstance(taken, pd.RangeIndex):
        return taken
    first = taken[0] if len(taken) else 0
    step = taken[1] - first if len(taken) > 1 else 1
    if step == 0:
        return taken
    numbers = pd.RangeIndex(first, first + step * len(taken), step, name=taken.name)
    return numbers if numbers.equals(taken) else taken


def hash_ids(index: pd.Index) -> NDArray[np.uint64] | None:
    """A number for each patient id, by its text; None where rows are only numbered."""
    if is_default(index):
        return None
    return pd.util.hash_array(id_texts(index).to_numpy(dtype=object))


def are_among(index: pd.Index, hashes: NDArray[np.uint64] | None) -> NDArray[np.bool_]:
    """Whether each row is of a patient with one of the hashes of `hash_ids`."""
    own = hash_ids(index)
    if own is None or hashes is None:
        return np.zeros(len(index), dtype=bool)
    return np.isin(own, hashes)


def is_plain(index: pd.Index) -> bool:
    """Whether an index is row numbers, which name no patient."""
    if isinstance(index, pd.RangeIndex):
        return True
    if not pd.api.types.is_integer_dtype(index.dtype):
        return False
    return bool(np.array_equal(index.to_numpy(), np.arange(len(index))))


def refuse_row_numbers(blocks: Mapping[str, pd.Index]) -> None:
    """Refuse tables whose row numbers cannot be those of one list of patients.

    Row numbers are ids where all tables have as many rows, or some lack rows of the
    others, as after ``dropna``.
    """
    numbered = {
        n: len(ids) for n, ids in blocks.items() if len(ids) and is_default(ids)
    }
    if not numbered:
        return
    longest = max(numbered, key=numbered.__getitem__)
    for name, ids in blocks.items():
        own = f"as many rows ({len(ids)} and {numbered[longest]})"
        if name not in numbered:
            if ids.isin(range(numbered[longest])).all():
                continue
            own = f"such an index (its ids are {', '.join(map(repr, ids[:3]))})"
        elif len(ids) == numbered[longest]:
            continue
        raise ValueError(
            f"modality {longest!r} has row numbers as its index, and modality {name!r} "
            f"not {own}: which rows are one patient is not known. Index each table by "
            "patient id, as with df.set_index('patient')."
        )


def compare_ids(blocks: Mapping[str, pd.Index]) -> None:
    """Compare the patient ids of modalities that are joined by them.

    Parameters
    ----------
    blocks : dict of str to Index
        Ids by modality.

    Raises
    ------
    ValueError
        If an id is one number in two forms, such as 7 and ``"7"``.

    Warns
    -----
    UserWarning
        If ids, of two modalities or one, differ in case, blanks or the like only.
    """
    modality: dict[Any, str] = {}  # where each id is first
    for name, ids in blocks.items():
        modality |= {i: name for i in ids.tolist() if i not in modality}
    by_text: dict[str, Any] = {}
    for patient in modality:
        other = by_text.setdefault(str(patient), patient)
        if other is not patient:
            _refuse_two_forms(other, patient, modality)
    alike: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one, other in spelt_alike(by_text):
        if number_forms(one, other):
            _refuse_two_forms(by_text[one], by_text[other], modality)
        names = modality[by_text[one]], modality[by_text[other]]
        alike.setdefault(names, []).append((one, other))
    for (first, second), pairs in alike.items():
        one, other = pairs[0]
        where = f"modality {first!r}"
        if first != second:
            where = f"modalities {first!r} and {second!r}"
        warn(
            f"{counted(len(pairs), 'pair')} of patient ids of {where} differ in "
            f"{difference(one, other)} only, such as {one!r} and {other!r}: these are "
            "read as different patients; write them alike if they are one."
        )


def _refuse_two_forms(one: Any, other: Any, modality: Mapping[Any, str]) -> None:
    first, second = modality[one], modality[other]
    beside = "" if first == second else f"{second!r} "
    raise ValueError(
        f"modality {first!r} has patient id {one!r} and {beside}{other!r}, one id in "
        "two forms: write ids alike, as text."
    )


def warn_of_rows_alike(name: str, others: pd.Index, wanted: pd.Index) -> None:
    """Warn of rows that are of no patient, though their ids are like that of one.

    Parameters
    ----------
    name : str
        Of the table.
    others : Index of str
        Ids of the table that are of no patient.
    wanted : Index of str
        Those of patients.
    """
    if not len(others):
        return
    patients = set(wanted)
    pairs = [
        (other, patient)
        for patient, other in spelt_alike([*wanted, *others])
        if patient in patients and other not in patients
    ]
    if pairs:
        other, patient = pairs[0]
        warn(
            f"{name} has {counted(len(pairs), 'row')} of no patient with an id like "
            f"that of one, such as {other!r}, which differs from {patient!r} in "
            f"{difference(other, patient)} only: they are not used."
        )


def id_texts(index: pd.Index) -> pd.Index:
    """Ids as text, in which a number that is whole has no decimals."""
    return pd.Index([_text(label) for label in index.tolist()], dtype=object)


def _text(label: Any) -> str:
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label) if whole else label)
