"""Who is tested in another hospital, and how their data differ from those of fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from skmultimodal.model_selection import ExternalEvaluation
from skmultimodal.report._compared import Score
from skmultimodal.utils._labels import class_name

__all__ = ["external_data"]

# Values beyond the range of fit, more than so many times as often as is expected.
TIMES_OUTSIDE = 4
FAR = 0.5  # standard deviations
FEW = 20  # patients, here or there, of whom medians and ranges are chance


class Counted(NamedTuple):
    """How many patients."""

    name: str
    n: int


class Aligned(NamedTuple):
    """What was changed in a modality."""

    modality: str
    n_features: int
    n_filled: int
    n_left_out: int
    reordered: bool
    resized: str


class Drifted(NamedTuple):
    """How far a modality is from that of fit."""

    modality: str
    n_features: int
    location: float
    scale: float
    outside: float
    told_apart: Score
    differs: bool


@dataclass(frozen=True)
class ExternalData:
    """Numbers of the section."""

    n: int
    n_unlabelled: int
    classes: list[Counted]
    patterns: list[Counted]
    aligned: Sequence[Aligned] = ()
    # Modalities in which anything was filled, left out or resized.
    changed: Sequence[str] = ()
    drifted: Sequence[Drifted] = ()
    differing: Sequence[str] = ()  # modalities
    classified: bool = False  # whether a classifier tried to tell patients apart


def external_data(evaluation: ExternalEvaluation) -> ExternalData:
    """Numbers of the section from an ExternalEvaluation."""
    table = evaluation.predictions
    counts = table["y_true"].value_counts()
    aligned = _aligned(evaluation.alignment)
    drifted = _drifted(evaluation.drift)
    return ExternalData(
        n=len(table),
        n_unlabelled=evaluation.n_unlabelled,
        classes=[
            Counted(class_name(label), int(counts.get(label, 0)))
            for label in evaluation.classes.tolist()
        ],
        patterns=[
            Counted(str(name), int(n))
            for name, n in table["pattern"].value_counts().items()
        ],
        aligned=aligned,
        changed=[
            row.modality
            for row in aligned
            if row.n_filled or row.n_left_out or row.resized
        ],
        drifted=drifted,
        differing=[row.modality for row in drifted if row.differs],
        classified=any(not np.isnan(row.told_apart.mean) for row in drifted),
    )


def _aligned(table: pd.DataFrame | None) -> list[Aligned]:
    if table is None:
        return []
    names = ["n_features", "n_filled", "n_left_out", "reordered", "resized"]
    return [
        Aligned(str(modality), *row)
        for modality, *row in table[names].itertuples(name=None)
    ]


def _drifted(table: pd.DataFrame | None) -> list[Drifted]:
    if table is None:
        return []
    rows = []
    for modality, row in table.iterrows():
        apart = Score(row["roc_auc"], row["low"], row["high"])
        differs = apart.low > 0.5
        if min(row["n_rows"], row["n_reference"]) >= FEW:
            expected = max(0.01, 2 / (row["n_reference"] + 1))
            differs |= row["outside"] > TIMES_OUTSIDE * expected
            differs |= row["location"] > FAR
        n = 0 if pd.isna(row["n_features"]) else int(row["n_features"])
        location, scale, outside = row["location"], row["scale"], row["outside"]
        measured = location, scale, outside, apart, bool(differs)
        rows.append(Drifted(str(modality), n, *measured))
    return rows
