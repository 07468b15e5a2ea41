"""Real cohorts with hundreds of pairs, and draws of unpaired cohorts from them.

``SKMULTIMODAL_DATA/powered`` holds one folder per cohort: ``labels.csv``, a table
``<modality>.parquet`` per modality and, if there are images, ``image.npz`` with ``ids``
and ``array``; every table has the patients in its first column.
"""

from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skmultimodal import Cohort

__all__ = [
    "DIGITS",
    "OMICS",
    "OMICS_LABELS",
    "Draw",
    "draw_patterns",
    "draw_two",
    "make_cohort",
    "read_powered",
    "thinned",
]

SKIN_LABELS = ["malignant", "melanoma_vs_nevus", "keratosis_vs_nevus"]
SKIN_LABELS += ["mel_vs_keratosis"]
OMICS_LABELS = ["er", "pr", "her2", "triple_negative", "lobular", "pik3ca_mut"]
OMICS_LABELS += ["gata3_mut", "node_positive", "large_tumour"]
DIGITS = "multifeature"
DIGIT_VIEWS = ["fac", "fou", "kar", "mor", "pix", "zer"]
OMICS = ["cnv", "mirna", "rna", "rppa"]
# Patients with the scarce modality only, with the plentiful one only, and with both.
SCARCE, PLENTIFUL, PAIRED = 95, 452, 50
MAX_TESTED = 1500
# Where a cohort is smaller, the pattern shrinks to this share of it.
MAX_TRAINED = 0.6


class Draw(NamedTuple):
    """Training patients with what modalities they keep, and tested ones with all."""

    X: Cohort
    y: np.ndarray
    X_test: Cohort
    y_test: np.ndarray


@lru_cache(maxsize=2)
def read_powered(folder):
    """Labels (DataFrame) and blocks: dict of modality to (ids, array)."""
    folder = Path(folder)
    if folder.name == DIGITS:
        return _read_digits(folder / f"{DIGITS}.parquet")
    labels = pd.read_csv(folder / "labels.csv", index_col="patient")
    blocks = {}
    for path in sorted(folder.glob("*.parquet")):
        table = pd.read_parquet(path).set_index("patient")
        blocks[path.stem] = table.astype(np.float32)
    if (folder / "image.npz").exists():
        with np.load(folder / "image.npz") as file:
            images = file["array"].astype(np.float32)
            blocks["image"] = (pd.Index(file["ids"]), images)
    return labels, blocks


def _read_digits(path):
    """Six views of handwritten digits as modalities; the pixels are ``image``."""
    table = pd.read_parquet(path)
    blocks = {}
    for name in DIGIT_VIEWS:
        columns = [c for c in table if c.startswith(name) and c[len(name) :].isdigit()]
        blocks[name] = table[columns].astype(np.float32)
    pixels = blocks.pop("pix").to_numpy().reshape(-1, 1, 15, 16)
    blocks["image"] = (table.index, pixels)
    return pd.DataFrame({"large": (table["digit"] >= 5).astype(int)}), blocks


def two_modality_settings():
    """All labels with image or table scarce, and all pairs of omics.

    Returns
    -------
    settings : list of (cohort, label, scarce, plentiful)
    """
    settings = []
    for label in SKIN_LABELS:
        settings.append(("ham10000", label, "image", "clinical"))
        settings.append(("ham10000", label, "clinical", "image"))
    for number, label in enumerate(OMICS_LABELS):
        for turn, pair in enumerate(combinations(OMICS, 2)):
            pair = pair if (number + turn) % 2 else pair[::-1]
            settings.append(("tcga_brca", label, *pair))
    return settings


def ids_of(block):
    return block[0] if isinstance(block, tuple) else block.index


def rows_of(block, ids):
    """The block of some patients, in a form that a Cohort joins by patient."""
    if not isinstance(block, tuple):
        return block.loc[ids]
    known, array = block
    return pd.Index(ids), array[known.get_indexer(ids)]


def make_cohort(blocks, has):
    """Cohort of patients, each with the modalities marked in `has` (DataFrame)."""
    parts = {name: rows_of(blocks[name], has.index[has[name]]) for name in has}
    cohort = Cohort(parts)
    return cohort[cohort.index.get_indexer(has.index)]


def draw_two(folder, label, scarce, plentiful, seed):
    """Draw of 95 / 452 / 50 patients, or in proportion, and up to 1,500 others."""
    labels, blocks = read_powered(folder)
    y = labels[label].dropna()
    both = y.index.intersection(ids_of(blocks[scarce]))
    both = both.intersection(ids_of(blocks[plentiful]))
    order = np.random.default_rng([seed, 1]).permutation(np.asarray(both))
    has = thinned(order, scarce, plentiful, MAX_TRAINED)
    return _draw(blocks, y, has, order[len(has) :][:MAX_TESTED])


def thinned(patients, scarce, plentiful, share=1.0):
    """The first of some patients in the pattern 95 / 452 / 50, or in proportion.

    Parameters
    ----------
    patients : ndarray
        In random order.
    scarce, plentiful : str
        Modalities.
    share : float
        Of the patients that the pattern may take.

    Returns
    -------
    has : DataFrame of bool
        Which modalities each keeps.
    """
    sizes = np.array([SCARCE, PLENTIFUL, PAIRED])
    sizes = np.rint(sizes * min(1, share * len(patients) / sizes.sum())).astype(int)
    kind = np.repeat([0, 1, 2], sizes)[: len(patients)]
    index = patients[: len(kind)]
    return pd.DataFrame({scarce: kind != 1, plentiful: kind != 0}, index=index)


def draw_patterns(folder, label, names, n_train, n_complete, keep, n_test, seed):
    """Draw of patients with scattered modalities, and of complete ones to be tested.

    Parameters
    ----------
    folder, label : str
    names : list of str
        Modalities.
    n_train : int
    n_complete : int or None
        Training patients with every modality; None leaves as many as there are.
    keep : float
        Share of the modalities of training patients that are kept.
    n_test : int
    seed : int
    """
    labels, blocks = read_powered(folder)
    y = labels[label].dropna()
    rng = np.random.default_rng([seed, 2])
    has = pd.DataFrame({n: y.index.isin(ids_of(blocks[n])) for n in names}, y.index)
    complete = rng.permutation(np.asarray(has.index[has.all(axis=1)]))
    test, complete = complete[:n_test], complete[n_test:]
    others = has.index.difference(test)
    train = []
    if n_complete is not None:
        train = complete[:n_complete]
        others = others.difference(train)
    others = rng.permutation(np.asarray(others))[: n_train - len(train)]
    kept = has.loc[others] & (rng.random((len(others), len(names))) < keep)
    if n_complete is not None:
        # A complete patient beyond those wanted loses one modality.
        full = np.flatnonzero(kept.all(axis=1))
        values = kept.to_numpy(copy=True)
        values[full, rng.integers(len(names), size=len(full))] = False
        kept = pd.DataFrame(values, kept.index, kept.columns)
    has = pd.concat([kept[kept.any(axis=1)], has.loc[train]])
    return _draw(blocks, y, has, test)


def _draw(blocks, y, has, test):
    everything = pd.DataFrame(True, index=test, columns=has.columns)
    return Draw(
        make_cohort(blocks, has),
        y[has.index].to_numpy().astype(int),
        make_cohort(blocks, everything),
        y[test].to_numpy().astype(int),
    )
