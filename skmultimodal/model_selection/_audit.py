"""The shortcut audit: how well covariates alone predict the label."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._audit_model import (
    FoldScores,
    area_of_folds,
    gain_over,
    make_fold_scores,
    mean_one_against_rest,
    responses,
    within,
)
from skmultimodal.model_selection._audit_sites import N_FOLDS, areas_of_site
from skmultimodal.model_selection._audit_sources import (
    covariate_predictor,
    metadata_sources,
    presence_source,
    trainings,
)
from skmultimodal.model_selection._folds import (
    check_X_y,
    fold_stage,
    make_folds,
    paired_ratio,
    run_folds,
)
from skmultimodal.model_selection._intervals import corrected_t_interval
from skmultimodal.model_selection._metrics import PatientCounts, least_variance
from skmultimodal.model_selection._score_table import score_table
from skmultimodal.model_selection._scoring import Scoring
from skmultimodal.utils._alignment import align_metadata, refuse_unknown_columns
from skmultimodal.utils._labels import encode_labels

__all__ = ["audit_shortcuts"]

COLUMNS = ["source", "roc_auc", "low", "high", "n_folds", "kind", "tested", "read_as"]
MORE = ["trained_on", "difference", "difference_low", "difference_high"]


def audit_shortcuts(
    X,
    y,
    metadata=None,
    *,
    cv=None,
    estimator=None,
    comparison=None,
    model=None,
    baseline=None,
    site=None,
    groups=None,
    confidence_level=0.95,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    """Score predictions of the label that use no modality's values.

    The first thing to run on a new cohort. If the hospital, or the mere presence of an
    image, predicts the label as well as the model does, the model's score is no
    evidence of biology.

    Parameters
    ----------
    X : Cohort, or anything that can be read as one
        The patients.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row.
    metadata : DataFrame, default=None
        Covariates of the rows, by patient id or, with a default index, in row order;
        None means ``X.metadata``. Numbers are used as such, also those written as text
        with a decimal point or comma, and dates as numbers of days; anything else as
        categories. Give numeric codes of hospitals the dtype ``category``.
    cv : splitter, iterable of (train, test), or int, default=None
        As in `compare_classifiers`. Metadata and `estimator` are evaluated on it. It
        must be given unless `comparison` is, whose folds are then used.
    estimator : estimator, default=None
        A classifier that takes `X`, to be compared with the covariates.
    comparison : Comparison, default=None
        Of models on the same rows. The model `model` is used in place of `estimator`,
        and not fitted again.
    model : str, default=None
        A model of `comparison`; None is the last.
    baseline : list of str, default=None
        Columns that are known before the label is. The others, such as a survival time,
        are scored but are no explanations: their kind is ``"later"``. None makes
        explanations of all.
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
        - ``"later"``: each column that is not in `baseline`;
        - ``"model"``: the model;
        - ``"within"``: the model, over pairs of patients of the same `site`;
        - ``"beside"``: the model together with `baseline` and `site`;
        - ``"encoding"``: `site`, predicted from a modality.

        ``roc_auc`` has the interval from ``low`` to ``high``, over ``n_folds``;
        ``tested`` is ``"all labelled"``, ``"cv"`` or ``"all"``, ``read_as``
        ``"number"``, ``"date"``, ``"category"`` or ``"mixed"``, and ``trained_on``
        ``"all"`` or ``"paired"``. ``difference`` is the area of the model less that of
        the source on the same folds, and beside covariates the gain over them alone,
        from ``difference_low`` to ``difference_high``. With more than two classes the
        area is the mean of those of one class against the rest.

    Raises
    ------
    ValueError
        If neither `cv` nor `comparison` is given, or a column or model is unknown.
    RuntimeError
        If a model fails; the message names it and the fold.

    Warns
    -----
    UserWarning
        If a column is left out since nearly all of its texts differ, cells of numbers
        or dates are neither and taken as missing, or a column is the label.

    Notes
    -----
    Covariates predict by a logistic regression; categories are one-hot encoded (a
    missing or unseen one included) and numbers imputed, within the fold. It is fitted
    twice, on all labelled training rows and on the paired ones, since a hospital may be
    related to the label one way among unpaired patients and another way among those
    tested. The row has the fit of the higher area, and an interval of a level that
    holds for two (Bonferroni's).

    Paired rows all have the same modalities, so presence is judged on a partition of
    all labelled rows, stratified by class, into as many folds and repeats as `cv`.

    Beside covariates, the log-odds of the model are one more column of a logistic
    regression, fitted on the test rows of the other folds of a repeat. A site is
    predicted from principal components of a table, or from statistics of the
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
    X, y, groups = check_X_y(X, y, groups)
    cohort = as_cohort(X)
    random_state = check_random_state(random_state)
    if comparison is not None:
        model = _model_of(comparison, model, estimator)
        folds = comparison.folds
    elif cv is None:
        raise ValueError("audit_shortcuts needs cv, or a comparison for its folds.")
    else:
        folds = make_folds(cv, X, y, groups)
    table = cohort.metadata
    if metadata is not None:
        table = align_metadata(metadata, cohort.index)
    ratio = paired_ratio(folds, X, y)
    on_folds = trainings(folds, X, y, ratio)
    sources = [presence_source(cohort, y, folds, groups, random_state)]
    sources += metadata_sources(table, y, on_folds, baseline)
    site = _read_site(table, site, sources)
    audit = _Audit(y, ratio, confidence_level, n_jobs)
    arms = _arms(sources)
    if estimator is not None:
        arms.append(("estimator", estimator, folds))
    with fold_stage("audit_shortcuts", arms, verbose) as stage:
        own = None if comparison is None else make_fold_scores(comparison, model)
        if estimator is not None:
            own, _ = audit.run("estimator", estimator, X, y, folds, stage)
        rows = [audit.source(source, own, stage) for source in sources]
    if own is not None:
        counts = audit.count(y, folds)
        of_model = audit.areas(own), ratio, "model", "cv"
        rows.append(audit.row("estimator", *of_model, counts=counts))
        rows += _beside(audit, own, sources, baseline, site)
    rows += _of_site(audit, own, cohort, site, random_state)
    types = dict.fromkeys(MORE[1:], float)
    return pd.DataFrame(rows, columns=[*COLUMNS, *MORE]).astype(types)


class _Site(NamedTuple):
    """A covariate, the columns that it is read as, and a number for each value."""

    name: str
    columns: pd.DataFrame
    codes: np.ndarray


class _Audit(NamedTuple):
    """Labels, and how intervals are made."""

    y: np.ndarray
    ratio: float
    confidence_level: float
    n_jobs: Any

    @property
    def classes(self):
        return encode_labels(self.y, allow_unlabelled=True)[0]

    def areas(self, model):
        return area_of_folds(model, self.y, self.classes)

    def source(self, source, own, stage):
        """The row of a source, of the better of its fits: on all or paired rows."""
        predictor = covariate_predictor(source.columns)
        rows = source.columns, source.y
        found = [
            (
                training,
                self.run(source.name, predictor, *rows, training.folds, stage)[1],
            )
            for training in source.trainings
        ]
        training, areas = max(found, key=lambda fit: np.nan_to_num(fit[1]).sum())
        level = 1 - (1 - self.confidence_level) / len(found)
        row = self.row(
            *(source.name, areas, training.ratio, source.kind, source.tested),
            level=level,
            counts=self.count(source.y, training.folds),
            read_as=source.read_as,
            trained_on=training.rows,
        )
        if own is not None and source.tested == "cv":
            row |= self.difference(self.areas(own) - areas, level)
        return row

    def run(self, name, estimator, X, y, folds, stage):
        """Out-of-fold scores of an estimator, and the area of each fold."""
        classes = self.classes
        scoring = Scoring({"roc_auc": _Area(classes)}, y)
        options = {"inspect": _Responses(classes), "n_jobs": self.n_jobs}
        arms = [(name, estimator, folds)]
        results = run_folds(arms, X, y, scoring, stage=stage, **options)
        scores = [FoldScores(fold, *found) for _, fold, _, found in results]
        return scores, score_table(results)["score"].to_numpy()

    def count(self, y, folds):
        """Tested patients of two classes, or None."""
        if len(self.classes) > 2:
            return None
        rows = np.unique(np.concatenate([fold.test for fold in folds]))
        n_positive = int(np.sum(y[rows] == self.classes[-1]))
        return PatientCounts(n_positive, len(rows) - n_positive)

    def row(self, source, areas, ratio, kind, tested, **more):
        """A row of the audit."""
        level = more.pop("level", self.confidence_level)
        counts = more.pop("counts", None)
        areas = areas[~np.isnan(areas)]
        low, high = np.nan, np.nan
        if len(areas) > 1:
            options = {"bounded": True, "confidence_level": level}
            least = least_variance("roc_auc", counts)
            low, high = corrected_t_interval(
                areas, ratio, least_variance=least, **options
            )
        mean = np.mean(areas) if len(areas) else np.nan
        row = dict.fromkeys(["read_as", "trained_on"], "") | dict.fromkeys(MORE[1:])
        found = source, mean, low, high, len(areas), kind, tested
        return row | dict(zip(COLUMNS, found, strict=False)) | more

    def difference(self, differences, level=None):
        """The columns of a difference of two areas on the same folds."""
        kept = differences[~np.isnan(differences)]
        low, high = np.nan, np.nan
        if len(kept) > 1:
            level = level or self.confidence_level
            low, high = corrected_t_interval(kept, self.ratio, confidence_level=level)
        mean = np.mean(kept) if len(kept) else np.nan
        return dict(zip(MORE[1:], (mean, low, high), strict=True))


def _arms(sources):
    """What is fitted for the sources, as of `fold_stage`."""
    return [
        (
            source.name,
            covariate_predictor(source.columns),
            [fold for training in source.trainings for fold in training.folds],
        )
        for source in sources
    ]


def _model_of(comparison, model, estimator):
    if estimator is not None:
        raise ValueError("give estimator or comparison, not both.")
    if model is None:
        return comparison.models[-1]
    if model not in comparison.models:
        raise ValueError(f"model {model!r} is none of {', '.join(comparison.models)}.")
    return model


def _read_site(table, site, sources):
    if site is None:
        return None
    refuse_unknown_columns(table, [site], "site")
    columns = next((s.columns for s in sources if s.name == site), None)
    if columns is None:
        raise ValueError(
            f"site: column {site!r} has different texts nearly everywhere."
        )
    values = table[next(name for name in table if str(name) == site)]
    return _Site(site, columns, pd.factorize(values)[0])


def _beside(audit, own, sources, baseline, site):
    """The model together with the columns that are known before the label."""
    known = dict.fromkeys([*(baseline or []), *([] if site is None else [site.name])])
    columns = [s.columns for s in sources if s.name in known]
    if not columns:
        return []
    with_model, alone = gain_over(
        own, audit.y, audit.classes, pd.concat(columns, axis=1)
    )
    name = f"estimator beside {', '.join(known)}"
    row = audit.row(name, with_model, audit.ratio, "beside", "cv", read_as="mixed")
    return [row | audit.difference(with_model - alone)]


def _of_site(audit, own, cohort, site, random_state):
    """The model within hospitals, and hospitals predicted from each modality."""
    if site is None:
        return []
    rows = []
    if own is not None:
        areas = within(own, audit.y, audit.classes, site.codes)
        name = f"estimator within {site.name}"
        rows.append(audit.row(name, areas, audit.ratio, "within", "cv"))
    for modality in cohort.modalities:
        areas = areas_of_site(cohort, modality, site.codes, random_state)
        name = f"{site.name} from {modality}"
        rows.append(audit.row(name, areas, 1 / (N_FOLDS - 1), "encoding", "all"))
    return rows


class _Area:
    """The area as a metric of a fitted classifier."""

    def __init__(self, classes):
        self.classes = classes

    def __call__(self, fitted, X, y):
        return mean_one_against_rest(
            responses(fitted, X, self.classes), y, self.classes
        )


class _Responses:
    """Scores for each class, and whether they are probabilities."""

    def __init__(self, classes):
        self.classes = classes

    def __call__(self, model, X):
        is_proba = hasattr(model, "predict_proba")
        return responses(model, X, self.classes), is_proba
