"""A folder of your own patients to a labelled cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.cohort import Cohort
from skmultimodal.datasets._classes import describe_classes, find_classes
from skmultimodal.io import (
    ImageRows,
    NiftiBlock,
    choose_aliquots,
    label_column,
    looks_like_barcode,
    make_response_labels,
    one_file,
    patient_folders,
    read_patient_matrix,
    read_patient_table,
    read_patients,
    stack_patients,
    target_array,
)

__all__ = ["load_cohort"]

CLINICAL_NAMES = tuple(f"clinical.{e}{z}" for e in ("csv", "tsv") for z in ("", ".gz"))
EXPRESSION_NAMES = tuple(
    f"expression.{e}{z}" for e in ("parquet", "csv", "tsv") for z in ("", ".gz")
)
FLOW_COLUMNS = ["patient", "item", "status", "reason", "file"]


def is_cohort_folder(folder: Path) -> bool:
    """Whether `load_cohort` reads the folder, rather than `load_tcga_glioma`.

    A clinical table beside other things may be one of the downloads of GDC.
    """
    clinical = one_file(folder, CLINICAL_NAMES)
    return clinical is not None and (
        one_file(folder, EXPRESSION_NAMES) is not None
        or (folder / "mri").is_dir()
        or list(folder.iterdir()) == [clinical]
    )


@dataclass
class Flow:
    """Collects what was found, kept and dropped, one row per patient and item."""

    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(
        self, patient: str, item: str, status: str, reason: str = "", file: Any = ""
    ) -> None:
        self.rows.append((patient, item, status, reason, str(file)))

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=FLOW_COLUMNS)


def load_images(
    folders: Mapping[str, Path],
    flow: Flow,
    *,
    n_slices: int,
    on_error: str,
    lazy: bool = False,
    **options: Any,
) -> ImageRows | None:
    """Read the image block of some patients and record each in the flow."""
    if not folders:
        return None
    if lazy:
        if n_slices > 1:
            raise ValueError("lazy=True reads one slice per patient: n_slices=1.")
        block = NiftiBlock(folders, **options)
        ids = list(folders)
        info = pd.DataFrame(index=pd.Index(ids, name="row"))
        remarks = dict.fromkeys(ids, "read when asked for")
        images = ImageRows(ids, ids, block, block.channels, info, remarks)
    else:
        read, failures = read_patients(
            folders, on_error=on_error, n_slices=n_slices, **options
        )
        for patient, reason in failures.items():
            flow.add(patient, "image", "dropped", reason, folders[patient])
        if not read:
            return None
        images = stack_patients(read, n_slices=n_slices)
    for patient, remark in images.remarks.items():
        flow.add(patient, "image", "kept", remark, folders[patient])
    return images


def by_patient(
    genes: pd.DataFrame, known: pd.Index, flow: Flow, file: Any
) -> pd.DataFrame:
    """One row of expression per patient: barcodes are reduced to their case."""
    samples = genes.index
    barcodes = len(samples) > 0 and all(map(looks_like_barcode, samples))
    if barcodes and not samples.isin(known).any():
        chosen = choose_aliquots(list(samples))
        for sample, case, reason in zip(
            samples, chosen["case"], chosen["reason"], strict=True
        ):
            if reason:
                flow.add(case, "gene", "dropped", f"{sample}: {reason}", file)
        keep = chosen["kept"].to_numpy()
        genes = genes[keep].set_axis(chosen["case"][keep].to_numpy(), axis=0)
    empty = genes.isna().all(axis=1).to_numpy()
    for patient in genes.index[empty]:
        flow.add(str(patient), "gene", "dropped", "every value is missing", file)
    genes = genes[~empty]
    for patient in genes.index:
        flow.add(str(patient), "gene", "kept", "", file)
    return genes


def join_cohort(
    images: ImageRows | None,
    genes: pd.DataFrame | None,
    clinical: pd.DataFrame,
    labels: pd.Series,
    flow: Flow,
    *,
    per_slice: bool = False,
) -> Bunch:
    """Join blocks, covariates and labels by patient; list who is left out."""
    image_patients = list(images.patients) if images is not None else []
    gene_patients = list(genes.index) if genes is not None else []
    seen = {*image_patients, *gene_patients}
    # In the clinical table's order, then those that it does not know.
    order = [patient for patient in clinical.index if patient in seen]
    order = list(dict.fromkeys([*order, *image_patients, *gene_patients]))
    _record_clinical(clinical, labels, order, flow)
    ids, patients = _rows_of(order, images)
    blocks: dict[str, Any] = {}
    if images is not None:
        blocks["image"] = (images.ids, images.rows)
    if genes is not None:
        # A patient's expression goes with each of its slices, so each row is paired.
        has = patients.isin(genes.index)
        blocks["gene"] = genes.loc[patients[has]].set_axis(ids[has], axis=0)
    # The label is no covariate of itself: an audit would find it a perfect shortcut.
    covariates = clinical.drop(columns=[labels.name], errors="ignore")
    metadata = covariates.reindex(patients).set_axis(ids, axis=0)
    if per_slice:
        metadata.insert(0, "patient", patients.to_numpy())
    return Bunch(
        data=Cohort(blocks, index=ids, metadata=metadata),
        target=target_array(labels.reindex(patients)),
        clinical=clinical,
        flow=flow.table(),
        image_channels=list(images.channels) if images else [],
        image_info=images.info if images else pd.DataFrame(),
    )


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
    clinical: pd.DataFrame, labels: pd.Series, order: list[str], flow: Flow
) -> None:
    unknown = pd.Series(target_array(labels), index=labels.index).isna()
    rows = set(order)
    for patient in clinical.index:
        if patient not in rows:
            flow.add(patient, "clinical", "dropped", "no MRI and no expression")
        elif unknown[patient]:
            flow.add(patient, "clinical", "kept", "unlabelled: the label is unknown")
        else:
            flow.add(patient, "clinical", "kept")
    for patient in order:
        if patient not in clinical.index:
            flow.add(patient, "clinical", "missing", "unlabelled: no clinical row")
    known = [p for p in order if p in clinical.index and not unknown[p]]
    if not known:
        without = [p for p in order if p not in clinical.index]
        cause = (
            f"patient ids do not match (for example {without[0]!r} and "
            f"{clinical.index[0]!r})"
            if order and len(without) == len(order)
            else f"{labels.name!r} is unknown for all of them"
        )
        raise ValueError(f"no patient with MRI or expression has a label: {cause}.")


def flow_summary(flow: pd.DataFrame) -> pd.DataFrame:
    """Count the flow's rows by item, status and reason (file paths left out)."""
    named = flow.assign(
        reason=flow["reason"].str.replace(r"\S*/\S*", "...", regex=True)
    )
    counts = named.groupby(["item", "status", "reason"], sort=True).size()
    return counts.rename("n").reset_index()


def load_cohort(
    folder: str | Path,
    *,
    label: str,
    scheme: str | None = None,
    positive: Any = None,
    n_slices: int = 1,
    image_size: int | tuple[int, int] = 240,
    sequences: Sequence[str] | None = None,
    slice_choice: str = "whole",
    label_map: Mapping[int, int] | None = None,
    scan_date: str | None = None,
    lazy: bool = False,
    on_error: str = "raise",
    n_jobs: int | None = None,
    cache_dir: str | Path | None = None,
) -> Bunch:
    """Load a folder of patients with MRI, gene expression, or both.

    The folder holds ``clinical.csv`` (one row per patient), and one or both of
    ``expression.{parquet,csv,tsv}[.gz]`` (patients x genes) and ``mri/<patient>/*``
    (NIfTI files named as `skmultimodal.io.find_sequences` knows).

    Parameters
    ----------
    folder : str or Path
        The folder.
    label : str
        Column of ``clinical.csv`` to predict; blank cells are unlabelled rows.
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
    image_size : int or (int, int), default=240
        Planes are cropped or zero-padded to it about their centre.
    sequences : sequence of str, default=None
        Channels of the image; None takes those of t1, t1ce, t2, flair, seg that any
        patient has, in this order. One that a patient lacks is zero and listed.
    slice_choice : {"whole", "enhancing", "core", "center"}, default="whole"
        The plane with most voxels of this region; see `skmultimodal.io.read_slices`.
    label_map : dict of int to int, default=None
        Stored mask label to 0, 1, 2 or 4, where file names do not tell.
    scan_date : {"first", "last"} or str, default=None
        Which scan to take of a patient with several.
    lazy : bool, default=False
        Read images only when a batch asks for them.
    on_error : {"raise", "drop"}, default="raise"
        With ``"drop"``, a patient whose images cannot be read loses them; the flow
        table says why.
    n_jobs : int, default=None
        Threads that read patients.
    cache_dir : str or Path, default=None
        Folder that keeps the slices, for a second load in no time.

    Returns
    -------
    Bunch
        - ``data``: Cohort of modalities ``"image"``, of shape (n, channels, height,
          width) in the type stored, and ``"gene"``; its metadata are the clinical
          columns but the label.
        - ``target``: ndarray of shape (n_rows,): float with NaN, or object with None,
          where unknown. Patients without a clinical row are unlabelled.
        - ``classes``: ndarray of the classes in ``target``; ``positive``: which of them
          is the positive one. Both are None where ``target`` is continuous.
        - ``clinical``: DataFrame, the clinical table, by patient.
        - ``flow``: DataFrame, one row per patient and item found: kept or dropped, and
          why. ``flow_summary`` counts it.
        - ``image_channels``: list of str. ``image_info``: DataFrame with the plane, the
          mask file and the missing sequences of each image row.
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
    folder = Path(folder)
    flow = Flow()
    file = _clinical_file(folder)
    clinical = read_patient_table(file)
    labels = label_column(clinical, label, file)
    if scheme is not None:
        labels = make_response_labels(labels, scheme, on_error=on_error)
    source = f"column {label!r} of {file}"
    # An unknown positive class is refused before images are read.
    find_classes(target_array(labels), positive, source)
    expression, folders = _find_blocks(folder)
    images = load_images(
        folders,
        flow,
        image_size=image_size,
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
    genes = None
    if expression is not None:
        genes = read_patient_matrix(expression)
        genes = by_patient(genes, clinical.index, flow, expression.name)
    bunch = join_cohort(images, genes, clinical, labels, flow, per_slice=n_slices > 1)
    bunch.classes, bunch.positive = find_classes(bunch.target, positive, source)
    bunch.flow_summary = flow_summary(bunch.flow)
    bunch.DESCR = _describe(folder, label, scheme, bunch)
    return bunch


def _clinical_file(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder.")
    file = one_file(folder, CLINICAL_NAMES)
    if file is None:
        raise FileNotFoundError(
            f"{folder}: no clinical.csv (one row per patient, first column 'patient')."
        )
    return file


def _find_blocks(folder: Path) -> tuple[Path | None, dict[str, Path]]:
    expression = one_file(folder, EXPRESSION_NAMES)
    has_mri = (folder / "mri").is_dir()
    if expression is None and not has_mri:
        raise FileNotFoundError(
            f"{folder}: neither expression.parquet (or .csv, .tsv, possibly .gz) nor a "
            "folder mri/ with a folder per patient."
        )
    return expression, _mri_folders(folder / "mri") if has_mri else {}


def _mri_folders(root: Path) -> dict[str, Path]:
    """Folder of each patient, those without a NIfTI file included."""
    folders = patient_folders(root)
    used = {path for found in folders.values() for path in (found, *found.parents)}
    empty = [p for p in sorted(root.iterdir()) if p.is_dir() and p not in used]
    return folders | {path.name: path for path in empty}


def _describe(folder: Path, label: str, scheme: str | None, bunch: Bunch) -> str:
    data, target = bunch.data, bunch.target
    known = ~pd.isna(target)
    lines = [
        f"Cohort read from the folder {folder.name!r}.",
        f"{len(data)} rows, {int(known.sum())} of them labelled by {label!r}"
        + (f" under the scheme {scheme!r}." if scheme else "."),
        describe_classes(bunch),
        f"Image channels: {', '.join(bunch.image_channels) or 'none'}.",
        "",
        pd.Series(data.patterns).value_counts().to_string(),
        "",
        bunch.flow_summary.to_string(index=False),
    ]
    return "\n".join(lines)
