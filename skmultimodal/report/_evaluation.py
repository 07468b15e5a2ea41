"""The evaluation report: one HTML file."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral
from pathlib import Path

from skmultimodal.report._card import NO_DEVICE
from skmultimodal.report._certainty import certainty_section
from skmultimodal.report._explanations import explain, explanations_section
from skmultimodal.report._limits import limits_section, subgroups_section
from skmultimodal.report._methods import (
    checklist_section,
    model_section,
    reproduction_section,
)
from skmultimodal.report._participants import (
    label_section,
    missing_section,
    participants_section,
)
from skmultimodal.report._patients import choose_examples, patients_section
from skmultimodal.report._performance import performance_section, say_verdict
from skmultimodal.report._shortcuts import shortcuts_section
from skmultimodal.report._study import make_study
from skmultimodal.utils._files import whole_file
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._progress import Stage

__all__ = ["evaluation_report"]

# Their questions and answers are the summary.
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
    path,
    *,
    estimator,
    X,
    y,
    comparison,
    model=None,
    positive=None,
    audit=None,
    flow=None,
    prediction_sets=None,
    title=None,
    label=None,
    class_names=None,
    channel_names=None,
    facts=None,
    limits=(),
    n_examples=5,
    verbose=0,
):
    """Write a report on a model and its evaluation: one HTML file.

    It tells, along the items of TRIPOD+AI, which patients there were, what was
    predicted, how well and against which other models, whether a shortcut could
    explain it, how sure the model is, what it looks at, and what would break it.
    What was not given is named as such. The file holds its figures, needs no network
    and runs no script.

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
        Which model of the comparison is that of `estimator`. None is the last one.
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
        What no data tell, by heading: ``"Background"``, ``"Objectives"``, ``"Data
        source"``, ``"Dates"``, ``"Eligibility"``, ``"Treatments"``, ``"Preparation"``,
        ``"Predictors"``, ``"Sample size"``, ``"Ethics"``, ``"Open science"``,
        ``"Public involvement"``, ``"Updating"``, ``"Intended use"``, ``"Command"`` (by
        default that of this process), or any other.
    limits : sequence of str, default=()
        Limits beside those that hold for every model and those that the data show.
    n_examples : int, default=5
        Patients shown one by one.
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
        If `comparison`, `audit` or `flow` is not what it should be, or is of other
        rows than `X`, or `positive` is no class.
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
    Explanations that the model does not allow, such as saliency maps of a network of
    another library, are said to be lacking, with the reason.

    References
    ----------
    Collins et al. (2024), TRIPOD+AI statement: updated guidance for reporting clinical
    prediction models, BMJ 385. :doi:`10.1136/bmj-2023-078378`

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
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {path.parent} to write {path.name} in."
        )
    if not isinstance(n_examples, Integral) or n_examples < 0:
        raise ValueError(
            f"n_examples must be an integer of 0 or more, got {n_examples!r}."
        )
    if facts is not None and not isinstance(facts, Mapping):
        raise ValueError(
            f"facts must be a dict of heading to text, got {type(facts).__name__}."
        )
    if isinstance(limits, str):
        raise ValueError("limits must be a list of sentences, got one string.")
    study = make_study(
        estimator,
        X,
        y,
        comparison,
        model=model,
        positive=positive,
        names=class_names,
        audit=audit,
        flow=flow,
        prediction_sets=prediction_sets,
        title=title,
        label=label,
        channels=dict(channel_names or {}),
        facts=dict(facts or {}),
        limits=list(limits),
        n_examples=n_examples,
    )
    text = _render(study, _make_sections(study, verbose))
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _make_sections(study, verbose):
    examples = choose_examples(study, study.n_examples)
    with Stage("[evaluation_report] explanations", None, "", verbose):
        explanations = explain(study, list(examples))
    makers = [
        participants_section,
        label_section,
        performance_section,
        shortcuts_section,
        certainty_section,
        partial(
            explanations_section, explanations=explanations, examples=list(examples)
        ),
        partial(patients_section, examples=examples, explanations=explanations),
        subgroups_section,
        limits_section,
        missing_section,
        model_section,
        reproduction_section,
    ]
    sections = []
    with Stage("[evaluation_report]", len(makers) + 1, "section", verbose) as stage:
        for make in makers:
            sections.append(make(study))
            stage.advance()
        sections.append(checklist_section(study, sections))
        stage.advance()
    return sections


def _render(study, sections):
    jinja2 = import_optional("jinja2", "report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("skmultimodal.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    told = {part.name: part for part in sections}
    return environment.get_template("report.html.jinja").render(
        title=study.title or f"Evaluation of {study.model}",
        no_device=NO_DEVICE,
        verdict=say_verdict(study),
        summary=[told[name] for name in SUMMARY],
        sections=sections,
    )
