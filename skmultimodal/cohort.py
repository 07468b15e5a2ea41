"""`Cohort`, a table whose rows are patients and whose columns are modalities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmultimodal.utils._alignment import align_metadata
from skmultimodal.utils._anatomy import Axes
from skmultimodal.utils._concat import concat_stores
from skmultimodal.utils._ids import take_ids
from skmultimodal.utils._mudata import make_mudata, read_mudata
from skmultimodal.utils._patterns import choose_names, count_patterns, name_patterns
from skmultimodal.utils._rows import NO_ARRAY, row_positions
from skmultimodal.utils._sparse import held_bytes
from skmultimodal.utils._store import (
    Block,
    Store,
    bare_blocks,
    block_rows,
    carry_ids,
    check_patient_ids,
    compact_store,
    make_block,
    make_store,
    store_from_frame,
    with_axes,
)
from skmultimodal.utils._tables import make_frame, make_html, named_table

__all__ = ["Cohort", "as_cohort"]


class Cohort:
    """Table with one row per patient and one column per modality; cells may be missing.

    A cohort slices like an array, so it is an ``X`` for scikit-learn's splitters,
    searches and meta-estimators. Slicing copies no block: a view is an index vector
    over shared blocks, which must therefore not be modified.

    Parameters
    ----------
    blocks : dict of str to rows
        Maps the name of each modality to its rows, all in one of two forms.

        - Positional: arrays of equal length n, row i being the same patient in each. A
          row that is entirely NaN, or None in an object array or list, is missing.
        - Keyed: DataFrames indexed by patient id, or ``(ids, array)`` pairs. They are
          outer-joined by id, rows in order of first appearance.

        Rows may be bags, sets of vectors: a list of arrays (n_instances, n_features).

        An array may be lazy: anything with ``shape``, ``dtype`` and ``__getitem__`` by
        an integer array (a memmap, an h5py or zarr dataset), or a sparse matrix of
        scipy or of an AnnData file. Rows are read, or made dense in float32, batch by
        batch, and all count as present. It may have ``feature_names``.
    index : array-like of shape (n_rows,), default=None
        Patient ids. In the keyed form: the patients to keep, in this order.
    metadata : DataFrame, default=None
        Covariates (age, site, ...), by patient id, or with a default index in row
        order, which keyed blocks have from `index` only. Patients it lacks get NaN.
    axes : dict of str to str or (str, spacing), default=None
        Where the axes of images lie in the body, by modality: the direction of each
        one after the channels, such as ``"LP"`` (to the left, to the back; R, A, S and
        I likewise), and mm between pixels. Pictures then show the patient as
        radiologists expect, the right side at the left.

    Raises
    ------
    ValueError
        If an id or a column occurs twice in a block, or plain arrays differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> image = np.ones((3, 1, 4, 5), dtype=np.float32)
    >>> gene = np.array([[np.nan] * 2, [1, 2], [3, 4]])
    >>> X = Cohort({"image": image, "gene": gene}, index=["a", "b", "c"])
    >>> X
    Cohort(3 rows: 1 image, 2 image+gene)
    >>> X[X.paired].index.tolist()
    ['b', 'c']
    """

    def __init__(
        self,
        blocks: Mapping[str, Any],
        *,
        index: Any = None,
        metadata: pd.DataFrame | None = None,
        axes: Mapping[str, Any] | None = None,
    ) -> None:
        store = make_store(blocks, index)
        if metadata is not None:
            ordered = index is not None or not carry_ids(blocks)  # by the caller
            table = align_metadata(metadata, store.index, by_position=ordered)
            store = replace(store, metadata=table)
        if axes is not None:
            store = with_axes(store, axes)
        self._store = store
        self._rows = np.arange(len(store.index))
        self._modalities = list(blocks)

    @classmethod
    def _view(
        cls, store: Store, rows: NDArray[np.intp], modalities: list[str]
    ) -> Cohort:
        view = cls.__new__(cls)
        view._store, view._rows, view._modalities = store, rows, modalities
        return view

    @classmethod
    def _of(cls, store: Store) -> Cohort:
        return cls._view(store, np.arange(len(store.index)), list(store.blocks))

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities, in the order of `blocks`."""
        return list(self._modalities)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and of modalities."""
        return len(self._rows), len(self._modalities)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def index(self) -> pd.Index:
        """Patient ids of the rows."""
        return take_ids(self._store.index, self._rows)

    @property
    def metadata(self) -> pd.DataFrame | None:
        """Covariates of the rows, or None: DataFrame of shape (n_rows, n_columns)."""
        table = self._store.metadata
        return None if table is None else table.iloc[self._rows]

    @property
    def axes(self) -> dict[str, Axes]:
        """Axes of the modalities of images that have some: ``(letters, spacing)``."""
        blocks = {name: self._block(name) for name in self._modalities}
        return {name: b.axes for name, b in blocks.items() if b.axes is not None}

    def has(self, name: str) -> NDArray[np.bool_]:
        """Whether each row has modality `name`: boolean array of shape (n_rows,)."""
        return self.positions(name) >= 0

    @property
    def available(self) -> pd.DataFrame:
        """Whether each row has each modality: boolean, (n_rows, n_modalities)."""
        columns = {name: self.has(name) for name in self._modalities}
        return pd.DataFrame(columns, index=self.index)

    @property
    def paired(self) -> NDArray[np.bool_]:
        """Whether each row has every modality: boolean array of shape (n_rows,)."""
        return np.all([self.has(name) for name in self._modalities], axis=0)

    @property
    def patterns(self) -> NDArray[Any]:
        """Modalities of each row, such as ``"image+gene"``: (n_rows,) array of str."""
        return name_patterns({name: self.has(name) for name in self._modalities})

    def summary(self) -> pd.Series:
        """Number of rows of each pattern, fewest modalities first."""
        return count_patterns(self.patterns, self._modalities)

    def feature_names(self, name: str) -> list[str] | None:
        """Column names of a 2-D modality, None where the data came without names."""
        names = self._block(name).names
        return None if names is None else list(names)

    def block(self, name: str) -> Any:
        """Rows of the patients that have modality `name`, in row order.

        An array of shape (n_present, ...), the block itself or a view of it where
        these rows are contiguous; a lazy block gives a lazy view.
        """
        positions = self.positions(name)
        present = positions[positions >= 0]
        return block_rows(self._block(name), present)

    def table(self, name: str) -> pd.DataFrame:
        """Rows of the patients that have a 2-D modality, by patient id.

        Columns have the names and types (dates, categories, booleans, ...) of the
        DataFrame that the modality came as; those of an array are numbered. Images are
        a ValueError.
        """
        return named_table(self, name)

    def column_types(self, name: str) -> list[Any] | None:
        """Types of the columns of a table; None if ``block(name)`` has that of all."""
        return self._block(name).types

    def block_shape(self, name: str) -> tuple[int, ...]:
        """Shape of ``block(name)``, without reading it."""
        return (int(self.has(name).sum()), *self._block(name).rows.shape[1:])

    def positions(self, name: str) -> NDArray[np.intp]:
        """Place of each row in the shared block of `name`, -1 where it is missing."""
        self._block(name)
        return self._store.positions[name][self._rows]

    def widest(self, name: str) -> Cohort:
        """All patients with modality `name` in the cohort that this is a view of."""
        rows = np.flatnonzero(self._store.positions[name] >= 0)
        return self._view(self._store, rows, [name])

    def content_key(self, name: str, make_key: Callable[[Any, bool], str]) -> str:
        """Key of the content that a shared block has now."""
        block = self._block(name)
        return make_key(block.rows, block.lazy)

    def _block(self, name: str) -> Block:
        if name not in self._modalities:
            raise KeyError(
                f"no modality {name!r} in this cohort, which has {self._modalities}."
            )
        return self._store.blocks[name]

    def __getitem__(self, key: Any) -> Cohort:
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, ...)
        names = choose_names(columns, self._modalities)
        for name in names:
            self._block(name)
        taken = self._rows[row_positions(rows, len(self))]
        return self._view(self._store, taken, names)

    def without(self, name: str) -> Cohort:
        """The same rows without modality `name`."""
        self._block(name)
        return self[:, [other for other in self._modalities if other != name]]

    def hide(self, name: str, rows: Any) -> Cohort:
        """The same rows, of which `rows` (as for indexing) lack modality `name`."""
        self._block(name)
        places = self._store.positions[name].copy()
        places[self._rows[row_positions(rows, len(self))]] = -1
        positions = {**self._store.positions, name: places}
        store = replace(self._store, positions=positions)
        return self._view(store, self._rows, self.modalities)

    def with_block(self, name: str, rows: Any, names: Any = None) -> Cohort:
        """The same rows with other values in a modality; `names` None keeps its names.

        `rows` are of the shape of ``block(name)``, which stays as it is; the other
        modalities are shared, not copied.
        """
        rows, shape = np.asarray(rows), self.block_shape(name)
        if rows.shape != shape:
            raise ValueError(f"modality {name!r} has shape {shape}, got {rows.shape}.")
        positions = {other: self.positions(other) for other in self._modalities}
        blocks = {other: self._block(other) for other in self._modalities}
        made = make_block(rows, names or self.feature_names(name))
        blocks[name] = replace(made, axes=blocks[name].axes)
        has = self.has(name)
        positions[name] = np.where(has, np.cumsum(has) - 1, -1)
        return self._of(Store(blocks, positions, self.index, self.metadata))

    def compact(self) -> Cohort:
        """The same rows, with only these in memory; lazy blocks stay on disk."""
        names = self._modalities
        blocks = {name: self._block(name) for name in names}
        positions = {name: self.positions(name) for name in names}
        return self._of(compact_store(blocks, positions, self.index, self.metadata))

    @staticmethod
    def concat(cohorts: Sequence[Cohort]) -> Cohort:
        """Stack cohorts of different patients; modalities that one lacks are missing.

        Views of one cohort are stacked without a copy, and may share patients. Blocks
        of different cohorts are copied if they are in memory; lazy ones stay on disk.

        Raises
        ------
        ValueError
            If a patient id is in two cohorts, or their features disagree.
        """
        cohorts = list(cohorts)
        if not cohorts:
            raise ValueError("concat needs at least one cohort.")
        if len({(id(c._store), *c._modalities) for c in cohorts}) == 1:  # all views
            rows = np.concatenate([c._rows for c in cohorts])
            return Cohort._view(cohorts[0]._store, rows, cohorts[0].modalities)
        stores = [c.compact()._store for c in cohorts]
        return Cohort._of(concat_stores(stores))

    @classmethod
    def from_frame(cls, df: pd.DataFrame, columns: Mapping[str, Any]) -> Cohort:
        """Build a cohort from the columns of one table with one row per patient.

        Parameters
        ----------
        df : DataFrame of shape (n_rows, n_columns)
            Indexed by patient id.
        columns : dict of str to list of labels, or label
            The columns of each modality. A single label names a column whose cells
            are arrays of equal shape, or None. Columns not named become metadata.

        Returns
        -------
        cohort : Cohort
        """
        check_patient_ids(df.index, "the table")
        return cls._of(store_from_frame(df, columns))

    def to_frame(self) -> pd.DataFrame:
        """One table of all rows: the inverse of `from_frame`, without the metadata.

        A 2-D modality has one column per feature (``gene0``, ... without names), others
        one column of arrays. Two columns of one name are a ValueError.
        """
        return make_frame(self)

    @classmethod
    def from_mudata(
        cls,
        mdata: Any,
        *,
        layers: Mapping[str, str] | None = None,
        obsm: Mapping[str, tuple[str, str]] | None = None,
        label: str | None = None,
        columns: Sequence[str] | None = None,
        name: str = "rna",
    ) -> Any:
        """Build a cohort from a MuData or AnnData, whose observations are patients.

        Sparse matrices and what is in a file are lazy blocks. A file that is given by
        its path is closed again; only `obs` and `var` are read.

        Parameters
        ----------
        mdata : mudata.MuData, anndata.AnnData, str or path
            In memory or backed, or the path of an ``.h5mu``, ``.h5ad`` or zarr file.
        layers : dict of str to str, default=None
            Layers in place of ``X``, such as ``{"rna": "log1p"}``. Rows of a modality
            without variables are its ``obsm["rows"]``.
        obsm : dict of str to (modality, key), default=None
            Further modalities, such as ``{"scgpt": ("rna", "X_scGPT")}``.
        label : str, default=None
            Column of ``obs`` that is returned as `y`, and is not in the metadata.
        columns : list of str, default=None
            Columns of ``obs`` that become the metadata. None takes all.
        name : str, default="rna"
            Of the modality, where `mdata` is an AnnData.

        Returns
        -------
        cohort : Cohort
            With `label`, a pair of it and `y`, a Series with None or NaN where unknown.
        """
        options = layers, obsm, label, columns, name
        found, y = read_mudata(mdata, *options)
        cohort = cls(**found)
        return cohort if y is None else (cohort, y)

    def to_mudata(self) -> Any:
        """A ``mudata.MuData`` of all rows, read whole: the inverse of `from_mudata`.

        It orders patients by modality; images are in ``obsm["rows"]``, and their `axes`
        in ``uns["image_axes"]``.
        """
        return make_mudata(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError(NO_ARRAY)

    def __sizeof__(self) -> int:
        # Dask sends objects of this size to its workers once, not with every task.
        return 1000 + sum(
            held_bytes(b.rows, b.lazy) for b in self._store.blocks.values()
        )

    def __repr__(self) -> str:
        parts = [f"{count} {pattern}" for pattern, count in self.summary().items()]
        return f"Cohort({len(self)} rows: {', '.join(parts) or 'empty'})"

    def _repr_html_(self) -> str:
        return make_html(self)


def as_cohort(X: Any, columns: Mapping[str, Any] | None = None) -> Cohort:
    """Read any accepted ``X`` as a cohort.

    Parameters
    ----------
    X : Cohort, dict of aligned arrays, DataFrame or array
        One bare array is one modality: 2-D is ``"gene"``, 4-D is ``"image"``.
    columns : dict of str to columns, default=None
        With a DataFrame or 2-D array: the columns of each modality.

    Returns
    -------
    cohort : Cohort
        `X` itself if it is one.

    Examples
    --------
    >>> from skmultimodal.cohort import as_cohort
    >>> as_cohort([[0.5, 1.5], [2.0, 1.0]])
    Cohort(2 rows: 2 gene)
    """
    if isinstance(X, Cohort):
        return X
    if isinstance(X, Mapping):
        return Cohort(X)
    if isinstance(X, pd.DataFrame):
        # Rows of a DataFrame may repeat here, as after a bootstrap.
        return Cohort._of(store_from_frame(X, columns or {"gene": list(X.columns)}))
    return Cohort(bare_blocks(X, columns))
