"""The shortcut audit: how well covariates alone predict the label."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._audit_model import make_fold_scores
from skmultimodal.model_selection._audit_ranks import OfClasses, OfOrder
from skmultimodal.model_selection._audit_rows import Audit, Site
from skmultimodal.model_selection._audit_sources import (
    check_outcomes,
    covariate_predictor,
    metadata_sources,
    presence_source,
    trainings,
)
from skmultimodal.model_selection._folds import (
    fold_stage,
    make_folds,
    paired_ratio,
)
from skmultimodal.model_selection._outcome_comparison import OutcomeComparison
from skmultimodal.model_selection._targets import read_target, refuse_untestable
from skmultimodal.towers._outcomes import ClassLabels, Numbers, TimeToEvent
from skmultimodal.utils._alignment import align_metadata, refuse_unknown_columns
from skmultimodal.utils._strata import are_amounts

__all__ = ["audit_shortcuts"]


def audit_shortcuts(
    X: Any,
    y: Any,
    metadata: pd.DataFrame | None = None,
    *,
    cv: Any = None,
    estimator: Any = None,
    comparison: Any = None,
    model: str | None = None,
    baseline: list[str] | None = None,
    outcomes: list[str] | None = None,
    site: str | None = None,
    groups: Any = None,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Score predictions of the label that use no modality's values.

    The first thing to run on a new cohort. If the hospital, or the mere presence of an
    image, predicts the label as well as the model does, the model's score is no
    evidence of biology.

    Parameters
    ----------
    X : Cohort, or anything that can be read as one
        The patients.
    y : array-like of shape (n_rows,)
        Class labels, numbers, or times to an event as of ``make_survival_target``; NaN
        or None marks an unlabelled row.
    metadata : DataFrame, default=None
        Covariates of the rows, by patient id or, with a default index, in row order;
        None means ``X.metadata``. Numbers are used as such, also those written as text
        with a decimal point or comma, and dates as numbers of days; anything else as
        categories. Give numeric codes of hospitals the dtype ``category``.
    cv : splitter, iterable of (train, test), or int, default=None
        As in `compare_classifiers`. Metadata and `estimator` are evaluated on it. It
        must be given unless `comparison` is, whose folds are then used.
    estimator : estimator, default=None
        A classifier, regressor or survival estimator that takes `X`, to be compared
        with the covariates.
    comparison : Comparison or OutcomeComparison, default=None
        Of models on the same rows. The model `model` is used in place of `estimator`,
        and not fitted again.
    model : str, default=None
        A model of `comparison`; None is the last.
    baseline : list of str, default=None
        Columns that are known before the label is. The others, such as a survival time,
        are scored but are no explanations: their kind is ``"later"``. None makes
        explanations of all but `outcomes`; `site` is one in any case.
    outcomes : list of str, default=None
        Columns that are known only after the label, or are outcomes themselves: their
        kind is ``"later"``. Not needed with `baseline`.
    site : str, default=None
        Column of the hospital, scanner or batch. The model is also scored within its
        values, and they are predicted from each modality.
    groups : array-like of shape (n_rows,), default=None
        Passed to `cv`.
    confidence_level : float, default=0.95
        Of the intervals.
    random_state : int, RandomState instance or None, default=None
        Draws the folds over all rows.
    n_jobs : int, default=None
        Folds fitted at the same time.
    verbose : int, default=0
        Above 0 prints what will be fitted, and shows a bar, or a line at the end where
        standard error is no terminal.

    Returns
    -------
    audit : DataFrame
        A row per ``source``, of a ``kind``:

        - ``"presence"``: the modalities present;
        - ``"metadata"``: each column, and all columns if there are several;
        - ``"later"``: each column that is neither in `baseline` nor `site`, or in
          `outcomes`;
        - ``"model"``: the model;
        - ``"within"``: the model, over pairs of patients of the same `site`;
        - ``"between"``: the model, over pairs of patients of different sites;
        - ``"permuted"``: the model, if labels are permuted among patients of a site:
          what is above .5 is what the site explains of its score;
        - ``"beside"``: the model together with `baseline` and `site`;
        - ``"encoding"``: `site`, predicted from a modality.

        ``roc_auc`` has the interval from ``low`` to ``high``, over ``n_folds``;
        ``tested`` is ``"all labelled"``, ``"cv"`` or ``"all"``, ``read_as``
        ``"number"``, ``"date"``, ``"category"`` or ``"mixed"``, and ``trained_on``
        ``"all"`` or ``"paired"``. ``difference`` is the area of the model less that of
        the source on the same folds, and beside covariates the gain over them alone,
        from ``difference_low`` to ``difference_high``. With more than two classes the
        area is the mean of those of one class against the rest.

        Of numbers and of times to an event ``concordance`` stands in place of
        ``roc_auc``: of two patients, how often the one with the higher number, or with
        the earlier event (Harrell's), is predicted to be that. An area under the ROC
        curve is the same of two classes, and guessing has one half of either.

    Raises
    ------
    ValueError
        If neither `cv` nor `comparison` is given, a column or model is unknown, or a
        column of `outcomes` is also in `baseline` or the `site`.
    RuntimeError
        If a model fails; the message names it and the fold.

    Warns
    -----
    UserWarning
        If a column is left out since nearly all of its texts differ, cells of numbers
        or dates are neither and taken as missing, or a column is the label.

    Notes
    -----
    Covariates predict by a logistic regression, of numbers by a ridge regression and of
    times by `CoxRidgeSurvival`; categories are one-hot encoded (a
    missing or unseen one included) and numbers imputed, within the fold. It is fitted
    twice, on all labelled training rows and on the paired ones, since a hospital may be
    related to the label one way among unpaired patients and another way among those
    tested. The row has the fit of the higher area, and an interval of a level that
    holds for two (Bonferroni's).

    Paired rows all have the same modalities, so presence is judged on a partition of
    all labelled rows, stratified by class (a fifth of numbers, or event and censored),
    into as many folds and repeats as `cv`.

    Without a model, numbers that are fractions or of more than 20 kinds are no classes.
    Strata of times are kept: patients are compared within theirs.

    Beside covariates, the log-odds (number, log-hazard) of the model are one more
    column of such a regression, fitted on the test rows of the other folds of a repeat.
    A site is predicted from principal components of a table, or from statistics of the
    intensities of an image, of all rows that have the modality.

    A column that is the label under another name, or measured after it, is no shortcut:
    leave it out of `baseline` or `metadata`.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.model_selection import PairedStratifiedKFold, audit_shortcuts
    >>> rng = np.random.default_rng(1)
    >>> y = np.arange(90) % 2
    >>> gene = rng.normal(size=(90, 5))
    >>> gene[60:] = np.nan
    >>> site = np.where(rng.random(90) < 0.8, y, 1 - y)
    >>> table = pd.DataFrame(
    ...     {"site": np.array(["Leeds", "York"])[site], "age": rng.integers(20, 80, 90)}
    ... )
    >>> X = Cohort({"image": rng.normal(size=(90, 4)), "gene": gene}, metadata=table)
    >>> cv = PairedStratifiedKFold(3, n_repeats=10, random_state=0)
    >>> audit = audit_shortcuts(X, y, cv=cv, site="site", random_state=0)
    >>> audit[["source", "tested", "roc_auc"]].round(2)
                   source        tested  roc_auc
    0  modalities present  all labelled     0.46
    1                site            cv     0.80
    2                 age            cv     0.54
    3         all columns            cv     0.80
    4     site from image           all     0.49
    5      site from gene           all     0.54
    """
    kind = _kind_of(comparison, estimator, y)
    X, target, groups = read_target(estimator, X, y, groups, kind=kind)
    cohort = as_cohort(X)
    random_state = check_random_state(random_state)
    if comparison is not None:
        model = _model_of(comparison, model, estimator)
        folds = comparison.folds
    elif cv is None:
        raise ValueError("audit_shortcuts needs cv, or a comparison for its folds.")
    else:
        folds = make_folds(cv, X, target.dealt, groups)
    refuse_untestable(target, folds)
    table = cohort.metadata
    if metadata is not None:
        table = align_metadata(metadata, cohort.index)
    ratio = paired_ratio(folds, X, target.y)
    on_folds = trainings(folds, X, target, ratio)
    sources = [presence_source(cohort, target, folds, groups, random_state)]
    known_later = check_outcomes(table, outcomes, baseline, site)
    sources += metadata_sources(table, target, on_folds, baseline, site, known_later)
    place = _read_site(table, site, sources)
    ranks = _ranks_of(target.outcome)
    audit = Audit(target, ranks, ratio, confidence_level, n_jobs)
    arms, own = _arms(sources, ranks), None
    if comparison is not None:
        own = audit.model(make_fold_scores(comparison, model, ranks))
    if estimator is not None:
        arms.append(("estimator", estimator, folds))
    with fold_stage("audit_shortcuts", arms, verbose) as stage:
        if estimator is not None:
            own = audit.run("estimator", estimator, X, target.y, folds, stage)
        rows = [audit.row_of_source(source, own, stage) for source in sources]
    if own is not None:
        known = [*(baseline or []), *([] if place is None else [place.name])]
        rows.append(audit.row_of_model(own))
        rows += audit.rows_beside(own, sources, dict.fromkeys(known))
    if place is not None:
        rows += audit.rows_of_site(own, cohort, place, random_state)
    return audit.table(rows)


def _kind_of(comparison: Any, estimator: Any, y: Any) -> Any:
    """Outcome that a comparison is of, or `y` without a model; None of an estimator."""
    if isinstance(comparison, OutcomeComparison):
        return TimeToEvent if "event" in comparison.predictions() else Numbers
    if comparison is not None:
        return ClassLabels
    return Numbers if estimator is None and are_amounts(y) else None


def _ranks_of(outcome: Any) -> Any:
    if isinstance(outcome, ClassLabels):
        return OfClasses(outcome.classes)
    return OfOrder(outcome)


def _arms(sources: Any, ranks: Any) -> list[Any]:
    """What is fitted for the sources, as of `fold_stage`."""
    return [
        (
            source.name,
            covariate_predictor(source.columns, ranks.predictor()),
            [fold for training in source.trainings for fold in training.folds],
        )
        for source in sources
    ]


def _model_of(comparison: Any, model: Any, estimator: Any) -> Any:
    if estimator is not None:
        raise ValueError("give estimator or comparison, not both.")
    if model is None:
        return comparison.models[-1]
    if model not in comparison.models:
        raise ValueError(f"model {model!r} is none of {', '.join(comparison.models)}.")
    return model


def _read_site(table: Any, site: Any, sources: Any) -> Site | None:
    if site is None:
        return None
    refuse_unknown_columns(table, [site], "site")
    columns = next((s.columns for s in sources if s.name == site), None)
    if columns is None:
        raise ValueError(
            f"site: column {site!r} has different texts nearly everywhere."
        )
    values = table[next(name for name in table if str(name) == site)]
    return Site(site, columns, pd.factorize(values)[0])
