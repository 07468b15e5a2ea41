"""Tumour masks: their labels, the code they are brought to, and its regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmultimodal.io._scan_names import is_modern_naming

__all__ = ["CHOICE_LABELS", "count_labels", "encode", "label_code", "whole_labels"]

# Scaled labels are whole numbers but for rounding; interpolated ones are not.
ROUNDING = 1e-3
ENHANCING = 4
# Labels whose voxels choose a plane, by the name of the choice.
CHOICE_LABELS = {"whole": (1, 2, 4), "enhancing": (4,), "core": (1, 4)}


def whole_labels(volume: NDArray[Any], path: Path) -> NDArray[np.integer[Any]]:
    """Labels of a mask as integers, whatever type they are stored in.

    Parameters
    ----------
    volume : ndarray of shape (n_left, n_posterior, n_axial)
        A mask as stored.
    path : Path
        Named in the error.

    Raises
    ------
    ValueError
        If a voxel is NaN, infinite, or no whole number.
    """
    if volume.dtype.kind != "f":
        return volume
    if not np.isfinite(volume).all():
        raise ValueError(f"{path}: the mask holds NaN or infinite voxels.")
    labels = np.rint(volume)
    between = np.abs(volume - labels) > ROUNDING
    if between.any():
        some = ", ".join(f"{x:g}" for x in np.unique(volume[between])[:3])
        raise ValueError(
            f"{path}: mask labels such as [{some}] are no whole numbers, in "
            f"{np.count_nonzero(between):,} voxels; a mask is resampled by nearest "
            "neighbours."
        )
    # Larger ones lie outside any code, and are refused as they are.
    return np.clip(labels, -(2.0**30), 2.0**30).astype(np.int32)


def count_labels(volume: NDArray[np.integer[Any]]) -> dict[int, NDArray[Any]]:
    """Count the voxels of each label per axial plane, plane by plane.

    Parameters
    ----------
    volume : ndarray of int, shape (n_left, n_posterior, n_axial)
        A mask.

    Returns
    -------
    dict of label to ndarray of int, shape (n_axial,)
        Labels other than 0.
    """
    counts: dict[int, NDArray[Any]] = {}
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


def encode(
    planes: NDArray[np.integer[Any]], code: Mapping[int, int]
) -> NDArray[np.uint8]:
    """Labels of `label_code` for stored ones."""
    stored, places = np.unique(planes, return_inverse=True)
    table = np.array([code.get(x, 0) for x in stored.tolist()], dtype=np.uint8)
    return table[places].reshape(planes.shape)


def label_code(
    stored: Sequence[int], path: Path, label_map: Mapping[int, int] | None = None
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
    code = {x: mapping.get(x, x) for x in stored}
    wrong = sorted(x for x in stored if code[x] not in (0, 1, 2, ENHANCING))
    if wrong:
        hint = f"give their meaning, such as label_map={{{wrong[-1]}: 1}}"
        if 3 in wrong:
            hint = "if 3 is the enhancing tumour: label_map={3: 4}"
        some = f"{wrong[:5]} and {len(wrong) - 5} more" if len(wrong) > 5 else wrong
        raise ValueError(
            f"{path}: mask labels {some} are outside the code 0, 1, 2, 4; {hint}."
        )
    return code
