"""Features that another model computed, such as embeddings: one vector per patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from skmultimodal.io._delimited import is_number
from skmultimodal.io._matrix import (
    check_values,
    read_cells,
    read_numbers,
    text_ids,
    with_ids,
)
from skmultimodal.io._missing import missing_cells
from skmultimodal.io._names import refuse_duplicates
from skmultimodal.io._provenance import read_sidecar
from skmultimodal.io._stored import STORED, ids_beside

__all__ = ["feature_modality", "files_beside", "read_patient_features"]

ENDINGS = ("csv", "tsv", *STORED)


def feature_modality(path: Path) -> str | None:
    """The modality that a file of features is named after, None if it is none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from skmultimodal.io._features import feature_modality
    >>> feature_modality(Path("features/slides.csv.gz"))
    'slides'
    """
    ending = _ending(path)
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    return None if ending is None else name[: -len(ending) - 1]


def files_beside(path: Path) -> set[Path]:
    """What is read beside a file of features: its provenance, and an array's ids."""
    beside = {path.with_name(f"{feature_modality(path)}.json")}
    return beside | {ids_beside(path)} if _ending(path) == "npy" else beside


def _ending(path: Path) -> str | None:
    plain = path.name.lower().removesuffix(".gz")
    found = [ending for ending in ENDINGS if plain.endswith(f".{ending}")]
    return found[0] if found else None


def read_patient_features(path: str | Path) -> pd.DataFrame:
    """Read one vector per patient, such as embeddings of a foundation model.

    Parameters
    ----------
    path : str or Path
        Any of these, possibly gzip:

        - ``.csv``, ``.tsv``: ids in the column named patient or the first.
        - ``.parquet``: the same, or ids in the index; a column of vectors is spread.
        - ``.npy``: an array, and ids, one a line, in ``<name>.ids.txt`` beside it.
        - ``.h5``: a dataset ``ids`` and one of shape (patients, features), or a vector
          for each patient, named as the patient.
        - ``.h5ad`` (AnnData): ``X``, or the only table of ``obsm``.

        ``<name>.json`` beside it may hold the provenance: encoder, version, licence.

    Returns
    -------
    DataFrame of shape (n_patients, n_features), float32
        Indexed by patient id, as text. ``attrs["notes"]`` lists all that was read
        otherwise than it is written, ``attrs["provenance"]`` is a dict of str to str:
        the JSON file and what the table's own metadata (parquet, HDF5, ``uns`` of
        AnnData) hold on encoder, version, licence and source.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, an id is missing or duplicated, or a cell is no
        number.
    ImportError
        If h5py or anndata is needed and absent (``skmultimodal[omics]``).

    Warns
    -----
    ReadWarning
        If a value looks like a code for missing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skmultimodal.io import read_patient_features
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "slides.npy", np.ones((2, 3)))
    ...     _ = (Path(folder) / "slides.ids.txt").write_text("007\\n012\\n")
    ...     _ = (Path(folder) / "slides.json").write_text('{"encoder": "E"}')
    ...     table = read_patient_features(Path(folder) / "slides.npy")
    >>> table.index.tolist(), table.shape, table.attrs["provenance"]
    (['007', '012'], (2, 3), {'encoder': 'E'})
    """
    path = Path(path)
    ending = _ending(path)
    if ending is None:
        raise ValueError(
            f"{path}: features are read from {', '.join(ENDINGS)}, possibly .gz."
        )
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file.")
    if ending in STORED:
        table, own = STORED[ending](path)
        tidy = _tidy(table, path)
    else:
        table, found = read_cells(path)
        european, own = found.sep == ";", {}
        tidy = _tidy(table, path, found.first_line, european, found.notes)
    sidecar = path.with_name(f"{feature_modality(path)}.json")
    tidy.attrs["provenance"] = read_sidecar(sidecar, own)
    return tidy


def _tidy(
    table: pd.DataFrame,
    path: Path,
    first_line: int = 1,
    european: bool = False,
    notes: list[str] | None = None,
) -> pd.DataFrame:
    """Patients x features, float32."""
    notes = list(notes or ())
    table = with_ids(table, path, first_line, notes)
    if table.shape[0] == 0 or table.shape[1] == 0:
        raise ValueError(
            f"{path}: {table.shape[0]} patients and {table.shape[1]} features."
        )
    ids = table.index
    missing = missing_cells(ids)
    if missing.any():
        row = int(missing.argmax()) + first_line
        raise ValueError(f"{path}, line {row}: a row without a patient id.")
    if all(map(is_number, ids)) and (ids.astype(float) % 1 != 0).any():
        raise ValueError(
            f"{path}: the first column holds fractions, which are no ids: put the "
            "patient ids first, in a column named 'patient'."
        )
    refuse_duplicates(ids, "patient ids", path)
    names = text_ids(table.columns)
    if names.isna().any() or (names == "").any():
        raise ValueError(f"{path}: a column without a name.")
    refuse_duplicates(names, "feature names", path)
    values = read_numbers(table, path, first_line, european, notes)
    check_values(values, ids, names, path, notes, what="feature")
    tidy = pd.DataFrame(
        np.ascontiguousarray(values),
        index=pd.Index(ids, dtype="str", name="patient"),
        columns=pd.Index(names, dtype="str", name="feature"),
        copy=False,
    )
    tidy.attrs = {"notes": notes}
    return tidy
