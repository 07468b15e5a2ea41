"""Intervals and tests for repeated cross-validation of few patients."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from sklearn.utils import Bunch, check_random_state

__all__ = [
    "corrected_t_interval",
    "corrected_t_test",
    "holm_adjust",
    "patient_bootstrap_interval",
    "score_interval",
    "wilson_interval",
]


def wilson_interval(
    n_correct: int, n_rows: int, *, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Compute Wilson's interval for a proportion, such as the accuracy of one hold-out.

    Parameters
    ----------
    n_correct : int
        Rows predicted correctly.
    n_rows : int
        Rows tested, each once.
    confidence_level : float, default=0.95
        Of the interval.

    Returns
    -------
    low, high : float
        Ends of the interval, between 0 and 1.

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical
       inference", Journal of the American Statistical Association 22 (1927).
       :doi:`10.1080/01621459.1927.10502953`

    Examples
    --------
    17 of 20 test patients, the published result of the twin tower:

    >>> from skmultimodal.model_selection import wilson_interval
    >>> low, high = wilson_interval(17, 20)
    >>> f"{low:.2f} to {high:.2f}"
    '0.64 to 0.95'
    """
    interval = stats.binomtest(n_correct, n_rows).proportion_ci(
        confidence_level, method="wilson"
    )
    return float(interval.low), float(interval.high)


def corrected_t_test(
    differences: Any, test_to_train: float, *, popmean: float = 0.0, added: Any = None
) -> Bunch:
    """Nadeau and Bengio's corrected resampled t test of per-fold scores.

    Folds share most of their training rows, so their scores vary together and their
    plain standard error is far too small. The variance of the mean of J folds is taken
    as ``(1 / J + test_to_train) * variance`` instead, with J - 1 degrees of freedom.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Score of one model minus that of another on each fold, or scores of one model.
    test_to_train : float
        Test rows over training rows, counting only rows that differ between folds: in
        a cohort the paired ones. It is ``1 / (k - 1)`` for k folds.
    popmean : float, default=0.0
        Mean under the null hypothesis.
    added : (float, float), default=None
        Variance of the mean that the folds do not show, such as by training rows that
        all of them share, and its degrees of freedom. Those of the sum are Welch's and
        Satterthwaite's.

    Returns
    -------
    result : Bunch
        ``statistic``, ``pvalue`` (two-sided), ``df``, ``mean`` and ``standard_error``.
        With one fold everything but the mean is NaN.

    See Also
    --------
    corrected_t_interval : The interval that belongs to this test.

    References
    ----------
    .. [1] Nadeau and Bengio, "Inference for the generalization error", Machine
       Learning 52 (2003). :doi:`10.1023/A:1024068626366`
    .. [2] Bouckaert and Frank, "Evaluating the replicability of significance tests for
       comparing learning algorithms", PAKDD (2004).
       :doi:`10.1007/978-3-540-24775-3_3`

    Examples
    --------
    >>> from skmultimodal.model_selection import corrected_t_test
    >>> result = corrected_t_test([0.10, 0.02, 0.05, -0.01, 0.04, 0.07], 1 / 2)
    >>> f"t = {result.statistic:.2f}, p = {result.pvalue:.2f}"
    't = 1.44, p = 0.21'
    """
    values = np.asarray(differences, dtype=float)
    n_folds, mean = len(values), float(np.mean(values))
    nothing = float("nan")
    if n_folds < 2:
        return Bunch(
            statistic=nothing, pvalue=nothing, df=0, mean=mean, standard_error=nothing
        )
    variance = (1 / n_folds + test_to_train) * np.var(values, ddof=1)
    df = n_folds - 1
    if added is not None and added[0] > 0:
        more, more_df = added
        df = (variance + more) ** 2 / (variance**2 / df + more**2 / more_df)
        variance += more
    error, excess = float(np.sqrt(variance)), mean - popmean
    if error > 0:
        statistic = excess / error
    else:
        # Models that always agree do not differ.
        statistic = float(np.copysign(np.inf, excess)) if excess else 0.0
    pvalue = float(2 * stats.t.sf(abs(statistic), df))
    return Bunch(
        statistic=statistic, pvalue=pvalue, df=df, mean=mean, standard_error=error
    )


def corrected_t_interval(
    scores: Any,
    test_to_train: float,
    *,
    bounded: bool | tuple[float, float] = False,
    least_variance: Callable[..., Any] | None = None,
    added: Any = None,
    confidence_level: float = 0.95,
) -> tuple[float, float]:
    """Interval for the mean of per-fold scores by the corrected resampled t.

    Parameters
    ----------
    scores : array-like of shape (n_folds,)
        Score of each fold, or difference of two models' scores.
    test_to_train : float
        As for `corrected_t_test`.
    bounded : bool or (low, high), default=False
        Whether the scores lie between 0 and 1, as accuracies and AUCs do, or what else
        they lie between; an end may be infinite. Between two ends the variance is
        taken to fall towards both as that of a share does, so that the interval lies
        there too, and reaches further on the side away from the nearer end. With one
        end it is that of the logarithm of the distance (by the delta method).
    least_variance : callable, default=None
        Variance of the mean by the patients tested, as a function of its true value,
        such as ``p * (1 - p) / n_patients`` of an accuracy. Where the folds vary less,
        it is used: folds that all reach the end of the range show no variance at all.
        Not used for scores without any spread inside the range, as of a constant.
    added : (float, float), default=None
        As of `corrected_t_test`.
    confidence_level : float, default=0.95
        Of the interval.

    Returns
    -------
    low, high : float
        NaN with one fold, whose score has no variance to go by.

    See Also
    --------
    corrected_t_test : The formula and its source.
    patient_bootstrap_interval : An interval that also serves one hold-out.

    Notes
    -----
    Between two ends this is Wilson's score interval, for as many patients as would give
    a share the variance of the mean, with quantiles of t; of the least variance, with
    those of the normal distribution.

    Examples
    --------
    >>> from skmultimodal.model_selection import corrected_t_interval
    >>> scores = [0.8, 0.9, 0.7, 1.0, 0.8, 0.9]
    >>> low, high = corrected_t_interval(scores, 1 / 2)
    >>> f"{low:.2f} to {high:.2f}"
    '0.63 to 1.07'
    >>> low, high = corrected_t_interval(scores, 1 / 2, bounded=True)
    >>> f"{low:.2f} to {high:.2f}"
    '0.54 to 0.96'

    All 20 patients were predicted correctly:

    >>> low, high = corrected_t_interval(
    ...     [1.0] * 5, 1 / 4, bounded=True, least_variance=lambda p: p * (1 - p) / 20
    ... )
    >>> f"{low:.2f} to {high:.2f}"
    '0.84 to 1.00'
    """
    result = corrected_t_test(scores, test_to_train, added=added)
    mean, error = result.mean, result.standard_error
    low, high = (0.0, 1.0) if bounded is True else bounded or (-np.inf, np.inf)
    if np.isnan(error):
        return np.nan, np.nan
    half = stats.t.ppf((1 + confidence_level) / 2, result.df) * error
    if np.isfinite(high - low) and low <= mean <= high:
        # A constant has no variance, whoever is tested.
        varies = error or mean in (low, high)
        least = least_variance if varies else None
        quantile = stats.norm.ppf((1 + confidence_level) / 2)
        return score_interval(mean, half, (low, high), least, quantile)
    ends = np.array([-half, half])
    if np.isfinite(high) and mean < high:
        ends = high - (high - mean) * np.exp(-ends / (high - mean))
    elif np.isfinite(low) and mean > low:
        ends = low + (mean - low) * np.exp(ends / (mean - low))
    else:
        ends += mean
    return float(ends[0]), float(ends[1])


def score_interval(
    mean: Any, half: Any, bounds: Any, least_variance: Any, quantile: Any
) -> tuple[float, float]:
    """Least and greatest true value from which a mean is no further than it may be.

    The square of how far it may be falls towards the ends as the variance of a share
    does, and is `half` squared at the mean; it is no less than that of `quantile`
    standard errors of the least variance.
    """
    low, high = bounds
    inside = (mean - low) * (high - mean)
    factor = half**2 / inside if inside else 0.0

    def excess(value: Any) -> Any:
        far = factor * (value - low) * (high - value)
        if least_variance is not None:
            far = np.maximum(far, quantile**2 * least_variance(value))
        return (mean - value) ** 2 - far

    # More than one value may be just as far as it may be: the outermost ones count.
    grid = np.union1d(np.linspace(low, high, 513), mean)
    near = np.flatnonzero(excess(grid) <= 0)
    first, last = near.min(), near.max()
    ends = [low, high]
    if first > 0:
        ends[0] = optimize.brentq(excess, grid[first - 1], grid[first])
    if last < len(grid) - 1:
        ends[1] = optimize.brentq(excess, grid[last], grid[last + 1])
    return float(ends[0]), float(ends[1])


def patient_bootstrap_interval(
    y_true: Any,
    y_score: Any,
    metric: Callable[..., Any],
    *,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[float, float]:
    """Percentile interval that resamples the patients of out-of-fold predictions.

    Patients are drawn with replacement within each class. The models are not fitted
    again, so the interval leaves out how much they depend on their training rows and is
    too narrow for cross-validation (how much is measured by the statistics benchmark).
    After one hold-out it is an interval for the score of *that* model.

    Parameters
    ----------
    y_true : array-like of shape (n_rows,)
        Labels of the tested rows.
    y_score : array-like of shape (n_rows, ...) or list of them
        Predictions, as `metric` wants them. A list holds one array for each repeat of
        the cross-validation; their metrics are averaged.
    metric : callable
        ``metric(y_true, y_score)``, such as ``sklearn.metrics.roc_auc_score``.
    n_resamples : int, default=2000
        Draws of the patients.
    confidence_level : float, default=0.95
        Of the interval.
    random_state : int, RandomState instance or None, default=None
        Draws the patients.

    Returns
    -------
    low, high : float
        Ends of the interval.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import roc_auc_score
    >>> from skmultimodal.model_selection import patient_bootstrap_interval
    >>> y, score = np.array([0, 0, 0, 1, 1, 1]), [0.1, 0.4, 0.3, 0.35, 0.8, 0.9]
    >>> low, high = patient_bootstrap_interval(y, score, roc_auc_score, random_state=0)
    >>> f"{low:.2f} to {high:.2f}"
    '0.56 to 1.00'
    """
    y_true = np.asarray(y_true)
    several = isinstance(y_score, list) and np.ndim(y_score[0]) > 0
    repeats = [np.asarray(scores) for scores in (y_score if several else [y_score])]

    def mean_metric(*rows_of_classes: Any) -> float:
        rows = np.concatenate(rows_of_classes)
        return np.mean([metric(y_true[rows], scores[rows]) for scores in repeats])

    rows_of_classes = [np.flatnonzero(y_true == label) for label in np.unique(y_true)]
    if min(map(len, rows_of_classes)) < 2:
        raise ValueError("the bootstrap needs at least two rows of each class.")
    interval = stats.bootstrap(
        rows_of_classes,
        mean_metric,
        vectorized=False,
        method="percentile",
        n_resamples=n_resamples,
        confidence_level=confidence_level,
        # The name of the parameter before scipy 1.15, which later versions accept.
        random_state=check_random_state(random_state),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def holm_adjust(pvalues: Any) -> NDArray:
    """Adjust p values for the number of tests by Holm's step-down method.

    Parameters
    ----------
    pvalues : array-like of shape (n_tests,)
        NaN marks a test that was not possible, and does not count.

    Returns
    -------
    adjusted : ndarray of shape (n_tests,)
        In the order of `pvalues`, at most 1.

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6 (1979).
       https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> from skmultimodal.model_selection import holm_adjust
    >>> holm_adjust([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    pvalues = np.asarray(pvalues, dtype=float)
    adjusted = np.full(len(pvalues), np.nan)
    order = np.argsort(pvalues)[: np.sum(~np.isnan(pvalues))]
    steps = pvalues[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
