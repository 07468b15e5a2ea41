"""Weights that make the tested patients stand for all, and what they rest on."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._audit_sources import covariate_predictor
from skmultimodal.model_selection._tested_rows import count_modalities
from skmultimodal.utils._alignment import join_by_id, refuse_unknown_columns
from skmultimodal.utils._covariates import read_covariate
from skmultimodal.utils._labels import label_column, missing_labels
from skmultimodal.utils._warnings import warn

__all__ = ["effective_number", "selection_weights"]

RARE = 0.1  # of the mean probability, below which a patient hardly could be tested


def selection_weights(
    X: Any,
    y: Any,
    covariates: list[str],
    *,
    tested: Any = None,
    censored: str | None = None,
) -> Bunch:
    """Weigh tested patients by the inverse of their probability of being tested.

    Who has several modalities and a label is no random part of a cohort. The weights
    let those tested stand for all patients, as far as the covariates explain who was
    tested: weighted scores are a sensitivity analysis, no correction.

    Parameters
    ----------
    X : Cohort
        All patients, with covariates as its metadata.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row.
    covariates : list of str
        Columns of the metadata that are known before the label, such as age. Numbers
        enter linearly, words as categories, what is missing as such.
    tested : array-like of bool, shape (n_rows,), default=None
        Which rows are tested. None is the labelled ones with all modalities.
    censored : str, default=None
        Column of the metadata that is true, or 1, for patients whose label is unknown
        because their follow-up ended. The probability is then that of being tested or
        censored, times that of not being censored among those.

    Returns
    -------
    result : Bunch
        - ``weights``: ndarray (n_rows,): 0 for rows that are not tested, with a mean of
          1 for those that are.
        - ``probability``: ndarray (n_rows,), of being tested.
        - ``n_tested``, and ``n_effective``: how many patients of equal weight vary as
          much (Kish).
        - ``largest_share``: of the weight, that of the heaviest patient.
        - ``rare_share``: share of all patients whom those tested are hardly like:
          with a probability below a tenth of the mean, a category that no tested
          patient has, or a number outside the range of theirs.
        - ``covariates``, ``censored``: as given.

    Raises
    ------
    ValueError
        If a column is unknown or all are of text, `covariates` is empty, `censored` is
        not true or false, a censored row has a label, or no row is tested.

    Warns
    -----
    UserWarning
        If a column is text that is different for nearly every row, and left out.

    See Also
    --------
    Comparison.reweighted : Scores with these weights.

    Notes
    -----
    The probabilities are those of logistic regressions with scikit-learn's default
    penalty on standardised covariates. The weights are right if, given the covariates,
    who was tested does not depend on how well they are predicted, and everybody could
    have been: look at ``rare_share`` and ``n_effective`` first.

    References
    ----------
    Seaman and White, "Review of inverse probability weighting for dealing with missing
    data", Statistical Methods in Medical Research 22 (2013).
    :doi:`10.1177/0962280210395740`

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.model_selection import selection_weights
    >>> rng = np.random.default_rng(0)
    >>> age = rng.normal(60, 9, size=200)
    >>> image, gene = rng.normal(size=(200, 3)), rng.normal(size=(200, 5))
    >>> image[rng.random(200) < 1 / (1 + np.exp((60 - age) / 9))] = np.nan
    >>> X = Cohort(
    ...     {"image": image, "gene": gene}, metadata=pd.DataFrame({"age": age})
    ... )
    >>> result = selection_weights(X, np.arange(200) % 2, ["age"])
    >>> result.n_tested, round(result.n_effective), result.rare_share
    (89, 76, 0.005)
    """
    X = as_cohort(X)
    y = label_column(join_by_id(y, X))
    labelled = ~missing_labels(y)
    refuse_unknown_columns(X.metadata, covariates, "covariates")
    if not len(covariates):
        raise ValueError("covariates is empty: name at least one column.")
    if tested is None:
        tested = labelled & (count_modalities(X) == len(X.modalities))
    tested = np.asarray(tested, dtype=bool)
    table = _read(X.metadata, covariates)
    if censored is None:
        probability = _probability(table, tested, np.ones(len(X), dtype=bool))
    else:
        is_censored = _censored(X, censored, labelled)
        several = count_modalities(X) >= count_modalities(X)[tested].min()
        reached = tested | (is_censored & several)
        probability = _probability(table, reached, np.ones(len(X), dtype=bool))
        probability = probability * _probability(table, tested, reached)
    weights = np.where(tested, 1 / probability, 0.0)
    weights *= tested.sum() / weights.sum()
    return Bunch(
        weights=weights,
        probability=probability,
        n_tested=int(tested.sum()),
        n_effective=effective_number(weights),
        largest_share=float(weights.max() / weights.sum()),
        rare_share=float(
            np.mean((probability < RARE * probability.mean()) | _beyond(table, tested))
        ),
        covariates=list(covariates),
        censored=censored,
    )


def effective_number(weights: Any) -> float:
    """How many patients of equal weight vary as much as these (Kish)."""
    weights = np.asarray(weights, dtype=float)
    total = np.sum(weights**2)
    return float(weights.sum() ** 2 / total) if total else 0.0


def _read(metadata: Any, names: Any) -> pd.DataFrame:
    """Covariates as floats, or words."""
    found = {name: read_covariate(metadata[name]) for name in names}
    text = [name for name, covariate in found.items() if covariate.kind == "text"]
    if len(text) == len(found):
        raise ValueError(
            f"covariates: {text[0]!r} is different for nearly every patient, and there "
            "is no other: group its values, or name another column."
        )
    if text:
        warn(
            f"covariates: {', '.join(map(repr, text))} left out of the weights, as "
            "different for nearly every patient: group the values."
        )
    return pd.DataFrame({n: c.values for n, c in found.items() if n not in text})


def _beyond(table: Any, tested: Any) -> NDArray:
    """Rows with a category, or a number beyond those, of no tested row."""
    beyond = np.zeros(len(table), dtype=bool)
    for name in table:
        column = table[name]
        if pd.api.types.is_float_dtype(column):
            own = column[tested]
            beyond |= ((column < own.min()) | (column > own.max())).to_numpy()
        else:
            beyond |= ~column.isin(column[tested]).to_numpy()
    return beyond


def _censored(X: Any, name: str, labelled: Any) -> Any:
    refuse_unknown_columns(X.metadata, [name], "censored")
    column = pd.to_numeric(X.metadata[name], errors="coerce").to_numpy(dtype=float)
    if not np.isin(column[~np.isnan(column)], [0, 1]).all() or np.isnan(column).all():
        raise ValueError(
            f"censored: column {name!r} must hold true and false, or 1 and 0."
        )
    found = column == 1
    both = np.flatnonzero(found & labelled)
    if len(both):
        raise ValueError(
            f"censored: patient {X.index[both[0]]!r} is censored and has a label: one "
            "of the two is wrong."
        )
    return found


def _probability(table: Any, chosen: Any, among: Any) -> NDArray:
    """Probability of all rows to be chosen, learned from some."""
    if chosen[among].all():
        return np.ones(len(table))
    if not chosen.any():
        raise ValueError("no row is tested: there is nothing to weigh.")
    model = covariate_predictor(table, LogisticRegression(max_iter=1000))
    return model.fit(table[among], chosen[among]).predict_proba(table)[:, 1]
