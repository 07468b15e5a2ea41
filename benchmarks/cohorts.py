"""The cohorts that the benchmarks run on."""

from pathlib import Path

from skmultimodal.datasets import load_folder, make_glioma_cohort
from skmultimodal.datasets._folder import choose_label
from skmultimodal.datasets._unpair import split_pairs
from skmultimodal.report._evaluate import label_table

__all__ = ["label_table", "read_benchmark_cohort"]


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
