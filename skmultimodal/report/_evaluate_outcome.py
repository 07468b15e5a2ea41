"""The main job for numbers and for times to an event."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.utils import Bunch

from skmultimodal.baselines import outcome_models
from skmultimodal.cohort import Cohort, as_cohort
from skmultimodal.inspection import RiskGroupsDisplay
from skmultimodal.model_selection import (
    OutcomeComparison,
    PairedStratifiedKFold,
    audit_shortcuts,
    compare_regressors,
    compare_survival,
)
from skmultimodal.persistence import save_model
from skmultimodal.report._card import model_card
from skmultimodal.report._evaluate import N_FOLDS, find_site, forget_memory
from skmultimodal.report._evaluation import check_report_path
from skmultimodal.report._outcome import outcome_report
from skmultimodal.utils._alignment import join_by_id, refuse_unknown_columns
from skmultimodal.utils._files import whole_folder
from skmultimodal.utils._optional import import_optional
from skmultimodal.utils._progress import Stage
from skmultimodal.utils._strata import has_columns

__all__ = ["evaluate_outcome"]

NAME = "twin tower"


def evaluate_outcome(
    X: Any,
    y: Any,
    out: str | Path | None = None,
    *,
    groups: Any = None,
    baseline: list[str] | None = None,
    outcomes: list[str] | None = None,
    causes: Any = None,
    n_repeats: int = 10,
    memory: Any = None,
    device: Any = None,
    random_state: int | None = 0,
    label: str | None = None,
    figures: str | Path | None = None,
    notes: dict[str, Any] | None = None,
    verbose: int = 0,
) -> Bunch:
    """Compare models of a number or a time to an event, audit, fit one and report.

    Rows that have all modalities are tested, or where they are too few those with the
    most, as by `PairedStratifiedKFold`.

    Parameters
    ----------
    X : Cohort
        The patients, some of whom have several modalities.
    y : array-like of float, or times to an event, shape (n_rows,)
        Numbers, NaN where unlabelled; or what ``make_survival_target`` returns, or a
        DataFrame with the columns ``event`` and ``time``.
    out : str or path, default=None
        Folder for ``table.csv``, ``differences.csv``, ``predictions.csv`` (out of
        fold), ``report.html``, ``card.md``, ``model.skops`` and, of times,
        ``risk_groups.png``, made if it is absent. They are written together or not at
        all. None writes nothing.
    groups : array-like of shape (n_rows,), default=None
        Rows that are tested together, such as those of a hospital.
    baseline : list of str, default=None
        Columns of the metadata that are known beforehand, such as age and stage: a
        model of them alone is compared, see also `audit_shortcuts`.
    outcomes : list of str, default=None
        Columns of the metadata that are `y`, or known only after it, see
        `audit_shortcuts`.
    causes : array-like of shape (n_rows,), default=None
        Competing events, see `outcome_report`.
    n_repeats : int, default=10
        Repeats of cross-validation in three folds.
    memory : str or path, default=None
        Folder that keeps fitted towers, from which an interrupted job goes on. None
        keeps them for the time of the job.
    device : str, torch.device or None, default=None
        Where the networks compute.
    random_state : int, default=0
        Draws the folds and seeds the models.
    label : str, default=None
        What is predicted, for the card.
    figures : str or path, default=None
        Folder to write each figure of the report to, see `outcome_report`.
    notes : dict, default=None
        Saved with the model, see `save_model`.
    verbose : int, default=0
        Above 0 shows what will be done and a bar, or a line, for each stage.

    Returns
    -------
    evaluation : Bunch
        - ``comparison``: OutcomeComparison.
        - ``audit``: DataFrame of `audit_shortcuts`.
        - ``model``: the twin tower, fitted to all rows.
        - ``table``: DataFrame of text, mean and interval of each model and metric.
        - ``files``: dict of file name to path, empty without `out`.

    Raises
    ------
    OSError
        If `out` cannot be written; before anything is fitted.

    See Also
    --------
    evaluate_cohort : For class labels, with a report.
    skmultimodal.baselines.outcome_models : The models.

    Examples
    --------
    >>> import numpy as np
    >>> from skmultimodal import Cohort
    >>> from skmultimodal.report import evaluate_outcome
    >>> rng = np.random.default_rng(0)
    >>> lab, blood = rng.normal(size=(60, 3)), rng.normal(size=(60, 4))
    >>> X = Cohort({"lab": lab, "blood": blood})
    >>> evaluation = evaluate_outcome(X, lab[:, 0] + blood[:, 0], n_repeats=1)
    >>> evaluation.table.index.tolist()
    ['lab only', 'blood only', 'twin tower']
    """
    X = as_cohort(X)
    y = join_by_id(y, X)
    survival = has_columns(y)
    refuse_unknown_columns(X.metadata, baseline or [], "baseline")
    refuse_unknown_columns(X.metadata, outcomes or [], "outcomes")
    if out is not None:
        for module in ("jinja2", "matplotlib.pyplot"):  # not after hours of fitting
            import_optional(module, "report")
    if figures is not None:
        check_report_path(figures)
    compare = compare_survival if survival else compare_regressors
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(whole_folder(out)) if out is not None else None
        if memory is None:
            memory = stack.enter_context(tempfile.TemporaryDirectory())
        models = outcome_models(
            X,
            "survival" if survival else "number",
            baseline=baseline,
            memory=str(memory),
            device=device,
            random_state=random_state,
        )
        cv = PairedStratifiedKFold(N_FOLDS, n_repeats, random_state=random_state)
        comparison = compare(
            models,
            X,
            y,
            cv=cv,
            groups=groups,
            reference=NAME,
            verbose=verbose,
        )
        audit = audit_shortcuts(
            X,
            y,
            comparison=comparison,
            model=NAME,
            baseline=baseline,
            outcomes=outcomes,
            site=find_site(X.metadata),
            groups=groups,
            random_state=random_state,
            verbose=verbose,
        )
        model = sklearn.clone(models[NAME])
        with Stage(f"[evaluate_outcome] {NAME} on all rows", None, "", verbose):
            model.fit(X, y, groups=groups)
        forget_memory(model)
        files = {}
        if stage is not None and out is not None:
            report = {"label": label, "audit": audit, "causes": causes}
            report["figures"] = figures
            _write(stage, comparison, model, X, notes, **report)
            names = [path.name for path in sorted(stage.iterdir())]
            files = {n: Path(out) / n for n in names}
    return Bunch(
        comparison=comparison,
        audit=audit,
        model=model,
        table=comparison.table(),
        files=files,
    )


def _write(
    stage: Path,
    comparison: OutcomeComparison,
    model: Any,
    X: Cohort,
    notes: dict[str, Any] | None,
    *,
    label: str | None,
    **report: Any,
) -> None:
    summary = comparison.summary()
    summary.to_csv(stage / "table.csv", index=False)
    comparison.differences().to_csv(stage / "differences.csv", index=False)
    comparison.predictions().to_csv(stage / "predictions.csv", index=False)
    scores = summary[summary["model"] == NAME].set_index("metric")
    n_tested = len(np.unique(comparison.predictions()["row"]))
    model_card(
        model,
        path=stage / "card.md",
        label=label,
        scores=scores[["mean", "low", "high"]],
        limits=[
            f"Scores are of {n_tested} patients of this cohort, out of fold: how the "
            "model predicts patients of another hospital is not known."
        ],
    )
    outcome_report(
        stage / "report.html",
        comparison,
        X,
        model=NAME,
        label=label,
        **report,
        title=None if label is None else f"Prediction of {label}",
    )
    if "uno_c" in comparison.metrics:
        display = RiskGroupsDisplay.from_comparison(comparison, NAME, n_groups=2)
        display.figure_.savefig(stage / "risk_groups.png", dpi=150)
        import_optional("matplotlib.pyplot", "plot").close(display.figure_)
    save_model(model, stage / "model.skops", notes=notes)
