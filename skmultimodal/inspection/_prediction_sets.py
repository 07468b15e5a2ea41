"""Prediction sets: sets of classes with a stated coverage."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skmultimodal.cohort import Cohort
from skmultimodal.inspection._inputs import codes_of, explained_cohort, patterns_of
from skmultimodal.inspection._predictions import predict_proba
from skmultimodal.utils._alignment import join_rows
from skmultimodal.utils._ids import are_among, hash_ids
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._patterns import modalities_of
from skmultimodal.utils._warnings import warn

__all__ = ["prediction_sets"]

# p values are ratios of integers; a smaller difference is rounding.
NEAR = 1e-12


def prediction_sets(
    estimator: Any,
    X: Any,
    *,
    X_calibration: Any = None,
    y_calibration: Any = None,
    comparison: Any = None,
    model: str | None = None,
    coverage: float = 0.9,
    label_conditional: bool = False,
) -> Bunch:
    """Compute sets of classes that hold the true one with a stated probability.

    A class is in the set of a row unless its probability is below that of the true
    class of nearly all calibration rows with the same modalities. Where the model is
    uncertain, a set has several classes.

    Parameters
    ----------
    estimator : estimator
        Fitted classifier of cohorts with ``predict_proba``.
    X : Cohort, dict of aligned arrays, DataFrame or array
        Rows to predict, on which the model was not fitted.
    X_calibration : Cohort or other input as `X`, default=None
        Rows on which the model was not fitted either, of each pattern in `X`.
    y_calibration : array-like of shape (n_calibration_rows,), default=None
        Their labels, none missing.
    comparison : Comparison, default=None
        In place of calibration rows, where patients are few: the rows that it tested,
        with their out-of-fold predictions.
    model : str, default=None
        The model of `comparison` that `estimator` is when fitted on all rows. None is
        the last.
    coverage : float, default=0.9
        Probability, between 0 and 1, with which the set of a new row is to hold its
        class, among rows of its pattern.
    label_conditional : bool, default=False
        Whether each class of a pattern has the coverage as well. Every class then needs
        as many calibration rows as otherwise a pattern.

    Returns
    -------
    result : Bunch
        - ``sets``: boolean DataFrame of shape (n_rows, n_classes), indexed by patient
          id: whether the class is in the set. A set may be empty: the row is then
          unlike the calibration rows, whatever its class.
        - ``p_values``: DataFrame of the same shape; a set has the classes whose p
          value exceeds ``1 - coverage``.
        - ``patterns``: Series of the modalities of each row.
        - ``n_calibration``: Series of calibration rows by pattern, or DataFrame by
          pattern and class with `label_conditional`.
        - ``coverage``: as given.

    Raises
    ------
    ValueError
        If a pattern in `X` has too few calibration rows to exclude any class, which are
        less than ``ceil(1 / (1 - coverage)) - 1``, a calibration row is unlabelled or
        of a patient on whom `estimator` was fitted, or there are neither calibration
        rows nor a comparison.

    Warns
    -----
    UserWarning
        If a row of `X` is of a patient of the calibration rows, or on whom `estimator`
        was fitted: how often such sets hold the class is not how often those of new
        patients do. If numbers that may be ids of patients or of rows are those of
        calibration and of training.

    See Also
    --------
    PredictionSetsDisplay : Draws how large the sets are and how often they hold.
    PatternCalibrationDisplay : Calibration of the probabilities themselves.

    Notes
    -----
    These are Mondrian inductive conformal predictors of crepes, whose categories are
    the availability patterns, with one less the probability of a class as score. The
    coverage is guaranteed, whatever the model, if calibration rows of a pattern and
    new ones are exchangeable: drawn alike, and not used in training. It is a mean over
    calibration sets: with n calibration rows it varies between them with a standard
    deviation of about ``sqrt(coverage * (1 - coverage) / n)``.

    Out-of-fold predictions are of models that were fitted on fewer rows than the final
    one, and each model is calibrated by one fold (cross-conformal prediction): the
    coverage is then found in simulations, and not guaranteed. With several repeats the
    p values of a row are averaged.

    Sets calibrated by all rows at once have the stated coverage over all patterns only:
    in ``benchmarks/accuracy/results/coverage.md`` those stated to hold 90 % hold 87 %
    of the patients with both modalities, and 94 % of those with an image alone.

    p values are not smoothed by random numbers, so those of a row depend neither on a
    seed nor on the other rows. The coverage is then at least the stated one, and less
    than ``1 / (n + 1)`` above it unless predictions are tied.

    References
    ----------
    Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World, Springer.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, TwinTowerClassifier
    >>> from skmultimodal.inspection import prediction_sets
    >>> rng = np.random.default_rng(0)
    >>> y = rng.permutation(np.arange(300) % 2)
    >>> image, gene = rng.normal(size=(300, 2)), rng.normal(size=(300, 3))
    >>> gene += y[:, None]
    >>> image[::3], gene[1::3] = np.nan, np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> towers = [(name, LogisticRegression()) for name in ("image", "gene")]
    >>> model = TwinTowerClassifier(towers, random_state=0).fit(X[:150], y[:150])
    >>> result = prediction_sets(
    ...     model, X[250:], X_calibration=X[150:250], y_calibration=y[150:250]
    ... )
    >>> result.sets.sum(axis=1).groupby(result.patterns).mean().round(2)
    pattern
    gene          1.06
    image         2.00
    image+gene    1.18
    dtype: float64
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be between 0 and 1, got {coverage}.")
    classes = np.asarray(estimator.classes_)
    cohort = explained_cohort(estimator, X)
    if comparison is not None:
        rounds = _of_comparison(comparison, model, classes)
    elif X_calibration is None or y_calibration is None:
        raise ValueError(
            "prediction_sets needs X_calibration and y_calibration, rows on which the "
            "model was not fitted, or a comparison."
        )
    else:
        rounds = [_of_rows(estimator, X_calibration, y_calibration, classes)]
    _warn_of_known(estimator, cohort, rounds)
    patterns = _named_as(cohort.patterns, rounds[0].patterns)
    fewest = min(rounds, key=lambda one: len(one.codes))
    counts = _count(fewest.patterns, fewest.codes, classes, label_conditional)
    order = dict.fromkeys(fewest.patterns.tolist())
    counts = counts.loc[sorted(order, key=lambda name: len(modalities_of(name)))]
    _refuse_too_few(patterns, counts, coverage)
    p = predict_proba(estimator, cohort)
    found = [_p_values(p, patterns, one, label_conditional) for one in rounds]
    p_values = pd.DataFrame(np.mean(found, axis=0), cohort.index, classes)
    return Bunch(
        sets=p_values > 1 - coverage + NEAR,
        p_values=p_values,
        patterns=pd.Series(patterns, cohort.index, name="pattern"),
        n_calibration=counts,
        coverage=coverage,
    )


class _Calibration(NamedTuple):
    """Probabilities of rows by models that were not fitted on them, and their classes.

    One per repeat of a cross-validation.
    """

    p: np.ndarray
    codes: np.ndarray
    patterns: np.ndarray
    ids: pd.Index


def _of_rows(estimator: Any, X: Any, y: Any, classes: Any) -> _Calibration:
    cohort = explained_cohort(estimator, X, "X_calibration")
    (y,) = join_rows(X, cohort, y_calibration=y)
    codes = codes_of(
        y, classes, len(cohort), allow_unlabelled=False, name="y_calibration"
    )
    known = are_among(cohort.index, getattr(estimator, "fit_ids_", None))
    if known.any():
        message = (
            f"{known.sum()} of {len(known)} calibration rows are of patients on which "
            f"the model was fitted, such as {cohort.index[known].tolist()[0]!r}: sets "
            "would hold the class less often than stated. Leave them out, or pass "
            "comparison, whose predictions are out of fold."
        )
        # Row numbers of two tables may be the same.
        if not pd.api.types.is_integer_dtype(cohort.index.dtype):
            raise ValueError(message)
        warn(message)
    p = predict_proba(estimator, cohort)
    return _Calibration(p, codes, patterns_of(cohort), cohort.index)


def _of_comparison(comparison: Any, model: Any, classes: Any) -> list[Any]:
    model = comparison.models[-1] if model is None else model
    if list(comparison.classes) != list(classes):
        raise ValueError("the classes of comparison are not those of estimator.")
    p = comparison.proba(model).to_numpy()
    table = comparison.predictions(models=[model])
    rounds = []
    for _, part in table.groupby("repeat"):
        codes = np.searchsorted(comparison.classes, part["y_true"].to_numpy())
        patterns = part["pattern"].to_numpy(dtype=object)
        rounds.append(
            _Calibration(p[part.index], codes, patterns, pd.Index(part["id"]))
        )
    return rounds


def _warn_of_known(estimator: Any, cohort: Cohort, rounds: Any) -> None:
    """Warn of rows to predict that trained or calibrate."""
    sources = {
        "on which the model was fitted": getattr(estimator, "fit_ids_", None),
        "of the calibration": hash_ids(rounds[0].ids),
    }
    for what, hashes in sources.items():
        known = are_among(cohort.index, hashes)
        if known.any():
            warn(
                f"{known.sum()} of {len(known)} rows are of patients {what}, such as "
                f"{cohort.index[known].tolist()[0]!r}: how often their sets hold the "
                "class is not how often those of new patients do."
            )


def _named_as(patterns: Any, like: Any) -> NDArray:
    """Patterns with their modalities in the order that other patterns have."""
    names = {frozenset(modalities_of(name)): name for name in set(like.tolist())}
    own = patterns.tolist()
    found = [names.get(frozenset(modalities_of(name)), name) for name in own]
    return np.array(found, dtype=object)


def _count(patterns: Any, codes: NDArray, classes: Any, label_conditional: bool) -> Any:
    if not label_conditional:
        counts = pd.Series(patterns, dtype=object).value_counts(sort=False)
        return counts.rename_axis("pattern").rename("rows")
    table = pd.crosstab(patterns, codes).reindex(columns=range(len(classes)))
    table = table.fillna(0).astype(int).set_axis(classes, axis=1)
    return table.rename_axis(index="pattern", columns=None)


def _refuse_too_few(patterns: Any, counts: Any, coverage: float) -> None:
    # 1 / (1 - 0.9) is a little more than 10.
    needed = math.ceil((1 - 1e-9) / (1 - coverage)) - 1
    for pattern in dict.fromkeys(patterns.tolist()):
        rows = counts.loc[pattern] if pattern in counts.index else 0
        of_class = ""
        if isinstance(rows, pd.Series):
            of_class = f" of class {rows.index.tolist()[rows.argmin()]!r}"
            rows = rows.min()
        if rows < needed:
            most = math.floor(1000 * rows / (rows + 1)) / 1000
            rest = f", or lower coverage to {most}" if rows else ""
            raise ValueError(
                f"pattern {pattern!r} has {rows} calibration rows{of_class}, and "
                f"coverage={coverage} needs {needed}: with fewer no class can be "
                "excluded. Add calibration rows, leave rows of this pattern out of X "
                f"(or remove a modality from them){rest}."
            )


def _p_values(p: Any, patterns: Any, given: Any, label_conditional: bool) -> NDArray:
    """p value of each class for each row: (n_rows, n_classes)."""
    conformal = import_optional("crepes", "conformal")
    hinge = import_optional("crepes.extras", "conformal").hinge
    classes = np.arange(p.shape[1])
    calibration_scores, scores = hinge(given.p, classes, given.codes), hinge(p)
    p_values = np.empty_like(p)
    for code in classes:
        rows = given.codes == code if label_conditional else slice(None)
        predictor = conformal.ConformalClassifier().fit(
            calibration_scores[rows], bins=given.patterns[rows]
        )
        p_values[:, code] = predictor.predict_p(
            scores[:, code], bins=patterns, smoothing=False
        )
    return p_values
