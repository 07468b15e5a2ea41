"""Text for the modalities of a row, and for what predicts it."""

from collections.abc import Iterable

__all__ = ["HEAD", "NO_MODALITY", "modalities_of", "pattern_name"]

NO_MODALITY = "none"
HEAD = "head"  # a row that the final estimator predicts
JOINED = "+"


def pattern_name(modalities: Iterable[str]) -> str:
    """Text for a set of modalities, such as ``"image+gene"``."""
    return JOINED.join(modalities) or NO_MODALITY


def modalities_of(pattern: str) -> list[str]:
    """The modalities, or towers, that such a text is of."""
    return [] if pattern == NO_MODALITY else str(pattern).split(JOINED)
