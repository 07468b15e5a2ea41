"""Tables of the same patients, written in any way, and joined by hand.

Nothing of the library is imported here: what it joins is compared with plain dicts.
A patient is a number, which no table shows; the ids are what callers write for it.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

STYLES = {
    "text": lambda k: f"P{k:03d}",
    "numbers": lambda k: k,
    "floats": float,
    "digits": str,
    "padded": lambda k: f"{k:04d}",
    "mixed case": lambda k: f"{'pP'[k % 2]}At-{k}",
    "composed": lambda k: f"Ren\u00e9 {k}",
    "decomposed": lambda k: f"Mu\u0308ller_{k}",
}


def _other_form(text):
    composed = unicodedata.normalize("NFC", text)
    return composed if composed != text else unicodedata.normalize("NFD", text)


def _other_zeros(number):
    digits = number.group()
    return str(int(digits)) if digits.startswith("0") else f"00{digits}"


# Other ways to write an id; what cannot be written so stays as it is.
WRITINGS = {
    "case": lambda i: key(i).swapcase(),
    "blank": lambda i: f"{key(i)} ",
    "Unicode form": lambda i: _other_form(key(i)) if isinstance(i, str) else i,
    "type": lambda i: int(i) if isinstance(i, str) and i.isdigit() else key(i),
    "point": lambda i: f"{key(i)}.0" if key(i).isdigit() else i,
    "zeros": lambda i: re.sub(r"\d+", _other_zeros, key(i), count=1),
    "float": lambda i: float(i) if isinstance(i, int) else i,
}


def key(patient_id):
    """An id as text, in which a number that is whole has no decimals."""
    if isinstance(patient_id, float) and patient_id.is_integer():
        patient_id = int(patient_id)
    return str(patient_id)


@dataclass(frozen=True)
class Source:
    """A table as a caller has it: whose row it is, the id that stands there, a value.

    `damage` is what is wrong with it, "" if it names each patient once as all do.
    """

    patients: list[int]
    ids: list[Any]
    values: list[Any] = field(repr=False)
    damage: str = ""

    def by(self, identity):
        """Place of each patient, or id, in the table; None if one is there twice."""
        names = self.patients if identity == "patient" else [key(i) for i in self.ids]
        places = {name: place for place, name in enumerate(names)}
        return places if len(places) == len(names) else None


@st.composite
def sources(draw, patients, id_of, value_of, damages):
    """A table of some patients, in any order, sound or damaged in one way."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    patients = rng.permutation(patients).tolist()
    damage = draw(st.sampled_from(damages))
    way = draw(st.sampled_from(list(WRITINGS)))
    few = int(rng.integers(1, 4))
    if damage == "lacks some":
        patients = patients[few:]
    elif damage == "written again":
        patients = [*patients, patients[0]]
    ids = [id_of(patient) for patient in patients]
    if damage == "written again" and draw(st.booleans()):
        ids[-1] = WRITINGS[way](ids[-1])
    if damage == "some otherwise":
        ids[:few] = [WRITINGS[way](i) for i in ids[:few]]
    elif damage == "all otherwise":
        ids = [WRITINGS[way](i) for i in ids]
    values = [value_of(patient) for patient in patients]
    return Source(patients, ids, values, f"{damage} ({way})" if damage else "")


@dataclass(frozen=True)
class Rows:
    """Patients in the order of the rows of a cohort, and the rows of each modality."""

    patients: list[int]
    ids: list[Any]
    blocks: dict[str, np.ndarray] = field(repr=False)  # NaN where absent

    def __eq__(self, other):
        if not isinstance(other, Rows) or self.patients != other.patients:
            return False
        return all(
            np.array_equal(rows, other.blocks[name], equal_nan=True)
            for name, rows in self.blocks.items()
        )

    @property
    def ids_of_several(self):
        """Ids of patients who are several rows, as warnings show them."""
        twice = [p for p in self.patients if self.patients.count(p) > 1]
        ids = [i for p, i in zip(self.patients, self.ids, strict=True) if p in twice]
        return [repr(shown) for i in ids for shown in (i, key(i))]

    def take(self, places):
        return Rows(
            [self.patients[place] for place in places],
            [self.ids[place] for place in places],
            {name: rows[places] for name, rows in self.blocks.items()},
        )


def join_blocks(blocks, identity, index=None):
    """Outer join of keyed tables, in order of first appearance or that of `index`.

    None if a patient, or an id, is twice in a table.
    """
    places = {name: source.by(identity) for name, source in blocks.items()}
    if any(found is None for found in places.values()):
        return None
    first = {}
    for name, source in blocks.items():
        for who, place in places[name].items():
            first.setdefault(who, (source.patients[place], source.ids[place]))
    if index is not None:
        wanted = [p if identity == "patient" else key(i) for p, i in index]
        first = dict(zip(wanted, index, strict=True))
    arrays = {}
    for name, source in blocks.items():
        absent = np.full(len(source.values[0]), np.nan)
        rows = [places[name].get(who) for who in first]
        arrays[name] = np.array(
            [absent if place is None else source.values[place] for place in rows]
        )
    return Rows(*map(list, zip(*first.values(), strict=True)), arrays)


@dataclass(frozen=True)
class Column:
    """Values of the rows of a cohort, as they are passed and as they should be read.

    Parameters
    ----------
    given : object
        What is passed.
    truth : list or None
        The value of each row's patient; None if `given` does not have them all.
    letter : list or None
        What the documented rule gives, to the letter of the ids; None is an error.
    marks : list of str
        One of them is in a warning that names the difference.
    sound : bool
        Whether nothing is wrong, so that it may not be refused.
    """

    given: Any
    truth: list[Any] | None = field(repr=False)
    letter: list[Any] | None = field(repr=False)
    marks: list[str] = field(default_factory=list)
    sound: bool = True


def in_row_order(values, given):
    return Column(given, values, values)


def join_column(name, source, rows, given, missing=None):
    """A column that is joined to rows by id.

    Parameters
    ----------
    name : str
        Of the parameter.
    source : Source
        Row numbers (0, 1, ...) that are not all the ids of rows are in their order.
    rows : Rows
    given : object
    missing : object, default=None
        The value of a row whose patient is not in `source`; None refuses that.
    """
    by_patient, by_key = source.by("patient"), source.by("key")
    truth = letter = None
    if by_patient is not None and set(rows.patients) <= set(by_patient):
        truth = [source.values[by_patient[patient]] for patient in rows.patients]
    wanted, known = [key(i) for i in rows.ids], [key(i) for i in source.ids]
    n = len(source.ids)
    counted = source.ids == list(range(n)) and isinstance(source.ids[0], int)
    by_row = counted and not set(wanted) <= set(known)
    if by_key is None or len(set(wanted)) < len(wanted):
        pass
    elif by_row and (n == len(wanted) or missing is None):
        letter = source.values if n == len(wanted) else None
    elif set(wanted) <= set(known) or (
        missing is not None and set(wanted) & set(known)
    ):
        places = [by_key.get(who) for who in wanted]
        letter = [missing if p is None else source.values[p] for p in places]
    apart = [i for i in source.ids if key(i) not in wanted]
    apart += [i for i in rows.ids if key(i) not in known]
    marks = [*map(repr, apart), f"index of {name}"]
    return Column(given, truth, letter, marks, not source.damage)


def same(one, other):
    """Whether two lists of results are equal: numbers within 1e-9, labels as text."""
    return len(one) == len(other) and all(
        _same(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True)
    )


def _same(one, other):
    if one.shape != other.shape:
        return False
    if one.dtype.kind in "biuf" and other.dtype.kind in "biuf":
        return np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)
    return [*map(text_of, one.ravel())] == [*map(text_of, other.ravel())]


def text_of(value):
    """A label or a number as text, the same for 1 and 1.0."""
    return "missing" if pd.isna(value) else key(value)
