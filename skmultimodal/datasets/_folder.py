"""Folders of patients of either kind: one's own, or downloads of TCIA and the GDC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sklearn.utils import Bunch

from skmultimodal.datasets._load import load_cohort
from skmultimodal.datasets._sources import (
    CLINICAL_NAMES,
    EXPRESSION_NAMES,
    FEATURES,
    is_cohort_folder,
)
from skmultimodal.datasets.tcga._files import TcgaFiles, find_tcga_files
from skmultimodal.datasets.tcga._load import load_tcga_glioma
from skmultimodal.io import read_patient_table
from skmultimodal.io._tables import one_file

__all__ = ["choose_label", "find_downloads", "load_folder"]


def find_downloads(folder: Path) -> TcgaFiles | None:
    """What `load_tcga_glioma` would read; None if the folder is for `load_cohort`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or nothing in it that either could read.
    ValueError
        If downloads lie beside computed features, which only `load_cohort` reads.
    """
    if folder.is_dir() and is_cohort_folder(folder):
        return None
    found = find_tcga_files(folder)
    expression = one_file(folder, EXPRESSION_NAMES)
    computed = (folder / FEATURES).is_dir()
    clinical = [p for p in found.clinical if folder / FEATURES not in p.parents]
    own = expression is not None or (folder / "mri").is_dir() or computed
    if own and not set(clinical) - {expression}:
        return None
    if computed:
        raise ValueError(
            f"{folder}: {FEATURES}/ is read beside {CLINICAL_NAMES[0]}, expression.* "
            "and mri/, not beside downloads of TCIA and the GDC: move it away, or "
            f"write the labels to {CLINICAL_NAMES[0]}."
        )
    if found.clinical:
        return found
    if len(found.missing) == 3:
        raise FileNotFoundError(
            f"{folder}: no patients here: neither {CLINICAL_NAMES[0]}, "
            "expression.parquet (or .csv, .tsv), mri/ or features/, nor downloads of "
            "TCIA and the GDC."
        )
    return found


def choose_label(folder: Path, label: str | None) -> str:
    """The label to predict, where it may be left open: in a folder of downloads.

    Raises
    ------
    ValueError
        If it must be named; the message lists the columns there are.
    """
    if label is not None:
        return label
    if find_downloads(folder) is not None:
        return "disease_control"
    file = one_file(folder, CLINICAL_NAMES)
    columns = [] if file is None else list(read_patient_table(file).columns)
    raise ValueError(
        f"name the label: a column of {folder / CLINICAL_NAMES[0]}, which has "
        f"{', '.join(map(str, columns)) or 'none'}."
    )


def load_folder(
    folder: str | Path,
    *,
    label: str | None = None,
    positive: Any = None,
    **options: Any,
) -> Bunch:
    """Load a folder of patients, by `load_cohort` or, of downloads, `load_tcga_glioma`.

    Parameters
    ----------
    folder : str or Path
        Files and folders as `load_cohort` or `load_tcga_glioma` reads them.
    label : str, default=None
        Column of ``clinical.csv`` to predict; of a folder of downloads, the scheme by
        which words become labels, None being ``"disease_control"``.
    positive : class label or str, default=None
        See `load_cohort`.
    **options
        Other parameters that both functions have, such as `sequences`.

    Returns
    -------
    Bunch
        As `load_cohort` returns it; ``loader`` is the name of the function.

    Raises
    ------
    FileNotFoundError, ValueError
        One sentence that names the file, line or patient.

    See Also
    --------
    check_folder : Finds out what is wrong with a folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skmultimodal.datasets import load_folder
    >>> genes = "patient,TP53,EGFR\\nP1,1.5,2.0\\nP2,0.5,3.0\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "expression.csv").write_text(genes)
    ...     bunch = load_folder(folder)  # patients to be predicted
    >>> bunch.data, bunch.target, bunch.loader
    (Cohort(2 rows: 2 gene), None, 'load_cohort')
    """
    folder = Path(folder)
    if find_downloads(folder) is None:
        bunch = load_cohort(folder, label=label, positive=positive, **options)
        bunch.loader = "load_cohort"
        return bunch
    scheme: dict[str, Any] = {} if label is None else {"scheme": label}
    bunch = load_tcga_glioma(folder, positive=positive, **scheme, **options)
    bunch.loader = "load_tcga_glioma"
    return bunch
