"""Conversion of cohorts from and to MuData and AnnData, containers of omics."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._sparse import sparse_of
from skmultimodal.utils._stored import open_block
from skmultimodal.utils._text import some

__all__ = ["make_mudata", "read_mudata", "without_pulling"]

# AnnData's own matrix is 2-D: rows of another shape are kept under this key.
ROWS = "rows"
# In ``uns`` of their AnnData: where the axes of images lie in the body.
AXES = "image_axes"


@dataclass(frozen=True)
class _Part:
    """One AnnData, in memory or in a file."""

    name: str
    ids: pd.Index
    features: pd.Index
    obs: pd.DataFrame
    X: Any
    layers: Mapping[str, Any]
    obsm: Mapping[str, Any]
    uns: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, data: Any) -> "_Part":
        if getattr(data, "isbacked", False) and data.is_view:
            raise ValueError(
                f"modality {name!r} is a part of a backed AnnData, whose rows cannot "
                "be read again: make the cohort of the whole, and take rows of that."
            )
        tables = data.obs_names, data.var_names, data.obs
        return cls(name, *tables, data.X, data.layers, data.obsm, data.uns)

    @classmethod
    def of_group(cls, name: str, group: Any) -> "_Part":
        obs, var = _read_element(group["obs"]), _read_element(group["var"])
        layers, obsm, uns = (group.get(n) or {} for n in ("layers", "obsm", "uns"))
        uns = {AXES: _read_element(uns[AXES])} if AXES in uns else {}
        return cls(name, obs.index, var.index, obs, group.get("X"), layers, obsm, uns)

    @property
    def holds_images(self) -> bool:
        """Whether rows are not of variables, but the array that `make_mudata` keeps."""
        return not len(self.features) and ROWS in self.obsm

    @property
    def axes(self) -> Any:
        """Of images, as of ``Cohort(axes=)``; None where unknown."""
        kept = self.uns.get(AXES) if self.holds_images else None
        if not kept:
            return None
        letters, spacing = str(kept["letters"]), kept.get("spacing")
        return letters if spacing is None else (letters, tuple(spacing))

    @property
    def layer_names(self) -> list[str]:
        """Without that of ``X``, which anndata calls None since 0.13."""
        return [name for name in self.layers if name is not None]

    def rows(self, layer: str | None) -> Any:
        """Rows of ``X`` or of a layer, with the names of the variables."""
        if layer is not None and layer not in self.layers:
            raise ValueError(
                f"layers: modality {self.name!r} has no layer {layer!r}, but "
                f"{some(self.layer_names) or 'none at all'}."
            )
        if layer is None and self.holds_images:
            return self.embedding(self.name, ROWS)
        rows = self.X if layer is None else self.layers[layer]
        if rows is None:
            raise ValueError(
                f"modality {self.name!r} has no X: name one of its layers "
                f"({some(self.layer_names) or 'it has none'}), as in "
                f"layers={{{self.name!r}: 'log1p'}}."
            )
        self._refuse_twice()
        block = open_block(self.name, rows)
        if hasattr(block, "feature_names"):
            block.feature_names = [str(feature) for feature in self.features]
            return block
        return pd.DataFrame(np.asarray(block), self.ids, self.features)

    def embedding(self, name: str, key: str) -> Any:
        """Rows of one array of ``obsm``."""
        if key not in self.obsm:
            raise ValueError(
                f"obsm: modality {self.name!r} has no array {key!r} for {name!r}, but "
                f"{some(self.obsm) or 'none at all'}."
            )
        rows = self.obsm[key]
        if getattr(rows, "attrs", {}).get("encoding-type") == "dataframe":
            rows = _read_element(rows)
        return rows if isinstance(rows, pd.DataFrame) else open_block(name, rows)

    def _refuse_twice(self) -> None:
        twice = self.features[self.features.duplicated()].unique()
        if len(twice):
            raise ValueError(
                f"modality {self.name!r} has {len(twice)} variable names that occur "
                f"twice or more, such as {', '.join(map(repr, twice[:3]))}, so that "
                "later data cannot be matched by name: call var_names_make_unique() "
                "of its AnnData, which numbers them, or merge each set into one."
            )


def read_mudata(
    data: Any,
    layers: Mapping[str, str] | None = None,
    obsm: Mapping[str, tuple[str, str]] | None = None,
    label: str | None = None,
    columns: Sequence[str] | None = None,
    name: str = "rna",
) -> tuple[dict[str, Any], pd.Series | None]:
    """What a MuData or AnnData holds as a cohort, and the labels.

    Parameters
    ----------
    data : MuData, AnnData, str or path
    layers, obsm, label, columns, name
        As of ``Cohort.from_mudata``.

    Returns
    -------
    found : dict
        Arguments of ``Cohort``: ``blocks``, a dict of str to (ids, rows), of which rows
        that are read from a file, or sparse, stay lazy; ``index``, ``metadata`` and the
        ``axes`` of images.
    y : Series of shape (n_rows,) or None

    Raises
    ------
    ValueError
        If its modalities share variables rather than patients, variables have equal
        names, or there is no such modality, layer, array or column.
    """
    layers, obsm = dict(layers or {}), dict(obsm or {})
    with _parts(data, name) as (parts, obs):
        _refuse_unknown([*layers, *(part for part, _ in obsm.values())], parts)
        blocks = {n: (part.ids, part.rows(layers.get(n))) for n, part in parts.items()}
        for new, (part, key) in obsm.items():
            if new in parts:
                raise ValueError(
                    f"obsm: there is a modality {new!r} already: choose another name."
                )
            blocks[new] = parts[part].ids, parts[part].embedding(new, key)
        y = None if label is None else _labels(obs, label, parts)
        kept = _covariates(obs, label, columns)
        known = {n: part.axes for n, part in parts.items() if part.axes is not None}
    found = {"blocks": blocks, "index": pd.Index(obs.index), "metadata": kept}
    return found | {"axes": known or None}, y


def _refuse_unknown(chosen: Sequence[str], parts: Mapping[str, _Part]) -> None:
    unknown = [name for name in chosen if name not in parts]
    if unknown:
        raise ValueError(
            f"layers and obsm name the modality {unknown[0]!r}; there is {some(parts)}."
        )


@contextmanager
def _parts(data: Any, name: str) -> Iterator[tuple[dict[str, _Part], pd.DataFrame]]:
    """The AnnData of each modality, and the table of all observations."""
    if isinstance(data, str | os.PathLike):
        with _opened(Path(data)) as root:
            _refuse_shared_variables(root.attrs.get("axis", 0))
            if "mod" not in root:
                part = _Part.of_group(name, root)
                yield {name: part}, part.obs
                return
            groups = root["mod"]
            order = [str(n) for n in groups.attrs.get("mod-order", list(groups))]
            parts = {n: _Part.of_group(n, groups[n]) for n in order}
            yield parts, _read_element(root["obs"])
        return
    _refuse_shared_variables(getattr(data, "axis", 0))
    if not hasattr(data, "mod"):
        if not hasattr(data, "obs_names"):
            raise TypeError(
                "from_mudata takes a MuData, an AnnData or the path of a file of one, "
                f"got {type(data).__name__}."
            )
        yield {name: _Part.of(name, data)}, data.obs
        return
    yield {n: _Part.of(n, part) for n, part in data.mod.items()}, data.obs


def _refuse_shared_variables(axis: int) -> None:
    if axis != 0:
        raise ValueError(
            f"the MuData has axis={axis}: its modalities must share their "
            "observations (axis=0), which are the patients."
        )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The root of an h5ad, h5mu or zarr file."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file.")
    if path.is_dir():
        yield import_optional("zarr", "bags").open_group(str(path), mode="r")
        return
    h5py = import_optional("h5py", "omics")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(
            f"{path} is no h5ad or h5mu file, or is damaged ({error})."
        ) from error
    with file:
        yield file


def _read_element(group: Any) -> Any:
    return import_optional("anndata", "omics").io.read_elem(group)


def _labels(obs: pd.DataFrame, label: str, parts: Mapping[str, _Part]) -> pd.Series:
    """A column of the observations, None (NaN among numbers) where unknown."""
    if label not in obs:
        there = [name for name, part in parts.items() if label in part.obs]
        remedy = f"it has {some(obs.columns) or 'no columns'}"
        if there:
            remedy = f"modality {there[0]!r} has: mdata.pull_obs({label!r}) copies it"
        raise ValueError(f"label: obs has no column {label!r}; {remedy}.")
    y = obs[label]
    if isinstance(y.dtype, pd.CategoricalDtype):
        if pd.api.types.is_bool_dtype(y.cat.categories.dtype):
            y = y.astype(object)
        else:
            y = pd.Series(y.to_numpy(), y.index, name=label)
    if pd.api.types.is_numeric_dtype(y.dtype) and isinstance(y.dtype, np.dtype):
        return y
    return y.astype(object).where(y.notna(), None)


def _covariates(
    obs: pd.DataFrame, label: str | None, columns: Sequence[str] | None
) -> pd.DataFrame | None:
    if isinstance(columns, str):
        raise TypeError(f"columns is a list of columns of obs, got {columns!r}.")
    unknown = [column for column in columns or () if column not in obs]
    if unknown:
        raise ValueError(
            f"columns: obs has no column {unknown[0]!r}; it has "
            f"{some(obs.columns) or 'no columns'}."
        )
    if label is not None and columns is not None and label in columns:
        raise ValueError(
            f"columns: {label!r} is the label, which is no covariate: leave it out."
        )
    # MuData copies columns of a modality as "rna:response".
    kept = (
        columns
        if columns is not None
        else [c for c in obs if label is None or str(c).split(":")[-1] != label]
    )
    return obs[list(kept)] if len(kept) else None


def make_mudata(cohort: Any) -> Any:
    """MuData of the rows of a Cohort, which MuData orders by modality.

    Raises
    ------
    ValueError
        If a patient has two rows, or a modality is one of bags.
    """
    anndata = import_optional("anndata", "omics")
    mudata = import_optional("mudata", "omics")
    ids = cohort.index.astype(str)
    if ids.has_duplicates:
        raise ValueError(
            f"patient {ids[ids.duplicated()][0]!r} has two rows, and a MuData holds "
            "one per patient: leave one out."
        )
    parts = {}
    for name in cohort.modalities:
        rows = cohort.block(name)
        matrix = sparse_of(rows)
        rows = np.asarray(rows) if matrix is None else matrix
        if rows.ndim == 1:
            raise ValueError(
                f"modality {name!r} holds bags, sets of vectors of varying number, "
                f"which a MuData cannot: leave it out with without({name!r})."
            )
        obs = pd.DataFrame(index=ids[cohort.has(name)])
        if rows.ndim == 2:
            names = cohort.feature_names(name)
            names = names or [f"{name}{i}" for i in range(rows.shape[1])]
            parts[name] = anndata.AnnData(rows, obs, pd.DataFrame(index=names))
        else:
            uns = _axes_of(cohort, name)
            parts[name] = anndata.AnnData(obs=obs, obsm={ROWS: rows}, uns=uns)
    with without_pulling(mudata):
        mdata = mudata.MuData(parts)
    if cohort.metadata is not None:
        mdata.obs = cohort.metadata.set_axis(ids, axis=0).loc[mdata.obs_names]
    return mdata


def without_pulling(mudata: Any) -> Any:
    """A block in which a MuData copies no column of its modalities to its own."""
    if hasattr(mudata, "set_options"):  # before 0.4
        return mudata.set_options(pull_on_update=False)
    return mudata.settings.override(pull_on_update=False)


def _axes_of(cohort: Any, name: str) -> dict[str, Any]:
    """What ``uns`` keeps of the axes of images."""
    if name not in cohort.axes:
        return {}
    letters, spacing = cohort.axes[name]
    kept = {"letters": letters}
    # Files of AnnData hold no None.
    return {AXES: kept if spacing is None else kept | {"spacing": np.array(spacing)}}
