"""What the final model looks at: modalities, places in images, genes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.inspection import (
    GeneAttributionsDisplay,
    ModalityContributionsDisplay,
)
from skmultimodal.report._explain import Explanations, Refusal
from skmultimodal.report._figures import Figure, draw, short
from skmultimodal.report._formats import channel_name
from skmultimodal.report._study import Study
from skmultimodal.utils._patterns import pattern_name

__all__ = ["explanations"]

MIN_SHARE = 0.1  # of the attribution, from which the first columns stand out
N_GENES = 15
N_NAMED = 5
N_TOP = 20  # of gene_attributions


class Contribution(NamedTuple):
    """What a modality adds to the probability of the rows of a pattern."""

    pattern: str
    modality: str
    n: int
    mean: float
    spread: float
    mean_absolute: float


@dataclass(frozen=True)
class Contributions:
    """Contributions of the modalities."""

    rows: list[Contribution]
    prior: float  # probability without any modality
    figure: Figure
    examples_figure: Figure | None


class Look(StrEnum):
    """Whether maps lie within the segmentation."""

    AS_AREA = "as area"  # about as much as its area has
    THERE = "there"
    BETWEEN = "between"


class Inside(NamedTuple):
    """Share of maps within the segmentation, of the rows that have one."""

    share: float
    area: float
    n_outside: int
    n: int
    look: Look


@dataclass(frozen=True)
class Maps:
    """Saliency maps of a modality of images."""

    name: str
    refusal: Refusal | None = None  # why there are none
    n: int = 0
    n_has: int = 0  # rows with the modality
    method: str = ""
    # Share of the attribution in each channel.
    channels: Sequence[tuple[str | int, float]] = ()
    inside: Inside | None = None


class Stability(NamedTuple):
    """How alike the networks of a tower rank columns: means over pairs of networks."""

    n: int
    rank_correlation: float
    top_overlap: float  # share of the first `n_top` that they have in common
    n_top: int


@dataclass(frozen=True)
class Columns:
    """Attributions of a modality of vectors."""

    name: str
    refusal: Refusal | None = None  # why there are none
    n: int = 0
    n_columns: int = 0
    first: Sequence[str] = ()  # columns that count most
    share: float = 0.0  # their part of the attribution
    drawn: Sequence[tuple[str, float]] = ()  # importance of the columns of the figure
    figure: Figure | None = None
    stands_out: bool = True  # whether `share` is much
    stability: Stability | None = None  # None of a tower that is one network


@dataclass(frozen=True)
class Explained:
    """Numbers of the section."""

    contributions: Contributions | None
    contributions_refusal: Refusal | None
    whole: list[Contribution]  # those of the rows with all modalities
    maps: list[Maps]
    columns: list[Columns]
    others: dict[str, Refusal]  # modalities that are neither images nor vectors
    nothing: bool  # whether there is no contribution, map or column to name
    brief: bool


def explanations(
    study: Study,
    found: Explanations,
    examples: Sequence[int],
    channels: Mapping[str, Sequence[str]],
) -> Explained:
    """Numbers of the section.

    Parameters
    ----------
    study : Study
    found : Explanations
    examples : list of int
        Rows of the example patients.
    channels : dict of str to list of str
        Names of the channels of modalities of images.
    """
    refused = isinstance(found.contributions, Refusal)
    contributions = None if refused else _contributions(study, found, examples)
    pattern = pattern_name(study.cohort.modalities)
    rows = [] if contributions is None else contributions.rows
    whole = [row for row in rows if row.pattern == pattern]
    maps = [_maps(study, name, m, channels) for name, m in found.maps.items()]
    columns = [_columns(study, name, c) for name, c in found.columns.items()]
    mapped = any(m.refusal is None for m in maps)
    return Explained(
        contributions=contributions,
        contributions_refusal=found.contributions if refused else None,
        whole=whole,
        maps=maps,
        columns=columns,
        others=found.others,
        nothing=not whole and not mapped and all(c.refusal for c in columns),
        brief=bool(whole) and mapped,
    )


def _contributions(
    study: Study, found: Explanations, examples: Sequence[int]
) -> Contributions:
    result = found.contributions
    spread = result.contributions.groupby(result.patterns).std(ddof=0)
    rows = [
        Contribution(
            pattern,
            name,
            int(row["n_rows"]),
            row["mean"],
            spread.loc[pattern, name],
            row["mean_absolute"],
        )
        for (pattern, name), row in result.summary.iterrows()
    ]
    named = {**result, "positive": study.positive_name}
    names = study.number(examples)
    shown = {
        key: result[key].iloc[list(examples)].set_axis(names)
        for key in ("contributions", "prediction", "patterns")
    }
    make = ModalityContributionsDisplay.from_contributions
    return Contributions(
        rows=rows,
        prior=result.prior,
        figure=draw(lambda: make(named)),
        examples_figure=draw(
            lambda: make({**named, **shown}, kind="patients", patients=names)
        )
        if names
        else None,
    )


def _maps(
    study: Study,
    name: str,
    result: Bunch | Refusal,
    channels: Mapping[str, Sequence[str]],
) -> Maps:
    if isinstance(result, Refusal):
        return Maps(name, result)
    size = np.abs(result.attributions)
    total = size.sum(axis=(1, 2, 3))
    shares = size.sum(axis=(2, 3)) / np.where(total > 0, total, 1)[:, None]
    shares = shares[total > 0].mean(axis=0) if (total > 0).any() else shares.mean(0)
    return Maps(
        name,
        n=len(size),
        n_has=int(study.cohort.has(name).sum()),
        method=result.method.replace("_", " "),
        channels=[
            (channel_name(channels, name, i), share) for i, share in enumerate(shares)
        ],
        inside=_inside(size.sum(axis=1), result.segmentation),
    )


def _inside(size: NDArray[Any], mask: NDArray[Any] | None) -> Inside | None:
    """How much of maps (n_rows, height, width) lies within the segmentation."""
    if mask is None:
        return None
    within, total = mask > 0, size.sum(axis=(1, 2))
    usable = (total > 0) & within.any(axis=(1, 2))
    if not usable.any():
        return None
    shares = (size * within).sum(axis=(1, 2))[usable] / total[usable]
    share, area = shares.mean(), within[usable].mean(axis=(1, 2)).mean()
    look = Look.BETWEEN
    if share < 1.5 * area:
        look = Look.AS_AREA
    elif share > 0.5:
        look = Look.THERE
    return Inside(share, area, int((shares < 0.5).sum()), int(usable.sum()), look)


def _columns(study: Study, name: str, result: Bunch | Refusal) -> Columns:
    if isinstance(result, Refusal):
        return Columns(name, result)
    importance = result.ranking["importance"]
    drawn = result.ranking.head(N_GENES)
    share = importance.iloc[:N_NAMED].sum() / max(importance.sum(), 1e-30)
    return Columns(
        name,
        n=len(result.attributions),
        n_columns=len(importance),
        first=[str(gene) for gene in importance.index[:N_NAMED]],
        share=share,
        stands_out=share >= MIN_SHARE or len(importance) <= N_NAMED,
        stability=_stability(result.stability, len(importance)),
        drawn=[(str(gene), value) for gene, value in drawn["importance"].items()],
        figure=_draw_columns(study, name, drawn),
    )


def _stability(found: Mapping[str, Any], n_columns: int) -> Stability | None:
    n, correlation, overlap = (
        found[name] for name in ("n_rankings", "rank_correlation", "top_overlap")
    )
    if n < 2:
        return None
    return Stability(n, correlation, overlap, min(N_TOP, n_columns))


def _draw_columns(study: Study, name: str, drawn: pd.DataFrame) -> Figure:
    def make() -> GeneAttributionsDisplay:
        names = [short(str(gene)) for gene in drawn.index]
        display = GeneAttributionsDisplay(
            drawn.set_axis(names), positive=study.positive_name
        ).plot(n_genes=N_GENES)
        if name != "gene":
            display.ax_.set_ylabel(name)
        return display

    return draw(make)
