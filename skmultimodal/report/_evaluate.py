"""The main job: compare models on the pairs, audit the cohort, fit one, report."""

import contextlib
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import Bunch
from sklearn.utils.validation import has_fit_parameter

from skmultimodal.baselines import comparison_models
from skmultimodal.baselines._comparison import why_not_the_paper
from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.exceptions import FewPatientsWarning
from skmultimodal.inspection import RocBandsDisplay
from skmultimodal.model_selection import (
    Comparison,
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_classifiers,
    selection_weights,
)
from skmultimodal.model_selection._external import scores_at_home
from skmultimodal.model_selection._folds import check_X_y
from skmultimodal.model_selection._tested_rows import count_modalities
from skmultimodal.persistence import save_model
from skmultimodal.report._evaluable import N_FOLDS, check_data
from skmultimodal.report._evaluation import check_report_path, evaluation_report
from skmultimodal.report._study import hospital_columns
from skmultimodal.utils._alignment import refuse_unknown_columns
from skmultimodal.utils._covariates import read_covariate
from skmultimodal.utils._files import whole_folder
from skmultimodal.utils._labels import class_name, find_positive, missing_labels
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._probability import check_thresholds
from skmultimodal.utils._progress import Stage

__all__ = ["evaluate_cohort", "find_site", "forget_memory", "label_table"]

METRICS = ["accuracy", "precision", "recall", "f1", "roc_auc"]
METRICS_OF_MANY = ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr"]


def evaluate_cohort(
    X: Any,
    y: Any,
    out: str | Path | None = None,
    *,
    models: Mapping[str, Any] | None = None,
    model: str | None = None,
    positive: Any = None,
    groups: Any = None,
    baseline: list[str] | None = None,
    outcomes: list[str] | None = None,
    censored: str | None = None,
    n_repeats: int = 10,
    n_seeds: int = 1,
    n_draws: int = 0,
    memory: Any = None,
    device: Any = None,
    random_state: int | None = 0,
    notes: dict[str, Any] | None = None,
    verbose: int = 0,
    **report: Any,
) -> Bunch:
    """Compare models on the paired rows, audit the cohort, fit one model and report.

    Rows that have all modalities are tested, or where they are too few those with the
    most, as by `PairedStratifiedKFold`.

    Parameters
    ----------
    X : Cohort
        The patients, some of whom have several modalities.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row.
    out : str or path, default=None
        Folder for ``table.csv``, ``roc.png``, ``report.html`` and ``model.skops``, made
        if it is absent. They are written together or not at all. None writes nothing.
    models : dict of str to estimator, default=None
        Models to compare. None means `comparison_models`, without the paper's if fewer
        than 20 labelled rows have only the scarcer modality (a remark names them).
    model : str, default=None
        Which of them is fitted to all rows, explained and saved. None is the last.
    positive : class label, default=None
        See `compare_classifiers`.
    groups : array-like of shape (n_rows,), default=None
        Rows that are tested together, such as those of a hospital; also passed to the
        ``fit`` of models that take groups.
    baseline : list of str, default=None
        Columns of the metadata that are known before the label is, see
        `audit_shortcuts`; a model of them alone is among the default models, and the
        report has scores weighted by them, see `selection_weights`.
    outcomes : list of str, default=None
        Columns that are known only after the label, see `audit_shortcuts`.
    censored : str, default=None
        Column of patients whose label is unknown because follow-up ended, likewise.
    n_repeats : int, default=10
        Repeats of cross-validation in three folds.
    n_seeds : int, default=1
        See `compare_classifiers`.
    n_draws : int, default=0
        See `compare_classifiers`.
    memory : str or path, default=None
        Folder that keeps fitted towers, from which an interrupted job goes on; of the
        default models only. None keeps them for the time of the job.
    device : str, torch.device or None, default=None
        Where the networks of the default models compute.
    random_state : int, default=0
        Draws the folds and seeds the default models.
    notes : dict, default=None
        Saved with the model, see `save_model`.
    verbose : int, default=0
        Above 0 shows what will be done and a bar, or a line, for each stage.
    **report
        Passed to `evaluation_report`, such as ``title``, ``label``, ``flow``,
        ``channel_names`` and ``thresholds``.

    Returns
    -------
    evaluation : Bunch
        - ``comparison``: Comparison of `compare_classifiers`.
        - ``audit``: DataFrame of `audit_shortcuts`.
        - ``model``: the model, fitted to all rows; ``model_name``.
        - ``table``: DataFrame of text, mean and interval of each model and metric.
        - ``weights``: Bunch of `selection_weights`, or None without `baseline`.
        - ``remarks``: list of str, what to know before reading the table.
        - ``files``: dict of file name to path, empty without `out`.

    Raises
    ------
    ValueError
        If `X` has one modality or no labelled row with two, `y` has one class or is
        continuous, there are fewer rows of a class, or groups, to test than folds,
        `models` is empty, or `model` or `positive` is unknown.
    OSError
        If `out` cannot be written; before anything is fitted.
    ImportError
        If jinja2 or matplotlib is absent (``skmultimodal[report]``); before anything
        is fitted.

    See Also
    --------
    skmultimodal.datasets.load_folder : Loads patients.
    skmultimodal.baselines.comparison_models : The models.
    prediction_table : Predictions of the saved model for other patients.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.report import evaluate_cohort
    >>> rng, y = np.random.default_rng(0), np.arange(60) % 2
    >>> rna, protein = rng.normal(size=(60, 9)), rng.normal(size=(60, 7))
    >>> rna[:20], protein[20:30] = np.nan, np.nan
    >>> X = Cohort({"rna": rna, "protein": protein})
    >>> evaluation = evaluate_cohort(X, y, n_repeats=1)
    >>> evaluation.table["roc_auc"]["majority class"]
    '0.500 [0.50, 0.50]'
    """
    X, y, groups = check_X_y(as_cohort(X), y, groups)
    classes = check_data(X, y, groups)
    find_positive(classes, positive, of="y")
    refuse_unknown_columns(X.metadata, baseline or [], "baseline")
    refuse_unknown_columns(X.metadata, outcomes or [], "outcomes")
    if censored is not None and not baseline:
        raise ValueError("censored needs baseline: columns that explain who was.")
    if report.get("thresholds") is not None:
        check_thresholds(report["thresholds"])
    for name in ("patient_key", "figures"):
        if report.get(name) is not None:
            check_report_path(report[name])
    if out is not None:
        for module in ("jinja2", "matplotlib.pyplot"):  # not after hours of fitting
            import_optional(module, "report")
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(whole_folder(out)) if out is not None else None
        if groups is not None:
            stack.enter_context(sklearn.config_context(enable_metadata_routing=True))
        if memory is None:
            memory = stack.enter_context(tempfile.TemporaryDirectory())
        lacking = None
        if models is None:
            models = comparison_models(
                X,
                baseline=baseline,
                memory=str(memory),
                device=device,
                random_state=random_state,
            )
            lacking = why_not_the_paper(X, y)
            if lacking is not None:
                models = {n: m for n, m in models.items() if n != "concat (paper)"}
        name = _check_model(models, model)
        cv = PairedStratifiedKFold(N_FOLDS, n_repeats, random_state=random_state)
        evaluation = _evaluate(
            models,
            name,
            (X, y, groups, classes, cv),
            {"positive": positive, "n_seeds": n_seeds, "n_draws": n_draws},
            {"baseline": baseline, "censored": censored},
            outcomes,
            random_state,
            verbose,
        )
        evaluation.remarks += [lacking] * (lacking is not None)
        if stage is not None and out is not None:
            report["positive"] = evaluation.comparison.positive
            _write(stage, evaluation, X, y, notes, verbose, report)
            names = [path.name for path in sorted(stage.iterdir())]
            evaluation.files = {n: Path(out) / n for n in names}
    return evaluation


def label_table(X: Cohort, y: Any) -> pd.DataFrame:
    """Rows of each pattern by class: DataFrame."""
    known = ~missing_labels(y)
    names = [
        class_name(c) if k else "unlabelled" for c, k in zip(y, known, strict=True)
    ]
    label = np.array(names, dtype=object)
    table = pd.crosstab(X.patterns, label, margins=True, margins_name="all")
    return table.rename_axis(index="pattern", columns="label")


def _check_model(models: Mapping[str, Any], model: str | None) -> str:
    names = list(models)
    if not names:
        raise ValueError("models is empty.")
    if model is None:
        return names[-1]
    if model not in names:
        raise ValueError(f"model {model!r} is none of {', '.join(names)}.")
    return model


def _evaluate(
    models: Mapping[str, Any],
    name: str,
    data: tuple[Any, ...],
    compare: dict[str, Any],
    columns: dict[str, Any],
    outcomes: list[str] | None,
    random_state: int | None,
    verbose: int,
) -> Bunch:
    X, y, groups, classes, cv = data
    # Drawn once, so that a warning of which rows are tested comes once.
    splits = list(cv.split(X, y, groups))
    weights = _weights(X, y, splits, **columns)
    options = {"cv": splits, "groups": groups, "verbose": verbose}
    compared = models
    if groups is not None:
        compared = {n: _requesting_groups(m) for n, m in models.items()}
    with warnings.catch_warnings():
        # A model that predicts one class only has no precision on the other: 0.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.simplefilter("ignore", FewPatientsWarning)  # shown as remarks
        comparison = compare_classifiers(
            compared,
            X,
            y,
            scoring=METRICS if len(classes) == 2 else METRICS_OF_MANY,
            **compare,
            reference=name,
            primary="roc_auc" if len(classes) == 2 else "roc_auc_ovr",
            **options,
        )
    audit = audit_shortcuts(
        X,
        y,
        comparison=comparison,
        model=name,
        baseline=columns["baseline"],
        outcomes=outcomes,
        site=find_site(X.metadata),
        groups=groups,
        random_state=random_state,
        verbose=verbose,
    )
    fitted = sklearn.clone(models[name])
    grouped = groups is not None and has_fit_parameter(fitted, "groups")
    with Stage(f"[evaluate_cohort] {name} on all rows", None, "", verbose):
        fitted.fit(X, y, **({"groups": groups} if grouped else {}))
    forget_memory(fitted)
    return Bunch(
        comparison=comparison,
        audit=audit,
        model=fitted,
        model_name=name,
        table=comparison.table(),
        weights=weights,
        remarks=list(_remarks(comparison, X)),
        files={},
    )


def forget_memory(model: Any) -> None:
    """Take the folder of towers from a model, as it may be gone when that is used."""
    names = [n for n in model.get_params() if n.split("__")[-1] == "memory"]
    model.set_params(**dict.fromkeys(names))


def _weights(
    X: Cohort, y: Any, splits: Any, baseline: list[str] | None, censored: str | None
) -> Bunch | None:
    """Weights for those tested, if there are covariates to explain who they are."""
    if not baseline:
        return None
    tested = np.zeros(len(X), dtype=bool)
    for _, test in splits:
        tested[test] = True
    return selection_weights(X, y, baseline, tested=tested, censored=censored)


def find_site(metadata: pd.DataFrame | None) -> str | None:
    """A column of several hospitals, if there is one."""
    if metadata is None:
        return None
    columns = hospital_columns(metadata)
    several = [c for c in columns if read_covariate(metadata[c]).kind == "category"]
    return next((str(c) for c in several if metadata[c].nunique() > 1), None)


def _requesting_groups(model: Any) -> Any:
    """A clone whose ``fit`` is given the groups, if it takes any."""
    model = sklearn.clone(model)
    takes = has_fit_parameter(model, "groups")
    return model.set_fit_request(groups=True) if takes else model


def _remarks(comparison: Comparison, X: Cohort) -> Iterator[str]:
    """What a reader of the table should know before its means."""
    tested = comparison.predictions().drop_duplicates("row")["row"].to_numpy()
    sizes = count_modalities(X[tested])
    if sizes.min() < len(X.modalities):
        yield (
            f"Too few patients have all of {', '.join(X.modalities)}: {len(tested)} "
            f"with at least {sizes.min()} of them are tested. comparison.by_pattern() "
            "has the scores for each pattern."
        )
    yield from comparison.remarks()


def _write(
    stage: Path,
    evaluation: Bunch,
    X: Cohort,
    y: Any,
    notes: dict[str, Any] | None,
    verbose: int,
    report: dict[str, Any],
) -> None:
    """The files of an evaluation."""
    comparison, name = evaluation.comparison, evaluation.model_name
    comparison.summary().to_csv(stage / "table.csv", index=False)
    _draw_roc(comparison, name, report.get("title"), stage / "roc.png")
    evaluation_report(
        stage / "report.html",
        estimator=evaluation.model,
        X=X,
        y=y,
        comparison=comparison,
        model=name,
        audit=evaluation.audit,
        weights=evaluation.weights,
        verbose=verbose,
        **report,
    )
    # For the report of the model in another hospital.
    notes = {**(notes or {}), "scores": scores_at_home(comparison, name)}
    save_model(evaluation.model, stage / "model.skops", notes=notes)


def _draw_roc(comparison: Comparison, name: str, title: str | None, path: Path) -> None:
    """Mean ROC curves of all models; bands of this one and the best of the others."""
    summary = comparison.summary()
    areas = summary[summary["metric"].str.startswith("roc_auc")]
    others = areas.set_index("model")["mean"].drop(name)
    # Bands of all would hide each other.
    bands = [name, *([others.idxmax()] if others.notna().any() else [])]
    plt = import_optional("matplotlib.pyplot", "report")
    display = RocBandsDisplay.from_comparison(
        comparison, positive=comparison.positive, bands=bands
    )
    if title:
        display.ax_.set_title(title)
    try:
        display.figure_.savefig(path, dpi=150)
    finally:
        plt.close(display.figure_)
