"""What is read of patients, joined by their ids, with a record of every loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.cohort import Cohort
from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import (
    ImageRows,
    NiftiBlock,
    PatientSlices,
    read_patients,
    stack_patients,
)
from skmultimodal.io._labels import target_array
from skmultimodal.utils._files import readable
from skmultimodal.utils._ids import examples
from skmultimodal.utils._warnings import ignored_warnings, warn

__all__ = ["Flow", "flow_summary", "join_cohort", "load_images", "warn_of_unplaced"]

FLOW_COLUMNS = ["patient", "item", "status", "reason", "file"]


@dataclass
class Flow:
    """Collects what was found, kept and dropped, one row per patient and item."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self, patient: str, item: str, status: str, reason: str = "", file: Any = ""
    ) -> None:
        # Columns of text take no name that is not UTF-8.
        texts = patient, item, status, reason, str(file)
        self.rows.append(tuple(map(readable, texts)))

    def note(self, texts: Iterable[str], item: str, file: Any = "") -> None:
        """Record what concerns a whole file, such as how a column was read."""
        for text in texts:
            self.add("", item, "note", text, file)

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=FLOW_COLUMNS)


def load_images(
    folders: Mapping[str, Path],
    flow: Flow,
    *,
    n_slices: int,
    on_error: str,
    lazy: bool = False,
    n_jobs: int | None = None,
    cache_dir: str | Path | None = None,
    **options: Any,
) -> ImageRows | None:
    """Read the image block of some patients and record each in the flow."""
    if not folders:
        return None
    if lazy and n_slices > 1:
        raise ValueError("lazy=True reads one slice per patient: n_slices=1.")
    # Only headers of a lazy block are read, unless damaged files are to be found.
    read, failures = read_patients(
        folders,
        on_error=on_error,
        n_jobs=n_jobs,
        cache_dir=None if lazy and on_error == "raise" else cache_dir,
        keep_images=not lazy,
        headers_only=lazy and on_error == "raise",
        n_slices=n_slices,
        **options,
    )
    for patient, reason in failures.items():
        flow.add(patient, "image", "dropped", reason, folders[patient])
    if not read:
        return None
    images = (
        _lazy_rows(folders, read, n_jobs=n_jobs, cache_dir=cache_dir, **options)
        if lazy
        else stack_patients(read, n_slices=n_slices, channels=options.get("sequences"))
    )
    for patient, found in read.items():
        folder = folders[patient]
        flow.add(patient, "image", "kept", images.remarks[patient], folder)
        for change in found.changes:
            flow.add(patient, "image", "changed", change, folder)
        for name, reason in found.ignored.items():
            flow.add(patient, "file", "ignored", reason, folder / name)
    warn_of_unplaced(read)
    return images


def _lazy_rows(
    folders: Mapping[str, Path], read: Mapping[str, PatientSlices], **options: Any
) -> ImageRows:
    """A block that reads the images of those patients who can be read."""
    ids = list(read)
    block = NiftiBlock({patient: folders[patient] for patient in ids}, **options)
    geometry = [dict(found.geometry) for found in read.values()]
    info = pd.DataFrame(geometry, index=pd.Index(ids, name="row"))
    remarks = {
        patient: "; ".join(["read when asked for", *found.notes])
        for patient, found in read.items()
    }
    return ImageRows(ids, ids, block, block.channels, info, remarks)


def warn_of_unplaced(read: Mapping[str, PatientSlices]) -> None:
    """Warn of scans that state no orientation beside others: they may be turned."""
    unplaced = [
        patient
        for patient, found in read.items()
        if found.geometry["scan_orientation"] == "none"
    ]
    if 0 < len(unplaced) < len(read):
        some = ", ".join(map(repr, unplaced[:3]))
        warn(
            f"the headers of {len(unplaced)} of {len(read)} scans declare no "
            f"orientation, such as {some}: they are taken as stored, left first, at "
            "the voxel size of the header, and may lie otherwise than the rest; write "
            "an affine into them, or leave them out.",
            ReadWarning,
        )


def join_cohort(
    images: ImageRows | None,
    tables: Mapping[str, pd.DataFrame],
    clinical: pd.DataFrame,
    labels: pd.Series | None,
    flow: Flow,
    *,
    per_slice: bool = False,
    spacing: float | tuple[float, ...] | None = None,
) -> Bunch:
    """Join blocks, covariates and labels by patient; list who is left out.

    `tables` are the modalities that are no images, by name, indexed by patient.
    Without `labels` there is no target. `spacing` is that of the pixels, in mm, where
    it is the same for all.
    """
    tables = {n: _without_label(n, t, labels, flow) for n, t in tables.items()}
    image_patients = list(images.patients) if images is not None else []
    seen = [*image_patients, *(p for table in tables.values() for p in table.index)]
    # In the clinical table's order, then those that are not in it.
    anywhere = set(seen)
    order = [patient for patient in clinical.index if patient in anywhere]
    order = list(dict.fromkeys([*order, *seen]))
    _record_clinical(clinical, labels, order, flow)
    if not order:
        _refuse_nobody(flow)
    if labels is not None:
        _refuse_unlabelled(clinical, labels, order)
    ids, patients = _rows_of(order, images)
    blocks: dict[str, Any] = {}
    if images is not None:
        blocks["image"] = (images.ids, images.rows)
    for name, table in tables.items():
        # A patient's row goes with each of its slices, so each of them is paired.
        has = patients.isin(table.index)
        blocks[name] = table.loc[patients[has]].set_axis(ids[has], axis=0)
    # The label is no covariate of itself: an audit would find it a perfect shortcut.
    label = [] if labels is None else [labels.name]
    covariates = clinical.drop(columns=label, errors="ignore")
    metadata = covariates.reindex(patients).set_axis(ids, axis=0)
    if images is not None:
        metadata = _with_geometry(metadata, images.info)
    if per_slice:
        metadata.insert(0, "patient", patients.to_numpy())
    # Ids alike are compared, and warned of, by file.
    with ignored_warnings(r"\d[\d,]* pairs? of patient ids of modalit"):
        axes = None if images is None else _axes_of(images, spacing)
        data = Cohort(blocks, index=ids, metadata=metadata, axes=axes)
    return Bunch(
        data=data,
        target=None if labels is None else target_array(labels.reindex(patients)),
        clinical=clinical,
        flow=flow.table(),
        image_channels=list(images.channels) if images else [],
        image_info=images.info if images else pd.DataFrame(),
    )


def _axes_of(
    images: ImageRows, spacing: float | tuple[float, ...] | None
) -> dict[str, Any] | None:
    """Planes and volumes are read in LPS, where every scan states how it lies."""
    stated = images.info.get("scan_orientation")
    if stated is None or (stated == "none").any():
        return None
    volumes = len(images.rows.shape) == 5
    if isinstance(spacing, tuple) and volumes and len(spacing) == 2:
        spacing = None  # the distance of planes is that of the scan
    return {"image": ("SLP" if volumes else "LP", spacing)}


def _without_label(
    name: str, table: pd.DataFrame, labels: pd.Series | None, flow: Flow
) -> pd.DataFrame:
    """A table but for a column with the label's name, which would predict itself."""
    if labels is None or labels.name not in table:
        return table
    text = f"column {labels.name!r} is the label, and left out"
    flow.add("", name, "changed", text)
    whose = "the expression's" if name == "gene" else f"modality {name!r}:"
    warn(f"{whose} {text}.", ReadWarning)
    return table.drop(columns=labels.name)


def _with_geometry(metadata: pd.DataFrame, info: pd.DataFrame) -> pd.DataFrame:
    """Covariates of the scanner: shape, voxel size and orientation, where they vary.

    A model may recognise by them who was scanned where.
    """
    names = [name for name in info if str(name).startswith("scan_")]
    vary = [name for name in names if info[name].nunique() > 1]
    own = [name for name in vary if name in metadata]
    added = info[vary].rename(columns={name: f"{name} (header)" for name in own})
    return metadata.join(added.reindex(metadata.index))


def _rows_of(order: list[str], images: ImageRows | None) -> tuple[pd.Index, pd.Index]:
    """Ids of the rows, and the patient of each: several of one with several slices."""
    rows: dict[str, list[str]] = {}
    if images is not None:
        for row, patient in zip(images.ids, images.patients, strict=True):
            rows.setdefault(patient, []).append(row)
    pairs = [
        (row, patient) for patient in order for row in rows.get(patient, [patient])
    ]
    ids = pd.Index([row for row, _ in pairs], name="patient")
    return ids, pd.Index([patient for _, patient in pairs])


def _record_clinical(
    clinical: pd.DataFrame, labels: pd.Series | None, order: list[str], flow: Flow
) -> None:
    """A line of the flow for each patient of the clinical table or with data."""
    unlabelled = set()
    if labels is not None:
        unlabelled = set(labels.index[pd.isna(target_array(labels))])
    rows = set(order)
    for patient in clinical.index:
        if patient not in rows:
            flow.add(patient, "clinical", "dropped", "no scan, expression or features")
        elif patient in unlabelled:
            flow.add(patient, "clinical", "kept", "unlabelled: the label is unknown")
        else:
            flow.add(patient, "clinical", "kept")
    reason = "no clinical row" if labels is None else "unlabelled: no clinical row"
    for patient in order:
        if patient not in clinical.index:
            flow.add(patient, "clinical", "missing", reason)


def _refuse_nobody(flow: Flow) -> None:
    """Raise a ValueError with the reason why the first patient has no data."""
    reasons = [
        f"; the first reason is, of patient {patient!r}: {reason}"
        for patient, item, status, reason, _ in flow.rows
        if status == "dropped" and item not in ("clinical", "file", "ids")
    ]
    reason = reasons[0] if reasons else "."
    raise ValueError(
        f"no patient has a scan, expression or features that can be read{reason}"
    )


def _refuse_unlabelled(
    clinical: pd.DataFrame, labels: pd.Series, order: list[str]
) -> None:
    """Raise a ValueError if no patient with data has a label."""
    known = set(labels.index[~pd.isna(target_array(labels))])
    if known & set(order):
        return
    without = [p for p in order if p not in clinical.index]
    pair = examples(order, clinical.index)
    cause = (
        f"patient ids do not match (for example {pair[0][0]!r} and {pair[0][1]!r})"
        if pair and len(without) == len(order)
        else f"{labels.name!r} is unknown for all of them"
    )
    raise ValueError(f"no patient with data has a label: {cause}.")


def flow_summary(flow: pd.DataFrame) -> pd.DataFrame:
    """Count the flow's rows by item, status and reason.

    File paths are left out, and of images that were kept the details in brackets.
    """
    reason = flow["reason"].str.replace(r"\S*/\S*", "...", regex=True)
    kept = (flow["item"] == "image") & (flow["status"] != "dropped")
    reason = reason.mask(kept, reason.str.replace(r" \([^()]*\)", "", regex=True))
    counts = flow.assign(reason=reason).groupby(["item", "status", "reason"], sort=True)
    return counts.size().rename("n").reset_index()
