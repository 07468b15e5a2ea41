"""How the score grows with the number of paired patients in training."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from skmultimodal.model_selection._folds import (
    fold_stage,
    make_folds,
    paired_ratio,
    paired_rows,
    run_folds,
)
from skmultimodal.model_selection._score_table import score_table, summarise
from skmultimodal.model_selection._subsets import order_rows, shrink_folds
from skmultimodal.model_selection._targets import (
    make_scoring,
    read_target,
    refuse_untestable,
)
from skmultimodal.utils._warnings import warn

__all__ = ["paired_learning_curve"]


def paired_learning_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    n_pairs: Any = (0.2, 0.4, 0.6, 0.8, 1.0),
    scoring: Any = None,
    positive: Any = None,
    groups: Any = None,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Cross-validate a model with growing numbers of paired training rows.

    The curve shows what more pairs would bring. All numbers are tested on the same
    folds. A smaller training set is part of the larger ones of its fold.

    Parameters
    ----------
    estimator : estimator
        A classifier, regressor or survival estimator that takes `X`.
    X : Cohort, or anything that can be read as one
        The patients.
    y : array-like of shape (n_rows,)
        What it predicts: class labels, numbers, or times to an event as of
        ``make_survival_target``; NaN or None marks an unlabelled row.
    cv : splitter, iterable of (train, test), or int
        As in `compare_classifiers`.
    n_pairs : int, float, or array-like of them, default=(0.2, 0.4, 0.6, 0.8, 1.0)
        Paired labelled rows that train. Integers are numbers of rows. Floats are
        fractions, above 0 and up to 1, of those that the fold with the fewest has.
    scoring : str, callable, list, tuple, set or dict, default=None
        As in `compare_classifiers`; of times to an event the metrics of
        `compare_survival`. None is the estimator's ``score``, ``"r2"`` of numbers and
        ``"uno_c"`` of times.
    positive : class label, default=None
        As in `compare_classifiers`.
    groups : array-like of shape (n_rows,), default=None
        As in `compare_classifiers`.
    confidence_level : float, default=0.95
        Of the intervals.
    random_state : int, RandomState instance or None, default=None
        Draws the paired rows that train.
    n_jobs : int, default=None
        Fits at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    curve : Bunch
        - ``scores``: DataFrame with a row per number, fold and metric: columns
          ``n_pairs``, ``repeat``, ``fold``, ``metric``, ``score``.
        - ``summary``: DataFrame with a row per metric and number: ``metric``,
          ``n_pairs``, ``mean`` of the folds, its interval from ``low`` to ``high``,
          ``std`` of the folds, ``n_folds``.
        - ``n_pairs``: ndarray of int, the numbers in ascending order.
        - ``positive``: the positive class; None of other outcomes.
        - ``test_to_train``: the ratio of paired rows in the corrected variance.
        - ``confidence_level``: as given.

    Raises
    ------
    ValueError
        If `n_pairs` asks for more paired labelled rows than a fold trains on, or for
        fewer than there are classes (fifths of numbers, or two of times), `positive` is
        no class, or a metric cannot be computed for as many classes.
    RuntimeError
        If the model fails; the message names the number and the fold.

    Warns
    -----
    UserWarning
        If fractions are so close that they give the same number of rows.

    See Also
    --------
    recruitment_curve : The same over rows of each pattern of modalities, extrapolated.
    unpaired_gain : How much the unpaired rows improve the score.
    sklearn.model_selection.learning_curve : Grows the number of all training rows.

    Notes
    -----
    Rows are drawn at random within each class, in the proportions of the fold, but each
    class has at least one; of numbers within fifths, and of times among those with the
    event and the censored. The horizon and the weights of metrics of times are those of
    the complete fold, for all numbers of rows. The other paired labelled rows are left
    out of training altogether: no tower is fitted on them either. All other rows of the
    fold, unpaired or unlabelled, train in every case. Rows are drawn anew in each fold:
    give `cv` repeats to average over more draws.

    Intervals are those of `compare_classifiers`, with the ratio of the complete folds
    at every number of rows. The ratio stands for what makes the scores of folds alike:
    tested rows that recur from repeat to repeat, and training rows in common. Smaller
    training sets have fewer rows in common, and are tested on the same rows, so the
    ratio of tested to *used* rows, which grows, would make the interval far too wide.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> from skmultimodal.model_selection import paired_learning_curve
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(120) % 2
    >>> gene = rng.normal(size=(120, 9)) + 0.5 * y[:, None]
    >>> image = rng.normal(size=(120, 3))
    >>> image[90:] = np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> model = UnimodalClassifier("gene", LogisticRegression())
    >>> cv = PairedStratifiedKFold(3, n_repeats=10, random_state=0)
    >>> curve = paired_learning_curve(
    ...     model, X, y, cv=cv, n_pairs=[4, 20, 60], scoring="roc_auc", random_state=0
    ... )
    >>> curve.summary[["n_pairs", "mean", "low", "high"]].round(2)
       n_pairs  mean   low  high
    0        4  0.74  0.60  0.84
    1       20  0.78  0.64  0.88
    2       60  0.81  0.68  0.89
    """
    X, target, groups = read_target(estimator, X, y, groups)
    y, codes = target.y, target.codes
    folds = make_folds(cv, X, target.dealt, groups)
    refuse_untestable(target, folds)
    scoring = make_scoring(target, scoring, positive, folds=folds)
    counted = paired_rows(folds, X) & (codes >= 0)
    _refuse_alike(folds, counted, target)
    numbers = _read_numbers(n_pairs, folds, counted, target)
    rng = check_random_state(random_state)
    places = [np.flatnonzero(counted[fold.train]) for fold in folds]
    orders = [
        among[order_rows(codes[fold.train[among]], rng)]
        for fold, among in zip(folds, places, strict=True)
    ]
    name_of = {f"n_pairs={number}": number for number in numbers}
    arms = [
        (name, estimator, shrink_folds(folds, orders, [number] * len(folds)))
        for name, number in name_of.items()
    ]
    with fold_stage("paired_learning_curve", arms, verbose) as stage:
        results = run_folds(
            arms, X, y, scoring, stage=stage, groups=groups, n_jobs=n_jobs
        )
    scores = score_table(results)
    ratio = paired_ratio(folds, X, y)
    summary = summarise(scores, ratio, confidence_level)
    return Bunch(
        scores=_numbered(scores, name_of),
        summary=_by_metric(_numbered(summary, name_of)),
        n_pairs=np.array(numbers),
        positive=scoring.positive,
        test_to_train=ratio,
        confidence_level=confidence_level,
    )


def _refuse_alike(folds: Any, counted: Any, target: Any) -> None:
    for fold in folds:
        rows = fold.train[counted[fold.train]]
        if not len(rows) or not target.outcome.differ(target.codes[rows]):
            alike = "teach nothing"
            if len(rows):
                alike = target.outcome.describe_alike(target.codes[rows])
            raise ValueError(
                f"fold {fold.fold} of repeat {fold.repeat} trains on {len(rows)} "
                f"paired labelled rows, which {alike}: use PairedStratifiedKFold."
            )


def _read_numbers(n_pairs: Any, folds: Any, counted: Any, target: Any) -> Any:
    """Numbers of paired rows in ascending order."""
    rows = [fold.train[counted[fold.train]] for fold in folds]
    smallest = int(np.argmin([len(r) for r in rows]))
    most = len(rows[smallest])
    least = max(len(np.unique(target.codes[r])) for r in rows)
    given = [n_pairs] if np.ndim(n_pairs) == 0 else list(n_pairs)
    if not given:
        raise ValueError("n_pairs is empty.")
    numbers = [_read_number(value, most) for value in given]
    for value, number in zip(given, numbers, strict=True):
        if number > most:
            fold = folds[smallest]
            raise ValueError(
                f"n_pairs={value} is more than the {most} paired labelled rows that "
                f"fold {fold.fold} of repeat {fold.repeat} trains on."
            )
        if number < least:
            means = "" if isinstance(value, Integral) else f", {number} of {most} rows,"
            raise ValueError(
                f"n_pairs={value}{means} is too few: each of {least} "
                f"{target.outcome.strata} needs a row."
            )
    unique = sorted(set(numbers))
    if len(unique) < len(numbers):
        warn(
            f"n_pairs has {len(numbers)} values, of which some are the same number of "
            f"rows: {unique} remain."
        )
    return unique


def _read_number(value: Any, most: Any) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool | np.bool_):
        return int(value)
    if (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and 0 < float(value) <= 1
    ):
        return round(value * most)
    raise ValueError(
        f"n_pairs must be integers, or fractions above 0 and up to 1, got {value!r}."
    )


def _numbered(table: Any, name_of: Any) -> pd.DataFrame:
    """A table with the number of pairs in place of the name of the model."""
    table.insert(0, "n_pairs", table["model"].map(name_of).astype(int))
    return table.drop(columns="model")


def _by_metric(summary: Any) -> pd.DataFrame:
    rank = {metric: i for i, metric in enumerate(summary["metric"].unique())}
    summary.insert(0, "metric", summary.pop("metric"))
    return summary.sort_values(
        "metric", key=lambda m: m.map(rank), kind="stable", ignore_index=True
    )
