"""Text for the modalities of a row, and for what predicts it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "HEAD",
    "NO_MODALITY",
    "check_name",
    "choose_names",
    "count_patterns",
    "modalities_of",
    "name_patterns",
    "pattern_name",
]

NO_MODALITY = "none"
HEAD = "head"  # a row that the final estimator predicts
JOINED = "+"


def pattern_name(modalities: Iterable[str]) -> str:
    """Text for a set of modalities, such as ``"image+gene"``."""
    return JOINED.join(modalities) or NO_MODALITY


def name_patterns(has: Mapping[str, NDArray[np.bool_]]) -> NDArray[Any]:
    """Such a text for each row, of the modalities that it has."""
    names = np.array(list(has))
    kinds, of_row = np.unique(
        np.column_stack(list(has.values())), axis=0, return_inverse=True
    )
    words = [pattern_name(names[kind].tolist()) for kind in kinds]
    return np.array(words, dtype=str)[of_row.reshape(-1)]


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


def choose_names(columns: Any, names: list[str]) -> list[str]:
    """Modalities that a second index of a cohort names, of those that it has."""
    if columns is Ellipsis:
        return list(names)
    if isinstance(columns, int | np.integer):
        raise KeyError(f"a modality is chosen by its name, got {columns}.")
    if isinstance(columns, slice):
        chosen = names[columns]
    else:
        chosen = [columns] if isinstance(columns, str) else list(columns)
    if not chosen or len(set(chosen)) < len(chosen):
        raise KeyError(f"name each modality to keep once, got {chosen}.")
    return chosen
