"""Is the score on paired rows better than chance?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import delayed

from skmultimodal.model_selection._folds import (
    make_folds,
    paired_rows,
    read_cv,
    run_folds,
)
from skmultimodal.model_selection._targets import (
    make_scoring,
    read_target,
    refuse_untestable,
)
from skmultimodal.model_selection._tested_rows import fix_tested
from skmultimodal.utils._alignment import join_by_id
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._progress import Stage, TrackedParallel
from skmultimodal.utils._survival_target import strata_of

__all__ = ["paired_permutation_test"]


def paired_permutation_test(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    scoring: Any = None,
    positive: Any = None,
    groups: Any = None,
    cv_groups: Any = None,
    n_permutations: int = 999,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Test a cross-validated score against permuted labels of the paired rows.

    Labels of unpaired rows, which have fewer modalities than those that `cv` tests, are
    not permuted: the null hypothesis is that what the model has learned, also from
    them, is unrelated to the labels of the paired patients. With
    ``tower_rows="unpaired"`` the towers of a twin tower stay the same, and if
    ``memory`` is set they are fitted once for all permutations.

    Parameters
    ----------
    estimator : estimator
        A classifier, regressor or survival estimator that takes `X`.
    X : Cohort, or anything that can be read as one
        The patients.
    y : array-like of shape (n_rows,)
        What it predicts: class labels, numbers, or times to an event as of
        ``make_survival_target``; NaN or None marks an unlabelled row. Of times, event
        and time (and entry) stay together, and are permuted within strata.
    cv : splitter, iterable of (train, test), or int
        As in `compare_classifiers`. A splitter draws the folds of each permutation
        anew, so that they are stratified by the permuted labels.
    scoring : str or callable, default=None
        One metric, of times to an event of `compare_survival`. None is the estimator's
        ``score``, ``"r2"`` of numbers and ``"uno_c"`` of times.
    positive : class label, default=None
        As in `compare_classifiers`.
    groups : array-like of shape (n_rows,), default=None
        Labels are permuted within groups. With the disease as groups, a difference
        between diseases alone is not significant. Unlike elsewhere these groups are not
        passed to `cv`, which would hold whole diseases out.
    cv_groups : array-like of shape (n_rows,), default=None
        Passed to `cv`.
    n_permutations : int, default=999
        The least p value is ``1 / (1 + n_permutations)``.
    random_state : int, RandomState instance or None, default=None
        Draws the permutations.
    n_jobs : int, default=None
        Permutations evaluated at the same time.
    verbose : int, default=0
        Above 0 shows a bar, or a line at the end where standard error is no terminal.

    Returns
    -------
    result : Bunch
        - ``score``: mean of the folds with the true labels, those left out on which the
          metric is undefined.
        - ``permutation_scores``: ndarray of shape (n_permutations,).
        - ``pvalue``: ``(1 + number of permutations that score as high) / (1 +
          n_permutations)``, which is never 0.
        - ``positive``: the positive class; None of other outcomes.

    Raises
    ------
    ValueError
        If `scoring` is several metrics, one that cannot be computed for as many
        classes, or one that is undefined on all folds, or `positive` is no class.
    RuntimeError
        If the model fails; the message names the fold.

    References
    ----------
    .. [1] Phipson and Smyth, "Permutation p-values should never be zero", Statistical
       Applications in Genetics and Molecular Biology 9 (2010).
       :doi:`10.2202/1544-6115.1585`

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> from skmultimodal.model_selection import paired_permutation_test
    >>> X, y = make_classification(n_samples=60, class_sep=2.0, random_state=0)
    >>> cv = PairedStratifiedKFold(3, random_state=0)
    >>> result = paired_permutation_test(
    ...     GaussianNB(), X, y, cv=cv, n_permutations=99, random_state=0
    ... )
    >>> result.pvalue
    0.01
    """
    X, target, groups = read_target(estimator, X, y, groups)
    cv_groups = join_by_id(cv_groups, X, name="cv_groups")
    if isinstance(scoring, list | tuple | set | dict):
        raise ValueError("scoring must be one metric here: test each separately.")
    if n_permutations < 1:
        raise ValueError(f"n_permutations must be at least 1, got {n_permutations}.")
    scoring = make_scoring(target, scoring, positive)
    # Permuted labels must not change which rows are tested.
    cv = fix_tested(read_cv(cv), X, target.dealt, cv_groups)
    folds = make_folds(cv, X, target.dealt, cv_groups)
    refuse_untestable(target, folds)
    rows = np.flatnonzero(paired_rows(folds, X) & (target.codes >= 0))
    blocks = _blocks(target.y, rows, check_groups(groups, len(target.y)))
    rng = check_random_state(random_state)
    orders = (_permute(rows, blocks, rng) for _ in range(n_permutations))
    score = _mean_score(estimator, X, target.y, folds, scoring)
    if np.isnan(score):
        raise ValueError("the metric is undefined on all folds of the true labels.")
    name = "[paired_permutation_test] permuted labels"
    with Stage(name, n_permutations, "permutation", verbose) as stage:
        scores = TrackedParallel(stage, n_jobs)(
            delayed(_permuted_score)(
                estimator, X, target, rows, order, cv, cv_groups, scoring
            )
            for order in orders
        )
    permutation_scores = np.array(scores)
    # Equal scores may differ in the last bit by the order of their sum; a permutation
    # on which the metric is undefined counts against the model.
    as_high = np.sum(~(permutation_scores < score - 1e-12))
    pvalue = float((1 + as_high) / (1 + n_permutations))
    return Bunch(
        score=score,
        permutation_scores=permutation_scores,
        pvalue=pvalue,
        positive=scoring.positive,
    )


def _blocks(y: Any, rows: Any, groups: Any) -> NDArray:
    """Number of the part of each row, among whose rows labels are permuted."""
    parts = [np.zeros(len(rows))] if groups is None else [groups[rows]]
    if y.dtype.names is not None:
        # A stratum is of the patient: its hazard stays with it.
        parts.append(strata_of(y)[rows])
    numbers = [np.unique(part, return_inverse=True)[1] for part in parts]
    return np.unique(np.stack(numbers), axis=1, return_inverse=True)[1].ravel()


def _permute(rows: Any, blocks: Any, rng: np.random.RandomState) -> NDArray:
    """The row whose label each of `rows` is given."""
    order = rows.copy()
    for block in np.unique(blocks):
        here = blocks == block
        order[here] = rng.permutation(rows[here])
    return order


def _permuted_score(
    estimator: Any,
    X: Any,
    target: Any,
    rows: Any,
    order: Any,
    cv: Any,
    groups: Any,
    scoring: Any,
) -> float:
    y, dealt = target.y.copy(), target.dealt.copy()
    y[rows], dealt[rows] = target.y[order], target.dealt[order]
    folds = make_folds(cv, X, dealt, groups)
    return _mean_score(estimator, X, y, folds, scoring)


def _mean_score(estimator: Any, X: Any, y: Any, folds: Any, scoring: Any) -> float:
    arms = [(type(estimator).__name__, estimator, folds)]
    with Stage("folds", len(folds), "fit", verbose=0) as stage:
        results = run_folds(arms, X, y, scoring, stage=stage)
    scores = np.array([list(of_fold.values()) for _, _, of_fold, _ in results])
    defined = scores[~np.isnan(scores)]
    return float(np.mean(defined)) if len(defined) else float("nan")
