"""Text for the modalities of a row, and for what predicts it."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

__all__ = [
    "HEAD",
    "NO_MODALITY",
    "check_name",
    "count_patterns",
    "modalities_of",
    "pattern_name",
]

NO_MODALITY = "none"
HEAD = "head"  # a row that the final estimator predicts
JOINED = "+"


def pattern_name(modalities: Iterable[str]) -> str:
    """Text for a set of modalities, such as ``"image+gene"``."""
    return JOINED.join(modalities) or NO_MODALITY


def modalities_of(pattern: str) -> list[str]:
    """The modalities, or towers, that such a text is of."""
    return [] if pattern == NO_MODALITY else str(pattern).split(JOINED)


def count_patterns(patterns: Any, modalities: list[str]) -> pd.Series:
    """Number of rows of each pattern, fewest modalities first, then in their order."""
    counts = pd.Series(patterns, dtype=object).value_counts(sort=False)
    rank = {name: i for i, name in enumerate(modalities)}

    def order(pattern: str) -> tuple[int, list[int]]:
        parts = [rank[name] for name in modalities_of(pattern)]
        return len(parts), parts

    counts = counts.loc[sorted(counts.index, key=order)]
    return counts.rename_axis("pattern").rename("rows")


def check_name(modality: Any) -> None:
    """Raise a ValueError if a pattern cannot be named by such a modality."""
    if (
        not isinstance(modality, str)
        or modality in ("", NO_MODALITY)
        or JOINED in modality
    ):
        raise ValueError(
            "a modality's name must be a string, not 'none' and without '+', got "
            f"{modality!r}."
        )
