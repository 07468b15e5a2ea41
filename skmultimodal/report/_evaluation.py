"""The evaluation report: one HTML file."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd

from skmultimodal.model_selection import Comparison, ExternalEvaluation
from skmultimodal.report._explain import explain
from skmultimodal.report._figures import write_figures
from skmultimodal.report._rendering import (
    make_environment,
    render_page,
    render_section,
)
from skmultimodal.report._sections.again import again
from skmultimodal.report._sections.certainty import GivenSets, certainty
from skmultimodal.report._sections.checklist import ITEMS, checklist
from skmultimodal.report._sections.decisions import decisions
from skmultimodal.report._sections.examples import choose_examples, examples
from skmultimodal.report._sections.explanations import explanations
from skmultimodal.report._sections.external import check_external, external_numbers
from skmultimodal.report._sections.label import label as label_numbers
from skmultimodal.report._sections.limits import limits as limits_numbers
from skmultimodal.report._sections.missing import missing
from skmultimodal.report._sections.model import model as model_numbers
from skmultimodal.report._sections.patients import patients
from skmultimodal.report._sections.performance import performance
from skmultimodal.report._sections.selection import selection
from skmultimodal.report._sections.shortcuts import shortcuts
from skmultimodal.report._sections.subgroups import subgroups
from skmultimodal.report._study import Study, make_study
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._probability import check_thresholds
from skmultimodal.utils._progress import Stage

__all__ = ["check_facts", "check_report_path", "evaluation_report"]

AUDIT_COLUMNS = [
    *["source", "kind", "tested", "roc_auc", "low", "high"],
    *["difference", "difference_low", "difference_high"],
]

# Sections whose questions and answers are the summary.
SUMMARY = [
    "patients",
    "label",
    "performance",
    "shortcuts",
    "certainty",
    "explanations",
    "limits",
]


def evaluation_report(
    path: str | Path,
    *,
    estimator: Any,
    X: Any,
    y: Any,
    comparison: Comparison,
    model: str | None = None,
    positive: Any = None,
    audit: pd.DataFrame | None = None,
    flow: pd.DataFrame | None = None,
    prediction_sets: Any = None,
    thresholds: Sequence[float] | None = None,
    weights: Any = None,
    external: ExternalEvaluation | None = None,
    title: str | None = None,
    label: str | None = None,
    class_names: Mapping[Any, str] | None = None,
    channel_names: Mapping[str, Sequence[str]] | None = None,
    facts: Mapping[str, str] | None = None,
    limits: Sequence[str] = (),
    n_examples: int = 5,
    patient_key: str | Path | None = None,
    figures: str | Path | None = None,
    verbose: int = 0,
) -> Path:
    """Write a report on a model and its evaluation: one HTML file.

    The report follows the items of TRIPOD+AI, and for images those of CLAIM: which
    patients there are, what is predicted, how well and against which other models,
    whether a shortcut could explain it, how sure the model is, what comes of acting on
    it, what it looks at, and what would break it.
    What was not given is listed at its end, with the parameter that gives it. The file
    holds its figures, needs no network and runs no script.

    Parameters
    ----------
    path : str or path
        The file to write. Its folder must exist.
    estimator : estimator
        The final model, fitted to `X` and `y`. It is what is explained; its scores on
        these rows are never shown.
    X : Cohort, dict of aligned arrays, DataFrame or array
        All rows. Metadata of a cohort are its covariates; a column ``site`` or
        ``tss`` is a hospital.
    y : array-like of shape (n_rows,)
        Class labels; NaN or None marks an unlabelled row.
    comparison : Comparison
        Of `compare_classifiers` on `X` and `y`: where all scores come from.
    model : str, default=None
        Which model of the comparison is `estimator`. None is the only one, or the one
        with its class and parameters.
    positive : class label, default=None
        Class whose probabilities are shown, and that is explained. None is the
        positive class of the comparison.
    audit : DataFrame, default=None
        Of `audit_shortcuts`, on the same folds.
    flow : DataFrame, default=None
        How patients were found and dropped, of `load_cohort` or `load_tcga_glioma`.
    prediction_sets : Bunch or DataFrame, default=None
        Of `prediction_sets`, or a DataFrame indexed by patient id, with a boolean
        column for each class: whether it is in the patient's set.
    thresholds : sequence of float, default=None
        Probabilities of the positive class from which one would act, for shares, net
        benefit and decision curves at each. None shows shares at 0.5.
    weights : Bunch, default=None
        Of `selection_weights`, for weighted scores beside the others.
    external : ExternalEvaluation, default=None
        Of `evaluate_external`: how the model does in another hospital.
    title : str, default=None
        None is "Evaluation of" the model's name.
    label : str, default=None
        What is predicted and how it was defined, when and by whom.
    class_names : dict of label to str, default=None
        What each class means.
    channel_names : dict of str to list of str, default=None
        Names of the channels of a modality of images, such as ``{"image": ["t1",
        "t1ce", "flair", "seg"]}``.
    facts : dict of str to str, default=None
        What the data do not have, by heading: ``"Background"``, ``"Objectives"``,
        ``"Data source"``, ``"Dates"``, ``"Eligibility"``, ``"Treatments"``,
        ``"Preparation"``, ``"Predictors"``, ``"Sample size"``, ``"Reasons for missing
        data"``, ``"Choice of settings"``, ``"Class imbalance"``, ``"Fairness"``,
        ``"Threshold"``, ``"Training and evaluation data"``, ``"Ethics"``, ``"Open
        science"``, ``"Public involvement"``, ``"Follow-up"``, ``"Updating"``,
        ``"Interpretation"``, ``"Intended use"``, ``"Command"`` (by default the name of
        the script), or any other.
    limits : sequence of str, default=()
        Limits in addition to those that hold for every model and those that the data
        show.
    n_examples : int, default=5
        Patients shown one by one, as "Patient 1" and so on.
    patient_key : str or path, default=None
        CSV file to write with the ids of these patients by number. None writes none:
        no id of a patient is in the report.
    figures : str or path, default=None
        Folder to write each figure to as SVG, with dark ink on white, such as for a
        manuscript. None writes none.
    verbose : int, default=0
        Above 0 shows a bar for each stage, or a line where standard error is no
        terminal.

    Returns
    -------
    path : Path
        Where it was written.

    Raises
    ------
    ValueError
        If `comparison`, `audit`, `flow` or `external` is not what it should be, or of
        other rows than `X`, `estimator` is none of the models compared, or another than
        `model`, `positive` is no class, or a threshold no probability.
    NotFittedError
        If the estimator is not fitted.
    FileNotFoundError
        If there is no such folder.
    ImportError
        If jinja2 or matplotlib is absent (``skmultimodal[report]``).

    See Also
    --------
    model_card : A page on the model alone.
    skmultimodal.model_selection.compare_classifiers : Makes the comparison.
    skmultimodal.model_selection.audit_shortcuts : Makes the audit.

    Notes
    -----
    Where the model allows no explanation, such as saliency maps of a network of another
    library, the report gives the reason in its place.

    References
    ----------
    Collins et al. (2024), TRIPOD+AI statement: updated guidance for reporting clinical
    prediction models, BMJ 385. :doi:`10.1136/bmj-2023-078378`

    Tejani et al. (2024), Checklist for artificial intelligence in medical imaging
    (CLAIM): 2024 update, Radiology: Artificial Intelligence 6.
    :doi:`10.1148/ryai.240300`

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.model_selection import compare_classifiers
    >>> from skmultimodal.report import evaluation_report
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = LogisticRegression()
    >>> comparison = compare_classifiers(
    ...     {"logistic": model}, X, y, cv=3, scoring=["roc_auc"]
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = evaluation_report(
    ...         Path(folder) / "report.html",
    ...         estimator=model.fit(X, y),
    ...         X=X,
    ...         y=y,
    ...         comparison=comparison,
    ...     )
    ...     "Which patients?" in path.read_text(encoding="utf-8")
    True
    """
    path = check_report_path(path)
    patient_key = None if patient_key is None else check_report_path(patient_key)
    figures = None if figures is None else check_report_path(figures)
    facts = _check_given(facts, limits, n_examples)
    thresholds = None if thresholds is None else check_thresholds(thresholds)
    _check_table("audit", audit, AUDIT_COLUMNS)
    _check_table("flow", flow, ["patient", "item", "status", "reason"])
    if external is not None:
        check_external(external)
    study = make_study(
        estimator,
        X,
        y,
        comparison,
        model=model,
        positive=positive,
        class_names=class_names,
    )
    sets = _check_sets(prediction_sets, study.classes)
    table = None if sets is None else sets.table
    channels = dict(channel_names or {})
    chosen = choose_examples(study, n_examples)
    with Stage("[evaluation_report] explanations", None, "", verbose):
        found = explain(study, list(chosen))
    outside = {} if external is None else external_numbers(external)
    makers: dict[str, Callable[[], Any]] = {
        "patients": lambda: patients(study, flow, facts, audit),
        "label": lambda: label_numbers(study, label),
        "performance": lambda: performance(study),
        "shortcuts": lambda: _shortcuts(study, audit),
        "certainty": lambda: certainty(study, sets),
        "decisions": lambda: decisions(study, thresholds),
        "explanations": lambda: explanations(study, found, list(chosen), channels),
        "examples": lambda: examples(study, chosen, found, table, channels),
        "subgroups": lambda: subgroups(study),
        "selection": lambda: selection(study, weights),
        **{name: partial(_same, made) for name, made in outside.items()},
        "limits": lambda: limits_numbers(study, audit, limits, external),
        "missing": lambda: missing(study, flow, channels),
        "model": lambda: model_numbers(study),
        "again": lambda: again(study, facts.get("Command")),
    }
    text, numbers = _render(study, makers, title, label, facts, verbose)
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    if patient_key is not None:
        _write_key(patient_key, study, chosen)
    if figures is not None:
        write_figures(figures, numbers)
    return path


def _shortcuts(study: Study, audit: pd.DataFrame | None) -> Any:
    return shortcuts(
        audit,
        model=study.model,
        own=None if study.tested.guessing is None else study.tested.own,
        one_pattern=len(study.tested_patterns) == 1,
        hospitals=study.hospitals,
        level=study.tested.level,
    )


def _same(made: Any) -> Any:
    return made


def _write_key(path: Path, study: Study, chosen: Mapping[int, Any]) -> None:
    """The ids behind the numbers of patients."""
    ids = study.cohort.index[list(chosen)]
    table = pd.DataFrame({"shown as": study.number(chosen), "id": ids})
    with whole_file(path) as part:
        table.to_csv(part, index=False)


def _render(
    study: Study,
    makers: Mapping[str, Callable[[], Any]],
    title: str | None,
    label: str | None,
    facts: Mapping[str, str],
    verbose: int,
) -> tuple[str, dict[str, Any]]:
    """The page of sections, of which `makers` make the numbers, and all numbers."""
    environment, sections, numbers = make_environment(), {}, {}

    def add(name: str, made: Any) -> None:
        numbers[name] = made
        sections[name] = render_section(environment, name, made, study.shared)
        stage.advance()

    with Stage("[evaluation_report]", len(makers) + 1, "section", verbose) as stage:
        for name, make in makers.items():
            add(name, make())
        rendered = list(sections.values())
        given: dict[str, Any] = {"title": title, "label": label, "facts": facts}
        add("checklist", checklist(study, rendered, numbers, **given))
    text = render_page(
        environment,
        list(sections.values()),
        title=title or None,
        model=study.model,
        verdict=sections["performance"]["verdict"]
        + " "
        + sections["shortcuts"]["verdict"],
        in_summary=SUMMARY,
        items=ITEMS,
        made_by="evaluation_report",
    )
    return text, numbers


def check_report_path(path: str | Path) -> Path:
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {path.parent} to write {path.name} in."
        )
    return path


def _check_given(facts: Any, limits: Any, n_examples: Any) -> dict[str, str]:
    """Refuse what is of another kind; the facts as a dict."""
    if not isinstance(n_examples, Integral) or n_examples < 0:
        raise ValueError(
            f"n_examples must be an integer of 0 or more, got {n_examples!r}."
        )
    if isinstance(limits, str):
        raise ValueError("limits must be a list of sentences, got one string.")
    return check_facts(facts)


def check_facts(facts: Any) -> dict[str, str]:
    """Refuse what is no dict; the facts as one."""
    if facts is not None and not isinstance(facts, Mapping):
        raise ValueError(
            f"facts must be a dict of heading to text, got {type(facts).__name__}."
        )
    return dict(facts or {})


def _check_table(name: str, table: Any, columns: Sequence[str]) -> None:
    if table is None:
        return
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} must be a DataFrame, got {type(table).__name__}.")
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise ValueError(f"the table {name} lacks the column {lacking[0]!r}.")


def _check_sets(given: Any, classes: list[Any]) -> GivenSets | None:
    """The sets as a boolean table, with what else is known of them."""
    if given is None:
        return None
    table = getattr(given, "sets", given)
    if not isinstance(table, pd.DataFrame):
        raise ValueError(
            "prediction_sets must be what the function of that name returns, or a "
            f"DataFrame, got {type(table).__name__}."
        )
    lacking = [label for label in classes if label not in table]
    if lacking:
        raise ValueError(
            f"prediction_sets lacks a column for class {lacking[0]!r}: it needs a "
            "boolean column for each class."
        )
    stated, counts = (getattr(given, n, None) for n in ("coverage", "n_calibration"))
    return GivenSets(table[classes].astype(bool), stated, counts)
