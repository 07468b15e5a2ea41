"""The report on models of a number or of a time to an event: one HTML file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from skmultimodal.baselines import MetadataRegressor, MetadataSurvival
from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.model_selection import OutcomeComparison
from skmultimodal.report._evaluation import check_facts, check_report_path
from skmultimodal.report._rendering import write_sections
from skmultimodal.report._sections.outcome_limits import outcome_limits
from skmultimodal.report._sections.outcome_performance import outcome_performance
from skmultimodal.report._sections.outcome_truth import outcome_truth
from skmultimodal.report._sections.shortcuts import shortcuts
from skmultimodal.report._study import hospital_columns
from skmultimodal.utils._alignment import join_by_id
from skmultimodal.utils._incidence import read_causes

__all__ = ["outcome_report"]

ITEMS = {
    "outcome_performance": [12, 16, 23],
    "shortcuts": [9, 16],
    "outcome_truth": [12, 20, 23],
    "outcome_limits": [8, 26, 27],
}


def outcome_report(
    path: str | Path,
    comparison: OutcomeComparison,
    X: Any,
    *,
    model: str | None = None,
    audit: pd.DataFrame | None = None,
    causes: Any = None,
    title: str | None = None,
    label: str | None = None,
    facts: Mapping[str, str] | None = None,
    limits: Sequence[str] = (),
    figures: str | Path | None = None,
) -> Path:
    """Write a report on models of a number or a time to an event: one HTML file.

    How good the model is and against which others, whether a shortcut explains it,
    whether its predictions come true, and what is not shown. The file holds its
    figures, needs no network and runs no script. No id of a patient is in it.

    Parameters
    ----------
    path : str or path
        The file to write. Its folder must exist.
    comparison : OutcomeComparison
        Of `compare_survival` or `compare_regressors`.
    X : Cohort, or anything that can be read as one
        The patients that were compared on.
    model : str, default=None
        Which one the report is about. None is the reference of the comparison, or the
        last.
    audit : DataFrame, default=None
        Of `audit_shortcuts`, with the same `comparison`.
    causes : array-like of shape (n_rows,), default=None
        Of times, which event ended the follow-up of each row of `X`, such as
        ``"relapse"`` or ``"death"``; missing, 0 or an empty text where it was censored.
        The report then has the cumulative incidence of each.
    title : str, default=None
        None is "Evaluation of" the model's name.
    label : str, default=None
        What is predicted and how it was defined, when and by whom.
    facts : dict of str to str, default=None
        What the data do not have, by heading, as of `evaluation_report`.
    limits : sequence of str, default=()
        Further limits.
    figures : str or path, default=None
        Folder to write each figure to as SVG, with dark ink on white, such as for a
        manuscript. None writes none.

    Returns
    -------
    path : Path
        Where it was written.

    Raises
    ------
    ValueError
        If `comparison` or `audit` is something else, there is no model `model`, or
        `causes` are not those of the events.
    FileNotFoundError
        If there is no such folder.
    ImportError
        If jinja2 or matplotlib is absent (``skmultimodal[report]``).

    See Also
    --------
    evaluate_outcome : Compares the default models, and writes this report.
    evaluation_report : For class labels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from skmultimodal.model_selection import compare_regressors
    >>> from skmultimodal.report import outcome_report
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> models = {"mean": DummyRegressor(), "ridge": Ridge()}
    >>> comparison = compare_regressors(models, X, X[:, 0], cv=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = outcome_report(Path(folder) / "report.html", comparison, X)
    ...     "Do predictions come true?" in path.read_text(encoding="utf-8")
    True
    """
    path = check_report_path(path)
    figures = None if figures is None else check_report_path(figures)
    if not isinstance(comparison, OutcomeComparison):
        raise ValueError(
            "comparison must be what compare_survival or compare_regressors returns, "
            f"got {type(comparison).__name__}."
        )
    facts = check_facts(facts)
    if audit is not None and "concordance" not in audit:
        raise ValueError(
            "audit must be what audit_shortcuts returns for this comparison, with a "
            "column concordance."
        )
    X = as_cohort(X)
    causes = _read_causes(causes, X, comparison)
    name = model or comparison.reference or comparison.models[-1]
    if name not in comparison.models:
        raise ValueError(
            f"model {name!r} is none of {', '.join(map(str, comparison.models))}."
        )
    known = _known_columns(comparison)
    given = bool(known), causes is not None, label, facts, limits
    numbers: dict[str, Any] = {
        "outcome_performance": outcome_performance(comparison, name, known),
        "shortcuts": shortcuts(
            audit,
            model=name,
            own=None,
            one_pattern=comparison.predictions()["pattern"].nunique() == 1,
            hospitals=[] if X.metadata is None else hospital_columns(X.metadata),
            level=comparison.confidence_level,
        ),
        "outcome_truth": outcome_truth(comparison, name, causes),
        "outcome_limits": outcome_limits(comparison, X, *given),
    }
    shared = {"model": name, "positive": "", "unit": "patient"}
    page: dict[str, Any] = {
        "title": title or None,
        "items": ITEMS,
        "made_by": "outcome_report",
    }
    page["figures"] = figures
    verdicts = ["outcome_performance"]
    if numbers["outcome_performance"].predicts:
        verdicts.append("shortcuts")
    return write_sections(path, numbers, shared, verdicts=verdicts, **page)


def _known_columns(comparison: OutcomeComparison) -> dict[str, list[str]]:
    """Columns of the metadata that models read which read nothing else: dict."""
    models = (comparison.estimators or {}).items()
    return {
        name: [str(column) for column in model.columns or ["all columns"]]
        for name, model in models
        if isinstance(model, MetadataRegressor | MetadataSurvival)
    }


def _read_causes(
    causes: Any, X: Cohort, comparison: OutcomeComparison
) -> NDArray[Any] | None:
    """Causes in the order of the rows, one of which is the event of the comparison."""
    if causes is None:
        return None
    found = read_causes(join_by_id(causes, X, name="causes"))
    table = comparison.predictions().drop_duplicates("row")
    if "event" not in table:
        raise ValueError("causes are of times to an event, and these are numbers.")
    if len(found) != len(X):
        raise ValueError(f"causes has {len(found)} values for {len(X)} rows of X.")
    own, event = found[table["row"]], table["event"].to_numpy(dtype=bool)
    names = sorted(set(own[event].tolist()))
    if len(names) != 1 or not names[0] or names[0] in own[~event]:
        raise ValueError(
            f"causes of patients with the event are {names}: it must be one, which no "
            "other patient has. Compare models of one event of several."
        )
    return found
