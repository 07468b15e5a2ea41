"""A folder of TCIA and GDC downloads, as they come, to a labelled cohort."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from skmultimodal.datasets._classes import describe_classes, find_classes
from skmultimodal.datasets._ids import compare_sources
from skmultimodal.datasets._join import Flow, flow_summary, join_cohort, load_images
from skmultimodal.datasets.tcga._expression import one_per_patient, read_expression
from skmultimodal.datasets.tcga._files import SOURCES, TcgaFiles, find_tcga_files
from skmultimodal.datasets.tcga._matrices import read_matrices
from skmultimodal.datasets.tcga._responses import collect_responses
from skmultimodal.datasets.tcga._sheets import read_name_mapping
from skmultimodal.exceptions import ReadWarning
from skmultimodal.io import make_response_labels, read_gtf, select_genes
from skmultimodal.io._barcodes import looks_like_barcode
from skmultimodal.io._patients import DEFAULT_SIZE, DEFAULT_SPACING
from skmultimodal.utils._warnings import warn

__all__ = ["load_tcga_glioma"]

CASE = re.compile(r"^TCGA-\w{2}-\w{4}$", re.IGNORECASE)
# Tables with at most one line per case come first into the covariates.
COVARIATES = ("cdr", "xena", "own", "biotab", "gdc_dotted", "gdc_2020", "gdc_2019")


def _case_folders(found: TcgaFiles, flow: Flow) -> dict[str, Path]:
    """MRI folders by TCGA case; BraTS subjects by the name mapping."""
    by_subject: dict[str, str] = {}
    if found.mapping is not None:
        mapping = read_name_mapping(found.mapping)
        for row in mapping.dropna(subset=["TCGA_TCIA_subject_ID"]).to_dict("records"):
            case = str(row["TCGA_TCIA_subject_ID"]).upper()
            by_subject |= {str(v): case for v in row.values() if isinstance(v, str)}
    cases: dict[str, Path] = {}
    for name, path in found.mri.items():
        case = name if CASE.match(name) else by_subject.get(name, "")
        if not case:
            reason = "no TCGA case: the subject is in no name_mapping.csv"
            flow.add(name, "image", "dropped", reason, path)
        elif case in cases:
            reason = f"a second folder of the patient, {cases[case]} is kept"
            flow.add(case, "image", "dropped", reason, path)
        else:
            cases[case] = path
    return cases


def _genes(
    found: TcgaFiles,
    flow: Flow,
    *,
    quantity: str | None,
    sample_types: Sequence[str],
    on_error: str,
    n_jobs: int | None,
) -> pd.DataFrame | None:
    """One row of log2 expression per patient, genes by the paper's rule."""
    if found.expression:
        samples = read_expression(
            found.home,
            quantity=quantity,
            log2=True,
            on_error=on_error,
            n_jobs=n_jobs,
        )
        for file, reason in samples.attrs["dropped"].items():
            flow.add("", "gene", "dropped", reason, file)
    elif found.matrices:
        samples, notes = read_matrices(found.matrices, quantity)
        for path, texts in notes.items():
            flow.note(texts, "gene", path)
    else:
        return None
    return _patients_of(samples, found, flow, sample_types)


def _patients_of(
    samples: pd.DataFrame, found: TcgaFiles, flow: Flow, sample_types: Sequence[str]
) -> pd.DataFrame:
    named = samples.index.map(looks_like_barcode).to_numpy(dtype=bool)
    if not named.any():
        raise ValueError(
            f"{found.home}: no sample sheet or metadata JSON names the patients of "
            f"the expression files (the first is {samples.index[0]!r}); download it "
            "with the cart and put it into the folder."
        )
    files = samples.attrs.get("files") or [""] * len(samples)
    for sample, file, ok in zip(samples.index, files, named, strict=False):
        if not ok:
            flow.add(sample, "gene", "dropped", "in no sample sheet", file)
    attrs = samples.attrs
    samples = samples[named]
    samples.attrs = attrs
    genes, choice = one_per_patient(samples, sample_types=sample_types)
    for row in choice.to_dict("records"):
        status = "kept" if row["kept"] else "dropped"
        reason = f"{row['sample']}: {row['reason']}" if row["reason"] else ""
        flow.add(row["case"], "gene", status, reason)
    if found.annotation is not None:
        genes = select_genes(genes, read_gtf(found.annotation))
    return genes


def _covariates(found: TcgaFiles) -> pd.DataFrame:
    """One row per case: the first table that has a column and a case wins."""
    tables = sorted(
        found.clinical.values(),
        key=lambda table: COVARIATES.index(table.attrs["layout"]),
    )
    merged = pd.DataFrame()
    for table in tables:
        first = table[~table.index.duplicated()].copy()
        first.attrs = {}
        first.columns = first.columns.map(str)
        merged = first if merged.empty else merged.combine_first(first)
    merged = merged.rename_axis("patient")
    sites = [case.split("-")[1] if CASE.match(case) else None for case in merged.index]
    return merged.assign(tss=pd.Series(sites, index=merged.index))


def _labels(found: TcgaFiles, flow: Flow, scheme: str, conflict: str) -> pd.Series:
    """Labels by case; conflicts are recorded with the value that was taken."""
    tables = [table for table in found.clinical.values() if len(table)]
    responses = collect_responses(tables, scheme, conflict=conflict)
    for case, row in responses[responses["n_values"] > 1].iterrows():
        reason = f"{row['n_values']} different values, {conflict}: {row['word']}"
        flow.add(str(case), "label", "conflict", reason, row["source"])
    return make_response_labels(responses["word"], scheme)


def load_tcga_glioma(
    data_home: str | Path,
    *,
    scheme: str = "disease_control",
    positive: Any = None,
    conflict: str = "latest",
    quantity: str | None = None,
    sample_types: Sequence[str] = ("01",),
    n_slices: int = 1,
    volumes: bool = False,
    image_size: int | tuple[int, ...] | None = DEFAULT_SIZE,
    spacing: float | tuple[float, ...] | None = DEFAULT_SPACING,
    sequences: Sequence[str] | Mapping[str, str | None] | None = None,
    slice_choice: str = "whole",
    label_map: Mapping[int, int] | None = None,
    on_error: str = "raise",
    n_jobs: int | None = None,
    cache_dir: str | Path | None = None,
) -> Bunch:
    """Load TCGA-GBM and TCGA-LGG from TCIA and GDC downloads as they come.

    The folder is searched at any depth for MRI (pre-operative TCGA collections, BraTS
    with its name mapping), expression (GDC files with sample sheet or metadata JSON,
    or Xena matrices), clinical tables (Biotab, GDC, TCGA-CDR, Xena) and a GTF.

    Parameters
    ----------
    data_home : str or Path
        Folder of the downloads.
    scheme : str, default="disease_control"
        How words become labels, see `skmultimodal.io.make_response_labels`. The
        scheme of the paper is not published.
    positive : class label or str, default=None
        The positive class; None is 1. See `load_cohort`.
    conflict : {"latest", "best", "worst"}, default="latest"
        Which of several responses of a patient, see
        `skmultimodal.datasets.tcga.collect_responses`.
    quantity : {"counts", "tpm", "fpkm", "fpkm_uq"}, default=None
        Which files or matrices, where there are several kinds; None is TPM of STAR
        files. Always returned as log2(x + 1).
    sample_types : sequence of str, default=("01",)
        Samples accepted: add ``"02"`` to fall back to recurrent tumours.
    n_slices, volumes, image_size, spacing, sequences, slice_choice, label_map : see \
            `load_cohort`
        As there.
    on_error : {"raise", "drop"}, default="raise"
        With ``"drop"``, files that cannot be read are left out; the flow table has
        the reason.
    n_jobs : int, default=None
        Threads that read patients.
    cache_dir : str or Path, default=None
        Folder that keeps the slices.

    Returns
    -------
    Bunch
        As `load_cohort`; ``scheme`` and ``gene_selection`` (counts after each step of
        the gene rule, with a GTF) beside. Patients without a known response are
        unlabelled rows.

    Raises
    ------
    FileNotFoundError
        If neither modality or no clinical table is there: names it and where to
        apply.
    ValueError
        One sentence that names the file, line or patient.

    Examples
    --------
    >>> import tempfile, warnings
    >>> from pathlib import Path
    >>> from skmultimodal.datasets import load_tcga_glioma
    >>> warnings.simplefilter("ignore")  # that there is no MRI
    >>> responses = ["treatment_outcome_first_course", "Stable Disease", "[Unknown]"]
    >>> cases = ["TCGA-02-0001", "TCGA-02-0002"]
    >>> lines = map(",".join, zip(["patient", *cases], responses))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "clinical.csv").write_text("\\n".join(lines))
    ...     genes = f"gene,{cases[0]}-01,{cases[1]}-01\\nENSG00000000011,3.5,2.5\\n"
    ...     _ = (Path(folder) / "rna.csv").write_text(genes)
    ...     bunch = load_tcga_glioma(folder)
    >>> bunch.data, bunch.target.tolist()
    (Cohort(2 rows: 2 gene), [1.0, nan])
    """
    found = find_tcga_files(data_home)
    _refuse_missing(found)
    flow = Flow()
    for path, reason in found.unknown.items():
        flow.add("", "file", "ignored", reason, path)
    for path, table in found.clinical.items():
        flow.note(table.attrs["notes"], "clinical", path)
    images = load_images(
        _case_folders(found, flow),
        flow,
        volumes=volumes,
        image_size=image_size,
        spacing=spacing,
        sequences=sequences,
        n_slices=n_slices,
        slice_choice=slice_choice,
        label_map=label_map,
        on_error=on_error,
        n_jobs=n_jobs,
        cache_dir=cache_dir,
    )
    genes = _genes(
        found,
        flow,
        quantity=quantity,
        sample_types=sample_types,
        on_error=on_error,
        n_jobs=n_jobs,
    )
    clinical = _covariates(found)
    labels = _labels(found, flow, scheme, conflict).reindex(clinical.index)
    sources = {
        "clinical tables": list(clinical.index),
        "expression": [] if genes is None else list(genes.index),
        "MRI": [] if images is None else list(dict.fromkeys(images.patients)),
    }
    sources = {name: ids for name, ids in sources.items() if ids}
    compare_sources(sources, flow, clinical="clinical tables")
    tables = {} if genes is None else {"gene": genes}
    bunch = join_cohort(
        images,
        tables,
        clinical,
        labels,
        flow,
        per_slice=n_slices > 1,
        spacing=spacing,
    )
    source = f"the scheme {scheme!r} in {found.home}"
    bunch.classes, bunch.positive = find_classes(bunch.target, positive, source)
    bunch.flow_summary = flow_summary(bunch.flow)
    bunch.scheme = scheme
    attrs = genes.attrs if genes is not None else {}
    bunch.gene_selection = attrs.get("gene_selection", {})
    bunch.DESCR = _describe(bunch, found)
    return bunch


def _refuse_missing(found: TcgaFiles) -> None:
    missing = found.missing
    if "clinical" in missing or len(missing) > 1:
        parts = "; ".join(f"{name}: {SOURCES[name]}" for name in missing)
        raise FileNotFoundError(f"{found.home}: missing here are {parts}.")
    if missing:
        warn(
            f"{found.home}: no {missing[0]}; the cohort has one modality only. It is "
            f"published as {SOURCES[missing[0]]}.",
            ReadWarning,
        )


def _describe(bunch: Bunch, found: TcgaFiles) -> str:
    data = bunch.data
    known = int((~pd.isna(bunch.target)).sum())
    lines = [
        f"TCGA glioma read from the folder {found.home.name!r}.",
        f"{len(data)} rows, {known} of them labelled under the scheme "
        f"{bunch.scheme!r}.",
        describe_classes(bunch),
        f"Image channels: {', '.join(bunch.image_channels) or 'none'}.",
        f"Genes: {bunch.gene_selection or 'no GTF, all of the matrix'}.",
        "",
        pd.Series(data.patterns).value_counts().to_string(),
        "",
        bunch.flow_summary.to_string(index=False),
    ]
    return "\n".join(lines)
