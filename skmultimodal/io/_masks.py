"""Tumour masks: their labels, the code they are brought to, and its regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.io._sequences import is_modern_naming

__all__ = ["CHOICE_LABELS", "count_labels", "label_code"]

ENHANCING = 4
# Labels whose voxels choose a plane, by the name of the choice.
CHOICE_LABELS = {"whole": (1, 2, 4), "enhancing": (4,), "core": (1, 4)}


def count_labels(volume: NDArray[Any], path: Path) -> dict[int | float, NDArray[Any]]:
    """Count the voxels of each label per axial plane, plane by plane.

    Parameters
    ----------
    volume : ndarray of shape (n_left, n_posterior, n_axial)
        A mask as stored.
    path : Path
        Named in the error.

    Returns
    -------
    dict of label to ndarray of int, shape (n_axial,)
        Labels other than 0.
    """
    if volume.dtype.kind == "f" and not np.isfinite(volume).all():
        raise ValueError(f"{path}: the mask holds NaN or infinite voxels.")
    counts: dict[int | float, NDArray[Any]] = {}
    for k in range(volume.shape[2]):
        plane = volume[..., k].T
        if not plane.any():
            continue
        if plane.dtype == np.uint8:
            found = np.bincount(plane.ravel(), minlength=256)
            labels = np.flatnonzero(found)
            numbers = found[labels]
        else:
            labels, numbers = np.unique(plane, return_counts=True)
        for label, number in zip(labels.tolist(), numbers.tolist(), strict=True):
            if label != 0:
                counts.setdefault(label, np.zeros(volume.shape[2], int))[k] = number
    return counts


def label_code(
    stored: Sequence[int | float],
    path: Path,
    label_map: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """How stored labels map to the code 1 (core), 2 (oedema), 4 (enhancing).

    Parameters
    ----------
    stored : sequence of int
        Labels that the mask holds.
    path : Path
        Its file: names of BraTS 2023 and later mean that 3 is the enhancing tumour.
    label_map : dict of int to int, default=None
        Replaces stored labels, for codes that the file name does not determine.

    Returns
    -------
    dict of int to int
        For each stored label 0, 1, 2 or 4.

    Raises
    ------
    ValueError
        If a label is outside the code.
    """
    mapping = dict(label_map or {})
    if label_map is None and is_modern_naming(path):
        if ENHANCING in stored:
            raise ValueError(
                f"{path}: label 4 under a name of BraTS 2023 or later, where it is the "
                "resection cavity; give its meaning, for example "
                "label_map={3: 4, 4: 0}."
            )
        mapping = {3: ENHANCING}
    wrong = sorted(
        x for x in stored if mapping.get(int(x), x) not in (0, 1, 2, ENHANCING)
    )
    if wrong:
        hint = " (if 3 is the enhancing tumour: label_map={3: 4})" if 3 in wrong else ""
        raise ValueError(
            f"{path}: mask labels {wrong} are outside the code 0, 1, 2, 4{hint}."
        )
    return {int(x): mapping.get(int(x), int(x)) for x in stored}
