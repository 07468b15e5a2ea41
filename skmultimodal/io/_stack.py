"""Slices of patients, stacked to one image block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.io._scan_names import SEQUENCES
from skmultimodal.io._slices import PatientSlices

__all__ = ["ImageRows", "common_size", "stack_patients"]


@dataclass(frozen=True)
class ImageRows:
    """An image block and a description of its rows.

    Parameters
    ----------
    ids : list of str
        Row ids: the patient, or ``patient/plane`` of several planes.
    patients : list of str
        Patient of each row.
    rows : array of shape (n_rows, n_channels, n_left, n_posterior)
        The images; of volumes, the depth comes before n_left.
    channels : tuple of str
        Names of the channels.
    info : DataFrame of shape (n_rows, n_columns)
        ``slice`` (not of volumes), ``mask_file``, ``chosen_by``, ``missing`` and
        ``cut``, which a lazy block lacks, and the ``geometry`` of `PatientSlices`.
    remarks : dict of str to str
        What was filled in or worked around, by patient; ``""`` for most.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.io import PatientSlices, stack_patients
    >>> one = PatientSlices(np.ones((1, 1, 6, 5), np.uint8), ("t1",), (3,))
    >>> stack_patients({"P1": one}).info["slice"].to_dict()
    {'P1': 3}
    """

    ids: list[str]
    patients: list[str]
    rows: Any
    channels: tuple[str, ...]
    info: pd.DataFrame
    remarks: dict[str, str]


def common_size(read: Mapping[str, PatientSlices]) -> tuple[int, ...]:
    """The axes after the channels, which all patients must share.

    Raises
    ------
    ValueError
        If a patient's differ from those of the first.
    """
    sizes = {patient: found.image.shape[2:] for patient, found in read.items()}
    first, size = next(iter(sizes.items()))
    for patient, own in sizes.items():
        if own == size:
            continue
        volumes = len(size) == 3
        what = "volume" if volumes else "plane"
        axes = "(depth, height, width)" if volumes else "(height, width)"
        raise ValueError(
            f"patient {patient}: a {what} of {' x '.join(map(str, own))} {axes}, but "
            f"that of patient {first} has {' x '.join(map(str, size))}; give "
            f"image_size={axes}, to which all are cropped or padded, and a spacing in "
            "mm, to which they are resampled before."
        )
    return size


def stack_patients(
    read: Mapping[str, PatientSlices],
    *,
    n_slices: int = 1,
    channels: Sequence[str] | None = None,
) -> ImageRows:
    """Stack the slices, or volumes, of patients.

    Parameters
    ----------
    read : dict of str to PatientSlices
        By patient, planes or volumes of one size, as `read_patients` gives them.
    n_slices : int, default=1
        Planes wanted: with more than one, rows are named ``patient/plane``.
    channels : sequence of str, default=None
        Names of the channels in their order; None takes those that any patient has, in
        the order t1, t1ce, t2, flair, seg.

    Returns
    -------
    ImageRows
        A channel that a patient lacks is zero. The type is a common one of those
        stored.

    Raises
    ------
    ValueError
        If sizes differ; it names the first patient whose size is another.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal.io import PatientSlices, stack_patients
    >>> one = PatientSlices(np.ones((1, 1, 6, 5), np.uint8), ("t1",), (3,))
    >>> two = PatientSlices(np.ones((1, 2, 6, 5), np.uint8), ("t1", "seg"), (4,))
    >>> rows = stack_patients({"P1": one, "P2": two})
    >>> rows.rows.shape, rows.info["missing"].tolist()
    ((2, 2, 6, 5), ['seg', ''])
    """
    if channels is None:
        present = {c for p in read.values() for c in p.channels if c not in p.missing}
        channels = [name for name in SEQUENCES if name in present]
    channels = tuple(channels)
    dtype = np.result_type(*(found.image.dtype for found in read.values()))
    dtype = np.dtype("f4") if dtype.itemsize > 4 else dtype
    size = common_size(read)
    n_rows = sum(len(found.slices) for found in read.values())
    rows = np.zeros((n_rows, len(channels), *size), dtype=dtype)
    ids: list[str] = []
    patients: list[str] = []
    facts: list[dict[str, Any]] = []
    remarks: dict[str, str] = {}
    for patient, found in read.items():
        have = [c for c in channels if c in {*found.channels} - {*found.missing}]
        planes = slice(len(ids), len(ids) + len(found.slices))
        for name in have:
            channel = found.image[:, found.channels.index(name)]
            rows[planes, channels.index(name)] = channel
        lacks = ", ".join(name for name in channels if name not in have)
        remarks[patient] = _remark(found, lacks, n_slices)
        for k in found.slices:
            ids.append(patient if n_slices == 1 else f"{patient}/{k:03d}")
            patients.append(patient)
            own: dict[str, Any] = {} if found.image.ndim == 5 else {"slice": k}
            own |= {"mask_file": found.mask_file}
            own |= {"chosen_by": found.chosen_by, "missing": lacks, "cut": found.cut}
            facts.append(own | dict(found.geometry))
    info = pd.DataFrame(facts, index=pd.Index(ids, name="row"))
    return ImageRows(ids, patients, rows, channels, info, remarks)


def _remark(found: PatientSlices, lacks: str, n_slices: int) -> str:
    remarks = [f"no {lacks}: zeros instead"] if lacks else []
    remarks += found.notes
    if len(found.slices) < n_slices:
        remarks.append(f"only {len(found.slices)} planes")
    return "; ".join(remarks)
