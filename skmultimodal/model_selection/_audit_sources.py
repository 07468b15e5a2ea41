"""What the shortcut audit predicts the label from, and by what."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import check_random_state

from skmultimodal.cohort import Cohort
from skmultimodal.model_selection._folds import Fold, labels_of, paired_rows
from skmultimodal.towers._outcomes import ClassLabels, Numbers
from skmultimodal.utils._alignment import name_some, refuse_unknown_columns
from skmultimodal.utils._covariates import read_covariate
from skmultimodal.utils._leaks import follows_label, follows_number
from skmultimodal.utils._warnings import warn

__all__ = [
    "PRESENCE",
    "Source",
    "Training",
    "check_outcomes",
    "covariate_predictor",
    "metadata_sources",
    "presence_source",
    "trainings",
]

PRESENCE = "modalities present"
EVERY_COLUMN = "all columns"


class Training(NamedTuple):
    """Folds whose training rows are all that are labelled, or the paired ones."""

    rows: str
    folds: list
    ratio: float  # of test to training rows that differ between folds


class Source(NamedTuple):
    """Covariates that the label is predicted from, one row per row of `y`."""

    name: str
    columns: pd.DataFrame
    y: np.ndarray
    trainings: list
    kind: str
    tested: str
    read_as: str


def covariate_predictor(columns: Any, final: Any) -> Pipeline:
    """An estimator of a table, whose columns are floats or categories."""
    is_number = [pd.api.types.is_float_dtype(t) for t in columns.dtypes]
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    words = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer(
            (numbers, np.flatnonzero(is_number)),
            (words, np.flatnonzero(~np.array(is_number))),
            sparse_threshold=0,
        ),
        final,
    )


def trainings(folds: Any, X: Any, target: Any, ratio: float) -> list[Any]:
    """The folds with all labelled training rows, and with the paired ones of them.

    Not with the paired ones if these are all there are, or teach nothing in some fold,
    as those of one class do.
    """
    labelled = target.codes >= 0
    paired = labelled & paired_rows(folds, X)
    found = [Training("all", _keep(folds, labelled), ratio)]
    codes = [target.codes[f.train[paired[f.train]]] for f in folds]
    alike = any(not len(c) or not target.outcome.differ(c) for c in codes)
    if not alike and any((labelled & ~paired)[f.train].any() for f in folds):
        found.append(Training("paired", _keep(folds, paired), ratio))
    return found


def _keep(folds: Any, kept: Any) -> list[Any]:
    return [fold._replace(train=fold.train[kept[fold.train]]) for fold in folds]


def presence_source(
    cohort: Cohort,
    target: Any,
    folds: Any,
    groups: Any,
    random_state: int | np.random.RandomState | None,
) -> Source:
    """The modalities present, on a partition of all labelled rows.

    It is stratified by class (fifth, event) only: by pattern too, training shares of
    the classes of each pattern would be those of the test rows, and no label would be
    unrelated.
    """
    labelled = np.flatnonzero(target.codes >= 0)
    labels, names = labels_of(target.y, labelled), cohort.patterns[labelled]
    codes = target.codes[labelled]
    n_repeats = folds[-1].repeat + 1
    smallest = np.unique(codes, return_counts=True)[1].min()
    n_splits = max(2, min(len(folds) // n_repeats, smallest))
    options = {"shuffle": True, "random_state": check_random_state(random_state)}
    splitter = StratifiedKFold(n_splits, **options)
    if groups is not None:
        groups = np.asarray(groups)[labelled].astype(str)
        n_splits = min(n_splits, len(np.unique(groups)))
        splitter = StratifiedGroupKFold(max(2, n_splits), **options)
    partition = [
        Fold(repeat, number, train, test)
        for repeat in range(n_repeats)
        for number, (train, test) in enumerate(splitter.split(codes, codes, groups))
    ]
    ratio = sum(len(f.test) for f in partition) / sum(len(f.train) for f in partition)
    columns = pd.DataFrame({PRESENCE: names}, dtype=object)
    training = [Training("all", partition, ratio)]
    of = "presence", "all labelled", "category"
    return Source(PRESENCE, columns, labels, training, *of)


def check_outcomes(table: Any, outcomes: Any, baseline: Any, site: Any) -> list[str]:
    """Columns that are known only after the label: list of str."""
    outcomes = list(outcomes or [])
    refuse_unknown_columns(table, outcomes, "outcomes")
    both = [name for name in outcomes if name in (*(baseline or []), site)]
    if both:
        raise ValueError(
            f"column {both[0]!r} is in outcomes, and is given as known before the "
            "label too: leave it out of one."
        )
    return outcomes


def metadata_sources(
    table: pd.DataFrame | None,
    target: Any,
    on_folds: Any,
    baseline: list[str] | None,
    site: str | None,
    outcomes: Sequence[str] = (),
) -> list[Any]:
    """Each column of the metadata, and all of them (of the baseline, if it is named).

    Parameters
    ----------
    table : DataFrame or None
        One row per patient.
    target : Target
    on_folds : list of Training
    baseline : list of str or None
        Columns that were known before the outcome.
    site : str or None
        Column of the hospital, which always is.
    outcomes : list of str, default=()
        Columns that were not.

    Returns
    -------
    sources : list of Source
    """
    refuse_unknown_columns(table, baseline or [], "baseline")
    if table is None or not table.shape[1]:
        return []
    table = table.reset_index(drop=True).rename(columns=str)
    covariates = {str(n): read_covariate(table[n]) for n in table}
    _warn_of_cells(covariates)
    judged = table.drop(columns=outcomes) if baseline is None else table[baseline]
    _warn_of_label(judged, target)
    read = {n: found for n, found in covariates.items() if found.kind != "text"}
    known = [n for n in read if baseline is None or n in (*baseline, site)]
    known = [name for name in known if name not in outcomes]
    sources = [
        Source(
            name,
            pd.DataFrame({name: found.values}),
            target.y,
            on_folds,
            "metadata" if name in known else "later",
            "cv",
            found.kind,
        )
        for name, found in read.items()
    ]
    if len(known) > 1:
        every = pd.concat([s.columns for s in sources if s.name in known], axis=1)
        rest = target.y, on_folds, "metadata", "cv", "mixed"
        sources.append(Source(EVERY_COLUMN, every, *rest))
    return sources


def _warn_of_cells(covariates: Any) -> None:
    """Warn of columns that are left out, and of cells that are taken as missing."""
    texts = [name for name, found in covariates.items() if found.kind == "text"]
    if texts:
        warn(
            f"{len(texts)} columns of the metadata are left out of the audit, such as "
            f"{name_some(texts)}: their texts are nearly all different, so that they "
            "are no categories. Derive some from them, or a number."
        )
    odd = {name: found.odd for name, found in covariates.items() if found.odd}
    if odd:
        shown = [
            f"{len(cells)} of {name!r}, read as a {covariates[name].kind}, such as "
            f"{name_some(cells)}"
            for name, cells in list(odd.items())[:3]
        ]
        warn(
            f"metadata has different texts that are taken as missing in {len(odd)} "
            f"columns: {'; '.join(shown)}."
        )


def _warn_of_label(table: Any, target: Any) -> None:
    labelled = target.codes >= 0
    y, codes, table = target.y[labelled], target.codes[labelled], table.loc[labelled]
    what = "class"
    found = []
    if not isinstance(target.outcome, ClassLabels):
        numbers, what = (y["time"], "time") if y.dtype.names else (y, "number")
        read = {name: read_covariate(table[name]) for name in table}
        found = [
            name
            for name, column in read.items()
            if column.kind in ("number", "date")
            and follows_number(column.values, numbers)
        ]
    if not found and not isinstance(target.outcome, Numbers):
        found = [name for name in table if follows_label(table[name], codes)]
        what = "class" if what == "class" else "state, event or censored"
    if found:
        warn(
            f"column {found[0]!r} of the metadata has one value for each {what}: if it "
            "is the label under another name, it is no shortcut. Leave it out of "
            "metadata then."
        )
