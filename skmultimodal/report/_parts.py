"""What a report is made of; the template knows no more than this."""

from dataclasses import dataclass, field

__all__ = [
    "Figure",
    "Items",
    "Patient",
    "Patients",
    "Section",
    "Table",
    "Terms",
    "Text",
    "not_given",
]


@dataclass
class Text:
    """A paragraph; ``missing`` is set apart, as what a reader should ask for."""

    text: str
    missing: bool = False
    kind: str = "text"


@dataclass
class Items:
    """A list."""

    items: list
    kind: str = "items"


@dataclass
class Terms:
    """Names, and what is said of each: dict of str to str."""

    terms: dict
    kind: str = "terms"


@dataclass
class Table:
    """A table whose first column names the rows; cells are shown as they are.

    ``numeric`` aligns all columns but the first to the right, each cell on one line. A
    long table may be ``folded``, under these words.
    """

    columns: list
    rows: list
    caption: str
    numeric: bool = True
    folded: str = ""
    kind: str = "table"


@dataclass
class Figure:
    """A picture as a data URI, its size in CSS pixels, and what it shows in words."""

    source: str
    width: int
    height: int
    alt: str
    caption: str
    kind: str = "figure"


@dataclass
class Patient:
    """One example: why it was chosen, what is known and what the model says."""

    name: str
    reason: str
    facts: dict
    figure: Figure | None = None


@dataclass
class Patients:
    patients: list
    kind: str = "patients"


@dataclass
class Section:
    """A question of the reader, its answer in one or two sentences, and the evidence.

    ``items`` are the numbers of the items of TRIPOD+AI that it reports; ``short`` is
    its part of the summary on top, by default the answer.
    """

    name: str
    heading: str
    answer: str
    blocks: list = field(default_factory=list)
    items: tuple = ()
    short: str | None = None


def not_given(what, how):
    """Say that something is missing, and how to give it."""
    return Text(f"{what}: not given. {how}", missing=True)
