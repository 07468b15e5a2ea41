"""Which cohorts can be evaluated: refused before anything is fitted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.cohort import Cohort
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._labels import class_name, encode_labels

__all__ = ["N_FOLDS", "check_data"]

N_FOLDS = 3


def check_data(X: Cohort, y: Any, groups: Any) -> NDArray[Any]:
    """Refuse what cannot be evaluated; the classes."""
    if len(X.modalities) < 2:
        raise ValueError(
            f"the patients have one modality, {X.modalities[0]!r}: a fusion needs two."
        )
    classes, codes = encode_labels(y, allow_unlabelled=True)
    if len(classes) < 2:
        only = f"one class only, {class_name(classes[0])}" if len(classes) else "none"
        raise ValueError(f"the label has {only}: there is nothing to tell apart.")
    several = X.available.to_numpy().sum(axis=1) > 1
    having = "all of" if len(X.modalities) == 2 else "two of"
    having = f"{having} {', '.join(X.modalities)}"
    if not several.any():
        raise ValueError(
            f"no patient has {having}: there is nobody to test a fusion on."
        )
    tested = several & (codes >= 0)
    counts = np.bincount(codes[tested], minlength=len(classes))
    if counts.min() < N_FOLDS:
        raise ValueError(
            f"class {class_name(classes[counts.argmin()])} has {counts.min()} labelled "
            f"patients with {having}; cross-validation in {N_FOLDS} folds needs "
            f"{N_FOLDS} of each class: leave its patients unlabelled, or merge it with "
            "another class."
        )
    check_groups(groups, len(X))
    n_groups = N_FOLDS if groups is None else len(set(np.asarray(groups)[tested]))
    if n_groups < N_FOLDS:
        raise ValueError(
            f"the groups of the labelled patients with {having} are {n_groups}; "
            f"cross-validation in {N_FOLDS} folds needs {N_FOLDS}."
        )
    return classes
