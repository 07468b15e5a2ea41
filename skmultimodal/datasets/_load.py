"""A folder of your own patients to a labelled cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.datasets._classes import describe_classes, find_classes
from skmultimodal.datasets._ids import by_patient
from skmultimodal.datasets._join import (
    Flow,
    flow_summary,
    join_cohort,
    load_images,
)
from skmultimodal.datasets._sources import CLINICAL_NAMES, find_sources, read_sources
from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import make_response_labels, read_patient_table
from skmultimodal.io._labels import label_column, target_array
from skmultimodal.io._patients import DEFAULT_SIZE, DEFAULT_SPACING
from skmultimodal.io._tables import one_file
from skmultimodal.utils._warnings import warn

__all__ = ["load_cohort"]

# Words that are more, and most of which occur once, are names or dates.
MANY_CLASSES = 10


def load_cohort(
    folder: str | Path,
    *,
    label: str | None = None,
    scheme: str | None = None,
    positive: Any = None,
    n_slices: int = 1,
    volumes: bool = False,
    image_size: int | tuple[int, ...] | None = DEFAULT_SIZE,
    spacing: float | tuple[float, ...] | None = DEFAULT_SPACING,
    sequences: Sequence[str] | Mapping[str, str | None] | None = None,
    slice_choice: str = "whole",
    label_map: Mapping[int, int] | None = None,
    scan_date: str | None = None,
    lazy: bool = False,
    on_error: str = "raise",
    n_jobs: int | None = None,
    cache_dir: str | Path | None = None,
) -> Bunch:
    """Load a folder of patients with MRI, gene expression or computed features.

    The folder holds ``clinical.csv`` (one row per patient), and one or more of
    ``expression.{parquet,csv,tsv}[.gz]`` (patients x genes), ``mri/<patient>/*``
    (NIfTI files with the names that `skmultimodal.io.find_sequences` finds) and
    ``features/<modality>.{parquet,csv,tsv,npy,h5,h5ad}[.gz]`` (one vector per patient,
    such as embeddings; see `skmultimodal.io.read_patient_features`).

    Parameters
    ----------
    folder : str or Path
        The folder.
    label : str, default=None
        Column of ``clinical.csv`` to predict; blank cells are unlabelled rows. None:
        there is no target, and ``clinical.csv`` may be absent, as for patients to be
        predicted.
    scheme : str, default=None
        Read the label as words for a response, see
        `skmultimodal.io.make_response_labels`.
    positive : class label or str, default=None
        The positive class, or its name as text (``"1"`` finds 1.0). None is the class
        that is named yes, positive or responder (in any case), or of two classes 1 or
        true, where exactly one is; else the last.
    n_slices : int, default=1
        Neighbouring axial planes per patient. With more than one, each plane is a row
        ``patient/plane`` that also carries the patient's expression, and the metadata
        start with a column ``patient`` to be used as groups in cross-validation.
    volumes : bool, default=False
        Read all axial planes of a patient, as one volume with the lowest plane first,
        rather than chosen ones: `n_slices` and `slice_choice` must be left out. The
        mask is read only if it is a channel. ``lazy=True`` keeps few in memory.
    image_size : int, tuple of int or None, default=240
        Planes are cropped or padded to it about their centre: one number, or (height,
        width). A crop of more than empty background is warned of. Volumes keep their
        depth, unless it is (depth, height, width). What it leaves, as None does, must
        be of one size for all patients.
    spacing : float, tuple of float or None, default=1.0
        Edge of a pixel in mm, to which the planes of all patients are resampled before:
        one number, or (height, width). Of volumes it is that of a voxel, or (depth,
        height, width). None leaves pixels as they are, so that their size differs by
        scanner.
    sequences : sequence of str or dict of str to str, default=None
        Channels of the image; None takes those of t1, t1ce, t2, flair, seg that any
        patient has, in this order. A dict gives channels of any name with a pattern of
        their files' names, such as ``{"ct": "*CT*", "seg": None}``; see
        `skmultimodal.io.find_sequences`. One that a patient lacks is zero and listed.
    slice_choice : {"whole", "enhancing", "core", "center"}, default="whole"
        The plane with most voxels of this region; see `skmultimodal.io.read_slices`.
    label_map : dict of int to int, default=None
        Stored mask label to 0, 1, 2 or 4, where file names do not determine it.
    scan_date : {"first", "last"} or str, default=None
        Which scan to take of a patient with several.
    lazy : bool, default=False
        Read images only when a batch asks for them; before, only headers. With
        ``on_error="drop"`` all are read once, to find those that cannot be.
    on_error : {"raise", "drop"}, default="raise"
        With ``"drop"``, a patient whose images cannot be read loses them; the flow
        table has the reason.
    n_jobs : int, default=None
        Threads that read patients.
    cache_dir : str or Path, default=None
        Folder that keeps the slices, for a second load in no time.

    Returns
    -------
    Bunch
        - ``data``: Cohort of modalities ``"image"``, of shape (n, channels, height,
          width), or of volumes (n, channels, depth, height, width), in the type
          stored, ``"gene"``, and one of the name of each file
          below ``features/``; its metadata are the clinical
          columns but the label, and what varies of the scans: ``scan_width``,
          ``scan_height``, ``scan_planes``, ``scan_spacing``, ``scan_slice_spacing``
          and ``scan_orientation``.
        - ``target``: ndarray of shape (n_rows,): float with NaN, or object with None,
          where unknown. Patients without a clinical row are unlabelled. None without
          a label.
        - ``classes``: ndarray of the classes in ``target``; ``positive``: which of them
          is the positive one. Both are None where ``target`` is continuous.
        - ``clinical``: DataFrame, the clinical table, by patient.
        - ``flow``: DataFrame, one row per patient and item found: kept, changed,
          ignored or dropped, and why. ``flow_summary`` counts it.
        - ``provenance``: dict of modality to dict of str to str: encoder, version and
          licence of computed features, as ``features/<modality>.json`` or the file of
          the features has them.
        - ``image_channels``: list of str. ``image_info``: DataFrame with the plane (not
          of volumes), the mask file, the missing sequences, the share of content that
          was cropped, and shape, voxel size in mm and orientation of the scan of each
          image row.
        - ``DESCR``: str.

    Raises
    ------
    FileNotFoundError, ValueError
        One sentence that names the file, line or patient.

    See Also
    --------
    load_tcga_glioma : Reads downloads of TCIA and the GDC as they come.
    unpair : Hides one modality of some patients.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.datasets import load_cohort
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = {
    ...         "clinical.csv": "patient,age,response\\nP1,40,1\\nP2,61,\\n",
    ...         "expression.csv": "patient,TP53,EGFR\\nP1,1.5,2.0\\nP2,0.5,3.0\\n",
    ...     }
    ...     for name, text in files.items():
    ...         _ = (Path(folder) / name).write_text(text)
    ...     bunch = load_cohort(folder, label="response")
    >>> bunch.data, bunch.target.tolist()
    (Cohort(2 rows: 2 gene), [1.0, nan])
    """
    folder, flow = Path(folder), Flow()
    file = _clinical_file(folder, label)
    clinical, labels = _read_clinical(file, label, scheme, on_error, flow)
    source = f"column {label!r} of {file}"
    if labels is not None:
        # An unknown positive class is refused before images are read.
        find_classes(target_array(labels), positive, source)
    files, folders = find_sources(folder, flow)
    folders, tables = read_sources(file, clinical, files, folders, flow)
    images = load_images(
        folders,
        flow,
        volumes=volumes,
        image_size=image_size,
        spacing=spacing,
        sequences=sequences,
        n_slices=n_slices,
        slice_choice=slice_choice,
        label_map=label_map,
        scan_date=scan_date,
        on_error=on_error,
        lazy=lazy,
        n_jobs=n_jobs,
        cache_dir=cache_dir,
    )
    bunch = join_cohort(
        images,
        tables,
        clinical,
        labels,
        flow,
        per_slice=n_slices > 1,
        spacing=spacing,
    )
    bunch.provenance = {
        name: table.attrs["provenance"]
        for name, table in tables.items()
        if table.attrs.get("provenance")
    }
    bunch.classes, bunch.positive = None, None
    if labels is not None:
        bunch.classes, bunch.positive = find_classes(bunch.target, positive, source)
        _warn_of_names(bunch, source)
    bunch.flow_summary = flow_summary(bunch.flow)
    bunch.DESCR = _describe(folder, label, scheme, bunch)
    return bunch


def _warn_of_names(bunch: Bunch, source: str) -> None:
    """Dates, names and comments are words too, but no classes."""
    n_known = int((~pd.isna(bunch.target)).sum())
    n_classes = 0 if bunch.classes is None else len(bunch.classes)
    if n_classes > MANY_CLASSES and n_classes > n_known / 2:
        warn(
            f"{source} has {n_classes} different values for {n_known} labelled rows, "
            f"such as {bunch.classes[0]!s}: these are no classes to predict; group "
            "them, or name another column.",
            ReadWarning,
        )


def _clinical_file(folder: Path, label: str | None) -> Path | None:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder.")
    file = one_file(folder, CLINICAL_NAMES)
    if file is None and label is not None:
        others = [path.name for path in sorted(folder.glob("[Cc]linical.*"))]
        found = f"; {others[0]} is not read, save it as CSV" if others else ""
        raise FileNotFoundError(
            f"{folder}: no clinical.csv (one row per patient, first column 'patient')"
            f"{found}."
        )
    return file


def _read_clinical(
    file: Path | None, label: str | None, scheme: str | None, on_error: str, flow: Flow
) -> tuple[pd.DataFrame, pd.Series | None]:
    """The clinical table and the column to predict."""
    if label is None and scheme is not None:
        raise ValueError("scheme reads words of a label: name the column as label.")
    if file is None:
        return pd.DataFrame(index=pd.Index([], name="patient", dtype=object)), None
    clinical = read_patient_table(file)
    clinical = by_patient(clinical, "clinical", flow, file.name, tissue=False)
    if label is None:
        return clinical, None
    labels = label_column(clinical, label, file)
    if scheme is not None:
        labels = make_response_labels(labels, scheme, on_error=on_error)
    return clinical, labels


def _describe(folder: Path, label: str | None, scheme: str | None, bunch: Bunch) -> str:
    data = bunch.data
    lines = [f"Cohort read from the folder {folder.name!r}."]
    if label is None:
        lines.append(f"{len(data)} rows, no label.")
    else:
        n_known = int((~pd.isna(bunch.target)).sum())
        by = f" under the scheme {scheme!r}." if scheme else "."
        lines.append(f"{len(data)} rows, {n_known} of them labelled by {label!r}{by}")
        lines.append(describe_classes(bunch))
    lines += [
        f"{name}: {', '.join(f'{key} {value}' for key, value in facts.items())}."
        for name, facts in bunch.provenance.items()
    ]
    lines += [
        f"Image channels: {', '.join(bunch.image_channels) or 'none'}.",
        "",
        pd.Series(data.patterns).value_counts().to_string(),
        "",
        bunch.flow_summary.to_string(index=False),
    ]
    return "\n".join(lines)
