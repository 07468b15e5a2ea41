"""How the score grows with the patients of each pattern of modalities."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._folds import (
    fold_stage,
    make_folds,
    paired_ratio,
    run_folds,
)
from skmultimodal.model_selection._recruitment_curve import RecruitmentCurve
from skmultimodal.model_selection._score_table import score_table
from skmultimodal.model_selection._subsets import (
    cut_groups,
    order_groups,
    order_rows,
    shrink_folds,
)
from skmultimodal.model_selection._targets import (
    make_scoring,
    read_target,
    refuse_untestable,
)
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._groups import check_groups
from skmultimodal.utils._warnings import warn

__all__ = ["recruitment_curve"]

ALL_ROWS = "all rows"
AREAS = {True: "roc_auc", False: "roc_auc_ovr"}  # whether there are two classes


class Arm(NamedTuple):
    """Folds with a share of the rows of a kind."""

    kind: str
    n_rows: float  # mean of the folds
    folds: list


def recruitment_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    kinds: list[str] | None = None,
    sizes: Any = (0.25, 0.5, 0.75, 1.0),
    scoring: Any = None,
    positive: Any = None,
    groups: Any = None,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> RecruitmentCurve:
    """Cross-validate a model with fewer rows of each kind, to see what more bring.

    A kind is a pattern of modalities, such as all patients with both, or with one only.
    The rows of one kind are reduced at a time; all others train as they are. The curves
    are extrapolated to more patients of each kind: which are worth recruiting?

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
        As in `compare_classifiers`. The same tested rows for all kinds and sizes.
    kinds : list of str, default=None
        Patterns as of ``X.patterns``, such as ``["image+gene", "gene"]``. None takes
        all with enough labelled rows, and warns of others.
    sizes : array-like of float, default=(0.25, 0.5, 0.75, 1.0)
        Shares of the labelled rows of a kind that train, at least two. 1 is added if it
        is not among them: it is the same fit for all kinds.
    scoring : str, callable, list, tuple, set or dict, default=None
        As in `compare_classifiers`, but None is ``"neg_log_loss"`` and ``"roc_auc"``
        (``"roc_auc_ovr"`` for more than two classes), of numbers
        ``"neg_mean_absolute_error"`` and ``"r2"``, and of times to an event
        ``"neg_integrated_brier_score"`` and ``"uno_c"``, which `compare_survival` has.
        Higher must be better, as for scorers of scikit-learn.
    positive : class label, default=None
        As in `compare_classifiers`.
    groups : array-like of shape (n_rows,), default=None
        As in `compare_classifiers`; reduced by whole groups, as near to the sizes as
        they allow.
    confidence_level : float, default=0.95
        Of the intervals.
    random_state : int, RandomState instance or None, default=None
        Draws the rows that train.
    n_jobs : int, default=None
        Fits at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    curve : RecruitmentCurve
        ``curve.gains()`` has the expected change of the score by 10, 50 and 100 more
        patients of each kind.

    Raises
    ------
    ValueError
        If a kind is no pattern of `X` or has too few labelled rows, or groups, in a
        fold for the sizes, or `sizes` are no shares.
    RuntimeError
        If the model fails; the message names the kind, the size and the fold.

    Warns
    -----
    UserWarning
        If `kinds` is None and patterns have too few labelled rows.

    See Also
    --------
    paired_learning_curve : The score by the number of pairs, not extrapolated.
    unpaired_gain : How much the unpaired rows improve the score.

    Notes
    -----
    Rows are drawn at random within each class, in the proportions of the fold, but each
    class has at least one (of numbers within fifths, of times among those with the
    event and the censored); a smaller set is part of the larger ones of its fold. Rows
    of the kind that are unlabelled train at each size.

    The score of n rows is extrapolated by power laws, ``a - b * (n + n0) ** -c``,
    averaged over c of 1/2, 1 and 2 and n0 of 0, 1/4 and 1 times the rows, each weighted
    by how well it fits the means. The slope b is computed in each fold; its mean has
    the corrected variance of `corrected_t_test`, less what is due to the draws of rows,
    as the repeats show it: give `cv` ten of them. The interval is that of the mixture.

    It is one for cohorts of this size rather than for these rows: a cohort that is
    lucky in its patients gains less by more, and 95 % intervals held the own gain of
    91 % of simulated cohorts, at worst 61 %, where they held that of the procedure in
    98 %, at worst 87 % (``benchmarks/statistics/results/recruitment.md``). It assumes
    that new patients are like these, and a curve that flattens: a model that learns
    nothing from a few rows, and much from many, is not foreseen.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal import Cohort, UnimodalClassifier
    >>> from skmultimodal.model_selection import PairedStratifiedKFold
    >>> from skmultimodal.model_selection import recruitment_curve
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(200) % 2
    >>> gene = rng.normal(size=(200, 9)) + 0.5 * y[:, None]
    >>> image = rng.normal(size=(200, 3))
    >>> image[120:] = np.nan
    >>> X = Cohort({"image": image, "gene": gene})
    >>> model = UnimodalClassifier("gene", LogisticRegression())
    >>> cv = PairedStratifiedKFold(3, n_repeats=10, random_state=0)
    >>> curve = recruitment_curve(
    ...     model, X, y, cv=cv, scoring="roc_auc", random_state=0
    ... )
    >>> curve.gains(n_added=50)[["kind", "n_now", "gain", "low", "high"]].round(3)
             kind  n_now   gain    low   high
    0  image+gene    120  0.002 -0.002  0.009
    1        gene     80  0.001 -0.010  0.012
    """
    X, target, groups = read_target(estimator, X, y, groups)
    y, codes = target.y, target.codes
    folds = make_folds(cv, X, target.dealt, groups)
    refuse_untestable(target, folds)
    default = _default_metrics(codes)
    scoring = make_scoring(target, scoring, positive, folds=folds, default=default)
    sizes = _read_sizes(sizes)
    patterns = as_cohort(X).patterns
    rng = check_random_state(random_state)
    rows = patterns, target, check_groups(groups, len(y))
    planned, left_out = _plan(folds, rows, kinds, sizes, rng)
    arms = {
        f"{arm.n_rows:.0f} rows of {arm.kind}, {size:.3g} of them": arm
        for arms in planned.values()
        for arm, size in zip(arms, sizes[:-1], strict=False)
    }
    models = [(ALL_ROWS, estimator, folds)]
    models += [(name, estimator, arm.folds) for name, arm in arms.items()]
    with fold_stage("recruitment_curve", models, verbose) as stage:
        results = run_folds(
            models, X, y, scoring, stage=stage, groups=groups, n_jobs=n_jobs
        )
    trains = np.unique(np.concatenate([fold.train for fold in folds]))
    counted = trains[codes[trains] >= 0]
    return RecruitmentCurve(
        scores=_by_kind(score_table(results), planned, arms),
        n_now={kind: int(np.sum(patterns[counted] == kind)) for kind in planned},
        left_out=left_out,
        test_to_train=paired_ratio(folds, X, y),
        positive=scoring.positive,
        confidence_level=confidence_level,
        known_as=scoring.known_as,
    )


def _default_metrics(codes: NDArray) -> dict[type, list[str]]:
    return {
        ClassLabels: ["neg_log_loss", AREAS[bool(codes.max() < 2)]],
        Numbers: ["neg_mean_absolute_error", "r2"],
        TimeToEvent: ["neg_integrated_brier_score", "uno_c"],
    }


def _read_sizes(sizes: Any) -> list[float]:
    """Shares in ascending order, the last of which is 1."""
    given = list(np.atleast_1d(np.asarray(sizes, dtype=object)))
    for size in given:
        if (
            isinstance(size, bool)
            or not isinstance(size, Real)
            or not 0 < float(size) <= 1
        ):
            raise ValueError(f"sizes must be above 0 and up to 1, got {size!r}.")
    found = sorted({float(size) for size in given} | {1.0})
    if len(found) < 2:
        raise ValueError(f"sizes must have a share below 1, got {sizes!r}.")
    return found


def _plan(
    folds: Any, rows: Any, kinds: Any, sizes: Any, rng: np.random.RandomState
) -> tuple[Any, Any]:
    """Arms of each kind in ascending order, and why other patterns are left out."""
    patterns = rows[0]
    present = list(
        dict.fromkeys(sorted(patterns.tolist(), key=lambda p: (-p.count("+"), p)))
    )
    if isinstance(kinds, str):
        raise TypeError(f"kinds must be a list of patterns, got {kinds!r}.")
    for kind in kinds if kinds is not None else ():
        if kind not in present:
            raise ValueError(
                f"kind {kind!r} is no pattern of X, which has {', '.join(present)}."
            )
    planned, left_out = {}, {}
    for kind in dict.fromkeys(present if kinds is None else kinds):
        try:
            planned[kind] = _arms_of(kind, folds, rows, sizes, rng)
        except ValueError as error:
            if kinds is not None:
                raise
            left_out[kind] = str(error)
    if not planned:
        raise ValueError(next(iter(left_out.values()), "kinds is empty: name one."))
    for reason in left_out.values():
        warn(f"{reason} The kind is left out.")
    return planned, left_out


def _arms_of(
    kind: str, folds: Any, rows: Any, sizes: Any, rng: np.random.RandomState
) -> list[Any]:
    """Arms of a kind, the last of which has all of its rows."""
    patterns, (outcome, _, codes, _), groups = rows
    orders, numbers = [], []
    for fold in folds:
        of_kind = (patterns[fold.train] == kind) & (codes[fold.train] >= 0)
        places = np.flatnonzero(of_kind)
        order, own = _subsets(fold.train[places], codes, groups, sizes, rng)
        if np.any(np.diff([0, *own]) <= 0):
            what = "rows" if groups is None else "rows in whole groups"
            raise ValueError(
                f"kind {kind!r} trains with {len(places)} labelled {what} in fold "
                f"{fold.fold} of repeat {fold.repeat}, too few for {len(sizes)} sizes "
                f"with a row of each of the {outcome.strata}: give fewer or larger "
                "sizes."
            )
        orders.append(places[order])
        numbers.append(own)
    table = np.array(numbers)
    return [
        Arm(kind, float(own.mean()), shrink_folds(folds, orders, own))
        for own in table.T
    ]


def _subsets(
    rows: Any, codes: NDArray, groups: Any, sizes: Any, rng: np.random.RandomState
) -> tuple[Any, Any]:
    """An order of rows, and how many are taken for each size; 0 for too few."""
    own = codes[rows]
    if not len(rows):
        return np.arange(0), [0] * len(sizes)
    targets = [round(size * len(rows)) for size in sizes]
    if groups is None:
        least = len(np.unique(own))
        return order_rows(own, rng), [n if n >= least else 0 for n in targets]
    order, ends = order_groups(own, groups[rows], rng)
    return order, [cut_groups(ends, number) for number in targets]


def _by_kind(scores: Any, planned: Any, arms: Any) -> pd.DataFrame:
    """Scores by kind and number of rows; those of all rows belong to each kind."""
    tables = []
    for kind, own in planned.items():
        number_of = {name: arm.n_rows for name, arm in arms.items() if arm.kind == kind}
        number_of[ALL_ROWS] = own[-1].n_rows
        table = scores[scores["model"].isin(number_of)]
        table = table.assign(kind=kind, n_rows=table["model"].map(number_of))
        tables.append(table.sort_values("n_rows", kind="stable"))
    columns = ["kind", "n_rows", "repeat", "fold", "metric", "score"]
    return pd.concat(tables, ignore_index=True)[columns]
