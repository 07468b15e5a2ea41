"""Contributions of modalities to predictions."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import comb, logit
from sklearn.utils import Bunch

from skmultimodal.cohort import Cohort
from skmultimodal.inspection._inputs import codes_of, explained_cohort, patterns_of
from skmultimodal.inspection._predictions import (
    class_frequencies,
    number_without_modality,
    predict_number,
    predict_proba,
    predict_proba_with,
)
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._labels import find_positive
from skmultimodal.utils._patterns import modalities_of
from skmultimodal.utils._probability import SMALLEST

__all__ = ["modality_contributions"]

SCALES = ("probability", "log_odds")
NUMBER = "prediction"


def modality_contributions(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    positive: Any = None,
    scale: str = "probability",
) -> Bunch:
    """Compute the contribution of each modality to the prediction of each row.

    Contributions are the Shapley values of the modalities that a row has. The value of
    a set of modalities is the prediction for the row with all others removed, not
    imputed; that of the empty set is the frequency of the class in training. The
    contributions of a row add up to its prediction minus that frequency.

    Parameters
    ----------
    estimator : estimator
        Fitted model of cohorts that predicts rows with any of their modalities:
        `TwinTowerClassifier` (unless ``missing="error"``), a calibrated one, a fitted
        search, a baseline, `TwinTowerRegressor` or `TwinTowerSurvival`.
    X : Cohort, dict of aligned arrays, DataFrame or array
        Rows to explain.
    y : array-like of shape (n_rows,), default=None
        Labels; NaN or None marks an unlabelled row. The summary is then also by class.
        Their frequencies are used if the model does not record those in training.
    positive : class label, default=None
        Class whose probability is explained, or its name as text. None is the class
        that is named yes, positive or responder (in any case), or of two classes 1 or
        true, where exactly one is; else the last.
    scale : {"probability", "log_odds"}, default="probability"
        What is explained: the probability of the class, or its log-odds against all
        others (probabilities are kept 1e-6 away from 0 and 1). Of a model of numbers
        or of times, it is the number or the log-hazard in any case.

    Returns
    -------
    result : Bunch
        - ``contributions``: DataFrame of shape (n_rows, n_modalities), indexed by
          patient id, NaN where the row lacks the modality.
        - ``prediction``: Series of shape (n_rows,), on the same scale.
        - ``prior``: float, the prediction without any modality.
        - ``patterns``: Series of the modalities of each row.
        - ``summary``: DataFrame with a row per pattern and modality (the index):
          ``n_rows``, ``mean`` and ``mean_absolute`` of the contributions and, with
          `y`, a column ``mean_<class>`` per class.
        - ``positive``: the class, or None; ``scale``: as given, or ``"prediction"``.

    Raises
    ------
    NotExplainableError
        If the model refuses rows with some of their modalities.
    ValueError
        If `positive` is no class, or the frequency of the classes is neither in the
        model nor in `y`.

    See Also
    --------
    ModalityContributionsDisplay : Draws them.
    value_of_missing_modality : Expected effect of a modality that a row lacks.

    Notes
    -----
    With m modalities the model predicts 2^m - 1 times: for each set of modalities, all
    rows that have them.

    A `TwinTowerClassifier` predicts a row with one modality by that tower, so
    contributions describe the whole model, and not only its final estimator, whose
    terms are in ``decision_terms``.

    The frequency of the classes is that of the training rows whose modalities the final
    estimator fuses (``class_counts_``; of `y` if there were none), or the
    ``class_prior_`` of a model that has one.

    References
    ----------
    Shapley (1953), A value for n-person games, Contributions to the Theory of Games 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, TwinTowerClassifier
    >>> from skmultimodal.inspection import modality_contributions
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(120) % 2
    >>> image, gene = rng.normal(size=(120, 2)), rng.normal(size=(120, 3))
    >>> gene += 2 * y[:, None]  # the images are noise
    >>> image[:40], gene[40:80] = np.nan, np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> towers = [(name, LogisticRegression()) for name in ("image", "gene")]
    >>> model = TwinTowerClassifier(towers, random_state=0).fit(X, y)
    >>> result = modality_contributions(model, X, y)
    >>> result.summary["mean_absolute"].round(2)
    pattern     modality
    image       image       0.04
    gene        gene        0.41
    image+gene  image       0.03
                gene        0.40
    Name: mean_absolute, dtype: float64
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {SCALES}, got {scale!r}.")
    cohort = explained_cohort(estimator, X)
    classes, codes = np.asarray(getattr(estimator, "classes_", [])), None
    if len(classes):
        column = find_positive(classes, positive, of="the model")
        if y is not None:
            (y,) = join_rows(X, cohort, y=y)
            codes = codes_of(y, classes, len(cohort), allow_unlabelled=True)
        frequency = class_frequencies(estimator, codes)[column]
        prior = float(_on_scale(frequency, scale))
        predict, positive = predict_proba, classes.tolist()[column]
    else:
        column, scale, positive = 0, NUMBER, None
        prior, predict = number_without_modality(estimator), predict_number
    available = cohort.available.to_numpy()
    values = _coalition_values(estimator, cohort, available, column, scale, predict)
    values[frozenset()] = np.full(len(cohort), prior)
    contributions = pd.DataFrame(
        _shapley(values, available, cohort.modalities),
        index=cohort.index,
        columns=cohort.modalities,
    )
    patterns = pd.Series(patterns_of(cohort), cohort.index, name="pattern")
    prediction = _of_all_present(values, available)
    return Bunch(
        contributions=contributions,
        prediction=pd.Series(prediction, cohort.index, name="prediction"),
        prior=float(prior),
        patterns=patterns,
        summary=_summarise(cohort, contributions, patterns, classes, codes),
        positive=positive,
        scale=scale,
    )


def _on_scale(p: Any, scale: Any) -> Any:
    if scale != "log_odds":
        return p
    return logit(np.clip(p, SMALLEST, 1 - SMALLEST))


def _coalition_values(
    estimator: Any,
    cohort: Cohort,
    available: Any,
    column: Any,
    scale: Any,
    predict: Any,
) -> dict[frozenset[str], NDArray]:
    """For each set of modalities, the predictions for the rows that have them."""
    names = cohort.modalities
    values = {}
    # The largest first, so that a bad value is not reported as a removed modality.
    for size in range(len(names), 0, -1):
        for chosen in combinations(range(len(names)), size):
            rows = np.flatnonzero(available[:, chosen].all(axis=1))
            if not len(rows):
                continue
            kept = [names[i] for i in chosen]
            p = predict_proba_with(estimator, cohort[rows], kept, predict)[:, column]
            value = np.full(len(cohort), np.nan)
            value[rows] = _on_scale(p, scale)
            values[frozenset(kept)] = value
    return values


def _of_all_present(values: Any, available: Any) -> NDArray:
    """Prediction for each row with all the modalities that it has."""
    predicted = np.full(len(available), np.nan)
    for coalition, value in values.items():
        whole = available.sum(axis=1) == len(coalition)
        predicted[whole] = np.where(np.isnan(value), predicted, value)[whole]
    return predicted


def _shapley(values: Any, available: Any, names: Any) -> NDArray:
    """Shapley values of the modalities of each row: (n_rows, n_modalities)."""
    n_present = available.sum(axis=1)
    shares = np.where(available, 0.0, np.nan)
    for coalition, value in values.items():
        for name in coalition:
            others = coalition - {name}
            gain = value - values[others]
            n_orders = n_present * comb(n_present - 1, len(others))
            rows = np.isfinite(gain)
            shares[rows, names.index(name)] += gain[rows] / n_orders[rows]
    return shares


def _summarise(
    cohort: Cohort,
    contributions: Any,
    patterns: Any,
    classes: Any,
    codes: NDArray | None,
) -> pd.DataFrame:
    rows = []
    for pattern in cohort.summary().index:
        of_pattern = (patterns == pattern).to_numpy()
        for name in modalities_of(pattern):
            values = contributions[name].to_numpy()
            row = {
                "pattern": pattern,
                "modality": name,
                "n_rows": int(of_pattern.sum()),
                "mean": values[of_pattern].mean(),
                "mean_absolute": np.abs(values[of_pattern]).mean(),
            }
            for code, label in enumerate(classes if codes is not None else ()):
                of_class = values[of_pattern & (codes == code)]
                row[f"mean_{label}"] = of_class.mean() if len(of_class) else np.nan
            rows.append(row)
    return pd.DataFrame(rows).set_index(["pattern", "modality"])
