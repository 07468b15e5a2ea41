"""TCGA barcodes and the choice of one aliquot per patient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

__all__ = [
    "PRIMARY_TYPES",
    "Barcode",
    "case_of",
    "choose_aliquots",
    "looks_like_barcode",
    "parse_barcode",
]

_BARCODE = re.compile(
    r"^(?P<case>[A-Za-z0-9]+-[A-Za-z0-9]{2}-[A-Za-z0-9]{4,6})"
    r"(?:-(?P<type>\d{2})(?P<vial>[A-Z])?"
    r"(?:-(?P<portion>\d{2})(?P<analyte>[A-Z])?"
    r"(?:-(?P<plate>[A-Z0-9]{4})(?:-(?P<center>\w{2}))?)?)?)?$"
)
_PROJECTS = re.compile(r"^(TCGA|TARGET|CPTAC|BEAT|MMRF|CGCI)[-.]", re.IGNORECASE)
# Primary ones first: solid, of blood, of bone marrow; then recurrences and metastases.
PRIMARY_TYPES = ("01", "03", "09")
TUMOUR_TYPES = (*PRIMARY_TYPES, "02", "04", "40", "05", "06", "07")
# Firehose: RNA analytes by preference, then the latest plate.
ANALYTES = "HRT"


@dataclass(frozen=True)
class Barcode:
    """Parts of a TCGA barcode; those that a short one lacks are ``""``.

    Parameters
    ----------
    case : str
        Programme, tissue source site and patient, as ``TCGA-06-0211``.
    sample_type : str, default=""
        ``"01"`` is the primary tumour, ``"02"`` a recurrence, ``"11"`` normal tissue.
    vial : str, default=""
        Order of the samples of one type, from ``"A"``.
    portion : str, default=""
        Order of the pieces of a sample.
    analyte : str, default=""
        ``"R"`` is RNA.
    plate : str, default=""
        The later, the higher.
    center : str, default=""
        Where it was sequenced.
    """

    case: str
    sample_type: str = ""
    vial: str = ""
    portion: str = ""
    analyte: str = ""
    plate: str = ""
    center: str = ""

    @property
    def tss(self) -> str:
        """Tissue source site: the second field."""
        return self.case.split("-")[1]

    @property
    def sample(self) -> str:
        """Case, sample type and vial, as ``TCGA-06-0211-01B``."""
        return f"{self.case}-{self.sample_type}{self.vial}".rstrip("-")


def parse_barcode(text: str) -> Barcode:
    """Take a TCGA case, sample or aliquot barcode apart.

    Parameters
    ----------
    text : str
        For example ``"TCGA-06-0211-01B-01R-1849-01"``; dots instead of hyphens, as R
        writes them, are accepted.

    Returns
    -------
    Barcode
        Parts that the text lacks are ``""``.

    Raises
    ------
    ValueError
        If it is none.
    """
    clean = text.strip()
    if "-" not in clean:
        clean = clean.replace(".", "-")
    match = _BARCODE.match(clean)
    if match is None:
        raise ValueError(
            f"{text!r} is no TCGA barcode (such as TCGA-06-0211 or TCGA-06-0211-01A)."
        )
    parts = {name: value or "" for name, value in match.groupdict().items()}
    return Barcode(parts["case"], parts.pop("type"), *list(parts.values())[1:])


def looks_like_barcode(name: object) -> bool:
    """Whether a name is a barcode of a GDC programme.

    Parameters
    ----------
    name : object
        Anything, such as the name of a column.

    Returns
    -------
    found : bool
        True for ``TCGA-...``, and the like of other programmes.
    """
    return _PROJECTS.match(str(name)) is not None


def case_of(name: str) -> str | None:
    """The case of a barcode of a GDC programme; None of any other name.

    Parameters
    ----------
    name : str
        For example ``"TCGA.06.0211.01A"``.

    Returns
    -------
    case : str or None
        ``"TCGA-06-0211"``.
    """
    if not looks_like_barcode(name):
        return None
    try:
        return parse_barcode(name).case
    except ValueError:
        return None


def _rank(barcode: str) -> tuple[object, ...]:
    """Sort key: the best aliquot of a patient comes last."""
    b = parse_barcode(barcode)
    order = ("", *TUMOUR_TYPES)
    known = b.sample_type in order
    primary = -order.index(b.sample_type) if known else -len(order)
    primary = min(primary, -1)  # a case barcode counts as primary tumour
    vial = -ord(b.vial) if b.vial else 0
    analyte = -ANALYTES.find(b.analyte) if b.analyte in ANALYTES else -len(ANALYTES)
    return primary, vial, analyte, b.plate, barcode


def choose_aliquots(
    barcodes: Sequence[str], *, sample_types: Sequence[str] | None = ("01",)
) -> pd.DataFrame:
    """Choose one tumour aliquot per patient, deterministically.

    Primary tumour only by default; then vial A before B, RNA analyte H, R, T, then the
    highest plate, then the highest barcode (the rule of Firehose with the vial first).

    Parameters
    ----------
    barcodes : sequence of str
        Sample or aliquot barcodes. Case barcodes count as primary tumour.
    sample_types : sequence of str, default=("01",)
        Sample types accepted; add ``"02"`` to fall back to recurrences. None accepts
        all, tumours first.

    Returns
    -------
    DataFrame of shape (len(barcodes), 3)
        In the order of `barcodes`: ``case``, ``kept`` and, where dropped, the
        ``reason``.
    """
    parsed = [parse_barcode(text) for text in barcodes]
    wanted = [t for t in TUMOUR_TYPES if sample_types is None or t in sample_types]
    if sample_types is None:
        wanted += sorted({b.sample_type for b in parsed} - {"", *wanted})
    best: dict[str, int] = {}
    for i, b in enumerate(parsed):
        if b.sample_type and b.sample_type not in wanted:
            continue
        other = best.get(b.case)
        if other is None or _rank(barcodes[i]) > _rank(barcodes[other]):
            best[b.case] = i
    rows = []
    for i, b in enumerate(parsed):
        kept = best.get(b.case) == i
        if kept:
            reason = ""
        elif b.sample_type and b.sample_type not in wanted:
            reason = f"sample type {b.sample_type}, not {' or '.join(wanted)}"
        else:
            reason = f"another aliquot of the patient is kept: {barcodes[best[b.case]]}"
        rows.append((b.case, kept, reason))
    return pd.DataFrame(rows, columns=["case", "kept", "reason"])
