"""The cohorts that the benchmarks run on."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from skmultimodal.baselines._comparison import MIN_UNPAIRED
from skmultimodal.datasets import (
    load_cohort,
    load_folder,
    make_glioma_cohort,
    unpair,
)
from skmultimodal.datasets._folder import choose_label
from skmultimodal.report._evaluate import label_table
from skmultimodal.utils._labels import missing_labels

__all__ = ["label_table", "read_benchmark_cohort", "read_once", "split_pairs"]


@lru_cache(maxsize=1)
def read_once(folder, label):
    """Cohort of a folder, and labels as floats, NaN where unknown."""
    data = load_cohort(Path(folder), label=label)
    return data.data, np.asarray(data.target, dtype=float)


def read_benchmark_cohort(cohort, label=None, n_paired=None, random_state=0):
    """Read a cohort, and split pairs up where the unpaired rows are too few.

    Parameters
    ----------
    cohort : str
        "synthetic", or a folder that `load_folder` reads.
    label : str, default=None
        Column of ``clinical.csv``, or the label scheme of a folder of downloads
        (``"disease_control"`` by default).
    n_paired : int, default=None
        Labelled pairs that stay paired. None keeps all, or half of them if fewer
        than 20 patients have only the scarcer modality.
    random_state : int

    Returns
    -------
    bunch : Bunch
        As loaded, of which ``data`` and ``target`` are after the splitting up. With
        ``title``: which data these are.
    """
    if cohort == "synthetic":
        data = make_glioma_cohort(random_state=random_state)
        title = "synthetic cohort"
    else:
        label = choose_label(Path(cohort), label)
        data = load_folder(cohort, label=label)
        title = f"{Path(cohort).resolve().name}, {label}"
    X = data.data
    if len(X.modalities) < 2:
        raise ValueError(
            f"{cohort} has only {X.modalities[0]!r}: two modalities are compared here."
        )
    X, y, n_split, n_pairs = split_pairs(X, data.target, n_paired, random_state)
    if n_split:
        title += f", {n_split} of {n_pairs} labelled pairs split up"
    data.update(data=X, target=y, title=title)
    return data


def split_pairs(X, y, n_paired=None, random_state=None):
    """Split up pairs where a tower would have too few rows of its own.

    Parameters
    ----------
    X : Cohort
    y : array-like of shape (n_rows,)
    n_paired : int, default=None
        Labelled pairs that stay, at least 1. None keeps all, or half of them if fewer
        than 20 rows have only the scarcer modality.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    X : Cohort
    y : array-like of shape (n_rows,)
    n_split : int
        Labelled pairs that were split up.
    n_pairs : int
        Labelled pairs that there were.

    Raises
    ------
    ValueError
        If there are fewer than `n_paired` of them.
    """
    n_pairs = int((X.paired & ~missing_labels(y)).sum())
    if len(X.modalities) < 2:
        return X, y, 0, n_pairs
    scarcest = min(int((X.has(name) & ~X.paired).sum()) for name in X.modalities)
    if n_paired is None:
        # Of one pair nothing is left to split up.
        half = min(n_pairs, max(1, n_pairs // 2))
        n_paired = half if scarcest < MIN_UNPAIRED else n_pairs
    if n_paired == n_pairs:
        return X, y, 0, n_pairs
    X, y = unpair(X, y, n_paired, random_state=random_state)
    return X, y, n_pairs - n_paired, n_pairs
