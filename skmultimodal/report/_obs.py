"""Predictions of a fitted model in the table of a MuData or AnnData."""

from typing import Any

import pandas as pd

from skmultimodal.cohort import as_cohort
from skmultimodal.inspection import modality_contributions
from skmultimodal.report._predictions import prediction_table
from skmultimodal.utils._text import some
from skmultimodal.utils._warnings import warn

__all__ = ["predictions_to_obs"]


def predictions_to_obs(
    data: Any,
    model: Any,
    X: Any,
    *,
    contributions: bool = True,
    positive: Any = None,
    scale: str = "probability",
    prefix: str = "",
    overwrite: bool = False,
) -> pd.DataFrame:
    """Write predictions, and what each modality contributes, into ``data.obs``.

    Rows are matched by patient id. Patients of whom X has no row are left blank, with a
    warning that counts them.

    Parameters
    ----------
    data : mudata.MuData or anndata.AnnData
        Whose observations are patients, in memory or backed. Its ``obs`` is changed in
        place; a file is not, until it is written.
    model : estimator
        Fitted model of cohorts.
    X : Cohort, or other input that a cohort can be made of
        Patients to predict, as of ``Cohort.from_mudata``.
    contributions : bool, default=True
        Whether to write contributions, for which each patient is predicted with each
        set of their modalities.
    positive : class label, default=None
        Class whose contributions are written, as in `modality_contributions`.
    scale : {"probability", "log_odds"}, default="probability"
        Of the contributions, likewise.
    prefix : str, default=""
        Of the names of the columns.
    overwrite : bool, default=False
        Whether columns of these names may be replaced.

    Returns
    -------
    table : DataFrame of shape (n_obs, n_columns)
        The columns that were written, in the order of ``obs``: those of
        `prediction_table`, words as categories, and ``contribution_<modality>``, NaN
        where a patient lacks the modality.

    Raises
    ------
    TypeError
        If `data` has no ``obs``, as the path of a file.
    ValueError
        If a patient of X is not in ``obs``, or is in either twice, or a column exists.
    NotExplainableError
        If the model cannot predict some of the sets of modalities.

    See Also
    --------
    prediction_table : The same predictions, without a container.
    modality_contributions : The contributions, and summaries of them.

    Notes
    -----
    The probabilities of patients that the model was fitted to are not out of fold, and
    look better than those of new patients.

    Examples
    --------
    >>> import anndata
    >>> import pandas as pd
    >>> from skmultimodal import TwinTowerClassifier
    >>> from skmultimodal.datasets import make_glioma_cohort
    >>> from skmultimodal.report import predictions_to_obs
    >>> X, y = make_glioma_cohort(
    ...     30, 40, 20, n_genes=50, image_size=16, random_state=0, return_X_y=True
    ... )
    >>> adata = anndata.AnnData(obs=pd.DataFrame(index=X.index[::-1]))
    >>> model = TwinTowerClassifier(random_state=0).fit(X, y)
    >>> table = predictions_to_obs(adata, model, X)
    >>> adata.obs.columns.tolist()  # doctest: +NORMALIZE_WHITESPACE
    ['modalities', 'route', 'predicted', 'proba_0', 'proba_1', 'contribution_image',
     'contribution_gene']
    """
    if not hasattr(data, "obs") or not hasattr(data, "obs_names"):
        raise TypeError(
            "predictions are written into a MuData or an AnnData, got "
            f"{type(data).__name__}: read the file, and write it again afterwards."
        )
    cohort = as_cohort(X)
    ids = pd.Index(data.obs_names.astype(str))
    _check_ids(ids, cohort.index.astype(str))
    table = prediction_table(model, cohort)
    if contributions:
        options = {"positive": positive, "scale": scale}
        found = modality_contributions(model, cohort, **options).contributions
        table = table.join(found.add_prefix("contribution_"))
    table = table.add_prefix(prefix)
    there = [name for name in table if name in data.obs]
    if there and not overwrite:
        raise ValueError(
            f"obs has {some(there)} already: overwrite=True replaces such columns, and "
            "prefix='tower_' names others."
        )
    table = _for_file(table.set_axis(cohort.index.astype(str), axis=0).reindex(ids))
    for name, column in table.items():
        data.obs[name] = column.to_numpy() if column.dtype.kind == "f" else column.array
    return table


def _check_ids(ids: pd.Index, predicted: pd.Index) -> None:
    """Each patient must be in both once; those who are not predicted are counted."""
    for rows, where in ((ids, "obs"), (predicted, "X")):
        twice = rows[rows.duplicated()]
        if len(twice):
            raise ValueError(
                f"patient {twice[0]!r} is in {where} twice: leave one row out."
            )
    unknown = predicted[~predicted.isin(ids)]
    if len(unknown):
        raise ValueError(
            f"{len(unknown)} of {len(predicted)} patients of X are not in obs, such as "
            f"{unknown[0]!r}: give the container that X is of."
        )
    n_blank = len(ids) - len(predicted)
    if n_blank:
        warn(f"{n_blank} of {len(ids)} observations are not in X: they are left blank.")


def _for_file(table: pd.DataFrame) -> pd.DataFrame:
    """Words as categories of objects, which AnnData can write, unlike Arrow's."""
    words: list[Any] = [name for name in table if table[name].dtype.kind not in "iuf"]
    of_words = {name: table[name].astype(object).astype("category") for name in words}
    for name, column in of_words.items():
        kinds = pd.Index(column.cat.categories.astype(object), dtype=object)
        of_words[name] = column.cat.rename_categories(kinds)
    return table.assign(**of_words)
