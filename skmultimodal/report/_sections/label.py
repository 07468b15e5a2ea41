"""Which label: its classes, and of how many rows it is known."""

from dataclasses import dataclass
from typing import NamedTuple

from skmultimodal.report._study import Study

__all__ = ["label"]


class ClassSize(NamedTuple):
    """A class, how many rows have it, and how many of those are tested."""

    name: str
    n: int
    n_tested: int


@dataclass(frozen=True)
class Label:
    """Numbers of the section."""

    meaning: str | None
    classes: list[ClassSize]
    n_unknown: int
    unnamed: list[str]


def label(study: Study, meaning: str | None) -> Label:
    """Numbers of the section from a study and the meaning of the label."""
    classes = [
        ClassSize(study.names[code], int((study.codes == code).sum()), int(n_tested))
        for code, n_tested in enumerate(study.tested_sizes)
    ]
    return Label(
        meaning=None if meaning is None else meaning.rstrip("."),
        classes=classes,
        n_unknown=int((study.codes < 0).sum()),
        unnamed=study.unnamed,
    )
