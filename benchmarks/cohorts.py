"""The cohorts that the benchmarks run on."""

from pathlib import Path

import numpy as np

from skmultimodal.datasets import (
    load_cohort,
    load_tcga_glioma,
    make_glioma_cohort,
    unpair,
)
from skmultimodal.datasets._load import is_cohort_folder
from skmultimodal.utils._labels import class_name, missing_labels

# With fewer patients who have only the scarcer modality, its tower has too little
# to learn from: pairs are then split up.
MIN_UNPAIRED = 20


def read_benchmark_cohort(cohort, label=None, n_paired=None, random_state=0):
    """Read a cohort, and split pairs up where the unpaired rows are too few.

    Parameters
    ----------
    cohort : str
        "synthetic", or a folder that `load_cohort` or `load_tcga_glioma` reads.
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
        ``title``, which data these are, ``flow``, which is None for simulated
        patients, and ``channel_names``, those of the images.
    """
    if cohort == "synthetic":
        data = make_glioma_cohort(random_state=random_state)
        data.flow = None
        title = "synthetic cohort"
    elif is_cohort_folder(Path(cohort)):
        if label is None:
            raise ValueError(f"name the label: a column of {cohort}/clinical.csv.")
        data = load_cohort(Path(cohort), label=label)
        title = f"{Path(cohort).resolve().name}, {label}"
    else:
        label = label or "disease_control"
        data = load_tcga_glioma(Path(cohort), scheme=label)
        title = f"{Path(cohort).resolve().name}, {label}"
    X, y = data.data, data.target
    if len(X.modalities) < 2:
        raise ValueError(
            f"{cohort} has only {X.modalities[0]!r}: two modalities are compared here."
        )
    pairs = int((X.paired & ~missing_labels(y)).sum())
    scarcest = min(int((X.has(name) & ~X.paired).sum()) for name in X.modalities)
    if n_paired is None and scarcest < MIN_UNPAIRED:
        n_paired = pairs // 2
    if n_paired is not None and n_paired < pairs:
        X, y = unpair(X, y, n_paired, random_state=random_state)
        title += f", {pairs - n_paired} of {pairs} labelled pairs split up"
    channels = data.get("image_channels") or data.get("channel_names")
    data.update(data=X, target=y, title=title, channel_names=channels)
    return data


def pattern_table(X, y):
    """Rows of each pattern by class: DataFrame."""
    import pandas as pd

    known = ~missing_labels(y)
    label = [
        class_name(c) if k else "unlabelled" for c, k in zip(y, known, strict=True)
    ]
    label = np.array(label, dtype=object)
    table = pd.crosstab(X.patterns, label, margins=True, margins_name="all")
    return table.rename_axis(index="pattern", columns="label")
