"""The shortcut audit: how well covariates alone predict the label."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import check_random_state

from skmultimodal.cohort import as_cohort
from skmultimodal.model_selection._folds import (
    Fold,
    check_X_y,
    fold_stage,
    labels_of,
    make_folds,
    paired_ratio,
    run_folds,
)
from skmultimodal.model_selection._score_table import score_table, summarise
from skmultimodal.model_selection._scoring import Scoring
from skmultimodal.model_selection._split import PatternStratifiedKFold
from skmultimodal.utils._alignment import align_metadata, name_some
from skmultimodal.utils._covariates import read_covariate
from skmultimodal.utils._labels import missing_labels
from skmultimodal.utils._leaks import follows_label
from skmultimodal.utils._warnings import warn

__all__ = ["audit_shortcuts"]

PRESENCE = "modalities present"
EVERY_COLUMN = "all columns"


def audit_shortcuts(
    X,
    y,
    metadata=None,
    *,
    cv,
    estimator=None,
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
    cv : splitter, iterable of (train, test), or int
        As in `compare_classifiers`. Metadata and `estimator` are evaluated on it.
    estimator : estimator, default=None
        A classifier that takes `X`, for comparison.
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
        A row per ``source``: ``"modalities present"``, each column of the metadata,
        ``"all columns"`` if there are several, and ``"estimator"``. Further columns:
        ``roc_auc`` with its interval from ``low`` to ``high``, ``n_folds``, ``kind``
        (``"presence"``, ``"metadata"``, ``"model"``) and ``tested`` (``"all labelled"``
        or ``"cv"``), and ``read_as``: ``"number"``, ``"date"``, ``"category"`` or, of
        all columns, ``"mixed"``. With more than two classes the area is the mean of
        those of one class against the rest.

    Raises
    ------
    RuntimeError
        If a model fails; the message names it and the fold.

    Warns
    -----
    UserWarning
        If a column is left out since nearly all of its texts differ, cells of numbers
        or dates are neither and taken as missing, or a column is the label.

    Notes
    -----
    Each predictor is a logistic regression, fitted on all labelled training rows of the
    fold; categories are one-hot encoded (a missing or unseen one included) and numbers
    imputed, within the fold. Paired rows all have the same modalities, so presence is
    judged on a partition of all labelled rows (`PatternStratifiedKFold`) with as many
    folds and repeats as `cv`.

    A column that is the label under another name, or measured after it, is no shortcut:
    leave it out of `metadata`.

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
    >>> audit = audit_shortcuts(X, y, cv=cv, random_state=0)
    >>> audit[["source", "tested", "roc_auc"]].round(2)
                   source        tested  roc_auc
    0  modalities present  all labelled     0.50
    1                site            cv     0.80
    2                 age            cv     0.43
    3         all columns            cv     0.78
    """
    X, y, groups = check_X_y(X, y, groups)
    cohort = as_cohort(X)
    folds = make_folds(cv, X, y, groups)
    ratio = paired_ratio(folds, X, y)
    table = cohort.metadata
    if metadata is not None:
        table = align_metadata(metadata, cohort.index)
    sources = [_presence(cohort, y, folds, groups, random_state)]
    labelled = _labelled(folds, y)
    on_cv = y, labelled, ratio, "metadata", "cv"
    sources += [
        _Source(name, _predictor(columns), columns, *on_cv, read_as)
        for name, (columns, read_as) in _sources(table, y).items()
    ]
    if estimator is not None:
        model = y, folds, ratio, "model", "cv", ""
        sources.append(_Source("estimator", estimator, X, *model))
    arms = [(source.name, source.estimator, source.folds) for source in sources]
    with fold_stage("audit_shortcuts", arms, verbose) as stage:
        rows = [_audit(source, confidence_level, n_jobs, stage) for source in sources]
    return pd.DataFrame(rows)


class _Source(NamedTuple):
    """A predictor of the label, its input, and the folds that it is tested on."""

    name: str
    estimator: Any
    X: Any
    y: np.ndarray
    folds: list
    ratio: float
    kind: str
    tested: str
    read_as: str


def _audit(source, confidence_level, n_jobs, stage):
    """A row of the audit."""
    arms = [(source.name, source.estimator, source.folds)]
    scoring = Scoring({"roc_auc": _mean_one_against_rest}, source.y)
    results = run_folds(arms, source.X, source.y, scoring, stage=stage, n_jobs=n_jobs)
    found = summarise(score_table(results), source.ratio, confidence_level).iloc[0]
    return {
        "source": source.name,
        "roc_auc": found["mean"],
        **{name: found[name] for name in ("low", "high", "n_folds")},
        "kind": source.kind,
        "tested": source.tested,
        "read_as": source.read_as,
    }


def _presence(cohort, y, folds, groups, random_state):
    """The modalities present, on a partition of all labelled rows."""
    labelled = np.flatnonzero(~missing_labels(y))
    names = pd.DataFrame({PRESENCE: cohort.patterns[labelled]}, dtype=object)
    n_repeats = folds[-1].repeat + 1
    splitter = PatternStratifiedKFold(
        max(2, len(folds) // n_repeats), random_state=check_random_state(random_state)
    )
    groups = None if groups is None else np.asarray(groups)[labelled]
    partition = [
        Fold(repeat, number, train, test)
        for repeat in range(n_repeats)
        for number, (train, test) in enumerate(
            splitter.split(cohort[labelled], y[labelled], groups)
        )
    ]
    ratio = sum(len(f.test) for f in partition) / sum(len(f.train) for f in partition)
    rows = names, y[labelled], partition, ratio
    of = "presence", "all labelled", "category"
    return _Source(PRESENCE, _predictor(names), *rows, *of)


def _sources(table, y):
    """Tables to predict from, and how they were read: each column, and all of them."""
    if table is None or not table.shape[1]:
        return {}
    table = table.reset_index(drop=True)
    covariates = {str(name): read_covariate(table[name]) for name in table.columns}
    _warn_of_cells(covariates)
    _warn_of_label(table, y)
    sources = {
        name: (pd.DataFrame({name: found.values}), found.kind)
        for name, found in covariates.items()
        if found.kind != "text"
    }
    if len(sources) > 1:
        every = pd.concat([columns for columns, _ in sources.values()], axis=1)
        sources[EVERY_COLUMN] = every, "mixed"
    return sources


def _warn_of_cells(covariates):
    """Warn of columns that are left out, and of cells that are taken as missing."""
    texts = [name for name, found in covariates.items() if found.kind == "text"]
    if texts:
        warn(
            f"{len(texts)} columns of the metadata are left out of the audit, such as "
            f"{name_some(texts)}: their texts are nearly all different, so that they "
            "are no categories. Derive some from them, or a number."
        )
    odd = {name: found.odd for name, found in covariates.items() if found.odd}
    if odd:
        shown = [
            f"{len(cells)} of {name!r}, read as a {covariates[name].kind}, such as "
            f"{name_some(cells)}"
            for name, cells in list(odd.items())[:3]
        ]
        warn(
            f"metadata has different texts that are taken as missing in {len(odd)} "
            f"columns: {'; '.join(shown)}."
        )


def _warn_of_label(table, y):
    labelled = ~missing_labels(y)
    codes = np.unique(labels_of(y, labelled), return_inverse=True)[1]
    found = [n for n in table if follows_label(table.loc[labelled, n], codes)]
    if found:
        warn(
            f"column {found[0]!r} of the metadata has one value for each class: if it "
            "is the label under another name, it is no shortcut. Leave it out of "
            "metadata then."
        )


def _predictor(columns):
    is_number = [pd.api.types.is_float_dtype(t) for t in columns.dtypes]
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    return make_pipeline(
        make_column_transformer(
            (numbers, np.flatnonzero(is_number)),
            (
                OneHotEncoder(handle_unknown="ignore"),
                np.flatnonzero(~np.array(is_number)),
            ),
        ),
        LogisticRegression(class_weight="balanced", max_iter=1000),
    )


def _labelled(folds, y):
    labelled = ~missing_labels(y)
    return [fold._replace(train=fold.train[labelled[fold.train]]) for fold in folds]


def _mean_one_against_rest(fitted, X, y):
    """Mean AUC of each class against the rest, over the classes in `y`.

    It is NaN if `y` has one class, and 0.5 for a class that training lacked.
    """
    if hasattr(fitted, "predict_proba"):
        scores = fitted.predict_proba(X)
    else:
        scores = fitted.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([-scores, scores])
    of_class = dict(zip(fitted.classes_, scores.T, strict=True))
    classes = np.unique(y)
    if len(classes) < 2:
        return np.nan
    constant = np.zeros(len(y))
    return np.mean([roc_auc_score(y == c, of_class.get(c, constant)) for c in classes])
